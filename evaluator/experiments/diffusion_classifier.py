"""The diffusion classifier: which label explains the noise in a real picture best? (Li et al., ICCV 2023.)

For a picture x0, a level λ and noise ε, the denoiser is asked with every label what it sees in x_t = α·x0 + σ·ε, and
makes the error e_c = ‖ε − ε_c‖² = e^λ·‖x0 − x̂0_c‖². With every λ weighed the same, which is the variational bound in
continuous time (Kingma et al., 2021, equation 17: no weight beside dλ),

    log p(x0|c) ≥ const − ½ ∫ E‖ε − ε_c‖² dλ,   so   p(c|x0) ∝ exp(−½ (HIGH − LOW) · mean of e_c),

for labels that are equally likely, and exactly Bayes' rule for the ideal denoiser. The integral is taken where the
class is decided: at more noise no label explains anything, and at less every label sees the same picture. All labels
get the same ε and λ; λ comes from a van der Corput sequence, so that any number of draws covers the window evenly.

A label that falls behind is dropped (successive elimination): after each round of draws those go whose error exceeds
the best one's by more than three standard errors of the paired difference, and all but the best few. A dropped label
keeps the probability that the draws before gave it.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from evaluator import defaults
from evaluator.experiments.real_pictures import Real, real_pictures
from evaluator.experiments.resumable import Columns, Denoise, Plan, carry_out, record
from evaluator.experiments.subject import Subject, subject_of
from evaluator.judges.cards import JUDGES
from evaluator.judges.judge import softmax
from evaluator.stats.bootstrap import all_and_drawn, ends
from evaluator.stats.intervals import Estimate, Numbers, plain, wilson
from firstlight.errors import RunError
from firstlight.levels import nearest
from firstlight.run_folder import Run
from sampler.noise import Noise, noised

Window = tuple[float, float]
LOW, HIGH = -5.5, -0.5  # the window, logSNR: of MNIST digits, where one draw tells most of the class
ROUND = 5  # draws between two eliminations
BEST = {5: 5, 10: 3}  # after so many draws, at most so many labels stay
BEHIND = 3.0  # standard errors
PART = 40
FIRST_SEED = 400_000_000


def classifier(
    run: Run,
    pictures: int = defaults.CLASSIFIER_PICTURES,
    draws: int = defaults.CLASSIFIER_DRAWS,
    data: Path | None = None,
    judges: Path = JUDGES,
) -> dict[str, Any]:
    """How often the run's denoiser names the class of real pictures; writes classifier.parquet.

    `draws` of noise per picture, at most. Raises RunError, SamplerError and JudgeError with a sentence.
    """
    if draws < 1:
        raise RunError(f"{draws} draws say nothing; give --draws a number from 1.")
    subject = subject_of(run, True, judges)
    real = real_pictures(subject.card, data)
    if pictures > len(real.labels):
        raise RunError(f"There are {len(real.labels):,} real pictures ({real.source}); give --pictures at most that.")
    window = window_of(run.id, subject.denoiser.known)
    settings = {
        "draws": draws, "window": list(window), "round": ROUND, "best": sorted(BEST.items()), "behind": BEHIND,
        "pictures": real.sha256, "seed": FIRST_SEED,
    }  # fmt: skip
    plan = Plan("classifier", settings, pictures, "--pictures", PART, most(subject.classes, draws))
    table = carry_out(subject, plan, lambda items, denoise: _named(subject, denoise, items, real, draws, window))
    record(subject, "classifier", table, {"settings": settings | {"count": pictures}, "pictures": real.source})
    return figures(run.id, table, subject.denoiser.classes) | {"draws": draws, "pictures": real.source}


def most(classes: int, draws: int) -> int:
    """Evaluations for one picture, at most."""
    kept = np.full(draws, classes)
    for after, best in BEST.items():
        kept[after:] = np.minimum(kept[after:], best)
    return int(kept.sum())


def window_of(run: str, known: Sequence[float]) -> Window:
    """The window as far as the run's network knows levels in it; empty `known`: any. Raises RunError for none."""
    low, high = (max(LOW, known[0]), min(HIGH, known[-1])) if known else (LOW, HIGH)
    if low >= high:
        raise RunError(
            f"{run}'s network knows no levels between logSNR {LOW} and {HIGH}, where classes are decided, "
            "so it names none; choose another run."
        )
    return low, high


def level(draw: int, shift: Numbers, window: Window = (LOW, HIGH)) -> Numbers:
    """logSNR of the draw 0, 1, 2 ... for pictures with a `shift` (N,) in [0, 1): van der Corput in base 2, shifted."""
    place = int(f"{draw:b}"[::-1], 2) / 2 ** max(draw.bit_length(), 1)
    low, high = window
    return low + (high - low) * ((place + shift) % 1)


def _named(subject: Subject, denoise: Denoise, items: range, real: Real, draws: int, window: Window) -> Columns:
    """The denoiser's first choice for some pictures, and the probability that it gives the true one."""
    chosen, seeds = np.arange(items.start, items.stop), [FIRST_SEED + item for item in items]
    known = subject.denoiser.known
    at = lambda draw, shift: nearest(level(draw, shift, window), known)  # noqa: E731
    error = errors(denoise, real.x(chosen), seeds, subject.classes, draws, at)
    chance = probabilities(error, window)
    label = real.labels[chosen]
    return {
        "picture": real.index[chosen], "label": label, "top": chance.argmax(axis=1),
        "draws": np.full(len(chosen), draws), "probability": chance[np.arange(len(chosen)), label],
    }  # fmt: skip


def errors(
    denoise: Denoise, x0: NDArray[np.float32], seeds: list[int], classes: int, draws: int,
    at_level: Callable[[int, Numbers], Numbers] = level,
) -> Numbers:  # fmt: skip
    """‖ε − ε_c‖² of pictures (N, C, H, W), (N, classes, draws); nan from where a label was dropped."""
    error = np.full((len(x0), classes, draws), np.nan)
    staying = np.ones((len(x0), classes), bool)
    noise = Noise(seeds, x0.shape[1:])
    shift = np.array([generator.random() for generator in noise.generators])
    for draw in range(draws):
        if draw and draw % ROUND == 0:
            staying &= _ahead(error[..., :draw], staying, draw)
            staying &= staying.sum(axis=1, keepdims=True) > 1  # the last one left has won
        at, fresh = at_level(draw, shift), noise.draw()
        x = noised(x0, at, fresh)
        which, label = np.nonzero(staying)
        if len(which):
            seen = denoise(x[which], at[which].astype(np.float32), label)
            missed = np.square(seen.astype(np.float64) - x0[which]).sum(axis=(1, 2, 3))
            error[which, label, draw] = np.exp(at[which]) * missed
    return error


def _ahead(error: Numbers, staying: NDArray[np.bool_], draw: int) -> NDArray[np.bool_]:
    """Which labels stay (N, classes), given the errors so far (N, classes, draw)."""
    mean = np.where(staying, error.mean(axis=2), np.inf)
    best = mean.argmin(axis=1)
    behind = error - np.take_along_axis(error, best[:, None, None], axis=1)
    spread = behind.std(axis=2, ddof=1) / np.sqrt(draw)
    near = behind.mean(axis=2) <= BEHIND * spread
    rank = mean.argsort(axis=1).argsort(axis=1)
    fewest = min((kept for after, kept in BEST.items() if after <= draw), default=mean.shape[1])
    return np.asarray(near & (rank < fewest) & np.isfinite(mean))


def probabilities(error: Numbers, window: Window = (LOW, HIGH)) -> Numbers:
    """p(c|x0) (N, classes) from errors (N, classes, draws) in a window, each label on the draws that it had.

    It is held against the best label on these, which had the most draws and, of those, the smallest mean.
    """
    had = np.isfinite(error).sum(axis=2)
    mean = np.nanmean(error, axis=2)
    best = np.where(had == had.max(axis=1, keepdims=True), mean, np.inf).argmin(axis=1)
    behind = np.nanmean(error - np.take_along_axis(error, best[:, None, None], axis=1), axis=2)
    return softmax(-0.5 * (window[1] - window[0]) * behind)


def estimates(error: Numbers, window: Window = (LOW, HIGH)) -> list[Estimate]:
    """p(c|x0) of one picture for each class, from errors (draws, classes) of independent draws of noise and level.

    The interval is of the draws, by bootstrap: how far others would have told otherwise of the same picture.
    """
    weights = all_and_drawn(np.arange(len(error))).astype(np.float64)
    found = probabilities((weights @ error / len(error))[..., None], window)  # (1 + repeats, classes)
    low, high = ends(found[1:], len(error))
    ends_of = zip(found[0], low, high, strict=True)
    return [Estimate(float(value), float(first), float(last), len(error)) for value, first, last in ends_of]


def figures(run: str, table: pa.Table, classes: tuple[str, ...]) -> dict[str, Any]:
    """Accuracy of all, and recall of every class, with Wilson's interval."""
    label, top = (table[name].to_numpy() for name in ("label", "top"))
    right = label == top
    recall = [
        {"class": name} | plain(wilson(int(right[label == number].sum()), int((label == number).sum())))
        for number, name in enumerate(classes)
    ]
    return {"run": run, "accuracy": plain(wilson(int(right.sum()), len(right))), "recall": recall}
