"""A small convolutional classifier and the recipe that trains it.

Needs torch; imported late, by `fit-judge` and by the classification accuracy score.
"""

import math
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from evaluator.judges.augmentation import LOGSNR, add_noise, distort
from firstlight.runtime import set_torch_threads
from jobs.progress_lines import counted
from trainer.device import fast_bfloat16

BATCH = 256
LEARNING_RATE = 3e-3  # AdamW's, at its highest
WEIGHT_DECAY = 0.02
FEATURES = 128  # width of the layer that distances are measured in
POOLED = (0, 2)  # convolutions whose output is halved, before the norm: a quarter of the work for the same picture


class Network(nn.Module):
    """Five convolutions, a mean over the picture, one linear layer; about 12 million multiplications for 28 x 28.

    Takes x (N, C, H, W) in [-1, 1] (noisy: the variance-preserving x_t, and logsnr (N,)); returns logits (N, classes)
    and features (N, 128).
    """

    frequencies: Tensor

    def __init__(self, channels: int, classes: int, noisy: bool = False) -> None:
        super().__init__()
        widths = (channels, 32, 48, 48, 96, FEATURES)
        pads = (1, 1, 1, 1, 0)
        self.channels, self.noisy, self.widths = channels, noisy, list(widths[1:])
        self.convs = nn.ModuleList(
            nn.Conv2d(inputs, outputs, 3, padding=pad)
            for inputs, outputs, pad in zip(widths[:-1], widths[1:], pads, strict=True)
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(width) for width in widths[1:])
        self.head = nn.Linear(FEATURES, classes)
        if noisy:
            self.register_buffer("frequencies", 2.0 ** torch.linspace(-4, 1, 16), persistent=False)
            self.embed = nn.Sequential(nn.Linear(32, 64), nn.SiLU(), nn.Linear(64, sum(widths[1:])))

    def forward(self, x: Tensor, logsnr: Tensor | None = None) -> tuple[Tensor, Tensor]:
        shifts: Sequence[Tensor | None]
        shifts = [None] * len(self.convs) if logsnr is None else self._shifts(logsnr)
        for index, (conv, norm, shift) in enumerate(zip(self.convs, self.norms, shifts, strict=True)):
            x = conv(x)
            x = norm(F.max_pool2d(x, 2) if index in POOLED else x)
            x = F.relu(x if shift is None else x + shift)
        features = x.float().mean(dim=(2, 3))
        return self.head(features), features

    def _shifts(self, logsnr: Tensor) -> Sequence[Tensor]:
        phase = logsnr.clamp(*LOGSNR)[:, None] * self.frequencies  # (N, 16)
        shift = self.embed(torch.cat([phase.sin(), phase.cos()], dim=1))
        return torch.split(shift[:, :, None, None], self.widths, dim=1)


def fit(
    images: np.ndarray, labels: np.ndarray, classes: int, epochs: int, *, noisy: bool = False, seed: int = 0
) -> Network:
    """A classifier trained on uint8 pictures (N, C, H, W) with labels (N,); the same seed gives the same training."""
    set_torch_threads()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    generator = torch.Generator(device).manual_seed(seed)
    torch.manual_seed(seed)
    pixels, targets = torch.tensor(images, device=device), torch.tensor(labels, device=device)
    network = Network(images.shape[1], classes, noisy).to(device).to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    steps = epochs * math.ceil(len(images) / BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, steps, pct_start=0.15)
    for chosen in counted(_batches(len(images), epochs, generator), "fitting", steps, unit="batch"):
        x = 2 * distort(pixels[chosen].float() / 255, generator) - 1
        logsnr = None
        if noisy:
            x, logsnr = add_noise(x, generator)
        with torch.autocast(device, torch.bfloat16, enabled=fast_bfloat16(device)):
            logits, _ = network(x.contiguous(memory_format=torch.channels_last), logsnr)
        loss = F.cross_entropy(logits.float(), targets[chosen])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        schedule.step()
    return network.eval()


def _batches(count: int, epochs: int, generator: torch.Generator) -> Iterator[Tensor]:
    for _ in range(epochs):
        order = torch.randperm(count, generator=generator, device=generator.device)
        yield from order.split(BATCH)


@torch.no_grad()
def accuracy(network: Network, images: np.ndarray, labels: np.ndarray) -> float:
    """Share of uint8 pictures (N, C, H, W) that a classifier of clean pictures names right."""
    device = next(network.parameters()).device
    right = 0
    for start in range(0, len(images), BATCH):
        x = torch.tensor(images[start : start + BATCH], device=device).float() / 127.5 - 1
        top = network(x.contiguous(memory_format=torch.channels_last))[0].argmax(dim=1)
        right += int((top.cpu().numpy() == labels[start : start + BATCH]).sum())
    return right / len(images)
