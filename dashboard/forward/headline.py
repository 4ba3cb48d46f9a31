"""The sentence above the forward process."""

import math

import pandas as pd

from dashboard.format import number
from dashboard.forward.process import OWN


def sentence(name: str, table: pd.DataFrame) -> str:
    """One sentence on a forward schedule: what is left at its end, and whether that is noise."""
    last, half = table.iloc[-1], table.loc[(table["logsnr"]).abs().idxmin()]
    left = math.sqrt(last["alpha_bar"])
    along = "its own levels" if name == OWN else name
    text = (
        f"Along {along}, signal and noise are equal at step {half['step']:,.0f} of {last['step']:,.0f}; at the end "
        f"ᾱ is {last['alpha_bar']:.2g} and logSNR {number(last['logsnr'], 'logSNR')}"
    )
    if left > 0.05:
        kept = f"{100 * left:.0f} % of the picture's amplitude is still there"
        if name == OWN:
            return f"{text}: {kept}, and its own drawing begins in noise all the same."
        return f"{text}: {kept}, so drawing cannot start from pure noise."
    return f"{text}: nothing is left to see."
