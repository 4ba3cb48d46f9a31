"""What stands on a judge's card: how often it is right on real pictures that it was not trained on, and how sure it is.

The figures are measured through the finished ONNX file, the way it will be used.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluator.judges.calibration import calibration
from evaluator.judges.judge import Judge, softmax
from evaluator.stats.intervals import plain, wilson
from jobs.progress_lines import counted

NOISE_LEVELS = tuple(range(-8, 13, 2))  # logSNRs at which a noisy judge is examined
REAL_LEVELS = tuple(np.arange(-6.0, 4.1, 0.5).tolist())  # logSNRs at which it is told how many real ones are recognized
REAL_LEAST = (0.34, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.97, 0.99)  # and the probabilities from which that counts
REAL_PICTURES = 2000  # the first so many
PART = 1000  # pictures between two ticks of the progress line

Images = NDArray[np.uint8]
Labels = NDArray[np.int64]


def examined(judge: Judge, images: Images, labels: Labels) -> dict[str, Any]:
    """Accuracy, recall of every class, calibration, and for a noisy judge all that at each noise level, as on the card.

    `images` are real pictures uint8 (N, C, H, W) and `labels` (N,) what they show. A noisy judge's accuracy and
    recall are those at its cleanest level.
    """
    levels = NOISE_LEVELS if judge.kind == "noisy" else (None,)
    answers = [(level, _answers(judge, images, level)) for level in levels]
    card = _figures(judge, answers[-1][1].argmax(axis=1) == labels, labels)
    card |= {"calibration": [{"logsnr": level} | calibration(said, labels) for level, said in answers]}
    if judge.kind == "clean":
        return card
    right = [(level, said.argmax(axis=1) == labels) for level, said in answers]
    by_noise = [{"logsnr": level} | plain(wilson(int(hits.sum()), len(hits))) for level, hits in right]
    return card | {"accuracy_by_noise": by_noise, "recognized_by_noise": recognized(judge, images, labels)}


def recognized(judge: Judge, images: Images, labels: Labels) -> dict[str, Any]:
    """How many real pictures of each class a noisy judge recognizes at each level: counts (levels, least, classes).

    Recognized: the first choice is right, with at least this probability. That is what a picture's recognition in x_t
    owes to the data and the judge alone.
    """
    images, labels = images[:REAL_PICTURES], labels[:REAL_PICTURES]
    counts, each = [], np.arange(len(judge.classes))
    for level in REAL_LEVELS:
        said = _answers(judge, images, level)
        sure = np.where(said.argmax(axis=1) == labels, said[np.arange(len(labels)), labels], 0.0)
        counts.append([[int(((sure >= least) & (labels == label)).sum()) for label in each] for least in REAL_LEAST])
    n = np.bincount(labels, minlength=len(each)).tolist()
    return {"logsnr": list(REAL_LEVELS), "least": list(REAL_LEAST), "n": n, "count": counts}


def _figures(judge: Judge, right: NDArray[np.bool_], labels: Labels) -> dict[str, Any]:
    recall = [
        {"class": name} | plain(wilson(int(right[labels == label].sum()), int((labels == label).sum())))
        for label, name in enumerate(judge.classes)
    ]
    share = wilson(int(right.sum()), len(right))
    return {"accuracy": share.value, "n": share.n, "low": share.low, "high": share.high, "recall": recall}


def _answers(judge: Judge, images: Images, logsnr: float | None) -> NDArray[np.float64]:
    """The judge's probabilities (N, classes), of the pictures as they are or noised to a level."""
    generator = np.random.Generator(np.random.Philox(key=0))
    what = f"{judge.name} on real pictures" + ("" if logsnr is None else f" at logSNR {logsnr:+.0f}")
    answers = []
    for start in counted(range(0, len(images), PART), what):
        x = images[start : start + PART].astype(np.float32) / 127.5 - 1
        if logsnr is not None:
            alpha, sigma = (1 / np.sqrt(1 + np.exp(sign * logsnr)) for sign in (-1, 1))
            x = (alpha * x + sigma * generator.standard_normal(x.shape, np.float32)).astype(np.float32)
        answers.append(softmax(judge(x, logsnr)[0]))
    return np.concatenate(answers)
