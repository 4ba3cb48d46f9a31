"""The runs that this process records: `firstlight.record` begins one of any training loop.

Who may write a run is decided here, once, when it begins: a new id, one that is gone on with, a notebook cell that runs
again, another process.
"""

import atexit
import os
import platform
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from firstlight.announcement import watch
from firstlight.archives import archive
from firstlight.atomic_writes import sweep
from firstlight.command_text import typed
from firstlight.errors import RunError
from firstlight.lock import CERTAIN, Held, locked
from firstlight.recording.recorder import Recorder
from firstlight.recording.settings import as_settings, clean
from firstlight.run_folder import Run
from firstlight.run_id import free_beside, new_run_at
from firstlight.run_json import card_of
from firstlight.run_state import now, state_of
from firstlight.table_schema import SCHEMA

PRESET = "recorded"  # in a card: no trainer of ours made this run
_OPEN: dict[tuple[Path, str], Recorder] = {}  # archive and id asked for -> the run that this process records


def record(
    id: str, *, dataset: str, classes: Iterable[Any] | int | None, size: int, config: Any = None,
    name: str | None = None, tags: Iterable[str] = (), resume: bool = False, runs: str | Path | None = None,
    channels: int | None = None, steps: int = 0, pictures: int = 0, announce: str | None = None,
) -> Recorder:  # fmt: skip
    """Begin to record a run, and return its recorder: call log and snapshot in the loop, and finish, or use a `with`.

    id: 1 to 64 of a-z, 0-9, _ and -. classes: their names, or how many; none for a model without labels. size: height
    and width of a picture in pixels. config: any settings, shown as they are; what is no JSON is kept as its text.
    resume: go on with a run of this id where there is one. runs: the archive's folder, else that of every command.
    channels: 1 or 3, else those of the first picture. steps: how many are wanted, and pictures: how many are learned
    from, where that is known. announce: a command for the shell that is run when the run ends, however it does; what
    became of it stands in its environment (docs/training.md). Default: FIRSTLIGHT_ANNOUNCE, else none.

    A process that ends without `finish` ends the run: finished, or crashed where an exception ended it. An id that
    this process still records (a notebook cell that is run again) ends as stopped, and the new run is `id-2`. Raises
    RunError for an id that exists or that another process records, and for a data set that makes no sense.
    """
    root = archive(runs)
    run, shape = new_run_at(root, id), _dataset(dataset, classes, size, channels) | _count(pictures)
    former = _OPEN.pop((root.resolve(), id), None)
    if former is not None and not former.refusal:
        run = former.run if resume else free_beside(run)
        former.end("stopped", f"Begun again as {run.id}." if run.id != former.id else "")
    lock = _lock(run)
    try:
        card = _card(run, shape, resume)
        card |= {"name": clean(name)} if name else {}
        card |= {"tags": [clean(str(tag)) for tag in tags]} if tags else {}
        card["settings"] |= as_settings(config)
        card |= {"state": "running", "finished": None, "steps": max(int(steps), card["steps"])}
        recorder = Recorder(run, card, lock, channels, watch(run, announce))
    except BaseException as error:
        lock.close()
        if isinstance(error, OSError):
            raise _refused(run, error) from error
        raise
    _OPEN[root.resolve(), id] = recorder
    return recorder


def _lock(run: Run) -> Held:
    try:
        run.folder.mkdir(parents=True, exist_ok=True)
        return locked(run)
    except OSError as error:
        raise _refused(run, error) from error


def _refused(run: Run, error: OSError) -> RunError:
    return RunError(f"{run.folder} cannot be written ({error.strerror}); name another folder by runs=.")


def _card(run: Run, dataset: dict[str, Any], resume: bool) -> dict[str, Any]:
    """The card to go on with, or a new one. Raises RunError for a run that is not to be gone on with."""
    if not run.card.exists():
        sweep(run.folder)
        return _new_card(run, dataset)
    card = card_of(run)
    state = state_of(card)
    if state == "running" and not CERTAIN:
        raise RunError(f"{run.id} is being written by another process; wait for it, or choose another id.")
    if not resume:
        shown = "crashed" if state == "running" else state  # its lock is free, so nobody writes it
        raise RunError(f"{run.id} is there already ({shown}); go on with it by resume=True, or choose another id.")
    if (card["config"].get("epochs") or 0) and card.get("preset") != PRESET:
        raise RunError(f"{run.id} was trained by Firstlight; go on with it by: firstlight resume {typed(run)}")
    for key in ("name", "classes", "size"):
        if card["dataset"].get(key) != dataset[key]:
            raise RunError(
                f"{run.id} has the {key} {str(card['dataset'].get(key))[:100]} of its data set, not "
                f"{str(dataset[key])[:100]}; say the same, or choose another id."
            )
    sweep(run.folder)
    remarks, settings = ({**held} if isinstance(held := card.get(key), dict) else {} for key in ("remarks", "settings"))
    return card | {"remarks": remarks, "settings": settings, "seconds": float(card.get("seconds") or 0.0)}


def _new_card(run: Run, dataset: dict[str, Any]) -> dict[str, Any]:
    """A card before the first step. `config`, the recipe in Firstlight's words, is empty: nobody knows it."""
    moment = now()
    return {
        "schema": SCHEMA, "id": run.id, "name": run.id, "tags": [], "preset": PRESET, "dataset": dataset,
        "config": {}, "settings": {}, "versions": {"python": platform.python_version()}, "state": "running",
        "message": "", "remarks": {}, "started": moment, "heartbeat": moment, "finished": None,
        "seconds": 0.0, "step": 0, "steps": 0,
    }  # fmt: skip


def _dataset(name: str, classes: Iterable[Any] | int | None, size: int, channels: int | None) -> dict[str, Any]:
    """What the card says of the data set. Raises RunError for what makes no sense."""
    if isinstance(classes, (str, bytes)):
        raise RunError(f"classes={classes!r} is one text; give a list of names, such as [*{classes!r}].")
    names = range(classes) if isinstance(classes, int) else classes or ()
    if not isinstance(size, int) or not 1 <= size <= 1024:
        raise RunError(f"size={size!r} is no height and width of a picture; give 1 to 1024 pixels.")
    if channels not in (None, 1, 3):
        raise RunError(f"channels={channels!r} makes no picture; give 1 for grey or 3 for colour.")
    if not isinstance(name, str) or not name.strip():
        raise RunError(f"dataset={name!r} is no name; give one, such as dataset='mnist'.")
    said = [clean(str(each)) for each in names]
    return {"name": clean(name), "classes": said, "channels": channels or 1, "size": size}


def _count(pictures: int) -> dict[str, int]:
    """What the card says of how many pictures are learned from. Raises RunError for a number that makes no sense."""
    if isinstance(pictures, bool) or not isinstance(pictures, int) or pictures < 0:
        raise RunError(f"pictures={pictures!r} is no number of training pictures; give a whole one, or leave it out.")
    return {"pictures": pictures} if pictures else {}


def _at_exit() -> None:
    for recorder in list(_OPEN.values()):
        recorder.end_with_process()
    for recorder in list(_OPEN.values()):
        recorder.announced()


def _forked() -> None:
    """In a process that was forked off (a data loader's): these runs are not its own."""
    for recorder in _OPEN.values():
        recorder.forked()
    _OPEN.clear()


atexit.register(_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
