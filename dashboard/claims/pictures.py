"""A picture for each statement of the source, from what a run has stored.

The seam is here because a verdict is believed sooner when it can be seen; a statement whose pictures are not stored has
none.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dashboard.forward import clean_pictures, process
from dashboard.network import ablations
from dashboard.pictures import grids as pictures_grids
from dashboard.pictures import trajectories
from dashboard.pictures.plate import Bytes, plate, unpack
from evaluator.claims.harder_data import DIGITS, HARDER
from evaluator.clip.judge import MEAN
from evaluator.experiments.ablation_figures import LABEL, NONE, SKIPS, STEPS, TIME, skips_at
from firstlight.errors import SamplerError
from firstlight.levels import levels

Ask = Callable[..., pd.DataFrame]
TAKEN = {"S2": (STEPS,), "S4": (SKIPS,), "S5": (LABEL,), "S6": (TIME,)}  # parts beside the whole
FADING = 3  # the source's own example
MOMENTS = 12  # of a picture that fades
ACROSS = 10  # pictures beside each other


@dataclass(frozen=True)
class Evidence:
    """A PNG, what it shows for those who cannot see it, and what it says."""

    picture: bytes
    alt: str
    says: str


def evidence(run: pd.Series, source: str, ask: Ask) -> Evidence | None:
    """The picture that a run has for a statement; None where it has none. run: a row of the query `runs`."""
    classes = [str(name) for name in run["classes"]]
    if source == "S1":
        return _fading(run, ask, classes)
    if source in TAKEN:
        return _taken(run, ask, TAKEN[source])
    if source in ("S3", "S10"):
        return _strips(run, ask, classes, source)
    if source == "S8":
        return _through(run, ask, classes)
    if source == "S9":
        return _scored(run, ask, classes)
    if source == "S14":
        return _harder(run, ask)
    if source in ("S13", "S12", "S11"):
        return _drawn(run, ask, classes, source)
    return None


def _fading(run: pd.Series, ask: Ask, classes: Sequence[str]) -> Evidence | None:
    """A real picture of the class where one is bundled, else the last one kept, along the run's own levels."""
    label = min(FADING, len(classes) - 1)
    size, channels = int(run["size"]), int(run["channels"])
    bundled = clean_pictures.real(str(run["dataset"]), classes[label], size)
    if len(bundled) and bundled.shape[1:] == (size, size, channels):
        image, what = bundled[0], f"A real {classes[label]}"
    else:
        frame = ask("last_snapshots", runs=[run["run"]])
        kept = clean_pictures.generated(frame[frame["label"] == label], size, channels)
        if not len(kept):
            return None
        image, what = kept[0], f"A generated {classes[label]}"
    try:
        grid = levels(str(run["levels"]), int(run["sampling_steps"]))[::-1]
    except SamplerError:
        return None
    at = pictures_grids.evenly(len(grid), MOMENTS)
    x = process.noised(image, grid[at])
    cells = np.clip((x.transpose(0, 2, 3, 1) + 1) * 127.5, 0, 255).astype(np.uint8)[None]
    above = [f"{grid[place]:.1f}" for place in at]
    picture = plate(cells, 2, [], [above], ["logSNR"])
    return Evidence(picture, f"{what} fading into noise", f"{what} along the levels that {run['run']} is sampled at.")


def _taken(run: pd.Series, ask: Ask, parts: Sequence[str]) -> Evidence | None:
    frame = ask("ablations", run=run["run"])
    kept = frame[frame["image"].notna()]
    names = set(frame["part"])
    if kept.empty:
        return None
    if SKIPS in parts:
        sizes = [int(name.split()[1]) for name in names if name.startswith(f"{SKIPS} ")]
        parts = [skips_at(size) for size in sorted(sizes, reverse=True)] + list(parts)
    some = kept[(kept["seed"] == kept["seed"].min())]
    picture = ablations.plate_of(run, some, [NONE, *(part for part in parts if part in names)])
    return Evidence(picture, "The same noise with all parts in place and without", "The same noise in every row; amber "
                    "corner: the judge sees another class.")  # fmt: skip


def _strips(run: pd.Series, ask: Ask, classes: Sequence[str], source: str) -> Evidence | None:
    """Where x_t becomes recognizable; of the digits that the statement names."""
    named = {"S3": "1785", "S10": "017358"}[source]
    some = [label for label, name in enumerate(classes) if name in named] if len(classes) == 10 else []
    choices = ask("trajectory_choices", run=run["run"]).drop_duplicates("label").set_index("label")["sample"]
    labels = [label for label in (some or range(len(classes))) if label in choices.index][:6]
    found = [trajectories.stack(run, ask, int(choices[label])) for label in labels]
    shown = [(label, *each) for label, each in zip(labels, found, strict=True) if each is not None]
    if not shown:
        return None
    percent = shown[0][2]
    at = pictures_grids.evenly(len(percent), trajectories.COLUMNS)
    cells = np.stack([frames[[int(np.abs(own - percent[place]).argmin()) for place in at]] for _, frames, own in shown])
    above = [f"{percent[place]:.0f}" for place in at]
    picture = plate(cells, 2, [classes[label] for label, *_ in shown], [above], ["% of steps"])
    return Evidence(picture, "x_t of single pictures along the steps", "x_t of one stored picture of each, same noise.")


def _through(run: pd.Series, ask: Ask, classes: Sequence[str]) -> Evidence | None:
    picture = pictures_grids.through_training(ask("snapshots", run=run["run"]), run, classes)
    said = "Classes down, epochs across; the same noise in every column."
    return None if picture is None else Evidence(picture, "Pictures kept through the training", said)


def _scored(run: pd.Series, ask: Ask, classes: Sequence[str]) -> Evidence | None:
    """The pictures that CLIP's first judge scores best and worst of each class."""
    judges = ask("clip_judges", run=run["run"])
    if judges.empty:
        return None
    judge = str(judges["judge"].min())
    frame = ask("clip_pictures", run=run["run"], clip=judge, template=MEAN).sort_values("probability")
    size, channels = int(run["size"]), int(run["channels"])
    frame = frame[(frame["image"].map(len) == size * size * channels) & (frame["label"] < len(classes))]
    if frame.empty:
        return None
    cells = np.zeros((2, len(classes), size, size, channels), np.uint8)
    missing = set(np.ndindex(2, len(classes)))
    for label, part in frame.groupby("label"):
        for row, image in enumerate((part["image"].iloc[-1], part["image"].iloc[0])):
            cells[row, int(str(label))] = unpack(bytes(image), size, channels)[0]
            missing.discard((row, int(str(label))))
    picture = plate(cells, 2, ["highest", "lowest"], [classes], missing=missing)
    return Evidence(picture, "Pictures that CLIP scores highest and lowest", f"Of each class what {judge} gives the "
                    "highest and the lowest probability.")  # fmt: skip


def _harder(run: pd.Series, ask: Ask) -> Evidence | None:
    """The last pictures kept in training, of the best run of digits and the best run of harder data."""
    frame = ask("runs").dropna(subset=["accuracy"]).sort_values("accuracy")
    like = frame[(frame["size"] == run["size"]) & (frame["channels"] == run["channels"])]
    both = [like[like["dataset"].isin(kind)]["run"].tolist() for kind in (DIGITS, HARDER)]
    ids = [str(run["run"]) if run["run"] in kind else str(kind[-1]) for kind in both if kind]
    kept = ask("last_snapshots", runs=ids)
    size, channels = int(run["size"]), int(run["channels"])
    rows = {each: clean_pictures.generated(kept[kept["run"] == each], size, channels) for each in ids}
    across = min((len(images) for images in rows.values()), default=0)
    if len(ids) < 2 or not across:
        return None
    picture = plate(np.stack([images[:across] for images in rows.values()]), 2, ids)
    return Evidence(picture, "The last pictures of both runs' trainings", "A column for each class, in its own order.")


def _drawn(run: pd.Series, ask: Ask, classes: Sequence[str], source: str) -> Evidence | None:
    """Pictures of several ways to draw, a row for each."""
    size, channels = int(run["size"]), int(run["channels"])
    if source == "S13":
        frame = ask("solver_steps_pictures", run=run["run"])
        own = frame[frame["network"] == run["run"]]
        frame_bytes = size * size * channels
        chosen = {
            f"{row.solver}, {row.evaluations}": unpack(bytes(row.pictures), size, channels)[:ACROSS]
            for row in own.itertuples() if row.pictures and len(row.pictures) % frame_bytes == 0
        }  # fmt: skip
        names = [name for name in chosen if name.startswith(("ddim", "ddpm"))]
    else:
        frame = _laws(run, ask, classes)
        chosen = {
            f"{law}, scale {scale:g}": np.concatenate([unpack(bytes(image), size, channels) for image in part["image"]])
            for (law, scale), part in frame.groupby(["law", "scale"])
        }
        names = [name for name in chosen if source == "S11" or name.startswith("constant")]
    rows = {name: chosen[name] for name in names if len(chosen[name]) >= 2}
    if not rows:
        return None
    across = min(ACROSS, *(len(images) for images in rows.values()), 99)
    cells: Bytes = np.stack([images[:across] for images in rows.values()])
    return Evidence(plate(cells, 2, list(rows)), "The same noise drawn in several ways", "The same noise in every row.")


def _laws(run: pd.Series, ask: Ask, classes: Sequence[str]) -> pd.DataFrame:
    """The kept pictures of the most steps swept, of the laws and scales at the ends of the sweep."""
    swept = ask("guided", run=run["run"])
    if swept.empty:
        return pd.DataFrame(columns=["law", "scale", "image"])
    labels = list(range(min(len(classes), ACROSS)))
    frame = ask("guided_shown", run=run["run"], labels=labels, steps=int(swept["steps"].max()))
    first = frame[frame["seed"] == frame["seed"].min()].sort_values("label")
    return first[
        first["law"].isin(("constant", "clip", "shuffled")) & first["scale"].isin((0.0, 1.0, frame["scale"].max()))
    ]
