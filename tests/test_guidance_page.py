"""The Guidance page on planted sweeps: it says what was planted, and draws it."""

import ast
import re
import shutil
from functools import partial
from pathlib import Path

import gaussian
import numpy as np
import pandas as pd
import plotly.graph_objects
import pyarrow.parquet as pq
import pytest
from app_fixture import html_of
from archive_fixture import write_run
from gaussian import write_gaussian
from guided_fixture import write_sweep
from lab_fixture import write_lab
from streamlit.testing.v1 import AppTest
from test_lab_pages import Open
from test_lab_pages import opened as pages  # noqa: F401
from test_terms import tabs

from dashboard.charts.guidance import STYLES, Side, front, front_edged, weights
from dashboard.guidance import tabs as guidance_tabs
from evaluator.stats.intervals import wilson
from firstlight.manifest import write_manifest
from firstlight.parquet import write_table
from firstlight.run_folder import Run
from firstlight.table_schema import GUIDANCE, table_of
from sampler.guidance_laws import LAWS
from store.database import Archive

ROOT = Path(__file__).parent.parent
LAW = re.compile(r"(?<!--)\blaws?\b", re.I)


@pytest.fixture
def opened(pages: Open) -> Open:  # noqa: F811
    """Open the page of the archive in tmp_path."""
    return partial(pages, "guidance")


def swept(root: Path, **sweep: object) -> Run:
    run = write_lab(root, "lab", seeds=2, without=("judgements", "posterior", "uturn", "swap"))
    write_sweep(run, **sweep)
    return run


def words(test: AppTest) -> str:
    """All text of a page, boxes and HTML."""
    return " ".join([*(box.value for box in test.info), *html_of(test)]).replace("&nbsp;", " ")


def test_the_headline_holds_clip_against_a_constant_scale_and_its_control(opened: Open, tmp_path: Path) -> None:
    swept(tmp_path)
    test = opened()
    said = words(test)
    assert "CLIP&#x27;s weights change accuracy by +" in said
    assert "points against a constant scale of the same mean and by +" in said
    assert "points against their shuffled control, n = " in said
    pairs = re.search(r"points against their shuffled control, n = (\d+) pairs\.", said)
    assert pairs
    seeds, n = map(int, re.search(r"In 8 steps, (\d+) noise seeds, before .* 91.8\], n = (\d+), show", said).groups())  # type: ignore[union-attr]
    assert "before the CNN that did not guide, all scales above 1; without guidance" in said
    assert "without guidance 90.0 % [85.5, 91.8], n = " in said
    assert n % seeds == 0 and int(pairs[1]) % n == 0 and int(pairs[1]) > n, "of each scale as many pairs"
    assert len(test.get("plotly_chart")) == 2, "the front and the sweep"
    assert "In 4 steps" in words(opened(**{"guided-steps": "4"}))


def test_every_part_opens_and_every_measure_is_drawn(opened: Open, tmp_path: Path) -> None:
    swept(tmp_path)
    test = opened()
    expected = {"Sweep": "Band: 95 % interval", "Compared": "CLIP-weighted",
                "Best scales": "<td>1.40</td><td>1.81</td>", "Pictures": "the same 2 noises",
                "Weights": "CLIP weighs both candidates", "Claims": "better than a constant scale"}  # fmt: skip
    assert expected.keys() == guidance_tabs.PARTS.keys()
    for part, said in expected.items():
        test.session_state["guided"] = part
        test.run()
        assert [error.value for error in test.exception] == [], part
        assert said in words(test), part
    assert "supported" in words(test)
    for measure, diversity in (("drift after correct", "recall"), ("evaluations", "CAS"), ("CAS", "recall")):
        test.session_state["guided"], test.session_state["measure"] = "Sweep", measure
        test.session_state["diversity"] = diversity
        test.run()
        assert [error.value for error in test.exception] == [] and len(test.get("plotly_chart")) == 2, measure


def test_laws_at_one_scale_of_other_means_are_no_comparison(opened: Open, tmp_path: Path) -> None:
    """The sweep's file is an older one, which holds every law against a constant scale at the same S."""
    run = swept(tmp_path)
    assert "constant" in pq.read_table(run.guidance)["against"].to_pylist()
    assert set(Archive(tmp_path).ask("guidance", run=run.id)["against"].dropna()) == {"shuffled"}
    said = words(opened(guided="Compared"))
    assert "so of the same mean" in said and "<td>shuffled CLIP</td><td>constant</td>" not in said


@pytest.mark.parametrize("older", [False, True])
def test_precision_as_of_independent_pictures_is_an_older_version_s(
    opened: Open, tmp_path: Path, older: bool
) -> None:  # fmt: skip
    run = swept(tmp_path)
    rows = pq.read_table(run.guidance).to_pylist()
    for row in rows if older else ():
        if row["metric"] == "precision" and row["law"] != "real":
            plain = wilson(round(row["value"] * row["n"]), row["n"])
            row |= {"low": plain.low, "high": plain.high}
    write_table(run.guidance, table_of(GUIDANCE, {name: [row[name] for row in rows] for name in rows[0]}))
    write_manifest(run)
    frame = Archive(tmp_path).ask("guidance", run=run.id)
    own = (frame["metric"] == "precision") & (frame["law"] != "real")
    assert frame[own]["value"].isna().all() == older and frame[~own]["value"].notna().all()
    said = words(opened(guided="Sweep", measure="precision"))
    assert ("Precision was measured by an older version" in said) == older


def test_a_judge_that_guided_is_named(opened: Open, tmp_path: Path) -> None:
    swept(tmp_path)
    assert "the judge that did not guide: CLIP for the CNN-weighted method" in words(opened())
    said = words(opened(**{"guided-judge": "CLIP"}))
    assert "Judged by the CLIP, which guides CLIP-weighted and shuffled CLIP itself." in said


def test_a_sweep_of_one_law_and_a_run_without_a_sweep_say_so(opened: Open, tmp_path: Path) -> None:
    swept(tmp_path, laws=("constant",))
    write_run(tmp_path, "bare")
    said = words(opened(run="lab", guided="Compared"))
    assert (
        "No guidance method is told apart as drawing the class asked most often" in said
        and "Only one guidance method was drawn" in said
    )
    assert "firstlight evaluate guidance bare" in words(opened(run="bare")).replace("\\", "")


def test_the_front_has_a_line_for_each_law_through_its_scales() -> None:
    rows = [(law, scale, *(0.5, 0.4, 0.6), *(0.9, 0.8, 0.95), 510) for law in LAWS for scale in (3.0, 1.5)]
    frame = pd.DataFrame(rows, columns=["law", "scale", "x", "x_low", "x_high", "y", "y_low", "y_high", "n"])
    figure = plotly.graph_objects.Figure(front(frame, Side("recall", True), Side("accuracy", True), 0.7))
    assert len(figure.data) == len(LAWS) == len(STYLES)
    assert list(figure.data[0].text) == ["1.5", "3"], "in the order of the scales"
    assert list(figure.data[0].error_y.array) == pytest.approx([0.05, 0.05])
    assert "90.0 % [80.0, 95.0] accuracy" in figure.data[0].hovertext[0] and "n = 510" in figure.data[0].hovertext[0]
    assert len({(trace.line.color, trace.line.dash, trace.marker.symbol) for trace in figure.data}) == len(LAWS)


@pytest.mark.parametrize("far", [(0.5, 0.9), (1.1, 0.85), (195.0, 0.9), (0.5, 0.1), (195.0, 0.1), (-9.0, 0.1)])
def test_what_lies_far_outside_stands_at_the_edge_and_hides_nothing(far: tuple[float, float]) -> None:
    """The others take more than half of either axis, whatever one law draws; mark and sentence say where it is."""
    points = [(law, scale, 0.5 + scale / 10, 0.9 + scale / 100) for law in list(LAWS)[:-1] for scale in (1.5, 3.0)]
    points += [(list(LAWS)[-1], 1.5, 0.6, 0.9), (list(LAWS)[-1], 5.0, *far)]
    rows = [(law, scale, x, x - 0.02, x + 0.02, y, y - 0.01, y + 0.01, 510) for law, scale, x, y in points]
    frame = pd.DataFrame(rows, columns=["law", "scale", "x", "x_low", "x_high", "y", "y_low", "y_high", "n"])
    sides = Side("Fréchet distance, lower is better", False), Side("accuracy", True)
    drawn = front(frame, *sides, 0.6)
    said, apart = front_edged(drawn, frame, *sides, 0.6), 195 in far or 0.1 in far
    figure = plotly.graph_objects.Figure(drawn)
    assert bool(said) == apart and len(figure.data) == len(LAWS) + apart
    for axis, value in zip("xy", far, strict=True):
        ends, own = figure.layout[f"{axis}axis"].range, frame[axis].iloc[:-1]
        beyond = abs(value - own.mean()) > 0.5
        assert (ends is not None) == beyond
        if ends is not None:
            assert own.max() - own.min() > (ends[1] - ends[0]) / 2 and ends[0] <= figure.data[-1][axis][0] <= ends[1]
            assert (f"{value:.1%}".replace("%", " %") if axis == "y" else f"distance {value:g}") in said
    if apart:  # what hides a line through the legend hides its mark
        assert figure.data[-1].legendgroup == figure.data[-2].legendgroup == figure.data[-2].name
        assert figure.data[-1].text[0].replace("<br>", " and ") in said and figure.data[-1].marker.symbol[0].startswith(
            "triangle-"
        )


def test_the_weights_are_a_row_for_each_picture() -> None:
    scales = np.array([[1.0, 2.0], [np.nan, 0.5]])
    figure = plotly.graph_objects.Figure(weights(scales, ["0", "7"], [3, 3], np.array([-12.0, 9.0])))
    assert list(figure.data[0].z[0]) == [1.0, 2.0] and figure.data[0].z[1][0] is None
    assert figure.data[0].customdata[1][1] == "7 · 3, step 2, logSNR 9.0"


def test_generate_offers_autoguidance_away_from_another_run_with_the_same_classes(
    pages: Open, tmp_path: Path  # noqa: F811
) -> None:  # fmt: skip
    def drawer(name: str, of: dict[str, str], **card: object) -> None:
        run = write_run(tmp_path, name, tables=(), **card)
        graph = write_gaussian(tmp_path, f"graph-{name}", gaussian.graph(**of))
        gaussian.lend(graph, run)
        shutil.rmtree(graph.folder)

    drawer("strong", {})
    drawer("the-same", {})
    test = pages("generate", run="strong")
    assert "autoguidance" not in test.selectbox(key="law").options
    drawer("weak", {"config": "another"})
    write_run(tmp_path, "bare", tables=())
    test = pages("generate", run="strong", law="autoguidance", guidance="2", each="1")
    assert test.selectbox(key="weaker").options == ["weak"]
    test.button[0].click().run()
    assert [error.value for error in test.exception] == []
    assert "S at every step, away from a weaker network: weak" in words(test) + " ".join(c.value for c in test.caption)


@pytest.mark.parametrize("page", ["guidance", "claims", "generate"])
def test_no_page_calls_a_guidance_method_a_law(page: str, pages: Open, tmp_path: Path) -> None:  # noqa: F811
    swept(tmp_path)
    for test in tabs(pages(page, run="lab")):
        said = " ".join([words(test), *(each.value for each in test.caption)])
        assert not LAW.search(re.sub(r"Papers call it a guidance law|<pre>.*?</pre>", "", said, flags=re.S))


def test_no_sentence_in_the_code_does() -> None:
    texts = {
        node.value
        for folder in ("dashboard", "pages", "evaluator", "sampler")
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(without_docstrings(ast.parse(path.read_text())))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert len(texts) > 1000
    assert {text for text in texts if LAW.search(text) and " " in text.strip()} == set()


def without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:]
    return tree
