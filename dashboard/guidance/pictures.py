"""Pictures of one class: laws down, scales across, the same noise everywhere."""

import numpy as np
import pandas as pd

from dashboard import run_facts
from dashboard.components import control_bar, elements
from dashboard.data import archive
from dashboard.guidance.choice import Choice
from dashboard.pictures.grid import plate
from dashboard.pictures.pixels import unpack
from evaluator.guidance.judges import referee
from firstlight.counts import counted
from sampler.guidance_laws import LAWS, name_of


def draw(at: Choice) -> None:
    """Pictures of one class: laws down, scales across, the same noise everywhere."""
    label = control_bar.chosen_class(at.run)
    frame = archive.ask("guided_shown", run=at.run["run"], labels=[label], steps=at.steps)
    if frame.empty:
        elements.note("No pictures of this class are kept.")
        return
    name, count = run_facts.class_names(at.run)[label], frame["seed"].nunique()
    for some, how, key in (
        (frame[frame["scale"] <= 1], "without guidance", "without-guidance"),
        (frame[frame["scale"] > 1], "by every guidance method", "under-every-law"),
    ):
        if len(some):
            alt = f"Pictures of {name} {how}: methods down, scales across, the same noise"
            elements.picture(_plate(at, some), alt, key)
    elements.note(
        f"Class {name}, {at.steps} steps; of every S the same {counted(count, 'noise')} in every row: above without "
        "guidance (S = 0: without the label), below by each method. An amber corner: the judge takes it for another "
        "class. The class is chosen in the bar above."
    )


def _plate(at: Choice, frame: pd.DataFrame) -> bytes:
    """Laws down, scales and their noises across."""
    laws = [law for law in LAWS if law in set(frame["law"])]
    scales, seeds = sorted(frame["scale"].unique()), sorted(frame["seed"].unique())
    size, channels = int(at.run["size"]), int(at.run["channels"])
    images = np.zeros((len(laws), len(scales) * len(seeds), size, size, channels), np.uint8)
    missing, marked = set(np.ndindex(images.shape[:2])), []
    for row in frame.itertuples():
        cell = (laws.index(row.law), scales.index(row.scale) * len(seeds) + seeds.index(row.seed))
        images[cell] = unpack(bytes(row.image), size, channels)[0]
        missing.discard(cell)
        if getattr(row, at.judge or referee(row.law)) != row.label:
            marked.append(cell)
    heads = [f"{scale:g}" if place == len(seeds) // 2 else "" for scale in scales for place in range(len(seeds))]
    return plate(images, 2, [name_of(law) for law in laws], [heads], ["S"], marked, missing)
