"""What a CLIP judge says of a run: of its finished pictures, of those on the way, and of those kept through training.

Several judges' rows stand side by side while they are of the same pictures.
"""

import json
import time
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from tqdm import tqdm

from evaluator import defaults
from evaluator.clip import kept_pictures, real_scores
from evaluator.clip.judge import MEAN, ClipJudge
from evaluator.clip.tables import join
from evaluator.provenance import denoiser_sha256, digest, made_of
from evaluator.quality.pictures import FIRST_SEED, Drawn, draw
from evaluator.recognizability import judge_frames as recognizability_judge_frames
from evaluator.recognizability.judge_frames import AT_ONCE, decode
from firstlight.errors import RunError
from firstlight.manifest import sha256, signature
from firstlight.remedy import trajectories_by
from firstlight.run_folder import Run
from firstlight.table_schema import CLIP, CLIP_REAL, CLIP_SNAPSHOTS, table_of
from store.verification import sound_table

VIEW = "denoised"  # of trajectories: x̂0 with the label


def score(run: Run, judge: ClipJudge, per_class: int = defaults.CLIP_PER_CLASS) -> tuple[pa.Table, float]:
    """The judge's rows of a run's finished pictures, and how many seconds 1,000 pictures took.

    Writes clip.parquet, clip_real.parquet and clip_pictures.parquet. Raises RunError and SamplerError where no pictures
    can be drawn.
    """
    drawn = draw(run, per_class)
    started = time.perf_counter()
    table = rows(judge, drawn)
    seconds = 1000 * (time.perf_counter() - started) / len(drawn.labels)
    source = {
        "denoiser": denoiser_sha256(run),
        "sampling": json.loads(json.dumps(drawn.settings.plain())),
        "first_seed": FIRST_SEED,
    }
    join(
        run.clip, table, source, _about(judge) | {"seconds_per_1000": round(seconds, 3), "pictures": len(drawn.labels)}
    )
    join(run.clip_real, table_of(CLIP_REAL, real_scores.columns(judge)), {})
    kept_pictures.keep(run, drawn, table, source)
    return table, seconds


def _about(judge: ClipJudge) -> dict[str, Any]:
    """What a page says of a judge that it does not have."""
    card = judge.card
    seen = [entry["template"] for entry in card.get("prompts", []) if entry.get("seen")]
    return {
        "about": card.get("in_domain") or card.get("foreign", ""),
        "accuracy": [round(float(card[name]), 6) for name in ("accuracy", "low", "high")] if "accuracy" in card else [],
        "n": card.get("n", 0),
        "seen": seen if judge.in_domain else [],
        "calibration": real_scores.calibrations(judge),  # with these very prompts, between these very classes
        "sha256": card.get("sha256", {}).get("image.onnx", ""),
    }


def rows(judge: ClipJudge, drawn: Drawn) -> pa.Table:
    """Every picture with every reading: cosine with the asked class, its probability, z-score, the top class."""
    readings, labels = len(judge.readings), drawn.labels
    columns = {
        "sample": np.repeat(np.arange(len(labels)), readings),
        "label": np.repeat(labels, readings),
        "seed": np.repeat(FIRST_SEED + np.arange(len(labels)), readings),
        "judge": [judge.name] * (len(labels) * readings),
        "template": list(judge.readings) * len(labels),
    } | {name: values.ravel() for name, values in scores(judge, drawn.images, labels).items()}
    return table_of(CLIP, columns)


def scores(judge: ClipJudge, images: NDArray[np.uint8], labels: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    """cosine, probability, z and top, each (N, readings), of pictures (N, C, H, W) against the labels asked (N,).

    z is the cosine in standard deviations from the mean of real test pictures of the class.
    """
    cosine = judge.cosine(judge.embed(images / np.float32(127.5) - 1))  # (N, readings, classes)
    asked = labels[:, None, None]
    own = np.take_along_axis(cosine, asked, axis=2)[:, :, 0]
    chance = np.take_along_axis(judge.probability(cosine), asked, axis=2)[:, :, 0]
    mean, spread = (part.T[labels] for part in real_scores.standards(judge))  # (N, readings)
    return {"cosine": own, "probability": chance, "z": (own - mean) / spread, "top": cosine.argmax(axis=2)}


def snapshots(run: Run, judge: ClipJudge) -> int:
    """The judge's rows of the pictures kept through training, all templates together; how many.

    Writes clip_snapshots.parquet; 0, writing nothing, where no pictures were kept. Raises RunError for damaged ones.
    """
    if not run.snapshots.is_file():
        return 0
    try:
        table = pq.read_table(sound_table(run.snapshots))
        if not table.num_rows:
            return 0
        channels, size, _ = judge.shape
        pixels = np.frombuffer(b"".join(table["image"].to_pylist()), np.uint8).reshape(-1, size, size, channels)
        labels = table["label"].to_numpy().astype(np.int64)
        readings = scores(judge, pixels.transpose(0, 3, 1, 2), labels)
    except (OSError, ValueError, TypeError, KeyError, IndexError, pa.ArrowException) as error:
        raise RunError(f"{run.snapshots} cannot be judged ({error}); restore it from a copy of the run.") from error
    columns: dict[str, Any] = {name: table[name].to_numpy() for name in ("step", "epoch", "label", "seed")}
    columns |= {"judge": [judge.name] * len(labels), "template": [MEAN] * len(labels)}
    columns |= {name: values[:, 0] for name, values in readings.items()}
    source = {"snapshots": sha256(str(run.snapshots), signature(run.snapshots.lstat()))}
    join(run.clip_snapshots, table_of(CLIP_SNAPSHOTS, columns), source)
    return len(labels)


def steps(run: Run, judge: ClipJudge) -> int:
    """The judge's rows of x̂0 at every kept step of the stored trajectories, as `judgements` shows them; how many.

    Writes clip_steps.parquet; 0, writing nothing, where the run has no trajectories. Raises RunError for damaged ones.
    """
    if not run.trajectories.is_file():
        return 0
    columns = ["sample", "label", "seed", "steps", "frames", "logsnr", VIEW]
    try:
        file = pq.ParquetFile(sound_table(run.trajectories))
        batches = file.iter_batches(batch_size=AT_ONCE, columns=columns)
        total = -(-file.metadata.num_rows // AT_ONCE)
        parts = [
            _step_rows(judge, row)
            for batch in tqdm(batches, f"{judge.name} along {run.id}", total, disable=None)
            for row in batch.to_pylist()
            if row[VIEW] is not None
        ]
        if not parts:
            raise ValueError(f"it holds no rows with {VIEW}")
        source = {"trajectories": digest(run)} | made_of(run.trajectories)
    except (OSError, ValueError, TypeError, pa.ArrowException) as error:
        raise RunError(f"{run.trajectories} cannot be judged ({error}). {trajectories_by(run)}") from error
    table = pa.concat_tables(parts)
    join(run.clip_steps, table, source)
    return table.num_rows


def _step_rows(judge: ClipJudge, row: dict[str, Any]) -> pa.Table:
    frames = len(row["frames"])
    cosine = judge.cosine(judge.embed(decode(row[VIEW], frames, judge.shape, 1.0)))
    probability = judge.probability(cosine)[:, 0]  # of all templates together
    return recognizability_judge_frames.rows(row, VIEW, judge.name, probability)
