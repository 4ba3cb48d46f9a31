"""The same noise drawn by every solver with every number of evaluations."""

import numpy as np
import pandas as pd

from dashboard import run_facts
from dashboard.components import elements, inputs, remedy
from dashboard.data import archive
from dashboard.pictures.grid import plate
from dashboard.pictures.pixels import Bytes, unpack
from dashboard.steps.ways import Ways


def draw(at: Ways, label: int) -> None:
    """Solvers down, evaluations across, and the noise to choose."""
    frame = archive.ask("solver_steps_pictures", run=at.id)
    classes = run_facts.class_names(at.run)
    try:
        stacks = _stacks(frame["pictures"], int(at.run["size"]), int(at.run["channels"]))
        kept = min(map(len, stacks)) // len(classes)
        if not kept:
            raise ValueError("no picture of every class")
    except (ValueError, TypeError):
        remedy.note("The sample pictures cannot be read.", at.id, "steps", "Make them with")
        return
    place = (inputs.number("Noise sample", 1, kept, 1, "noise") - 1) * len(classes) + label
    alt = f"One noise drawn as {classes[label]}, solvers down, evaluations across"
    elements.picture(_plate(at, frame, stacks, place, label), alt, "solvers")
    elements.note(
        "The same noise in every cell; an amber corner: the judge takes it for another class; a crossed cell: "
        "not drawn."
    )


def _stacks(contents: pd.Series, size: int, channels: int) -> list[Bytes]:
    return [unpack(bytes(content), size, channels) for content in contents]


def _plate(at: Ways, frame: pd.DataFrame, stacks: list[Bytes], place: int, label: int) -> bytes:
    """One PNG of the pictures at a place of every stack, (N, H, W, C); those judged as another label are marked."""
    solvers = frame["solver"].where(frame["network"] == at.id, "students")
    rows, columns = list(dict.fromkeys(solvers)), sorted(frame["evaluations"].unique().tolist())
    cells = np.zeros((len(rows), len(columns), *stacks[0].shape[1:]), np.uint8)
    missing, marked = set(np.ndindex(cells.shape[:2])), []
    for solver, evaluations, top, stack in zip(solvers, frame["evaluations"], frame["top"], stacks, strict=True):
        cell = rows.index(solver), columns.index(evaluations)
        cells[cell] = stack[place]
        missing.discard(cell)
        if np.frombuffer(top, np.uint8)[place] != label:
            marked.append(cell)
    return plate(cells, 2, rows, [[str(count) for count in columns]], ["evaluations"], marked=marked, missing=missing)
