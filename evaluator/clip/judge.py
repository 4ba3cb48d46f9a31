"""A CLIP judge: a folder with an ONNX image tower, the prompts' embeddings, those of real pictures, and a card.

Scoring needs no torch. A CLIP score alone says nothing: recall, ceiling and z-score come from the real pictures.
"""

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from evaluator.judges.cards import FIT_CLIP, archive_of, command
from evaluator.judges.judge import judge_session, softmax
from firstlight.archives import FITTED, readable
from firstlight.errors import JudgeError
from firstlight.judge_files import stem
from firstlight.manifest import Signatures, signatures
from firstlight.ort import ort
from firstlight.run_json import SAME_PICTURES
from firstlight.untrusted.guarded_session import GuardedSession

BUNDLED = Path(__file__).resolve().parent / "judges"
CARD, IMAGE, TEXT, PROMPTS, REAL = "card.json", "image.onnx", "text.onnx", "prompts.npz", "real.npz"
NEEDED = (IMAGE, PROMPTS, REAL)  # for scoring
MEAN = "mean"  # the name of all templates together
BATCH = 250

Vectors = NDArray[np.float32]  # of length 1, last axis


@dataclass(frozen=True)
class Real:
    """Real test pictures as the judge sees them."""

    embeddings: Vectors  # (N, D)
    labels: NDArray[np.int64]  # (N,)


@dataclass(frozen=True)
class ClipJudge:
    """An image tower and what it compares pictures with."""

    card: dict[str, Any]
    session: ort.InferenceSession
    templates: tuple[str, ...]
    prompts: Vectors  # (templates, classes, D)
    real: Real
    margin: int = 0  # pixels cut off on each side of a picture before it is judged

    @property
    def name(self) -> str:
        return str(self.card["name"])

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(self.card["classes"])

    @property
    def shape(self) -> tuple[int, int, int]:
        """What a picture must be: (C, H, W)."""
        given = self.card["input"]
        size = int(given["size"]) + 2 * self.margin
        return int(given["channels"]), size, size

    @property
    def in_domain(self) -> bool:
        """Whether it was trained on pictures like those it judges."""
        return "in_domain" in self.card

    @property
    def readings(self) -> tuple[str, ...]:
        """The names of the ways a picture is scored: all templates together, and each alone."""
        return (MEAN, *self.templates)

    @cached_property
    def classifiers(self) -> Vectors:
        """What pictures are compared with, (readings, classes, D); the first is the templates' mean direction."""
        together = self.prompts.mean(axis=0)
        together /= np.linalg.norm(together, axis=-1, keepdims=True)
        return np.concatenate([together[None], self.prompts])

    def embed(self, x: NDArray[Any]) -> Vectors:
        """Unit vectors (N, D) of pictures (N, C, H, W) in [-1, 1]. Raises JudgeError for pictures of another shape."""
        if x.shape[1:] != self.shape:
            raise JudgeError(f"{self.name} judges pictures of {self.shape}, not {x.shape[1:]}; choose another judge.")
        inside = slice(self.margin, x.shape[-1] - self.margin)
        pictures = np.ascontiguousarray(x[..., inside, inside], np.float32)
        parts = [self._part(pictures[start : start + BATCH]) for start in range(0, len(pictures), BATCH)]
        return np.concatenate(parts) if parts else np.empty((0, self.prompts.shape[-1]), np.float32)

    def _part(self, pictures: NDArray[np.float32]) -> Vectors:
        """The vectors of a batch. Raises JudgeError for a graph that does not answer with them."""
        folder, shape = Path(self.card["folder"]), (len(pictures), self.prompts.shape[-1])
        found: Vectors = self.session.run(["vector"], {"x": pictures})[0]
        guarded = isinstance(self.session, GuardedSession)
        if found.shape != shape or (guarded and not np.isfinite(found).all()):
            raise JudgeError(f"{folder / IMAGE} does not answer with vectors of {shape[1]} numbers; {_again(folder)}")
        return found

    def cosine(self, embedded: Vectors) -> NDArray[np.float64]:
        """Cosines (N, readings, classes) of pictures' vectors (N, D) and every reading's class vectors."""
        return np.tensordot(embedded.astype(np.float64), self.classifiers.astype(np.float64), axes=(1, 2))

    def probability(self, cosine: NDArray[np.float64]) -> NDArray[np.float64]:
        """Softmax over the classes (last axis) at the judge's own temperature."""
        return softmax(float(self.card["logit_scale"]) * cosine)

    @cached_property
    def real_cosine(self) -> NDArray[np.float64]:
        """Cosines (N, readings, classes) of the real test pictures."""
        return self.cosine(self.real.embeddings)


def clip_for(dataset: str, folder: Path = BUNDLED, runs: Path | None = None) -> ClipJudge:
    """The CLIP judge of a dataset, of the archive `runs` or bundled; loaded once. Raises JudgeError for none."""
    folder = folder_for(dataset, folder, runs)
    return _loaded(folder, signatures(*sorted(folder.iterdir())))


def folder_for(dataset: str, folder: Path = BUNDLED, runs: Path | None = None) -> Path:
    """Where that judge lies. Raises JudgeError for none."""
    folder = readable(folder / stem(SAME_PICTURES.get(dataset, dataset)), runs)
    if not (folder / CARD).is_file():
        how = command(dataset, verb=FIT_CLIP, runs=runs)
        raise JudgeError(f"There is no CLIP judge for {dataset}; fit one with: {how}")
    return folder


@lru_cache(maxsize=4)
def _loaded(folder: Path, signs: Signatures) -> ClipJudge:
    return load(folder)


def load(folder: Path) -> ClipJudge:
    """The judge in a folder. Raises JudgeError where a file is missing, damaged, or not the one on the card."""
    try:
        card = json.loads((folder / CARD).read_text())
        contents = {name: (folder / name).read_bytes() for name in NEEDED}
        wrong = [name for name, content in contents.items() if card["sha256"][name] != digest(content)]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise JudgeError(f"The CLIP judge in {folder} cannot be read ({error}); {_again(folder)}") from error
    if wrong:
        raise JudgeError(f"{folder / wrong[0]} is not the file that its card describes; {_again(folder)}")
    try:
        with np.load(folder / PROMPTS, allow_pickle=False) as file:
            templates, prompts = tuple(str(name) for name in file["templates"]), file["embeddings"].astype(np.float32)
        with np.load(folder / REAL, allow_pickle=False) as file:
            real = Real(unit(file["embeddings"]), file["labels"].astype(np.int64))
        session = judge_session(
            contents[IMAGE],
            lambda error: JudgeError(f"{folder / IMAGE} {error}; {_again(folder)}"),
            [({"x": "tensor(float)"}, ["vector"])],
        )
    except JudgeError:
        raise
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise JudgeError(f"The CLIP judge in {folder} cannot be read ({error}); {_again(folder)}") from error
    return ClipJudge(card | {"folder": str(folder)}, session, templates, prompts, real)


def with_prompts(judge: ClipJudge, templates: Sequence[str], prompts: Vectors) -> ClipJudge:
    """The same judge with other prompts (templates, classes, D)."""
    return replace(judge, templates=tuple(templates), prompts=prompts)


def for_run(judge: ClipJudge, run_card: Mapping[str, Any]) -> ClipJudge:
    """The judge between a run's own classes alone, for pictures of the run's size.

    `run_card` is run.json; black pixels that the run added on each side are cut off before judging. Raises JudgeError
    where the judge does not know one of the run's classes, or was made for other pictures.
    """
    dataset, margin = run_card["dataset"], int(run_card.get("config", {}).get("pad", 0))
    names = tuple(dataset["classes"])
    unknown = [name for name in names if name not in judge.classes]
    shape = dataset["channels"], dataset["size"] - 2 * margin, dataset["size"] - 2 * margin
    if unknown or shape != judge.shape:
        raise JudgeError(
            f"{judge.name} knows pictures of {judge.shape} that show {', '.join(judge.classes)}, and not this run's; "
            "give --clip another model."
        )
    if names == judge.classes:
        return replace(judge, margin=margin)
    kept = [judge.classes.index(name) for name in names]
    known = np.isin(judge.real.labels, kept)
    place = np.argsort(kept)[np.searchsorted(sorted(kept), judge.real.labels[known])]
    real = Real(judge.real.embeddings[known], place)
    card = judge.card | {"classes": list(names)}
    return replace(judge, card=card, prompts=judge.prompts[:, kept], real=real, margin=margin)


def unit(vectors: NDArray[Any]) -> Vectors:
    """Vectors (..., D) at length 1."""
    exact = vectors.astype(np.float64)
    return np.asarray(exact / np.linalg.norm(exact, axis=-1, keepdims=True), np.float32)


def packed(**arrays: Any) -> bytes:
    """Arrays as one .npz file."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def digest(content: bytes) -> str:
    """SHA-256."""
    return hashlib.sha256(content).hexdigest()


def _again(folder: Path) -> str:
    if folder.parent == BUNDLED or FITTED in folder.parts:
        return f"make it again with: {command(folder.name, verb=FIT_CLIP, runs=archive_of(folder))}"
    return "remove that folder, and it is made anew."
