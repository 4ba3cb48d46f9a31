"""Intervals and distances against closed forms, scipy and simulated coverage."""

import math

import numpy as np
import pytest
from scipy import linalg, stats

from evaluator.recognizability.points import recognized
from evaluator.recognizability.thresholds import NULL_RATE, null_threshold
from evaluator.stats import frechet, precision_recall
from evaluator.stats.bootstrap import cluster_weights, median, normal_interval, quantile_interval
from evaluator.stats.intervals import Estimate, plainly, wilson


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=seed))


@pytest.mark.parametrize(("hits", "n"), [(0, 10), (3, 17), (10, 10), (996, 1000)])
def test_wilson_is_scipys(hits: int, n: int) -> None:
    found, expected = wilson(hits, n), stats.binomtest(hits, n).proportion_ci(method="wilson")
    assert found.value == hits / n
    assert abs(found.low - expected.low) < 1e-12
    assert abs(found.high - expected.high) < 1e-12


def test_nothing_seen_says_nothing() -> None:
    nothing = wilson(0, 0)
    assert math.isnan(nothing.value)
    assert (nothing.low, nothing.high, nothing.n) == (0.0, 1.0, 0)


def test_wilson_covers() -> None:
    hits = rng().binomial(200, 0.03, size=500)
    covered = np.mean([(found := wilson(int(k), 200)).low <= 0.03 <= found.high for k in hits])
    assert 0.92 <= covered <= 0.98


def test_median_is_the_smallest_value_that_half_stay_at_or_below() -> None:
    assert median(np.array([1.0, 2.0, 3.0, 4.0]), np.arange(4)).value == 2.0
    assert median(np.array([1.0, np.inf, np.inf]), np.arange(3)).value == math.inf
    alone = median(np.array([5.0, 6.0]), np.zeros(2))
    assert alone.value == 5.0 and math.isnan(alone.low) and math.isnan(alone.high)  # one cluster has no interval
    with pytest.raises(ValueError, match="no median"):
        median(np.array([]), np.array([]))


def test_median_does_not_mind_the_axis() -> None:
    """Percent to any rising axis: the median and its interval are the same observations."""
    values, seeds = rng(1).integers(0, 20, 60).astype(float), np.arange(60)
    found, cubed = median(values, seeds), median(values**3, seeds)
    assert (found.value**3, found.low**3, found.high**3) == (cubed.value, cubed.low, cubed.high)


def test_clustered_median_covers_where_a_naive_one_would_not() -> None:
    """Six pictures share a seed's effect: 500 repeats, the true median is 0."""
    generator, covered, naive = rng(2), 0, 0
    seeds = np.repeat(np.arange(40), 6)
    for repeat in range(500):
        values = generator.standard_normal(40)[seeds] + 0.3 * generator.standard_normal(240)
        found, alone = (median(values, clusters, repeat, repeats=200) for clusters in (seeds, np.arange(240)))
        covered += found.low <= 0 <= found.high
        naive += alone.low <= 0 <= alone.high
    assert 0.92 <= covered / 500 <= 0.98
    assert naive / 500 < 0.8


def test_whole_clusters_are_drawn() -> None:
    weights = cluster_weights(np.array([7, 7, 3, 3, 3]), repeats=50)
    assert (weights[:, 0] == weights[:, 1]).all()
    assert (weights[:, 2:] == weights[:, 2:3]).all()
    assert (weights[:, 0] + weights[:, 2] == 2).all()


def test_intervals_of_draws() -> None:
    drawn = rng(3).normal(5, 2, 20_000)
    assert abs(normal_interval(5, drawn, 1).high - (5 + 1.96 * 2)) < 0.1
    assert abs(quantile_interval(5, drawn, 1).low - (5 - 1.96 * 2)) < 0.15


def test_results_become_json() -> None:
    found = plainly((Estimate(1.0, -math.inf, math.nan, 3), np.array([0.1234567, math.inf]), np.int64(4), None, "x"))
    assert found == [{"value": 1.0, "low": None, "high": None, "n": 3}, [0.123457, None], 4, None, "x"]


def test_frechet_distance_of_gaussians_is_the_closed_form() -> None:
    generator = rng(4)
    first, second = (part @ part.T for part in generator.normal(size=(2, 6, 6)))
    mean1, mean2 = generator.normal(size=(2, 6))
    expected = np.sum((mean1 - mean2) ** 2) + np.trace(first + second - 2 * linalg.sqrtm(first @ second).real)
    assert abs(frechet.frechet((mean1, first), (mean2, second)) - expected) < 1e-6  # roots halve the digits
    assert frechet.frechet((mean1, first), (mean1, first)) < 1e-6


def test_frechet_distance_stands_a_singular_covariance() -> None:
    flat = np.diag([4.0, 0.0]), np.diag([1.0, 0.0])
    assert abs(frechet.frechet((np.zeros(2), flat[0]), (np.zeros(2), flat[1])) - 1.0) < 1e-6


def test_kid_of_one_class_is_unbiased_and_sees_a_shift() -> None:
    generator, one = rng(5), np.zeros(200, np.int64)
    same = [frechet.kid((x, one), (y, one)) for x, y in generator.normal(size=(100, 2, 200, 8))]
    assert abs(np.mean(same)) < 4 * np.std(same) / 10
    moved = frechet.kid((generator.normal(size=(200, 8)), one), (generator.normal(1, 1, size=(200, 8)), one))
    assert moved > 10 * np.std(same)


def test_kid_is_the_double_sum_of_its_definition_over_each_two_classes() -> None:
    x, y = rng(6).normal(size=(2, 7, 3))
    labels = np.array([0, 1, 0, 1, 1, 0, 1])
    classes = [np.flatnonzero(labels == label) for label in (0, 1)]

    def kernel(a: np.ndarray, b: np.ndarray) -> float:
        return float((a @ b / 3 + 1) ** 3)

    def over(a: np.ndarray, b: np.ndarray, alike: bool) -> float:
        pairs = [[kernel(a[i], b[j]) for i in one for j in other if i != j or not alike]
                 for one in classes for other in classes]  # fmt: skip
        return float(np.mean([np.mean(each) for each in pairs]))

    expected = over(x, x, True) + over(y, y, True) - 2 * over(x, y, False)
    assert abs(frechet.kid((x, labels), (y, labels)) - expected) < 1e-12


def test_precision_and_recall_are_those_of_the_definition() -> None:
    """Brute force on few points; then a generator that knows one of two real modes: precise, but recalls half."""
    generator = rng(7)
    fake, real = generator.normal(size=(2, 40, 3))
    expected = []
    for points, manifold in ((fake, real), (real, fake)):
        radius = np.sort(linalg.norm(manifold[:, None] - manifold[None], axis=2), axis=1)[:, 3]
        expected.append((linalg.norm(points[:, None] - manifold[None], axis=2) <= radius).any(axis=1).mean())
    assert precision_recall.precision_recall(fake, real) == pytest.approx(expected, abs=1e-12)
    modes = np.repeat([[0.0, 0.0], [100.0, 0.0]], 300, axis=0) + generator.normal(size=(600, 2))
    precision, recall = precision_recall.precision_recall(generator.normal(size=(300, 2)), modes)
    assert precision > 0.9
    assert 0.4 < recall <= 0.5


def test_recognized_means_that_it_stays() -> None:
    hits = np.array([[0, 1, 0, 1, 1], [1, 1, 1, 1, 1], [0, 1, 1, 1, 0], [0, 0, 0, 0, 0]], bool)
    stays, first = recognized(hits)
    assert stays.tolist() == [3, 0, 5, 5]
    assert first.tolist() == [1, 0, 1, 5]


def test_null_threshold_keeps_its_rate_and_is_the_lowest_that_does() -> None:
    reached = rng(8).uniform(size=10_000)
    found = null_threshold(reached)
    assert found["threshold"] == 0.96
    assert (reached >= found["threshold"]).mean() == found["rate"] <= NULL_RATE
    assert null_threshold(np.zeros(10))["threshold"] == 0.5
