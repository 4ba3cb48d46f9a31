"""The Steps page: what was planted is what it says, and what is missing is named with its command."""

import json
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pyarrow.parquet as pq
import pytest
from app_fixture import html_of
from archive_fixture import write_run
from steps_fixture import write_steps
from streamlit.testing.v1 import AppTest
from test_lab_pages import Open
from test_lab_pages import opened as pages  # noqa: F401

from dashboard.run_facts import OLDER
from dashboard.steps import chart as steps_chart
from dashboard.steps import headline
from dashboard.steps.ways import Ways
from evaluator.stats.intervals import wilson
from evaluator.steps.quality_kept import ways_from
from firstlight.manifest import write_manifest
from firstlight.parquet import write_table
from firstlight.table_schema import SOLVER_STEPS, table_of
from store.database import Archive


@pytest.fixture
def opened(pages: Open) -> Open:  # noqa: F811
    """Open the page of the archive in tmp_path."""
    return partial(pages, "steps")


def words(test: AppTest) -> str:
    return " ".join([*(box.value for box in test.info), *html_of(test)]).replace("&nbsp;", " ").replace("\\", "")


def test_the_student_with_the_planted_quality_is_found(opened: Open, tmp_path: Path) -> None:
    write_steps(write_run(tmp_path, "first"))
    test = opened()
    said = words(test)
    assert "4 evaluations are enough: pupil loses 0.0 [−0.6, 0.6] points of accuracy against first&#x27;s" in said
    assert (
        "first&#x27;s reference, n = 600 pictures" in said
        and "The reference: ddpm, 100 evaluations, 99.0 % [97.8, 99.5]; at 1.17 [1.1" in said
    )
    assert "times its Fréchet distance; intervals that hold for 8 ways at once. The reference has the highest" in said
    assert "accuracy among its ways at most 1.3" in said
    assert "others of its own. The source takes 100+." in said
    assert "Without a student, 20 evaluations of ddim keep the quality." in said
    assert said.count('<td><b class="verdict-yes">✓ supported</b></td>') == 3  # S13, three parts
    assert len(test.get("plotly_chart")) == 1


def test_without_students_and_real_pictures(opened: Open, tmp_path: Path) -> None:
    """Accuracy alone takes the blur for the best, and the page says that distances are missing."""
    write_steps(write_run(tmp_path, "first"), students=(), known=False)
    test = opened(measure="CAS")
    said = words(test)
    assert "Distances to real pictures are not known" in said and "n = 600" in said
    assert "firstlight evaluate steps first" in said and ">? cannot say</b></td>" in said


def test_what_so_few_pictures_cannot_say_is_not_said(opened: Open, tmp_path: Path) -> None:
    """A margin that 60 pictures cannot show is not shown, and the page says how many would do, or that draws lack."""
    run = write_steps(write_run(tmp_path, "first"))
    rows = pq.read_table(run.solver_steps).to_pylist()
    few = [row | {"n": 60, "top": row["top"][-60:]} for row in rows]
    for kept, said_so in ((True, "--per-class"), (False, "distances were kept without draws")):
        some = [row | {"frechet_draws": row["frechet_draws"] if kept else None} for row in few]
        write_table(run.solver_steps, table_of(SOLVER_STEPS, {name: [row[name] for row in some] for name in some[0]}))
        write_manifest(run)
        said = words(opened())
        assert "Whether fewer evaluations keep the quality of first cannot be said of" in said
        assert said_so in said and "are enough" not in said and (OLDER in said) != kept


@pytest.mark.parametrize(
    ("right", "said"),
    [
        (1.0, "No fewer evaluations than those of first's reference were compared; the source takes 100+.\nIts "
              "reference: ddim, 1 evaluation: 100.0 % [99.4, 100.0] of the asked class, n = 600, as with every other "
              "way. The reference has the highest accuracy; by accuracy it is not told apart from 7 of 7 others of its "
              "own."),
        (0.0, "How few evaluations keep the quality of first cannot be said: its reference does not surely show the "
              "class asked for more often than by lot.\nIts reference, ddim, 1 evaluation: 0.0 % [0.0, 0.6] against "
              "33.3 %, n = 600."),
    ],
)  # fmt: skip
def test_where_all_ways_tie_it_is_said(tmp_path: Path, right: float, said: str) -> None:
    write_steps(write_run(tmp_path, "first"), students=(), known=False)
    frame, whole = Archive(tmp_path).ask("solver_steps", run="first"), wilson(round(600 * right), 600)
    label = np.arange(600) % 3
    tied = frame.assign(
        top=[((label + (right == 0)) % 3).astype(np.uint8).tobytes()] * len(frame), accuracy=whole.value,
        accuracy_low=whole.low, accuracy_high=whole.high,
    )  # fmt: skip
    columns = {str(name): tied[name].tolist() for name in tied}
    assert headline.sentence(Ways(pd.Series({"run": "first"}), tied, ways_from(columns, 3))) == said


@pytest.mark.parametrize("measure", list(steps_chart.MEASURES))
def test_every_measure_is_drawn(opened: Open, tmp_path: Path, measure: str) -> None:
    write_steps(write_run(tmp_path, "first"))
    page = opened(measure=measure)
    assert len(page.get("plotly_chart")) == 1
    assert ("dotted: " in words(page)) == (measure != "time")
    frame = Archive(tmp_path).ask("solver_steps", run="first")
    figure = steps_chart.chart(frame, "first", steps_chart.MEASURES[measure], 0.99)
    built = go.Figure(figure)  # plotly's own rules
    names = {trace.name for trace in built.data if trace.showlegend is not False}
    assert names == {"ddim", "pupil"} | ({"ddpm"} if measure != "CAS" else set())
    assert built.layout.xaxis.type == "log" and "%{text}" in built.data[-1].hovertemplate


def test_what_is_missing_is_named(opened: Open, tmp_path: Path) -> None:
    run = write_run(tmp_path, "first")
    assert "firstlight evaluate steps first" in words(opened())
    card = json.loads(run.card.read_text())
    card["config"]["teacher"] = "someone"
    run.card.write_text(json.dumps(card))
    assert "its teacher, someone" in words(opened())


def test_damaged_pictures_are_one_sentence(opened: Open, tmp_path: Path) -> None:
    run = write_steps(write_run(tmp_path, "first"))
    table = pq.read_table(run.solver_steps)
    torn = table.to_pydict() | {"pictures": [b"1234567"] * len(table)}
    write_table(run.solver_steps, table_of(SOLVER_STEPS, torn))
    write_manifest(run)
    assert "steps.parquet has 7 bytes of pictures" in words(opened())


@pytest.mark.parametrize("lowest", [0.1, 0.6, 0.97])
@pytest.mark.parametrize("measure", ["accuracy", "time"])
def test_labels_of_an_axis_do_not_overlap(measure: str, lowest: float) -> None:
    frame = pd.DataFrame({"network": "first", "solver": "ddim", "evaluations": [1, 2, 100], "n": 600})
    for end in ("", "_low", "_high"):
        frame[f"accuracy{end}"], frame[f"ms{end}"] = [lowest, 0.98, 0.9999], [0.02, 3.0, 5e3 * lowest]
    axis = steps_chart.chart(frame, "first", steps_chart.MEASURES[measure])["layout"]["yaxis"]
    drawn = [1 - lowest, 1e-3] if measure == "accuracy" else [0.02, 5e3 * lowest]
    places = np.sort(np.log10(axis["tickvals"]))
    apart = np.diff(places) / abs(np.log10(drawn[0] / drawn[1])) * 220  # pixels
    assert apart.min() >= 14 and len(places) == len(axis["ticktext"]) > 3
