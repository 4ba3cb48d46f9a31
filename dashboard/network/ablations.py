"""What breaks without a part: figures, a table and the pictures."""

import numpy as np
import pandas as pd

from dashboard import run_facts
from dashboard.components import elements, inputs, remedy
from dashboard.data import archive, guests
from dashboard.format import share
from dashboard.pictures.grid import Cell, plate
from dashboard.pictures.pixels import unpack
from evaluator.experiments.ablation_figures import NONE, Ablated, ablated_from, change, missing, part_name, share_of

HEADINGS = ("taken away", "right, % [95 %]", "among real ones, % [95 %]", "good, % [95 %]",
            "good, change in points [95 %]", "evaluations", "n")  # fmt: skip


def figures(run: pd.Series) -> Ablated | None:
    """What the run drew without its parts; None where that was not tried."""
    frame = archive.ask("ablations", run=run["run"])
    return None if frame.empty else ablated_from({name: frame[name].to_numpy() for name in frame}, len(run["classes"]))


def draw(run: pd.Series) -> None:
    """Pictures from the same noise with a part taken away, and how many of them are still right."""
    found = figures(run)
    if not guests.labels(run):
        elements.note(guests.nothing_to_name(run, "ablation that a judge could see"))
        return
    if found is None:
        remedy.note("Not tried yet.", str(run["run"]), "ablations")
        return
    frame = archive.ask("ablations", run=run["run"])
    seeds = sorted(frame.loc[frame["image"].notna(), "seed"].unique())
    if seeds:
        which = inputs.number("Noise sample", 1, len(seeds), 1, "noise")
        picture = plate_of(run, frame[frame["seed"] == seeds[which - 1]], found.parts)
        elements.picture(picture, "Pictures of every class, a row for each part taken away", "parts")
        elements.note(
            "A row for each part taken away, the same noise in all; amber corner: the judge sees another class."
        )
    elements.table(HEADINGS, [_row(found, part) for part in found.parts], "ablations")
    for sentence in missing(found.parts):
        elements.note(sentence)
    good = "Good: the judge names the class asked for, and the picture lies among real ones in the judge's features."
    if found.real is None:
        good = "Which pictures lie among real ones is not known, so good is right alone."
    elements.note(
        f"{good} Intervals are clustered on the noise; without a label a noise gives one picture, so right is chance."
    )


def plate_of(run: pd.Series, frame: pd.DataFrame, parts: list[str]) -> bytes:
    """One PNG: parts down, classes across. frame: rows of the query `ablations` of one seed."""
    classes, size, channels = run_facts.class_names(run), int(run["size"]), int(run["channels"])
    cells = np.zeros((len(parts), len(classes), size, size, channels), np.uint8)
    missing, marked = set(np.ndindex(len(parts), len(classes))), set[Cell]()
    for each in frame.itertuples():
        cell = (parts.index(each.part), int(each.label)) if each.part in parts else (-1, -1)
        if cell in missing and isinstance(each.image, (bytes, bytearray)) and len(each.image) == size * size * channels:
            cells[cell] = unpack(bytes(each.image), size, channels)[0]
            missing.discard(cell)
            if each.top != each.label:
                marked.add(cell)
    return plate(
        cells, 2, [part_name(part).replace("×", "x") for part in parts], [classes], marked=marked, missing=missing
    )


def _row(found: Ablated, part: str) -> tuple[str, ...]:
    """What is left without a part, under HEADINGS."""
    here = found.part == part
    shares = [None if hits is None else share_of(found, hits, part) for hits in (found.right, found.real, found.good)]
    apart = None if part == NONE or NONE not in found.parts else change(found, found.good, part)
    return (
        part_name(part), *("" if each is None else share(each, unit="") for each in (*shares, apart)),
        f"{int(found.evaluations[here][0])}", f"{int(here.sum()):,}",
    )  # fmt: skip
