"""The psychometric function: known parameters come back, and their intervals hold them as often as they say."""

import numpy as np
import pytest

from evaluator.stats.psychometric import FEWEST_PEOPLE, chance, fit
from firstlight.errors import RunError

PLACES = np.linspace(0, 100, 21)
MIDDLE, WIDTH, LAPSE = 52.0, 9.0, 0.02


def answered(seed: int, people: int, each: int, apart: float = 0.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Places, whether right, and who, of people whose own middles lie `apart` (standard deviation) around MIDDLE."""
    generator = np.random.Generator(np.random.Philox(key=seed))
    who = np.repeat(np.arange(people), each)
    place = generator.choice(PLACES, len(who))
    own = MIDDLE + apart * generator.standard_normal(people)[who]
    right = generator.uniform(size=len(who)) < chance(place, own, np.float64(WIDTH), np.float64(LAPSE), 0.1)
    return place, right, who


def test_known_parameters_come_back() -> None:
    found = fit(*answered(0, 20, 1000), 10)
    assert abs(found.middle.value - MIDDLE) < 0.5  # 20,000 answers: four standard errors
    assert abs(found.width.value - WIDTH) < 2 and abs(found.best[2] - LAPSE) <= 0.02
    curve = found.curve(PLACES)
    assert np.abs(curve.share - chance(PLACES, MIDDLE, WIDTH, LAPSE, 0.1)).max() < 0.03
    assert (curve.low <= curve.share + 1e-9).all() and (curve.share <= curve.high + 1e-9).all()


@pytest.mark.parametrize(("people", "each", "apart"), [(10, 60, 6.0), (1, 60, 0.0)])
def test_intervals_hold_the_truth_as_often_as_they_say(people: int, each: int, apart: float) -> None:
    held = [fit(*answered(1 + turn, people, each, apart), 10).middle for turn in range(60)]
    covered = sum(found.low <= MIDDLE <= found.high for found in held)
    assert covered >= 51  # of 60; of a 95 % interval fewer come once in a thousand
    assert fit(*answered(1, people, each, apart), 10).over_people == (people >= FEWEST_PEOPLE)


def test_people_who_differ_widen_the_interval() -> None:
    place, right, who = answered(3, 10, 60, apart=15.0)
    over_people, over_answers = fit(place, right, who, 10).middle, fit(place, right, np.zeros_like(who), 10).middle
    assert over_people.high - over_people.low > 1.5 * (over_answers.high - over_answers.low)


def test_who_never_names_a_picture_never_does() -> None:
    place, _, who = answered(0, 5, 40)
    generator = np.random.Generator(np.random.Philox(key=9))
    assert fit(place, generator.uniform(size=len(place)) < 0.1, who, 10).middle.high == np.inf
    assert fit(place, np.ones(len(place), bool), who, 10).middle.value == 0.0


def test_too_few_answers_are_one_sentence() -> None:
    place, right, who = answered(0, 1, 9)
    with pytest.raises(RunError, match="9 answers are too few"):
        fit(place, right, who, 10)
    with pytest.raises(RunError, match="different steps"):
        fit(np.full(30, 50.0), np.ones(30, bool), np.zeros(30), 10)
