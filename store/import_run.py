"""A run from elsewhere taken into the archive, whole or not at all.

It is unpacked into a hidden folder in the archive, looked at there as `firstlight store verify` does, and gets its name
last. Nothing of it is run, and no network of it is opened.
"""

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from firstlight.archives import FITTED, existing_run, places
from firstlight.atomic_writes import TEMPORARY_PREFIX
from firstlight.errors import RunError
from firstlight.installation import HOME
from firstlight.judge_files import judge_files
from firstlight.lock import CERTAIN, locked
from firstlight.manifest import listed_problems, read_manifest, survey
from firstlight.remote.registry import elsewhere, sending
from firstlight.run_folder import Run
from firstlight.run_id import DEVICE, RUN_ID, run_at
from firstlight.run_json import card_of, read_card
from firstlight.run_writes import store_card
from store.pack import same_judge
from store.parcel import Part, chunks, parcel, quoted, refusal
from store.verification import inspect

PREFIX = f"{TEMPORARY_PREFIX}import-"
DAY, MINUTE = 86_400, 60  # seconds
RENAME = "give it another id with: --as NEW"


def import_run(runs: Path, source: Path, new: str | None = None) -> tuple[Run, list[str]]:
    """Take the run in a zip or a folder into `runs`, as `new` where that is given; returns it and what is to be said.

    Its judges come along where there are none of their name. Raises RunError where it is live or not sound, where its
    id is taken, and where the disk takes it not; then nothing is changed.
    """
    if new is not None:
        _check_id(runs, new)
    try:
        with parcel(source) as parts, _hidden(runs) as place:
            run = _unpacked(parts, place)
            _check_run(run)
            run_id = new or _own_id(run, source)
            _check_id(runs, run_id)
            judges = _judges(run, place / FITTED)
            own = run_at(runs, run_id)
            _rename(run, own)
            said = [_settle(judge, files, runs, own.id) for judge, files in judges.items()]
            if other := elsewhere(runs):
                other.send_fitted()
            return own, [sentence for sentence in said if sentence]
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise refusal(
            f"{runs} takes it not ({reason})", "make room there, or name another folder with --runs"
        ) from error


def _check_id(runs: Path, run_id: str) -> None:
    """Raises RunError for an id that is none, or that a run has."""
    own = run_at(runs, run_id)
    if DEVICE.fullmatch(run_id):
        raise refusal(f"{run_id} is a device on Windows and no folder", RENAME)
    there = os.path.lexists(own.folder)
    with suppress(RunError):
        there = bool(existing_run(runs, run_id))
    if there:
        raise refusal(f"{runs} has a run {run_id} already", RENAME)


@contextmanager
def _hidden(runs: Path) -> Iterator[Path]:
    """A hidden folder in the archive, gone in the end; what a killed import left there goes first."""
    runs.mkdir(parents=True, exist_ok=True)
    for left in runs.glob(f"{PREFIX}*"):
        if _abandoned(left):
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=runs) as name, ExitStack() as stack:
        with suppress(RunError):  # a disk that locks no files
            stack.enter_context(locked(Run(Path(name))))
        yield Path(name)


def _abandoned(folder: Path) -> bool:
    """Whether nobody imports into a hidden folder any more."""
    try:
        age = time.time() - os.lstat(folder).st_mtime
        if CERTAIN and MINUTE < age <= DAY:
            locked(Run(folder)).close()
            return True
    except (RunError, OSError):
        return False
    return age > DAY


def _unpacked(parts: list[Part], place: Path) -> Run:
    """The parts as files under `place`, each no larger than it said."""
    for part in parts:
        target = place / part.name
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as file:
            for chunk in chunks(part):
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
    return Run(place / next(part.name.split("/")[0] for part in parts if not part.name.startswith(f"{FITTED}/")))


def _check_run(run: Run) -> None:
    """Raises RunError for a run that is live, that its manifest does not vouch for, or that is damaged."""
    for path, read in ((run.card, read_card), (run.manifest, read_manifest)):
        try:
            read(run)
        except FileNotFoundError as error:
            raise refusal(f"{path.name} is missing") from error
        except ValueError as error:
            raise refusal(f"{path.name} {error}") from error
    if card_of(run)["state"] == "running":
        raise refusal("it is still running", "pack it when it has ended")
    files, _ = survey(run)
    names, problems = listed_problems(run, files)  # of a crashed run nobody else looks
    unlisted = sorted(files.keys() - names - {run.card.name})
    if unlisted:
        raise refusal(f"{quoted(unlisted[0])} is in no manifest")
    if problems:
        raise refusal(f"it is damaged: {problems[0]}")
    found = inspect(run, everything=True)
    if found.damaged:
        raise refusal(f"it is damaged: {found.reason}")


def _own_id(run: Run, source: Path) -> str:
    """The id that a run has by its card, and in a zip by its folder too. Raises RunError for no id, or two."""
    run_id = card_of(run).get("id")
    if not isinstance(run_id, str) or not RUN_ID.fullmatch(run_id):
        raise refusal(f"{quoted(str(run_id))} is no id of a run", RENAME)
    if not source.is_dir() and run_id != run.id:
        raise refusal(f"its folder is {run.id} where its card says {run_id}", RENAME)
    return run_id


def _rename(run: Run, own: Run) -> None:
    """Give the unpacked run its id, and then its place."""
    card = card_of(run)
    if card.get("id") != own.id:
        store_card(run, card | {"id": own.id})
    with sending(own.folder):
        run.folder.rename(own.folder)


def _judges(run: Run, folder: Path) -> dict[str, dict[str, Path]]:
    """The judges that came along -> their files, by the name relative to `.fitted`.

    Raises RunError for what is no file of a judge of the run's data set, and for one that is not as its card says.
    """
    came = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    known = judge_files(str(card_of(run)["dataset"].get("name") or "unknown"))
    strange = sorted(came.keys() - {name for names in known.values() for name in names})
    if strange:
        raise refusal(f"{quoted(strange[0])} is no file of a judge of its data set", "take it out")
    judges = {judge: {name: came[name] for name in names if name in came} for judge, names in known.items()}
    for judge, files in judges.items():
        if files and not _as_its_card_says(files, known[judge][-1]):
            raise refusal(f"the judge {judge} in it is not as its card says")
    return {judge: files for judge, files in judges.items() if files}


def _as_its_card_says(files: dict[str, Path], card: str) -> bool:
    """Whether a judge has a card, and networks of the SHA-256 in it."""
    try:
        said: Any = json.loads(files[card].read_bytes())["sha256"]
    except (KeyError, TypeError, ValueError, RecursionError):
        return False
    graphs = [path for name, path in files.items() if name.endswith(".onnx")]
    wanted = [said.get(path.name) if isinstance(said, dict) else said for path in graphs]
    return bool(graphs) and all(
        hashlib.sha256(path.read_bytes()).hexdigest() == each for path, each in zip(graphs, wanted, strict=True)
    )


def _settle(judge: str, files: dict[str, Path], runs: Path, run_id: str) -> str:
    """Give a judge its place where there is none of its name; returns what is to be said of it, or nothing."""
    roots = [
        place.parents[len(Path(name).parts) - 1] for name in list(files)[:1] for place in places(HOME / name, runs)
    ]
    for root in roots:
        there = {name: root / name for name in files}
        if same_judge(files, there):
            return ""
        if any(path.exists() for path in there.values()):
            return (f"The judge {judge} that came along is another than yours, in {root}, and was left out: what is "
                    f"stored of {run_id} was said by the other, and yours judges it from now on.")  # fmt: skip
    try:
        for name, path in files.items():
            target = roots[0] / name
            target.parent.mkdir(parents=True, exist_ok=True)
            path.rename(target)
    except OSError as error:
        return f"The judge {judge} was not kept ({error.strerror}); make room in {roots[0]} and import {run_id} again."
    return f"The judge {judge} came along, and judges every run of these pictures here from now on."
