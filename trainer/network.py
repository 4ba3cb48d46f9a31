"""The U-Net and the denoiser around it, which alone knows what the network predicts and how its input is scaled.

The blocks have no normalisation layers. Every convolution keeps its weights at unit norm (Karras et al., "Analyzing and
improving the training dynamics of diffusion models", CVPR 2024) with one learned gain per layer, so the exported graph
is a chain of plain convolutions, which inference engines keep in their blocked memory layout.
"""

import math
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from trainer.config import Config

SILU_RMS = 0.596  # root mean square of silu(z) for z ~ N(0, 1): dividing by it keeps the magnitude


class Conv(nn.Module):
    """A convolution with unit-norm filters, one learned gain and a bias; padding keeps the size."""

    def __init__(self, inputs: int, outputs: int, size: int, *, after_silu: bool = False, gain: float = 1.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, size, size))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.gain = nn.Parameter(torch.tensor(float(gain)))
        self.scale = 1.0 / SILU_RMS if after_silu else 1.0
        self.normalise()

    @torch.no_grad()
    def normalise(self) -> None:
        """Bring every filter back to unit root mean square, so that the step size keeps its meaning."""
        rms = self.weight.square().mean(dim=(1, 2, 3), keepdim=True).sqrt()
        self.weight.div_(rms.clamp_min(1e-8))

    @torch.no_grad()
    def take(self, weight: Tensor, bias: Tensor) -> None:
        """Become the plain convolution that an exported graph holds: filters of one norm, which is what `gain` says."""
        rms = weight.square().mean(dim=(1, 2, 3), keepdim=True).sqrt()
        self.gain.fill_(float(rms.mean()) * math.sqrt(self.weight[0].numel()) / self.scale)
        self.weight.copy_(weight / rms.clamp_min(1e-8))
        self.bias.copy_(bias)

    def forward(self, x: Tensor) -> Tensor:
        fan_in = self.weight[0].numel()
        norm = self.weight.square().mean(dim=(1, 2, 3), keepdim=True).sqrt().clamp_min(1e-8)
        weight = self.weight * (self.gain * (self.scale / math.sqrt(fan_in)) / norm)
        return F.conv2d(x, weight.to(x.dtype), self.bias.to(x.dtype), padding=self.weight.shape[-1] // 2)


class Fold(Conv):
    """A convolution of the picture folded 2x2 into channels (pixel-unshuffle): half as high, half as wide."""

    def take(self, weight: Tensor, bias: Tensor) -> None:
        folded = weight.shape[1] == self.weight.shape[1]
        super().take(weight if folded else F.pixel_unshuffle(weight, 2), bias)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(F.pixel_unshuffle(x, 2))


class Block(nn.Module):
    """x + Conv(silu(Conv(silu(x)) + embedding)), with a 1x1 convolution on the skip where the channels change."""

    def __init__(self, inputs: int, outputs: int, embedding: int) -> None:
        super().__init__()
        self.first = Conv(inputs, outputs, 3, after_silu=True)
        self.embed = Conv(embedding, outputs, 1)
        self.second = Conv(outputs, outputs, 3, after_silu=True, gain=0.3)
        self.shortcut = Conv(inputs, outputs, 1) if inputs != outputs else None

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        hidden = self.first(F.silu(x)) + self.embed(embedding)  # (N, outputs, H, W)
        hidden = self.second(F.silu(hidden))
        return hidden + (x if self.shortcut is None else self.shortcut(x))


class TimeEmbedding(nn.Module):
    """Sinusoidal features of logSNR, then a small network: tells the U-Net how much noise to remove."""

    frequencies: Tensor

    def __init__(self, width: int, features: int = 64) -> None:
        super().__init__()
        self.register_buffer("frequencies", 2.0 ** torch.linspace(-5, 2, features // 2), persistent=False)
        self.first = nn.Linear(features, width)
        self.second = nn.Linear(width, width)

    def forward(self, logsnr: Tensor) -> Tensor:
        phase = logsnr[:, None] * self.frequencies  # (N, features / 2)
        features = torch.cat([phase.sin(), phase.cos()], dim=1) * math.sqrt(2)
        return self.second(F.silu(self.first(features)))


class ClassEmbedding(nn.Module):
    """Label -> one-hot -> small network, times `c_mask`: the label `classes` means "no label" and embeds to zero."""

    def __init__(self, classes: int, width: int) -> None:
        super().__init__()
        self.classes = classes
        self.first = nn.Linear(classes, width)
        self.second = nn.Linear(width, width)

    @torch.no_grad()
    def silence(self) -> None:
        """Embed every label to zero; a training in which no label is ever seen keeps it so."""
        self.second.weight.zero_()
        self.second.bias.zero_()

    def forward(self, label: Tensor) -> Tensor:
        names = torch.arange(self.classes, device=label.device)
        one_hot = (label[:, None] == names).to(self.first.weight.dtype)  # (N, classes)
        c_mask = (label < self.classes).to(one_hot.dtype)[:, None]
        return self.second(F.silu(self.first(one_hot))) * c_mask


class ScaleEmbedding(nn.Module):
    """Guidance scale -> small network, for students; it begins as zero, so that a student begins as its teacher."""

    def __init__(self, low: float, high: float, width: int) -> None:
        super().__init__()
        self.low, self.high = low, high
        self.first = nn.Linear(1, width)
        self.second = nn.Linear(width, width)
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.second.bias)

    def forward(self, guidance: Tensor) -> Tensor:
        place = (guidance[:, None] - self.low) / (self.high - self.low)  # (N, 1), 0 to 1
        return self.second(F.silu(self.first(place)))


class UNet(nn.Module):
    """Down blocks, a middle and up blocks; every down block's output skips the bottleneck to its up block.

    Pictures are folded 2x2 into channels first (pixel-unshuffle), so a 28-pixel picture is worked on at 14 and 7.
    Takes x (N, C, H, W), logsnr (N,), label (N,), and of a student guidance (N,); returns (N, C, H, W). H and W must
    be multiples of 4.
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        channels, widths, embedding = config.channels, config.widths, config.embedding
        self.time = TimeEmbedding(embedding)
        self.label = ClassEmbedding(config.classes, embedding)
        if config.label_dropout == 1:
            self.label.silence()
        self.scale = ScaleEmbedding(config.scale_low, config.scale_high, embedding) if config.scale_high else None
        self.stem = Fold(channels * 4, widths[0], 3)
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        self.shrink, self.grow = nn.ModuleList(), nn.ModuleList()
        for width, wider in zip(widths, (*widths[1:], None), strict=True):
            self.down.append(nn.ModuleList(Block(width, width, embedding) for _ in range(config.blocks)))
            self.up.insert(0, nn.ModuleList(Block(2 * width, width, embedding) for _ in range(config.blocks)))
            if wider:
                self.shrink.append(Fold(4 * width, wider, 1))
                self.grow.insert(0, Conv(wider, 4 * width, 1))
        self.middle = Block(widths[-1], widths[-1], embedding)
        self.head = Conv(widths[0], channels * 4, 3, after_silu=True, gain=0.0)
        self.unfold = nn.PixelShuffle(2)

    def forward(self, x: Tensor, logsnr: Tensor, label: Tensor, guidance: Tensor | None = None) -> Tensor:
        embedded = self.time(logsnr) + self.label(label)
        if self.scale is not None and guidance is not None:
            embedded = embedded + self.scale(guidance)
        embedding = F.silu(embedded)[:, :, None, None].to(x.dtype)
        hidden = self.stem(x)
        skips: list[Tensor] = []
        for level, down in enumerate(self.down):
            if level:
                hidden = self.shrink[level - 1](hidden)
            for block in cast(nn.ModuleList, down):
                hidden = block(hidden, embedding)
                skips.append(hidden)
        hidden = self.middle(hidden, embedding)
        for level, up in enumerate(self.up):
            if level:
                hidden = self.unfold(self.grow[level - 1](hidden))
            for block in cast(nn.ModuleList, up):
                hidden = block(torch.cat([hidden, skips.pop()], dim=1), embedding)
        return cast(Tensor, self.unfold(self.head(F.silu(hidden))))


class Denoiser(nn.Module):
    """x̂0 = D(x, logsnr, label), whatever the U-Net was trained to predict.

    Takes x (N, C, H, W) float32 in variance-preserving form sqrt(ᾱ)·x0 + sqrt(1−ᾱ)·ε, logsnr (N,) float32 and label
    (N,) int64, where `config.classes` means "no label"; a student also takes its guidance scale (N,) float32. Returns
    x̂0 (N, C, H, W) in [-1, 1], not clipped.

    `prediction="noise"` is Ho et al. (2020); `"edm"` is the preconditioning of Karras et al. (2022) written for a
    variance-preserving x, which for sigma_data = 1 is v-prediction.
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.unet = UNet(config)

    def coefficients(self, logsnr: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """c_in, c_skip and c_out at each noise level, each (N, 1, 1, 1): x̂0 = c_skip·x + c_out·unet(c_in·x)."""
        logsnr = logsnr[:, None, None, None]
        alpha, sigma = torch.sigmoid(logsnr).sqrt(), torch.sigmoid(-logsnr).sqrt()
        if self.config.prediction == "noise":
            return torch.ones_like(alpha), 1 / alpha, -sigma / alpha
        variance = sigma**2 + (alpha * self.config.sigma_data) ** 2
        skip = alpha * self.config.sigma_data**2 / variance
        return variance.rsqrt(), skip, sigma * self.config.sigma_data * variance.rsqrt()

    def forward(self, x: Tensor, logsnr: Tensor, label: Tensor, guidance: Tensor | None = None) -> Tensor:
        c_in, c_skip, c_out = self.coefficients(logsnr)
        return c_skip * x + c_out * self.unet(c_in * x, logsnr, label, guidance).float()

    def loss(self, clean: Tensor, noise: Tensor, logsnr: Tensor, label: Tensor) -> Tensor:
        """Mean squared error of what the U-Net predicts, one value per picture (N,).

        For "noise" that is predicted against true noise; for "edm" the error of x̂0 in units of c_out.
        """
        level = logsnr[:, None, None, None]
        x = torch.sigmoid(level).sqrt() * clean + torch.sigmoid(-level).sqrt() * noise
        c_in, c_skip, c_out = self.coefficients(logsnr)
        target = (clean - c_skip * x) / c_out
        return (self.unet(c_in * x, logsnr, label).float() - target).square().mean(dim=(1, 2, 3))

    def normalise(self) -> None:
        """Bring every convolution's filters back to unit norm; called after each optimizer step."""
        for module in self.modules():
            if isinstance(module, Conv):
                module.normalise()
