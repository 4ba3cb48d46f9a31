"""The sentence above a trajectory, and how it was drawn."""

from typing import Any

import pandas as pd

from dashboard.axes import SOURCE
from dashboard.format import number


def sentence(found: Any, name: str) -> str:
    """One sentence on when this picture is recognized. found: following.Followed."""
    if found.judged.empty:
        return f"No judge has looked yet at this {name} on its way out of the noise."
    source = f"the source says around {SOURCE:.0f} %"
    judge = found.judged.loc[found.judged["view"] == found.view, "judge"].iloc[0]
    if found.point is None:
        return f"{judge} does not recognize this {name}, even when it is finished; {source}."
    row = found.frames[found.frames["step"] == found.point].iloc[0]
    return (
        f"{judge} recognizes this {name} in x_t from {row['percent']:.0f} % of the steps on (step {found.point}, "
        f"logSNR {number(row['logsnr'], 'logSNR')}), with probability {found.threshold:.2f} or more; "
        f"{source}."
    )


def made(row: pd.Series) -> str:
    """How a stored trajectory was drawn."""
    how = f"{row['solver']}, {row['steps']} steps, guidance {row['guidance']:g}, noise {row['seed']}"
    return f"{row['run']}, sample {row['sample']}: {how}."
