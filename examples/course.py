"""A class-conditional MNIST diffusion model as its course teaches it: the network, its training, its drawing.

    python examples/course.py --data DIR            # about half an hour an epoch on two idle cores; stops and goes on
    python examples/course.py --data DIR --digits train --seed 1 --id my-course-1 --out course-1.pt

Pictures lie in [0, 1], both splits are learned from, and drawing begins at N(0, 1) in the pictures' own scale. The
lines with `run` and `firstlight` are all that makes it a run in the dashboard.
"""

import argparse
import math
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F
from torchvision.datasets import MNIST

import firstlight

T, BATCH, KEPT = 150, 128, 0.9  # noise levels; pictures a step; share of a label's elements that is not masked
BETA = torch.linspace(1e-4, 0.02, T)
ALPHA = 1 - BETA
ALPHA_BAR = ALPHA.cumprod(0)


def block(inside, outside, groups):
    return nn.Sequential(nn.Conv2d(inside, outside, 3, padding=1), nn.GroupNorm(groups, outside), nn.GELU())


def down(inside, outside):
    pool = nn.Sequential(nn.PixelUnshuffle(2), block(4 * outside, outside, 32))
    return nn.Sequential(block(inside, outside, 32), block(outside, outside, 32), pool)


def up(inside, outside):
    return nn.Sequential(
        nn.ConvTranspose2d(2 * inside, outside, 2, 2), *(block(outside, outside, 32) for _ in range(4))
    )


def embedding(inside, outside):
    return nn.Sequential(
        nn.Linear(inside, outside), nn.GELU(), nn.Linear(outside, outside), nn.Unflatten(1, (outside, 1, 1))
    )


class UNet(nn.Module):
    """2,547,457 weights: x (N, 1, 28, 28), t (N,) in 0..T-1, one-hot labels (N, 10) and their mask to noise."""

    def __init__(self, width=64):
        super().__init__()
        twice = 2 * width
        self.first, self.second = block(1, width, 8), block(width, width, 8)
        self.down1, self.down2 = down(width, width), down(width, twice)
        self.bottleneck = nn.Sequential(
            nn.Flatten(), nn.GELU(), nn.Linear(twice * 49, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(),
            nn.Linear(64, twice * 49), nn.ReLU(), nn.Unflatten(1, (twice, 7, 7)), block(twice, twice, 32),
        )  # fmt: skip
        self.time1, self.time2 = embedding(8, twice), embedding(8, width)
        self.label1, self.label2 = embedding(10, twice), embedding(10, width)
        self.up1, self.up2 = up(twice, width), up(width, width)
        self.out = nn.Sequential(
            nn.Conv2d(twice, width, 3, padding=1), nn.GroupNorm(8, width), nn.ReLU(), nn.Conv2d(width, 1, 3, padding=1)
        )

    def forward(self, x, t, label, mask):
        h = self.first(x)
        h = h + self.second(h)
        h1 = self.down1(h)
        h2 = self.down2(h1)
        frequency = torch.exp(-math.log(10000) / 3 * torch.arange(4, device=x.device))
        angle = (t / T)[:, None] * frequency
        time, label = torch.cat([angle.sin(), angle.cos()], 1), label * mask
        y = self.label1(label) * self.bottleneck(h2) + self.time1(time)
        y = self.label2(label) * self.up1(torch.cat([y, h2], 1)) + self.time2(time)
        return self.out(torch.cat([self.up2(torch.cat([y, h1], 1)), h], 1))


def loss(net, x, digit, precision="float32"):
    t = torch.randint(0, T, (len(x),))
    noise = torch.randn_like(x)
    a = ALPHA_BAR[t][:, None, None, None]
    label = F.one_hot(digit, 10).float()
    mask = torch.bernoulli(torch.full_like(label, KEPT))
    with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
        told = net(a.sqrt() * x + (1 - a).sqrt() * noise, t, label, mask)
    return F.mse_loss(told.float(), noise)


@torch.no_grad()
def draw(net, digit, w=0.0, generator=None):
    """Pictures (N, 1, 28, 28) of the digits (N,), from N(0, 1) with fresh noise of variance beta of the step before."""
    label = F.one_hot(digit, 10).float()
    x = torch.randn(len(digit), 1, 28, 28, generator=generator)
    for k in reversed(range(T)):
        t = torch.full((len(x),), k)
        noise = net(x, t, label, torch.ones_like(label))
        if w:
            noise = (1 + w) * noise - w * net(x, t, label, torch.zeros_like(label))
        x = (x - BETA[k] / (1 - ALPHA_BAR[k]).sqrt() * noise) / ALPHA[k].sqrt()
        if k:
            x = x + BETA[k - 1].sqrt() * torch.randn(x.shape, generator=generator)
    return x


def ask(net, x, t, label):
    """The network as Firstlight asks it: label 10 is "no label", whose mask is all zero."""
    mask = (label < 10).to(x.dtype)[:, None].expand(-1, 10)
    return net(x, t, F.one_hot(label.clamp(max=9), 10).to(x.dtype), mask)


def digits(data, which):
    sets = [MNIST(data, train=train, download=True) for train in ((True, False) if which == "all" else (True,))]
    return torch.cat([s.data for s in sets])[:, None] / 255, torch.cat([s.targets for s in sets])


def train(args, run):
    """Trains, keeping weights, optimizer and random state in args.out every 100 steps; goes on where it stopped."""
    out, seed = args.out, args.seed
    torch.manual_seed(seed)
    pictures, labels = digits(args.data, args.digits)
    net = UNet(args.width).to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    done, losses, a_pass = 0, [], len(pictures) // BATCH
    if out.exists():
        kept = torch.load(out, weights_only=True)
        net.load_state_dict(kept["net"])
        optimizer.load_state_dict(kept["optimizer"])
        torch.set_rng_state(kept["random"])
        done, losses = kept["done"], kept["losses"]
    last = args.steps or args.epochs * a_pass
    learner = torch.compile(net) if args.compile else net  # the same weights
    for step in range(done, last):
        epoch, place = divmod(step, a_pass)
        order = torch.randperm(len(pictures), generator=torch.Generator().manual_seed(seed * 1000 + epoch))
        chosen = order[place * BATCH : (place + 1) * BATCH]
        optimizer.zero_grad()
        x = pictures[chosen].to(memory_format=torch.channels_last)
        value = loss(learner, x, labels[chosen], args.precision)
        value.backward()
        optimizer.step()
        losses.append(value.item())
        run.log(step + 1, loss=losses[-1], epoch=(step + 1) / a_pass)
        if (step + 1) % a_pass == 0:
            drawn = draw(net, torch.arange(10), generator=torch.Generator().manual_seed(0))
            run.snapshot(step + 1, drawn.clamp(0, 1), range(10), [0] * 10, range=(0, 1))
        if (step + 1) % 100 == 0 or step + 1 == last:
            kept = {"net": net.state_dict(), "optimizer": optimizer.state_dict(), "random": torch.get_rng_state()}
            part = out.with_suffix(".part")
            torch.save(kept | {"done": step + 1, "losses": losses}, part)
            part.replace(out)
            print(f"step {step + 1} of {last}, loss {sum(losses[-100:]) / len(losses[-100:]):.4f}", flush=True)
    return net.eval()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="data", help="folder of torchvision's MNIST; downloaded where it is missing")
    parser.add_argument("--digits", choices=("all", "train"), default="all", help="70,000 digits, or the 60,000 alone")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--width", type=int, default=64, help="channels of a full-sized picture; the course's has 64")
    parser.add_argument("--steps", type=int, help="stop after so many steps, instead of the epochs")
    parser.add_argument("--precision", choices=("float32", "bf16"), default="float32", help="bf16: mixed precision")
    parser.add_argument("--compile", action="store_true", help="torch.compile, which needs a C++ compiler")
    parser.add_argument("--out", type=Path, default=Path("course.pt"), help="weights, optimizer and random state")
    parser.add_argument("--id", default="my-course", help="of the run that it is recorded as")
    args = parser.parse_args()
    with firstlight.record(args.id, dataset="mnist", classes=[*"0123456789"], size=28, config=args, resume=True,
                           pictures=70_000 if args.digits == "all" else 60_000) as run:  # fmt: skip
        net = train(args, run)
    firstlight.adopt(net, args.id, predicts="noise", schedule=BETA, pictures=(0, 1), no_label=True, call=ask,
                     variance="previous")  # fmt: skip
