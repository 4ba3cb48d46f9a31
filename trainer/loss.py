"""What a network is taught by pictures: the loss of a batch, and of test pictures."""

import torch
from torch import Tensor

from trainer.config import Config
from trainer.device import half_precision
from trainer.noise_levels import training_logsnr
from trainer.resumed_state import Training

SEEDS = 2**63  # as many as torch's generators tell apart


def denoising_loss(training: Training, images: Tensor, labels: Tensor) -> Tensor:
    """The mean loss of one batch of `images` uint8 (P, C, H, W) with `labels` (P,), each at its own noise level.

    Of several processes: this one's part of it, so that the parts add up.
    """
    config, device = training.config, images.device
    random = torch.Generator().manual_seed((config.seed * 1_000_003 + training.step) % SEEDS)
    index = batch_index(config, training.step, len(labels))
    dropped = torch.rand(len(index), generator=random) < config.label_dropout
    logsnr = training_logsnr(config.schedule, len(index), random)
    noise = torch.randn((len(index), *images.shape[1:]), generator=random)
    index, dropped, logsnr, noise = (training.team.share(each).to(device) for each in (index, dropped, logsnr, noise))
    clean = images[index].float() / 127.5 - 1  # (share, C, H, W)
    label = torch.where(dropped, config.classes, labels[index])
    with torch.autocast(device.type, torch.bfloat16, enabled=half_precision(config, device)):
        return training.denoiser.loss(clean, noise, logsnr, label).mean() * training.team.weight(config.batch)


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
