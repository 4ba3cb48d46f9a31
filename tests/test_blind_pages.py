"""The blind test without a browser: a guess, pictures, answers beside the run, and people against judges."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from archive_fixture import CLASSES, samples, write_run
from sentence_fixture import assert_short, shown
from streamlit.testing.v1 import AppTest
from test_pages import Open, opened, words  # noqa: F401

from dashboard.blind_test import sitting
from dashboard.blind_test.headline import score
from evaluator.stats.psychometric import chance
from firstlight.run_folder import Run
from store.blind_test_answers import Answer, Sitting, read_answers, write_sitting

PEOPLE = 6


def press(test: AppTest, label: str) -> AppTest:
    next(button for button in test.button if button.label == label).click().run()
    assert not test.exception
    return test


def begun(opened: Open, **query: str) -> AppTest:  # noqa: F811
    test = opened("blind_test", pictures="20", **query)
    test.number_input[0].set_value(70.0)
    return press(test, "Begin")


def seen_by(run: Run, people: int, each: int = 40) -> None:
    """Sittings of people who name half from 50 % of the steps on."""
    generator = np.random.Generator(np.random.Philox(key=1))
    for person in range(people):
        answers = []
        for _ in range(each):
            sample, label, seed = samples()[generator.integers(len(samples()))]
            step = int(generator.integers(0, 5))
            right = generator.uniform() < chance(np.float64(25 * step), 50.0, 10.0, 0.0, 1 / 3)  # type: ignore[arg-type]
            said = label if right else (label + 1) % len(CLASSES)
            answers.append(Answer(sample, label, seed, step, 4, [-12.0, -5.0, 0.0, 5.0, 20.0][step], said, 1.0))
        write_sitting(run, Sitting(f"{person:032x}", "x", "2026-01-01T00:00:00+00:00", answers=tuple(answers)))


def test_a_guess_comes_first(opened: Open, tmp_path: Path) -> None:  # noqa: F811
    write_run(tmp_path, "first")
    test = press(opened("blind_test"), "Begin")
    assert "Give your guess first" in words(test) and not test.get("progress")


def test_answers_are_kept_beside_the_run_and_the_guess_is_scored(opened: Open, tmp_path: Path) -> None:  # noqa: F811
    run = write_run(tmp_path, "first")
    test = begun(opened, run="first")
    for turn in range(20):
        assert len(read_answers(run).sittings[0].answers if turn else ()) == turn
        said = [button.label for button in test.button]
        assert said[:3] == CLASSES
        press(test, CLASSES[turn % 3])
    held = read_answers(run).sittings[0]
    assert (held.guess, held.view, len(held.answers)) == (70.0, "x", 20)
    assert [answer.said for answer in held.answers] == [turn % 3 for turn in range(20)]
    right = sum(answer.said == answer.label for answer in held.answers)
    assert f"{right} of 20 named right" in words(test)
    assert_short(shown(test))
    assert "What was named wrong" in [each.value for each in test.subheader] and held.id in str(
        test.query_params["sitting"]
    )
    again = opened("blind_test", run="first", sitting=f"{held.id}-20")
    for given, guess in ((3, 60.0), (20, 60.0), (20, None)):  # too few, half that are never nameable, no guess
        answers = pd.DataFrame({"right": [guess is None] * given, "percent": np.linspace(5, 100, given)})
        assert_short(score(answers, guess, 10))
    assert f"{right} of 20 named right" in words(again), "a page that is loaded again goes on where it was"
    press(again, "Delete this sitting")
    assert not read_answers(run).sittings and [button.label for button in again.button][-1] == "Begin"
    press(test, "Another sitting")
    assert [button.label for button in test.button][-1] == "Begin"


def test_two_people_at_once_lose_nothing(opened: Open, tmp_path: Path) -> None:  # noqa: F811
    run = write_run(tmp_path, "first")
    one, other = begun(opened, run="first"), begun(opened, run="first")
    for _ in range(5):
        press(one, "1")
        press(other, "2")
    press(one, "Stop here")
    said = sorted([answer.said for answer in each.answers] for each in read_answers(run).sittings)
    assert said == [[1] * 5, [2] * 5]
    assert "too few for a curve" in words(one)


def test_where_nothing_can_be_written_the_answers_can_be_saved(opened: Open, tmp_path: Path) -> None:  # noqa: F811
    run = write_run(tmp_path, "first")
    test = begun(opened, run="first")
    run.answers.write_bytes(b"")
    press(test, "1")
    assert "make its folder writable" in words(test) and len(test.get("download_button")) == 1
    run.answers.unlink()
    press(test, "1")
    assert len(read_answers(run).sittings[0].answers) == 2 and "make its folder" not in words(test)


def test_people_stand_over_the_judge(opened: Open, tmp_path: Path) -> None:  # noqa: F811
    run = write_run(tmp_path, "first")
    assert "Nobody has judged pictures of first" in words(opened("recognizability", part="People"))
    seen_by(run, PEOPLE)
    (run.answers / "odd.json").write_text("{}")
    for page, query in (("recognizability", {"part": "People", "axis": "σ"}), ("blind_test", {})):
        said = words(opened(page, **query))
        assert f"n = {PEOPLE * 40} answers of {PEOPLE} people; mnist-noisy from" in said
        assert "odd.json is no sitting" in said and "0 is agreement by chance" in said
        assert "asks a judge for p ≥ 0.50 from then on to the end, and has half by " in said
    assert abs(float(said.split("beyond guessing, from ")[1].split(" %")[0]) - 50) <= 6


def test_no_picture_comes_again_before_all_were_seen() -> None:
    import pandas as pd

    choices = pd.DataFrame({"sample": np.arange(30) + 100, "frames": 5})
    order = sitting.order(choices, 100, "ab" * 16)
    assert len(order) == 100 and sorted(sample for sample, _ in order[:30]) == list(range(100, 130))
    assert {frame for _, frame in order} == set(range(5))
    assert order == sitting.order(choices, 100, "ab" * 16) != sitting.order(choices, 100, "cd" * 16)


@pytest.mark.parametrize("query", [{"shown": "none"}, {"pictures": "7"}])
def test_a_bad_link_gets_one_notice(opened: Open, tmp_path: Path, query: dict[str, str]) -> None:  # noqa: F811
    write_run(tmp_path, "first")
    assert len([box for box in opened("blind_test", **query).info if "asks for" in box.value]) == 1
