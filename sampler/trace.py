"""Denoising trajectories of an exported denoiser, without torch: the same noise for every class."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from tqdm import tqdm

from firstlight.command_text import flag, typed
from firstlight.counts import counted
from firstlight.errors import RunError
from firstlight.run_folder import Run
from firstlight.run_writes import store_table
from firstlight.table_schema import METADATA, TRAJECTORIES, X_RANGE
from sampler.generation import Settings, settings_of, to_bytes
from sampler.guidance import candidates, filled, scale_at
from sampler.loop import sample
from sampler.noise import Noise, Pictures
from sampler.request import check_known
from sampler.session import Denoiser, load, report_of

FRAMES = 25  # kept of a chain, about, where nothing else is asked for
AT_ONCE = 4  # noise seeds drawn together, with every class each


class Candidates:
    """A guided denoiser that keeps x̂0 of the last step, with the label and, where it knows that, without."""

    def __init__(self, denoiser: Denoiser, label: NDArray[np.int64], settings: Settings) -> None:
        self.denoiser, self.label, self.settings = denoiser, label, settings
        self.conditional: Pictures | None = None
        self.unconditional: Pictures | None = None

    def __call__(self, x: Pictures, logsnr: float) -> Pictures:
        """What the loop takes for the picture, (N, C, H, W)."""
        level, own = filled(x, logsnr), self.settings
        if self.denoiser.no_label:
            unlabelled = np.full_like(self.label, len(self.denoiser.classes))
            self.conditional, self.unconditional = candidates(self.denoiser, x, level, self.label, unlabelled)
            scale = scale_at(logsnr, own.guidance, own.guidance_low, own.guidance_high)
            return self.unconditional + np.float32(scale) * (self.conditional - self.unconditional)
        self.conditional = self.denoiser(x, level, self.label)
        return self.conditional


def trace(
    denoiser: Denoiser, settings: Settings, per_class: int, every: int, progress: Callable[[int], Any]
) -> pa.Table:
    """Trajectories of `per_class` pictures of every class, drawn by `settings`, as trajectories.parquet holds them.

    Every `every`-th step is kept, and always the first and the last. `progress` is told the pictures done.
    """
    table = settings.table()
    classes, kept = len(denoiser.classes), sorted({*range(0, table.steps, every), table.steps})
    levels = table.logsnr[kept].tolist()
    rows: list[dict[str, Any]] = []
    for first in range(0, per_class, AT_ONCE):
        seeds = range(first, min(first + AT_ONCE, per_class))
        seed, label = (part.ravel() for part in np.meshgrid(seeds, np.arange(classes), indexing="ij"))
        stacks = _chains(denoiser, settings, label.astype(np.int64), seed, kept)
        for i in range(len(label)):
            row = {"sample": len(rows), "label": int(label[i]), "seed": int(seed[i]), "frames": kept, "logsnr": levels}
            row |= {"solver": settings.solver, "steps": table.steps, "guidance": settings.guidance}
            rows.append(row | {view: None if stack is None else stack[i].tobytes() for view, stack in stacks.items()})
        progress(len(label))
    return pa.Table.from_pylist(rows, schema=TRAJECTORIES)


def _chains(
    denoiser: Denoiser, settings: Settings, label: NDArray[np.int64], seed: NDArray[np.int64], kept: list[int]
) -> dict[str, NDArray[np.uint8] | None]:
    """The kept frames of each view, uint8 (N, frames, H, W, C); None for what the network does not know."""
    noise, both = Noise(seed.tolist(), denoiser.shape), Candidates(denoiser, label, settings)
    stacks: dict[str, list[NDArray[np.uint8] | None]] = {"x": [], "denoised": [], "unconditional": []}
    for step in sample(both, noise.start(), settings.table(), noise.draw):
        if step.index in kept:
            views = (step.x / X_RANGE, both.conditional, both.unconditional)
            for stack, view in zip(stacks.values(), views, strict=True):
                stack.append(None if view is None else to_bytes(view))
    for name, stack in stacks.items():
        stack.append(to_bytes(step.next / (X_RANGE if name == "x" else 1.0)))
    return {name: None if stack[0] is None else np.stack(stack, axis=1) for name, stack in stacks.items()}  # type: ignore[arg-type]


def trace_run(run: Run, per_class: int, every: int | None) -> None:
    """`firstlight trace` of an adopted run: its trajectories, by its own settings."""
    if per_class < 1:
        raise RunError("--per-class must be at least 1.")
    denoiser, settings = load(run.denoiser), settings_of(run)
    check_known(denoiser, [], settings.guidance)
    step, total = every or max(1, settings.table().steps // FRAMES), per_class * len(denoiser.classes)
    with tqdm(total=total, desc=f"trace {run.id}", unit="picture") as bar:
        table = trace(denoiser, settings, per_class, step, bar.update)
    made_of = json.dumps({"denoiser": report_of(run.denoiser)["sha256"]}).encode()
    store_table(run.trajectories, table.replace_schema_metadata({METADATA: made_of}))
    then = f"evaluate recognizability {typed(run)}" if len(denoiser.classes) > 1 else f"dashboard{flag(run.archive)}"
    none = "" if denoiser.no_label else " It knows none without a label, so x̂0 without one is left out."
    print(f"Traced {counted(total, 'picture')}.{none} Next: firstlight {then}")
