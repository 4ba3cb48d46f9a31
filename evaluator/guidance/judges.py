"""The two judges of a guidance law, one of which may have guided: a CNN and a CLIP, each asked in the same way.

Every picture is shown to both, and the one that did not guide is believed.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluator.clip.judge import ClipJudge
from evaluator.clip.resolve import chosen
from evaluator.judges.judge import Judge, judge_for_run, softmax
from firstlight.run_folder import Run
from firstlight.run_json import card_of
from sampler.guidance_laws import LAWS, Scorer, Steer, law_of

CNN, CLIP = "cnn", "clip"


@dataclass(frozen=True)
class Judges:
    """Both judges of a run's classes."""

    cnn: Judge
    clip: ClipJudge

    def look(self, name: str, x: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        """Probabilities (N, classes) and features (N, F) that a judge finds in pictures (N, C, H, W) of [-1, 1]."""
        if name == CNN:
            logits, features = self.cnn(x)
            return softmax(logits), features
        embedded = self.clip.embed(x)
        return self.clip.probability(embedded.astype(np.float64) @ self.clip.classifiers[0].T), embedded

    def scorer(self, name: str) -> Scorer:
        """What a law asks: the probability of the labels (M,) in pictures (M, C, H, W)."""
        return lambda x, label: self.look(name, np.clip(x, -1, 1))[0][np.arange(len(label)), label]

    @property
    def marks(self) -> dict[str, str]:
        """The sha256 of each judge's card, which names what was made with it."""
        return {self.cnn.name: str(self.cnn.card["sha256"]), self.clip.name: str(self.clip.card["sha256"])}


def judges_of(run: Run, cnn: Judge | None = None) -> Judges:
    """The judges of a run. Raises JudgeError where one is missing, with the command that makes it."""
    return Judges(cnn or judge_for_run(run, "clean"), chosen(card_of(run), runs=run.archive))


def steering(name: str, judges: Judges | None, weaker: Any = None) -> Steer:
    """A law with the judge that it asks, or the weaker network. Raises SamplerError for an unknown law."""
    law = law_of(name)
    return Steer(name, judges.scorer(law.judge) if law.judge and judges else None, weaker if law.weaker else None)


def referee(law: str) -> str:
    """The judge that did not guide."""
    return CLIP if law in LAWS and LAWS[law].judge == CNN else CNN
