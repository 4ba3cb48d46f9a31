"""Real pictures as a judge sees them, in one small file: what generated pictures are compared with.

Whoever evaluates a run has the judge and this file, and needs no real pictures.
"""

from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from evaluator.judges.cards import archive_of, command, judge_name
from evaluator.judges.judge import BATCH, Judge
from evaluator.stats.frechet import balance, frechet, moments
from evaluator.stats.intervals import Numbers
from firstlight.atomic_writes import replacing
from firstlight.errors import JudgeError
from jobs.progress_lines import counted

FLOOR_DRAWS = 20  # how often the real-vs-real distance is measured
SUBSET = 5000  # real features kept, for KID, precision and recall

Moments = tuple[Numbers, Numbers]  # mean (F,) and covariance (F, F)
Labelled = tuple[NDArray[np.uint8], NDArray[np.int64]]  # pictures (N, C, H, W) and what they show (N,)


@dataclass(frozen=True)
class Reference:
    """The real test pictures in a judge's features, and how far other real pictures are from them.

    Every class counts the same here, as it does among generated pictures: MNIST's test set has 1,135 ones and 892
    fives, and a distance that sees this is larger than its floor however good the pictures are. What the raw test set
    gives is kept beside it, named plain.
    """

    moments: Moments  # of all real test pictures, every class weighted the same
    floor: Numbers  # (20,) Fréchet distances to them of real training pictures, as many, every class equally often
    plain_moments: Moments  # of all real test pictures as they are
    plain_floor: Numbers  # (20,) Fréchet distances to them of as many real training pictures, drawn at random
    features: NDArray[np.float32]  # (5000, F), of test pictures, every class equally often
    labels: NDArray[np.int64] | None  # (5000,) what these show; older files do not say
    pictures: int  # how many real test pictures there were
    real_score: float  # classification accuracy score of as many real training pictures


def reference_for(judge: Judge, folder: Path | None = None) -> Reference:
    """The reference made with this judge, beside it or in `folder`.

    Raises JudgeError where there is none, where it was made with another judge, and for a judge of some classes alone.
    """
    dataset = str(judge.card["dataset"])
    path = reference_path(dataset, folder or judge.folder)
    if not judge.whole:
        raise JudgeError(
            f"What is known of {dataset}'s real pictures is of all {len(judge.card['classes'])} classes; ask this of a "
            "run of all of them."
        )
    again = f"make it with: {command(dataset, 'clean', runs=archive_of(path))}"
    try:
        with np.load(path, allow_pickle=False) as file:
            made_with = str(file["judge"])
            reference = Reference(
                (file["mean"].astype(np.float64), file["covariance"].astype(np.float64)),
                file["floor"],
                (file["plain_mean"].astype(np.float64), file["plain_covariance"].astype(np.float64)),
                file["plain_floor"],
                file["features"].astype(np.float32),
                file["labels"].astype(np.int64) if "labels" in file else None,
                int(file["pictures"]),
                float(file["real_score"]),
            )
    except (OSError, ValueError, KeyError, TypeError, BadZipFile) as error:
        raise JudgeError(f"{path.name} cannot be read ({type(error).__name__}); {again}") from error
    if made_with != judge.card["sha256"]:
        raise JudgeError(f"{path.name} was made with another judge than {judge.name}; {again}")
    return reference


def reference_path(dataset: str, folder: Path) -> Path:
    """Where the reference of a dataset stands, beside its judges."""
    return folder / f"{judge_name(dataset, 'clean').removesuffix('-clean')}-reference.npz"


def make_reference(judge: Judge, train: Labelled, test: Labelled, real_score: float, folder: Path) -> None:
    """Write the reference of all `test` pictures, with floors from draws of `train`.

    `real_score` is the classification accuracy score of as many training pictures as `test` has.
    """
    real, other = features_of(judge, test[0]), features_of(judge, train[0])
    generator = np.random.Generator(np.random.Philox(key=0))
    balanced, plain = moments(real, balance(test[1])), moments(real)
    evenly = [other[evenly_drawn(train[1], len(real), generator)] for _ in range(FLOOR_DRAWS)]
    randomly = [other[generator.permutation(len(other))[: len(real)]] for _ in range(FLOOR_DRAWS)]
    kept = evenly_drawn(test[1], SUBSET, generator)
    with replacing(reference_path(str(judge.card["dataset"]), folder)) as file:
        np.savez_compressed(
            file,
            judge=np.array(judge.card["sha256"]),
            mean=balanced[0].astype(np.float32),
            covariance=balanced[1].astype(np.float32),
            floor=np.array([frechet(moments(drawn), balanced) for drawn in evenly]),
            plain_mean=plain[0].astype(np.float32),
            plain_covariance=plain[1].astype(np.float32),
            plain_floor=np.array([frechet(moments(drawn), plain) for drawn in randomly]),
            features=real[kept].astype(np.float16),
            labels=test[1][kept].astype(np.uint8),
            pictures=np.array(len(real)),
            real_score=np.array(real_score),
        )


def evenly_drawn(labels: NDArray[np.int64], count: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """Indices of about `count` random pictures, every class equally often and no picture twice."""
    classes, counts = np.unique(labels, return_counts=True)
    each = min(count // len(classes), int(counts.min()))
    drawn = [generator.permutation(np.flatnonzero(labels == label))[:each] for label in classes]
    return generator.permutation(np.concatenate(drawn))


def features_of(judge: Judge, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Features (N, F) of uint8 pictures (N, C, H, W)."""
    parts = [
        judge(images[start : start + BATCH].astype(np.float32) / 127.5 - 1)[1]
        for start in counted(range(0, len(images), BATCH), "features of real pictures")
    ]
    return np.concatenate(parts)
