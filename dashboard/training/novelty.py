"""Whether a run draws its training pictures again: the sentence, the nearest pairs, the figures."""

import numpy as np
import pandas as pd

from dashboard import run_facts
from dashboard.components import elements, remedy
from dashboard.data import archive
from dashboard.format import estimate, estimate_of, share
from dashboard.pictures.grid import plate
from dashboard.pictures.pixels import unpack
from evaluator.novelty import report
from evaluator.provenance import notes_of

HEADINGS = ("", "generated [95 %]", "n", "real [95 %]", "n")
NAMES = {  # metric -> what it is called
    "near": "closer than the nearest 1 % of real ones",
    "copied": "nearest less than a third as far as the second",
    "coverage": "coverage",
    "density": "density",
}
SPACES = {"pixels": "in pixels", "features": "in the judge's features"}


def draw(run: pd.Series) -> None:
    """The section."""
    frame = archive.ask("novelty", run=run["run"])
    if frame.empty:
        remedy.note("Not looked at yet.", str(run["run"]), "novelty")
        return
    elements.headline(report.verdict(str(run["run"]), frame.to_dict("records")))
    made = notes_of(archive.folder(run).novelty)
    elements.note(f"Training pictures: {made.get('pictures', 'not known')}.")
    if made.get("seen"):
        elements.note(report.SEEN)
    pairs = archive.ask("novelty_pictures", run=run["run"])
    picture = plate_of(pairs, run)
    if picture is not None:
        alt = "Generated and real pictures, each above its nearest training one"
        elements.picture(picture, alt, "nearest")
        elements.note("Each above its nearest training picture; the figure: its distance over that of the second.")
    elements.table(HEADINGS, rows(frame, run_facts.class_names(run)), "novelty", frame)
    elements.note(
        "In pixels by Euclidean distance. Coverage: share of real test pictures whose ball, to their fifth real "
        "neighbour, holds a generated one, as many as there are real ones; density: how many balls hold a generated "
        "one, over five. Beside them what as many training pictures come to."
    )


def plate_of(pairs: pd.DataFrame, run: pd.Series) -> bytes | None:
    """One PNG: generated pictures over their neighbours, real ones over theirs. pairs: the query novelty_pictures."""
    size, channels = int(run["size"]), int(run["channels"])
    usable = pairs[(pairs[["image", "neighbour_image"]].map(len) == size * size * channels).all(axis=1)]
    sides = [usable[usable["of"] == of] for of in ("generated", "real")]
    across = min(map(len, sides))
    if not across:
        return None
    lines = [
        np.stack([unpack(bytes(image), size, channels)[0] for image in side[column].iloc[:across]])
        for side in sides for column in ("image", "neighbour_image")
    ]  # fmt: skip
    ratios = [[f"{near:.2f}" for near in (side["pixels"] / side["pixels_second"]).iloc[:across]] for side in sides]
    return plate(np.stack(lines), 2, ["generated", "nearest", "real", "nearest"], ratios, ["generated", "real"])


def rows(frame: pd.DataFrame, classes: list[str]) -> list[tuple[str, ...]]:
    """Each figure of generated pictures beside that of real ones. frame: the query novelty."""
    known = {(row["metric"], row["space"], row["of"], _label(row["label"])): row for _, row in frame.iterrows()}
    lines = []
    for metric, name in NAMES.items():
        for space, where in SPACES.items():
            for label in (None, *range(len(classes))):
                asked = [(metric, space, of, label) for of in ("generated", "real")]
                pair = [known[each] for each in asked if each in known]
                if len(pair) == 2:
                    cells = [cell for side in pair for cell in (_written(side), f"{side['n']:,.0f}")]
                    lines.append((f"{name}, {where}" if label is None else f"{name}, {classes[label]}", *cells))
    return lines


def _label(label: object) -> int | None:
    return None if pd.isna(label) else int(label)  # type: ignore[call-overload]


def _written(row: pd.Series) -> str:
    return estimate(estimate_of(row)) if row["metric"] == "density" else share(estimate_of(row))
