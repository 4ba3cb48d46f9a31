"""One run brought here: what is another than it was, each file compared with the manifest that vouches for it.

A reader of the copy sees the run as it was or as it is, as of a run that is written on this machine: a new one gets its
name last, and the files of one that is here take their places while the manifest knows the old ones and the new.
"""

import hashlib
import json
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from firstlight.errors import RunError
from firstlight.lock import manifest_lock
from firstlight.manifest import standing, write_entries
from firstlight.remote.bucket import DIGEST, Bucket, Conflict, Missing, Object, write_whole
from firstlight.remote.copy_state import CopyState, Known, brought, stamp_of
from firstlight.run_folder import Run

TRIES = 4  # of a run that is replaced while it is brought
PAUSE = 0.3  # seconds until its writer is done, doubled each time
Listing = dict[str, Object]


class _Changed(Exception):
    """A run is being replaced: what was read is of two moments."""


def bring(
    bucket: Bucket, state: CopyState, run_id: str, listed: Listing, whole: bool, room: Callable[[int], None],
    held: bool = False,
) -> None:  # fmt: skip
    """Make the copy of a run what is listed, where nobody else is at it; `whole`, with its checkpoints.

    room is told how many bytes come. held: this process has the run's lock already. Raises RunError where the run
    cannot be brought; then what was here still is.
    """
    if not stale(state, run_id, listed, whole):
        return
    with nullcontext(True) if held else state.alone(run_id, not (state.root / run_id).exists()) as alone:
        if alone and not held and (not listed or state.unsent(run_id).exists()):
            listed = run_objects(bucket, run_id)  # what was listed may be of before the last was sent from here
        if not alone or (not held and _kept_back(bucket, state, run_id, listed)):
            return
        for attempt in range(TRIES):
            last = attempt == TRIES - 1
            try:
                with tempfile.TemporaryDirectory(prefix="part-", dir=state.folder) as part:
                    _fetched(bucket, state, run_id, listed, whole, room, Path(part), last)
                return
            except (_Changed, Missing, Conflict):
                if last:
                    raise RunError(f"{run_id} of {bucket.address} changed again and again while it was read; try again "
                                   "when nobody writes it.") from None  # fmt: skip
                time.sleep(PAUSE * 2**attempt)
                listed = run_objects(bucket, run_id)


def run_objects(bucket: Bucket, run_id: str) -> Listing:
    """The objects of one run that are files of a run. Raises RunError."""
    cut = len(run_id) + 1
    found = {name[cut:]: each for name, each in bucket.objects(run_id).items()}
    return {name: each for name, each in found.items() if brought(name)}


def stale(state: CopyState, key: str, listed: Listing, whole: bool, folder: Path | None = None) -> bool:
    """Whether the copy in a folder, that of a run where none is given, is another than what is listed."""
    known, root = state.of(key), folder or state.root / key
    return known.keys() != listed.keys() or any(
        _stale(root / name, known[name], each, whole) for name, each in listed.items()
    )


def _stale(path: Path, known: Known | None, listed: Object, whole: bool) -> bool:
    if known is None or known.etag != listed.etag or (whole and known.hollow):
        return True
    try:
        return stamp_of(path) != known.stamp
    except OSError:
        return True


def _kept_back(bucket: Bucket, state: CopyState, run_id: str, listed: Listing) -> bool:
    """Whether the copy holds what was not sent yet. Where another wrote the run since, it is set aside instead."""
    if not state.unsent(run_id).exists():
        return False
    if settled(bucket, state, run_id, listed):
        return True
    set_aside(state, run_id)
    return False


def settled(bucket: Bucket, state: CopyState, run_id: str, listed: Listing) -> bool:
    """Whether all that is listed was put from here, or brought; of what was put without an answer, the state learns."""
    known = state.of(run_id)
    for name in known.keys() | listed.keys():
        one, other = known.get(name), listed.get(name)
        if one is None or (other is None and one.etag and (state.root / run_id / name).exists()):
            return False
        if other is not None and one.etag != other.etag:
            if not (found := landed(bucket, f"{run_id}/{name}", one)):
                return False
            known[name] = found
        elif other is None:
            del known[name]
    state.keep(run_id, known)
    return True


def landed(bucket: Bucket, name: str, known: Known) -> Known | None:
    """What is known of an object that was put without an answer, if it is there; None where another is."""
    with suppress(Missing):
        said = bucket.head(name)
        if known.coming and said["Metadata"].get(DIGEST) == known.coming:
            return Known(str(said["ETag"]), int(said["ContentLength"]), known.coming)
    return None


def set_aside(state: CopyState, run_id: str) -> Path | None:
    """Keep what was changed here and not sent, of a run that another wrote since, out of the way."""
    place = state.folder / f"aside-{run_id}-{time.time_ns()}"
    with suppress(OSError):
        (state.root / run_id).rename(place)
    state.forget(run_id)
    return place if place.exists() else None


def _fetched(
    bucket: Bucket, state: CopyState, run_id: str, listed: Listing, whole: bool, room: Callable[[int], None],
    part: Path, last: bool,
) -> None:  # fmt: skip
    run, known = Run(state.root / run_id), state.of(run_id)
    if not listed:
        _remove(state, run)
        return
    stale = [name for name, each in listed.items() if _stale(run.folder / name, known.get(name), each, whole)]
    room(sum(listed[name].size for name in stale))
    new: dict[str, Known] = {}
    for name in sorted(stale, key=lambda each: each != run.manifest.name):
        held = name in known and not known[name].hollow  # once a command asked for it, it stays whole
        hollow = name.startswith(f"{run.checkpoints.name}/") and not whole and not held
        new[name] = _one(bucket, f"{run_id}/{name}", listed[name], part / "run" / name, hollow)
    _check(run, part / "run", new, last)
    kept = {name: known[name] for name in listed if name not in new}
    gone = [name for name in known if name not in listed]
    if run.folder.exists():
        _replace(run, part / "run", list(new), gone)
    else:
        (part / "run").rename(run.folder)
    stamped = {name: replace(each, stamp=stamp_of(run.folder / name)) for name, each in new.items()}
    state.keep(run_id, kept | stamped)


def _one(bucket: Bucket, name: str, listed: Object, path: Path, hollow: bool) -> Known:
    """One object as a file; of a checkpoint that nobody asked for, a file of its size."""
    if hollow:
        write_whole(path, b"")
        with path.open("r+b") as file:
            file.truncate(listed.size)
        return Known(listed.etag, listed.size, hollow=True)
    content = bucket.get(name, listed)
    write_whole(path, content)
    return Known(listed.etag, listed.size, hashlib.sha256(content).hexdigest())


def _check(run: Run, part: Path, new: dict[str, Known], last: bool) -> None:
    """Raises _Changed where a new file is not what its manifest says; the last time, verification says so itself."""
    said = _entries(part / run.manifest.name if run.manifest.name in new else run.manifest)
    for name, each in new.items():
        wanted = [entries[name].get("sha256") for entries in said if name in entries]
        if wanted and not each.hollow and each.sha256 not in wanted and not last:
            raise _Changed


def _entries(path: Path) -> list[dict[str, dict[str, Any]]]:
    """What a manifest says of files, and of those that are pending; nothing where it cannot be read."""
    try:
        content = json.loads(path.read_bytes())
        return [dict(content["files"]), dict(content.get("pending", {}))]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _replace(run: Run, part: Path, new: list[str], gone: list[str]) -> None:
    """Give new files their places in a run that is here: the tables, then the card, then the manifest."""
    order = sorted(new, key=lambda name: (name == run.manifest.name, name == run.card.name))
    with manifest_lock(run):
        said = _entries(part / run.manifest.name)
        if run.manifest.exists() and said:
            coming = said[0] | said[1]
            write_entries(run, standing(run), {name: coming[name] for name in new if name in coming})
        for name in order:
            (run.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (part / name).replace(run.folder / name)
        for name in gone:
            (run.folder / name).unlink(missing_ok=True)


def _remove(state: CopyState, run: Run) -> None:
    """Of a run that is no longer there nothing stays here."""
    with suppress(OSError), tempfile.TemporaryDirectory(prefix="part-", dir=state.folder) as part:
        run.folder.rename(Path(part) / "gone")
    shutil.rmtree(run.folder, ignore_errors=True)
    state.forget(run.id)


def bring_plain(bucket: Bucket, state: CopyState, key: str, prefix: str, listed: Listing) -> None:
    """Files that no manifest vouches for, below a name, each as it is listed, a judge's card last. Raises RunError."""
    root = state.root / prefix
    if not stale(state, key, listed, True, root):
        return
    with state.alone(key) as alone, tempfile.TemporaryDirectory(prefix="part-", dir=state.folder) as part:
        known = {name: each for name, each in state.of(key).items() if alone}
        for name in sorted(listed if alone else (), key=lambda each: each.endswith(".json")):
            if _stale(root / name, known.get(name), listed[name], True):
                with suppress(Missing, Conflict):  # the next look brings it
                    made = _one(bucket, f"{prefix}/{name}", listed[name], Path(part) / "one", False)
                    (root / name).parent.mkdir(parents=True, exist_ok=True)
                    (Path(part) / "one").replace(root / name)
                    known[name] = replace(made, stamp=stamp_of(root / name))
        for name in [name for name in known if name not in listed]:
            (root / name).unlink(missing_ok=True)
            del known[name]
        if alone:
            state.keep(key, known)
