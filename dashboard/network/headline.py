"""The sentence above the network: how large it is, and what its skips are worth."""

import pandas as pd

from dashboard.format import share
from dashboard.network import ablations
from dashboard.network.anatomy import Anatomy
from evaluator.experiments.ablation_figures import NONE, SKIPS, share_of
from firstlight.counts import counted


def sentence(run: pd.Series, net: Anatomy | str) -> str:
    """One sentence on what its skips are worth, and how large the network is."""
    size, parts = f"{run['run']}'s network cannot be drawn", ""
    if isinstance(net, Anatomy):
        size = f"{run['run']}'s network has {net.parameters / 1e6:.2f} million weights"
        parts = f"\nIt has {counted(net.levels, 'level')} and {counted(len(net.skips), 'skip')}."
    found = ablations.figures(run)
    if found is not None and NONE in found.parts and SKIPS not in found.parts:
        return f"{size}; no skips are found in it, so what they are worth is not measured.{parts}"
    if found is None or SKIPS not in found.parts or NONE not in found.parts:
        return f"{size}; what breaks without its parts is not measured yet.{parts}"
    whole, cut = (share_of(found, found.good, part) for part in (NONE, SKIPS))
    n = int((found.part == SKIPS).sum())
    word = "right" if found.real is None else "good"
    cost = f"With all skips silenced {share(cut)} of {run['run']}'s pictures are {word}, with all parts {share(whole)}"
    return f"{cost}, n = {n:,} each.\n{size}.{parts.replace(chr(10), ' ')}"
