"""The network read from its exported graph, and drawn."""

from contextlib import suppress

import pandas as pd
import streamlit as st

from dashboard.components import elements, remedy
from dashboard.components.static_page import still
from dashboard.data import archive
from dashboard.network import diagram
from dashboard.network.anatomy import Anatomy, anatomy
from firstlight.counts import counted
from firstlight.errors import SamplerError
from firstlight.manifest import Signatures, signatures
from firstlight.run_folder import Run
from sampler.generation import settings_of
from sampler.whole_graph import drawn_by


def network(run: pd.Series) -> Anatomy | str:
    """The run's network, or why it cannot be drawn."""
    folder = archive.folder(run)
    return _network(folder, int(run["size"]), signatures(folder.denoiser, folder.export))


@st.cache_resource(max_entries=16, show_spinner=False)
def _network(folder: Run, size: int, signs: Signatures) -> Anatomy | str:
    try:
        return anatomy(folder, size)
    except SamplerError as error:
        return str(error)


def draw(run: pd.Series, net: Anatomy | str) -> None:
    """The drawing, its shapes as rows, and what draws pictures with the network."""
    folder = archive.folder(run)
    if isinstance(net, str):
        elements.note(net)
        remedy.button(net, str(run["run"]), "export", ["--keep"] if "--keep" in net else [])
    else:
        parts, skips = ", ".join(part.name for part in net.parts), counted(len(net.skips), "skip")
        alt = f"The U-Net of {run['run']}: {parts}; {skips}"
        elements.chart(diagram.drawing(net), "network", alt, diagram.table(net))
        elements.note(
            "Blocks are as high as their pictures and as wide as their channels (the number inside); hover for shapes. "
            "Time and class are added up and told to every block. The source's text says that they join in the "
            "middle; its own network tells each up block: the class is multiplied, the time added."
        )
    if folder.denoiser.is_file() and not still():  # it is of this computer
        with suppress(SamplerError):  # of a card that cannot be read
            elements.note(drawn_by(folder, settings_of(folder)))
