"""The sentence above a drawing: what is seen in it, what a student makes of it, and where it becomes something else."""

from collections.abc import Sequence

from dashboard.draw.quick_answer import Live
from dashboard.draw.way_back import NOT_YET, Turns
from dashboard.format import share, written
from evaluator.stats.intervals import Estimate, side, wilson
from firstlight.counts import counted
from firstlight.interval_text import listed


def at(level: float) -> str:
    """A level for people."""
    return written(level, ".2g") if abs(level) < 1 and level % 1 else written(level, ".1f").removesuffix(".0")


def drawing(name: str, judge: str) -> str:
    """What a judge sees in the drawing itself."""
    return f"{judge} sees {name} in your drawing"


def live(found: Live, names: Sequence[str], judge: str, student: str) -> str:
    """The sentence of a student's ways back: told what the judge sees, and told nothing."""
    if found.top == NOT_YET:
        many = counted(len(found.levels), "level")
        return f"{student} brings your drawing back from {many}; no judge says what it shows."
    first, *other = (listed([names[int(place)] for place in row.top]) for row in found.rows)
    told = "told that, " if found.rows[0].told != NOT_YET else ""
    more = " from ever more noise" if len(found.levels) > 1 else ""
    untold = "".join(f"; told nothing, {each}" for each in other)
    levels = listed([at(level) for level in found.levels])
    return (
        f"{drawing(names[found.top], judge)}; {told}{student} brings back {first}{more}{untold}.\nFrom logSNR {levels}."
    )


def made(found: Live, student: str) -> str:
    """How a student's ways back were made, and what they say of the noise, sentences."""
    text = f"{student} knows these levels below pure noise, and brings the drawing back from each"
    if len(found.rows) == 1:
        return (
            f"{text}. It is {'told a class' if found.rows[0].told != NOT_YET else 'not told what the drawing shows'}."
        )
    return (
        f"{text} twice: told what the judge sees, and told nothing. What comes back where it was told is no evidence "
        "that the noise left anything of the class; the row where it was told nothing shows that."
    )


def kept(found: Turns, place: int, top: int) -> Estimate:
    """The share of the draws at a level that come back as the class that is seen in the drawing."""
    made = found.made(place)
    return wilson(int((found.top[place, :made] == top).sum()), made)


def turning(found: Turns, names: Sequence[str], top: int, run: str) -> str:
    """Where the drawing stays what it is and where it becomes something else, as far as the draws can say.

    The shares that it rests on stand on the next line. It stays where the interval of the share that stays lies above a
    half, at this and every level of less noise; it becomes something else where it lies below, at this and every level
    of more.
    """
    places = range(len(found.levels))
    sides = [side(kept(found, place, top), 0.5) for place in places]
    stays = next((place for place in places if all(each > 0 for each in sides[place:])), None)
    turns = next((place for place in reversed(places) if all(each < 0 for each in sides[: place + 1])), None)
    name = names[top]
    parts, shares = list[str](), list[str]()
    if stays is not None:
        parts.append(f"stays {name} down to logSNR {at(found.levels[stays])}")
        shares.append(_told(found, stays, top))
    if turns is not None:
        parts.append(f"becomes something else from {at(found.levels[turns])} down")
        shares.append(_told(found, turns, top))
    if not found.done:
        return begins(found, run)
    if not parts:
        return f"Brought back by {run}, so few draws cannot say at which noise your {name} becomes something else."
    return f"Brought back by {run}, your drawing {' and '.join(parts)}.\nStill {name}: {'; '.join(shares)}."


def begins(found: Turns, run: str) -> str:
    """What is said before anything was drawn."""
    return f"{run} brings your drawing back from {counted(len(found.levels), 'level')}, draw after draw."


def _told(found: Turns, place: int, top: int) -> str:
    """A level, and the share that stays there with its interval and n."""
    share_kept = kept(found, place, top)
    return f"at {at(found.levels[place])}, {share(share_kept, 0)} of {share_kept.n} draws"
