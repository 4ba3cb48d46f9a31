"""Which picture fades, and along which noise schedule."""

from dataclasses import dataclass

import pandas as pd

from dashboard.components import control_bar, inputs
from dashboard.data import archive
from dashboard.forward import clean_pictures, schedules


@dataclass(frozen=True)
class Choice:
    """One picture on one schedule."""

    schedule: str
    kind: str  # of picture: real or generated
    which: int  # of that kind and class, from 0 on


def choice(run: pd.Series) -> Choice:
    """What is chosen on the page. Ends it where there is no picture to begin with."""
    schedule = inputs.choose("Noise schedule", schedules.schedules(archive.folder(run)), "schedule")
    kind = inputs.choose("Picture", clean_pictures.kinds(run), "picture")
    images = clean_pictures.pictures(run, kind, control_bar.chosen_class(run))
    return Choice(schedule, kind, inputs.number("Example", 1, len(images), 1, "which") - 1)
