"""What a CLIP judge says of real pictures: the ceiling of every score, and how often the judge itself is right.

It follows from the judge's folder, for any prompt.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluator.clip.judge import ClipJudge
from evaluator.judges.calibration import calibration
from evaluator.stats.intervals import Estimate, Z, plain, wilson
from firstlight.errors import JudgeError


def columns(judge: ClipJudge) -> dict[str, list[Any]]:
    """The columns of clip_real.parquet: what the judge says of real pictures, and whether it was trained on such."""
    rows = [row | {"in_domain": judge.in_domain} for row in figures(judge)]
    return {name: [row[name] for row in rows] for name in rows[0]}


def figures(judge: ClipJudge) -> list[dict[str, Any]]:
    """One row per reading and class, as clip_real.parquet holds them.

    Recall with Wilson's interval; mean and standard deviation of the cosine with the class's own prompt; mean
    probability of the class with a normal interval; n real test pictures.
    """
    cosine, labels = judge.real_cosine, judge.real.labels
    probability, top = judge.probability(cosine), cosine.argmax(axis=-1)
    rows = []
    for index, template in enumerate(judge.readings):
        for label in range(len(judge.classes)):
            of_class = labels == label
            n = int(of_class.sum())
            right = wilson(int((top[of_class, index] == label).sum()), n)
            if n < 2:
                raise JudgeError(f"{judge.name} has seen {n} real pictures of {judge.classes[label]}; give it more.")
            own, chance = cosine[of_class, index, label], probability[of_class, index, label]
            rows.append(
                {"judge": judge.name, "template": template, "label": label, "n": n}
                | {"recall": right.value, "recall_low": right.low, "recall_high": right.high}
                | _mean("cosine", own)
                | _mean("probability", chance)
            )
    return rows


def _mean(name: str, values: NDArray[np.float64]) -> dict[str, float]:
    spread = float(values.std(ddof=1))
    half = Z * spread / np.sqrt(len(values))
    mean = float(values.mean())
    return {name: mean, f"{name}_low": mean - half, f"{name}_high": mean + half, f"{name}_sd": spread}


def standards(judge: ClipJudge) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation (readings, classes) of real pictures' cosine with their own class's prompt."""
    labels = judge.real.labels
    own = [judge.real_cosine[labels == label][:, :, label] for label in range(len(judge.classes))]
    return (np.stack([part.mean(axis=0) for part in own], 1), np.stack([part.std(axis=0, ddof=1) for part in own], 1))


def accuracy(judge: ClipJudge, reading: int) -> Estimate:
    """Share of all real test pictures whose best prompt is their class's."""
    right = judge.real_cosine[:, reading].argmax(axis=-1) == judge.real.labels
    return wilson(int(right.sum()), len(right))


def calibrations(judge: ClipJudge) -> list[dict[str, Any]]:
    """How sure the judge is of real pictures, all templates together, as the card of any judge has it: without noise.

    A CLIP looks at finished pictures and at x̂0, never at x_t.
    """
    return [{"logsnr": None} | calibration(judge.probability(judge.real_cosine[:, 0]), judge.real.labels)]


def on_card(judge: ClipJudge, unseen: frozenset[str]) -> dict[str, Any]:
    """Accuracy, recall of every class, calibration, and every prompt's accuracy and their spread, as the card has them.

    `unseen` are the templates no caption was made of in training.
    """
    official = accuracy(judge, 1)
    recall = [
        {"class": judge.classes[row["label"]], "value": round(row["recall"], 6), "low": round(row["recall_low"], 6)}
        | {"high": round(row["recall_high"], 6), "n": row["n"]}
        for row in figures(judge)
        if row["template"] == judge.templates[0]
    ]
    each = [
        {"template": template, "seen": template not in unseen} | plain(accuracy(judge, index))
        for index, template in enumerate(judge.readings)
        if index
    ]
    values = [accuracy(judge, index).value for index in range(1, len(judge.readings))]
    spread = {"lowest": round(min(values), 6), "highest": round(max(values), 6), "sd": round(float(np.std(values)), 6)}
    return {
        "accuracy": official.value, "n": official.n, "low": official.low, "high": official.high,
        "prompt": judge.templates[0], "accuracy_of_mean": plain(accuracy(judge, 0)), "prompts": each, "spread": spread,
        "recall": recall, "calibration": calibrations(judge),
    }  # fmt: skip
