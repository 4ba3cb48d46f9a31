"""The pages' figures against SQL, which takes another road through the same judgements."""

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from archive_fixture import CLASSES, write_run

from dashboard import axes, format, run_facts
from dashboard.charts.incidence import Places, incidence
from dashboard.data import judgements, recognizable
from dashboard.recognizability import chart
from dashboard.recognizability import class_table as recognizability_classes
from dashboard.recognizability import headline as recognizability_headline
from dashboard.recognizability import threshold as threshold_tab
from dashboard.recognizability.map import recognition_map
from dashboard.runs import table as runs_table
from evaluator.recognizability import thresholds
from evaluator.recognizability.analysis import Analysis, analysis
from evaluator.recognizability.points import COLUMNS, Points, View, points, view_from
from evaluator.recognizability.schedules import SEVENTY
from evaluator.stats.intervals import Estimate
from store.database import Archive
from store.search import search

CURVE = """
select
    label, step, percent_of(step, max(steps)) as percent, median(logsnr) as logsnr, sigma_of(median(logsnr)) as sigma,
    ou_of(median(logsnr)) as ou, count(*) as n, count(*) filter (where step >= recognized) / count(*) as share
from judgements join (
    select run, judge, sample, step as recognized from recognized($judge, $view, $threshold)
) using (run, judge, sample)
where view = $view
group by label, step
order by label, step
"""


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    root = tmp_path_factory.mktemp("runs")
    write_run(root, "first")
    write_run(root, "second", name="<script>", tags=["night"])
    return Archive(root)


def looked(archive: Archive, view: str, judge: str, least: float) -> tuple[View, Points, Analysis]:
    """What the page shows of a run, by the road that it takes: rows out of SQL, everything else in arrays."""
    frame = archive.ask("judged_frames", run="first", judge=judge, view=view)
    seen = view_from({name: frame[name].to_numpy() for name in COLUMNS}, view, judge)
    found = points(seen, least)
    return seen, found, analysis(found, CLASSES)


@pytest.mark.parametrize("view", ["x", "denoised", "unconditional"])
@pytest.mark.parametrize("least", [0.5, 0.95])
def test_points_and_curves_are_those_of_sql(archive: Archive, view: str, least: float) -> None:
    judge = "mnist-noisy" if view == "x" else "mnist-clean"
    seen, found, _ = looked(archive, view, judge, least)
    asked = archive.ask("recognizability", run="first", judge=judge, view=view, threshold=least).sort_values("sample")
    for ours, theirs in ((found.stays, "percent"), (found.first, "first_percent"), (found.logsnr, "logsnr")):
        wanted = asked[theirs].to_numpy(dtype=float, na_value=np.inf)
        assert np.array_equal(ours, np.where(np.isnan(wanted), np.inf, wanted))
    assert (found.other == (asked["final_top"] != asked["label"]).to_numpy()).all()
    curve = archive._answer(CURVE, {"judge": judge, "view": view, "threshold": least}, [archive.entry("first")])
    ours = judgements.courses(seen, found, len(CLASSES)).sort_values(["label", "step"])
    for column in ("label", "step", "percent", "logsnr", "sigma", "ou", "share", "n"):
        assert np.allclose(ours[column].to_numpy(float), curve[column].to_numpy(float), atol=1e-6), column


def test_the_median_in_the_table_of_runs_is_the_one_on_the_page(archive: Archive) -> None:
    table = archive.ask("recognition_medians", ids=["first", "second"], thresholds=[0.5, 0.95]).set_index("run")
    *_, found = looked(archive, "denoised", "mnist-clean", 0.5)
    assert table.loc["first", "percent"] == found.whole.median.value
    assert table.loc["first", "n"] == 6 and table.loc["first", "never"] == 2
    assert math.isnan(table.loc["second", "percent"]) and table.loc["second", "never"] == 6


def test_the_sentence_names_interval_n_and_the_source(archive: Archive) -> None:
    *_, found = looked(archive, "denoised", "mnist-clean", 0.5)
    text = recognizability_headline.sentence(found, CLASSES, "% of steps", 70.0)
    assert text.startswith(
        "Half of the pictures are recognizable by 50 % of the run's own steps, n = 6; the source says"
    )
    assert "no class is first or last as far as can be told" in text and text.endswith("here 70 % of the steps.")
    assert "Recognized at p ≥ 0.50: no" in text and "70 % of its own steps is logSNR 0.53, here" in text
    for axis in axes.AXES:
        late = recognizability_headline.sentence(found, CLASSES, axis, -math.inf)
        assert late.endswith("more noise than this chain begins with."), "no step of it is there"
    *_, never = looked(archive, "denoised", "mnist-clean", 0.95)
    text = recognizability_headline.sentence(never, CLASSES, "logSNR", 1.9, threshold=0.95, lower=found.whole.never)
    assert text.startswith("More than half of the pictures are never recognized, 100.0 % [") and "logSNR 1.9" in text
    assert "], n = 6; the source" in text
    assert "Recognized at p ≥ 0.95, where 33.3 % [" in text and "] are not at 0.50; 70 % of its own steps" in text


def test_a_threshold_says_whether_its_null_raised_it_and_whether_it_was_kept() -> None:
    free, raised, lost = (
        threshold_tab.sentence({"threshold": least, "rate": rate, "n": 18_000})
        for least, rate in ((0.5, 0.014), (0.91, 0.049), (0.99, 0.117))
    )
    assert free.startswith("The null does not raise the threshold: 1.4 % of 18,000 pairs")
    assert raised.startswith("The null raises the threshold: 4.9 %") and "at p ≥ 0.91" in raised
    assert lost.startswith("No threshold up to 0.99 keeps wrong labels at 5 %: 11.7 %") and "lowest" not in lost
    assert threshold_tab.sentence({}).startswith("No null is kept")


def test_on_falling_axes_intervals_are_in_order(archive: Archive) -> None:
    done, level = Estimate(50.0, 40.0, 60.0, 9), Estimate(-5.0, -6.0, -4.0, 9)
    for axis in ("σ", "OU time"):
        row = axes.estimate_on(done, level, axis)
        assert row.low < row.value < row.high
    assert axes.estimate_on(done, level, "σ").value == pytest.approx(math.exp(5 / 2))


def test_the_table_has_a_row_for_all_and_one_for_each_class(archive: Archive) -> None:
    *_, found = looked(archive, "denoised", "mnist-clean", 0.5)
    headings, rows = recognizability_classes.table(found, CLASSES, "% of steps")
    assert [row[0] for row in rows] == ["all", *CLASSES] and {len(row) for row in rows} == {len(headings)}
    assert rows[2][1] == "50" and rows[2][4].startswith("50.0")  # class 1 waits from step 0 to step 2
    assert rows[3][1].startswith("never") and rows[3][6].startswith("100.0")


def test_what_is_lacking_is_said(archive: Archive) -> None:
    _, found, _ = looked(archive, "denoised", "mnist-clean", 0.5)
    part = analysis(found.of((found.label != 1) & (found.seed == 0)), CLASSES)
    said = recognizability_headline.lacking(part, CLASSES)
    assert "no pictures of 1" in said and "one noise seed" in said
    few = recognizability_headline.lacking(analysis(found, CLASSES), CLASSES)
    assert few == "All pictures come from 2 noise seeds, and an interval takes 5."


def test_the_sources_level_lies_between_the_steps_around_it(archive: Archive) -> None:
    seen, found, _ = looked(archive, "denoised", "mnist-clean", 0.5)
    curve = judgements.courses(seen, found, len(CLASSES))
    assert axes.source_on(curve, "logsnr") == pytest.approx(SEVENTY)  # between 50 % (0) and 75 % (5)
    assert axes.source_on(curve, "percent") == pytest.approx(50 + 25 * SEVENTY / 5)


@pytest.mark.parametrize("axis", axes.AXES)
@pytest.mark.parametrize(("beyond", "place"), [(1, -math.inf), (-1, math.inf)])
def test_where_a_chain_does_not_pass_the_sources_level_no_mark_is_drawn(
    archive: Archive, axis: str, beyond: int, place: float
) -> None:
    seen, found, _ = looked(archive, "denoised", "mnist-clean", 0.5)
    curve = judgements.courses(seen, found, len(CLASSES))
    part = axes.on_axes(curve[beyond * (curve["logsnr"] - SEVENTY) > 0].drop(columns=["sigma", "ou"]))
    assert axes.source_on(part, axes.AXES[axis][0]) == place
    assert axes.Axis([part], axis).source(part) is None
    drawn, bare = (
        recognition_map(curve, CLASSES, axis, at)["layout"]["shapes"] for at in (axes.source_on(curve, "logsnr"), place)
    )
    assert len(drawn) == len(bare) + 1
    figure = incidence(part, CLASSES, axis, Places(place), False)
    assert [trace["x"] for trace in figure["data"] if trace["line"]["dash"] == "dot"] == [[]]
    *_, whole = looked(archive, "denoised", "mnist-clean", 0.5)
    said = (chart.legend("j", "x", 0.5, whole.whole, Places(at)) for at in (place, 1.0))
    assert ["dotted" in text for text in said] == [False, True]


def test_the_table_of_runs_says_never(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    strict = {"first": 0.5, "second": 0.9999}
    monkeypatch.setattr(thresholds, "threshold", lambda folder, view: strict[folder.id])
    judged = Archive(archive.root, recognizable.WAYS)
    made = runs_table.table(judged.ask("runs"), judged.ask).set_index("run")
    assert made["recognizable"].to_dict() == {"first": " 50 %", "second": "never"}


def test_a_run_without_notes_is_judged_from_one_half_on(archive: Archive, tmp_path: Path) -> None:
    assert thresholds.threshold(archive.entry("first").run, "denoised") == thresholds.THRESHOLD
    assert thresholds.threshold(write_run(tmp_path, "bare", tables=()), "denoised") == thresholds.THRESHOLD


def test_a_recipe_says_how_long_and_on_how_much(archive: Archive) -> None:
    row = archive.ask("runs").set_index("run", drop=False).loc["first"]
    told = dict(run_facts.recipe(row))
    assert told["Trained on"] == "100 pictures of mnist" and told["In"] == "12 s on cpu, 2 threads"
    assert "Began with" not in told and "more noise" not in told["Draws with"]
    config = json.loads(row["config"]) | {"start": "zeroth", "shift": 0.1}
    told = dict(run_facts.recipe(pd.Series({**row, "config": json.dumps(config)})))
    named = dict(run_facts.recipe(pd.Series({**row, "run": "banana", "name": "nan", "seed": float("nan")})))
    assert named["Run"] == "banana, nan" and "Seed" not in named
    assert told["Began with"] == "the weights of zeroth" and told["Draws with"].endswith("told 0.1 more noise")
    assert (
        dict(run_facts.quality(archive.ask("quality", run="first")))["Accuracy of the asked class"]
        == "98.00 % [97.00, 99.00]"
    )


@pytest.mark.parametrize(
    ("seconds", "said"), [(12, "12 s"), (600, "10 min"), (9000, "2.5 h"), (float("nan"), "not known")]
)
def test_durations(seconds: float, said: str) -> None:
    assert format.duration(seconds) == said


def test_search_wants_every_word_and_reads_them_literally(archive: Archive) -> None:
    def found(text: str) -> list[str]:
        return archive.ask("run_page", rows=50, **search(text))["run"].tolist()

    assert found("NIGHT second") == ["second"] == found("<script>")
    assert not found("night first") and not found(".*[") and len(found(" ")) == 2
