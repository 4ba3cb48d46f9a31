"""A student's network laid out in columns, for a CPU: the same answer with half of the multiplications.

The seam is here because engines multiply every weight of a convolution with every pixel. m neighbours of a row that a
filter of three taps makes need m + 2 multiplications, not 3m, once row and filter are evaluated at m + 2 points (Toom
1963, Cook 1966; Winograd, "Arithmetic complexity of computations", 1980). With pictures laid out as (W, C, H, N) both
transforms are one matrix product from the left each, and the multiplications one convolution with a group for every
point: nothing moves in memory in between. Points equally spaced on the circle, as homogeneous coordinates, keep float32
exact to some 2e-6.
"""

import math
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from trainer.network import Block, Denoiser, UNet

LONGEST = 8  # pixels of a row that are made at once; each one more costs nearly a bit of precision
TAPS = 3


def in_columns(plain: Denoiser) -> Denoiser:
    """The denoiser, its convolutions multiplied out, changed in place to take and return pictures as (W, C, H, N)."""
    unet: UNet = plain.unet
    size = plain.config.size // 2
    unet.stem = Shrink(cast(nn.Conv2d, unet.stem), 2 * size)  # type: ignore[assignment]
    for level, shrink in enumerate(unet.shrink):
        unet.shrink[level] = Shrink(cast(nn.Conv2d, shrink), size >> level)
    for level, (down, up) in enumerate(zip(unet.down, reversed(unet.up), strict=True)):
        for blocks in cast(tuple[nn.ModuleList, nn.ModuleList], (down, up)):
            for place, block in enumerate(blocks):
                blocks[place] = ColumnBlock(cast(Block, block), size >> level)
    unet.middle = ColumnBlock(unet.middle, size >> len(unet.shrink))  # type: ignore[assignment]
    for conv in (*unet.grow, unet.head):
        unfolding(cast(nn.Conv2d, conv))
    unet.head, unet.unfold = Head(cast(nn.Conv2d, unet.head), size), Unfold()  # type: ignore[assignment]
    return plain


def points(size: int) -> tuple[Tensor, Tensor, Tensor]:
    """How a row of `size` pixels is evaluated at P points (P, size), a filter's taps (P, 3), and back (size, P).

    Rows longer than LONGEST come in parts. What lies beside the row is zero.
    """
    pieces = math.ceil(size / LONGEST)
    before, taps, after = [], [], []
    for piece in range(pieces):
        start, end = size * piece // pieces, size * (piece + 1) // pieces
        count = end - start + TAPS - 1
        row = torch.zeros(count, size + TAPS - 1, dtype=torch.float64)
        row[:, start : start + count] = powers(count, count).inverse().T
        back = torch.zeros(size, count, dtype=torch.float64)
        back[start:end] = powers(end - start, count).T
        before.append(row[:, 1:-1])
        taps.append(powers(TAPS, count))
        after.append(back)
    return torch.cat(before), torch.cat(taps), torch.cat(after, dim=1)


def powers(terms: int, count: int) -> Tensor:
    """What each term of a homogeneous polynomial is at `count` points of the circle (count, terms)."""
    angles = torch.arange(count, dtype=torch.float64)[:, None] * (math.pi / count)
    term = torch.arange(terms)
    return angles.cos() ** (terms - 1 - term) * angles.sin() ** term


class Row(nn.Module):
    """A 3x3 convolution, evaluated along the width. Takes (W, C, H, N) and what to add, (1 or W, C·H·N)."""

    before: Tensor
    taps: Tensor
    after: Tensor

    def __init__(self, conv: nn.Conv2d, width: int, bias: bool = False) -> None:
        super().__init__()
        before, taps, after = points(width)
        self.groups = len(taps)
        self.weight = nn.Parameter(conv.weight.detach().movedim(3, 0).flatten(1))  # (3, outputs·C·3)
        even = torch.linalg.pinv(after).sum(1)  # what makes every pixel 1 on the way back
        biases = torch.outer(even, cast(Tensor, conv.bias).detach().double()).flatten()
        self.bias = nn.Parameter(biases.float()) if bias else None
        self.register_buffer("taps", taps.float())
        self.register_buffer("before", before.float())
        self.register_buffer("after", after.float())

    def forward(self, x: Tensor, more: Tensor) -> Tensor:
        width, channels, height, count = x.shape
        evaluated = (self.before @ x.reshape(width, -1)).reshape(1, self.groups * channels, height, count)
        filters = (self.taps @ self.weight).reshape(-1, channels, TAPS, 1)  # (P·outputs, C, 3, 1), when it is opened
        multiplied = F.conv2d(evaluated, filters, self.bias, padding=(1, 0), groups=self.groups)
        return torch.addmm(more, self.after, multiplied.reshape(self.groups, -1)).reshape(width, -1, height, count)


class ColumnBlock(nn.Module):
    """trainer.network.Block on (W, C, H, N)."""

    def __init__(self, block: Block, width: int) -> None:
        super().__init__()
        first, second, embed = (cast(nn.Conv2d, part) for part in (block.first, block.second, block.embed))
        self.first, self.second, self.shortcut = Row(first, width), Row(second, width, bias=True), block.shortcut
        self.embed = nn.Parameter(embed.weight[:, :, 0, 0].detach().clone())
        self.bias = nn.Parameter((cast(Tensor, embed.bias) + cast(Tensor, first.bias)).detach()[:, None])

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        told = torch.addmm(self.bias, self.embed, embedding[:, :, 0, 0].T)  # (outputs, N)
        hidden = self.first(F.silu(x), told[:, None].expand(-1, x.shape[2], -1).reshape(1, -1))
        skipped = x if self.shortcut is None else self.shortcut(x)
        return cast(Tensor, self.second(F.silu(hidden), skipped.reshape(len(x), -1)))


class Shrink(nn.Module):
    """A convolution that steps by two: half as wide, half as high."""

    windows: Tensor

    def __init__(self, conv: nn.Conv2d, width: int) -> None:
        super().__init__()
        size, padding = conv.kernel_size[0], cast(tuple[int, int], conv.padding)[0]
        self.padding = padding
        self.weight = nn.Parameter(conv.weight.detach().permute(0, 3, 1, 2).flatten(1, 2)[..., None])
        self.bias = nn.Parameter(cast(Tensor, conv.bias).detach())
        columns = torch.arange(0, width, 2)[:, None] + torch.arange(size) - padding  # (W / 2, size)
        self.register_buffer("windows", (columns.flatten()[:, None] == torch.arange(width)).float())

    def forward(self, x: Tensor) -> Tensor:
        width, _, height, count = x.shape
        seen = self.windows @ x.reshape(width, -1) if self.padding else x  # without, they do not overlap
        return F.conv2d(seen.reshape(width // 2, -1, height, count), self.weight, self.bias, (2, 1), (self.padding, 0))


class Head(nn.Module):
    """A 3x3 convolution to few channels: a multiplication for every tap along the width, then moved and added up."""

    moved: Tensor

    def __init__(self, conv: nn.Conv2d, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(conv.weight.permute(3, 0, 1, 2).flatten(0, 1)[..., None])  # (3·outputs, C, 3, 1)
        self.bias = conv.bias
        seen = torch.arange(width)[:, None] + torch.arange(TAPS) - 1  # (W, 3): the column that a tap looks at
        self.register_buffer("moved", (seen[:, None] == torch.arange(width)[:, None]).flatten(1).float())

    def forward(self, x: Tensor) -> Tensor:
        width, _, height, count = x.shape
        each = F.conv2d(x, self.weight, padding=(1, 0)).reshape(TAPS * width, -1)
        return (self.moved @ each).reshape(width, -1, height, count) + cast(Tensor, self.bias)[:, None, None]


class Unfold(nn.Module):
    """Channels (row, column, C) unfolded 2x2 into pixels: twice as wide, twice as high."""

    def forward(self, x: Tensor) -> Tensor:
        width, channels, height, count = x.shape
        return torch.cat(x.chunk(2, dim=1), dim=3).reshape(2 * width, channels // 4, 2 * height, count)


@torch.no_grad()
def unfolding(conv: nn.Conv2d) -> nn.Conv2d:
    """The convolution with its output channels (C, row, column) in the order (row, column, C); changed in place."""
    for part in (conv.weight, cast(Tensor, conv.bias)):
        part.copy_(part.unflatten(0, (-1, 2, 2)).movedim(0, 2).flatten(0, 2).clone())
    return conv
