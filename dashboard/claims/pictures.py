"""A picture for each statement of the source, from what a run has stored; a statement without pictures has none."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from dashboard import run_facts
from dashboard.data import clip_scores
from dashboard.forward import clean_pictures, process
from dashboard.network import ablations
from dashboard.pictures import snapshots, trajectories
from dashboard.pictures.grid import plate
from dashboard.pictures.pixels import Bytes, unpack
from evaluator.claims.harder_data import DIGITS, HARDER
from evaluator.clip.judge import MEAN
from evaluator.experiments.ablation_figures import LABEL, NONE, SKIPS, STEPS, TIME, skips_at
from firstlight.errors import SamplerError
from firstlight.levels import levels

Ask = Callable[..., pd.DataFrame]
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
    return PICTURES[source](run, ask) if source in PICTURES else None


def _classes(run: pd.Series) -> list[str]:
    return run_facts.class_names(run)


def _shape(run: pd.Series) -> tuple[int, int]:
    """Height and width of a run's pictures, and their channels."""
    return int(run["size"]), int(run["channels"])


def _fading(run: pd.Series, ask: Ask) -> Evidence | None:
    """A clean picture along the run's own levels."""
    classes = _classes(run)
    label = min(FADING, len(classes) - 1)
    image, kind = _clean(run, ask, label, classes[label])
    try:
        grid = levels(str(run["levels"]), int(run["sampling_steps"]))[::-1]
    except (SamplerError, TypeError, ValueError):  # a run that nobody said how to draw with
        return None
    if image is None:
        return None
    grid = grid[trajectories.evenly(len(grid), MOMENTS)]
    x = process.noised(image, grid)
    cells = np.clip((x.transpose(0, 2, 3, 1) + 1) * 127.5, 0, 255).astype(np.uint8)[None]
    picture = plate(cells, 2, [], [[f"{level:.1f}" for level in grid]], ["logSNR"])
    what = f"A {kind} {classes[label]}"
    return Evidence(picture, f"{what} fading into noise", f"{what} along the levels that {run['run']} is sampled at.")


def _clean(run: pd.Series, ask: Ask, label: int, name: str) -> tuple[Bytes | None, str]:
    """A real picture of the class where one of the run's shape is bundled, else the last one kept; and its kind."""
    size, channels = _shape(run)
    real = clean_pictures.real(str(run["dataset"]), name, size)
    if len(real) and real.shape[1:] == (size, size, channels):
        return real[0], "real"
    frame = ask("last_snapshots", runs=[run["run"]])
    kept = clean_pictures.generated(frame[frame["label"] == label], size, channels)
    return (kept[0] if len(kept) else None), "generated"


def _without(run: pd.Series, ask: Ask, parts: Sequence[str]) -> Evidence | None:
    """The whole network's pictures, and those without a part."""
    frame = ask("ablations", run=run["run"])
    kept = frame[frame["image"].notna()]
    names = set(frame["part"])
    if kept.empty:
        return None
    if SKIPS in parts:
        sizes = [int(name.split()[1]) for name in names if name.startswith(f"{SKIPS} ")]
        parts = [skips_at(size) for size in sorted(sizes, reverse=True)] + list(parts)
    some = kept[kept["seed"] == kept["seed"].min()]
    picture = ablations.plate_of(run, some, [NONE, *(part for part in parts if part in names)])
    return Evidence(picture, "The same noise with all parts in place and without", "The same noise in every row; amber "
                    "corner: the judge sees another class.")  # fmt: skip


def _strips(run: pd.Series, ask: Ask, digits: str) -> Evidence | None:
    """Where x_t becomes recognizable, of these digits; of the first classes where a run draws something else."""
    classes = _classes(run)
    labels = [label for label, name in enumerate(classes) if name in digits] if len(classes) == 10 else []
    choices = ask("trajectory_choices", run=run["run"]).drop_duplicates("label").set_index("label")["sample"]
    labels = [label for label in (labels or range(len(classes))) if label in choices.index][:6]
    stacks = [(classes[label], trajectories.stack(run, ask, int(choices[label]))) for label in labels]
    strips = [(name, *stack) for name, stack in stacks if stack is not None]
    if not strips:
        return None
    first = strips[0][2]
    places = first[trajectories.evenly(len(first), trajectories.COLUMNS)]
    cells = np.stack([frames[[int(np.abs(own - place).argmin()) for place in places]] for _, frames, own in strips])
    picture = plate(cells, 2, [name for name, *_ in strips], [[f"{place:.0f}" for place in places]], ["% of steps"])
    return Evidence(picture, "x_t of single pictures along the steps", "x_t of one stored picture of each, same noise.")


def _training(run: pd.Series, ask: Ask) -> Evidence | None:
    picture = snapshots.through_training(ask("snapshots", run=run["run"]), run, _classes(run))
    says = "Classes down, epochs across; the same noise in every column."
    return None if picture is None else Evidence(picture, "Pictures kept through the training", says)


def _scored(run: pd.Series, ask: Ask) -> Evidence | None:
    """The pictures that CLIP's first judge scores best and worst of each class."""
    judges = clip_scores.judges(ask, str(run["run"]))
    if judges.empty:
        return None
    judge = str(judges["judge"].iloc[0])
    frame = ask("clip_pictures", run=run["run"], clip=judge, template=MEAN).sort_values("probability")
    (size, channels), classes = _shape(run), _classes(run)
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
    frame = ask("taught", also=run["run"])
    like = frame[(frame["size"] == run["size"]) & (frame["channels"] == run["channels"])]
    both = [like[like["dataset"].isin(kind)]["run"].tolist() for kind in (DIGITS, HARDER)]
    ids = [str(run["run"]) if run["run"] in kind else str(kind[-1]) for kind in both if kind]
    kept = ask("last_snapshots", runs=ids)
    size, channels = _shape(run)
    rows = {each: clean_pictures.generated(kept[kept["run"] == each], size, channels) for each in ids}
    across = min((len(images) for images in rows.values()), default=0)
    if len(ids) < 2 or not across:
        return None
    picture = plate(np.stack([images[:across] for images in rows.values()]), 2, ids)
    return Evidence(picture, "The last pictures of both runs' trainings", "A column for each class, in its own order.")


def _solvers(run: pd.Series, ask: Ask) -> Evidence | None:
    """The same noise by the run's own solvers, a row for each number of evaluations."""
    frame, (size, channels) = ask("solver_steps_pictures", run=run["run"]), _shape(run)
    own = frame[frame["network"] == run["run"]]
    own = own[[name.startswith(("ddim", "ddpm")) for name in own["solver"]]]
    return _same_noise({
        f"{row.solver}, {row.evaluations}": unpack(bytes(row.pictures), size, channels)
        for row in own.itertuples() if row.pictures and len(row.pictures) % (size * size * channels) == 0
    })  # fmt: skip


def _laws(run: pd.Series, ask: Ask, laws: Sequence[str]) -> Evidence | None:
    """The same noise under guidance laws, the most steps swept, at the ends of the scales swept."""
    swept = ask("guided", run=run["run"])
    if swept.empty:
        return None
    labels = list(range(min(len(run["classes"]), ACROSS)))
    frame = ask("guided_shown", run=run["run"], labels=labels, steps=int(swept["steps"].max()))
    scales = (0.0, 1.0, frame["scale"].max())
    first = frame[(frame["seed"] == frame["seed"].min()) & frame["law"].isin(laws) & frame["scale"].isin(scales)]
    return _same_noise({
        f"{law}, scale {scale:g}": np.concatenate([unpack(bytes(image), *_shape(run)) for image in part["image"]])
        for (law, scale), part in first.sort_values("label").groupby(["law", "scale"])
    })  # fmt: skip


def _same_noise(rows: dict[str, Bytes]) -> Evidence | None:
    """A row for each way of drawing: its name and its pictures, (N, H, W, C); a way with fewer than two has none."""
    rows = {name: images[:ACROSS] for name, images in rows.items() if len(images) >= 2}
    if not rows:
        return None
    across = min(map(len, rows.values()))
    picture = plate(np.stack([images[:across] for images in rows.values()]), 2, list(rows))
    return Evidence(picture, "The same noise drawn in several ways", "The same noise in every row.")


PICTURES: dict[str, Callable[[pd.Series, Ask], Evidence | None]] = {
    "S1": _fading,
    "S2": partial(_without, parts=(STEPS,)),
    "S3": partial(_strips, digits="1785"),
    "S4": partial(_without, parts=(SKIPS,)),
    "S5": partial(_without, parts=(LABEL,)),
    "S6": partial(_without, parts=(TIME,)),
    "S8": _training,
    "S9": _scored,
    "S10": partial(_strips, digits="017358"),
    "S11": partial(_laws, laws=("constant", "clip", "shuffled")),
    "S12": partial(_laws, laws=("constant",)),
    "S13": _solvers,
    "S14": _harder,
}
