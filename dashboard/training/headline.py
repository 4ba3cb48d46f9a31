"""The sentence above the loss."""

import pandas as pd

LOSS = "The loss"  # what a run's loss is called here, whatever its own name


def sentence(frame: pd.DataFrame, run: str, metric: str = LOSS) -> str:
    """One sentence on a metric of a run: from where to where. frame: the query `losses`.

    Whether it fell is a matter of intervals (S7), and the lowest of many noisy values is their luck.
    """
    part = frame[(frame["run"] == run)]
    kept = part.dropna(subset=["smooth"])
    if kept.empty:
        return f"{metric} of {run} was never a finite number."
    first, last = kept.iloc[0], kept.iloc[-1]
    time = f"{last['step']:,} steps" if pd.isna(last["epoch"]) else f"{last['epoch']:.1f} epochs"
    text = f"{metric} of {run} went from {first['smooth']:.3g} to {last['smooth']:.3g} in {time}"
    broken = part[part["value"].isna()]
    if broken.empty:
        return f"{text}."
    what = "it diverged" if metric == LOSS else "it was first no finite number"
    return f"{text}; {what} at step {broken['step'].iloc[0]:,}."
