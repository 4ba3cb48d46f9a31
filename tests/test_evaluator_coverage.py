"""Every 95 % interval of recognizability holds the truth in 95 ± 3 % of 500 simulated runs; ranks, being whole, more.

Wilson's and the median's own are in test_evaluator_statistics.
"""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from simulated import at, restricted_mean, rng, share_by, view

from evaluator.guidance.claims import mean_over_seeds
from evaluator.quality.measures import against
from evaluator.recognizability.agreement import kappas, lin
from evaluator.recognizability.censoring import half, restricted
from evaluator.recognizability.incidence import Incidence, incidence
from evaluator.recognizability.points import Points, points
from evaluator.recognizability.ranking import Ranking, ranking
from evaluator.stats.bootstrap import LEAST, block_mean, cluster_weights, mean, median, normal_interval
from evaluator.stats.frechet import frechet, kid, kid_blocks, moments
from evaluator.stats.intervals import Estimate, share, share_difference

REPEATS = 500
SEEDS = 40
MEANS = (40.0, 45.0, 47.0, 50.0, 50.0, 55.0, 60.0, 65.0, 70.0, 90.0)  # of ten classes; the last is often never there


def holds(estimate: Estimate, truth: float) -> bool:
    return estimate.low <= truth <= estimate.high


def right(covered: float) -> bool:
    return 0.92 <= covered <= 0.98


@pytest.fixture(scope="module")
def runs() -> list[tuple[Points, list[Incidence], Ranking]]:
    """500 runs of ten classes: their points, the curves of a class and of all, and the ranking."""
    generator, held = rng(1), []
    for _ in range(REPEATS):
        seen = view(generator, SEEDS, MEANS)
        found = points(seen, 0.5)
        held.append((found, [incidence(seen, found, 3), incidence(seen, found)], ranking(found)))
    return held


@pytest.mark.parametrize("label", [3, None])
def test_bands_of_incidence_cover_pointwise(label: int | None, runs: list) -> None:
    """Where shares are between 0.1 and 0.9; nearer the ends a whole number of pictures cannot come close to 95 %."""
    curves = [curves[label is None] for _, curves, _ in runs]
    percent = curves[0].percent
    classes = MEANS if label is None else [MEANS[label]]
    truth = np.mean([share_by(percent, each) for each in classes], axis=0)
    inner = (truth > 0.1) & (truth < 0.9)
    recognized = [(curve.recognized_low <= truth) & (truth <= curve.recognized_high) for curve in curves]
    assert right(np.mean(recognized, axis=0)[inner].mean())
    assert (np.mean(recognized, axis=0)[inner] > 0.9).all()


def test_the_never_share_covers(runs: list) -> None:
    truth = float(np.mean([1 - share_by(100, each) for each in MEANS]))
    assert right(np.mean([holds(curves[1].never, truth) for _, curves, _ in runs]))


def test_restricted_means_cover(runs: list) -> None:
    """Of a class alone, of all together, and in the ranking."""
    alone, together, ranked = [], [], []
    whole = float(np.mean([restricted_mean(each) for each in MEANS]))
    for found, _, order in runs:
        part = found.of(found.label == 8)
        alone.append(holds(mean(restricted(part), part.seed), restricted_mean(MEANS[8])))
        together.append(holds(mean(restricted(found), found.seed), whole))
        ranked.append(np.mean([holds(row.mean, restricted_mean(MEANS[row.label])) for row in order.rows]))
    assert right(np.mean(alone)) and right(np.mean(together)) and right(np.mean(ranked))


def test_a_naive_interval_of_the_mean_would_not(runs: list) -> None:
    whole = float(np.mean([restricted_mean(each) for each in MEANS]))
    naive = [holds(mean(restricted(found), np.arange(len(found.seed))), whole) for found, _, _ in runs[:100]]
    assert np.mean(naive) < 0.85


def test_pair_effects_cover(runs: list) -> None:
    truth = [restricted_mean(each) for each in MEANS]
    covered = [[holds(p.difference, truth[p.second] - truth[p.first]) for p in order.pairs] for _, _, order in runs]
    assert right(np.mean(covered))


def test_rank_intervals_cover(runs: list) -> None:
    """At least 95 - 3 %: 3 and 4 are equal, so either may have either rank."""
    rank = {label: {label + 1} for label in range(10)} | {3: {4, 5}, 4: {4, 5}}
    for label in range(10):
        places = [next(row for row in order.rows if row.label == label) for _, _, order in runs]
        assert np.mean([all(place.low <= each <= place.high for each in rank[label]) for place in places]) >= 0.92


def test_holm_lets_no_equal_pair_be_told_apart_too_often(runs: list) -> None:
    equal = [next(p for p in order.pairs if {p.first, p.second} == {3, 4}) for _, _, order in runs]
    assert np.mean([pair.p <= 0.05 for pair in equal]) <= 0.08
    assert np.mean([pair.apart for pair in equal]) <= 0.02


def test_the_median_covers_with_never_among_the_values() -> None:
    """Finely kept frames, nearly half of the pictures never there: the interval may end at never."""
    generator, covered = rng(2), []
    for _ in range(REPEATS):
        times = 98.0 + 12 * np.sqrt(0.5) * (
            generator.standard_normal((1, SEEDS)) + generator.standard_normal((4, SEEDS))
        )
        found = points(at(times, every=0.5), 0.5)
        covered.append(holds(median(found.stays, found.seed), 98.0))
    assert right(np.mean(covered))


@pytest.mark.parametrize("middle", [50.0, 51.0, 52.5, 54.9])
def test_the_shown_interval_of_half_covers_wherever_the_frames_lie(middle: float) -> None:
    """Frames 5 % apart: it holds the truth, and is wider than without frames by at most one step on each side."""
    generator, held, bare, width = rng(6), [], [], []
    for _ in range(REPEATS):
        times = middle + 12 * np.sqrt(0.5) * (
            generator.standard_normal((1, SEEDS)) + generator.standard_normal((4, SEEDS))
        )
        kept, seeds = points(at(times), 0.5), np.tile(np.arange(SEEDS), 4)
        found, plain = half(kept), median(times.ravel(), seeds)
        held.append(holds(found, middle))
        bare.append(holds(median(kept.stays, seeds), middle))
        width.append(found.high - found.low - (plain.high - plain.low))
    assert np.mean(held) >= 0.92 and np.mean(width) <= 10.0
    assert middle % 5 == 0 or np.mean(bare) < np.mean(held)


def test_shares_and_their_differences_cover() -> None:
    """Hits of 12 pictures of each seed, which agree more than by chance; 4 of them hit half as often."""
    generator, own = rng(3), np.tile(np.arange(12) < 4, SEEDS)
    seeds, whole, apart = np.repeat(np.arange(SEEDS), 12), [], []
    for _ in range(REPEATS):
        rate = generator.beta(2, 4, (SEEDS, 1)) * np.where(np.arange(12) < 4, 0.5, 1.0)
        hits = (generator.random((SEEDS, 12)) < rate).ravel()
        whole.append(holds(share(hits, seeds), 1 / 3 * (4 * 0.5 + 8) / 12))
        apart.append(holds(share_difference(hits, seeds, own, ~own), 1 / 6 - 1 / 3))
    assert right(np.mean(whole)) and right(np.mean(apart))


def test_differences_of_rare_shares_cover() -> None:
    """One picture of each class for every seed, missed in 1.5 % and 2 %: most runs see one or two."""
    generator, own = rng(4), np.tile(np.arange(8) == 0, 200)
    seeds, covered = np.repeat(np.arange(200), 8), []
    for _ in range(REPEATS):
        hits = (generator.random((200, 8)) < np.where(np.arange(8) == 0, 0.02, 0.015)).ravel()
        covered.append(holds(share_difference(hits, seeds, own, ~own), 0.005))
    assert right(np.mean(covered))


def judged(judges: int) -> Callable[[np.random.Generator, int], np.ndarray]:
    """First choices (judges, 3 pictures of each seed, 1): right at a rate of the seed's own, else one of five."""

    def draw(generator: np.random.Generator, seeds: int) -> np.ndarray:
        truth = generator.integers(0, 5, (seeds, 3))
        rate = np.clip(0.7 + 0.2 * generator.standard_normal((seeds, 1)), 0.05, 0.95)
        correct = generator.random((judges, seeds, 3)) < rate
        return np.where(correct, truth, generator.integers(0, 5, (judges, seeds, 3))).reshape(judges, -1, 1)

    return draw


@pytest.mark.parametrize("judges", [2, 3])
def test_kappa_covers(judges: int) -> None:
    draw, generator = judged(judges), rng(5 + judges)
    truth = kappas(draw(rng(99), 200_000))[0][0]
    seeds = np.repeat(np.arange(SEEDS), 3)
    found = [kappas(draw(generator, SEEDS), seeds) for _ in range(REPEATS)]
    assert right(np.mean([low[0] <= truth <= high[0] for _, low, high in found]))


@pytest.mark.parametrize(("shared", "shift"), [(0.5, 0.3), (0.9, 0.0), (0.9, 1.0)])
def test_concordance_covers(shared: float, shift: float) -> None:
    """Two judges with a common part of their variance, one always later: 2 ρ / (2 + shift²)."""
    seeds, covered = np.repeat(np.arange(SEEDS), 3), []
    for x, y in measured(rng(8), shared, shift):
        covered.append(holds(lin(x, y, seeds), 2 * shared / (2 + shift**2)))
    assert right(np.mean(covered))


def measured(generator: np.random.Generator, shared: float, shift: float) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for _ in range(REPEATS):
        effect, own, first, second = generator.standard_normal((4, SEEDS, 3))
        common = np.sqrt(0.5) * (effect[:, :1] + own)
        x, y = (np.sqrt(shared) * common + np.sqrt(1 - shared) * part for part in (first, second))
        yield x.ravel(), y.ravel() + shift


def test_frechet_distances_of_equal_classes_cover_and_are_no_wider_than_needed() -> None:
    """Ten classes far apart, 20 pictures of each: drawn again across classes, the interval would be far wider."""
    generator, label = rng(9), np.arange(200) % 10
    places = 3 * generator.normal(size=(10, 4))
    real = places[np.arange(20_000) % 10] + generator.normal(size=(20_000, 4))
    drawn = [places[label] + 0.3 + 1.2 * generator.normal(size=(200, 4)) for _ in range(120)]
    found = [next(against("frechet", features, label, moments(real), None))[2] for features in drawn]
    values = np.array([each.value for each in found])
    assert np.mean([holds(each, float(values.mean())) for each in found]) >= 0.92
    width = np.mean([each.high - each.low for each in found])
    assert width < 1.4 * 2 * 1.96 * values.std()
    across = cluster_weights(np.arange(200), repeats=100)
    careless = normal_interval(0, np.array([frechet(moments(drawn[0], each), moments(real)) for each in across]), 200)
    assert careless.high - careless.low > 1.5 * width


@pytest.mark.parametrize(("n", "moved"), [(100, 0.0), (200, 0.0), (200, 0.2)])
def test_kernel_distances_of_equal_classes_are_unbiased_and_cover(n: int, moved: float) -> None:
    """Ten classes far apart, so many pictures of each, in turn on the one side and shuffled on the other."""
    generator, repeats = rng(10), 600
    places = 3 * generator.normal(size=(10, 4))

    def side(labels: NDArray[np.int64], moved: float) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        return places[labels] + moved + generator.normal(size=(len(labels), 4)), labels

    pairs = [(side(np.arange(n) % 10, moved), side(generator.permutation(np.arange(500) % 10), 0.0))
             for _ in range(repeats)]  # fmt: skip
    found = [block_mean(kid_blocks(*pair), n) for pair in pairs]
    values = np.array([each.value for each in found])
    others = np.array([kid(*pair) for pair in pairs])  # all pairs at once: of less spread, and unbiased too
    truth, error = (float(others.mean()), others.std()) if moved else (0.0, 0.0)
    assert abs(values.mean() - truth) < 3 * np.hypot(values.std(), error) / np.sqrt(repeats)
    assert abs(others.mean()) < 3 * others.std() / np.sqrt(repeats) or moved
    assert right(float(np.mean([holds(each, truth) for each in found])))


@pytest.mark.parametrize("seeds", [2, LEAST - 1, LEAST])
def test_too_few_noise_seeds_have_no_interval(seeds: int) -> None:
    """The range of so many values, which no resampling leaves, is the widest interval there is: does it cover?"""
    values = rng(3).normal(size=(4000, seeds))
    covers = np.mean((values.min(axis=1) < 0) & (values.max(axis=1) > 0))
    assert (covers > 0.92) == (seeds >= LEAST)
    for found in (mean(values[0], np.arange(seeds)), median(values[0], np.arange(seeds))):
        assert np.isfinite(found.low) == np.isfinite(found.high) == (seeds >= LEAST)


@pytest.mark.parametrize("rate", [0.0005, 0.01, 0.05])
def test_differences_that_most_noise_seeds_do_not_have_cover(rate: float) -> None:
    """Ten pictures a seed, of which few differ under two laws, seven of ten of them for the better."""
    generator, truth = rng(4), 0.4 * rate
    differ = generator.binomial(10, rate, (REPEATS, 100))
    better = generator.binomial(differ, 0.7)
    found = [mean_over_seeds((2 * row - all_of_it) / 10, 0.1) for row, all_of_it in zip(better, differ, strict=True)]
    assert np.mean([holds(each, truth) for each in found]) >= 0.93
