"""The sentence above the loss."""

import pandas as pd

from firstlight.counts import counted

LOSS = "The loss"  # what a run's loss is called here, whatever its own name


def sentence(ends: pd.DataFrame, run: str, metric: str = LOSS) -> str:
    """One sentence on a metric of a run, as it was logged: from where to where. ends: the query `loss_ends`.

    Whether it fell is a matter of intervals (S7), and the lowest of many noisy values is their luck.
    """
    part = ends[ends["run"] == run].iloc[0]
    if pd.isna(part["first"]):
        return f"{metric} of {run} was never a finite number."
    time = counted(part["step"], "step") if pd.isna(part["epoch"]) else f"{part['epoch']:.1f} epochs"
    text = f"{metric} of {run} went from {part['first']:.3g} to {part['last']:.3g}"
    mean = f"; the last is the mean of {part['stretch']:,.0f} steps" if part["stretch"] > 1 else ""
    if not pd.isna(part["broken"]):
        what = "it diverged" if metric == LOSS else "it was first no finite number"
        mean += f"; {what} at step {part['broken']:,.0f}"
    return f"{text}.\nIn {time}{mean}."
