"""When half of a run is recognizable, as a figure of the list: found, ordered, grouped and charted; no work in vain."""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import archive_fixture
import pandas as pd
import pyarrow as pa
import pytest
from app_fixture import linked
from archive_fixture import STEPS, card, write_run
from sentence_fixture import assert_short
from test_pages import words

from dashboard.data import archive as shown
from dashboard.data import recognizable
from dashboard.runs import groups, settings_and_figures, sweep, table
from dashboard.runs.choice import Chosen
from dashboard.runs.run_figures import FIGURES, over_seeds
from firstlight.run_folder import Run
from firstlight.table_schema import JUDGEMENTS
from store import __main__ as store_command
from store.database import Archive
from store.derived_figures import Ask
from store.notes import Notes, read_notes, write_notes
from store.search import search
from store.verification import Entry

KIND = FIGURES[recognizable.NAME]
EVERY = Chosen("", "all")
AT = {  # run -> learning rate, seed, step from which all is recognized: 0 at none, None where nobody judged
    "a-0": (0.1, 0, 1), "a-1": (0.1, 1, 2), "a-2": (0.1, 2, 1),
    "b-0": (0.2, 0, 3), "b-1": (0.2, 1, 0), "b-2": (0.2, 2, 3),
    "c-0": (0.3, 0, None), "c-1": (0.3, 1, 4), "d-0": (0.4, 0, 0),
}  # fmt: skip


def recognized_from(first: int) -> pa.Table:
    """The fixture's judgements, of x_t all recognized from a step on; at 0 never."""
    frame = archive_fixture.judgements().to_pandas()
    hit = (frame["step"] >= first) & (first > 0)
    frame["top"] = frame["label"].where(hit, (frame["label"] + 1) % len(archive_fixture.CLASSES))
    return pa.Table.from_pandas(frame.assign(probability=0.9), schema=JUDGEMENTS, preserve_index=False)


def write(root: Path, run_id: str, rate: float, seed: int, first: int | None, **more: Any) -> Run:
    config = card("x")["config"] | {"seed": seed, "learning_rate": rate, **more}
    tables = tuple(name for name in archive_fixture.TABLES if name != "judgements" or first is not None)
    with pytest.MonkeyPatch.context() as patch:
        made = recognized_from(first or 0)
        patch.setattr(archive_fixture, "judgements", lambda: made)
        began = f"2026-01-{seed + 1:02d}T00:00:00+00:00"
        return write_run(root, run_id, config=config, seed=seed, sweep="rates", started=began, tables=tables)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    for run_id, (rate, seed, first) in AT.items():
        write(folder, run_id, rate, seed, first)
    return folder


@pytest.fixture(scope="module")
def archive(root: Path) -> Archive:
    return Archive(root, recognizable.WAYS)


def found(archive: Archive, typed: str, **more: Any) -> list[str]:
    return [str(run) for run in archive.ask("run_page", **search(typed), **more)["run"]]


def per_cent(run: str) -> float | None:
    first = AT[run][2]
    return 100 * first / STEPS if first else None


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("recognizable<50", lambda at: at is not None and at < 50),
        ("recognizable<=50%", lambda at: at is not None and at <= 50),
        ('recognisable>"50 %"', lambda at: at is not None and at > 50),
        ("Recognizable>=75", lambda at: at is not None and at >= 75),
        ("recognized=75", lambda at: at == 75),
        ("recognizable_at=75%", lambda at: at == 75),
    ],
)
def test_a_number_finds_no_run_that_never_gets_there_nor_one_that_nobody_judged(
    archive: Archive, typed: str, wanted: Any
) -> None:
    assert sorted(found(archive, typed)) == [run for run in AT if wanted(per_cent(run))] != []


def test_never_finds_those_that_never_get_there(archive: Archive) -> None:
    assert sorted(found(archive, "recognizable=never")) == ["b-1", "d-0"] == sorted(found(archive, "recognized=Never"))
    assert found(archive, "recognizable=never learning_rate<0.3") == ["b-1"]
    known = sorted(found(archive, "recognizable!=never recognizable>0"))
    assert known == [run for run in AT if per_cent(run) is not None]
    assert not found(archive, "recognizable<never") and not found(archive, "recognizable>0 recognizable=never")


@pytest.mark.parametrize("rises", [True, False])
def test_those_that_never_get_there_are_behind_the_others_and_those_that_nobody_judged_last(
    archive: Archive, rises: bool
) -> None:
    runs = found(archive, "", order="recognizable", falling=not rises)
    assert runs[-3:] == ["b-1", "d-0", "c-0"]
    assert [run for run in runs if run in ("a-0", "a-2", "b-0", "b-2")] == (
        ["a-0", "a-2", "b-0", "b-2"] if rises else ["b-0", "b-2", "a-0", "a-2"]
    )
    numbers = [per_cent(run) for run in runs[:-3]]
    assert numbers == sorted(numbers, reverse=not rises, key=lambda at: at or 0)


class Counted:
    """The way that the figure is worked out, and of which runs it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, ask: Ask, runs: Sequence[Entry]) -> dict[str, tuple[str, float | None]]:
        self.asked += [each.run.id for each in runs]
        return recognizable.of(ask, runs)

    def taken(self) -> list[str]:
        asked, self.asked = sorted(self.asked), []
        return asked


def test_it_is_worked_out_of_the_runs_at_hand_once_somebody_names_it_and_once_for_each_run_as_it_is(
    root: Path, tmp_path: Path
) -> None:
    for run_id, about in AT.items():
        write(tmp_path, run_id, *about)
    way = Counted()
    archive = Archive(tmp_path, {recognizable.NAME: way})
    plain = [archive.ask(name) for name in ("fact_names", "run_page", "run_groups", "runs")]
    archive.ask("run_points", which=["accuracy", "seed"], ids=["a-0"])
    found(archive, "accuracy>0.5 recognizable")
    table.table(archive.ask("run_page"), archive.ask, ["state", "fact:seed", "loss"])
    assert way.taken() == []
    archive.ask("run_points", which=["recognizable"], ids=["a-0"])
    assert way.taken() == ["a-0"]
    found(archive, "recognizable<50 learning_rate=0.1")
    assert way.taken() == ["a-1", "a-2"]
    archive.ask("run_groups", by="learning_rate", figure="recognizable", **search("learning_rate=0.2"))
    assert way.taken() == ["b-0", "b-1", "b-2"]
    archive.ask("sweep_cells", sweep="rates", figure="recognizable")
    assert way.taken() == ["c-0", "c-1", "d-0"]
    for order in (True, False):
        found(archive, "recognizable>20", order="recognizable", falling=order)
    assert way.taken() == []
    write_notes(run := Run(tmp_path / "a-1"), Notes(("odd",), "seen"), read_notes(run))
    shutil.rmtree(tmp_path / "a-2")
    write(tmp_path, "a-2", 0.1, 2, 4)
    assert found(archive, "recognizable=100 learning_rate=0.1") == ["a-2"] and way.taken() == ["a-1", "a-2"]
    assert found(archive, "recognizable=100 tag=odd") == []
    names = archive.ask("fact_names")
    assert recognizable.NAME not in names["name"].tolist() and set(names["name"]) == set(plain[0]["name"])


def by_rate(archive: Archive, typed: str = "", by: str = "learning_rate") -> pd.DataFrame:
    return archive.ask("run_groups", by=by, figure="recognizable", order="lowest", **search(typed))


def test_a_group_in_which_a_run_never_gets_there_has_no_mean(archive: Archive) -> None:
    rows = {row[0]: row for row in (groups._row(group, KIND) for _, group in by_rate(archive).iterrows())}
    assert rows["0.1"][3].startswith("33.3 % [") and rows["0.1"][3].endswith(", n = 3")
    assert rows["0.1"][4] == "25.0 % to 50.0 %"
    assert rows["0.2"][3:5] == ("no mean: 1 of 3 never get there", "75.0 % to never")
    assert rows["0.3"][1] == "2, 1 with it" and rows["0.3"][3] == "100.0 %, no interval: one seed"
    assert rows["0.4"][3] == "never"
    whole = by_rate(archive, by="dataset").iloc[0]
    assert groups.said(whole, KIND) == "no mean: 2 of 8 never get there" and over_seeds(whole) is None
    saved = by_rate(archive, "learning_rate=0.2").iloc[0]
    assert pd.isna(saved["mean"]) and saved["never"] == 1 and over_seeds(saved) is None
    cells = archive.ask("sweep_cells", sweep="rates", figure="recognizable").set_index("cell", drop=False)
    said = {cell: sweep._said(cells, cell, "recognizable") for cell in cells["cell"]}
    assert said == {
        "learning_rate 0.1": "33.3 % (25.0 % to 50.0 %, n = 3)", "learning_rate 0.3": "100.0 %",
        "learning_rate 0.2": "no mean: 1 of 3 never get there", "learning_rate 0.4": "never",
    }  # fmt: skip


def test_per_cents_of_unlike_steps_have_no_mean(tmp_path: Path) -> None:
    for seed, levels in enumerate(("logsnr", "cosine")):
        write(tmp_path, f"run-{seed}", 0.1, seed, 1, levels=levels)
    archive = Archive(tmp_path, recognizable.WAYS)
    assert groups.said(by_rate(archive).iloc[0], KIND) == "per cents of unlike steps: no mean"
    cells = settings_and_figures.best(by_rate(archive, by=""), KIND)
    assert "cannot be said: the runs differ in levels" in cells
    assert_short(cells)


def test_no_settings_are_called_earliest_where_some_never_get_there(archive: Archive) -> None:
    cannot = settings_and_figures.best(by_rate(archive, by=""), KIND)
    assert cannot == "Which settings are earliest cannot be said: 2 of 8 runs never get there; they have no mean."
    tied = settings_and_figures.best(by_rate(archive, "recognizable<100 id!=b-0", ""), KIND)
    assert "1 of 2 cells have one seed" in tied
    for said in (cannot, tied):
        assert_short(said)


@pytest.fixture
def at_hand(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(root))
    shown._archive.cache_clear()
    yield


@pytest.mark.usefixtures("at_hand")
def test_who_never_gets_there_has_no_point_and_the_page_says_so() -> None:
    frame = settings_and_figures.points(EVERY, "recognizable", ["learning_rate"])
    assert dict(zip(frame["run"], frame["figure"], strict=True)) == {
        run: per_cent(run) or float("inf") for run in AT if AT[run][2] is not None
    }
    page = linked("runs", part="Settings and figures", figure="Recognizable at")
    assert not page.exception and "A point for each of 6 runs" in words(page)
    assert "2 more never get there, and have no point." in words(page)


@pytest.mark.usefixtures("at_hand")
def test_the_page_finds_orders_and_groups_by_it() -> None:
    page = linked("runs", search="recognizable<60", order="latest recognizable first")
    assert not page.exception and "3 of 9 runs" in words(page)
    (rows,) = [frame.value for frame in page.dataframe if "recognizable" in frame.value]
    assert rows["recognizable"].tolist() == [" 50 %", " 25 %", " 25 %"]
    never = linked("runs", search="recognizable=never", columns=["Recognizable at"])
    (rows,) = [frame.value for frame in never.dataframe if "recognizable" in frame.value]
    assert dict(zip(rows["run"], rows["recognizable"], strict=True)) == {"b-1": "never", "d-0": "never"}
    grouped = linked("runs", part="Groups", group="learning_rate", figure="Recognizable at")
    assert not grouped.exception and "no mean: 1 of 3 never get there" in words(grouped)
    assert "The search chose runs by this figure" not in words(grouped)
    some = linked("runs", part="Groups", group="sweep", figure="Recognizable at", search="recognizable<100")
    assert "The search chose runs by this figure: its means are of those alone." in words(some)
    none = linked("runs", part="Settings and figures", figure="Recognizable at", search="recognizable=never")
    assert not none.exception and "A point for each of 0 runs" in words(none)
    saved = table.file_rows(EVERY, shown.ask, {"order": "recognizable", "falling": False}, ["recognizable"])
    assert saved["recognizable_at_percent"].tolist()[:6] == [25.0, 25.0, 50.0, 75.0, 75.0, 100.0]
    assert saved["recognizable_at_percent"].tolist()[6:8] == [float("inf")] * 2 and pd.isna(saved.iloc[8, -1])


def test_the_command_says_where_it_is_known(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert store_command.main(["list", "recognizable<50", "--runs", str(root)]) == 2
    assert "is known on the page Runs alone" in capsys.readouterr().err


@pytest.mark.parametrize(("config", "wanted"), [({}, 2), ({"levels": "no such", "steps": 4}, 0)])
def test_a_level_that_no_step_passes_is_not_said_to_be_never(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, config: dict[str, Any], wanted: int
) -> None:
    write(tmp_path, "run-0", 0.1, 0, 2, **config)
    write(tmp_path, "run-1", 0.1, 1, 0, **config)
    monkeypatch.setattr(recognizable, "closely", lambda run: True)
    monkeypatch.setattr(recognizable, "FINE", "x")  # its own steps as if they were small ones
    archive = Archive(tmp_path, recognizable.WAYS)
    assert len(found(archive, "recognizable>0")) == wanted // 2
    assert found(archive, "recognizable=never") == ["run-1"]
    rows = table.file_rows(EVERY, Archive(tmp_path).ask, {})
    assert rows["recognizable_at_percent"].isna().all()
