"""What stands on a judge's card: how often it is right on real pictures that it was not trained on.

The figures are measured through the finished ONNX file, the way it will be used.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from evaluator.judges.judge import Judge
from evaluator.stats.intervals import plain, wilson

NOISE_LEVELS = tuple(range(-8, 13, 2))  # logSNRs at which a noisy judge is examined
PART = 1000  # pictures between two ticks of the progress line


def examined(judge: Judge, images: NDArray[np.uint8], labels: NDArray[np.int64]) -> dict[str, Any]:
    """Accuracy, recall of every class, and for a noisy judge the accuracy at each noise level, as the card holds them.

    `images` are real pictures uint8 (N, C, H, W) and `labels` (N,) what they show. A noisy judge's accuracy and
    recall are those at its cleanest level.
    """
    if judge.kind == "clean":
        right = _right(judge, images, labels, None)
        return _figures(judge, right, labels)
    levels = [(level, _right(judge, images, labels, float(level))) for level in NOISE_LEVELS]
    by_noise = [{"logsnr": level} | plain(wilson(int(right.sum()), len(right))) for level, right in levels]
    return _figures(judge, levels[-1][1], labels) | {"accuracy_by_noise": by_noise}


def _figures(judge: Judge, right: NDArray[np.bool_], labels: NDArray[np.int64]) -> dict[str, Any]:
    recall = [
        {"class": name} | plain(wilson(int(right[labels == label].sum()), int((labels == label).sum())))
        for label, name in enumerate(judge.classes)
    ]
    share = wilson(int(right.sum()), len(right))
    return {"accuracy": share.value, "n": share.n, "low": share.low, "high": share.high, "recall": recall}


def _right(
    judge: Judge, images: NDArray[np.uint8], labels: NDArray[np.int64], logsnr: float | None
) -> NDArray[np.bool_]:
    generator = np.random.Generator(np.random.Philox(key=0))
    what = f"{judge.name} on real pictures" + ("" if logsnr is None else f" at logSNR {logsnr:+.0f}")
    answers = []
    for start in tqdm(range(0, len(images), PART), what, disable=None):
        x = images[start : start + PART].astype(np.float32) / 127.5 - 1
        if logsnr is not None:
            alpha, sigma = (1 / np.sqrt(1 + np.exp(sign * logsnr)) for sign in (-1, 1))
            x = (alpha * x + sigma * generator.standard_normal(x.shape, np.float32)).astype(np.float32)
        answers.append(judge(x, logsnr)[0].argmax(axis=1) == labels[start : start + PART])
    return np.concatenate(answers)
