"""Ablations: what breaks when a part is taken away from a trained network, or from its sampling.

Every picture is drawn from the same noise with all parts in place and with one taken away: skip connections silenced,
time embedding frozen, label withheld, one giant step instead of many. The judge says which class it shows and whether
it lies among real pictures.
"""

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from evaluator import defaults
from evaluator.experiments.ablation_figures import LABEL, NONE, SKIPS, STEPS, TIME, ablated_from, figures, skips_at
from evaluator.experiments.graph_surgery import Graph, open_graph, with_time_at, without_skips
from evaluator.experiments.guest_graph import open_guest
from evaluator.experiments.resumable import Columns, Denoise, Plan, carry_out, record
from evaluator.experiments.subject import Subject, subject_of
from evaluator.judges.cards import JUDGES
from evaluator.judges.judge import softmax
from evaluator.judges.reference import reference_for
from evaluator.stats.precision_recall import inside, radii
from firstlight.errors import JudgeError
from firstlight.run_folder import Run
from sampler import session
from sampler.column_layout import in_columns
from sampler.generation import Settings, settings_of
from sampler.graph_forms import forms_of
from sampler.guidance import evaluations, guided
from sampler.loop import sample
from sampler.noise import Noise, Pictures
from sampler.providers import opened

FIRST_SEED = 400_000_000
AT_ONCE = 4  # noise seeds drawn together
KEPT = 3  # seeds whose pictures are kept

Manifold = tuple[NDArray[np.float32], NDArray[np.float32]]  # features of real pictures (M, F), squared radius (M,)


def ablations(run: Run, seeds: int = defaults.ABLATIONS_SEEDS, judges: Path = JUDGES) -> dict[str, Any]:
    """Every part taken away in turn, for `seeds` noises of every class; writes ablations.parquet.

    Raises RunError, SamplerError and JudgeError with a sentence.
    """
    subject, settings = subject_of(run, True, judges), settings_of(run)
    content, level = session.verified(run.denoiser), middle(settings)
    graph = open_guest(content, subject.shape) if subject.card.get("guest") else open_graph(content)
    manifold = _manifold(subject)
    noted = {"sampling": settings.plain(), "frozen": level, "seed": FIRST_SEED, "real": manifold is not None}
    tables = [
        _drawn_without(subject, graph, part, settings, noted, seeds, manifold)
        for part in parts(graph, subject.denoiser.no_label)
    ]
    table = pa.concat_tables(tables)
    record(subject, "ablations", table, {"settings": noted | {"seeds": seeds}})
    columns = {name: table[name].to_numpy(zero_copy_only=False) for name in table.column_names if name != "image"}
    return figures(run.id, ablated_from(columns, subject.classes), level)


def parts(graph: Graph, no_label: bool) -> list[str]:
    """What is taken away, one after the other, as far as there is such a part; first nothing."""
    one_by_one = [skips_at(graph.size(level)) for level in graph.levels] if len(graph.levels) > 1 else []
    there = {SKIPS: bool(graph.skips), TIME: graph.time is not None, LABEL: no_label, STEPS: True}
    return [NONE, *one_by_one, *(part for part, found in there.items() if found)]


def middle(settings: Settings) -> float:
    """The logSNR at the middle of the sampling, at which the time embedding is frozen."""
    table = settings.table()
    return float(table.logsnr[table.steps // 2])


def _drawn_without(
    subject: Subject, graph: Graph, part: str, settings: Settings, noted: dict[str, Any], seeds: int,
    manifold: Manifold | None,
) -> pa.Table:  # fmt: skip
    """The rows of one part."""
    chosen = settings.in_steps(1) if part == STEPS else settings
    chosen = replace(chosen, guidance=1.0) if part == LABEL else chosen
    cut = _cut(subject, graph, part, noted["frozen"])
    labels = subject.classes if part != LABEL else 1
    ends = (chosen.guidance, chosen.guidance_low, chosen.guidance_high)
    seen = evaluations(chosen.table().told, *ends)
    plan = Plan("ablations", noted | {"part": part}, seeds, "--seeds", AT_ONCE, labels * seen)

    def work(items: range, denoise: Denoise) -> Columns:
        pictures, label, seed = _pictures(cut, denoise, items, chosen, part == LABEL)
        return _columns(cut, part, pictures, label, seed, seen, manifold)

    return carry_out(cut, plan, work)


def _cut(subject: Subject, graph: Graph, part: str, level: float) -> Subject:
    """The subject with a network that lacks the part; what is taken from the sampling leaves the network whole."""
    if part == TIME:
        content = with_time_at(graph, level)
    elif part.startswith(SKIPS):
        levels = [each for each in graph.levels if part in (SKIPS, skips_at(graph.size(each)))]
        content = without_skips(graph, tuple(levels))
    else:
        return subject
    net, provider, reason = opened(content, subject.run.denoiser, "auto")
    forms = forms_of(net, provider, subject.run.denoiser, sha256(content).hexdigest(), lambda: in_columns(content))
    cut = replace(subject.denoiser, session=net, provider=provider, reason=reason, content=content, forms=forms)
    return replace(subject, denoiser=cut)


def _pictures(
    subject: Subject, denoise: Denoise, items: Sequence[int] | range, settings: Settings, unlabelled: bool
) -> tuple[Pictures, NDArray[np.int64], NDArray[np.int64]]:
    """Finished pictures (N, C, H, W) of every class from each noise, with label and seed (N,).

    Without a label all classes are one picture, which is drawn once.
    """
    none = subject.classes
    asked = np.array([none]) if unlabelled else np.arange(none)
    seed = FIRST_SEED + np.repeat(np.asarray(items, np.int64), len(asked))
    noise, table = Noise(seed.tolist(), subject.shape), settings.table()
    law = guided(
        denoise, np.tile(asked, len(items)), none, settings.guidance, settings.guidance_low, settings.guidance_high
    )
    with np.errstate(over="ignore", invalid="ignore"):  # a network without its parts may run away
        for step in sample(law, noise.start(), table, noise.draw):
            x = step.next
    if unlabelled:
        x, seed = np.repeat(x, none, axis=0), np.repeat(seed, none)
    return x, np.tile(np.arange(none), len(items)), seed


def _columns(
    subject: Subject, part: str, x: Pictures, label: NDArray[np.int64], seed: NDArray[np.int64], seen: int,
    manifold: Manifold | None,
) -> Columns:  # fmt: skip
    """What the judge says of finished pictures; of those that are no numbers, that they show nothing."""
    whole = np.asarray(np.isfinite(x).all(axis=(1, 2, 3)))
    clean = np.clip(np.where(whole[:, None, None, None], x, -1), -1, 1).astype(np.float32)
    logits, features = subject.judge(clean)
    probability = np.where(whole, softmax(logits)[np.arange(len(x)), label], 0.0)
    real = [None] * len(x) if manifold is None else (whole & inside(features, *manifold)).tolist()
    stored = np.rint((clean + 1) * np.float32(127.5)).astype(np.uint8).transpose(0, 2, 3, 1)
    kept = whole & (seed < FIRST_SEED + KEPT)
    return {
        "part": [part] * len(x), "label": label, "seed": seed, "evaluations": np.full(len(x), seen),
        "top": np.where(whole, logits.argmax(axis=1), -1), "probability": probability, "real": real,
        "image": [picture.tobytes() if keep else None for picture, keep in zip(stored, kept, strict=True)],
    }  # fmt: skip


def _manifold(subject: Subject) -> Manifold | None:
    """Where real pictures are in the judge's features; None where that was never measured."""
    try:
        points = reference_for(subject.judge).features
    except JudgeError:
        return None
    return points, radii(points)
