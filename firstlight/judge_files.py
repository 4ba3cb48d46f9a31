"""The files of judges by their data set's name: where they lie under the program's folder, and so under `.fitted`.

What a judge says is the evaluator's; that it has these files is known here, so that a run can be sent with its judges.
"""

import hashlib
import re

from firstlight.run_id import RUN_ID
from firstlight.run_json import SAME_PICTURES

CLASSIFIERS, CLIPS = "evaluator/judges", "evaluator/clip/judges"
CLIP_FILES = ("image.onnx", "text.onnx", "prompts.npz", "real.npz", "open_clip_config.json",
              "open_clip_model.safetensors", "card.json")  # fmt: skip


def stem(dataset: str) -> str:
    """A dataset's name as part of a file's: as it is where that is safe, else what is left of it and its hash."""
    if RUN_ID.fullmatch(dataset):
        return dataset
    left = re.sub(r"[^a-z0-9]+", "-", dataset.lower()).strip("-")[:40]
    return f"{left or 'own'}-{hashlib.sha256(dataset.encode()).hexdigest()[:8]}"


def judge_files(dataset: str) -> dict[str, list[str]]:
    """Each judge that a data set may have -> the files that it may have, its card last."""
    name = stem(SAME_PICTURES.get(dataset, dataset))
    clean = [f"{CLASSIFIERS}/{name}-{end}" for end in ("clean.onnx", "reference.npz", "clean.json")]
    noisy = [f"{CLASSIFIERS}/{name}-{end}" for end in ("noisy.onnx", "noisy.json")]
    clip = [f"{CLIPS}/{name}/{file}" for file in CLIP_FILES]
    return {f"{name}-clean": clean, f"{name}-noisy": noisy, f"{name}-clip": clip}
