"""What is seen at each level, in figures: in the noisy picture, by the network itself, and in what comes back."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dashboard.draw.choice import Choice
from dashboard.draw.headline import at
from dashboard.draw.networks import Teacher
from dashboard.draw.way_back import NOT_YET, Judges, Turns
from dashboard.format import share
from evaluator.stats.intervals import wilson
from firstlight.counts import counted

WAITING = "not yet"


def rows(found: Turns, top: int, names: Sequence[str], who: Judges, listens: bool) -> list[tuple[str, ...]]:
    """Headings, and a row for each level, the least noise first."""
    name = names[top]
    looks = [("noisy judge sees {} in it", found.noisy)] if who.noisy is not None else []
    looks += [("diffusion classifier names {}", found.named)] if listens else []
    looks += [("comes back as {}", found.top)]
    heads = ("logSNR", *(f"{look.format(name)}, % [95 %]" for look, _ in looks), "comes back most often as", "draws")
    return [
        heads,
        *(
            (at(found.levels[place]), *(_share(tops[place, : found.made(place)], top) for _, tops in looks),
             _most(found.top[place, : found.made(place)], names), f"{found.made(place)}")
            for place in reversed(range(len(found.levels)))
        ),
    ]  # fmt: skip


def _share(tops: NDArray[np.int64], top: int) -> str:
    """How many of the draws name the class of the drawing."""
    return share(wilson(int((tops == top).sum()), len(tops)), 0, "") if len(tops) else WAITING


def _most(tops: NDArray[np.int64], names: Sequence[str]) -> str:
    """The class that most draws came back as, or those that as many did; and how many."""
    if not len(tops) or NOT_YET in tops:
        return WAITING
    count = np.bincount(tops, minlength=len(names))
    best = np.flatnonzero(count == count.max())
    said = names[int(best[0])] if len(best) == 1 else " or ".join(names[int(each)] for each in best[:3])
    return f"{said} ({count.max()} of {len(tops)}{' each' if len(best) > 1 else ''})"


def words(teacher: Teacher, chosen: Choice, who: Judges) -> str:
    """How the rows were made, sentences."""
    steps = len(teacher.chain()) - 1
    told = "without a label"
    if not teacher.net.no_label or (chosen.told and who.clean is not None):
        told = f"told {'the class that the judge sees' if who.clean is not None else teacher.net.classes[0]}"
    if not teacher.net.no_label:
        told += ", because it knows no pictures without a label"
    text = (
        f"A U-turn: noised to a level, and brought back by {teacher.name}, {told}, along what lies ahead of an "
        f"ancestral chain of {counted(steps, 'step')}. Each draw has noise of its own, the same at every level, so "
        "levels agree with each other more than separate drawings would. Intervals are Wilson's, each for itself, of "
        "this drawing and this network alone."
    )
    if teacher.listens:
        text += (
            " The diffusion classifier names the label that explains the noise of one draw best; with little noise all "
            "labels see nearly the same picture, and it can hardly tell them apart."
        )
    else:
        text += f" {teacher.name} never learned to be told a class, so it names none itself."
    if teacher.net.known:
        text += (
            f" The network knows {counted(len(teacher.net.known), 'noise level')}; each level is the nearest of them."
        )
    return " ".join(filter(None, (text, who.remark)))
