"""What differs between runs, with differences that are known beforehand."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from app_fixture import html_of, linked
from archive_fixture import card, write_run
from sentence_fixture import assert_short
from streamlit.testing.v1 import AppTest

from dashboard import run_facts
from dashboard.axes import AXES
from dashboard.charts import loss
from dashboard.compare import charts as compare_charts
from dashboard.compare import configuration, differences, headline, quality
from dashboard.compare import loss as compare_loss
from dashboard.runs import headline as runs_headline
from evaluator.recognizability.default_look import first_judge
from evaluator.recognizability.points import Points, View
from evaluator.stats.intervals import Estimate, side, wilson
from firstlight import table_schema as firstlight_schema
from firstlight.archives import BUNDLED
from firstlight.levels import CLEAN
from firstlight.manifest import write_manifest
from firstlight.parquet import write_table
from firstlight.table_schema import METADATA
from store.database import Archive

CLASSES = ["0", "1", "2"]


def points(shift: float = 0.0, never: float = 0.0, seeds: int = 40, noise: int = 0) -> Points:
    """Three classes from the same seeds, recognized at logSNR −3 to 3 and `shift` later; a share never is."""
    generator = np.random.default_rng(noise)
    label, seed = (part.ravel() for part in np.meshgrid(np.arange(3), np.arange(seeds), indexing="ij"))
    level = np.random.default_rng(7).uniform(-3, 3, len(label)) + shift
    level[generator.uniform(size=len(label)) < never] = np.inf
    percent = np.where(np.isinf(level), np.inf, 50 + 5 * level)
    missing = np.full(len(label), np.nan)
    return Points(
        percent, percent, missing, missing, level, missing, label, seed, np.full(len(label), np.inf), 9.0, 5.0
    )


def on(axis: str = "logSNR", apart: bool = False) -> differences.Common:
    """The same frames from logSNR −12 to 9, or from 0 to 100 % of the steps."""
    percent = axis == "% of steps"
    return differences.Common(axis, 100.0 if percent else 9.0, 0.0 if percent else -12.0, apart)


@pytest.mark.parametrize(("axis", "shift"), [("logSNR", 1.5), ("% of steps", 7.5)])
def test_a_shift_of_every_pair_is_found_exactly(axis: str, shift: float) -> None:
    rows = differences.contrasts("late", points(1.5), points(), CLASSES, on(axis), shared=True)
    assert [row.name for row in rows] == ["all", *CLASSES]
    for row in rows:
        found = row.difference
        assert (found.value, found.low, found.high) == pytest.approx((shift, shift, shift), abs=1e-6)
        assert row.own - row.baseline == pytest.approx(shift)
    assert [row.difference.n for row in rows] == [120, 40, 40, 40]


def test_pairs_are_those_of_the_same_seed_and_class_only() -> None:
    rows = differences.contrasts("less", points(1.0, seeds=15), points(), CLASSES, on(), shared=True)
    assert rows[0].difference.n == 45


def test_a_few_that_never_are_count_as_the_end_and_many_have_no_mean() -> None:
    """3 % never, from the same levels: the mean is later by what is left of the process for these."""
    some, none = points(never=0.03, noise=3), points()
    never = np.isinf(some.stays)
    assert 0 < never.mean() <= differences.MOST_NEVER
    row = differences.contrasts("few", some, none, CLASSES, on(), shared=True)[0]
    assert row.difference.value == pytest.approx((9.0 - none.logsnr[never]).sum() / len(never))
    assert row.never.value == row.more_never.value == never.mean() and row.baseline_never.value == 0
    many = differences.contrasts("blind", points(never=0.5), none, CLASSES, on(), shared=True)[0]
    assert np.isnan(many.difference.value) and np.isnan(many.own) and many.more_never.low > 0.3
    assert "more than 5 %" in headline.recognized_words(many, "logSNR")[1]
    short, full = headline.never_words(many, 0.9)
    assert (
        short == "leaves more pictures unrecognized to the end" and full.startswith("leaves ") and ", more (+" in full
    )
    assert differences.contrasts("all", points(never=1.1), none, CLASSES, on(), shared=False)[0].more_never.low > 0.8


def test_other_frames_leave_open_which_is_earlier() -> None:
    """The same pictures, looked at on few frames: R is later by half a frame on average, which is the grid's doing."""
    fine, level = points(), points().logsnr
    coarse = np.array([-12.0, -3.0, 0.0, 3.0, 9.0])
    after = np.searchsorted(coarse, level)
    seen = replace(fine, logsnr=coarse[after], missed_logsnr=coarse[after - 1])
    exact = replace(fine, missed_logsnr=level - 0.01)
    careless = differences.contrasts("coarse", seen, exact, CLASSES, on(), shared=True)[0].difference
    assert careless.low > 0.5  # a difference that is none
    row = differences.contrasts("coarse", seen, exact, CLASSES, on(apart=True), shared=True)[0]
    assert row.difference.low < 0 < row.difference.high and row.apart
    assert all("cannot be said" in words for words in headline.recognized_words(row, "logSNR"))
    assert differences.told(row, "+.2f").startswith("[−")  # nothing between the ends is likelier
    late = replace(seen, logsnr=np.full(len(level), 9.0), missed_logsnr=np.full(len(level), 4.0))
    sure = differences.contrasts("late", late, exact, CLASSES, on(apart=True), shared=True)[0].difference
    assert 4.0 - level.mean() - 0.6 < sure.low < 4.0 - level.mean() and sure.high < 9.6 - level.mean()


def test_frames_are_the_same_where_they_stand_at_the_same_noise() -> None:
    def view(levels: list[float]) -> View:
        ones = np.zeros((2, len(levels)), np.int64)
        step = ones + np.arange(len(levels))
        return View("x", "j", ones[:, 0], ones[:, 0], ones[:, 0] + len(levels) - 1, step, ones + np.array(levels), ones,
                    ones + 0.5, ones[:, 0])  # fmt: skip

    one, other = view([-12.0, -3.0, 3.0, CLEAN]), view([-12.0, -2.0, 3.0, CLEAN])
    assert not differences.common([one, one], "logSNR", 3.0).apart
    assert differences.common([one, other], "logSNR", 3.0).apart
    assert not differences.common([one, other], "% of steps", 100.0).apart
    assert differences.common([one, view([-12.0, 3.0, CLEAN])], "% of steps", 100.0).apart
    assert differences.common([one, view([-2.0, 3.0, CLEAN])], "logSNR", 3.0).first == -12.0


@pytest.mark.parametrize("axis", ["σ", "OU time"])
def test_later_is_less_on_axes_that_fall(axis: str) -> None:
    assert differences.contrasts("late", points(1.0), points(), CLASSES, on(axis), shared=True)[0].difference.high < 0


def test_without_shared_noise_there_is_one_row_and_its_interval_is_wider() -> None:
    paired = differences.contrasts("late", points(1.0), points(), CLASSES, on(), shared=True)[0].difference
    (row,) = differences.contrasts("late", points(1.0), points(), CLASSES, on(), shared=False)
    assert row.name == "all" and row.difference.value == pytest.approx(paired.value)
    assert row.difference.high - row.difference.low > paired.high - paired.low


def test_the_difference_of_shares_is_newcombe_s_published_one() -> None:
    """Newcombe (1998), table II, example (a): 56/70 − 48/80 by method 10 is 0.0524 to 0.3339."""
    found = differences.gap(wilson(56, 70), wilson(48, 80))
    assert (found.value, found.low, found.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)


def settings(**changes: dict[str, str]) -> pd.DataFrame:
    base = {"seed": "0", "batch": "64", "solver": "ddpm"}
    rows = [
        {"run": run, "setting": setting, "value": value}
        for run, own in changes.items()
        for setting, value in (base | own).items()
    ]
    frame = pd.DataFrame(rows)
    return frame.assign(differs=frame.groupby("setting")["value"].transform("nunique") > 1)


def test_runs_that_differ_in_their_seed_only_belong_together() -> None:
    frame = settings(a={}, b={"seed": "1"}, c={"batch": "32"}, d={"seed": "2"})
    assert compare_loss.groups(frame, ["c", "a", "b", "d"]) == [["c"], ["a", "b", "d"]]


def test_equal_settings_are_hidden_until_asked_for() -> None:
    frame = settings(a={}, c={"batch": "32"})
    assert configuration.table(frame, ["a", "c"], False) == (["setting", "a", "c"], [["batch", "64", "32"]])
    assert len(configuration.table(frame, ["a", "c"], True)[1]) == 3


def test_figures_of_two_judges_have_no_difference() -> None:
    row = {"metric": "accuracy", "label": None, "value": 0.9, "low": 0.85, "high": 0.95, "n": 100}
    frame = pd.DataFrame([{**row, "run": "a", "judge": "x"}, {**row, "run": "b", "judge": "x"},
                          {**row, "run": "c", "judge": "y"}])  # fmt: skip
    headings, rows = quality.table(frame, ["a", "b", "c", "d"])
    assert headings == ["figure", "a", "b", "c", "d", "b less a", "c less a", "d less a"]
    assert rows == [["Accuracy of the asked class", *["90.00 % [85.00, 95.00], n = 100"] * 3, "",
                     "+0.00 [−7.07, +7.07]", "other judge", ""]]  # fmt: skip


def test_a_short_score_is_never_held_against_a_full_one() -> None:
    row = {"label": None, "value": 0.9, "low": 0.85, "high": 0.95, "n": 100, "judge": ""}
    frame = pd.DataFrame([{**row, "run": "a", "metric": "cas"}, {**row, "run": "b", "metric": "cas_2000"},
                          {**row, "run": "c", "metric": "cas_2000"}])  # fmt: skip
    said = {cells[0]: cells[4:] for cells in quality.table(frame, ["a", "b", "c"])[1]}
    assert set(map(tuple, said.values())) == {(quality.OTHER_N, quality.OTHER_N)} and len(said) == 2
    (same,) = quality.table(frame[1:], ["b", "c"])[1]
    assert same[0] == "CAS, taught by 2,000, one short fit" and same[3].startswith("+0.00")


def test_distances_of_other_numbers_of_pictures_have_no_difference() -> None:
    row = {"metric": "frechet", "label": None, "value": 0.4, "low": 0.3, "high": 0.5, "n": 100, "judge": "x"}
    frame = pd.DataFrame([{**row, "run": "a"}, {**row, "run": "b"}, {**row, "run": "c", "n": 1000}])
    _, rows = quality.table(frame, ["a", "b", "c"])
    assert rows[0][1:] == [*["0.400 [0.300, 0.500], n = 100"] * 2, "0.400 [0.300, 0.500], n = 1,000",
                           "measured by an older version", "cannot say: n differ"]  # fmt: skip
    draws = 0.4 + np.random.default_rng(0).normal(0, 0.05, 100)
    paired = frame[:2].assign(value=[0.4, 0.8], draws=[draws, 2 * draws + 1e-3 * np.arange(100)])
    (row,) = quality.table(paired, ["a", "b"])[1]
    assert row[3].startswith("2.00 [1.8") and row[3].endswith(" times")


@pytest.mark.parametrize("metric", ["frechet_floor", "precision", "recall", "precision_real", "recall_real", "cas"])
def test_what_depends_on_the_number_of_pictures_has_no_difference_across_numbers(metric: str) -> None:
    row = {"label": None, "value": 0.9, "low": 0.88, "high": 0.92, "judge": "", "draws": None}
    frame = pd.DataFrame([{**row, "run": run, "metric": name, "n": 10_000 if name == "cas" else n}
                          for run, n in (("a", 500), ("b", 2000), ("c", 500))
                          for name in ("accuracy", "kid_by_class", metric)])  # fmt: skip
    said = {cells[0]: cells for cells in quality.table(frame, ["a", "b", "c"])[1]}
    dependent = said[run_facts.FIGURES[metric][0]]
    taught = ", taught by 2,000, n = 10,000 test pictures"
    assert dependent[2].endswith(taught if metric == "cas" else ", n = 2,000")
    assert dependent[4] == "cannot say: n differ" and dependent[5] != dependent[4]
    free = (run_facts.FIGURES[name][0] for name in ("accuracy", "kid_by_class"))
    assert all(said[name][4].startswith("+0.00") for name in free)


def test_a_kernel_distance_of_an_older_version_is_not_shown() -> None:
    row = {"metric": "kid_by_class", "label": None, "n": 100, "judge": "x", "draws": None}
    nan = float("nan")
    frame = pd.DataFrame([{**row, "run": "a", "value": nan, "low": nan, "high": nan},
                          {**row, "run": "b", "value": 0.01, "low": 0.0, "high": 0.02}])  # fmt: skip
    (cells,) = quality.table(frame, ["a", "b"])[1]
    assert cells[1:] == [run_facts.OLDER, "0.0100 [0.0000, 0.0200], n = 100", run_facts.OLDER]
    assert run_facts.again(frame) == ["a"]


def test_no_run_is_named_best_that_is_not_told_apart() -> None:
    best = {"sound": 2, "scored": 2, "run": "b", "accuracy": 0.996, "accuracy_low": 0.994, "accuracy_high": 0.997,
            "accuracy_n": 900, "others_high": 0.996}  # fmt: skip
    said = runs_headline.sentence(pd.DataFrame([best]), False)
    assert "cannot be said.\nb has the highest share, 99.6 % [99.4, 99.7], n = 900, not told apart" in said
    told_apart = pd.DataFrame([best | {"others_high": 0.91}])
    assert "b draws the class it is asked for most often" in runs_headline.sentence(told_apart, False)


def test_a_difference_without_an_interval_is_none() -> None:
    nan = float("nan")
    ends = {(1.0, 3.0): 1, (-3.0, -1.0): -1, (-1.0, 1.0): 0, (0.0, 1.0): 0, (nan, nan): 0}
    assert {one: side(Estimate(2.0, *one, 5)) for one in ends} == ends
    none = wilson(0, 10)
    row = differences.Row("b", "all", none, none, none, 50.0, 46.5, Estimate(3.5, nan, nan, 10))
    assert "neither earlier nor later" in headline.recognized_words(row, "% of steps")[0]


def test_of_three_runs_two_are_told_in_the_sentence_and_the_third_below() -> None:
    """A difference of each kind, which is the most that it can say."""
    none = wilson(0, 100)
    row = differences.Row("b", "all", none, none, none, 50.0, 46.5, Estimate(3.5, 3.0, 4.0, 100))
    run = {"dataset": "mnist", "classes": CLASSES}
    frame = pd.DataFrame(
        [{**run, "run": name, "accuracy": value, "accuracy_low": value - 0.01, "accuracy_high": value + 0.01,
          "accuracy_n": 900} for name, value in (("a", 0.9), ("b", 0.7), ("c", 0.8))]
    ).set_index("run", drop=False)  # fmt: skip
    at: Any = SimpleNamespace(runs=frame, ids=["a", "b", "c"], rows=[row], courses=[], axis="% of steps", threshold=0.5)
    said = headline.sentence(at)
    assert "later by 3.5" in said and "less often" in said and said.endswith("\nBelow: 1 more run.")
    assert_short(said)


def write_losses(root: Path, run_id: str, level: float, seed: int) -> None:
    run = write_run(root, run_id, config=card(run_id)["config"] | {"seed": seed})
    columns = {"step": np.arange(1, 201), "epoch": np.arange(1, 201) / 100, "metric": ["loss"] * 200,
               "value": np.full(200, level)}  # fmt: skip
    write_table(run.metrics, pa.table(columns, schema=firstlight_schema.METRICS))
    write_manifest(run)


def test_seeds_are_one_mean_with_a_band(tmp_path: Path) -> None:
    for seed, level in enumerate((1.0, 2.0, 6.0)):
        write_losses(tmp_path, f"run{seed}", level, seed)
    ids = ["run0", "run1", "run2"]
    frame = Archive(tmp_path).ask("loss_bands", runs=ids, ids=ids, names=["g", "g", "run2"], smoothing=10)
    group, alone = frame[frame["name"] == "g"], frame[frame["name"] == "run2"]
    assert len(group) == len(alone) == 200
    assert (group["value"] == 1.5).all() and (group["low"] == 1).all() and (group["high"] == 2).all()
    assert set(group["n"]) == {2} and set(alone["n"]) == {1} and (alone["low"] == alone["high"]).all()
    for log in (True, False):
        for outliers in (True, False):
            figure = loss.loss_bands(frame, ["g", "run2"], "epoch", log_x=log, log_y=log, outliers=outliers)
            assert len(go.Figure(figure).data) == 3


def test_cutting_outliers_moves_the_axis_and_no_value() -> None:
    value = np.append(np.linspace(1, 2, 400), 1e6)
    frame = pd.DataFrame({"name": "a", "step": range(401), "epoch": 0.0, "value": value, "low": value, "high": value,
                          "n": 1})  # fmt: skip
    cut = loss.loss_bands(frame, ["a"], "step", outliers=False)
    assert cut["layout"]["yaxis"]["range"][1] < 3 and max(cut["data"][0]["y"]) == 1e6
    assert "range" not in loss.loss_bands(frame, ["a"], "step")["layout"]["yaxis"]


@pytest.mark.parametrize("axis", AXES)
def test_the_figure_of_differences_is_valid_plotly_and_literal_about_names(axis: str) -> None:
    none = wilson(0, 9)
    rows = [differences.Row(run, name, none, none, none, 1.0, 0.5, Estimate(0.5, 0.1, float("nan"), 9))
            for run in ("a", "b") for name in ("all", "<b>x</b>")]  # fmt: skip
    figure = compare_charts.differences(rows, axis, ["base", "a", "b"])
    assert len(go.Figure(figure).data) == 2 and "<b>" not in str(figure)


# the page

Open = Callable[..., AppTest]
PARTS = ["Recognizability", "Step by step", "Quality", "Loss", "Configuration"]


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(tmp_path))

    def page(**query: str | list[str]) -> AppTest:
        test = linked("compare", **query)
        assert [error.value for error in test.exception] == []
        return test

    return page


def words(test: AppTest) -> str:
    return " ".join([*(box.value for box in test.info), *html_of(test)])


def test_one_run_is_no_comparison(opened: Open, tmp_path: Path) -> None:
    write_run(tmp_path, "alone")
    assert "alone is the only run" in words(opened())


@pytest.mark.parametrize("part", PARTS)
def test_every_part_of_two_runs_says_its_own(opened: Open, tmp_path: Path, part: str) -> None:
    write_run(tmp_path, "first")
    write_run(tmp_path, "second", config=card("second")["config"] | {"batch": 7})
    own = {"Recognizability": "cannot say", "Step by step": "nearest", "Quality": "+0.00 [−1.41, +1.41]",
           "Loss": "Against", "Configuration": "settings on which all agree"}  # fmt: skip
    said = words(opened(run="second", baseline="first", part=part))
    assert (
        "Against first, second " in said
        and "second leaves 33.3" in said
        and "neither more nor fewer" in said
        and own[part] in said
    )


def test_of_two_judges_of_a_view_the_first_by_name_speaks_and_is_named(tmp_path: Path) -> None:
    """`course` and `mnist` have two of the view with the label."""
    ask = Archive(BUNDLED).ask
    for run in ("course", "mnist"):
        found = ask("judges", run=run)
        assert len(found[found["view"] == "denoised"]) > 1
        assert first_judge(found, "denoised") == first_judge(found[::-1], "denoised") == "mnist-clean"
        assert first_judge(found, "unheard") == ""
    test = linked("compare", run="course", baseline="mnist", on="x̂0, with label")
    assert "looked at as x̂0, with label by mnist-clean:" in words(test)


def test_the_axis_of_a_comparison_is_logsnr_unless_the_link_says_otherwise(opened: Open, tmp_path: Path) -> None:
    write_run(tmp_path, "first")
    write_run(tmp_path, "second")
    assert opened().selectbox(key="axis").value == "logSNR"
    assert opened(axis="% of steps").selectbox(key="axis").value == "% of steps"


def test_the_baseline_itself_gets_company(opened: Open, tmp_path: Path) -> None:
    write_run(tmp_path, "first")
    write_run(tmp_path, "second")
    assert "second leaves" in words(opened(run="first", baseline="first"))


def test_a_figure_that_is_another_on_a_run_s_own_page_is_told_with_its_reason(opened: Open, tmp_path: Path) -> None:
    """The page Recognizability says the one; where nothing differs, nothing is said."""
    write_run(tmp_path, "first")
    strict = write_run(tmp_path, "second")
    assert "on the page Recognizability" not in words(opened(run="second", baseline="first"))
    table = pq.read_table(strict.judgements)
    made = {"null": {"x": {"threshold": 0.9, "rate": 0.05, "n": 8}}}
    write_table(strict.judgements, table.replace_schema_metadata({METADATA: json.dumps(made)}))
    write_manifest(strict)
    said = words(opened(run="second", baseline="first", axis="logSNR"))
    own = words(linked("recognizability", run="first", axis="logSNR")).split("recognizable by ")[1].split(",")[0]
    assert f"Half of first are recognizable by {own} on the page Recognizability (x_t, noisy, p ≥ 0.50), and" in said
    assert "here (x_t, noisy, p ≥ 0.90): a difference asks for one threshold of both runs." in said
    assert "Half of second" not in said


@pytest.mark.parametrize("part", PARTS)
def test_another_data_set_with_other_classes_breaks_nothing(opened: Open, tmp_path: Path, part: str) -> None:
    write_run(tmp_path, "digits")
    clothes = card("clothes")["dataset"] | {"name": "fashion", "classes": ["shirt", "bag", "boot"]}
    write_run(tmp_path, "clothes", dataset=clothes, config=card("clothes")["config"] | {"dataset": "fashion"})
    said = words(opened(run="clothes", baseline="digits", part=part))
    assert "Theory has no number for fashion" in said
    if part == "Recognizability":
        assert "make no pairs" in said
    if part == "Step by step":
        assert "its row makes no pair with that of digits" in said


@pytest.mark.parametrize("part", PARTS)
def test_a_run_that_lacks_everything_is_named_with_its_command(opened: Open, tmp_path: Path, part: str) -> None:
    write_run(tmp_path, "first")
    write_run(tmp_path, "bare", tables=("metrics",))
    said = words(opened(run="bare", baseline="first", part=part))
    command = {"Recognizability": "firstlight evaluate recognizability bare", "Step by step": "firstlight trace bare",
               "Quality": "firstlight evaluate quality bare"}  # fmt: skip
    assert command.get(part, "neither recognizability nor quality") in said


@pytest.mark.parametrize(
    ("page", "more"), [("training", {}), ("compare", {"baseline": "mnist", "part": "Loss"}), ("claims", {})]
)
@pytest.mark.parametrize(("other", "why"), [("mnist-student-4", "data or a teacher"), ("course", "prediction")])
def test_losses_of_unlike_runs_never_share_an_axis_without_a_word(
    page: str, more: dict[str, str], other: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What only one of them has, as a student its teacher, is a difference too."""
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(BUNDLED))
    test = linked(page, run="mnist", **{"with": other}, **more)
    assert not test.exception
    said = [each for each in html_of(test) if "not of one scale" in each]
    assert said and why in said[0]


def test_a_setting_that_only_one_run_has_is_a_difference() -> None:
    settings = Archive(BUNDLED).ask("settings", runs=["mnist", "mnist-student-4"])
    held = {run: json.loads((BUNDLED / run / "run.json").read_text())["config"] for run in ("mnist", "mnist-student-4")}
    for name, rows in settings.groupby("setting"):
        if name in held["mnist"] or name in held["mnist-student-4"]:
            one, other = (found.get(name) for found in held.values())
            assert bool(rows["differs"].iloc[0]) == (one != other), name
    assert set(settings.loc[settings["differs"], "setting"]) >= {"teacher", "scale_low"}
