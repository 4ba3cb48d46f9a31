"""The page Runs over many runs: what is found, ordered, grouped and saved; which settings are best; who may write."""

import io
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qs

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pyarrow.parquet as pq
import pytest
from app_fixture import linked
from archive_fixture import card, write_run
from scipy import stats
from sentence_fixture import assert_short
from streamlit.testing.v1 import AppTest
from test_pages import words

from dashboard.charts.narrow import narrowed
from dashboard.compare import configuration
from dashboard.components.csv_download import parquet_of
from dashboard.run_facts import quality
from dashboard.runs import charts, choice, groups, table
from dashboard.runs.choice import Chosen
from dashboard.runs.run_figures import FIGURES, over_seeds
from dashboard.runs.settings_and_figures import best
from firstlight.archives import BUNDLED
from jobs.job import new_job
from store import saved_views
from store.database import Archive
from store.notes import read_notes
from store.search import condition, search

EVERY = Chosen("", "all")
SECONDS = FIGURES["accuracy"].__class__("Seconds", ".2f", "lowest")


def write_cell(root: Path, rate: float, values: list[float], **more: object) -> None:
    """A run for each seed at one learning rate; its figure is how long it took, which a card alone holds."""
    for seed, seconds in enumerate(values):
        config = card("x")["config"] | {"seed": seed, "learning_rate": rate}
        asked = {"config": config, "seed": seed, "sweep": "rates", "seconds": seconds, **more}
        write_run(root, f"rate-{round(1000 * rate)}-{seed}", tables=(), **asked)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    with patch("os.fsync"):
        write_cell(folder, 0.1, [10.0, 11.0, 12.0, 11.0], tags=["for the talk"])
        write_cell(folder, 0.2, [20.0, 21.0, 19.0, 20.5])
        write_cell(folder, 0.3, [11.5, 9.5, 12.5, 10.0])
    return folder


@pytest.fixture(scope="module")
def archive(root: Path) -> Archive:
    return Archive(root)


def cells(archive: Archive, typed: str = "", order: str = "lowest") -> pd.DataFrame:
    return archive.ask("run_groups", by="", figure="seconds", order=order, **search(typed))


def test_a_mean_over_seeds_has_students_interval(archive: Archive) -> None:
    cell = cells(archive, "learning_rate=0.2").iloc[0]
    values = np.array([20.0, 21.0, 19.0, 20.5])
    low, high = stats.t.interval(0.95, 3, values.mean(), stats.sem(values))
    found = over_seeds(cell)
    assert found and [found.value, found.low, found.high, found.n] == pytest.approx([values.mean(), low, high, 4])
    three = over_seeds(cell, 3)
    assert three and three.high == pytest.approx(stats.t.interval(1 - 0.05 / 3, 3, values.mean(), stats.sem(values))[1])
    assert groups.said(cell, SECONDS) == f"20.12 [{low:.2f}, {high:.2f}], n = 4"
    one = cells(archive, "learning_rate=0.2 seed=0").iloc[0]
    assert groups.said(one, SECONDS) == "20.00, no interval: one seed"
    uneven = archive.ask("run_groups", by="sweep", figure="seconds", **search("id!=rate-100-0")).iloc[0]
    assert "no interval: its seeds ran with unlike settings" in groups.said(uneven, SECONDS)


def test_settings_are_best_only_where_their_interval_lies_beyond_all_others(archive: Archive) -> None:
    tied = best(cells(archive), SECONDS)
    assert tied.startswith("Which settings are best cannot be said: the lowest mean, 10.88 [")
    assert tied.endswith("is not told apart from 1 other.\nOf 3 cells it is that of learning_rate 0.3.")
    clear = best(cells(archive, "learning_rate<0.25"), SECONDS)
    assert clear.startswith("One cell is the best: seconds 11.00 [") and "n = 4 seeds" in clear
    assert clear.endswith("Of 2 cells it is that of learning_rate 0.1.")
    high = SECONDS.__class__("Seconds", ".2f", "highest")
    highest = best(cells(archive, order="highest"), high)
    assert highest.startswith("One cell is the best") and highest.endswith("learning_rate 0.2.")
    one_seed = best(cells(archive, "seed=0 learning_rate<0.25"), SECONDS)
    assert "2 of 2 cells have one seed" in one_seed
    one_cell = best(cells(archive, "learning_rate=0.2"), SECONDS)
    assert "are of one cell" in one_cell
    unknown = best(archive.ask("run_groups", by="", figure="cas"), FIGURES["cas"])
    assert "not measured" in unknown
    many = best(cells(archive).assign(found=1_200), SECONDS)
    for said in (tied, clear, highest, one_seed, one_cell, unknown, many):
        assert_short(said)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "8 runs; which draws"),
        ("dataset=fashion-mnist", "2 runs found; which draws"),
        ("id=fashion", "1 run found; fashion draws the class it is asked for most often: 94.7"),
        ("id=nobody", "No run is found."),
    ],
)
def test_the_sentence_above_the_list_is_of_the_runs_that_are_found(typed: str, said: str) -> None:
    page = linked("runs", search=typed) if typed else linked("runs")
    assert said in words(page)


def test_losses_of_other_kinds_and_figures_of_other_data_have_no_best(tmp_path: Path) -> None:
    for name, config in (("a", {}), ("b", {"prediction": "noise"}), ("c", {"dataset": "fashion-mnist"})):
        write_run(tmp_path, name, config=card(name)["config"] | config)
    archive = Archive(tmp_path)
    for figure, typed, why in (("best_loss", "id!=c", "prediction"), ("accuracy", "id!=b", "dataset")):
        frame = archive.ask("run_groups", by="", figure=figure, **search(typed))
        assert f"cannot be said: the runs differ in {why}; narrow the search" in best(frame, FIGURES[figure])
    mixed = archive.ask("run_groups", by="tag", figure="best_loss").iloc[0]
    assert groups.said(mixed, FIGURES["best_loss"]) == "losses of unlike kinds: no mean"


NOISE, STUDENT, FASHION = {"prediction": "noise"}, {"teacher": "a"}, {"dataset": "fashion-mnist"}
STANDS = "Students, which learn from a teacher, stand last."


@pytest.mark.parametrize(
    ("other", "order", "said"),
    [
        ({}, "lowest loss first", ""),
        ({"teacher": ""}, "lowest loss first", ""),  # which older runs do not name
        ({"learning_rate": 0.5}, "lowest loss first", ""),
        (NOISE, "newest first", ""),
        (NOISE, "highest accuracy first", ""),
        (
            NOISE,
            "lowest loss first",
            "differ in prediction, so losses are not of one scale: lower is better only among",
        ),
        (NOISE, "last_loss, highest first", "differ in prediction, so"),
        (FASHION, "lowest last loss first", "differ in dataset, so"),
        (STUDENT, "lowest loss first", STANDS),
    ],
)
def test_an_order_by_losses_of_unlike_kinds_says_so(
    other: dict[str, object], order: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, config in (("a", {}), ("b", {}), ("c", other)):
        write_run(tmp_path, name, config=card(name)["config"] | config, sweep="rates")
    write_run(tmp_path, "no-loss", config=card("d")["config"] | {"prediction": "x"}, tables=())
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(tmp_path))
    of_table = words(linked("runs", order=order, run="no-loss"))
    assert said in of_table and ("not of one scale" in of_table) == bool(said)
    assert "not of one scale" not in words(linked("runs", order=order, search="id!=c", run="no-loss"))
    of_sweep = words(linked("runs", run="a"))
    assert ("not of one scale" in of_sweep) == (other in (NOISE, STUDENT, FASHION)), "of the sweep of the chosen run"


def test_the_charts_hold_to_plotlys_rules(archive: Archive) -> None:
    frame = pd.DataFrame({"run": ["a", "b", "<c>"], "rate": [0.001, 0.01, 0.1], "kind": ["x", "y", "x"],
                          "figure": [1.0, 2.0, 3.0]})  # fmt: skip
    for figure in (charts.scatter(frame, "rate", SECONDS), charts.scatter(frame, "kind", SECONDS),
                   charts.parallel(frame, ["rate", "kind"], SECONDS)):  # fmt: skip
        go.Figure(figure)
        go.Figure(narrowed(figure))
    assert charts.scatter(frame, "rate", SECONDS)["layout"]["xaxis"]["type"] == "log"
    best_quarter = charts.parallel(frame, ["rate", "kind"], SECONDS)["data"][1]
    assert best_quarter["name"] == "the best quarter" and best_quarter["y"] == [0.0, 0.0, 0.0, None]
    downwards = narrowed(charts.parallel(frame, ["rate", "kind"], SECONDS))
    assert downwards["data"][1]["x"] == best_quarter["y"] and downwards["data"][1]["y"] == [0, -1, -2, None]
    assert [note["text"] for note in downwards["layout"]["annotations"][-3:]] == ["rate", "kind", SECONDS.label]


def test_any_setting_and_figure_is_a_column_an_order_and_in_the_files(archive: Archive) -> None:
    runs = archive.ask("run_page", order="seconds", falling=True, rows=3)
    assert runs["run"].tolist() == ["rate-200-1", "rate-200-3", "rate-200-0"]
    made = table.table(runs, archive.ask, ["state", "fact:seed", "fact:batch"])
    assert list(made) == ["run", "state", "fact:seed", "fact:batch"] and made["fact:seed"].tolist() == [1, 3, 0]
    saved = table.file_rows(Chosen('tag="for the talk"', "all"), archive.ask, {}, ["fact:learning_rate"])
    assert len(saved) == 4 and set(saved["learning_rate"]) == {0.1}
    again = pq.read_table(io.BytesIO(parquet_of(saved))).to_pandas()
    assert again["run"].tolist() == saved["run"].tolist() and again["seconds"].tolist() == saved["seconds"].tolist()
    assert pq.read_table(io.BytesIO(parquet_of(pd.DataFrame({"x": [1, "a", None]}))))["x"].to_pylist() == [
        "1",
        "a",
        None,
    ]
    known = choice.orders(["seconds", "best_loss"])
    assert known["seconds, highest first"] == ("seconds", False) and "best_loss, lowest first" not in known
    assert search(condition("tag", "for the talk"))["values"] == ["for the talk"] and search('"')["words"] == []


def test_a_saved_view_is_a_link_to_all_that_is_chosen(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(root))
    asked: dict[str, Any] = {
        "search": "learning_rate<0.25",
        "order": "seconds, lowest first",
        "columns": ["seed", "State"],
    }
    page = linked("runs", **asked)
    assert "8 of 12 runs" in words(page) and not page.exception
    assert (
        page.dataframe[0].value["run"].tolist()[0] == "rate-100-0" and list(page.dataframe[0].value)[1] == "fact:seed"
    )
    page.text_input(key="view-name").set_value("<b>slow</b>").run()
    page = next(each for each in page.button if each.label == "Save view").click().run()
    (view,) = saved_views.views(root)
    assert view.name == "<b>slow</b>" and f'<a href="?{view.query.replace("&", "&amp;")}"' in words(page)
    assert "<b>slow" not in words(page)
    held = {key: each if key == "columns" else each[0] for key, each in parse_qs(view.query).items()}
    assert {key: held[key] for key in asked} == asked
    again = linked("runs", **held)
    assert again.dataframe[0].value.equals(page.dataframe[0].value)
    page = next(each for each in page.button if each.label == "Remove view").click().run()
    assert saved_views.views(root) == [] and not page.exception


ACT = """
import streamlit as st
from dashboard.runs import selection
for act in (selection._hide, selection._archive, selection._delete, selection._give_tags, selection._undo):
    selection._tried(act, ["first"])
    st.text(" ".join(st.session_state.get(selection.SAID, [])))
"""


def test_whoever_is_no_operator_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = write_run(tmp_path, "first")
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(tmp_path))
    monkeypatch.setenv("FIRSTLIGHT_ACCESS", "viewers")
    before, said = read_notes(run), AppTest.from_string(ACT, default_timeout=300).run().text
    assert all("is for operators and you are a viewer" in each.value for each in said) and len(said) == 5
    assert read_notes(run) == before and sorted(path.name for path in tmp_path.iterdir()) == ["first"]
    monkeypatch.delenv("FIRSTLIGHT_ACCESS")
    test = AppTest.from_string(ACT, default_timeout=300).run()
    assert "is archived and goes into no trash" in test.text[2].value and read_notes(run).shelf == "hidden"


def test_a_run_that_a_job_is_at_work_on_is_not_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_run(tmp_path, "first")
    job = new_job(tmp_path, "job-1", ["evaluate", "all", "first"])
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(tmp_path))
    test = AppTest.from_string(ACT.replace("selection._archive, ", ""), default_timeout=300).run()
    assert "The job job-1 is at work on first; end it first" in test.text[1].value
    assert (tmp_path / "first").is_dir()
    job.update(state="finished")
    assert AppTest.from_string(ACT.replace("selection._archive, ", ""), default_timeout=300).run().text[1].value == ""


def test_a_trash_can_be_reached_where_no_run_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from store import trash

    write_run(tmp_path, "only")
    trash.discard(tmp_path, "only")
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(tmp_path))
    page = linked("runs")
    assert "only" in words(page)
    page.multiselect(key="bring-back").select(page.multiselect(key="bring-back").options[0]).run()
    page = next(each for each in page.button if each.label == "Restore").click().run()
    assert not page.exception and page.dataframe[0].value["run"].tolist() == ["only"]


def test_judges_are_named_where_there_are_any() -> None:
    rows = {"metric": ["accuracy", "frechet"], "label": [None, None], "value": [0.9, 1.0], "low": [0.8, 0.9],
            "high": [0.95, 1.1], "n": [100, 100]}  # fmt: skip
    for judges, said in ((["", "mnist-clean"], "mnist-clean"), (["b", "a"], "a, b"), (["", ""], None)):
        assert dict(quality(pd.DataFrame(rows | {"judge": judges}))).get("Judged by") == said


def test_code_and_environment_are_compared_by_the_cards() -> None:
    cards = {"a": {"git_commit": "1" * 40, "device": "cpu", "versions": {"torch": "2.0", "python": "3.11"}},
             "b": {"git_commit": None, "device": "cpu", "versions": {"torch": "2.1", "python": "3.11"}}}  # fmt: skip
    frame = configuration.environment(cards)
    assert configuration.table(frame, ["a", "b"], False)[1] == [
        ["code version", "1" * 40, ""], ["version of torch", "2.0", "2.1"]
    ]  # fmt: skip
    assert len(configuration.table(frame, ["a", "b"], True)[1]) == 4


@pytest.mark.parametrize("rises", [True, False])
def test_runs_are_ordered_by_when_half_is_recognizable_those_that_nobody_judged_last(
    rises: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(BUNDLED))
    monkeypatch.setattr(table, "ROWS", 3)
    order = "earliest recognizable first" if rises else "latest recognizable first"
    seen = list[str]()
    for place in (1, 2, 3):
        test = linked("runs", order=order, page=str(place))
        assert not test.exception
        (rows,) = [frame.value for frame in test.dataframe if "recognizable" in frame.value]
        seen += [f"{run} {at}" for run, at in zip(rows["run"], rows["recognizable"], strict=True)]
    told = [each.partition(" ")[2].strip() for each in seen]
    numbers = [int(each.removesuffix(" %")) for each in told if each.endswith("%")]
    assert len(numbers) >= 6 and numbers == sorted(numbers, reverse=not rises)
    kinds = [0 if each.endswith("%") else 1 if each else 2 for each in told]
    assert kinds == sorted(kinds) and {each.partition(" ")[0] for each in seen} == {
        path.parent.name for path in BUNDLED.glob("*/run.json")
    }


def test_a_click_on_any_head_but_the_picture_s_orders_the_list() -> None:
    assert set(table.ORDERED_BY) == table.columns().keys() - {"picture"}
    known = {fact for fact, _ in choice.ORDERS.values()} | {"state", "name", "tag"}
    assert set(table.ORDERED_BY.values()) <= known


def test_shares_that_stand_alone_say_where_their_interval_and_n_are() -> None:
    columns = table.columns()
    assert {key for key, column in columns.items() if table.ELSEWHERE in (column["help"] or "")} == {*table.SHARES}
