"""What `firstlight evaluate fit-judge` and `examine-judge` say to people."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluator.judges.judge import Judge
from firstlight.counts import counted
from firstlight.errors import JudgeError
from firstlight.interval_text import brackets, number, percent

HELD_OUT = 20  # test pictures of a class; fewer say little
WIDEST = 0.1  # 95 % interval of an accuracy that tells something


def report(judge: Judge) -> str:
    """How good a judge is, a line or two."""
    ends = brackets(*(number(100 * judge.card[end], ".1f") for end in ("low", "high")))
    share = f"{100 * judge.card['accuracy']:.2f} % {ends}"
    told = f"{judge.name}: {share} of {counted(judge.card['n'], 'real test picture')}"
    told += " at its cleanest level" if judge.kind == "noisy" else ""
    return told + (f"\n{judge.card['warning']}" if judge.card.get("warning") else "")


def warned(card: dict[str, Any], labels: NDArray[np.int64]) -> dict[str, str]:
    """The card's `warning` where too few pictures say how good a judge is; `labels` (N,) are those it learned from.

    Raises JudgeError where it is no better than always saying the same class.
    """
    accuracy = f"{percent(card | {'value': card['accuracy']}, 0)}, n = {card['n']:,}"
    held_out, learned = min(row["n"] for row in card["recall"]), int(np.bincount(labels).min())
    few = f"from {counted(learned, 'picture')} of a class it learned, and on {held_out} others of it it was examined"
    chance = max(row["n"] for row in card["recall"]) / card["n"]
    if card["low"] <= chance:
        raise JudgeError(
            f"{card['name']} is right on {accuracy}, which is no better than saying one class always, and is not kept: "
            f"{few}; give --data more pictures, or more --epochs."
        )
    if held_out >= HELD_OUT and card["high"] - card["low"] <= WIDEST:
        return {}
    wanted = HELD_OUT * (learned + held_out) / held_out
    return {
        "warning": f"{card['name']} is right on {accuracy}: {few}, so what it says is uncertain by as much; "
        f"{max(wanted, learned + held_out):.0f} pictures of each class or more would tell better."
    }
