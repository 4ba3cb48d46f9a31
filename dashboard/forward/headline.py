"""The sentence above the forward process."""

import math

import pandas as pd

from dashboard.format import number
from dashboard.forward.schedules import OWN
from firstlight.counts import counted
from firstlight.levels import SIGNAL_LEFT


def sentence(name: str, table: pd.DataFrame) -> str:
    """One sentence on a forward schedule: what is left at its end, and whether that is noise."""
    last, half = table.iloc[-1], table.loc[table["logsnr"].abs().idxmin()]
    left = math.sqrt(last["alpha_bar"])
    along = "its own levels" if name == OWN else name
    steps = f"{last['step']:,.0f}"
    equal = f"signal and noise are equal at step {half['step']:,.0f} of {steps}"
    if last["logsnr"] > 0:
        equal = f"there is more signal than noise at each of {counted(last['step'], 'step')}"
    end = f"At the end ᾱ is {last['alpha_bar']:.2g} and logSNR {number(last['logsnr'], 'logSNR')}"
    if left <= SIGNAL_LEFT:
        return f"Along {along}, {equal}; at the end nothing is left to see.\n{end}."
    text = f"Along {along}, {equal}; at the end {100 * left:.0f} % of the picture's amplitude is still there.\n{end}"
    if name == OWN:
        return f"{text}, and its own drawing begins in noise all the same."
    return f"{text}, so drawing cannot start from pure noise."
