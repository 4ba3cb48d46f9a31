"""The sentence above the forward process."""

import math

import pandas as pd

from dashboard.format import number
from dashboard.forward.schedules import OWN
from firstlight.amplitude_left import OURS, of_range, own_level
from firstlight.counts import counted
from firstlight.interval_text import real_minus
from firstlight.levels import SIGNAL_LEFT, alpha

SCALE = real_minus(of_range(OURS))


def sentence(name: str, table: pd.DataFrame, pictures: tuple[float, float] = OURS) -> str:
    """One sentence on a forward schedule: what is left at its end, and whether that is noise.

    pictures: the range that the run itself has them in.
    """
    last, half = table.iloc[-1], table.loc[table["logsnr"].abs().idxmin()]
    left = math.sqrt(last["alpha_bar"])
    along = "its own levels" if name == OWN else name
    steps = f"{last['step']:,.0f}"
    equal = f"signal and noise of {SCALE} are equal at step {half['step']:,.0f} of {steps}"
    if last["logsnr"] > 0:
        equal = f"{SCALE} have more signal than noise at each of {counted(last['step'], 'step')}"
    end = f"At the end ᾱ is {last['alpha_bar']:.2g} and logSNR {number(last['logsnr'], 'logSNR')}"
    if left <= SIGNAL_LEFT:
        return f"Along {along}, {equal}; at the end nothing is left to see.\n{end}."
    text = f"Along {along}, {equal}; at the end {100 * left:.0f} % of their amplitude is still there.\n{end}"
    if name == OWN:
        return f"{text}, and its own drawing begins in noise all the same.{_own(last['logsnr'], pictures)}"
    return f"{text}, so drawing cannot start from pure noise."


def _own(logsnr: float, pictures: tuple[float, float]) -> str:
    """What is left in the scale that the run itself learned in, where it is another; a sentence."""
    if pictures == OURS:
        return ""
    level = own_level(logsnr, pictures)
    left = float(alpha(level))  # type: ignore[arg-type]
    return (
        f" Of {real_minus(of_range(pictures))}, as it learned them, ᾱ is {left**2:.2g}, logSNR "
        f"{number(level, 'logSNR')}, and {100 * left:.0f} % of the amplitude is left."
    )
