"""Pictures kept through training: of which steps, and how they are drawn."""

from typing import Any

from trainer.network import Denoiser
from trainer.trace import grid, steps_of, to_bytes


def snapshot_steps(steps: int, count: int) -> set[int]:
    """Steps after which samples are kept: dense early, when most changes, and always the last."""
    return {max(1, round(steps * ((i + 1) / count) ** 2)) for i in range(count)} if count else set()


def snapshot(denoiser: Denoiser, step: int, epoch: float) -> list[dict[str, Any]]:
    """One picture per class and snapshot seed as rows of snapshots.parquet."""
    label, seed = grid(denoiser.config, denoiser.config.snapshot_seeds)
    for state, _ in steps_of(denoiser, label, seed):
        last = state
    pictures = to_bytes(last.next)
    return [
        {"step": step, "epoch": epoch, "label": int(c), "seed": int(s), "image": picture.tobytes()}
        for c, s, picture in zip(label, seed, pictures, strict=True)
    ]
