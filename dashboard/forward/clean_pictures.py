"""The clean pictures that a film begins with: bundled real ones, or those kept at the end of training."""

import numpy as np
import pandas as pd

from dashboard import run_facts
from dashboard.components import elements
from dashboard.data import archive, guests
from dashboard.pictures.pixels import Bytes, unpack
from dashboard.pictures.real_pictures import real_pictures


def kinds(run: pd.Series) -> list[str]:
    """The kinds of clean pictures that there are for a run's data set, the usual one first."""
    _, bundled = real_pictures(str(run["dataset"]))
    known = set(run_facts.class_names(run)) <= set(bundled) or (len(bundled) > 0 and not guests.labels(run))
    return ["real", "generated"] if known else ["generated"]


def pictures(run: pd.Series, kind: str, label: int) -> Bytes:
    """Pictures of one class to start from, (N, H, W, C). Ends the page where there are none."""
    if kind == "real":
        name = run_facts.class_names(run)[label] if guests.labels(run) else ""
        return real(str(run["dataset"]), name, int(run["size"]))
    frame = archive.ask("snapshots", run=run["run"], label=label)
    images = generated(frame[frame["step"] == frame["step"].max()], int(run["size"]), int(run["channels"]))
    if not len(images) and archive.ask("snapshots", run=run["run"], label=None).empty:
        elements.stop(
            f"There is no picture to begin with: {run['run']} kept none through training, and none of "
            f"{run['dataset']} is bundled. A training of your own keeps some with: run.snapshot(step, pictures, labels)"
        )
    if not len(images):
        elements.stop(f"{run['run']} kept no pictures of this class through training; choose another class.")
    return images


def real(dataset: str, name: str, size: int) -> Bytes:
    """The bundled real pictures of a class, (6, H, H, 1), black around them where a run's `size` is larger than theirs.

    None, (0, ...), of a class that they do not have; without a name, one of each class.
    """
    images, names = real_pictures(dataset)
    margin = max(size - images.shape[1], 0) // 2
    return np.pad(images[names == name] if name else images[::6], ((0, 0), (margin, margin), (margin, margin), (0, 0)))


def generated(frame: pd.DataFrame, size: int, channels: int) -> Bytes:
    """The pictures at the end of training of one class, (N, H, W, C). frame: the query `snapshots`, one step of it."""
    whole = [bytes(image) for image in frame["image"] if len(image) == size * size * channels]
    return np.concatenate(
        [np.zeros((0, size, size, channels), np.uint8), *(unpack(image, size, channels) for image in whole)]
    )
