"""The page Inside the network: what the network is made of, and what breaks when a part of it is taken away.

The seam is here because the drawing comes from the exported graph and the pictures from a table, and either may be
missing.
"""

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import controls, ui, unet
from dashboard.anatomy import Anatomy, anatomy
from dashboard.pictures import Cell, plate, unpack
from evaluator.experiments.ablation_figures import NONE, SKIPS, Taken, change, named, share_of, taken_from
from evaluator.stats.intervals import Estimate
from firstlight.errors import SamplerError
from firstlight.run import Run

HEADINGS = ("taken away", "right, % [95 %]", "among real ones, % [95 %]", "good, % [95 %]",
            "good, change in points [95 %]", "evaluations", "n")  # fmt: skip


def network(run: pd.Series) -> Anatomy | str:
    """The run's network, or why it cannot be drawn."""
    folder = ui.folder(run)
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
    cost = f"with all skips silenced {_percent(cut)} of its pictures are good, with all parts {_percent(whole)}"
    return f"{said}; {cost}, n = {n:,} each."


def taken(run: pd.Series) -> Taken | None:
    """What the run drew without its parts; None where that was not tried."""
    frame = ui.ask("ablations", run=run["run"])
    return None if frame.empty else taken_from({name: frame[name].to_numpy() for name in frame}, len(run["classes"]))


def draw(run: pd.Series, net: Anatomy | str) -> None:
    """The drawing, and its shapes as rows."""
    if isinstance(net, str):
        ui.note(net)
        return
    alt = f"The U-Net of {run['run']}: {', '.join(part.name for part in net.parts)}; {len(net.skips)} skips"
    ui.chart(unet.drawing(net), "network", alt, unet.table(net))
    ui.note(
        "Blocks are as high as their pictures and as wide as their channels (the number inside); hover for shapes. "
        "Time and class are added up and told to every block; the source tells them to the middle alone."
    )


def ablations(run: pd.Series) -> None:
    """Pictures from the same noise with a part taken away, and how many of them are still right."""
    found = taken(run)
    if found is None:
        ui.note(f"Not tried yet. Do it with: firstlight evaluate ablations {run['run']}")
        return
    frame = ui.ask("ablations", run=run["run"])
    seeds = sorted(frame.loc[frame["image"].notna(), "seed"].unique())
    if seeds:
        which = controls.number("Noise", 1, len(seeds), 1, "noise")
        picture = plate_of(run, frame[frame["seed"] == seeds[which - 1]], found.parts)
        st.image(picture, output_format="PNG", alt="Pictures of every class, a row for each part taken away")
        ui.note("A row for each part taken away, the same noise in all; amber corner: the judge sees another class.")
    ui.table(HEADINGS, [row(found, part) for part in found.parts], "ablations")
    ui.note(
        "Good: the judge names the class asked for, and the picture lies among real ones in the judge's features. "
        "Intervals are clustered on the noise; without a label a noise gives one picture, so right is chance."
    )


def plate_of(run: pd.Series, frame: pd.DataFrame, parts: list[str]) -> bytes:
    """One PNG: parts down, classes across. frame: rows of the query `ablations` of one seed."""
    classes, size, channels = ui.class_names(run), int(run["size"]), int(run["channels"])
    cells = np.zeros((len(parts), len(classes), size, size, channels), np.uint8)
    missing, marked = set(np.ndindex(len(parts), len(classes))), set[Cell]()
    for each in frame.itertuples():
        cell = (parts.index(each.part), int(each.label)) if each.part in parts else (-1, -1)
        if cell in missing and isinstance(each.image, (bytes, bytearray)) and len(each.image) == size * size * channels:
            cells[cell] = unpack(bytes(each.image), size, channels)[0]
            missing.discard(cell)
            if each.top != each.label:
                marked.add(cell)
    return plate(cells, 2, [named(part).replace("×", "x") for part in parts], [classes], marked=marked, missing=missing)


def row(found: Taken, part: str) -> tuple[str, ...]:
    """What is left without a part, under HEADINGS."""
    here = found.part == part
    shares = [None if hits is None else share_of(found, hits, part) for hits in (found.right, found.real, found.good)]
    apart = None if part == NONE or NONE not in found.parts else change(found, found.good, part)
    return (
        named(part), *("" if each is None else _percent(each).replace(" %", "") for each in shares),
        "" if apart is None else _percent(apart).replace(" %", "").replace("-", "−"),
        f"{int(found.evaluations[here][0])}", f"{int(here.sum()):,}",
    )  # fmt: skip


def _percent(part: Estimate) -> str:
    return f"{100 * part.value:.1f} % [{100 * part.low:.1f}, {100 * part.high:.1f}]"
