"""What is told of when pictures are recognizable says what it does not hold for: nulls that no threshold keeps."""

import re

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from app_fixture import html_of, linked
from parquet_oracle import ROOT, columns, notes
from sentence_fixture import assert_short, shown
from simulated import at

from dashboard.data import judgements, recognizable
from dashboard.recognizability import class_table
from evaluator.recognizability.agreement import concordances
from evaluator.recognizability.analysis import analysis, summary
from evaluator.recognizability.censoring import first
from evaluator.recognizability.points import points, view_of
from evaluator.recognizability.report import report
from evaluator.recognizability.thresholds import unkept
from evaluator.recognizability.views import VIEWS
from firstlight.archives import BUNDLED
from firstlight.run_folder import Run
from store.database import Archive


@pytest.fixture(autouse=True)
def bundled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(ROOT / "runs"))


UNKEPT = "no threshold keeps its null"
LOOKS = 3  # at x̂0 of `course`: the CNN with and without a label, and CLIP, which is told by the threshold of the view


@pytest.mark.parametrize(("run", "view", "rate"), [("course", "denoised", 9.1), ("course", "unconditional", 12.3)])
def test_a_null_that_no_threshold_keeps_is_said_wherever_the_figure_is(run: str, view: str, rate: float) -> None:
    known = notes(run, "judgements")["null"][view]
    assert round(100 * known["rate"], 1) == rate and known["n"] == 9_000
    test = linked("recognizability", run=run, judged=f"{VIEWS[view]}, mnist-clean", part="Judges")
    text = shown(test)
    assert text and f"n = 1,000, but {UNKEPT}; the source says" in text
    assert_short(text)
    said = " ".join(html_of(test)).replace("&nbsp;", " ")
    assert f"at p ≥ 0.99, {rate} % of 9,000 wrong labels are recognized, where 5 % may be" in said
    assert said.count(f"]; {UNKEPT}") == LOOKS, "of every look at x̂0, with and without a label, and none at x_t"
    assert judgements.remarks_of(Run(BUNDLED / run), view)[0].startswith("No threshold keeps its null")
    assert {*re.findall(r'"verdict-(\w+)"', said)} == {"open"}, "whether the source is right is not said"


def test_a_null_that_is_kept_is_not_spoken_of() -> None:
    assert all(not unkept(Run(BUNDLED / run), "x") for run in ("course", "mnist", "fashion", "two-digits"))
    assert UNKEPT not in (shown(linked("recognizability", run="course")) or "")


def test_so_does_the_list_of_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evaluator.recognizability.thresholds.NULL_RATE", 0.04)  # less than the 4.9 % of course's x_t
    facts = recognizable.of(Archive(BUNDLED).ask, list(Archive(BUNDLED).entries()))
    rows = [{"run": run, "name": recognizable.NAME, "text": text} for run, (text, _) in facts.items()]
    told = dict(zip(facts, recognizable.words(pd.DataFrame(rows), pd.Series([*facts])), strict=True))
    assert told["course"] == f" 54 %, {UNKEPT}" and told["fashion"] == " 46 %"


def test_so_does_the_command() -> None:
    null = {"threshold": 0.99, "rate": 0.09, "n": 900}
    view = {"view": "denoised", "judge": "j", "threshold": 0.99, "null": null, "classes": [], "ranking": None}
    some = {"value": 1.0, "low": 1.0, "high": 1.0, "n": 9}
    whole = {"n": 9, "median": {"percent": some, "logsnr": some}, "restricted_mean": {"percent": some}}
    whole |= {"never": some, "ends_as_another": some}
    view |= {"all": whole, "classes": [{"class": "a"} | whole], "claims": [{"effect": None, "reason": "Few."}]}
    figures = {"run": "r", "views": [view], "small_steps": None, "agreement": None}
    assert "No threshold keeps its null" not in report({**figures, "views": [view | {"null": null | {"rate": 0.05}}]})
    assert "No threshold keeps its null, so nothing can be concluded" in report(figures)


@pytest.mark.parametrize(("run", "view", "place"), [("mnist-student-2", "x", 50.0), ("mnist", "x", 45.0)])
def test_first_recognized_lies_between_two_frames(run: str, view: str, place: float) -> None:
    seen = view_of(pq.read_table(Run(BUNDLED / run).judgements), view)
    found = first(points(seen, 0.5))
    percent = np.unique(seen.percent)
    assert found.value == place == found.high and found.low <= percent[percent < place].max()


def test_equal_values_have_no_interval_and_say_so() -> None:
    """All are there in the frame at 50 % and stay: half of them between two frames, and a wait of nothing."""
    found = summary(points(at(np.full((2, 30), 47.0)), 0.5))
    assert (found.first.low, found.first.value, found.first.high) == (45, 50, 50)
    assert found.flicker.value == 0 and np.isnan([found.flicker.low, found.flicker.high]).all()
    early = summary(points(at(np.full((2, 30), -1.0)), 0.5))
    for each in (early.first, early.mean):
        assert np.isfinite(each.value) and np.isnan(each.low), "the first frame knows no frame before"
    _, rows = class_table.table(analysis(points(at(np.full((2, 30), 47.0)), 0.5), "ab"), "ab", "% of steps")
    assert rows[0][3:5] == ("50 [45, 50]", "0.0, all equal")


@pytest.mark.parametrize(("run", "seeds"), [("mnist", 6), ("fashion", 10)])
def test_label_swap_is_told_between_two_levels_tried(run: str, seeds: int) -> None:
    """The share that keeps its label passes one half between the levels −2.1 and −0.9 of those tried."""
    kept = columns(run, "swap", "logsnr", "from_label", "to_label", "top", "seed")
    stays, becomes = kept["top"] == kept["from_label"], kept["top"] == kept["to_label"]
    shares = {
        level: stays[here].sum() / (stays | becomes)[here].sum()
        for level in np.unique(kept["logsnr"])
        for here in [kept["logsnr"] == level]
    }
    below, above = max(at for at in shares if shares[at] < 0.5), min(at for at in shares if shares[at] >= 0.5)
    text = " ".join(html_of(linked("speciation", run=run, experiment="Label swap", axis="logSNR")))
    found = re.search(
        r"Both labels weigh the same between logSNR −([.\d]+) and −([.\d]+), levels that were tried", text
    )
    assert found and abs(float(found[1]) + below) <= 0.05 and abs(float(found[2]) + above) <= 0.05
    assert f"95 % interval, n = {seeds} noise seeds" in text


@pytest.mark.parametrize("axis", ["% of steps", "logSNR"])
def test_judges_say_what_their_pictures_can_say(axis: str) -> None:
    """A student of two steps: nearly all points are one, and one CNN sees each finished picture twice."""
    test = linked("recognizability", run="mnist-student-2", part="Judges", axis=axis)
    said = " ".join(html_of(test)).replace("&nbsp;", " ")
    assert "at more noise than it begins with" in said and "0 [0, 0]" not in said and "0.00 [" not in said
    assert "1.00 [" not in said and re.search(r"\b0\.99\d \[", said) and "−12.0 [" not in said
    assert "cannot say" in said and "One judge&#x27;s two views end in the same picture" in said


def test_points_that_are_nearly_all_one_have_no_concordance() -> None:
    times = np.full((2, 50), 47.0)
    times[0, :4] = 22.0
    one, other = points(at(times), 0.5), points(at(np.linspace(10, 90, 100).reshape(2, 50)), 0.5)
    found = concordances([one, other, other])
    assert np.isnan(found[0, 1].value) and np.isnan(found[0, 2].value) and found[1, 2].value == pytest.approx(1)


def test_the_headline_says_whose_steps_and_translates_only_what_was_measured_to_carry_over() -> None:
    student, teacher = (shown(linked("recognizability", run=run)) or "" for run in ("mnist-student-2", "mnist"))
    for text, steps in ((student, 2), (teacher, 20)):
        assert "of the run's own steps, n = " in text and f"at p ≥ 0.50, of its own {steps} steps: " in text
        assert_short(text)
    assert student.endswith("is logSNR 0.53.") and re.search(r"is logSNR 0\.53, here \d+ % of the steps\.$", teacher)
