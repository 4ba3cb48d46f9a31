"""A stored trajectory: its frames, its judgements, its recognition point."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from dashboard import axes
from dashboard.components import elements
from dashboard.components.scrubber import Strip
from dashboard.data import archive
from dashboard.pictures import trajectories as pictures_trajectories
from dashboard.pictures.pixels import Bytes
from evaluator.recognizability import thresholds
from evaluator.recognizability.points import recognized
from firstlight import remedy
from firstlight.run_folder import Run


@dataclass(frozen=True)
class Trajectory:
    """One trajectory."""

    row: pd.Series  # of the query `trajectory`
    stacks: dict[str, Bytes]  # view -> (F, H, W, C)
    frames: pd.DataFrame  # F rows: step, percent, logsnr, sigma, ou
    judged: pd.DataFrame  # of the query `judgement_curve`; empty where nothing was judged
    view: str = "x"
    threshold: float = thresholds.THRESHOLD

    @cached_property
    def looked(self) -> pd.DataFrame:
        """What the judge said of x_t, a row for each step that was judged; there may be fewer frames."""
        return self.judged[self.judged["view"] == self.view].drop_duplicates("step").sort_values("step")

    @cached_property
    def point(self) -> int | None:
        """The step from which on the judge recognizes x_t to the end; None is never, or not judged."""
        rows = self.looked
        hit = ((rows["top"] == rows["label"]) & (rows["probability"] >= self.threshold)).to_numpy()
        frame = int(recognized(hit[None])[0][0]) if len(hit) else 0
        return int(rows["step"].iloc[frame]) if frame < len(hit) else None

    def strip(self, name: str, classes: Sequence[str]) -> Strip:
        """As a row of the scrubber."""
        return Strip(name, self.stacks, self.frames, self.judged, classes, self.point)


def read(
    run: pd.Series, sample: int, ask: Callable[..., pd.DataFrame] = archive.ask,
    folder: Callable[[pd.Series], Run] = archive.folder,
) -> Trajectory:  # fmt: skip
    """The stored sample with its judgements, of the archive's run or of another's. Ends the page where it cannot be
    shown.
    """
    row = ask("trajectory", run=run["run"], sample=sample).iloc[0]
    try:
        stacks = pictures_trajectories.frames_of(row, int(run["size"]), int(run["channels"]))
    except ValueError as error:
        elements.stop(
            f"Sample {sample} of {run['run']} cannot be shown: {error}. {remedy.trajectories_by(folder(run))}"
        )
    frames = axes.frames(np.asarray(row["frames"], int), int(row["steps"]), np.asarray(row["logsnr"], float))
    judged = ask("judgement_curve", run=run["run"], sample=sample)
    return Trajectory(row, stacks, frames, judged, threshold=thresholds.threshold(folder(run), "x"))
