"""The run that somebody draws for: its networks, its judges, and what its pictures are."""

from dataclasses import dataclass

import pandas as pd

from dashboard.data import archive
from dashboard.draw import networks, way_back
from dashboard.draw.networks import Student, Teacher
from dashboard.draw.way_back import Judges
from firstlight.run_folder import Run
from firstlight.run_json import card_of


@dataclass(frozen=True)
class Place:
    """The run that one draws for, its networks and its judges."""

    run: pd.Series  # a row of the query `runs`
    folder: Run
    student: Student | str  # or why there is none
    teacher: Teacher | str
    judges: Judges
    stamp: str  # another one where any of their files are others


def place(run: pd.Series) -> Place:
    """The run's networks and judges. Raises SamplerError where its own network cannot be loaded."""
    folder, quick, slow = archive.folder(run), networks.student(run), networks.teacher(run)
    files = [archive.stamp(each) for each in _ids(run, quick, slow)]
    return Place(run, folder, quick, slow, way_back.judges(folder), repr(files))


def _ids(run: pd.Series, *found: Student | Teacher | str) -> list[str]:
    """The runs that are asked."""
    return [str(run["run"]), *(each.name for each in found if not isinstance(each, str))]


def form(place: Place) -> tuple[str, int, int, int]:
    """What the run's pictures are: data set, size, channels, and how many black pixels are on each side."""
    pad = int(card_of(place.folder)["config"].get("pad") or 0)
    return str(place.run["dataset"]), int(place.run["size"]), int(place.run["channels"]), pad
