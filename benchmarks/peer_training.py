"""Other people's trainings as they come: their network, loss and drawing, and one loop that stops and goes on.

python -m benchmarks.peer_training NAME FILE DIGITS EPOCHS SEED PICTURES DATA
"""

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from benchmarks.contestants import TRAINED_STEPS, WIDTHS
from firstlight.atomic_writes import replacing, write_json
from firstlight.telemetry import switch_off

STEPS = 50  # of DDIM
KEEP_SECONDS = 60.0  # of training between two checkpoints
BATCH = 100  # pictures that are drawn at once
AVERAGED = 10  # steps between two that count in averaged weights
CLASSES = 10


@dataclass
class Peer:
    """A training of somebody else's, with his own settings."""

    net: nn.Module
    batch: int
    rate: float  # Adam's
    loss: Callable[[nn.Module, Tensor, Tensor], Tensor]  # of pictures (N, 1, 28, 28) in [-1, 1] and labels (N,)
    draw: Callable[[nn.Module, Tensor], Tensor]  # pictures of labels, the same
    betas: tuple[float, float] = (0.9, 0.999)
    averaged: float = 0.0  # weight of the past in the averaged weights that draw, 0: those of the last step draw


def diffusers() -> Peer:
    """The course of diffusers: class-conditional UNet2DModel, batches of 128, Adam at 1e-3."""
    import torch.nn.functional as F
    from diffusers import DDIMScheduler, DDPMScheduler, UNet2DModel

    unet: Any = UNet2DModel(
        28, 1, 1, layers_per_block=2, block_out_channels=WIDTHS, num_class_embeds=CLASSES,
        down_block_types=("DownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "AttnUpBlock2D", "UpBlock2D"),
    )  # fmt: skip
    chain: Any = DDPMScheduler(TRAINED_STEPS, beta_schedule="squaredcos_cap_v2")
    solver: Any = DDIMScheduler(TRAINED_STEPS, beta_schedule="squaredcos_cap_v2")

    def loss(net: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
        noise, t = torch.randn_like(images), torch.randint(0, TRAINED_STEPS, (len(images),))
        return F.mse_loss(net(chain.add_noise(images, noise, t), t, class_labels=labels).sample, noise)

    def draw(net: nn.Module, labels: Tensor) -> Tensor:
        solver.set_timesteps(STEPS)
        x = torch.randn(len(labels), 1, 28, 28)
        for t in solver.timesteps:
            x = solver.step(net(x, t, class_labels=labels).sample, t, x).prev_sample
        return x

    return Peer(unet, 128, 1e-3, loss, draw)


def denoising_diffusion_pytorch() -> Peer:
    """The package's class-conditional variant at half its example's width; batch, rate and average of its Trainer."""
    from denoising_diffusion_pytorch.classifier_free_guidance import GaussianDiffusion, Unet

    unet = Unet(dim=32, dim_mults=(1, 2, 4), num_classes=CLASSES, channels=1)
    chain = GaussianDiffusion(
        unet, image_size=28, timesteps=TRAINED_STEPS, sampling_timesteps=STEPS, ddim_sampling_eta=0.0
    )

    def loss(net: Any, images: Tensor, labels: Tensor) -> Tensor:
        found: Tensor = net((images + 1) / 2, classes=labels)
        return found

    def draw(net: Any, labels: Tensor) -> Tensor:
        found: Tensor = net.sample(labels, cond_scale=1.0)
        return found * 2 - 1

    return Peer(chain, 16, 1e-4, loss, draw, (0.9, 0.99), 0.995)


PEERS: dict[str, Callable[[], Peer]] = {
    "diffusers": diffusers, "denoising-diffusion-pytorch": denoising_diffusion_pytorch,
}  # fmt: skip


class Training:
    """One training, which goes on where its file says that it was stopped."""

    def __init__(self, peer: Peer, file: Path) -> None:
        self.peer, self.file, self.step, self.seconds = peer, file, 0, 0.0
        self.optimizer = torch.optim.Adam(peer.net.parameters(), lr=peer.rate, betas=peer.betas)
        mean = torch.optim.swa_utils.get_ema_multi_avg_fn(peer.averaged)
        self.average = torch.optim.swa_utils.AveragedModel(peer.net, multi_avg_fn=mean, use_buffers=True)
        self.parts: dict[str, Any] = {"net": peer.net, "average": self.average, "optimizer": self.optimizer}
        if file.exists():
            held = torch.load(file, weights_only=True)
            for name, part in self.parts.items():
                part.load_state_dict(held[name])
            self.step, self.seconds = held["step"], held["seconds"]

    def keep(self) -> None:
        """Write down all that the next step depends on."""
        held = {name: part.state_dict() for name, part in self.parts.items()}
        with replacing(self.file) as part:
            torch.save(held | {"step": self.step, "seconds": self.seconds}, part)

    def run(self, images: Tensor, labels: Tensor, epochs: float, seed: int) -> nn.Module:
        """Take the steps that are left, and return the network that draws."""
        each = -(-len(images) // self.peer.batch)  # steps of an epoch
        total, kept = round(epochs * each), self.seconds
        self.peer.net.train()
        while self.step < total:
            began = time.monotonic()
            epoch, place = divmod(self.step, each)
            order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed * 1000 + epoch))
            chosen = order[place * self.peer.batch : (place + 1) * self.peer.batch]
            torch.manual_seed(seed << 32 | self.step)  # so that one that was stopped goes on as it would have
            loss = self._take(images[chosen], labels[chosen])
            self.seconds += time.monotonic() - began
            if self.seconds - kept > KEEP_SECONDS or self.step == total:
                self.keep()
                kept = self.seconds
                print(f"{self.file.stem}: step {self.step} of {total}, loss {loss:.4f}, {kept:.0f} s", file=sys.stderr)
        averaged = self.peer.averaged and self.step >= AVERAGED
        return self.average.module if averaged else self.peer.net

    def _take(self, images: Tensor, labels: Tensor) -> float:
        loss = self.peer.loss(self.peer.net, images, labels)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.step += 1
        if self.peer.averaged and self.step % AVERAGED == 0:
            self.average.update_parameters(self.peer.net)
        return float(loss.item())


def drawn(peer: Peer, net: nn.Module, count: int) -> NDArray[np.uint8]:
    """So many pictures, the classes in turn, (count, 1, 28, 28)."""
    torch.manual_seed(0)
    labels, found = torch.arange(count) % CLASSES, []
    net.eval()
    with torch.inference_mode():
        for start in range(0, count, BATCH):
            images = peer.draw(net, labels[start : start + BATCH]).clamp(-1, 1)
            found.append(((images + 1) * 127.5).round().to(torch.uint8).numpy())
    return np.concatenate(found)


def main() -> None:
    """Train, draw, and leave the pictures and the seconds beside the checkpoint."""
    from trainer.data import load, prepared

    name, file, dataset, per_class, epochs, seed, count, data = sys.argv[1:]
    torch.manual_seed(int(seed))
    peer, path = PEERS[name](), Path(file)
    some = prepared(load(dataset, Path(data) if data else None), per_class=int(per_class))
    images = torch.from_numpy(some.images.astype(np.float32) / 127.5 - 1)
    training = Training(peer, path)
    net = training.run(images, torch.from_numpy(some.labels), float(epochs), int(seed))
    np.save(path.with_suffix(".npy"), drawn(peer, net, int(count)))
    write_json(path.with_suffix(".json"), {"seconds": training.seconds, "steps": training.step})


if __name__ == "__main__":
    switch_off()
    os.dup2(2, 1)
    main()
