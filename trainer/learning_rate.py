"""The learning rate of each step: warm-up, cycles, decay."""

from collections.abc import Sequence
from itertools import pairwise

from trainer.config import Config
from trainer.optimizer import cycle_starts


def learning_rate(config: Config, step: int, steps: int, extended: Sequence[int] = ()) -> float:
    """Adam's learning rate at a step: in every cycle a linear warm-up, then a straight line to zero if it decays.

    Each of the steps at which the training was `extended` begins one more cycle, as long as what was added there.
    """
    edges = [0, *cycle_starts(steps, config.cycles, extended), steps]
    start, end = next((edge for edge in pairwise(edges) if step < edge[1]), edges[-2:])
    rate = config.learning_rate * min(1.0, (step - start + 1) / max(1, config.warmup))
    return rate * (1 - (step - start) / (end - start)) if config.decay else rate
