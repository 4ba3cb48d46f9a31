"""An object store that fails: slow, broken, cut off in the middle, and with an object that vanishes while it is read.

Whatever happens, no number is wrong, nothing ends in a traceback, and the sentence says which run or archive, and
what to do. A dozen in all here; `make soak` takes 50 of each kind.
"""

import os
import random
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
from archive_fixture import write_run
from faulty_bucket import ADDRESS, KINDS, SLOW, Proxy, copy_in, empty, server, variables

import firstlight
from firstlight.errors import RunError
from firstlight.remote import bucket, fetch, lease, mirror, registry, sender
from store.database import Archive
from store.exchange import push
from store.import_run import import_run
from store.notes import Notes, read_notes, write_notes

COUNT = int(os.environ.get("FIRSTLIGHT_FAULTS", "3"))  # of each kind
SEED = int(os.environ.get("FIRSTLIGHT_SEED", "0"))
RUNS = ("first", "second")
LOSSES = [1 / step for step in range(1, 30)]
QUERIES = ("runs", "quality", "losses")
REMEDY = re.compile(r"try again|look again|see that|store verify|store push|make room|another id|store list")


@pytest.fixture(scope="module")
def proxy() -> Iterator[Proxy]:
    with server() as port, Proxy(port) as before:
        yield before


@pytest.fixture
def place(proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for copies, and an archive of three runs in an empty bucket; who waits is impatient."""
    for module, name, value in (
        (bucket, "PAUSE", 0.01), (bucket, "TRIES", 3), (fetch, "PAUSE", 0.01),
        (mirror, "FRESH", 0.05), (mirror, "WAITED", 0.0), (sender, "SECONDS", 0.1), (lease, "SECONDS", 5.0),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, value)
    empty(proxy.behind)
    for name, value in variables(proxy.port, tmp_path).items():
        monkeypatch.setenv(name, value)
    yield tmp_path
    registry.known.clear()
    registry.lost.clear()


def answers(base: Archive) -> dict[str, pd.DataFrame]:
    """What the pages ask, of the runs that can be read, without what people said of them."""
    with base.one_moment():
        found = base.ask("runs")
        ids = [run for run in found.loc[found["state"] != "damaged", "run"] if run in RUNS]
        frames = {query: base.ask(query, runs=ids) for query in QUERIES}
    return {
        query: frame.drop(columns=["tags", "notes"], errors="ignore").sort_values(
            [name for name in ("run", "step", "metric", "label") if name in frame], ignore_index=True
        )
        for query, frame in frames.items()
    }


def sentences(base: Archive) -> list[str]:
    """Whatever is said of what is wrong."""
    said = [f"{each.run.id}: {each.reason}; see firstlight store verify" for each in base.entries() if each.damaged]
    notice = registry.known[base.root].notice()
    return said + ([notice] if notice else [])


def same(one: dict[str, pd.DataFrame], truth: dict[str, pd.DataFrame]) -> bool:
    """Whether every number is the true one, of those runs that are answered for."""
    for query, frame in one.items():
        true = truth[query][truth[query]["run"].isin(frame["run"].unique())].reset_index(drop=True)
        if len(frame) and not frame.equals(true):
            return False
    return True


def read(base: Archive, truth: dict[str, pd.DataFrame]) -> list[str]:
    """Read everything; returns what was said of what is wrong."""
    try:
        assert same(answers(base), truth)
        return sentences(base)
    except RunError as error:
        return [str(error)]


def write(base: Archive, run_id: str) -> list[str]:
    """Write a run and a note; returns what was said of what went wrong."""
    said = []
    try:
        recorder = firstlight.record(run_id, dataset="mnist", classes=3, size=8, runs=base.root)
        for step, loss in enumerate(LOSSES, 1):
            recorder.log(step, loss=loss)
        recorder.finish()
    except RunError as error:
        said.append(str(error))
    try:
        run = next((entry.run for entry in base.entries() if entry.run.id == "first"), None)
        if run is not None:
            write_notes(run, Notes(("seen",), f"note of {run_id}"), read_notes(run))
    except RunError as error:
        said.append(str(error))
    return said


def comes(true: Callable[[], bool]) -> bool:
    """Whether something becomes true, when the store answers again and was looked at."""
    until = time.monotonic() + 30
    while not (done := true()) and time.monotonic() < until:
        time.sleep(0.02)
    return done


def restore(origin: Path, local: Path) -> None:
    """What was deleted is put back."""
    there = registry.known[origin].bucket.objects()
    for path in local.rglob("*"):
        name = path.relative_to(local).as_posix()
        if path.is_file() and "/." not in name and name not in there:
            registry.known[origin].bucket.put(name, path.read_bytes())


@pytest.mark.parametrize("kind", KINDS)
def test_no_fault_of_a_store_makes_a_number_wrong_or_a_traceback(
    kind: str, place: Path, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    uncaught: list[object] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: uncaught.append(args.exc_value))
    local, origin = place / "local", copy_in(place / "origin")
    for name in RUNS:
        import_run(origin, write_run(local, name, tables=("metrics", "quality")).folder)
    truth, met, told = answers(Archive(local)), 0, 0
    base, other, held = (
        Archive(copy_in(place / "copy")),
        Archive(copy_in(place / "other")),
        registry.known[origin].bucket,
    )
    for number in range(COUNT):
        chance = random.Random(f"{kind} {SEED} {number}")
        lasting = number % (8 if kind == "slow" else 3) == 1
        writing = chance.random() < 0.5 and kind != "deleted"
        first, run_id = chance.randrange(9), f"w{number}"

        def wanted(at: int, method: str, path: str, first: int = first, lasting: bool = lasting) -> bool:
            here = at >= first if lasting and kind != "deleted" else at == max(first, kind == "deleted")
            return here and (kind != "deleted" or (method == "GET" and "list-type" not in path))

        shutil.rmtree(base.root)
        copy_in(base.root)
        with pytest.MonkeyPatch.context() as patch, proxy.fault(kind, wanted):
            if kind == "slow":
                patch.setattr(bucket, "READ", SLOW / 1.5)
                patch.setattr(bucket, "TRIES", 2)
            said = write(base, run_id) if writing else read(base, truth)
            met += proxy.met > 0
        told += bool(said)
        for sentence in said:
            assert ADDRESS in sentence or any(name in sentence for name in (*RUNS, run_id)), sentence
            assert REMEDY.search(sentence) and str(proxy.port) not in sentence, sentence
            assert "Error" not in sentence and "Traceback" not in sentence, sentence
        restore(origin, local)
        if kept := any("store push" in sentence for sentence in said):
            held.remove(f"{run_id}/.lease")  # or a minute passes
            push(base.root, run_id)
        assert comes(lambda: not sentences(base) and same(answers(base), truth))
        if writing and (kept or not said):  # whole in the end; what could not begin is not there
            assert comes(lambda run_id=run_id: other.ask("losses", runs=[run_id])["value"].tolist() == LOSSES)
        if writing:
            for name in held.objects(run_id):
                held.remove(f"{run_id}/{name.partition('/')[2]}")
    assert not uncaught and met >= COUNT // 2 and (told or COUNT < 12)
