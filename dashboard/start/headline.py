"""The sentence above the picture that comes out of the noise."""

from dashboard.axes import SOURCE
from dashboard.data.trajectories import Trajectory


def sentence(shown: Trajectory, name: str) -> str:
    """One sentence on when this one picture is recognized, and by whom. name: of its class."""
    looked, source = shown.looked, f"the source says around {SOURCE:.0f} %"
    if looked.empty:
        return f"This {name} comes out of the noise step by step."
    judge = looked["judge"].iloc[0]
    if shown.point is None:
        return f"{judge} does not recognize this {name}, even when it is finished; {source}."
    done = 100 * shown.point / int(shown.row["steps"])
    return f"{judge}, a network that reads digits, recognizes this {name} from {done:.0f} % of its steps on; {source}."
