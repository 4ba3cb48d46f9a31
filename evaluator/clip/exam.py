"""A CLIP examined again, as it is, on real test pictures: what its card says of them is measured anew."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from evaluator.clip.judge import BUNDLED, CARD, REAL, ClipJudge, Real, clip_for, digest, load, packed, unit
from evaluator.clip.real_scores import on_card
from firstlight.archives import writable
from firstlight.atomic_writes import write_bytes, write_json
from firstlight.errors import JudgeError
from firstlight.judge_files import stem
from firstlight.run_json import SAME_PICTURES


def examine(dataset: str, data: Path | None, runs: Path | None) -> ClipJudge:
    """The CLIP of a dataset with its card made anew of its test pictures; a bundled one is copied into the archive.

    Raises JudgeError where there is none, or where it was made for other pictures, and DataError where pictures cannot
    be had.
    """
    from trainer.data import load as load_pictures

    dataset = SAME_PICTURES.get(dataset, dataset)
    judge, test = clip_for(dataset, runs=runs), load_pictures(dataset, data, "test")
    if (judge.classes, judge.shape) != (test.classes, test.images.shape[1:]):
        raise JudgeError(f"{judge.name} knows other pictures than these; give --data the pictures of {dataset}.")
    vectors = judge.embed(test.images / np.float32(127.5) - 1).astype(np.float16)
    judge = replace(judge, real=Real(unit(vectors), test.labels))
    card, here = dict(judge.card), Path(judge.card["folder"])
    del card["folder"]  # where it lay, which no card says of itself
    files = {path.name: path.read_bytes() for path in sorted(here.iterdir()) if path.name != CARD}
    files[REAL] = packed(embeddings=vectors, labels=test.labels.astype(np.uint8))
    card["size"] = card["size"] | {REAL: len(files[REAL])}
    card["sha256"] = card["sha256"] | {REAL: digest(files[REAL])}
    card["data"] = card["data"] | {"test": test.sha256}
    unseen = frozenset(str(row["template"]) for row in card["prompts"] if not row["seen"])
    folder = writable(BUNDLED / stem(dataset), runs)
    for name, content in files.items():
        write_bytes(folder / name, content)
    write_json(folder / CARD, card | on_card(judge, unseen))
    return load(folder)
