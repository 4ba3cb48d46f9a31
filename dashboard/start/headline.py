"""The sentence above the picture that comes out of the noise."""

from dashboard.axes import SOURCE
from dashboard.data.trajectories import Trajectory
from dashboard.format import place_in_words
from evaluator.stats.intervals import Estimate


def sentence(shown: Trajectory, name: str, half: Estimate | None) -> str:
    """When this one picture is recognized, and by whom; beside it, when half of all are.

    name: of its class; half: by how many per cent of the run's own steps half of its pictures are recognizable.
    """
    looked, source = shown.looked, f"The source says around {SOURCE:.0f} % of its own steps."
    if looked.empty or half is None:
        return f"This {name} comes out of the noise step by step."
    judge = looked["judge"].iloc[0]
    if shown.point is None:
        return f"{judge} does not recognize this {name}, even when it is finished (one picture).\n{source}"
    done = 100 * shown.point / int(shown.row["steps"])
    return (
        f"{judge}, a network that reads digits, recognizes this {name} from {done:.0f} % of its own steps on (one "
        f"picture), half of all pictures by {place_in_words(half, '% of steps')}, n = {half.n:,}.\n{source}"
    )
