"""Pictures under every law, scale and number of steps, from the same noise, before both judges.

Every cell keeps its finished blocks of seeds: a sweep goes on where it stopped, and one more law, scale or block costs
only itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from evaluator.experiments.resumable import Columns, Denoise, Plan, carry_out
from evaluator.experiments.subject import Subject
from evaluator.guidance.judges import CLIP, CNN, Judges, steering
from evaluator.provenance import denoiser_sha256
from firstlight.errors import RunError
from firstlight.run_folder import Run
from firstlight.table_schema import GUIDED
from sampler.generation import Settings, cost, noted, to_bytes
from sampler.guidance import HIGHEST_SCALE
from sampler.guidance_laws import LAWS, Steer, bounds, law_of, steered
from sampler.loop import sample
from sampler.noise import Noise
from sampler.session import Denoiser, load

UNGUIDED = (0.0, 1.0)  # of the constant law alone: without the label, and plain conditional
SEEDS = 17  # of a block; every class is drawn from each
FIRST_SEED = 600_000_000
KEPT = ("scales", "image")  # columns that only the first seed of a block keeps


@dataclass(frozen=True)
class Cell:
    """One way to draw."""

    law: str
    scale: float
    steps: int


def cells(laws: Sequence[str], scales: Sequence[float], steps: Sequence[int]) -> list[Cell]:
    """Every law at every scale, and the constant law at 0 and 1, which the others are held against.

    Raises SamplerError for an unknown law, and RunError for nothing to do and for a scale out of range.
    """
    if not (laws and scales and steps):
        raise RunError("Nothing is asked for; give --laws, --scales and --steps at least one value each.")
    for name in laws:
        law_of(name)
    wrong = next((scale for scale in scales if not 0 <= scale <= HIGHEST_SCALE / 2), None)
    if wrong is not None:
        raise RunError(f"A scale of {wrong:g} cannot be swept; give --scales from 0 to {HIGHEST_SCALE / 2:g}.")
    if min(steps) < 2:
        raise RunError(f"{min(steps)} steps leave no way to judge; give --steps numbers from 2.")
    tried = [Cell("constant", scale, count) for count in steps for scale in UNGUIDED]
    tried += [Cell(name, scale, count) for count in steps for name in LAWS if name in laws for scale in scales]
    return list(dict.fromkeys(tried))


@dataclass(frozen=True)
class Weaker:
    """The network that autoguidance pushes away from."""

    run: str
    denoiser: Denoiser
    sha256: str


def weaker_of(run: Run) -> Weaker:
    """The network of a run as the weaker one. Raises SamplerError where it has none."""
    return Weaker(run.id, load(run.denoiser), denoiser_sha256(run))


def drawn(
    subject: Subject,
    judges: Judges,
    tried: Sequence[Cell],
    settings: Settings,
    blocks: int,
    weaker: Weaker | None = None,
) -> pa.Table:
    """The rows GUIDED of all cells, every picture with its image; finished blocks come from the disk."""
    parts = []
    for number, cell in enumerate(tried, 1):
        own = replace(settings.in_steps(cell.steps), guidance=cell.scale)
        low, high = bounds(cell.law, own.guidance_low, own.guidance_high)
        noted_as = {
            "law": cell.law, "scale": cell.scale, "levels": own.table().logsnr.tolist(), "solver": own.solver,
            "eta": own.eta, "clip": own.clip, "interval": [low, high], "judges": judges.marks, "seeds": SEEDS,
            "seed": FIRST_SEED,
        }  # fmt: skip
        steer = steering(cell.law, judges, None if weaker is None else weaker.denoiser)
        if steer.weaker is not None and weaker is not None:
            noted_as["weaker"] = weaker.sha256
        each = subject.classes * cost(own, own.table().logsnr, steer)
        says = f"{number} of {len(tried)}: {cell.law} {cell.scale:g}, {cell.steps} steps"
        plan = Plan("guided", noted_as, blocks * SEEDS, "--blocks", SEEDS, each, says)
        parts.append(carry_out(subject, plan, _work(subject, judges, cell, own, steer)))
    return pa.concat_tables(parts)


def _work(subject: Subject, judges: Judges, cell: Cell, settings: Settings, steer: Steer) -> Any:
    return lambda items, denoise: _block(subject, judges, denoise, items, cell, settings, steer)


def _block(
    subject: Subject,
    judges: Judges,
    denoise: Denoise,
    items: range,
    cell: Cell,
    settings: Settings,
    steer: Steer,
) -> Columns:
    """Every class from each seed of a block, all together: the law `shuffled` exchanges scales among these."""
    seed = np.repeat([FIRST_SEED + item for item in items], subject.classes)
    label = np.tile(np.arange(subject.classes), len(items))
    table = settings.table()
    scales = np.full((len(label), table.steps), np.nan)
    reached = {name: np.zeros(len(label), bool) for name in (CNN, CLIP)}
    noise = Noise(seed.tolist(), subject.shape)
    ends = settings.guidance, settings.guidance_low, settings.guidance_high
    guide = steered(denoise, label, subject.classes, cell.law, *ends, steer.score, noted(scales), steer.weaker)
    for step in sample(guide, noise.start(), table, noise.draw):
        if step.index < table.steps - 1:
            for name in reached:
                reached[name] |= judges.look(name, np.clip(step.denoised, -1, 1))[0].argmax(axis=1) == label
    images = to_bytes(step.next)
    same = {"law": cell.law, "scale": cell.scale, "steps": cell.steps, "block": items.start // SEEDS,
            "evaluations": cost(settings, table.logsnr, steer)}  # fmt: skip
    columns: Columns = {name: [value] * len(label) for name, value in same.items()} | {
        "seed": seed, "label": label, "mean_scale": scales.mean(axis=1), "scales": list(scales.astype(np.float32)),
        "image": [image.tobytes() for image in images],
    }  # fmt: skip
    for name, hit in reached.items():
        chance = judges.look(name, pictures(images))[0]
        columns |= {name: chance.argmax(axis=1), f"{name}_probability": chance[np.arange(len(label)), label],
                    f"{name}_reached": hit}  # fmt: skip
    return columns


def pictures(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Stored pictures uint8 (N, H, W, C) as judges know them, (N, C, H, W) in [-1, 1]."""
    return np.asarray(images.transpose(0, 3, 1, 2) / np.float32(127.5) - 1, np.float32)


def slimmed(table: pa.Table) -> pa.Table:
    """The rows with image and scales of each block's first seed alone."""
    first = pa.array((table["seed"].to_numpy() - FIRST_SEED) % SEEDS == 0)
    columns = {
        name: pc.if_else(first, table[name], pa.scalar(None, GUIDED.field(name).type)) if name in KEPT else table[name]
        for name in table.column_names
    }
    return pa.table(columns, schema=GUIDED)
