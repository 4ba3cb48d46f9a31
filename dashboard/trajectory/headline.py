"""The sentence above a trajectory and the one above its forks, and how each was drawn."""

import math

import pandas as pd

from dashboard.axes import SOURCE, source_on
from dashboard.data.trajectories import Trajectory
from dashboard.format import number, share, source_in_words
from dashboard.trajectory.fork import Continuations
from evaluator.recognizability.schedules import SEVENTY
from evaluator.stats.intervals import wilson
from firstlight.counts import counted


def sentence(trajectory: Trajectory, name: str) -> str:
    """One sentence on when this picture is recognized."""
    if trajectory.judged.empty:
        return f"No judge has looked yet at this {name} on its way out of the noise."
    place = source_on(trajectory.frames, "logsnr")
    unmarked = f", {source_in_words(place, 'logSNR')}" if math.isinf(place) else ""
    source = f"the source says around {SOURCE:.0f} % of its own"
    level = f"{SOURCE:.0f} % of the source's steps is logSNR {number(SEVENTY, 'logSNR', 1)}{unmarked}."
    looked = trajectory.looked
    judge = looked["judge"].iloc[0]
    if trajectory.point is None:
        return f"{judge} does not recognize this {name}, even when it is finished; {source} steps.\n{level}"
    logsnr = float(looked.loc[looked["step"] == trajectory.point, "logsnr"].iloc[0])
    missed = looked.loc[looked["step"] < trajectory.point, "step"]
    not_yet = f", not yet at step {missed.max()}" if len(missed) else ""
    done = 100 * trajectory.point / int(trajectory.row["steps"])
    return (
        f"{judge} recognizes this {name} in x_t from {done:.0f} % of the steps on; {source}.\n"
        f"Step {trajectory.point}, logSNR {number(logsnr, 'logSNR')}{not_yet}, with probability "
        f"{trajectory.threshold:.2f} or more. {level}"
    )


def setting(row: pd.Series) -> str:
    """How a stored trajectory was drawn."""
    how = f"{row['solver']}, {counted(row['steps'], 'step')}, guidance {row['guidance']:g}, noise {row['seed']}"
    return f"{row['run']}, sample {row['sample']}: {how}."


def fork_sentence(made: Continuations) -> str:
    """One sentence on how many continuations stay what they were."""
    fork = made.fork
    where, level = f"step {fork.step} of {fork.steps}", f"logSNR {number(fork.logsnr, 'logSNR')}"
    told = "the network told the class" if fork.with_label else "the network not told the class"
    if made.verdicts is None:
        return f"{counted(fork.count, 'continuation')} from {where}; {told}.\nThat step is at {level}. {made.remark}"
    stay = "stays" if made.stay == 1 else "stay"
    part = share(wilson(made.stay, fork.count))
    return f"{made.stay} of {fork.count} {stay} a {fork.name}, {part}.\nContinued from {where} ({level}), {told}."


def fork_setting(made: Continuations) -> str:
    """How the continuations were drawn."""
    drawn = made.drawn
    known = "" if made.moved is None else (
        f" The network knows levels of its own: this x_t was taken for one at logSNR {number(made.moved, 'logSNR')}, "
        "the nearest of them."
    )  # fmt: skip
    marked = " An amber corner marks what the judge takes for another class." if made.other.any() else ""
    return (
        f"Drawn with {made.solver} up to here, then in ancestral steps, which add fresh noise each time: a solver "
        f"without noise has one way on only. {counted(drawn.total, 'step')} over the levels that the run has left, "
        f"{counted(drawn.evaluations, 'evaluation')} of the network for each picture, "
        f"{drawn.seconds:.1f} s on {drawn.provider}.{known}{marked}"
    )
