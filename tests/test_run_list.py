"""The list of many runs: what finds, orders, pages and groups them, and the index that is kept outside the archive."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from app_fixture import html_of, linked
from archive_fixture import card, write_run

from benchmarks.many_runs import SWEEP, run_id, settings, write_runs
from benchmarks.many_runs import write_run as write_small
from firstlight import scan_progress
from firstlight.atomic_writes import write_bytes
from firstlight.errors import RunError
from firstlight.manifest import write_manifest
from firstlight.run_folder import Run
from store import index, verification
from store.database import Archive
from store.notes import Notes, read_notes, write_notes
from store.search import search
from store.verification import settled

RUNS = 60


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("many")
    write_runs(folder, RUNS)
    return folder


@pytest.fixture(scope="module")
def archive(root: Path) -> Archive:
    return Archive(root)


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the index of `new_process` lies."""
    monkeypatch.setattr("firstlight.archives.cache", lambda: tmp_path / "cache")
    monkeypatch.setattr(verification, "TICK", 0)
    return tmp_path / "cache" / "index"


def new_process() -> None:
    """Forget whatever a process remembers of runs."""
    for memory in (settled, verification.fresh, index.figures, index._lines):
        memory.clear()


def found(archive: Archive, words: str, **more: object) -> list[str]:
    return archive.ask("run_page", **search(words), **{"rows": RUNS, **more})["run"].tolist()


def test_a_look_that_takes_long_says_how_far_it_is(
    root: Path, kept: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(scan_progress, "MOMENT", 0.0)
    monkeypatch.setattr(scan_progress, "PAUSE", 0.0)
    monkeypatch.setattr(index, "BATCH", 20)
    new_process()
    said: list[tuple[str, int, int, float]] = []
    with scan_progress.told_to(lambda *about: said.append(about)):
        Archive(root).look()
    looked = [("Looking at runs", done, RUNS) for done in range(1, RUNS + 1)]
    assert [each[:3] for each in said] == [*looked, *(("Reading figures", done, RUNS) for done in (20, 40, 60))]
    assert all(each[3] >= 0 for each in said) and {each[3] for each in said if each[1] == RUNS} == {0}
    assert not capsys.readouterr().err
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    new_process()
    Archive(root).look()
    assert f"Looking at runs:   2%|▏         | 1/{RUNS} [" in capsys.readouterr().err


def test_words_and_conditions_find_the_runs_that_meet_them_all(archive: Archive) -> None:
    by_hand = [run_id(number) for number in range(RUNS) if settings(number)["learning_rate"] == 0.01]
    assert sorted(found(archive, "learning_rate=0.01")) == by_hand
    assert sorted(found(archive, "learning_rate=1e-2 optimizer=adam")) == [
        run_id(number) for number in range(RUNS) if settings(number)["learning_rate"] == 0.01 and number % 3 == 0
    ]
    frame = archive.ask("runs").set_index("run")
    good = sorted(frame.index[(frame["accuracy"] > 0.95) & (frame["dataset"] == "mnist")])
    assert good and sorted(found(archive, "accuracy>0.95 dataset=mnist")) == good
    assert sorted(found(archive, "Fashion best")) == [run_id(n) for n in range(RUNS) if n % 2 and n % 3 == 1]
    assert sorted(found(archive, "tag=best sweep=sweep-1")) == [run_id(n) for n in range(25, 50) if n % 3 == 1]
    rest = found(archive, 'optimizer!=adam learning_rate>=0.01 learning_rate<=0.03 tag!="for the talk"')
    assert sorted(rest) == [run_id(n) for n in range(RUNS) if n % 3 and settings(n)["learning_rate"] in (0.01, 0.03)]
    assert found(archive, "learning_rate>high") == found(archive, "nothing=1") == found(archive, "no such words") == []


def test_words_are_looked_for_in_settings_too(archive: Archive) -> None:
    assert sorted(found(archive, "adam fashion")) == [run_id(n) for n in range(RUNS) if n % 3 == 0 and n % 2]


def test_a_student_is_no_baseline_and_has_no_place_among_the_lowest_losses(tmp_path: Path) -> None:
    for name, teacher in (("student", "teacher"), ("teacher", ""), ("other", None)):
        config = card(name)["config"] | ({} if teacher is None else {"teacher": teacher})
        write_run(tmp_path, name, config=config)
    archive = Archive(tmp_path)
    assert archive.ask("run_choices").sort_values("rank")["run"].tolist()[-1] == "student"
    assert found(archive, "", order="best_loss", falling=False)[-1] == "student"


def test_a_page_is_ordered_by_any_setting_or_figure_and_says_how_many_there_are(archive: Archive) -> None:
    frame = archive.ask("runs").set_index("run")
    page = archive.ask("run_page", order="best_loss", falling=False, rows=7, skipped=7)
    assert page["run"].tolist() == frame["best_loss"].sort_values().index[7:14].tolist()
    assert page["found"].tolist() == [RUNS] * 7
    assert found(archive, "", order="learning_rate", falling=True)[0] in by_rate(0.1)
    assert found(archive, "", rows=3) == [run_id(RUNS - 1 - number) for number in range(3)]
    for column in ("best_loss", "accuracy", "seconds_left"):
        assert page.set_index("run")[column].equals(frame.loc[page["run"], column])


def by_rate(rate: float) -> list[str]:
    return [run_id(number) for number in range(RUNS) if settings(number)["learning_rate"] == rate]


def test_groups_are_counted_and_a_sweep_has_its_cells(archive: Archive) -> None:
    frame = archive.ask("runs")
    groups = archive.ask("run_groups", by="optimizer", figure="accuracy").set_index("value")
    assert groups["runs"].to_dict() == {"adam": 20, "sgd": 20, "muon": 20}
    adam = frame[[run in found(archive, "optimizer=adam") for run in frame["run"]]]
    assert groups.loc["adam", "mean"] == pytest.approx(adam["accuracy"].mean())
    assert archive.ask("run_groups", by="tag")["runs"].tolist() == [20, 20, 20]
    of_one = archive.ask("run_groups", by="sweep", **search("learning_rate=0.001 optimizer=adam dataset=mnist"))
    assert of_one["runs"].tolist() == [
        count for k in (0, 25, 50) if (count := sum(n % 6 == 0 and n % 25 < 5 for n in range(k, k + 25)))
    ]
    cells = archive.ask("sweep_cells", sweep="sweep-0", figure="best_loss")
    assert cells["n"].sum() == SWEEP and cells["runs"].map(len).tolist() == cells["n"].tolist()
    assert {part.split()[0] for cell in cells["cell"] for part in cell.split(", ")} == {"learning_rate", "optimizer"}
    one = cells.iloc[0]
    losses = frame.set_index("run").loc[one["runs"], "best_loss"]
    assert [one["mean"], one["least"], one["most"]] == pytest.approx([losses.mean(), losses.min(), losses.max()])


def test_the_means_of_seeds_stand_where_every_seed_ran_with_the_same_settings(tmp_path: Path) -> None:
    for number, (seed, rate, loss) in enumerate([(0, 0.1, 0), (1, 0.1, 1), (0, 0.2, 0), (1, 0.2, 3)]):
        config = card("x")["config"] | {"seed": seed, "learning_rate": rate}
        write_run(tmp_path, f"run-{number}", config=config, seed=seed, sweep="rates", seconds=float(loss))
    archive = Archive(tmp_path)

    def groups(**asked: object) -> list[tuple[object, ...]]:
        frame = archive.ask("run_groups", figure="seconds", **asked)
        means = [list(held) if hasattr(held, "__len__") else None for held in frame["seed_means"]]
        return list(zip(frame["value"], frame["runs"], frame["seeds"], means, strict=True))

    assert groups() == [("learning_rate 0.1", 2, 2, [0, 1]), ("learning_rate 0.2", 2, 2, [0, 3])]
    assert groups(by="sweep") == [("rates", 4, 2, [0, 2])]  # of each seed the mean over both rates
    assert groups(by="sweep", **search("id!=run-3"))[0][3] is None  # of the seeds one ran at one rate alone
    assert archive.ask("run_groups", by="sweep")["differs"].iloc[0].tolist() == ["learning_rate"]
    assert groups(order="lowest")[0][0] == "learning_rate 0.1" and groups(order="highest")[0][0] == "learning_rate 0.2"
    points = archive.ask("run_points", which=["learning_rate", "tag"], ids=["run-2"])
    assert points[["name", "text"]].to_numpy().tolist() == [["learning_rate", "0.2"], ["tag", "test"]]
    names = archive.ask("fact_names").set_index("name")
    assert names.loc["accuracy", ["kind", "runs", "numeric"]].tolist() == ["figure", 4, True]
    assert names.loc["learning_rate", "differs"] and not names.loc["dataset", "numeric"]


def test_a_picker_offers_the_newest_the_best_and_those_that_are_asked_for(archive: Archive) -> None:
    frame = archive.ask("runs").set_index("run")
    offered = archive.ask("run_choices", most=5, tag="old", also=[run_id(3), "no-such-run"])
    best = frame["accuracy"].sort_values(ascending=False).index[:2]
    newest = [run_id(number) for number in range(RUNS - 1, RUNS - 6, -1)]
    assert set(offered["run"]) == {*newest, *best, run_id(3)} and offered["sound"].tolist() == [RUNS] * len(offered)
    assert offered.sort_values("rank")["run"].tolist()[:2] == best.tolist()
    assert offered["run"].tolist() == sorted(offered["run"], reverse=True)
    only = archive.ask("run_choices", most=0, tag="best")
    assert only.loc[only["tagged"] & ~only["run"].isin(best), "run"].tolist() in ([run_id(58)], [])


def test_the_page_shows_fifty_runs_of_all_that_meet_a_condition_and_the_sweep_of_the_chosen_one(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(root))
    page = linked("runs", run=run_id(30))
    assert not page.exception and len(page.dataframe[0].value) == 50
    assert page.dataframe[0].value["run"].tolist()[0] == run_id(RUNS - 1)
    text = " ".join(html_of(page))
    assert "60 runs" in text and any("sweep\\-1" in each.value for each in page.subheader)
    found = linked("runs", search="learning_rate=0.01 accuracy>0.95", order="lowest loss first").dataframe[0].value
    assert 0 < len(found) < 12 and set(found["run"]) <= set(by_rate(0.01)) and (found["accuracy"] > 95).all()
    second = linked("runs", page="2", order="by id").dataframe[0].value
    assert second["run"].tolist() == [run_id(number) for number in range(50, RUNS)]


def test_what_changes_is_in_the_list_at_once(tmp_path: Path) -> None:
    write_runs(tmp_path, 3)
    archive = Archive(tmp_path)
    assert len(found(archive, "")) == 3
    write_small(Run(tmp_path / "newest"), 9)
    shutil.rmtree(tmp_path / run_id(1))
    run = Run(tmp_path / run_id(0))
    write_notes(run, Notes(("odd",), "seen"), read_notes(run))
    assert sorted(found(archive, "")) == ["newest", run_id(0), run_id(2)]
    assert found(archive, "tag=odd") == found(archive, "seen") == [run_id(0)]
    write_run(tmp_path, "live", state="running", step=7, tables=("metrics",))
    assert found(archive, "state=running") == ["live"]
    (tmp_path / run_id(2) / "metrics.parquet").unlink()
    assert archive.ask("damaged_runs")["run"].tolist() == [run_id(2)] == found(archive, "state=damaged")


def test_another_process_reads_no_file_of_a_run_that_stands(
    root: Path, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_process()
    before = Archive(root).ask("runs")
    assert len(list(kept.glob("*.jsonl"))) == 1
    new_process()
    with monkeypatch.context() as patch:
        for name in ("read_card", "table_problem", "content_problem"):
            patch.setattr(verification, name, lambda *_, **__: pytest.fail("a file was read"))
        assert Archive(root).ask("runs").equals(before)
    shutil.rmtree(kept)
    new_process()
    assert Archive(root).ask("runs").equals(before) and list(kept.glob("*.jsonl"))


def test_who_asks_for_one_run_leaves_the_figures_of_the_others(
    root: Path, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "MANY", -RUNS)
    new_process()
    archive = Archive(root)
    before = archive.ask("runs")
    index.figures.update(dict.fromkeys(range(RUNS)))  # of what runs were before
    assert archive.ask("runs", run=run_id(0))["best_loss"].notna().all()
    assert len(index.figures) == RUNS
    monkeypatch.setattr(archive, "_measure", lambda *_: pytest.fail("measured again"))
    assert archive.ask("runs").equals(before)


def test_what_the_index_says_of_a_run_that_changed_does_not_count(tmp_path: Path, kept: Path) -> None:
    root = tmp_path / "runs"
    write_runs(root, index.LEAST)
    new_process()
    before = Archive(root).ask("runs").set_index("run")
    write_small(Run(root / run_id(7)), 1234)
    changed = Run(root / run_id(8))
    write_bytes(changed.metrics, b"PAR1 and no more")
    card = json.loads(Run(root / run_id(9)).card.read_text())
    times = Run(root / run_id(9)).card.stat()
    Run(root / run_id(9)).card.write_text(json.dumps(card | {"name": "Fun 9"}, indent=1, ensure_ascii=False) + "\n")
    os.utime(Run(root / run_id(9)).card, ns=(times.st_atime_ns, times.st_mtime_ns))
    new_process()
    archive = Archive(root)
    with pytest.raises(RunError, match="changed after the run had ended"):
        archive.ask("runs", run=run_id(9))  # overwritten in place: seen by whoever reads the run
    after = archive.ask("runs").set_index("run")
    assert after.loc[run_id(7), "best_loss"] != before.loc[run_id(7), "best_loss"]
    assert after.loc[[run_id(8), run_id(9)], "state"].tolist() == ["damaged", "damaged"]
    write_manifest(Run(root / run_id(9)))
    assert archive.ask("runs", run=run_id(9))["name"].tolist() == ["Fun 9"]


@pytest.mark.parametrize("harm", [
    lambda content: b"", lambda content: b"\xff" * 99, lambda content: content[: len(content) // 2],
    lambda content: content.replace(b'"finished"', b'"stopped_"'), lambda content: content.replace(b"Run 7", b"Fun 7"),
], ids=["empty", "garbage", "cut", "state", "name"])  # fmt: skip
def test_an_index_that_is_not_as_it_was_written_is_passed_over(root: Path, kept: Path, harm: object) -> None:
    new_process()
    before = Archive(root).ask("runs")
    (file,) = kept.glob("*.jsonl")
    file.write_bytes(harm(file.read_bytes()))  # type: ignore[operator]
    new_process()
    assert Archive(root).ask("runs").equals(before)


def test_other_code_and_a_gone_archive_leave_no_index(
    tmp_path: Path, root: Path, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(root, tmp_path / "gone")
    Archive(tmp_path / "gone").ask("runs")
    shutil.rmtree(tmp_path / "gone")
    new_process()
    Archive(root).ask("runs")
    assert len(list(kept.glob("*.jsonl"))) == 1
    monkeypatch.setattr(index, "_code", lambda: "other")
    assert not index._read(root)


def test_a_few_runs_and_a_home_that_takes_no_file_need_no_index(tmp_path: Path, root: Path, kept: Path) -> None:
    write_runs(tmp_path / "few", 2)
    new_process()
    Archive(tmp_path / "few").ask("runs")
    assert not kept.exists()
    kept.parent.write_text("in the way")
    assert len(Archive(root).ask("runs")) == RUNS
