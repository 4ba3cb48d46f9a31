"""What every experiment is done on: a run's denoiser, and the judge that says what its pictures show."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluator.judges.cards import JUDGES
from evaluator.judges.judge import Judge, judge_for_run
from evaluator.provenance import denoiser_sha256
from firstlight.errors import JudgeError, RunError, SamplerError
from firstlight.remedy import denoiser_by
from firstlight.run_folder import Run
from firstlight.run_json import card_of
from sampler import session
from sampler.noise import Pictures

Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Subject:
    """A run with its loaded denoiser and its judge of clean pictures."""

    run: Run
    card: dict[str, Any]
    denoiser: session.Denoiser
    denoiser_sha256: str  # sha256 of the denoiser's file
    judge: Judge

    @property
    def classes(self) -> int:
        """How many classes there are; also the label that means "no label"."""
        return len(self.denoiser.classes)

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.denoiser.shape

    def check_unlabelled(self, instead: str) -> None:
        """Raises RunError where the network knows no pictures without a label; `instead`: what can be asked for."""
        if not self.denoiser.no_label:
            raise RunError(f"{self.run.id} knows no pictures without a label, so none are drawn so; {instead}.")

    def seen(self, pictures: Pictures) -> Labels:
        """The judge's first choice (N,) for finished pictures (N, C, H, W). Raises SamplerError for no numbers."""
        if not np.isfinite(pictures).all():
            raise SamplerError("The pictures came out as not a number; ask for more steps.")
        return np.asarray(self.judge(np.clip(pictures, -1, 1))[0].argmax(axis=1), np.int64)


def subject_of(run: Run, labelled: bool = False, judges: Path = JUDGES) -> Subject:
    """The run, ready for experiments; `labelled` for those that need a denoiser that listens to labels.

    Raises RunError for a student and for a run without labels where they are needed, SamplerError where there is no
    usable denoiser, and JudgeError where no judge knows its classes and pictures.
    """
    card = card_of(run)
    if labelled and float(card["config"].get("label_dropout", 0.0)) >= 1:
        raise RunError(f"{run.id} was trained without labels, so none can be asked for; choose another run.")
    judge = judge_for_run(run, "clean", judges)
    denoiser = session.load(run.denoiser)
    if denoiser.scales:
        raise RunError(f"{run.id} is a student, which knows few noise levels; choose the run that it learned from.")
    if denoiser.classes != judge.classes or denoiser.shape != judge.shape:
        raise JudgeError(
            f"{run.id}'s denoiser has other classes or pictures than its run.json says. {denoiser_by(run)}"
        )
    return Subject(run, card, denoiser, denoiser_sha256(run), judge)
