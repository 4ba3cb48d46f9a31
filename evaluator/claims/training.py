"""What a training says: whether the loss fell (S7), and whether the pictures got better meanwhile (S8).

Values along one training follow each other: an interval needs whole stretches of it, or whole pictures with all their
moments.
"""

import numpy as np
from numpy.typing import NDArray

from evaluator.stats.bootstrap import mean
from evaluator.stats.intervals import combined, in_points, share, share_difference
from evaluator.verdict import CANNOT, NOT, SUPPORTED, Claim, Verdict, above, below
from firstlight.counts import counted
from firstlight.interval_text import percent, with_interval

ENDS, STRETCHES = 0.1, 10  # the first and the last tenth of a training, each in so many stretches
QUARTER = 0.25  # of the moments at which pictures were kept
TRAINED = "MSE between predicted and true noise; loss curve; what the loss says"
BETTER = "early epochs blurry, later ones clear: samples kept per epoch"
S7 = Claim(
    "S7", "the loss falls", TRAINED,
    "mean loss of the last tenth of the training less that of the first, intervals from ten whole stretches of each; "
    "supported where the 95 % interval lies below zero, not supported where it lies above or the loss diverged",
)  # fmt: skip
S7_NOISE = Claim(
    "S7", "it is the error of the predicted noise", TRAINED,
    "what the run's configuration says the network was trained to predict; no estimate",
)  # fmt: skip
S8 = Claim(
    "S8", "later pictures are clear", BETTER,
    "share of kept pictures that the judge recognizes in the last quarter of the moments kept less that in the first, "
    "on the same noise; supported where the 95 % interval, clustered on the picture, lies above zero, not supported "
    "where it rules out one point",
)  # fmt: skip
MARGIN = 1.0  # points


def s7(step: NDArray[np.int64], loss: NDArray[np.float64], prediction: str) -> tuple[Verdict, ...]:
    """The loss falls, and what it is the error of. `step` and `loss` (N,): every value logged, NaN included."""
    return _falls(step, loss), _predicted(prediction)


def s8(
    step: NDArray[np.int64], label: NDArray[np.int64], seed: NDArray[np.int64], top: NDArray[np.int64]
) -> tuple[Verdict, ...]:
    """Later pictures are clear. All (N,): moment, class asked for, noise, and the judge's first choice."""
    moments = np.unique(step)
    if len(moments) < 2:
        return (Verdict(S8, CANNOT, "Pictures were kept at fewer than two moments of the training.", n=len(step)),)
    each = max(1, int(QUARTER * len(moments)))
    early, late = step <= moments[each - 1], step >= moments[-each]
    picture = np.unique(np.stack([label, seed]), axis=1, return_inverse=True)[1].ravel()
    right = top == label
    if len(np.unique(picture)) < 2:
        return (Verdict(S8, CANNOT, "A single picture was kept at each moment.", n=len(step)),)
    effect = in_points(share_difference(right, picture, late, early))
    verdict = above(effect, 0, MARGIN)
    first, last = (share(right[part], picture[part]) for part in (early, late))
    reason = (
        f"The judge recognizes {percent(first)} of the pictures kept up to step {moments[each - 1]:,} and "
        f"{percent(last)} of those from step {moments[-each]:,} on."
    )
    return (Verdict(S8, verdict, reason, effect, "points of recognized", None, effect.n),)


def _falls(step: NDArray[np.int64], loss: NDArray[np.float64]) -> Verdict:
    finite = np.isfinite(loss)
    if not finite.all():
        reason = f"The loss is no number at step {int(step[~finite][0]):,}: the training diverged."
        return Verdict(S7, NOT, reason, n=len(loss))
    each = int(ENDS * len(loss))
    if each < STRETCHES:
        return Verdict(S7, CANNOT, f"Only {counted(len(loss), 'value')} of the loss were logged.", n=len(loss))
    ordered = loss[np.argsort(step, kind="stable")]
    stretch = np.arange(each) * STRETCHES // each
    first, last = mean(ordered[:each], stretch), mean(ordered[-each:], stretch)
    effect = combined(((1, last), (-1, first)))
    verdict = below(effect, 0)
    early, late = (with_interval(part, ".3g") for part in (first, last))
    reason = f"The loss is {early} in the first tenth of the training and {late} in the last."
    return Verdict(S7, verdict, reason, effect, "of the loss", None, 2 * each)


def _predicted(prediction: str) -> Verdict:
    if prediction == "noise":
        return Verdict(S7_NOISE, SUPPORTED, "The network was trained to predict the noise.")
    if prediction == "edm":
        reason = (
            "The network was trained to predict a mix of picture and noise (EDM), whose weights change with the noise."
        )
        return Verdict(S7_NOISE, NOT, reason)
    return Verdict(S7_NOISE, CANNOT, "The configuration does not say what the network was trained to predict.")
