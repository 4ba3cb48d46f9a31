"""The pages' figures against the evaluator's, which takes another road through the same judgements."""

import math
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from archive_fixture import CLASSES, write_run

from dashboard import facts, recognition
from dashboard.run_table import found
from evaluator.recognizability import figures_of, points, view_of
from store.database import Archive


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    root = tmp_path_factory.mktemp("runs")
    write_run(root, "first")
    write_run(root, "second", name="<script>", tags=["night"])
    return Archive(root)


@pytest.mark.parametrize("view", ["x", "denoised", "unconditional"])
@pytest.mark.parametrize("least", [0.5, 0.95])
def test_rows_are_those_of_the_evaluator(archive: Archive, view: str, least: float) -> None:
    judge = "mnist-noisy" if view == "x" else "mnist-clean"
    asked = archive.ask("recognizability", run="first", judge=judge, view=view, threshold=least)
    table = pq.read_table(archive.entry("first").run.judgements)
    theirs = figures_of(points(view_of(table, view), least), CLASSES)
    keys = {"% of steps": "percent", "logSNR": "logsnr", "σ": "sigma", "OU time": "ou"}
    for axis, key in keys.items():
        ours = recognition.rows(asked, CLASSES, axis)
        for row, figures in zip(ours, [theirs["all"], *theirs["classes"]], strict=True):
            for end in ("value", "low", "high"):
                mine, wanted = getattr(row.median, end), figures["median"]["ou_time" if key == "ou" else key][end]
                assert (wanted is None) == math.isinf(mine)
                assert wanted is None or mine == pytest.approx(wanted, abs=1e-4)  # they print four decimals
            assert row.never.value == pytest.approx(figures["never"]["value"], abs=1e-4)
            assert row.never.n == figures["n"]


def test_the_median_in_the_table_of_runs_is_the_one_on_the_page(archive: Archive) -> None:
    table = archive.ask("recognition_medians", ids=["first", "second"], thresholds=[0.5, 0.95]).set_index("run")
    asked = archive.ask("recognizability", run="first", judge="mnist-clean", view="denoised", threshold=0.5)
    assert table.loc["first", "percent"] == recognition.rows(asked, CLASSES, "% of steps")[0].median.value
    assert table.loc["first", "n"] == 6 and table.loc["first", "never"] == 2
    assert math.isnan(table.loc["second", "percent"]) and table.loc["second", "never"] == 6


def test_the_sentence_names_interval_n_and_the_source(archive: Archive) -> None:
    asked = archive.ask("recognizability", run="first", judge="mnist-clean", view="denoised", threshold=0.5)
    text = recognition.sentence(recognition.rows(asked, CLASSES, "% of steps"), "% of steps", 70.0)
    assert text.startswith("Half of the pictures are recognizable by 50 % of the steps [") and "n = 6" in text
    assert "0 first at 25, 1 last at 50" in text and text.endswith("the source says around 70 %.")
    never = archive.ask("recognizability", run="first", judge="mnist-clean", view="denoised", threshold=0.95)
    text = recognition.sentence(recognition.rows(never, CLASSES, "logSNR"), "logSNR", 1.9)
    assert text.startswith("More than half of the pictures are never recognized, 100.0 % [") and "logSNR 1.9" in text


def test_seventy_per_cent_lies_between_the_steps_around_it(archive: Archive) -> None:
    curve = archive.ask("recognition_curve", run="first", judge="mnist-clean", view="denoised", threshold=0.5)
    assert recognition.source_on(curve, "percent") == pytest.approx(70)
    assert recognition.source_on(curve, "logsnr") == pytest.approx(0.8 * 5)  # between 50 % (0) and 75 % (5)


def test_a_run_without_notes_is_judged_from_one_half_on(archive: Archive, tmp_path: Path) -> None:
    assert recognition.threshold(archive.entry("first").run, "denoised") == recognition.THRESHOLD
    assert recognition.threshold(write_run(tmp_path, "bare", tables=()), "denoised") == recognition.THRESHOLD


def test_a_recipe_says_how_long_and_on_how_much(archive: Archive) -> None:
    row = archive.ask("runs").set_index("run", drop=False).loc["first"]
    told = dict(facts.recipe(row))
    assert told["Trained on"] == "100 pictures of mnist" and told["In"] == "12 s on cpu, 2 threads"
    assert (
        dict(facts.quality(archive.ask("quality", run="first")))["Accuracy of the asked class"]
        == "98.00 % [97.00, 99.00]"
    )


@pytest.mark.parametrize(
    ("seconds", "said"), [(12, "12 s"), (600, "10 min"), (9000, "2.5 h"), (float("nan"), "not known")]
)
def test_durations(seconds: float, said: str) -> None:
    assert facts.duration(seconds) == said


def test_search_wants_every_word_and_reads_them_literally(archive: Archive) -> None:
    runs = archive.ask("runs")
    assert found(runs, "NIGHT second")["run"].tolist() == ["second"]
    assert found(runs, "<script>")["run"].tolist() == ["second"]
    assert found(runs, "night first").empty and len(found(runs, " ")) == 2
    assert found(runs, ".*[").empty
