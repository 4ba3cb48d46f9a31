"""Which CLIP judges a run: the bundled one, a folder, or any OpenCLIP model by its name.

A model by name is turned into a judge's folder once, in this computer's cache, and measured on real pictures; then it
needs torch no more.
"""

import hashlib
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from evaluator.clip.judge import CARD, TEXT, ClipJudge, Vectors, clip_for, for_run, load, with_prompts
from evaluator.clip.prompts import checked, prompt
from evaluator.judges.cards import check_named
from evaluator.judges.pictures_at_hand import pictures_at_hand
from firstlight import archives
from firstlight.errors import JudgeError
from firstlight.run_json import SAME_PICTURES

CACHE = archives.cache() / "clip"
LOCAL = "local-dir:"
REAL_PER_CLASS = 200  # real test pictures, the first ones, that a model by name is measured on
TRAINED_BY_OTHERS = "This CLIP was trained by others, on other pictures; its recall on real pictures was measured here."


def chosen(
    run_card: Mapping[str, Any],
    name: str | None = None,
    templates: Sequence[str] = (),
    data: Path | None = None,
    cache: Path = CACHE,
    *,
    runs: Path | None = None,
) -> ClipJudge:
    """The judge of a run of the archive `runs`: its data set's, or the OpenCLIP model `name`; with other `templates`.

    `data` holds the real pictures that a model by name is measured on. Raises JudgeError with a sentence.
    """
    check_named(run_card, runs)
    templates = checked(templates) if templates else ()
    dataset = str(run_card["dataset"]["name"])
    resize = int(run_card.get("config", {}).get("resize", 0))
    judge = clip_for(dataset, runs=runs) if name is None else openclip_judge(name, dataset, data, cache, resize)
    judge = for_run(judge, run_card)
    return with_prompts(judge, templates, embedded(judge, templates)) if templates else judge


def openclip_judge(
    name: str, dataset: str, data: Path | None = None, cache: Path = CACHE, resize: int = 0
) -> ClipJudge:
    """The OpenCLIP model `name` as a judge of a dataset: a folder with a card as it is, others from the cache.

    What is not there, or damaged, is made, which needs torch and open_clip_torch.
    """
    folder = Path(name.removeprefix(LOCAL))
    if name.startswith(LOCAL) and (folder / CARD).is_file():
        return load(folder)
    kept = cache / _key(name, SAME_PICTURES.get(dataset, dataset))
    if (kept / CARD).is_file():
        try:
            return load(kept)
        except JudgeError:
            (kept / CARD).unlink()
    return _made(name, dataset, data, kept, resize)


def _made(name: str, dataset: str, data: Path | None, folder: Path, resize: int) -> ClipJudge:
    from evaluator.clip import openclip, package
    from trainer.data import DataError, prepared

    model, tokenizer = openclip.open_model(name)
    print(f"{name} is made a judge of {dataset} in {folder}, once.", file=sys.stderr)
    try:
        test = prepared(pictures_at_hand(dataset, data, resize=resize), per_class=REAL_PER_CLASS)
    except DataError as error:
        raise JudgeError(str(error)) from error
    about = {"name": f"openclip {name}", "model": name, "foreign": TRAINED_BY_OTHERS}
    return package.finish(folder, model, tokenizer, test, about)


def embedded(judge: ClipJudge, templates: Sequence[str]) -> Vectors:
    """Unit vectors (templates, classes, D) of own templates' sentences. Raises JudgeError for one that is too long."""
    sentences = [prompt(template, name) for template in templates for name in judge.classes]
    return _encoder(judge)(sentences).reshape(len(templates), len(judge.classes), -1)


def _encoder(judge: ClipJudge) -> Callable[[list[str]], Vectors]:
    """What turns sentences into vectors (N, D): the text tower in the judge's folder, or the model it was made of."""
    from evaluator.clip import openclip, package

    folder = Path(judge.card["folder"])
    if (folder / TEXT).is_file():
        return package.text_encoder(folder, judge.card)
    model, tokenizer = openclip.open_model(judge.card["model"])
    return lambda sentences: package.encoded(model, tokenizer, sentences)


def _key(name: str, dataset: str) -> str:
    """The folder in the cache: readable, and another one for other weights in a local folder."""
    marks = [name, dataset]
    if name.startswith(LOCAL):
        folder = Path(name.removeprefix(LOCAL))
        marks += [str(folder.resolve()), *(_digest(path) for path in sorted(folder.glob("*")) if path.is_file())]
    readable = "".join(letter if letter.isalnum() or letter in "-._" else "-" for letter in name)[-40:]
    return f"{readable}-{hashlib.sha256(repr(marks).encode()).hexdigest()[:12]}"


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
