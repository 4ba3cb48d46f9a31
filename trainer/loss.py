"""What a network is taught by pictures: the loss of a batch, and of test pictures."""

import torch
from torch import Tensor

from trainer.config import Config
from trainer.device import half_precision
from trainer.noise_levels import training_logsnr
from trainer.state import Training

SEEDS = 2**63  # as many as torch's generators tell apart


def denoising_loss(training: Training, images: Tensor, labels: Tensor) -> Tensor:
    """The mean loss of one batch of `images` uint8 (P, C, H, W) with `labels` (P,), each at its own noise level."""
    config, device = training.config, images.device
    random = torch.Generator().manual_seed((config.seed * 1_000_003 + training.step) % SEEDS)
    index = batch_index(config, training.step, len(labels)).to(device)
    clean = images[index].float() / 127.5 - 1  # (B, C, H, W)
    label = labels[index]
    dropped = torch.rand(len(index), generator=random).to(device) < config.label_dropout
    label = torch.where(dropped, config.classes, label)
    logsnr = training_logsnr(config.schedule, len(index), random).to(device)
    noise = torch.randn(clean.shape, generator=random).to(device)
    with torch.autocast(device.type, torch.bfloat16, enabled=half_precision(config, device)):
        return training.denoiser.loss(clean, noise, logsnr, label).mean()


def batch_index(config: Config, step: int, pictures: int) -> Tensor:
    """Which pictures the step sees (B,): every epoch visits all of them in an order of its own."""
    positions = torch.arange(step * config.batch, (step + 1) * config.batch)
    epochs = positions // pictures
    index = torch.empty_like(positions)
    for epoch in epochs.unique().tolist():
        order = torch.randperm(pictures, generator=torch.Generator().manual_seed((config.seed * 7_919 + epoch) % SEEDS))
        here = epochs == epoch
        index[here] = order[positions[here] % pictures]
    return index
