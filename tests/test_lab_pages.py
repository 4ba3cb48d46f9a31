"""The lab's pages on runs of every kind: they say what can be said, and what cannot."""

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from app_fixture import html_of, linked
from archive_fixture import write_run
from lab_fixture import write_lab
from streamlit.testing.v1 import AppTest

from dashboard.recognizability import tabs as recognizability_tabs
from dashboard.speciation import tabs as speciation_tabs
from firstlight.manifest import write_manifest
from firstlight.parquet import write_table
from firstlight.run_writes import store_card

Open = Callable[..., AppTest]


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Open a page of the archive in tmp_path."""
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(tmp_path))

    def page(name: str, **query: str) -> AppTest:
        test = linked(name, **query)
        assert [error.value for error in test.exception] == []
        return test

    return page


def turned(test: AppTest, part: str, key: str = "part") -> str:
    """The words of a page with another of its parts open."""
    test.session_state[key] = part
    test.run()
    assert [error.value for error in test.exception] == [], part
    return words(test)


def words(test: AppTest) -> str:
    """All text of a page, boxes and HTML."""
    return " ".join([*(box.value for box in test.info), *html_of(test)]).replace("&nbsp;", " ")


def test_the_headline_names_the_classes_that_were_planted_first_and_last(opened: Open, tmp_path: Path) -> None:
    write_lab(tmp_path, "lab", reach=1.0, other=0.0)
    said = words(opened("recognizability"))
    assert "Half of the pictures are recognizable by" in said
    assert "1 first at" in said and "8 last at" in said


def test_the_headline_names_no_class_that_cannot_be_told_from_the_next(opened: Open, tmp_path: Path) -> None:
    write_lab(tmp_path, "lab", seeds=6)  # 1 and 7, 5 and 8 lie half a step apart
    said = words(opened("recognizability"))
    assert "no class is first or last as far as can be told" in said


def test_every_part_of_recognizability_opens(opened: Open, tmp_path: Path) -> None:
    write_lab(tmp_path, "lab", seeds=20)
    assert "pairs really differ" in words(opened("recognizability", part="Ranking"))
    test = opened("recognizability")
    expected = {
        "Classes": "half recognizable at", "Ranking": "pairs really differ", "Threshold": "",
        "Judges": "concordance of R",
        "Theory": "−ln Λ", "Schedule": "The chain starts in noise", "People": "",
    }  # fmt: skip
    assert expected.keys() == recognizability_tabs.PARTS.keys()
    for part, said in expected.items():
        assert said in turned(test, part)
        assert len(test.get("plotly_chart")) == {"Ranking": 3, "Threshold": 3, "Judges": 2, "Theory": 2}.get(part, 1)


def test_every_experiment_is_told_on_every_axis(opened: Open, tmp_path: Path) -> None:
    write_lab(tmp_path, "lab", seeds=20)
    expected = {
        "Cloning": "theory", "U-turn": "most lose their class, without label",
        "Label swap": "Both labels weigh the same", "Classifier": "99.0 % [98.2, 99.5], n = 1,000",
        "Posterior": "own answer&#x27;s entropy falls fastest",
    }  # fmt: skip
    assert "falls fastest" in words(opened("speciation", experiment="Posterior"))
    test = opened("speciation")
    assert expected.keys() == speciation_tabs.PARTS.keys()
    for axis in ("% of steps", "logSNR", "σ", "OU time"):
        test.selectbox(key="axis").select(axis)  # the next run shows it
        for part, wanted in expected.items():
            said = turned(test, part, "experiment")
            assert "have gone 55 % of the way from chance" in said and wanted in said
            assert "no ratio to it is told" in said and "over predicted" not in said
            assert test.selectbox(key="axis").value == axis


def test_an_experiment_that_is_not_there_names_its_command(opened: Open, tmp_path: Path) -> None:
    write_run(tmp_path, "bare")
    test = opened("speciation")
    commands = {
        "Cloning": "speciation", "U-turn": "uturn", "Label swap": "swap", "Classifier": "classifier",
        "Posterior": "posterior",
    }  # fmt: skip
    for part, command in commands.items():
        assert f"firstlight evaluate {command} bare" in turned(test, part, "experiment")


def test_a_run_with_a_digit_missing_says_which(opened: Open, tmp_path: Path) -> None:
    write_lab(tmp_path, "hole", seeds=20, classes=9)
    test = opened("recognizability")
    for part in recognizability_tabs.PARTS:
        said = turned(test, part)
        assert "Half of the pictures" in said and "There are no pictures of 9" in said


def test_a_run_of_one_step_is_shown(opened: Open, tmp_path: Path) -> None:
    write_lab(tmp_path, "short", seeds=20, steps=1)
    test = opened("recognizability")
    for part in recognizability_tabs.PARTS:
        assert "n = 200" in turned(test, part)
    test.switch_page("../pages/speciation.py").run()
    for part in speciation_tabs.PARTS:
        assert "of the way from chance to the most that they agree" in turned(test, part, "experiment")


def test_a_run_in_which_nothing_is_recognized_says_never(opened: Open, tmp_path: Path) -> None:
    write_lab(tmp_path, "blind", seeds=20, reach=0.0)
    test = opened("recognizability")
    for part in recognizability_tabs.PARTS:
        said = turned(test, part)
        assert "More than half of the pictures are never recognized, 100.0 % [" in said


def test_one_class_alone_is_not_ranked(opened: Open, tmp_path: Path) -> None:
    write_lab(tmp_path, "lone", seeds=20, classes=1)
    assert "nothing to rank" in words(opened("recognizability", part="Ranking"))


def test_one_noise_seed_has_no_interval(opened: Open, tmp_path: Path) -> None:
    write_lab(tmp_path, "single", seeds=1)
    test = opened("recognizability")
    for part in recognizability_tabs.PARTS:
        assert "one noise seed" in turned(test, part)


def test_a_judge_of_another_data_set_can_say_nothing(opened: Open, tmp_path: Path) -> None:
    run = write_lab(tmp_path, "shirts", seeds=20)
    card = json.loads(run.card.read_text())
    names = ["t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "boot"]
    card["dataset"] |= {"name": "fashion-mnist", "classes": names}
    store_card(run, card)
    test = opened("recognizability")
    said = words(test).replace("\\", "")
    assert "mnist-noisy does not know t-shirt, trouser, pullover, dress, coat and 5 others" in said
    assert (
        "fit-judge --dataset fashion-mnist --data FOLDER, and then: firstlight trace shirts, then: firstlight evaluate "
        "recognizability shirts" in said
    )
    assert "Half of the pictures" not in said


def test_frames_of_different_numbers_are_one_sentence(opened: Open, tmp_path: Path) -> None:
    run = write_lab(tmp_path, "torn", seeds=5)
    write_table(run.judgements, pq.read_table(run.judgements).slice(1))
    write_manifest(run)
    said = words(opened("recognizability", judged="x_t, noisy, mnist-noisy")).replace("\\", "")
    assert (
        "torn is damaged: judgements.parquet lacks rows" in said and "firstlight evaluate recognizability torn" in said
    )


def test_runs_are_compared_on_logsnr(opened: Open, tmp_path: Path) -> None:
    write_lab(tmp_path, "lab", seeds=10)
    write_lab(tmp_path, "other", seeds=10, without=("posterior",))
    test = opened("recognizability", run="lab")
    assert test.selectbox(key="axis").value == "% of steps"
    test.multiselect(key="with").set_value(["other"]).run()
    assert test.selectbox(key="axis").value == "logSNR" and not test.exception
    test.selectbox(key="axis").select("σ").run()
    assert test.selectbox(key="axis").value == "σ" and not test.exception


def test_a_bad_part_in_the_link_gets_the_first_and_one_notice(opened: Open, tmp_path: Path) -> None:
    write_lab(tmp_path, "lab", seeds=10)
    test = opened("speciation", experiment="<script>")
    assert "The link asks for an experiment" in words(test)
    assert "of the way from chance to the most that they agree" in words(test)


def test_a_judgement_that_is_no_number_is_no_recognition(opened: Open, tmp_path: Path) -> None:
    run = write_lab(tmp_path, "nan", seeds=5)
    table = pq.read_table(run.judgements)
    place = table.schema.get_field_index("probability")
    blank = pa.array([float("nan")] * table.num_rows, pa.float32())
    write_table(run.judgements, table.set_column(place, table.schema.field(place), blank))
    write_manifest(run)
    assert "never recognized, 100.0 %" in words(opened("recognizability", judged="x_t, noisy, mnist-noisy"))
