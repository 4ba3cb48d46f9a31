"""The noise schedules on offer, and a run's own: the forward steps of each with what they leave of a picture."""

import numpy as np
import pandas as pd

from firstlight.amplitude_left import own_range
from firstlight.levels import CLEAN, COSINE_END, Levels, alpha, cosine_shift, levels
from firstlight.run_folder import Run
from firstlight.run_json import card_of
from sampler.generation import settings_of

SCHEDULES = {"linear-1000": 1000, "linear-400": 400, "linear-150": 150, "cosine": 1000}  # name -> forward steps T
OWN = "its own"  # the schedule that the run learned along, or the levels that an adopted network knows


def schedules(folder: Run) -> list[str]:
    """The names of the schedules on offer for a run; its own comes first, where its card names one."""
    return [*([] if own(folder) is None else [OWN]), *SCHEDULES]


def scale(folder: Run) -> tuple[float, float]:
    """The range that a run itself has pictures in."""
    return own_range(card_of(folder))


def own(folder: Run) -> Levels | None:
    """The levels (T+1,), rising, that a run's forward process passes; None where its card names none.

    Cosine has no steps of its own: a thousand.
    """
    card = card_of(folder)
    name = str(card["config"].get("schedule", ""))
    if card.get("guest"):
        settings = settings_of(folder)
        return np.append(settings.known or settings.grid()[:-1], CLEAN)
    moved, steps = cosine_shift(name), name.removeprefix("linear-")
    if moved is not None:
        place = (np.arange(1000, 0, -1) - 0.5) / 1000
        level = moved - 2 * np.log(np.tan(np.pi / 2 * place))
        return np.append(np.clip(level, -COSINE_END, COSINE_END), CLEAN)
    return levels(name, int(steps)) if steps.isdecimal() and steps != name else None


def schedule(name: str, folder: Run | None = None) -> pd.DataFrame:
    """Forward steps 0 … T of a schedule, or of a run's own: step, alpha_bar, logsnr."""
    found = own(folder) if folder is not None and name == OWN else None
    logsnr = (levels(name, SCHEDULES[name]) if found is None else found)[::-1]
    steps = len(logsnr) - 1
    return pd.DataFrame({"step": np.arange(steps + 1), "alpha_bar": alpha(logsnr) ** 2, "logsnr": logsnr})
