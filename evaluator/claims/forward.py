"""What noise leaves of a real picture, and whether a run's forward process really ends in noise (S1).

Real test pictures before a judge of noisy ones; the figures stand on the judge's card.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from evaluator.stats.intervals import Estimate, combined, in_points
from evaluator.verdict import CANNOT, NOT, SUPPORTED, Claim, Verdict, below
from firstlight.interval_text import brackets, percent, real_minus

WORDS = "a clean digit fades into noise over many small steps; shown step by step for digits such as 3 and 7"
POINTS = "points of recognized"
FADES = Claim(
    "S1", "a picture fades", WORDS,
    "share of real test pictures that the noise-trained judge recognizes at the noisiest level it was examined at less "
    "that at the cleanest; supported where the 95 % interval lies below zero and no step towards noise raises the "
    "share beyond the intervals, not supported where one does or the interval lies above zero",
)  # fmt: skip
NOISE = Claim(
    "S1", "it ends in noise", WORDS,
    "share of real test pictures still recognized at the noisiest level of the run's own forward process, from the "
    "examined levels on either side; supported where it is surely below twice chance, not supported where it is surely "
    "above",
)  # fmt: skip


OURS = (-1.0, 1.0)  # the range of pictures that logSNR is told of


def s1(
    examined: Sequence[Mapping[str, Any]], noisiest: float, classes: int, pictures: tuple[float, float] = OURS
) -> tuple[Verdict, ...]:
    """A picture fades, and ends in noise.

    `examined`: the judge's accuracy by noise, as its card holds it: logsnr, value, low, high, n; `noisiest`: logSNR at
    the end of the run's forward process, of pictures in [-1, 1]; `pictures`: the range that the run itself has them in.
    """
    rows = [
        (float(row["logsnr"]), Estimate(float(row["value"]), float(row["low"]), float(row["high"]), int(row["n"])))
        for row in sorted(examined, key=lambda row: -float(row["logsnr"]))
    ]
    if len(rows) < 2:
        lacking = "The judge was examined at fewer than two noise levels."
        return tuple(Verdict(claim, CANNOT, lacking) for claim in (FADES, NOISE))
    return _fades(rows), _noise(rows, noisiest, classes, pictures)


def _fades(rows: Sequence[tuple[float, Estimate]]) -> Verdict:
    """Clean to noisy: the share falls, and never rises."""
    (clean, first), (noisy, last) = rows[0], rows[-1]
    effect = in_points(combined(((1, last), (-1, first))))
    rises = [b for (_, a), (b, later) in pairwise(rows) if later.low > a.high]
    verdict = NOT if rises else below(effect, 0)
    reason = (
        f"Of real test pictures {percent(first)} are recognized at logSNR {_level(clean)} and {percent(last)} at "
        f"{_level(noisy)}, "
        + (f"but more at {_level(rises[0])} than before." if rises else "and never more on the way.")
    )
    return Verdict(FADES, verdict, reason, effect, POINTS, None, last.n)


def _noise(
    rows: Sequence[tuple[float, Estimate]], noisiest: float, classes: int, pictures: tuple[float, float]
) -> Verdict:
    """At the end of the forward process, what is left lies between the shares of the levels on either side."""
    most = next((row for row in reversed(rows) if row[0] >= noisiest), None)  # a cleaner level: at most this
    least = next((row for row in rows if row[0] <= noisiest), None)  # a noisier one: at least this
    limit = 2 / classes
    low, high = (0.0 if least is None else least[1].low), (1.0 if most is None else most[1].high)
    verdict = SUPPORTED if high < limit else NOT if low > limit else CANNOT
    near = most or least
    assert near is not None  # there are rows on one side at least
    between = [f"{percent(row[1])} at {_level(row[0])}" for row in dict.fromkeys((most, least)) if row]
    reason = (
        f"The forward process ends at logSNR {_scaled(noisiest, pictures)}; of real test pictures "
        f"{' and '.join(between)} are still recognized, and twice chance is {100 * limit:.0f} %."
    )
    value = _between(most, least, noisiest)  # an end alone is no estimate
    effect = None if value is None else in_points(Estimate(value, low, high, near[1].n))
    return Verdict(NOISE, verdict, reason, effect, "% still recognized", None, near[1].n)


def _between(most: tuple[float, Estimate] | None, least: tuple[float, Estimate] | None, level: float) -> float | None:
    """The share at a level, on the straight line between those on either side; None where there is only one."""
    if most is None or least is None:
        return None
    return float(np.interp(level, [least[0], most[0]], [least[1].value, most[1].value]))


def _scaled(logsnr: float, pictures: tuple[float, float]) -> str:
    """A level with the range of pictures that it is of, and that of the run's own range where it is another."""
    ours = f"{_level(logsnr)} of pictures in [−1, 1]"
    if pictures == OURS:
        return ours
    own = logsnr + 2 * math.log((OURS[1] - OURS[0]) / (pictures[1] - pictures[0]))
    range_of_pictures = real_minus(brackets(*(f"{end:g}" for end in pictures)))
    return f"{ours}, {_level(own)} of the run's own in {range_of_pictures}"


def _level(logsnr: float) -> str:
    return real_minus(f"{logsnr:.3g}")
