"""The crowd's arithmetic: who begins when, and one session's pages held against the crowd's."""

from crowd import Told, beside, people, percentile


def test_sessions_begin_at_moments_of_their_own_that_a_seed_repeats() -> None:
    one, again, other = (people(50, 5, ["a", "b"], 20.0, seed) for seed in (0, 0, 1))
    assert one == again != other
    phases = [person.phase for person in one]
    assert len(set(phases)) == 50 and 0 <= min(phases) < 4 and 16 < max(phases) <= 20
    assert {person.phase for person in people(50, 5, ["a"], 0.0, 0)} == {0.0}
    assert [person.draws for person in one].count(True) == 5


def test_a_percentile_is_a_value_that_so_many_do_not_exceed() -> None:
    assert percentile([float(number) for number in range(100, 0, -1)]) == 95
    assert percentile([1.0, 2.0], 0.5) == 1 and percentile([7.0]) == 7


def test_a_crowd_is_held_against_one_session_on_the_same_pages_in_the_same_numbers() -> None:
    """The slow page is asked for once in a hundred by the crowd, and half of the time alone: it is no p95 of either."""
    single = Told(pages=[("run=a", "fast", 1.0), ("run=a", "slow", 9.0)])
    crowd = Told(pages=[*[("run=a", "fast", 3.0)] * 99, ("run=a", "slow", 99.0)], drawn=[1000.0])
    assert beside(crowd, single) == {"p95_s": 3.0, "p95_alone_s": 1.0, "ratio": 3.0, "n": 100}
