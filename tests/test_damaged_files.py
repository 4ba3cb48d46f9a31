"""Every kind of file of a run cut, flipped and overwritten at random: no traceback, no figure that differs without a
warning, no other run affected, nothing over 10 seconds.

A few of each kind here, as many as FIRSTLIGHT_FUZZ says by `make fuzz`; tests/damage.py says how one is repeated.
"""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import app_fixture
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import torch
from app_fixture import linked
from archive_fixture import write_run
from clip_fixture import JUDGE, PROMPTS
from damage import Tally
from guided_fixture import STEPS
from test_hostile_tables import made  # noqa: F401
from test_store_blind_test_answers import sitting

from evaluator.experiments.resumable import _kept
from evaluator.recognizability.judge_frames import judged
from firstlight.archives import BUNDLED
from firstlight.array_cache import keep, kept
from firstlight.errors import RunError
from firstlight.manifest import write_manifest
from firstlight.parquet import write_table
from firstlight.run_folder import Run
from firstlight.table_schema import TABLES
from sampler.__main__ import main as sample
from store.__main__ import main as store
from store.archive import entries
from store.blind_test_answers import read_answers, write_sitting
from store.database import Archive
from store.notes import Notes, read_notes, write_notes
from store.queries import QUERIES, statement
from store.views import SOURCES
from trainer.checkpoints import EMA, load_weights, save_weights

PAGES = tuple(page for page in app_fixture.PAGES if page != "generate")  # this one is below
EVERY = 10  # damages of a table for each that a page is opened for
NAMES = [name for name in TABLES if name != "posterior"]
Record = Callable[[str, object], None]


def needed(query: str) -> dict[str, object]:
    """Values for a query's parameters that have rows in the run of every table."""
    values = {"sample": 1, "names": ["a group"], "thresholds": [0.5], "view": "x", "judge": "mnist-noisy",
              "labels": [0], "clip": JUDGE, "template": PROMPTS[0], "steps": STEPS[0], "ids": ["lab"],
              "against": "learning_rate"}  # fmt: skip
    return {name: values[name] for name in re.findall(r"\$(\w+)", statement(query)) if name in values}


def answers(archive: Archive, run: str, tables: set[str]) -> dict[str, pd.DataFrame]:
    """What the queries that read one of these tables answer of a run. Raises RunError."""
    words = {query: set(re.findall(r"\w+", statement(query))) for query in sorted(QUERIES)}
    return {query: archive.ask(query, **needed(query), run=run) for query in words if words[query] & tables}


def views(name: str) -> set[str]:
    """The views that show a table."""
    return {name, *(view for view, tables in SOURCES.items() if name in tables), "figures", "runs", "recognized"}


@pytest.fixture(scope="module")
def root(made: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:  # noqa: F811
    """An archive of its own, with the run of every table and another."""
    return shutil.copytree(made.archive, tmp_path_factory.mktemp("damaged") / "runs")


@pytest.fixture(scope="module")
def archive(root: Path) -> Archive:
    return Archive(root)


@pytest.fixture(autouse=True)
def _here(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(root))


def written(path: Path, content: bytes) -> None:
    path.unlink()  # another inode, as a copy has
    path.write_bytes(content)


def told(tally: Tally, record_property: Record) -> None:
    record_property("fuzz", tally.row)
    print("\n".join(tally.told))
    assert not any(tally.found.values()), "\n".join(tally.told)


def look(tally: Tally, root: Path, before: dict[str, Any], page: str) -> bool:
    """List, verify and, where one is named, open a page; returns whether the damage is told."""
    found = {entry.run.id: entry for entry in entries(root)}
    if found["other"].state != "finished" or found["other"].stamp != before["stamp"]:
        tally.count("others", f"other is {found['other'].state}")
    if store(["list"]) or store(["verify", "other"]):
        tally.count("others", "store list, or verify of the other")
    if found["lab"].damaged and not store(["verify", "lab"]):
        tally.count("wrong", "it is shown as damaged, and verified")
    if page:
        shown = linked(page, run="lab")
        for error in shown.exception:
            tally.count("traceback", f"on {page}: {error.value}")
    return found["lab"].damaged


def equal(one: dict[str, pd.DataFrame], other: dict[str, pd.DataFrame]) -> list[str]:
    """The queries whose answers differ."""
    return [name for name in other if name not in one or not one[name].equals(other[name])]


@pytest.mark.parametrize("name", [*NAMES, "card", "manifest"])
def test_a_damaged_file_is_told_and_hurts_nothing_else(
    name: str, root: Path, archive: Archive, capsys: pytest.CaptureFixture[str], record_property: Record
) -> None:
    run = Run(root / "lab")
    path = run.tables.get(name) or getattr(run, name)
    content, tally, tables = (
        path.read_bytes(),
        Tally(path.name),
        views(name) if name in TABLES else {"metrics", "quality"},
    )
    before = {"stamp": next(entry.stamp for entry in entries(root) if entry.run.id == "other")}
    sound, other = answers(archive, "lab", tables), answers(archive, "other", {"metrics", "quality"})
    assert any(len(frame) for query, frame in sound.items() if query not in ("runs", "settings")), sorted(sound)
    for number, after, chance in tally.each(content, few=2):
        written(path, after)
        try:
            page = chance.choice(PAGES) if number % EVERY == 0 and "FIRSTLIGHT_FUZZ" in os.environ else ""
            bad = look(tally, root, before, page)
            if different := equal(answers(archive, "other", {"metrics", "quality"}), other):
                tally.count("others", different)
            try:
                now = answers(archive, "lab", tables)
                if different := [] if bad else equal(now, sound):
                    tally.count("wrong", different)
            except RunError:
                pass
        except Exception as error:
            tally.count("traceback", repr(error))
        written(path, content)
        capsys.readouterr()
    told(tally, record_property)


def test_a_page_opens_on_a_damaged_run(root: Path, record_property: Record) -> None:
    """One page for each of some tables, by the seed."""
    tally, run = Tally("pages"), Run(root / "lab")
    content = run.metrics.read_bytes()
    for number, after, _ in tally.each(content, few=2):
        name = NAMES[number % len(NAMES)]
        path, page = run.tables[name], PAGES[number % len(PAGES)]
        whole = path.read_bytes()
        written(path, whole[: len(after) * len(whole) // (2 * len(content))])
        shown = linked(page, run="lab")
        for error in shown.exception:
            tally.count("traceback", f"{page} on {name}: {error.value}")
        written(path, whole)
    told(tally, record_property)


@pytest.mark.parametrize("name", ["denoiser", "export"])
def test_a_damaged_graph_draws_nothing_else(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], record_property: Record
) -> None:
    run = Run(shutil.copytree(BUNDLED / "two-digits", tmp_path / "two-digits"))
    path, words = (
        getattr(run, name),
        ["two-digits", "--runs", str(tmp_path), "--provider", "cpu", "--steps", "2", "--out"],
    )
    assert sample([*words, str(tmp_path / "sound.npz")]) == 0
    content, tally, sound = path.read_bytes(), Tally(path.name), np.load(tmp_path / "sound.npz")["images"]
    for number, after, _ in tally.each(content, few=3):
        written(path, after)
        out = tmp_path / f"{number}.npz"
        try:
            if sample([*words, str(out)]) == 0 and not np.array_equal(np.load(out)["images"], sound):
                tally.count("wrong", "other pictures")
            if not store(["verify", "two-digits", "--runs", str(tmp_path)]):
                tally.count("wrong", "verified")
            capsys.readouterr()
        except Exception as error:
            tally.count("traceback", repr(error))
    told(tally, record_property)


def test_damaged_words_of_people_change_no_figure(root: Path, record_property: Record) -> None:
    """A sitting that is not as it was written is passed over and named; a note is text, and hurts nothing."""
    run = Run(root / "other")
    write_sitting(run, sitting(1))
    write_notes(run, Notes(("a",), "text"), read_notes(run))
    path, sound = next(run.answers.iterdir()), read_answers(run).sittings
    for kind, file in (("answers", path), ("notes.json", run.notes)):
        content, tally = file.read_bytes(), Tally(kind)
        for _, after, _ in tally.each(content, few=30):
            written(file, after)
            try:
                found = read_answers(run)
                if found.sittings != sound and not found.problems:
                    tally.count("wrong", "another sitting, and nothing is said")
                read_notes(run)
                if next(entry.state for entry in entries(root) if entry.run.id == "other") != "finished":
                    tally.count("others", "the run itself")
            except Exception as error:
                tally.count("traceback", repr(error))
        written(file, content)
        told(tally, record_property)
    shutil.rmtree(run.answers)
    run.notes.unlink()


def test_a_damaged_cache_is_made_anew(root: Path, tmp_path: Path, record_property: Record) -> None:
    """Arrays, and finished parts of an experiment."""
    array = np.random.default_rng(0).integers(0, 255, (30, 1, 8, 8), np.uint8)
    table = pq.read_table(root / "lab" / "uturn.parquet").cast(TABLES["uturn"])
    keep(tmp_path / "a.npz", array)
    write_table(tmp_path / "0-8.parquet", table)
    reads: dict[str, Callable[[], bool]] = {
        "a.npz": lambda: (
            len(found := kept(tmp_path / "a.npz", np.uint8, (1, 8, 8))) == 0 or np.array_equal(found, array)
        ),
        "0-8.parquet": lambda: (found := _kept(tmp_path / "0-8.parquet", "uturn")) is None or found.equals(table),
    }
    for name, right in reads.items():
        content, tally = (tmp_path / name).read_bytes(), Tally(f"cache {name}")
        for _, after, _ in tally.each(content, few=30):
            (tmp_path / name).write_bytes(after)
            try:
                if not right():
                    tally.count("wrong", "what was kept is another")
            except Exception as error:
                tally.count("traceback", repr(error))
        told(tally, record_property)


def test_a_damaged_checkpoint_is_not_gone_on_from(tmp_path: Path, record_property: Record) -> None:
    run = write_run(tmp_path, "first", state="stopped", tables=("metrics",))
    save_weights(run, EMA, {"weight": torch.arange(64.0)})
    write_manifest(run)
    path, tally = run.checkpoints / EMA, Tally(EMA)
    for _, after, _ in tally.each(path.read_bytes(), few=30):
        path.write_bytes(after)
        try:
            load_weights(run, EMA)
            tally.count("wrong", "it was loaded")
        except RunError:
            pass
        except Exception as error:
            tally.count("traceback", repr(error))
    told(tally, record_property)


def test_damaged_trajectories_are_not_judged(tmp_path: Path, record_property: Record) -> None:
    """A command that reads a table looks at it first, as a page does."""
    run = Run(tmp_path / "mnist")
    run.folder.mkdir()
    shutil.copy(BUNDLED / "mnist" / "run.json", run.card)
    write_table(run.trajectories, pq.read_table(BUNDLED / "mnist" / "trajectories.parquet").slice(0, 2))
    write_manifest(run)
    tally = Tally("evaluate")
    for _, after, _ in tally.each(run.trajectories.read_bytes(), few=5):
        written(run.trajectories, after)
        try:
            judged(run)
            tally.count("wrong", "it was judged")
        except RunError as error:
            if "firstlight trace mnist" not in str(error):
                tally.count("wrong", f"no command: {error}")
        except Exception as error:
            tally.count("traceback", repr(error))
    told(tally, record_property)


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Run]:
    yield write_run(tmp_path, "live", state="running", tables=("metrics",))


def test_damaged_metrics_of_a_live_run_are_left_out(live: Run, record_property: Record) -> None:
    """No manifest vouches for them: what is wrong with a page of values is seen, by the checksum in the file."""
    archive, tally = Archive(live.archive), Tally("live metrics")
    content, sound = live.metrics.read_bytes(), archive.ask("losses", run="live")
    for _, after, _ in tally.each(content, few=20):
        written(live.metrics, after)
        try:
            found = archive.ask("losses", run="live")
            if len(found) and not found.equals(sound):
                tally.count("wrong", f"{len(found)} rows")
        except RunError:
            pass
        except Exception as error:
            tally.count("traceback", repr(error))
    told(tally, record_property)
