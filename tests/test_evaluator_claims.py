"""Claims on simulated runs where they are true, where they are false, and where nothing can be said."""

import numpy as np
import pytest
from simulated import at, rng, view

from evaluator.recognizability.claims import s3, s10
from evaluator.recognizability.points import Points, points
from evaluator.recognizability.thresholds import stricter
from evaluator.verdict import CANNOT, DIGITS, NOT, SUPPORTED, Verdict

AS_SAID = (60.0, 60.0, 68.0, 75.0, 68.0, 76.0, 68.0, 60.0, 76.0, 68.0)  # 0, 1, 7 early; 3, 5, 8 late
REVERSED = (76.0, 76.0, 68.0, 60.0, 68.0, 60.0, 68.0, 76.0, 60.0, 68.0)


def drawn(means: tuple[float, ...], seeds: int = 100, seed: int = 0) -> Points:
    return points(view(rng(seed), seeds, means), 0.5)


def verdicts(found: Points) -> dict[str, Verdict]:
    return {f"{each.claim.source} {each.claim.part}": each for each in s3(found, DIGITS) + s10(found, DIGITS)}


def test_a_run_as_the_source_says_supports_it() -> None:
    said = verdicts(drawn(AS_SAID))
    for part in ("S3 around 70 %", "S3 1 and 7 earlier", "S3 5 and 8 later", "S10 0, 1 and 7 easy: earlier"):
        assert said[part].verdict == SUPPORTED, said[part]
    assert said["S10 3, 5 and 8 hard: later"].verdict == SUPPORTED
    early = said["S3 1 and 7 earlier"]
    assert early.effect.low <= np.mean([60.0 - np.mean([60, 68, 75, 68, 76, 68, 76, 68])]) <= early.effect.high
    assert early.p <= 0.05 and early.n == 1000 and early.effect.n == 100
    assert early.reason.startswith("Against the digits outside the group, 1 is ") and "points earlier [" in early.reason


def test_a_run_that_says_the_opposite_does_not() -> None:
    said = verdicts(drawn(REVERSED))
    for part in (
        "S3 1 and 7 earlier",
        "S3 5 and 8 later",
        "S10 0, 1 and 7 easy: earlier",
        "S10 3, 5 and 8 hard: later",
    ):
        assert said[part].verdict == NOT, said[part]


def test_one_digit_against_the_claim_is_enough() -> None:
    means = np.full(10, 68.0)
    means[1], means[7] = 60.0, 74.0
    assert verdicts(drawn(tuple(means)))["S3 1 and 7 earlier"].verdict == NOT


@pytest.mark.parametrize(("mean", "verdict"), [(45.0, NOT), (70.0, SUPPORTED), (59.0, CANNOT), (92.0, NOT)])
def test_around_seventy_means_sixty_to_eighty(mean: float, verdict: str) -> None:
    said = verdicts(drawn((mean,) * 10, seeds=200))["S3 around 70 %"]
    assert said.verdict == verdict
    assert said.effect.low % 5 == 0 and said.effect.low < said.effect.value  # down to the frame before


@pytest.mark.parametrize(("above", "verdict"), [(45.0, NOT), (70.0, CANNOT), (59.0, CANNOT)])
def test_a_verdict_that_a_higher_threshold_does_not_share_cannot_be_said(above: float, verdict: str) -> None:
    early, other = drawn((45.0,) * 10, seeds=200), drawn((above,) * 10, seeds=200)
    said = s3(early, DIGITS, stricter={0.8: early, 0.9: other})[0]
    assert said.verdict == verdict and said.effect == s3(early, DIGITS)[0].effect
    assert ("It depends on the threshold: " in said.reason and "at p ≥ 0.9." in said.reason) == (verdict == CANNOT)
    loved, hated = drawn(AS_SAID), drawn(REVERSED)
    for one in s3(loved, DIGITS, stricter={0.9: hated})[1:] + s10(loved, DIGITS, {0.9: hated})[:2]:
        assert one.verdict == CANNOT and "not supported at p ≥ 0.9" in one.reason


def test_higher_thresholds_are_all_that_are_told_of_sensitivity() -> None:
    seen = view(rng(0), 10, AS_SAID)
    assert list(stricter(seen, 0.76)) == [0.8, 0.9, 0.95, 0.99] and not stricter(seen, 0.99)
    assert np.array_equal(stricter(seen, 0.76)[0.9].stays, points(seen, 0.9).stays)


def test_the_interval_of_seventy_reaches_to_the_frame_before() -> None:
    """Every point lies in (60, 80], and frames are kept every 20 %: as wide as the claim allows."""
    said = s3(points(at(np.full((10, 20), 70.0), every=20.0), 0.5), DIGITS)[0]
    assert (said.effect.low, said.effect.high, said.verdict) == (60.0, 80.0, SUPPORTED)


def on_groups(found: Points) -> list[str]:
    """The verdicts that come with a p-value: those on groups of digits."""
    return [each.verdict for each in verdicts(found).values() if each.p is not None]


def test_equal_digits_are_rarely_told_apart() -> None:
    """Ten equal digits: a claim on a group is supported hardly ever, and from five seeds rarely refuted."""
    many, few = ([on_groups(drawn((70.0,) * 10, seeds, k)) for k in range(150)] for seeds in (30, 5))
    assert np.mean(np.array(many) == SUPPORTED) <= 0.01
    assert np.mean(np.array(few) == NOT) <= 0.1


def test_enough_equal_seeds_refute_a_difference_of_a_point() -> None:
    said = verdicts(points(at(rng().normal(50, 2, (10, 400)), every=0.25), 0.5))
    assert {said["S3 1 and 7 earlier"].verdict, said["S3 5 and 8 later"].verdict} == {NOT}
    coarse = verdicts(points(at(rng().normal(50, 2, (10, 400))), 0.5))  # five points lie between two frames
    assert {coarse["S3 1 and 7 earlier"].verdict, coarse["S3 5 and 8 later"].verdict} == {CANNOT}


def missed(rates: dict[int, float], seeds: int = 200) -> Points:
    """Points at 45 %, missed at a rate of each digit's own."""
    generator = rng(7)
    rate = np.array([rates.get(digit, 0.02) for digit in range(10)])[:, None]
    return points(at(np.where(generator.random((10, seeds)) < rate, np.inf, 45.0)), 0.5)


def test_hard_digits_are_missed_more_often() -> None:
    said = verdicts(missed({3: 0.2, 5: 0.25, 8: 0.2}))
    assert said["S10 3, 5 and 8 hard: often missed"].verdict == SUPPORTED
    assert verdicts(missed({3: 0.2, 5: 0.25}))["S10 3, 5 and 8 hard: often missed"].verdict != SUPPORTED
    said = verdicts(missed({0: 0.2, 1: 0.25, 7: 0.2}))
    assert said["S10 0, 1 and 7 easy: rarely missed"].verdict == NOT
    assert "points more [" in said["S10 0, 1 and 7 easy: rarely missed"].reason


def test_nothing_missed_says_nothing_of_missing() -> None:
    said = verdicts(missed(dict.fromkeys(range(10), 0.0)))
    for part in ("S10 0, 1 and 7 easy: rarely missed", "S10 3, 5 and 8 hard: often missed"):
        assert said[part].verdict == CANNOT
        assert said[part].effect.low < 0 < said[part].effect.high


def test_what_cannot_be_said_has_its_reason() -> None:
    found = drawn((50.0,) * 10, 10)
    reasons = {
        "no trajectories of 3, and": found.of(found.label != 3),
        "no trajectories of 3 and 4, and": found.of(~np.isin(found.label, (3, 4))),
        "one noise seed": found.of(found.seed == 0),
        "100 % of the steps apart": points(view(rng(1), 10, [50.0] * 10, every=100.0), 0.5),
        "Nothing is ever recognized": points(at(np.full((10, 10), np.inf)), 0.5),
        "more than half": missed(dict.fromkeys(range(10), 0.6)),
    }
    for reason, some in reasons.items():
        for each in s3(some, DIGITS):
            assert each.verdict == CANNOT and reason in each.reason, each
            assert each.effect is None and each.n == len(some.label)
    garments = s3(found, ["shirt"] * 10), s10(found, ["shirt"] * 10)
    assert [each.claim.part for each in garments[0]] == ["around 70 %"] and garments[1] == ()
    half = missed({digit: 0.6 if digit in (3, 5, 8) else 0.5 for digit in range(10)})
    assert s10(half, DIGITS)[-1].effect is not None  # the share of those missed can still be compared
