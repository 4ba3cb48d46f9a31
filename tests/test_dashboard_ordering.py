"""Runs of different data held against theory: orders that are known beforehand, and pages that subtract nothing."""

import html
import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from lab_fixture import levels, write_lab
from test_lab_pages import Open, opened, turned, words  # noqa: F401  (the fixture)

from dashboard.axes import AXES, on_axes
from dashboard.compare import across_datasets
from dashboard.compare import charts as compare_charts
from dashboard.compare import tabs as compare_tabs
from dashboard.compare.across_datasets import CANNOT, RIGHTLY, WRONGLY, Course, before, sentence, verdict
from dashboard.data import theory as data_theory
from evaluator.stats.intervals import Estimate
from evaluator.theory.spectra import SPECTRA, load
from firstlight.atomic_writes import write_json
from firstlight.levels import CLEAN
from firstlight.manifest import write_manifest
from firstlight.parquet import write_table
from firstlight.run_folder import Run
from store.database import Archive
from trainer.data import GARMENTS

SEEDS = 40
EARLY, LATE = Estimate(-4.0, -4.2, -3.8, 100), Estimate(-3.0, -3.1, -2.9, 100)
BETWEEN = Estimate(-3.5, -4.1, -3.0, 100)
NEVER = Estimate(math.inf, 1.0, math.inf, 100)
NOTHING = Estimate(math.nan, math.nan, math.nan, 0)


def test_an_order_is_told_only_where_intervals_do_not_overlap() -> None:
    assert before(EARLY, LATE) is True and before(LATE, EARLY) is False
    assert before(EARLY, EARLY) is None and before(EARLY, BETWEEN) is None and before(BETWEEN, LATE) is None
    assert before(EARLY, NEVER) is None and before(EARLY, NOTHING) is None and before(None, LATE) is None


@pytest.mark.parametrize("predicted", [True, False, None])
@pytest.mark.parametrize("measured", [True, False, None])
def test_theory_is_right_or_wrong_where_both_orders_are_told(predicted: bool | None, measured: bool | None) -> None:
    wanted = CANNOT if None in (predicted, measured) else RIGHTLY if predicted == measured else WRONGLY
    assert verdict(predicted, measured) == wanted


def course(run: str, predicted: Estimate | None, half: Estimate = NOTHING, cloned: Estimate = NOTHING) -> Course:
    return Course(run, f"{run}-data", ("x", "y"), predicted, cloned, "judge" if half.n else "", 0.9, half)


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        (course("a", EARLY, EARLY), course("b", LATE, LATE), "b (b-data) become recognizable in theory's order"),
        (course("b", LATE, LATE), course("a", EARLY, EARLY), "b (b-data) become recognizable in theory's order"),
        (course("a", EARLY, LATE), course("b", LATE, EARLY), "become recognizable in the other order than theory's"),
        (course("a", EARLY, BETWEEN), course("b", LATE, LATE), "in theory's order cannot be said"),
        (course("a", EARLY, BETWEEN), course("b", LATE, LATE), "(n = 100 and 100), whose intervals overlap"),
        (course("a", EARLY, EARLY), course("b", LATE, NEVER), "−4.00 [−4.20, −3.80] and no level tried (n ="),
        (course("a", EARLY, EARLY), course("b", None, LATE), "Theory has no number for b-data"),
        (course("a", EARLY, EARLY), course("b", LATE), "b is not judged on this"),
        (course("a", EARLY, EARLY, EARLY), course("b", LATE, LATE, LATE), ", in theory's order"),
        (course("a", EARLY, EARLY, LATE), course("b", LATE, LATE, EARLY), ", in the other order"),
    ],
)
def test_the_sentence_says_what_can_be_said(one: Course, other: Course, said: str) -> None:
    assert said in sentence(one, other)


def test_an_order_between_two_kept_frames_cannot_be_told() -> None:
    """Half is placed on a straight line between two frames, and nothing was looked at there."""
    one = replace(course("a", EARLY, EARLY), around=(-4.5, -2.5))
    other = replace(course("b", LATE, LATE), around=(-4.5, -2.5))
    assert "in theory's order cannot be said" in sentence(one, other)
    assert "whose intervals overlap because of what kept frames leave open" in sentence(one, other)
    apart = replace(other, around=(-3.5, -2.5)), replace(one, around=(-4.5, -3.6))
    assert "b-data) become recognizable in theory's order." in sentence(*apart)


def seen(run: str, shift: float) -> Course:
    """A course of two classes that rises along logSNR, half of it at `shift`."""
    logsnr = np.append(np.linspace(-12, 9, 20), CLEAN)
    share = 1 / (1 + np.exp(shift - logsnr))
    columns = {"step": range(21), "percent": np.linspace(0, 100, 21), "logsnr": logsnr, "share": share,
               "low": share - 0.01, "high": share, "n": 80}  # fmt: skip
    mean = on_axes(pd.DataFrame(columns))
    each = pd.concat([mean.assign(label=label) for label in range(2)])
    names = ("<b>x</b>", "ankle boot")
    return Course(run, f"{run}-data", names, EARLY, NOTHING, "judge", 0.9, LATE, (-4, -3), mean, each)


@pytest.mark.parametrize("axis", AXES)
def test_the_figure_is_valid_plotly_with_theory_and_a_half_for_each_run(axis: str) -> None:
    both = [seen("one", -3), seen("two", 1)]
    place = {"one": Estimate(1.5, 1.4, 1.6, 9), "two": Estimate(math.inf, 2.0, math.inf, 9)}
    figure = compare_charts.courses(both, {"one": place["one"]}, place, axis)
    drawn = go.Figure(figure)
    thin = [trace for trace in drawn.data if trace.line.width == 1]
    assert len(thin) == 4 and len({trace.line.color for trace in thin}) == 2
    assert [trace.name for trace in drawn.data if trace.showlegend] == ["one", "two"]
    assert [note.text for note in drawn.layout.annotations].count("theory, one-data") == 1
    assert "two-data" not in str(figure) and "<b>" not in str(figure)
    points = [trace for trace in drawn.data if trace.mode == "markers"]
    assert [list(trace.x) for trace in points] == [[1.5], []]
    last = max(x for trace in thin for x in trace.x) if axis in ("% of steps", "logSNR") else None
    assert last in (None, 100.0, 9.0)  # the clean end is on the axis of steps alone


def test_two_runs_of_the_same_data_have_one_point_of_theory() -> None:
    both = [seen("one", -3), replace(seen("two", 1), dataset="one-data")]
    figure = compare_charts.courses(both, {"one": EARLY, "two": EARLY}, {}, "logSNR")
    assert [note["text"] for note in figure["layout"]["annotations"]].count("theory, one-data") == 1


def test_rows_behind_the_figure_name_run_and_class() -> None:
    frame = across_datasets.numbers([seen("one", 0)])
    assert frame["class"].value_counts().to_dict() == {"all": 21, "<b>x</b>": 21, "ankle boot": 21}


# the page


def write_garments(root: Path, run_id: str, shift: float, **changes: object) -> Run:
    """A run of garments whose every picture is recognized, and whose copies agree, `shift` later than a digit."""
    run = write_lab(root, run_id, seeds=SEEDS)
    card = json.loads(run.card.read_text())
    card["dataset"] |= {"name": "fashion-mnist", "classes": list(GARMENTS)} | changes
    card["config"] |= {"dataset": card["dataset"]["name"]}
    for name in ("judgements", "speciation"):
        table = pq.read_table(run.tables[name])
        held = table["logsnr"].to_numpy()
        moved = table.set_column(table.schema.get_field_index("logsnr"), "logsnr", pa.array(_moved(held, shift)))
        if name == "judgements":
            judge = pc.replace_substring(moved["judge"], "mnist-", "fashion-mnist-")
            moved = moved.set_column(moved.schema.get_field_index("judge"), "judge", judge)
        write_table(run.tables[name], moved)
    write_json(run.card, card)
    write_manifest(run)
    return run


def _moved(logsnr: np.ndarray, shift: float) -> np.ndarray:
    return np.where(logsnr < CLEAN, logsnr + shift, logsnr)


@pytest.fixture
def compared(opened: Open, tmp_path: Path) -> Callable[..., str]:  # noqa: F811
    """The words of the Compare page with garments, `shift` later, held against digits."""

    def page(shift: float, **changes: object) -> str:
        write_lab(tmp_path, "digits", seeds=SEEDS)
        write_garments(tmp_path, "clothes", shift, **changes)
        return html.unescape(words(opened("compare", run="clothes", baseline="digits")))

    return page


def test_theory_s_points_are_those_of_the_stored_spectra(compared: Callable[..., str]) -> None:
    said = compared(-3.0)
    for name in ("mnist", "fashion-mnist"):
        point = load(SPECTRA / f"{name}.json").whole.logsnr
        assert f"{point.value:.2f}".replace("-", "−") in said
    assert "−4.37" in said and "−3.02" in said  # Λ 79.24 and 20.47, −ln Λ
    assert "copies of a chain have gone 55 % of the way from chance to the most that they agree at logSNR" in said
    assert "which theory, of two classes, does not order" in said and ", in theory's order" not in said


@pytest.mark.parametrize(
    ("shift", "said"),
    [
        (-2.0, "clothes (fashion-mnist) and digits (mnist) become recognizable in theory's order."),
        (2.0, "clothes (fashion-mnist) and digits (mnist) become recognizable in the other order"),
        (0.0, "Whether clothes (fashion-mnist) and digits (mnist) become recognizable in theory's order cannot"),
    ],
)
def test_an_order_that_was_planted_is_found(compared: Callable[..., str], shift: float, said: str) -> None:
    text = compared(shift)
    assert said in text and "their pictures make no pairs, so nothing is subtracted" in text
    assert ("(n = 400 and 400), whose intervals overlap" in text) == (shift == 0)
    assert "clothes less digits" not in text


def test_chains_that_were_copied_again_are_counted_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kept answers belong to the files they came from, told apart by their stamp."""
    found = []
    for name, seeds in (("few", 20), ("more", 40)):
        write_lab(tmp_path / name, "digits", seeds=seeds)
        monkeypatch.setattr("dashboard.data.archive.ask", Archive(tmp_path / name).ask)
        found.append(data_theory.crossed("digits", 10, seeds))
    assert found[0].n < found[1].n


def test_the_planted_difference_of_levels_is_the_one_in_the_table(tmp_path: Path) -> None:
    """Shifted by half the distance between two frames, as far as straight lines between frames go: exactly."""
    from evaluator.recognizability.incidence import average
    from evaluator.recognizability.points import points, view_from

    write_lab(tmp_path, "digits", seeds=SEEDS)
    write_garments(tmp_path, "clothes", 0.5 * float(np.diff(levels(20))[0]))
    halves = []
    for run, judge in (("digits", "mnist-noisy"), ("clothes", "fashion-mnist-noisy")):
        frame = Archive(tmp_path).ask("judged_frames", run=run, judge=judge, view="x")
        view = view_from({name: frame[name].to_numpy() for name in frame.columns}, "x", judge)
        halves.append(average(view, points(view, 0.9)).half)
    assert halves[1].value - halves[0].value == pytest.approx(0.5 * np.diff(levels(20))[0], abs=1e-6)
    assert halves[1].high - halves[1].low == pytest.approx(halves[0].high - halves[0].low, abs=1e-6)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": "mnist", "classes": list("abcdefghij")}, "clothes draws 10 classes of mnist"),  # other classes
        ({"name": "mine", "classes": list("0123456789")}, "it has no number for mine"),  # other pictures
    ],
)
def test_names_alone_make_no_pair(compared: Callable[..., str], changes: dict[str, object], said: str) -> None:
    text = compared(1.0, **changes)
    assert said in text and "make no pairs" in text and "less digits" not in text


def test_every_other_part_opens_with_garments(opened: Open, tmp_path: Path) -> None:  # noqa: F811
    write_lab(tmp_path, "digits", seeds=SEEDS)
    write_garments(tmp_path, "clothes", -2.0)
    page = opened("compare", run="clothes", baseline="digits")
    for part in list(compare_tabs.PARTS)[1:]:
        assert "clothes (fashion-mnist) and digits (mnist) become" in turned(page, part)


def test_panels_of_digits_take_no_curves_of_garments(opened: Open, tmp_path: Path) -> None:  # noqa: F811
    write_lab(tmp_path, "digits", seeds=SEEDS)
    write_garments(tmp_path, "clothes", 1.0)
    said = words(opened("recognizability", run="digits", **{"with": "clothes"}))
    assert "clothes draws 10 classes of fashion-mnist: they have no place in the panels of digits" in said
    assert "Blue, from below" in said and "a colour and a dash for each run" not in said
