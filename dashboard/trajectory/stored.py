"""A stored trajectory: its frames, its judgements, its recognition point, and which ones the page shows."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import axes, run_facts
from dashboard.axes import SOURCE
from dashboard.components import elements, inputs, remedy
from dashboard.components.scrubber import Strip
from dashboard.data import archive
from dashboard.pictures import trajectories as pictures_trajectories
from dashboard.pictures.pixels import Bytes
from evaluator.recognizability import thresholds
from evaluator.recognizability.points import recognized


@dataclass(frozen=True)
class Trajectory:
    """One trajectory."""

    row: pd.Series  # of the query `trajectory`
    stacks: dict[str, Bytes]  # view -> (F, H, W, C)
    frames: pd.DataFrame  # F rows: step, percent, logsnr, sigma, ou
    judged: pd.DataFrame  # of the query `judgement_curve`; empty where nothing was judged
    view: str = "x"
    threshold: float = thresholds.THRESHOLD

    @property
    def looked(self) -> pd.DataFrame:
        """What the judge said of x_t, a row for each step that was judged; there may be fewer frames."""
        return self.judged[self.judged["view"] == self.view].drop_duplicates("step").sort_values("step")

    @property
    def point(self) -> int | None:
        """The step from which on the judge recognizes x_t to the end; None is never, or not judged."""
        rows = self.looked
        hit = ((rows["top"] == rows["label"]) & (rows["probability"] >= self.threshold)).to_numpy()
        frame = int(recognized(hit[None])[0][0]) if len(hit) else 0
        return int(rows["step"].iloc[frame]) if frame < len(hit) else None

    def strip(self, name: str, classes: Sequence[str]) -> Strip:
        """As a row of the scrubber."""
        return Strip(name, self.stacks, self.frames, self.judged, classes, self.point)


def chosen(run: pd.Series, label: int) -> list[Trajectory]:
    """The trajectory of the chosen class and noise first, then those of other classes. Ends the page without one."""
    choices = archive.ask("trajectory_choices", run=run["run"])
    classes = run_facts.class_names(run)
    if choices.empty:
        remedy.stop(f"{run['run']} has no trajectories.", str(run["run"]), "trace")
    of_class = choices[choices["label"] == label]
    if of_class.empty:
        elements.stop(f"{run['run']} has no trajectory of {classes[label]}; choose another class.")
    seeds = [str(seed) for seed in of_class["seed"].drop_duplicates()]
    with st.container(horizontal=True):
        seed = int(inputs.pick("Noise seed", seeds, seeds[0], "noise"))
        same = choices[choices["seed"] == seed].drop_duplicates("label").set_index("label")["sample"]
        offered = [name for place, name in enumerate(classes) if place in same.index and place != label]
        names = inputs.several("Other classes, same noise", offered, "beside", "other classes")
    others = [read(run, int(same[place])) for place, name in enumerate(classes) if name in names]
    return [read(run, int(same[label])), *others]


def read(run: pd.Series, sample: int) -> Trajectory:
    """The stored sample with its judgements. Ends the page where it cannot be shown."""
    row = archive.ask("trajectory", run=run["run"], sample=sample).iloc[0]
    try:
        stacks = pictures_trajectories.frames_of(row, int(run["size"]), int(run["channels"]))
    except ValueError as error:
        remedy.stop(f"Sample {sample} of {run['run']} cannot be shown: {error}.", str(run["run"]), "trace")
    frames = axes.frames(np.asarray(row["frames"], int), int(row["steps"]), np.asarray(row["logsnr"], float))
    judged = archive.ask("judgement_curve", run=run["run"], sample=sample)
    return Trajectory(row, stacks, frames, judged, threshold=thresholds.threshold(archive.folder(run), "x"))


def strips(trajectories: Sequence[Trajectory], classes: Sequence[str]) -> list[Strip]:
    """Rows of the scrubber, classes in their order."""
    ordered = sorted(trajectories, key=lambda one: int(one.row["label"]))
    return [one.strip(classes[int(one.row["label"])], classes) for one in ordered]


def step_of_link(trajectory: Trajectory) -> int:
    """The step in the URL, or the source's 70 %."""
    asked, steps = st.query_params.get("step"), trajectory.frames["step"].tolist()
    default = round(SOURCE / 100 * float(steps[-1]))
    if asked is None:
        return default
    if asked.isdecimal() and len(asked) < 6 and steps[0] <= int(asked) <= steps[-1]:
        return int(asked)
    inputs.refuse("step")
    del st.query_params["step"]
    return default


def check_place() -> None:
    """Take a place that is no number out of the URL, with a notice; the browser reads the others itself."""
    asked = st.query_params.get("at")
    if asked is not None and not re.fullmatch(r"-?\d{1,3}(\.\d{1,3})?", asked):
        inputs.refuse("at")
        del st.query_params["at"]
