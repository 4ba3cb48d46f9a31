"""What the Trajectory page follows: one stored sample, its frames, its judgements and its recognition point."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import controls, grids, recognition, ui
from dashboard.charts import SOURCE
from dashboard.pictures import Bytes
from sampler.levels import noise_to_signal, ou_time


@dataclass(frozen=True)
class Followed:
    """One trajectory."""

    row: pd.Series  # of the query `trajectory`
    stacks: dict[str, Bytes]  # view -> (F, H, W, C)
    frames: pd.DataFrame  # F rows: step, percent, logsnr, sigma, ou
    judged: pd.DataFrame  # of the query `judgement_curve`; empty where nothing was judged
    view: str = "x"
    threshold: float = recognition.THRESHOLD

    @property
    def point(self) -> int | None:
        """The step from which on the judge recognizes x_t to the end; None is never, or not judged."""
        said = self.judged[self.judged["view"] == self.view].drop_duplicates("step").sort_values("step")
        hit = ((said["top"] == said["label"]) & (said["probability"] >= self.threshold)).to_numpy()
        staying = np.logical_and.accumulate(hit[::-1])[::-1]
        return int(said["step"].to_numpy()[staying.argmax()]) if staying.any() else None


def followed(run: pd.Series, label: int) -> Followed:
    """The trajectory of the chosen class and noise. Ends the page where there is none."""
    choices = ui.ask("trajectory_choices", run=run["run"])
    if choices.empty:
        ui.stop(f"{run['run']} has no trajectories. Make them with: python -m trainer trace {run['run']}")
    of_class = choices[choices["label"] == label]
    if of_class.empty:
        ui.stop(f"{run['run']} has no trajectory of {ui.class_names(run)[label]}; choose another class.")
    seeds = [str(seed) for seed in of_class["seed"].drop_duplicates()]
    seed = int(controls.pick("Noise seed", seeds, seeds[0], "noise"))
    sample = of_class.loc[of_class["seed"] == seed, "sample"].iloc[0]
    return read(run, int(sample))


def read(run: pd.Series, sample: int) -> Followed:
    """The stored sample with its judgements. Ends the page where it cannot be shown."""
    row = ui.ask("trajectory", run=run["run"], sample=sample).iloc[0]
    try:
        stacks = grids.frames_of(row, int(run["size"]), int(run["channels"]))
    except ValueError as error:
        ui.stop(
            f"Sample {sample} of {run['run']} cannot be shown: {error}. "
            f"Make it again with: python -m trainer trace {run['run']}"
        )
    logsnr = np.asarray(row["logsnr"], float)
    steps = np.asarray(row["frames"], int)
    frames = pd.DataFrame({
        "step": steps, "percent": 100 * steps / row["steps"], "logsnr": logsnr,
        "sigma": noise_to_signal(logsnr), "ou": ou_time(logsnr),
    })  # fmt: skip
    judged = ui.ask("judgement_curve", run=run["run"], sample=sample)
    return Followed(row, stacks, frames, judged, threshold=recognition.threshold(ui.folder(run), "x"))


def step_asked(found: Followed) -> int:
    """The step in the URL, or the source's 70 %."""
    asked, steps = st.query_params.get("step"), found.frames["step"].tolist()
    default = round(SOURCE / 100 * float(steps[-1]))
    if asked is None:
        return default
    if asked.isdecimal() and len(asked) < 6 and steps[0] <= int(asked) <= steps[-1]:
        return int(asked)
    controls.refuse("step")
    del st.query_params["step"]
    return default
