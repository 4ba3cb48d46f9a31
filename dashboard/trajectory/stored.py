"""Which stored trajectories the page shows, and from which step on."""

import re
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dashboard import run_facts
from dashboard.axes import SOURCE
from dashboard.components import elements, inputs, remedy
from dashboard.components.scrubber import Strip
from dashboard.data import archive
from dashboard.data.trajectories import Trajectory, read


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
