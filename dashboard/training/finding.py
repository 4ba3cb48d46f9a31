"""The sentence above the loss."""

import pandas as pd

LOSS = "The loss"  # what a run's loss is called here, whatever its own name


def sentence(frame: pd.DataFrame, run: str, metric: str = LOSS) -> str:
    """One sentence on a metric of a run: from where to where, and its lowest. frame: the query `losses`."""
    part = frame[(frame["run"] == run)]
    kept = part.dropna(subset=["smooth"])
    if kept.empty:
        return f"{metric} of {run} was never a finite number."
    first, last, low = kept.iloc[0], kept.iloc[-1], kept.loc[kept["smooth"].idxmin()]
    time = f"{last['step']:,} steps" if pd.isna(last["epoch"]) else f"{last['epoch']:.1f} epochs"
    text = f"{metric} of {run} fell from {first['smooth']:.3g} to {last['smooth']:.3g} in {time}"
    if last["smooth"] > first["smooth"]:
        text = text.replace(" fell from ", " rose from ")
    broken = part[part["value"].isna()]
    if not broken.empty:
        what = "it diverged" if metric == LOSS else "it was first no finite number"
        return f"{text}; {what} at step {broken['step'].iloc[0]:,}."
    return f"{text}; its lowest, {low['smooth']:.3g}, was at step {low['step']:,}."
