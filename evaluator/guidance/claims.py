"""What the source says about guidance (S11, S12), and whether a run's swept pictures say the same.

Verdicts are paired: the same noise under two laws, before the judge that did not guide.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluator.stats.bootstrap import mean
from evaluator.stats.intervals import Estimate, Numbers, Z, critical, in_points, share, share_difference
from evaluator.stats.permutation_tests import LEVEL, flipped, holm
from evaluator.verdict import CANNOT, NOT, SUPPORTED, Claim, Verdict, above
from firstlight.interval_text import percent, real_minus, with_interval

PROPOSED = (
    "at each step make a conditional and an unconditional candidate, let CLIP judge, blend with a CLIP-weighted factor"
)
FREE = "classifier-free guidance: train with dropped labels, blend at sampling time"
GAIN = 1.0  # points; a gain that the whole interval stays below is none
LABEL_MATTERS = 50.0  # points by which the label must matter
POINTS = "points of accuracy"
ROOM = "points of room, less than a gain"  # in the reason of a verdict that accuracy cannot give
JUDGED = "accuracy of the asked class by the CNN, which did not guide, on the same noise, labels and steps"
RULE = (
    "{judged}, {against}, all scales above 1 together, for each number of steps: supported where it is higher (sign "
    "flips of whole noise seeds, Holm over both comparisons and all numbers of steps, 5 %), not supported where the "
    "interval, widened for as many, stays below a gain of {gain:g} point; where the other leaves less room than that, "
    "nothing can be said"
)
S11 = {
    "constant": Claim(
        "S11", "better than a constant scale", PROPOSED,
        RULE.format(judged=JUDGED, gain=GAIN, against="against a constant scale of the same mean over pictures and "
                    "steps, by a straight line between the constant scales drawn on either side"),
    ),
    "shuffled": Claim(
        "S11", "better than the same weights shuffled among pictures", PROPOSED,
        RULE.format(judged=JUDGED, gain=GAIN, against="against the same scale, whose mean is the same"),
    ),
}  # fmt: skip
WORDS = {"constant": "a constant scale of the same mean", "shuffled": "their shuffled control"}
DROPPED = Claim(
    "S12", "one network with and without the label", FREE,
    f"{JUDGED}, constant scale 1 less scale 0: supported where the whole 95 % interval lies above {LABEL_MATTERS:g} "
    "points, not supported where it lies below",
)  # fmt: skip
BLENDED = Claim(
    "S12", "blending strengthens the class", FREE,
    f"{JUDGED}, constant scales above 1 against scale 1: supported where one of them is higher (sign flips of whole "
    "noise seeds, Holm over scales and steps, 5 %), not supported where every interval, widened for as many, stays "
    f"below a gain of {GAIN:g} point; where scale 1 leaves less room than that, nothing can be said",
)  # fmt: skip

Hits = NDArray[np.bool_]


@dataclass(frozen=True)
class Rows:
    """The columns of GUIDED that a verdict needs."""

    law: NDArray[np.str_]
    scale: NDArray[np.float64]
    steps: NDArray[np.int64]
    seed: NDArray[np.int64]
    right: Hits  # by the CNN
    mean_scale: NDArray[np.float64]

    def of(self, law: str, scale: float, steps: int) -> Hits:
        """A cell's pictures."""
        return np.asarray((self.law == law) & (self.scale == scale) & (self.steps == steps))


@dataclass(frozen=True)
class Gain:
    """What one law has over another."""

    apart: Numbers  # (seeds,) each noise seed's share of hits less the other's
    effect: Estimate  # points
    room: float  # points that the other leaves
    n: int  # pairs of pictures of the same noise and class


def s11(pictures: Mapping[str, Any]) -> tuple[Verdict, ...]:
    """CLIP's weights against a constant scale of the same mean, and against their shuffles, for each number of steps.

    `pictures`: a run's columns of GUIDED.
    """
    rows = _rows(pictures)
    if len(np.unique(rows.seed)) < 2:
        return tuple(Verdict(claim, CANNOT, "The sweep has no two noise seeds.") for claim in S11.values())
    counts = [int(count) for count in np.unique(rows.steps)]
    found = {
        (other, count): gain
        for other, compare in (("constant", _over_constant), ("shuffled", _over_shuffled))
        for count in counts
        if (gain := compare(rows, count)) is not None
    }
    lacking = (
        "The sweep has no CLIP-weighted method, and no constant scales around its mean or no shuffled CLIP to hold it "
        "against."
    )
    p = (
        dict(zip(found, holm(flipped(np.stack([gain.apart for gain in found.values()], axis=1))), strict=True))
        if found
        else {}
    )
    verdicts = []
    for other, claim in S11.items():
        own = [count for count in counts if (other, count) in found]
        verdicts += [] if own else [Verdict(claim, CANNOT, lacking)]
        for count in own:
            what = f"In {count} steps, CLIP's weights against {WORDS[other]}"
            part = replace(claim, part=f"{claim.part}, {count} steps")
            verdicts.append(_higher(part, found[other, count], float(p[other, count]), what, len(found)))
    return tuple(verdicts)


def s12(pictures: Mapping[str, Any]) -> tuple[Verdict, ...]:
    """What the label does without guidance, and what guidance adds. `pictures`: a run's columns of GUIDED."""
    rows = _rows(pictures)
    steps = sorted({int(count) for count in rows.steps[(rows.law == "constant") & (rows.scale == 1)]})
    if not steps or len(np.unique(rows.seed)) < 2:
        reason = "The sweep has no pictures at scale 1 from two noise seeds or more."
        return tuple(Verdict(claim, CANNOT, reason) for claim in (DROPPED, BLENDED))
    return _dropped(rows, steps), _blended(rows, steps)


def _rows(pictures: Mapping[str, Any]) -> Rows:
    names = ("scale", "steps", "seed", "cnn", "label", "mean_scale")
    column = {name: np.asarray(pictures[name]) for name in names}
    law, right = np.asarray(pictures["law"]).astype(np.str_), column["cnn"] == column["label"]
    return Rows(law, column["scale"], column["steps"], column["seed"], right, column["mean_scale"].astype(np.float64))


def _above(rows: Rows, law: str, steps: int, least: float) -> list[float]:
    """The scales of a law from `least` on in so many steps, rising."""
    own = (rows.law == law) & (rows.steps == steps) & (rows.scale >= least)
    return [float(scale) for scale in np.unique(rows.scale[own])]


def _over_shuffled(rows: Rows, steps: int) -> Gain | None:
    """CLIP's weights over their shuffles, all scales above 1 that both have; None where there are none."""
    both = set(_above(rows, "clip", steps, 1.001)) & set(_above(rows, "shuffled", steps, 1.001))
    if not both:
        return None
    mine, theirs = (np.any([rows.of(law, scale, steps) for scale in both], axis=0) for law in ("clip", "shuffled"))
    return _gain(rows, mine, theirs)


def _over_constant(rows: Rows, steps: int) -> Gain | None:
    """CLIP's weights over a constant scale of the same mean; None where no constant scales stand around it.

    Accuracy at the mean in between is told by a straight line between two constant scales, on the same noise.
    """
    constant = _above(rows, "constant", steps, 1.0)
    cells = [rows.of("constant", scale, steps) for scale in constant]
    means = [float(rows.mean_scale[cell].mean()) for cell in cells]
    shares, lines, pairs = [], [], 0
    for scale in _above(rows, "clip", steps, 1.001):
        own = rows.of("clip", scale, steps)
        at = float(rows.mean_scale[own].mean())
        after = int(np.searchsorted(means, at))
        if len(means) < 2 or not means[0] <= at <= means[-1]:
            continue
        low, high = max(after - 1, 0), max(after, 1)
        part = (at - means[low]) / (means[high] - means[low])
        shares.append(_shares(rows, own))
        lines.append((1 - part) * _shares(rows, cells[low]) + part * _shares(rows, cells[high]))
        pairs += int(own.sum())
    if not shares:
        return None
    apart, line = np.mean(shares, axis=0) - np.mean(lines, axis=0), float(np.mean(lines))
    picture = 1 / max(float(np.unique(rows.seed[own], return_counts=True)[1].max()), 1.0)
    return Gain(apart, in_points(mean_over_seeds(apart, picture)), 100 * (1 - line), pairs)


def mean_over_seeds(apart: Numbers, picture: float) -> Estimate:
    """The mean of each noise seed's difference (seeds,), where one picture makes a difference of `picture`.

    Most seeds often do not differ at all, and resampling them would miss those that may. So the interval is that of two
    seeds more, one on either side of the mean as far off as any (after Agresti and Min, 2005, "Simple improved
    confidence intervals for comparing matched proportions").
    """
    value = float(apart.mean())
    far = max(float(np.abs(apart - value).max()), picture)
    found = mean(np.append(apart, [value + far, value - far]), np.arange(len(apart) + 2))
    return replace(found, value=value, n=len(apart))


def _gain(rows: Rows, mine: Hits, theirs: Hits) -> Gain:
    room = 100 * (1 - float(rows.right[theirs].mean()))
    return Gain(_by_seed(rows, mine, theirs), _points(rows, mine, theirs), room, int(mine.sum()))


def _shares(rows: Rows, some: Hits) -> Numbers:
    """Each seed's share of hits among some pictures, (seeds,)."""
    names, member = np.unique(rows.seed, return_inverse=True)
    hits, drawn = (np.bincount(member[some], weight[some], len(names)) for weight in (rows.right, np.ones(len(member))))
    return np.asarray(hits / np.maximum(drawn, 1))


def _by_seed(rows: Rows, mine: Hits, theirs: Hits) -> Numbers:
    """Each seed's share of hits among `mine` less that among `theirs`, (seeds,)."""
    return _shares(rows, mine) - _shares(rows, theirs)


def _points(rows: Rows, mine: Hits, theirs: Hits) -> Estimate:
    return in_points(share_difference(rows.right, rows.seed, mine, theirs))


def _higher(claim: Claim, gain: Gain, p: float, what: str, tried: int) -> Verdict:
    """Supported for a gain that is one, not supported for none or too small a one, of so many that were tried."""
    effect, cramped = gain.effect, gain.room < GAIN
    small = _most(effect, tried) < GAIN
    verdict = SUPPORTED if p <= LEVEL and effect.value > 0 else CANNOT if cramped else NOT if small else CANNOT
    told = real_minus(with_interval(effect, "+.2f"))
    room = f"; the other leaves {gain.room:.1f} {ROOM}" if cramped else ""
    said = f"{what}: {told} points of accuracy, n = {gain.n:,} pairs, {len(gain.apart)} noise seeds{room}."
    return Verdict(claim, verdict, said, effect, POINTS, p, gain.n)


def _most(effect: Estimate, tried: int) -> float:
    """The upper end of an effect's interval, widened for how many were tried."""
    return effect.value + critical(tried) / Z * (effect.high - effect.value)


def _dropped(rows: Rows, steps: Sequence[int]) -> Verdict:
    asked, bare = (np.any([rows.of("constant", scale, count) for count in steps], axis=0) for scale in (1.0, 0.0))
    if not bare.any():
        return Verdict(DROPPED, CANNOT, "The sweep has no pictures without a label.")
    effect, n, seeds = _points(rows, asked, bare), int(asked.sum()), len(np.unique(rows.seed))
    verdict = above(effect, LABEL_MATTERS)
    with_label, without = (percent(share(rows.right[side], rows.seed[side])) for side in (asked, bare))
    reason = (
        f"In {' and '.join(map(str, steps))} steps together {with_label} show the class asked with the label and "
        f"{without} without; n = {n:,} each, {seeds} noise seeds."
    )
    return Verdict(DROPPED, verdict, reason, effect, POINTS, None, n)


def _blended(rows: Rows, steps: Sequence[int]) -> Verdict:
    own = (rows.law == "constant") & (rows.scale > 1)
    tried = [(float(scale), count) for count in steps for scale in np.unique(rows.scale[own & (rows.steps == count)])]
    if not tried:
        return Verdict(BLENDED, CANNOT, "The sweep has no constant scale above 1.")
    gains = [_gain(rows, rows.of("constant", scale, count), rows.of("constant", 1.0, count)) for scale, count in tried]
    p = holm(flipped(np.stack([gain.apart for gain in gains], axis=1)))
    effects = [gain.effect for gain in gains]
    best = min(
        range(len(tried)), key=lambda place: (p[place] if effects[place].value > 0 else 2, -effects[place].value)
    )
    scale, count = tried[best]
    alike = sum(each.high >= effects[best].low for place, each in enumerate(effects) if place != best)
    tied = f", not told apart from {alike} of the others," if alike else ","
    what = f"Scale {scale:g} in {count} steps, of {len(tried)} tried{tied} against scale 1"
    top = _higher(BLENDED, gains[best], float(p[best]), what, len(tried))
    if top.verdict == NOT and not all(_most(effect, len(tried)) < GAIN for effect in effects):
        return replace(top, verdict=CANNOT)
    return top
