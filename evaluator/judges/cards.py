"""Which judge a run is judged by, told from cards alone: the archive's own before those beside it and the bundled.

A judge has an ONNX file and a card of the same name; `judge` opens the former.
"""

import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from firstlight.archives import FITTED, places
from firstlight.command_text import flag
from firstlight.errors import JudgeError, RunError
from firstlight.judge_files import stem
from firstlight.remedy import evaluated_by, steps
from firstlight.run_folder import Run
from firstlight.run_json import SAME_PICTURES, card_of

JUDGES = Path(__file__).resolve().parent
KINDS = ("clean", "noisy")  # of finished or denoised pictures; of x_t with its logSNR
FETCHED = ("mnist", "fashion-mnist", "cifar10")  # data sets that are downloaded by their name
FIT, EXAMINE = "firstlight evaluate fit-judge", "firstlight evaluate examine-judge"
FIT_CLIP, SPECTRUM = "firstlight evaluate fit-clip", "firstlight evaluate spectrum"
NAMED = 5  # classes that a sentence names before it only counts

Card = Mapping[str, Any]


def judge_name(dataset: str, kind: str) -> str:
    """The name of the judge that knows this dataset's pictures. Raises JudgeError for another kind."""
    if kind not in KINDS:
        raise JudgeError(f"A judge is {' or '.join(KINDS)}, not {kind!r}.")
    return f"{stem(SAME_PICTURES.get(dataset, dataset))}-{kind}"


def command(dataset: str, kind: str = "", own: bool = False, verb: str = FIT, runs: Path | None = None) -> str:
    """How the judges of a dataset are made, or that of one kind; `own`: of pictures that are not those downloaded.

    `verb`: the command that makes something else of the dataset. `runs`: the archive that they are made for.
    """
    dataset = SAME_PICTURES.get(dataset, dataset)
    told = f"{verb} --dataset {shlex.quote(dataset)}" + (f" --kind {kind}" if kind else "")
    told += "" if dataset in FETCHED and not own else " --data FOLDER"
    return f"{told}{flag(runs)}"


def card_in(path: Path) -> dict[str, Any]:
    """The card in a file. Raises JudgeError where it cannot be read."""
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(card, dict):
            raise ValueError("it is no card")
        return {**card, "name": str(card["name"]), "classes": [str(each) for each in card["classes"]],
                "input": {**card["input"], "size": int(card["input"]["size"])}}  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise JudgeError(f"The judge {path.stem} cannot be read ({error}); {again(path)}") from error


def again(path: Path) -> str:
    """How a judge that is missing a file, or has a wrong one, is had again."""
    dataset, _, kind = path.stem.rpartition("-")
    return (
        f"restore {path.stem}.onnx and {path.stem}.json from a copy, or make them with: "
        f"{command(dataset, kind, runs=archive_of(path))}"
    )


def archive_of(path: Path) -> Path | None:
    """The archive whose own judges or spectra lie here; None for bundled ones."""
    return next((folder.parent for folder in path.parents if folder.name == FITTED), None)


def judge_file(run: Run, kind: str, folder: Path = JUDGES) -> Path:
    """The ONNX file of a run's judge: the first, in the archive, beside it or bundled, that knows its pictures.

    Raises JudgeError, with the command that makes one for this run, where there is none.
    """
    run_card = card_of(run)
    name = dataset_of(run_card)
    check_named(run_card, run.archive)
    against = ""
    for path in judge_files(run, judge_name(name, kind), folder):
        found = objection(card_in(path.with_suffix(".json")), run_card)
        if not found:
            return path
        against = against or found
    if against:
        raise JudgeError(f"{against}; fit judges for {run.id} with: {command(name, own=True, runs=run.archive)}")
    raise JudgeError(
        f"There is no {kind} judge for {name}, {len(run_card['dataset']['classes'])} classes in pictures of "
        f"{form(shape_of(run_card))}; fit judges with: {command(name, runs=run.archive)}"
    )


def check_named(run_card: Card, runs: Path | None) -> None:
    """Raises JudgeError for a run, of the archive `runs`, without classes, whose pictures no judge can name."""
    if len(run_card["dataset"]["classes"]) < 2:
        raise JudgeError(
            f"{run_card['id']} has no classes, so no judge can name its pictures; if they have some, adopt its network "
            f"with them: firstlight adopt … --id {run_card['id']}{flag(runs)} --classes NAME NAME …"
        )


def judge_files(run: Run, name: str, folder: Path = JUDGES) -> list[Path]:
    """The judges of this name that are there for a run's archive, each by its ONNX file, in the order of their say."""
    return [path for path in places(folder / f"{name}.onnx", run.archive) if path.is_file()]


def lacking(run: Run) -> str:
    """Why a run cannot be judged yet, a sentence with the command that makes its judges; empty where it can."""
    try:
        for kind in KINDS:
            judge_file(run, kind)
    except (JudgeError, RunError) as error:
        return str(error)
    return ""


def to_make(run: Run, command: str, how: str = "Do it with") -> str:
    """How what a judge says of a run is made: the command, after what makes the network and the judges it lacks."""
    without = lacking(run)
    if without and FIT not in without:
        return f"{without.rstrip('.')}."
    made = evaluated_by(run, command, f"{without}, and then" if without else how)
    return f"{without}. {made}" if without and without not in made else made


def steps_with_judges(run: Run, words: Sequence[str]) -> list[list[str]]:
    """The commands that make what one makes of a run, as `firstlight.remedy.steps`, its judges before them.

    None where only somebody who has the pictures can fit the judges.
    """
    without = lacking(run)
    if not without:
        return steps(run, words)
    dataset = dataset_of(card_of(run))
    if dataset not in FETCHED or not without.endswith(command(dataset, runs=run.archive)):
        return []
    return [shlex.split(command(dataset))[1:], *found] if (found := steps(run, words)) else []


def strange_classes(card: Card, run_card: Card) -> str:
    """Which of a run's classes the judge of this card does not know, a sentence without its stop; empty for none."""
    unknown = [name for name in map(str, run_card["dataset"]["classes"]) if name not in card["classes"]]
    if unknown:
        more = f" and {len(unknown) - NAMED} others" if len(unknown) > NAMED else ""
        return f"{card['name']} does not know {', '.join(unknown[:NAMED])}{more}"
    return ""


def objection(card: Card, run_card: Card) -> str:
    """Why the judge of this card can say nothing of a run's pictures, without a full stop; empty where it can."""
    strange = strange_classes(card, run_card)
    if strange:
        return strange
    given = card["input"]
    known = int(given["channels"]), int(given["size"]), int(given["size"])
    if known != shape_of(run_card):
        return f"{card['name']} judges pictures of {form(known)}, not of {form(shape_of(run_card))}"
    return ""


def remarks(run: Run, kind: str) -> list[str]:
    """What is to be known beside everything that a run's judge says: sentences; none where there is nothing."""
    try:
        run_card = card_of(run)
        card = card_in(judge_file(run, kind).with_suffix(".json"))
    except (JudgeError, RunError):
        return []
    said = [str(card["warning"])] if card.get("warning") else []
    learned, taught = run_card["dataset"].get("sha256"), (card.get("data") or {}).get("train")
    whole = not any(run_card["config"].get(name) for name in ("only", "per_class", "pad"))
    if whole and learned and taught and learned != taught and dataset_of(run_card) not in SAME_PICTURES:
        said.append(
            f"{card['name']} was fitted to other pictures than {run.id} learned from, under the same name "
            f"{dataset_of(run_card)}; if they show other things, fit judges with: "
            f"{command(dataset_of(run_card), own=True, runs=run.archive)}"
        )
    return said


def dataset_of(run_card: Card) -> str:
    """The name of the pictures that a run learned from."""
    return str(run_card["dataset"].get("name") or "unknown")


def shape_of(run_card: Card) -> tuple[int, int, int]:
    """What a run's pictures are before it puts black pixels around them: (C, H, W)."""
    dataset, pad = run_card["dataset"], int(run_card["config"].get("pad") or 0)
    size = int(dataset["size"]) - 2 * pad
    return int(dataset["channels"]), size, size


def form(shape: tuple[int, ...]) -> str:
    """A shape for people, such as 3 × 32 × 32."""
    return " × ".join(map(str, shape))
