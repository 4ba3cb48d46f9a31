"""The finished pictures that CLIP scored: what a classifier says of each, and the best and the worst of each class.

Of thousands only a few of each class keep their pixels.
"""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from evaluator.clip.judge import MEAN
from evaluator.clip.tables import stored, write
from evaluator.judges.judge import judge_for_run, softmax
from evaluator.quality.pictures import FIRST_SEED, Drawn
from firstlight.errors import JudgeError
from firstlight.run_folder import Run
from firstlight.table_schema import CLIP_PICTURES, table_of

KEPT = 8  # of each class, best and worst, by each score whose order within a class is another
ORDERS = ("probability", "cosine")  # z orders the pictures of a class as the cosine does


def keep(run: Run, drawn: Drawn, table: pa.Table, source: dict[str, Any]) -> None:
    """Write clip_pictures.parquet: a row of every picture, and the pictures that one judge's rows call best and worst.

    table: CLIP, one judge's rows of `drawn`. Pictures kept for other judges stay.
    """
    wanted = extremes(table)
    rows, _ = stored(run.clip_pictures, CLIP_PICTURES, source)
    if rows is not None:
        wanted |= set(rows.filter(pc.is_valid(rows["image"]))["sample"].to_pylist())
    images = drawn.images.transpose(0, 2, 3, 1)
    count = len(drawn.labels)
    columns = {"sample": np.arange(count), "label": drawn.labels, "seed": FIRST_SEED + np.arange(count)}
    kept = [images[sample].tobytes() if sample in wanted else None for sample in range(count)]
    write(run.clip_pictures, table_of(CLIP_PICTURES, columns | _classified(run, drawn) | {"image": kept}), source, {})


def extremes(table: pa.Table) -> set[int]:
    """The samples that are among the best and the worst of their class by any score, all templates together."""
    some = table.filter(pc.equal(table["template"], MEAN))
    sample, label = (some[name].to_numpy() for name in ("sample", "label"))
    samples: set[int] = set()
    for name in ORDERS:
        order = np.lexsort((sample, some[name].to_numpy()))
        for each in np.unique(label):
            own = sample[order][label[order] == each].tolist()
            samples |= {*own[:KEPT], *own[-KEPT:]}
    return samples


def _classified(run: Run, drawn: Drawn) -> dict[str, Any]:
    """What the dataset's clean judge says of the pictures; nulls where there is no judge for them."""
    count = len(drawn.labels)
    try:
        judge = judge_for_run(run, "clean")
        probability = softmax(judge(drawn.images / np.float32(127.5) - 1)[0])
    except JudgeError:
        return {"judge": pa.nulls(count), "top": pa.nulls(count), "probability": pa.nulls(count)}
    own = probability[np.arange(count), drawn.labels]
    return {"judge": [judge.name] * count, "top": probability.argmax(axis=1), "probability": own}
