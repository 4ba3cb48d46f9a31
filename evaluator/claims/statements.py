"""Every statement of the source before one run: S1 to S14, each with its verdict and what is behind it.

A claim that makes no sense for a run's data is left out; one that cannot be judged says why, with the command that
makes what is missing."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from evaluator.claims import forward as claims_forward
from evaluator.claims import harder_data, inputs, training
from evaluator.claims.inputs import Ask, Card, Missing
from evaluator.clip import claims as clip_claims
from evaluator.experiments import claims as experiments_claims
from evaluator.guidance import claims as guidance_claims
from evaluator.recognizability import claims as recognizability_claims
from evaluator.steps import claims as steps_claims
from evaluator.verdict import CANNOT, DIGITS, Claim, Verdict
from firstlight.errors import JudgeError, RunError, SamplerError
from firstlight.run import Run

DIGIT_CLASSES, LABELS, GUIDANCE = "digits", "labels", "guidance"


@dataclass(frozen=True)
class Found:
    """A verdict of one run, and where it comes from."""

    run: str
    title: str  # of the statement, a few words
    verdict: Verdict
    query: str  # of store/sql, the rows behind it; empty: a judge's card or run.json
    command: str  # that makes these rows
    page: str  # of the dashboard, that shows more: its path
    asked: dict[str, Any] = field(default_factory=dict)  # what that page's controls show


@dataclass(frozen=True)
class Subject:
    """One statement: how it is judged, and what it needs."""

    source: str
    title: str
    words: str
    query: str
    command: str  # with {run} for the run's id
    page: str
    judge: Callable[[Run, Card, Ask], tuple[Verdict, ...]]
    needs: frozenset[str] = frozenset()  # of DIGIT_CLASSES, LABELS, GUIDANCE: a run without makes no sense of it
    asked: Callable[[Run, Ask], dict[str, Any]] = lambda run, ask: {}


def verdicts(run: Run, card: Card, ask: Ask) -> tuple[Found, ...]:
    """Every verdict on a run, by statement. `card`: run.json; `ask`: of a store.Archive, or what stands for it.

    Reads stored tables only, but for S8, whose few hundred small pictures are put before the judge.
    """
    return tuple(chain.from_iterable(_verdicts(each, run, card, ask) for each in SUBJECTS if _sensible(each, card)))


def _sensible(subject: Subject, card: Card) -> bool:
    config = card.get("config", {})
    has = {
        DIGIT_CLASSES: tuple(map(str, card["dataset"]["classes"])) == DIGITS,
        LABELS: float(config.get("label_dropout", 0.0)) < 1,
        GUIDANCE: not config.get("scale_high"),  # a student knows few noise levels, and has no guidance left
    }
    return all(has[name] for name in subject.needs)


def _verdicts(subject: Subject, run: Run, card: Card, ask: Ask) -> list[Found]:
    """The verdicts of one statement; one "cannot say" where its tables are not there or its judge is not."""
    command = subject.command.format(run=run.id)
    asked: dict[str, Any] = {}
    try:
        said = subject.judge(run, card, ask)
        asked = subject.asked(run, ask)
    except Missing as missing:
        said = (_silent(subject, f"{missing}. Make them with: {command}"),)
    except (RunError, JudgeError, SamplerError) as error:
        said = (_silent(subject, str(error)),)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        said = (_silent(subject, f"What is stored of it cannot be judged ({error}). Make it anew with: {command}"),)
    return [
        Found(run.id, subject.title, each, subject.query, command, subject.page, {"run": run.id} | asked)
        for each in said
    ]


def _silent(subject: Subject, reason: str) -> Verdict:
    return Verdict(Claim(subject.source, "", subject.words, ""), CANNOT, reason)


ABLATED = ("ablations", "firstlight evaluate ablations {run}", "network")
RECOGNIZED = ("judged_frames", "firstlight evaluate recognizability {run}", "recognizability")
GUIDED = ("guided", "firstlight evaluate guidance {run}", "guidance")
OF_DIGITS, LABELLED = frozenset({DIGIT_CLASSES}), frozenset({LABELS})
LABELLED_AND_GUIDED = LABELLED | {GUIDANCE}
SUBJECTS: tuple[Subject, ...] = (
    Subject(
        "S1",
        "Forward diffusion",
        claims_forward.WORDS,
        "",
        "firstlight evaluate schedule {run}",
        "forward-process",
        inputs.s1,
    ),
    Subject(
        "S2",
        "Gradual noise",
        experiments_claims.GRADUAL,
        *ABLATED,
        lambda *at: experiments_claims.s2(inputs.ablated(*at)),
        needs=LABELLED_AND_GUIDED,
    ),
    Subject(
        "S3",
        "Reverse diffusion, step by step",
        recognizability_claims.WORDS,
        *RECOGNIZED,
        inputs.s3,
        asked=inputs.controls,
    ),
    Subject(
        "S4",
        "U-Net",
        experiments_claims.U_NET,
        *ABLATED,
        lambda *at: experiments_claims.s4(inputs.ablated(*at)),
        needs=LABELLED_AND_GUIDED,
    ),
    Subject(
        "S5",
        "Class conditioning",
        experiments_claims.CONDITIONING,
        *ABLATED,
        lambda *at: experiments_claims.s5(inputs.ablated(*at)),
        needs=LABELLED_AND_GUIDED,
    ),
    Subject(
        "S6",
        "Time embedding",
        experiments_claims.TIME_EMBEDDING,
        *ABLATED,
        lambda *at: experiments_claims.s6(inputs.ablated(*at)),
        needs=LABELLED_AND_GUIDED,
    ),
    Subject("S7", "Training", training.TRAINED, "loss_values", "firstlight resume {run}", "training", inputs.s7),
    Subject(
        "S8",
        "Quality through training",
        training.BETTER,
        "snapshots",
        "firstlight resume {run}",
        "training",
        inputs.s8,
        needs=LABELLED,
    ),
    Subject(
        "S9",
        "CLIP evaluation",
        clip_claims.WORDS,
        "clip_scores",
        "firstlight evaluate clip {run}",
        "clip-rankings",
        inputs.s9,
        needs=OF_DIGITS,
    ),
    Subject(
        "S10",
        "Easy and hard digits",
        recognizability_claims.HOPED,
        *RECOGNIZED,
        inputs.s10,
        needs=OF_DIGITS,
        asked=inputs.controls,
    ),
    Subject(
        "S11",
        "CLIP-guided classifier-free guidance",
        guidance_claims.PROPOSED,
        *GUIDED,
        lambda run, card, ask: guidance_claims.s11(inputs.guided(run, ask)),
        needs=LABELLED_AND_GUIDED,
    ),
    Subject(
        "S12",
        "Classifier-free guidance",
        guidance_claims.FREE,
        *GUIDED,
        lambda run, card, ask: guidance_claims.s12(inputs.guided(run, ask)),
        needs=LABELLED_AND_GUIDED,
    ),
    Subject(
        "S13",
        "Fewer steps",
        steps_claims.WORDS,
        "solver_steps",
        "firstlight evaluate steps {run}",
        "steps",
        inputs.s13,
        needs=LABELLED_AND_GUIDED,
    ),
    Subject(
        "S14",
        "Harder data",
        harder_data.WORDS,
        "runs",
        "firstlight train --preset fashion",
        "compare",
        inputs.s14,
        needs=LABELLED,
    ),
)
