"""A full disk, whoever writes: one line that names the file, exit status 2, and everything that was there is intact.

The disk is a tmpfs of fixed size, filled up before each command, where this user may mount one. A limit on the size of
a file (RLIMIT_FSIZE) is the second case, which needs no rights: no file may grow beyond it.
"""

import os
import re
import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from archive_fixture import write_run
from sound_fixture import verify

import firstlight
from dashboard.__main__ import main as dashboard
from evaluator.__main__ import main as evaluate
from exporter.__main__ import main as export
from firstlight.archives import BUNDLED
from firstlight.atomic_writes import TEMPORARY_PREFIX
from firstlight.errors import RunError
from firstlight.manifest import write_manifest
from firstlight.parquet import write_table
from firstlight.run_folder import Run
from sampler.__main__ import main as sample
from store.__main__ import main as store
from store.notes import Notes, read_notes, write_notes
from store.pack import pack
from trainer.__main__ import main as trainer

SIZE = 48 << 20  # bytes of the disk
PRICE = re.compile(r", (less than a second|about \d+ (s|min))$")  # what a part will take, said before it begins


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    place = tmp_path_factory.mktemp("disk")
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(place)]
    if os.geteuid() or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no disk of a fixed size: mounting one is not allowed here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@contextmanager
def filled(place: Path, left: int = 0) -> Iterator[None]:
    """Not more than `left` bytes are free."""
    rest = place / ".filler"
    with rest.open("wb") as file:
        free = os.statvfs(place)
        file.write(b"\0" * max(0, free.f_bavail * free.f_frsize - left))
    try:
        yield
    finally:
        rest.unlink()


@contextmanager
def bounded(most: int = 1000) -> Iterator[None]:
    """No file of this process grows beyond `most` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def ready(root: Path) -> None:
    """`a`, which draws and has weights, and `b`, whose trajectories are to be judged."""
    shutil.copytree(BUNDLED / "two-digits", root / "a")
    few = ["--steps", "6", "--levels", "logsnr", "--solver", "ddim"]
    assert trainer(["sampling", "a", *few, "--runs", str(root)]) == 0
    full, some = Run(BUNDLED / "mnist"), Run(root / "b")
    some.folder.mkdir()
    shutil.copy(full.card, some.card)
    write_table(some.trajectories, pq.read_table(full.trajectories).slice(0, 20))
    write_manifest(some)


def contents(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*"))
            if path.is_file() and not path.name.startswith((".filler", ".lock", ".manifest-lock"))}  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive with a run that every command can work on, a second that can be packed, and its parcel."""
    root = tmp_path_factory.mktemp("whole")
    ready(root / "runs")
    pack(root, write_run(root, "sent").id, root / "sent.zip")
    return root


Command = Callable[[list[str]], int]
WRITERS: dict[str, tuple[Command, list[str], str]] = {  # what runs, its words, the file that it names
    "train": (trainer, ["train", "--preset", "tiny", "--id", "new", "--per-class", "2", "--epochs", "0.1", "--threads",
                        "1", "--snapshots", "0"], "runs/new"),
    "trace": (trainer, ["trace", "a", "--per-class", "1"], "trajectories.parquet"),
    "sampling": (trainer, ["sampling", "a", "--steps", "7"], "a/"),
    "evaluate": (evaluate, ["recognizability", "b"], "judgements.parquet"),
    "export": (export, ["a", "--keep"], "a/"),
    "sample": (sample, ["a", "--out", "{here}/drawn.npz"], "drawn.npz"),
    "pack": (store, ["pack", "a", "--out", "{here}/a.zip"], "a.zip"),
    "import": (store, ["import", "{whole}/sent.zip"], "runs"),
    "duckdb": (store, ["export", "{here}/all.duckdb"], "all.duckdb"),
    "copy": (store, ["copy", "a", "--runs", "{here}/other"], "other"),
    "report": (dashboard, ["report", "a", "--out", "{here}/a.html"], "a.html"),
}  # fmt: skip


FEW = ("sampling", "evaluate", "pack", "import")  # of which the second kind of fullness is tried too


@pytest.fixture
def place(request: pytest.FixtureRequest, whole: Path, tmp_path: Path) -> Iterator[tuple[Path, Callable[[], object]]]:
    """Where the archive lies, and how its disk becomes full."""
    full = request.param == "full"
    root = request.getfixturevalue("disk") if full else tmp_path
    shutil.copytree(whole / "runs", root / "runs")
    yield root, (lambda: filled(root)) if full else bounded
    for path in root.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


CASES = [("full", name) for name in WRITERS] + [("bounded", name) for name in FEW]


@pytest.mark.parametrize(("place", "name"), CASES, indirect=["place"])
def test_a_command_on_a_full_disk_is_one_line(
    name: str,
    place: tuple[Path, Callable[[], AbstractContextManager[None]]],
    whole: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (root, full), (command, words, file) = place, WRITERS[name]
    monkeypatch.setenv("FIRSTLIGHT_BESIDE", str(root / "runs"))
    monkeypatch.setattr("exporter.export.noise_levels", lambda _: np.array([0.0]))  # what is compared is not asked here
    words = [word.format(here=root, whole=whole) for word in words]
    before = contents(root)
    capsys.readouterr()
    with full():
        status = command(words if "--runs" in words else [*words, "--runs", str(root / "runs")])
    lines = [line for line in capsys.readouterr().err.splitlines() if line and "%|" not in line]
    said = [line for line in lines if not PRICE.search(line)]
    assert status == 2 and len(said) == 1, lines
    assert "No space left on device" in said[0] or "File too large" in said[0]
    assert file in said[0]
    assert before.items() <= contents(root).items() and verify(Run(root / "runs" / "a")) == []
    assert not list(root.rglob(f"{TEMPORARY_PREFIX}*"))


def test_what_people_write_on_a_full_disk_is_one_sentence(disk: Path) -> None:
    """A note, and a training of one's own, which loses nothing and is finished once there is room."""
    run = write_run(disk, "noted")
    recorded = firstlight.record("own", dataset="mnist", classes=10, size=28, runs=disk)
    with filled(disk):
        with pytest.raises(RunError, match=r"The notes of noted were not written \(No space left on device\); make"):
            write_notes(run, Notes(("tag",), "text"), read_notes(run))
        with pytest.raises(RunError, match=r"own2 cannot be written \(No space left on device\); name another folder"):
            firstlight.record("own2", dataset="mnist", classes=10, size=28, runs=disk)
        recorded.log(1, loss=0.5)
        with pytest.raises(RunError, match=r"of own could not be written \(No space left on device\); make room and"):
            recorded.finish()
    assert read_notes(run) == Notes()
    recorded.log(2, loss=0.25)
    recorded.finish()
    assert verify(recorded.run) == [] and pq.read_table(recorded.run.metrics)["value"].to_pylist() == [0.5, 0.25]
