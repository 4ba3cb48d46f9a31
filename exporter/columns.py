"""A student's network laid out in columns, for a CPU: the same answer with half of the multiplications.

Engines multiply every weight of a convolution with every pixel. m neighbours of a row that a filter of three taps makes
need m + 2 multiplications, not 3m, once row and filter are evaluated at m + 2 points (Toom 1963, Cook 1966; Winograd,
"Arithmetic complexity of computations", 1980). With pictures laid out as (W, C, H, N) both transforms are one matrix
product from the left each, and the multiplications one convolution with a group for every point: nothing moves in
memory in between. Points equally spaced on the circle, as homogeneous coordinates, keep float32 exact to some 2e-6.
"""

import math
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from trainer.network import Block, Denoiser

LONGEST = 8  # pixels of a row that are made at once; each one more costs nearly a bit of precision
TAPS = 3


def in_columns(plain: Denoiser) -> Denoiser:
    """The denoiser, its convolutions multiplied out, changed in place to take and return pictures as (W, C, H, N)."""
    unet, size = plain.unet, plain.config.size // 2
    unet.stem = stem(cast(nn.Conv2d, unet.stem), 2 * size)  # type: ignore[assignment]
    for level, (down, up) in enumerate(zip(unet.down, reversed(unet.up), strict=True)):
        for blocks in cast(tuple[nn.ModuleList, nn.ModuleList], (down, up)):
            for place, block in enumerate(blocks):
                blocks[place] = ColumnBlock(cast(Block, block), size >> level)
    for level, shrink in enumerate(unet.shrink):
        unet.shrink[level] = Columns(*stepping(cast(nn.Conv2d, shrink)), size >> level + 1, size >> level, step=2)
    unet.middle = ColumnBlock(unet.middle, size >> len(unet.shrink))  # type: ignore[assignment]
    for level, grow in enumerate(reversed(unet.grow)):
        unet.grow[-1 - level] = growing(cast(nn.Conv2d, grow), size >> level + 1)
    unet.head, unet.unfold = head(cast(nn.Conv2d, unet.head), size), nn.Identity()  # type: ignore[assignment]
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
    """A 3x3 convolution, evaluated along the width. Takes (W, C·H·N) and what to add, (1 or W, outputs·H·N)."""

    before: Tensor
    taps: Tensor
    after: Tensor

    def __init__(self, conv: nn.Conv2d, size: int, bias: bool = False) -> None:
        super().__init__()
        before, taps, after = points(size)
        self.channels, self.size, self.groups = conv.in_channels, size, len(taps)
        self.weight = nn.Parameter(conv.weight.detach().movedim(3, 0).flatten(1))  # (3, outputs·C·3)
        even = torch.linalg.pinv(after).sum(1)  # what makes every pixel 1 on the way back
        biases = torch.outer(even, cast(Tensor, conv.bias).detach().double()).flatten()
        self.bias = nn.Parameter(biases.float()) if bias else None
        self.register_buffer("taps", taps.float())
        self.register_buffer("before", before.float())
        self.register_buffer("after", after.float())

    def forward(self, x: Tensor, more: Tensor) -> Tensor:
        evaluated = (self.before @ x).reshape(1, self.groups * self.channels, self.size, -1)
        filters = (self.taps @ self.weight).reshape(-1, self.channels, TAPS, 1)  # known when the graph is opened
        multiplied = F.conv2d(evaluated, filters, self.bias, padding=(1, 0), groups=self.groups)
        return torch.addmm(more, self.after, multiplied.reshape(self.groups, -1))


class Columns(nn.Module):
    """A convolution of each column by itself, its height kept or halved. Takes and returns (W, C·H·N)."""

    def __init__(self, weight: Tensor, bias: Tensor, width: int, height: int, step: int = 1) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(weight.detach()), nn.Parameter(bias.detach())  # (outputs, C, taps, 1)
        self.width, self.height, self.step, self.padding = width, height, step, (weight.shape[2] - step) // 2

    def forward(self, x: Tensor) -> Tensor:
        columns = x.reshape(self.width, self.weight.shape[1], self.height, -1)
        return F.conv2d(columns, self.weight, self.bias, (self.step, 1), (self.padding, 0)).reshape(self.width, -1)


class Mixed(nn.Module):
    """Columns added up as a matrix says."""

    matrix: Tensor

    def __init__(self, matrix: Tensor) -> None:
        super().__init__()
        self.register_buffer("matrix", matrix.float())

    def forward(self, x: Tensor) -> Tensor:
        return self.matrix @ x.reshape(self.matrix.shape[1], -1)


class Unfold(nn.Module):
    """Channels (row, column, C) unfolded 2x2 into pixels, twice as wide and as high; `outputs` is 4·C."""

    def __init__(self, width: int, outputs: int, height: int, apart: bool = False) -> None:
        super().__init__()
        self.parts, self.shape = (width, 2, outputs // 2 * height, -1), (2 * width, -1)
        if apart:  # (W, C, H, N), as pictures are
            self.shape = (2 * width, outputs // 4, 2 * height, -1)  # type: ignore[assignment]

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat(x.reshape(self.parts).unbind(1), dim=2).reshape(self.shape)


class ColumnBlock(nn.Module):
    """trainer.network.Block on (W, C·H·N)."""

    def __init__(self, block: Block, size: int) -> None:
        super().__init__()
        first, second, embed = (cast(nn.Conv2d, part) for part in (block.first, block.second, block.embed))
        self.size, self.first, self.second = size, Row(first, size), Row(second, size, bias=True)
        self.embed = nn.Parameter(embed.weight[:, :, 0, 0].detach())
        self.bias = nn.Parameter((cast(Tensor, embed.bias) + cast(Tensor, first.bias)).detach()[:, None])
        skip = cast(nn.Conv2d | None, block.shortcut)
        self.shortcut = Columns(skip.weight, cast(Tensor, skip.bias), size, size) if skip else nn.Identity()

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        embedded = torch.addmm(self.bias, self.embed, embedding[:, :, 0, 0].T)  # (outputs, N)
        hidden = self.first(F.silu(x), embedded.repeat(1, self.size).reshape(1, -1))
        return cast(Tensor, self.second(F.silu(hidden), self.shortcut(x)))


def stepping(conv: nn.Conv2d) -> tuple[Tensor, Tensor]:
    """Weight and bias of a convolution that steps by two, with the columns it looks at as channels."""
    return conv.weight.permute(0, 3, 1, 2).flatten(1, 2)[..., None], cast(Tensor, conv.bias)


def stem(conv: nn.Conv2d, size: int) -> nn.Module:
    """The first convolution: its windows overlap, so columns are repeated first."""
    window = conv.kernel_size[0]
    seen = torch.arange(0, size, 2)[:, None] + torch.arange(window) - (window - 2) // 2  # (W / 2, window)
    windows = Mixed(seen.flatten()[:, None] == torch.arange(size))
    return nn.Sequential(windows, Columns(*stepping(conv), size // 2, size, step=2))


def unfolding(part: Tensor) -> Tensor:
    """Output channels (C, row, column) in the order (row, column, C)."""
    return part.unflatten(0, (-1, 2, 2)).movedim(0, 2).flatten(0, 2)


def growing(conv: nn.Conv2d, size: int) -> nn.Module:
    """A convolution of single pixels, then unfolded."""
    columns = Columns(unfolding(conv.weight), unfolding(cast(Tensor, conv.bias)), size, size)
    return nn.Sequential(columns, Unfold(size, conv.out_channels, size))


def head(conv: nn.Conv2d, size: int) -> nn.Module:
    """The last convolution, to few channels: every tap of the width by itself, moved and added up, then unfolded."""
    weight = unfolding(conv.weight).permute(3, 0, 1, 2).flatten(0, 1)[..., None]  # (3·outputs, C, 3, 1)
    bias = torch.zeros(TAPS, conv.out_channels)
    bias[TAPS // 2] = unfolding(cast(Tensor, conv.bias))
    seen = torch.arange(size)[:, None] + torch.arange(TAPS) - TAPS // 2  # (W, 3): the column that a tap looks at
    moved = Mixed((seen[:, None] == torch.arange(size)[:, None]).flatten(1))
    return nn.Sequential(
        Columns(weight, bias.flatten(), size, size), moved, Unfold(size, conv.out_channels, size, apart=True)
    )
