"""Every kept frame of every trajectory before its judge: trajectories.parquet becomes judgements.parquet.

Thresholds, classes and axes are chosen afterwards, on the rows. Only what needs a judge's whole answer, the null of the
threshold, is worked out here and kept in the file.
"""

import json
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from evaluator.judges.judge import Judge, entropy, judge_for_run, softmax
from evaluator.provenance import digest, made_of, notes
from evaluator.recognizability.thresholds import null_threshold
from evaluator.recognizability.views import KINDS
from evaluator.stats.time_ahead import say, seconds_of
from firstlight.errors import RunError
from firstlight.remedy import trajectories_by
from firstlight.run_folder import Run
from firstlight.run_writes import store_table
from firstlight.table_schema import JUDGEMENTS, METADATA, TRAJECTORIES, X_RANGE, table_of
from jobs.progress_lines import counted
from jobs.shares import shares
from store.verification import sound_table

AT_ONCE = 16  # trajectories decoded and judged together

Decoded = NDArray[np.float32]


def judged(run: Run, on: str = "") -> pa.Table:
    """The judgements of a run: those on the disk where they are of these trajectories and judges, or made anew.

    on: where, as `jobs.shares` takes it. Raises RunError where the run has no usable trajectories and
    JudgeError where its dataset has no judge.
    """
    trajectories = digest(run)
    judges = {kind: judge_for_run(run, kind) for kind in dict.fromkeys(KINDS.values())}
    source = {"trajectories": trajectories, "judges": {judge.name: judge.card["sha256"] for judge in judges.values()}}
    if run.judgements.is_file():
        kept = _read(run)
        if kept is not None and notes(kept).get("source") == source:
            return kept
    table = _judge_all(run, source, on)
    store_table(run.judgements, table)
    return table


def _read(run: Run) -> pa.Table | None:
    try:
        table = pq.read_table(sound_table(run.judgements))
    except (RunError, OSError, pa.ArrowException):
        return None
    return table if table.schema.equals(JUDGEMENTS) else None


def _judge_all(run: Run, source: dict[str, Any], on: str) -> pa.Table:
    try:
        file = pq.ParquetFile(sound_table(run.trajectories))
        missing = set(TRAJECTORIES.names) - set(file.schema_arrow.names)
        if missing or not file.metadata.num_rows:
            raise ValueError(f"columns {sorted(missing)} are missing" if missing else "it holds no rows")
        batches = file.iter_batches(batch_size=AT_ONCE)
        total = -(-file.metadata.num_rows // AT_ONCE)
        parts: list[pa.Table] = []
        reached: dict[str, list[NDArray[np.float64]]] = {view: [] for view in KINDS}
        where = Run(run.folder.resolve(), run.words)
        if not on:
            one = next(file.iter_batches(batch_size=1))
            size = f"{file.metadata.num_rows:,} trajectories of {len(one['frames'][0])} frames"
            say(f"judging {run.id}", size, seconds_of(lambda: judge_some(where, one), file.metadata.num_rows))
        answers = shares(on, judge_some, ((where, batch) for batch in batches))
        for tables, wrong in counted(answers, f"judging {run.id}", total):
            parts += tables
            for view, each in wrong:
                reached[view].append(each)
    except (OSError, ValueError, TypeError, IndexError, pa.ArrowException) as error:
        raise RunError(f"{run.trajectories} cannot be judged ({error}). {trajectories_by(run)}") from error
    null = {view: null_threshold(np.concatenate(wrong)) for view, wrong in reached.items() if wrong}
    metadata = json.dumps({"source": source, "null": null} | made_of(run.trajectories)).encode()
    return pa.concat_tables(parts).replace_schema_metadata({METADATA: metadata})


def judge_some(run: Run, batch: pa.RecordBatch) -> tuple[list[pa.Table], list[tuple[str, NDArray[np.float64]]]]:
    """JUDGEMENTS of some trajectories, and of each view what the threshold's null is made of; a share of the work."""
    judges = {kind: judge_for_run(run, kind) for kind in dict.fromkeys(KINDS.values())}
    parts, reached = [], []
    for row in batch.to_pylist():
        for view, kind in KINDS.items():
            if row[view] is None:  # recorded by a sampler that does not say it
                continue
            probability = _answers(row, view, judges[kind])
            parts.append(rows(row, view, judges[kind].name, probability))
            reached.append((view, _wrongly_reached(probability, row["label"])))
    return parts, reached


def _answers(row: dict[str, Any], view: str, judge: Judge) -> NDArray[np.float64]:
    """The judge's probabilities for each kept frame of one view, (frames, classes)."""
    pictures = decode(row[view], len(row["frames"]), judge.shape, X_RANGE if view == "x" else 1.0)
    logsnr = np.array(row["logsnr"]) if judge.kind == "noisy" else None
    return softmax(judge(pictures, logsnr)[0])


def decode(content: bytes, frames: int, shape: tuple[int, int, int], limit: float) -> Decoded:
    """Stored bytes (frames, H, W, C) as pictures (frames, C, H, W) in [-limit, limit]."""
    channels, height, width = shape
    pixels = np.frombuffer(content, np.uint8).reshape(frames, height, width, channels)
    return np.asarray((pixels.transpose(0, 3, 1, 2) / np.float32(127.5) - 1) * limit, np.float32)


def rows(row: dict[str, Any], view: str, judge: str, probability: NDArray[np.float64]) -> pa.Table:
    """JUDGEMENTS of one trajectory: what a judge says, probability (frames, classes), of its kept frames."""
    frames = len(row["frames"])
    same = {name: np.full(frames, row[name]) for name in ("sample", "label", "seed", "steps")}
    columns: dict[str, Any] = same | {
        "step": row["frames"],
        "logsnr": row["logsnr"],
        "view": [view] * frames,
        "judge": [judge] * frames,
        "top": probability.argmax(axis=1),
        "probability": probability[:, row["label"]],
        "entropy": entropy(probability),
    }
    return table_of(JUDGEMENTS, columns)


def _wrongly_reached(probability: NDArray[np.float64], label: int) -> NDArray[np.float64]:
    """For every label that was not asked for, the highest probability it had while it was the first choice."""
    first = probability.argmax(axis=1)[:, None] == np.arange(probability.shape[1])
    highest = np.where(first, probability, 0).max(axis=0)
    return np.asarray(np.delete(highest, label))
