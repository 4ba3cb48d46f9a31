"""What a CLIP judge says of a run: clip.parquet, clip_real.parquet and clip_steps.parquet.

The seam is here because scoring is done once and ranked often: rows of pictures are kept, every score beside what the
same judge says of real pictures. Several judges' rows stand side by side while they are of the same pictures.
"""

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from tqdm import tqdm

from evaluator import judging
from evaluator.clip import real
from evaluator.clip.judge import ClipJudge
from evaluator.drawing import FIRST_SEED, Drawn, draw
from evaluator.judging import AT_ONCE, METADATA, decode, digest, weights
from store.files import write_table
from store.run import Run, RunError
from store.schema import CLIP, CLIP_REAL, table_of

PER_CLASS = 200
VIEW = "denoised"  # of trajectories: x̂0 with the label


def score(run: Run, judge: ClipJudge, per_class: int = PER_CLASS) -> tuple[pa.Table, float]:
    """The judge's rows of a run's finished pictures, and how many seconds 1,000 pictures took.

    Writes clip.parquet and clip_real.parquet. Raises RunError and SamplerError where no pictures can be drawn.
    """
    drawn = draw(run, per_class)
    started = time.perf_counter()
    table = rows(judge, drawn)
    seconds = 1000 * (time.perf_counter() - started) / len(drawn.labels)
    sampling = json.loads(json.dumps(asdict(drawn.settings)))
    source = {"denoiser": weights(run), "sampling": sampling, "first_seed": FIRST_SEED}
    _join(run.clip, table, source)
    _join(run.clip_real, table_of(CLIP_REAL, real.columns(judge)), {})
    return table, seconds


def rows(judge: ClipJudge, drawn: Drawn) -> pa.Table:
    """Every picture with every reading: cosine with the asked class, its probability, z-score, the top class.

    z is the cosine in standard deviations from the mean of real test pictures of the class.
    """
    cosine = judge.cosine(judge.embed(drawn.images / np.float32(127.5) - 1))  # (N, readings, classes)
    readings, labels = len(judge.readings), drawn.labels
    asked = labels[:, None, None]
    own = np.take_along_axis(cosine, asked, axis=2)[:, :, 0]
    chance = np.take_along_axis(judge.probability(cosine), asked, axis=2)[:, :, 0]
    mean, spread = (part.T[labels] for part in real.standards(judge))  # (N, readings)
    columns = {
        "sample": np.repeat(np.arange(len(labels)), readings),
        "label": np.repeat(labels, readings),
        "seed": np.repeat(FIRST_SEED + np.arange(len(labels)), readings),
        "judge": [judge.name] * (len(labels) * readings),
        "template": list(judge.readings) * len(labels),
        "cosine": own.ravel(),
        "probability": chance.ravel(),
        "z": ((own - mean) / spread).ravel(),
        "top": cosine.argmax(axis=2).ravel(),
    }
    return table_of(CLIP, columns)


def steps(run: Run, judge: ClipJudge) -> int:
    """The judge's rows of x̂0 at every kept step of the stored trajectories, as `judgements` shows them; how many.

    Writes clip_steps.parquet; 0, writing nothing, where the run has no trajectories. Raises RunError for damaged ones.
    """
    if not run.trajectories.is_file():
        return 0
    again = f"make them again with: python -m trainer trace {run.id}"
    columns = ["sample", "label", "seed", "steps", "frames", "logsnr", VIEW]
    try:
        file = pq.ParquetFile(run.trajectories)
        batches = file.iter_batches(batch_size=AT_ONCE, columns=columns)
        total = -(-file.metadata.num_rows // AT_ONCE)
        parts = [
            _step_rows(judge, row)
            for batch in tqdm(batches, f"{judge.name} along {run.id}", total, disable=None)
            for row in batch.to_pylist()
        ]
        if not parts:
            raise ValueError("it holds no rows")
        source = {"trajectories": digest(run.trajectories, again, run)}
    except (OSError, ValueError, TypeError, pa.ArrowException) as error:
        raise RunError(f"{run.trajectories} cannot be judged ({error}); {again}") from error
    table = pa.concat_tables(parts)
    _join(run.clip_steps, table, source)
    return table.num_rows


def _step_rows(judge: ClipJudge, row: dict[str, Any]) -> pa.Table:
    frames = len(row["frames"])
    cosine = judge.cosine(judge.embed(decode(row[VIEW], frames, judge.shape, 1.0)))
    probability = judge.probability(cosine)[:, 0]  # of all templates together
    return judging.rows(row, VIEW, judge.name, probability)


def _join(path: Path, table: pa.Table, source: dict[str, Any]) -> None:
    """Write a judge's rows beside those of other judges, unless those were made from something else."""
    judge = table["judge"][0].as_py()
    held = _held(path, table.schema, source)
    if held is not None:
        table = pa.concat_tables([held.filter(pc.not_equal(held["judge"], judge)), table])
    notes = {METADATA: json.dumps({"source": source}, sort_keys=True).encode()}
    write_table(path, table.replace_schema_metadata(notes))


def _held(path: Path, schema: pa.Schema, source: dict[str, Any]) -> pa.Table | None:
    try:
        table = pq.read_table(path)
        same = json.loads((table.schema.metadata or {}).get(METADATA, b"{}")).get("source") == source
    except (OSError, ValueError, pa.ArrowException):
        return None
    return table.replace_schema_metadata(None) if same and table.schema.equals(schema) else None
