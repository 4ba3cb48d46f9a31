"""The loss on held-out pictures, measured now and then."""

import torch

from trainer.data import Pictures
from trainer.noise_levels import training_logsnr
from trainer.resumed_state import Training

VALIDATION = 500  # test pictures behind a validation loss


@torch.no_grad()
def validate(training: Training, test: Pictures) -> float:
    """The averaged weights' loss on test pictures, always with the same noise and noise levels."""
    device = next(training.averaged.parameters()).device
    random = torch.Generator().manual_seed(training.config.seed)
    count = min(VALIDATION, len(test.labels))
    clean = torch.from_numpy(test.images[:count].copy()).to(device).float() / 127.5 - 1
    label = torch.from_numpy(test.labels[:count].copy()).to(device)
    logsnr = training_logsnr(training.config.schedule, count, random).to(device)
    noise = torch.randn(clean.shape, generator=random).to(device)
    return training.averaged.loss(clean, noise, logsnr, label).mean().item()
