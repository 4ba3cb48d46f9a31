"""Every statement of the source before one run: S1 to S14, each with its verdict and what is behind it.

A claim that makes no sense for a run's data is left out; one that cannot be judged says why, with the command that
makes what is missing.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from evaluator.claims import forward as claims_forward
from evaluator.claims import harder_data, inputs, training
from evaluator.claims.inputs import Ask, Card, Missing
from evaluator.clip import claims as clip_claims
from evaluator.experiments import claims as ablated
from evaluator.guidance import claims as guidance_claims
from evaluator.judges.cards import to_make
from evaluator.recognizability import claims as recognizability_claims
from evaluator.steps import claims as steps_claims
from evaluator.verdict import CANNOT, DIGITS, Claim, Verdict
from firstlight.command_text import flag, typed
from firstlight.errors import JudgeError, RunError, SamplerError
from firstlight.remedy import evaluated_by, trained_elsewhere
from firstlight.run_folder import Run

DIGIT_CLASSES, LABELS, GUIDANCE, NO_LABEL = "digits", "labels", "guidance", "no label"  # what a statement may need
NOTHING: frozenset[str] = frozenset()

Ruling = Callable[[Run, Card, Ask], tuple[Verdict, ...]]  # what judges a run's stored rows


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
    judge: Ruling
    needs: frozenset[str] = NOTHING  # a run without makes no sense of it
    asked: Callable[[Run, Ask], dict[str, Any]] = lambda run, ask: {}


def verdicts(run: Run, card: Card, ask: Ask) -> tuple[Found, ...]:
    """Every verdict on a run, by statement. `card`: run.json; `ask`: of a store.Archive, or what stands for it.

    Reads stored tables only, but for S8, whose few hundred small pictures are put before the judge.
    """
    return tuple(chain.from_iterable(_verdicts(each, run, card, ask) for each in SUBJECTS if _sensible(each, card)))


def _sensible(subject: Subject, card: Card) -> bool:
    config, guest = card.get("config", {}), card.get("guest")
    has = {
        DIGIT_CLASSES: tuple(map(str, card["dataset"]["classes"])) == DIGITS,
        LABELS: float(config.get("label_dropout", 0.0)) < 1,
        GUIDANCE: not config.get("scale_high"),  # a student knows few noise levels, and has no guidance left
        NO_LABEL: not guest or bool(guest.get("no_label")),
    }
    return all(has[name] for name in subject.needs)


def _verdicts(subject: Subject, run: Run, card: Card, ask: Ask) -> list[Found]:
    """The verdicts of one statement; one "cannot say" where its tables are not there or its judge is not."""
    command = subject.command.format(run=typed(run), runs=flag(run.archive))
    if command.startswith("firstlight resume") and trained_elsewhere(run):
        command = f"firstlight.record({run.id!r}, …, resume=True)"
    asked: dict[str, Any] = {}
    try:
        verdicts = subject.judge(run, card, ask)
        asked = subject.asked(run, ask)
    except Missing as missing:
        how = f"{HOW}: {command}"
        if command.startswith("firstlight evaluate"):
            how = (evaluated_by if " clip " in command else to_make)(run, command, HOW)
        verdicts = (_silent(subject, f"{missing}. {how}"),)
    except (RunError, JudgeError, SamplerError) as error:
        verdicts = (_silent(subject, str(error)),)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        verdicts = (_silent(subject, f"What is stored of it cannot be judged ({error}). Make it anew with: {command}"),)
    return [
        Found(run.id, subject.title, each, subject.query, command, subject.page, {"run": run.id} | asked)
        for each in verdicts
    ]


def _silent(subject: Subject, reason: str) -> Verdict:
    return Verdict(Claim(subject.source, "", subject.words, ""), CANNOT, reason)


def _on(rows: Callable[[Run, Card, Ask], Any], claim: Callable[[Any], tuple[Verdict, ...]]) -> Ruling:
    """A claim's own function, asked of stored rows."""
    return lambda run, card, ask: claim(rows(run, card, ask))


HOW = "Make them with"
ABLATED = ("ablations", "firstlight evaluate ablations {run}", "network")
RECOGNIZED = ("judged_frames", "firstlight evaluate recognizability {run}", "recognizability")
GUIDED = ("guided", "firstlight evaluate guidance {run}", "guidance")
RESUMED = ("firstlight resume {run}", "training")
OF_DIGITS, LABELLED = frozenset({DIGIT_CLASSES}), frozenset({LABELS})
GUIDABLE = LABELLED | {GUIDANCE}
STEERED = GUIDABLE | {NO_LABEL}
SUBJECTS: tuple[Subject, ...] = (
    Subject(
        "S1", "Forward diffusion", claims_forward.WORDS,
        "", "firstlight evaluate schedule {run}", "forward-process", inputs.s1,
    ),
    Subject("S2", "Gradual noise", ablated.GRADUAL, *ABLATED, _on(inputs.ablated, ablated.s2), GUIDABLE),
    Subject(
        "S3", "Reverse diffusion, step by step", recognizability_claims.WORDS,
        *RECOGNIZED, inputs.s3, asked=inputs.controls,
    ),
    Subject("S4", "U-Net", ablated.U_NET, *ABLATED, _on(inputs.ablated, ablated.s4), GUIDABLE),
    Subject("S5", "Class conditioning", ablated.CONDITIONING, *ABLATED, _on(inputs.ablated, ablated.s5), STEERED),
    Subject("S6", "Time embedding", ablated.TIME_EMBEDDING, *ABLATED, _on(inputs.ablated, ablated.s6), GUIDABLE),
    Subject("S7", "Training", training.TRAINED, "loss_values", *RESUMED, inputs.s7),
    Subject("S8", "Quality through training", training.BETTER, "snapshots", *RESUMED, inputs.s8, LABELLED),
    Subject(
        "S9", "CLIP evaluation", clip_claims.WORDS,
        "clip_scores", "firstlight evaluate clip {run}", "clip-rankings", inputs.s9, OF_DIGITS,
    ),
    Subject(
        "S10", "Easy and hard digits", recognizability_claims.HOPED,
        *RECOGNIZED, inputs.s10, OF_DIGITS, asked=inputs.controls,
    ),
    Subject(
        "S11", "CLIP-guided classifier-free guidance", guidance_claims.PROPOSED,
        *GUIDED, _on(inputs.guided, guidance_claims.s11), STEERED,
    ),
    Subject(
        "S12", "Classifier-free guidance", guidance_claims.FREE,
        *GUIDED, _on(inputs.guided, guidance_claims.s12), STEERED,
    ),
    Subject(
        "S13", "Fewer steps", steps_claims.WORDS,
        "solver_steps", "firstlight evaluate steps {run}", "steps", inputs.s13, GUIDABLE,
    ),
    Subject(
        "S14", "Harder data", harder_data.WORDS,
        "runs", "firstlight train --preset fashion{runs}", "compare", inputs.s14, LABELLED,
    ),
)  # fmt: skip
