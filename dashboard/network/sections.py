"""The network drawn, and the sentence above it."""

import pandas as pd
import streamlit as st

from dashboard.components import elements
from dashboard.data import archive
from dashboard.format import share
from dashboard.network import diagram
from dashboard.network.ablations import taken
from dashboard.network.anatomy import Anatomy, anatomy
from evaluator.experiments.ablation_figures import NONE, SKIPS, share_of
from firstlight.errors import SamplerError
from firstlight.run import Run


def network(run: pd.Series) -> Anatomy | str:
    """The run's network, or why it cannot be drawn."""
    folder = archive.folder(run)
    stamps = tuple(path.stat().st_mtime_ns if path.is_file() else 0 for path in (folder.denoiser, folder.export))
    return _network(folder, int(run["size"]), stamps)


@st.cache_resource(max_entries=16, show_spinner=False)
def _network(folder: Run, size: int, _stamps: tuple[int, ...]) -> Anatomy | str:
    try:
        return anatomy(folder, size)
    except SamplerError as error:
        return str(error)


def finding(run: pd.Series, net: Anatomy | str) -> str:
    """One sentence: how large the network is, and what its skips are worth."""
    said = f"{run['run']}'s network cannot be drawn"
    if isinstance(net, Anatomy):
        size = f"{net.parameters / 1e6:.2f} million weights, {net.levels} levels and {len(net.skips)} skips"
        said = f"{run['run']}'s network has {size}"
    found = taken(run)
    if found is None or SKIPS not in found.parts or NONE not in found.parts:
        return f"{said}; what breaks without its parts is not measured yet."
    whole, cut = (share_of(found, found.good, part) for part in (NONE, SKIPS))
    n = int((found.part == SKIPS).sum())
    cost = f"with all skips silenced {share(cut)} of its pictures are good, with all parts {share(whole)}"
    return f"{said}; {cost}, n = {n:,} each."


def draw(run: pd.Series, net: Anatomy | str) -> None:
    """The drawing, and its shapes as rows."""
    if isinstance(net, str):
        elements.note(net)
        return
    alt = f"The U-Net of {run['run']}: {', '.join(part.name for part in net.parts)}; {len(net.skips)} skips"
    elements.chart(diagram.drawing(net), "network", alt, diagram.table(net))
    elements.note(
        "Blocks are as high as their pictures and as wide as their channels (the number inside); hover for shapes. "
        "Time and class are added up and told to every block; the source tells them to the middle alone."
    )
