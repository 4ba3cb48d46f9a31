"""What each statement of the source is judged by: stored rows, asked for and handed to the claim's own function."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from evaluator.claims import forward as claims_forward
from evaluator.claims import harder_data, training
from evaluator.clip import claims as clip_claims
from evaluator.clip.judge import MEAN
from evaluator.clip.ranking import SCORES, ordered
from evaluator.experiments import ablation_figures
from evaluator.judges.judge import judge_for_run
from evaluator.quality.cas import FULL, SHORT
from evaluator.recognizability import claims as recognizability_claims
from evaluator.recognizability.carry_over import FINE, told
from evaluator.recognizability.default_look import Look, default_look
from evaluator.recognizability.points import Points, points, view_from
from evaluator.recognizability.schedules import own
from evaluator.recognizability.thresholds import stricter
from evaluator.recognizability.views import VIEWS
from evaluator.stats.intervals import Estimate
from evaluator.steps import claims as steps_claims
from evaluator.steps import quality_kept
from evaluator.theory.schedule_check import check
from evaluator.verdict import Verdict
from firstlight.command_text import flag
from firstlight.errors import JudgeError
from firstlight.run_folder import Run
from firstlight.seen_in_training import remark, seen_in_training

Ask = Callable[..., Any]  # a query's name and parameters -> a frame of its rows
Card = Mapping[str, Any]  # run.json


class Missing(Exception):
    """What a claim is judged by is not there; the message is a sentence without its end."""


def s1(run: Run, card: Card, ask: Ask) -> tuple[Verdict, ...]:
    """S1, from the card of the judge of noisy pictures."""
    if own(card["config"]) is None:
        raise Missing(f"{run.id} names no noise levels that it is drawn along")
    judge = judge_for_run(run, "noisy")
    if not judge.whole:
        raise JudgeError(f"{judge.name} was examined on other classes than {run.id} has, so its figures say nothing.")
    low, high = (card.get("guest") or {}).get("pictures", claims_forward.OURS)
    end = check(card).training.noisy
    return claims_forward.s1(judge.card["accuracy_by_noise"], end, len(judge.classes), (float(low), float(high)))


def _points(run: Run, card: Card, ask: Ask) -> tuple[Points, tuple[str, ...], dict[float, Points]]:
    """Where the pictures are recognized, their classes, and the same at higher thresholds."""
    look = _look(run, ask)
    frame = ask("judged_frames", run=run.id, judge=look.judge, view=look.view)
    view = view_from({name: frame[name].to_numpy() for name in frame}, look.view, look.judge)
    view = replace(view, grid=own(card["config"])) if look.view == FINE else view
    classes = tuple(map(str, card["dataset"]["classes"]))
    return points(view, look.threshold), classes, stricter(view, look.threshold)


def _look(run: Run, ask: Ask) -> Look:
    """The first judge of x_t, which at pure noise shows nothing, and the threshold that its null asks for."""
    look = default_look(run, ask("judges", run=run.id), (FINE, "x"))
    if look is None:
        raise Missing("There are no judgements of x_t yet")
    return look


def controls(run: Run, ask: Ask) -> dict[str, Any]:
    """What the Recognizability page's controls show."""
    look = _look(run, ask)
    return {"judged": f"{VIEWS[look.view]}, {look.judge}", "threshold": round(100 * look.threshold)}


def s3(run: Run, card: Card, ask: Ask) -> tuple[Verdict, ...]:
    """S3, from the judgements of x_t."""
    found, classes, above = _points(run, card, ask)
    return recognizability_claims.s3(found, classes, told(run, dict(card["config"])), above)


def s10(run: Run, card: Card, ask: Ask) -> tuple[Verdict, ...]:
    """S10, from the same."""
    return recognizability_claims.s10(*_points(run, card, ask))


def ablated(run: Run, card: Card, ask: Ask) -> ablation_figures.Ablated:
    """The pictures with parts taken away, of S2, S4, S5 and S6."""
    frame = ask("ablations", run=run.id)
    if frame.empty:
        raise Missing("There are no pictures with parts taken away yet")
    columns = {name: frame[name].to_numpy() for name in frame if name != "image"}
    return ablation_figures.ablated_from(columns, len(card["dataset"]["classes"]))


def s7(run: Run, card: Card, ask: Ask) -> tuple[Verdict, ...]:
    """S7, from every loss that was logged."""
    frame = ask("loss_values", run=run.id)
    if frame.empty:
        raise Missing("No losses were logged")
    return training.s7(
        frame["step"].to_numpy(), frame["value"].to_numpy(float), str(card["config"].get("prediction", ""))
    )


def s8(run: Run, card: Card, ask: Ask) -> tuple[Verdict, ...]:
    """S8: the pictures kept at both ends of the training, put before the judge."""
    frame = ask("snapshots", run=run.id)
    if frame.empty:
        raise Missing("No pictures were kept through the training")
    moments = np.unique(frame["step"])
    each = max(1, int(training.QUARTER * len(moments)))
    ends = frame["step"].isin([*moments[:each], *moments[-each:]])  # the verdict asks for no others
    judge = judge_for_run(run, "clean")
    channels, height, width = judge.shape
    some = frame[ends & (frame["image"].map(len) == channels * height * width)]
    pixels = np.frombuffer(b"".join(map(bytes, some["image"])), np.uint8).reshape(-1, height, width, channels)
    top = judge(pixels.transpose(0, 3, 1, 2) / np.float32(127.5) - 1)[0].argmax(axis=1)
    whole = np.full(len(frame), -1)
    whole[frame.index.get_indexer(some.index)] = top
    return training.s8(frame["step"].to_numpy(), frame["label"].to_numpy(), frame["seed"].to_numpy(), whole)


def s9(run: Run, card: Card, ask: Ask) -> tuple[Verdict, ...]:
    """S9, by every CLIP judge and score."""
    judges = ask("clip_judges", run=run.id)
    if judges.empty:
        raise Missing("There are no CLIP scores yet")
    verdicts: list[Verdict] = []
    classes = tuple(map(str, card["dataset"]["classes"]))
    for judge in sorted(set(judges["judge"])):
        frame = ask("clip_scores", run=run.id, clip=judge, template=MEAN)
        rows = ask("clip_real", run=run.id, clip=judge, template=MEAN)
        real = {int(row["label"]): {str(name): value for name, value in row.items()} for row in rows.to_dict("records")}
        label, seed = (frame[name].to_numpy(np.int64) for name in ("label", "seed"))
        for score in SCORES:
            order = ordered(frame[score].to_numpy(float), label, seed)
            verdicts += clip_claims.s9(order, score, classes, str(judge), real)
    return tuple(verdicts)


def guided(run: Run, card: Card, ask: Ask) -> Mapping[str, Any]:
    """The pictures under guidance laws, of S11 and S12."""
    frame = ask("guided", run=run.id)
    if frame.empty:
        raise Missing("There are no pictures by guidance methods yet")
    return {name: frame[name].to_numpy() for name in frame}


def s13(run: Run, card: Card, ask: Ask) -> tuple[Verdict, ...]:
    """S13, from the ways of drawing that were compared."""
    frame = ask("solver_steps", run=run.id)
    if frame.empty:
        raise Missing("There are no pictures of other numbers of steps yet")
    columns = {name: frame[name].tolist() for name in frame}
    return steps_claims.s13(
        quality_kept.ways_from(columns, len(card["dataset"]["classes"])), run.id, remark(dict(card))
    )


def s14(run: Run, card: Card, ask: Ask) -> tuple[Verdict, ...]:
    """S14: this run against the one of the other kind whose pictures teach best; nothing of a run of neither kind."""
    kinds = (harder_data.DIGITS, harder_data.HARDER)
    if not any(card["dataset"]["name"] in kind for kind in kinds):
        return ()
    frame = ask("taught", also=run.id)
    best = []
    for kind in kinds:
        some = frame[frame["dataset"].isin(kind) & (frame["classes"].map(len) == 10)]
        some = some[some["run"] == run.id] if card["dataset"]["name"] in kind else some
        some = some.dropna(subset=["cas"]).sort_values("cas")
        best.append(None if some.empty else _scored(some.iloc[-1], ask))
    digits, harder = best
    return harder_data.s14(digits, harder, _short(run, ask), flag(run.archive))


def _short(run: Run, ask: Ask) -> str:
    """The run's id where it has the short classification accuracy score alone; empty else."""
    known = set(ask("quality", run=run.id)["metric"])
    return run.id if SHORT[0] in known and FULL[0] not in known else ""


def _scored(row: Any, ask: Ask) -> harder_data.Scored | None:
    """The run's scores; None where real pictures taught no classifier beside."""
    frame = ask("quality", run=str(row["run"]))
    whole = frame[frame["label"].isna()].drop_duplicates("metric").set_index("metric")
    taught, real, distance = (_figure(whole, name) for name in ("cas", "cas_real", "frechet_ratio"))
    if taught is None or real is None:
        return None
    unknown = Estimate(math.nan, math.nan, math.nan, 0)
    count = int(whole.loc["accuracy", "n"]) if "accuracy" in whole.index else 0  # the pictures that were drawn
    name = str(row["dataset"])
    seen = seen_in_training(name, row["pictures"])
    return harder_data.Scored(str(row["run"]), name, taught, real, distance or unknown, count, seen)


def _figure(whole: Any, metric: str) -> Estimate | None:
    """A figure of quality with its interval; None where there is none."""
    if metric not in whole.index or whole.loc[metric, ["low", "high"]].isna().any():
        return None
    value, low, high = (float(whole.loc[metric, end]) for end in ("value", "low", "high"))
    return Estimate(value, low, high, int(whole.loc[metric, "n"]))
