"""What the source says about guidance (S11, S12), and whether a run's swept pictures say the same.

Verdicts are paired: the same noise under two laws, before the judge that did not guide.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluator.stats.intervals import Estimate, in_points, share, share_difference
from evaluator.stats.permutation_tests import LEVEL, flipped, holm
from evaluator.text import with_interval
from evaluator.verdict import CANNOT, NOT, SUPPORTED, Claim, Verdict

PROPOSED = (
    "at each step make a conditional and an unconditional candidate, let CLIP judge, blend with a CLIP-weighted factor"
)
FREE = "classifier-free guidance: train with dropped labels, blend at sampling time"
GAIN = 1.0  # points; a gain that the whole interval stays below is none
LABEL_MATTERS = 50.0  # points by which the label must matter
POINTS = "points of accuracy"
JUDGED = "accuracy of the asked class by the CNN, which did not guide, on the same noise, labels, scales and steps"
RULE = (
    f"{JUDGED}, all scales above 1 together: supported where it is higher (sign flips of whole noise seeds, Holm over "
    f"both comparisons, 5 %), not supported where the 95 % interval stays below a gain of {GAIN:g} point"
)
S11 = (
    ("constant", Claim("S11", "better than a constant scale", PROPOSED, RULE)),
    ("shuffled", Claim("S11", "better than the same weights shuffled among pictures", PROPOSED, RULE)),
)
DROPPED = Claim(
    "S12", "one network with and without the label", FREE,
    f"{JUDGED}, constant scale 1 less scale 0: supported where the whole 95 % interval lies above {LABEL_MATTERS:g} "
    "points, not supported where it lies below",
)  # fmt: skip
BLENDED = Claim(
    "S12", "blending strengthens the class", FREE,
    f"{JUDGED}, constant scales above 1 against scale 1: supported where one of them is higher (sign flips of whole "
    f"noise seeds, Holm over scales and steps, 5 %), not supported where every interval stays below a gain of {GAIN:g} "
    "point",
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

    def of(self, law: str, scale: float, steps: int) -> Hits:
        """A cell's pictures."""
        return np.asarray((self.law == law) & (self.scale == scale) & (self.steps == steps))


def s11(pictures: Mapping[str, Any]) -> tuple[Verdict, ...]:
    """CLIP's weights against a constant scale, and against their shuffles. `pictures`: a run's columns of GUIDED."""
    rows = _rows(pictures)
    sides = [_matched(rows, "clip", other) for other, _ in S11]
    if not all(mine.any() for mine, _ in sides):
        return tuple(Verdict(claim, CANNOT, "The sweep has no clip, constant and shuffled law at the same scale.")
                     for _, claim in S11)  # fmt: skip
    if len(np.unique(rows.seed)) < 2:
        return tuple(Verdict(claim, CANNOT, "All pictures come from one noise seed.") for _, claim in S11)
    p = holm(flipped(np.stack([_by_seed(rows, *side) for side in sides], axis=1)))
    return tuple(
        _higher(claim, _points(rows, *side), float(chance), int(side[0].sum() + side[1].sum()),
                f"CLIP's weights against {'a constant scale' if other == 'constant' else 'their shuffled control'}")
        for (other, claim), side, chance in zip(S11, sides, p, strict=True)
    )  # fmt: skip


def s12(pictures: Mapping[str, Any]) -> tuple[Verdict, ...]:
    """What the label does without guidance, and what guidance adds. `pictures`: a run's columns of GUIDED."""
    rows = _rows(pictures)
    steps = sorted({int(count) for count in rows.steps[(rows.law == "constant") & (rows.scale == 1)]})
    if not steps or len(np.unique(rows.seed)) < 2:
        reason = "The sweep has no pictures at scale 1 from two noise seeds or more."
        return tuple(Verdict(claim, CANNOT, reason) for claim in (DROPPED, BLENDED))
    return _dropped(rows, steps), _blended(rows, steps)


def _rows(pictures: Mapping[str, Any]) -> Rows:
    column = {name: np.asarray(pictures[name]) for name in ("scale", "steps", "seed", "cnn", "label")}
    law = np.asarray(pictures["law"]).astype(np.str_)
    return Rows(law, column["scale"], column["steps"], column["seed"], column["cnn"] == column["label"])


def _matched(rows: Rows, law: str, other: str) -> tuple[Hits, Hits]:
    """Masks of the pictures of both laws in all cells above scale 1 that both have."""
    mine, theirs = np.zeros(len(rows.seed), bool), np.zeros(len(rows.seed), bool)
    for scale in np.unique(rows.scale[rows.scale > 1]):
        for steps in np.unique(rows.steps):
            one, two = (rows.of(name, float(scale), int(steps)) for name in (law, other))
            if one.any() and two.any():
                mine |= one
                theirs |= two
    return mine, theirs


def _by_seed(rows: Rows, mine: Hits, theirs: Hits) -> NDArray[np.float64]:
    """Each seed's share of hits among `mine` less that among `theirs`, (seeds,)."""
    names, member = np.unique(rows.seed, return_inverse=True)
    hits, drawn = (
        [np.bincount(member[side], weight[side], len(names)) for side in (mine, theirs)]
        for weight in (rows.right, np.ones(len(member)))
    )
    return np.asarray(hits[0] / np.maximum(drawn[0], 1) - hits[1] / np.maximum(drawn[1], 1))


def _points(rows: Rows, mine: Hits, theirs: Hits) -> Estimate:
    return in_points(share_difference(rows.right, rows.seed, mine, theirs))


def _higher(claim: Claim, effect: Estimate, p: float, n: int, what: str) -> Verdict:
    """Supported for a gain that is one, not supported for none or too small a one."""
    verdict = SUPPORTED if p <= LEVEL and effect.value > 0 else NOT if effect.high < GAIN else CANNOT
    gain = with_interval(effect, "+.2f").replace("-", "−")
    return Verdict(claim, verdict, f"{what}: {gain} points of accuracy, n = {n:,}.", effect, POINTS, p, n)


def _dropped(rows: Rows, steps: Sequence[int]) -> Verdict:
    asked, bare = (np.any([rows.of("constant", scale, count) for count in steps], axis=0) for scale in (1.0, 0.0))
    if not bare.any():
        return Verdict(DROPPED, CANNOT, "The sweep has no pictures without a label.")
    effect, n = _points(rows, asked, bare), int(asked.sum() + bare.sum())
    verdict = SUPPORTED if effect.low > LABEL_MATTERS else NOT if effect.high < LABEL_MATTERS else CANNOT
    with_label, without = (100 * share(rows.right[side], rows.seed[side]).value for side in (asked, bare))
    reason = f"{with_label:.1f} % show the class asked with the label and {without:.1f} % without; n = {n:,}."
    return Verdict(DROPPED, verdict, reason, effect, POINTS, None, n)


def _blended(rows: Rows, steps: Sequence[int]) -> Verdict:
    own = (rows.law == "constant") & (rows.scale > 1)
    tried = [(float(scale), count) for count in steps for scale in np.unique(rows.scale[own & (rows.steps == count)])]
    if not tried:
        return Verdict(BLENDED, CANNOT, "The sweep has no constant scale above 1.")
    sides = [(rows.of("constant", scale, count), rows.of("constant", 1.0, count)) for scale, count in tried]
    p = holm(flipped(np.stack([_by_seed(rows, *side) for side in sides], axis=1)))
    effects = [_points(rows, *side) for side in sides]
    best = min(
        range(len(tried)), key=lambda place: (p[place] if effects[place].value > 0 else 2, -effects[place].value)
    )
    scale, count = tried[best]
    n = int(np.any([one | two for one, two in sides], axis=0).sum())
    top = _higher(BLENDED, effects[best], float(p[best]), n, f"Scale {scale:g} in {count} steps against scale 1")
    if top.verdict == NOT and not all(effect.high < GAIN for effect in effects):
        return Verdict(BLENDED, CANNOT, top.reason, top.effect, top.unit, top.p, n)
    return top
