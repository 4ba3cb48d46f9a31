"""Incidence, tests and rankings against definitions written out, scipy's own, and simulated levels."""

from dataclasses import fields
from itertools import product

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats
from simulated import at, rng, view

from evaluator.recognizability.analysis import analysis, figures_of
from evaluator.recognizability.censoring import after, restricted
from evaluator.recognizability.incidence import average, incidence, logrank_scores, omnibus, paired, within_seeds
from evaluator.recognizability.points import Points, View, points, recognized, view_from, view_of
from evaluator.recognizability.ranking import alike, ranking, sentence
from evaluator.stats.permutation_tests import exchanged, flipped, holm
from firstlight.errors import RunError

CLASSES = [str(digit) for digit in range(10)]


def test_the_scan_is_the_definition() -> None:
    """All sixteen courses of four frames: R = min{k : for all j >= k a hit}, F = min{k : a hit}."""
    hits = np.array(list(product([False, True], repeat=4)))
    stays, first = recognized(hits)
    for hit, r, f in zip(hits, stays, first, strict=True):
        assert r == next((k for k in range(4) if hit[k:].all()), 4)
        assert f == next((k for k in range(4) if hit[k]), 4)


def test_points_lie_behind_the_frame_that_failed() -> None:
    found = points(at(np.array([[-1.0, 12.0, 99.0, np.inf]]), every=10.0), 0.5)
    assert found.stays.tolist() == [0, 20, 100, np.inf]
    assert np.isnan(found.missed[0]) and found.missed[1:].tolist() == [10, 90, 100]
    assert found.end == 9.0 and found.kept == 10.0
    assert restricted(found, "logsnr")[2:].tolist() == [9.0, 9.0]  # the finished picture has no noise level of its own
    assert restricted(found).tolist() == [0, 15, 95, 100]  # the middle between the frames; never is the end
    assert after(found, 20.0) == 10.0
    assert np.isnan(after(found, 0.0))


def test_rows_in_any_order_are_the_same_view() -> None:
    seen = at(np.array([[30.0, 60.0], [45.0, np.inf]]), every=25.0)
    rows = {name: np.repeat(getattr(seen, name), 5) for name in ("sample", "label", "seed", "steps")}
    rows |= {name: getattr(seen, name).ravel() for name in ("step", "logsnr", "top", "probability")}
    order = rng(0).permutation(20)
    back = view_from({name: held[order] for name, held in rows.items()}, "x", "simulated")
    for name in ("sample", "label", "seed", "steps", "step", "logsnr", "top", "probability"):
        assert (getattr(back, name) == getattr(seen, name)).all(), name
    with pytest.raises(RunError, match="different numbers of frames"):
        view_from({name: held[:-1] for name, held in rows.items()}, "x", "simulated")
    with pytest.raises(RunError, match="nothing of x"):
        view_from({name: held[:0] for name, held in rows.items()}, "x", "simulated")


def aalen_johansen(times: np.ndarray, causes: np.ndarray, grid: np.ndarray) -> dict[int, np.ndarray]:
    """Cumulative incidence of each cause, by the product-integral: F_j(t) = sum of S(u-) dN_j(u) / Y(u)."""
    alive, curves = 1.0, {1: np.zeros(len(grid)), 2: np.zeros(len(grid))}
    for u in np.unique(times[causes > 0]):
        risk = (times >= u).sum()
        for cause, curve in curves.items():
            curve[grid >= u] += alive * ((times == u) & (causes == cause)).sum() / risk
        alive *= 1 - ((times == u) & (causes > 0)).sum() / risk
    return curves


def test_incidence_is_aalen_and_johansens() -> None:
    """Random courses of a judge: some end right, some as another class, some as nothing it is sure of."""
    generator = rng(1)
    seen = view(generator, 60, [60.0, 80.0, 95.0])
    unsure = (generator.random(len(seen.label)) < 0.3)[:, None] & (np.arange(21) > 15)
    object.__setattr__(seen, "probability", np.where(unsure, 0.2, 0.9))
    found = points(seen, 0.5)
    curve = incidence(seen, found)
    times = np.minimum(np.minimum(found.stays, found.as_other), 100.0)
    causes = np.where(np.isfinite(found.stays), 1, np.where(np.isfinite(found.as_other), 2, 0))
    expected = aalen_johansen(times, causes, curve.percent)
    assert {0, 1, 2} == set(causes)
    assert np.abs(curve.recognized - expected[1]).max() < 1e-12
    assert np.abs(curve.other - expected[2]).max() < 1e-12
    undecided = (causes == 0).mean()  # taken for the right class when finished, but below the threshold
    assert abs(curve.recognized[-1] + curve.other[-1] + undecided - 1) < 1e-12
    assert abs(curve.never.value - curve.other[-1] - undecided) < 1e-12
    single = stats.ecdf(
        stats.CensoredData(uncensored=found.stays[causes == 1], right=np.full((causes != 1).sum(), 101))
    )
    assert np.abs(curve.recognized - single.cdf.evaluate(curve.percent)).max() < 1e-12


def test_a_band_of_one_class_is_wilsons() -> None:
    seen = view(rng(2), 50, [40.0, 60.0])
    found = points(seen, 0.5)
    curve = incidence(seen, found, 1)
    for percent, low, high in zip(curve.percent, curve.recognized_low, curve.recognized_high, strict=True):
        hits = int((found.stays[found.label == 1] <= percent).sum())
        interval = stats.binomtest(hits, 50).proportion_ci(method="wilson")
        assert abs(interval.low - low) < 1e-9 and abs(interval.high - high) < 1e-9


def test_logrank_scores_sum_to_observed_minus_expected() -> None:
    """Of each of three groups, counted at each time as the log-rank test's definition says; and scipy's numerator."""
    generator = rng(3)
    reached = np.where(generator.random(90) < 0.2, np.inf, generator.integers(1, 12, 90).astype(float))
    group, scores = np.repeat([0, 1, 2], 30), logrank_scores(reached)
    for each in range(3):
        mine = group == each
        apart = 0.0
        for u in np.unique(reached[np.isfinite(reached)]):
            events = reached == u
            apart += (events & mine).sum() - events.sum() * ((reached >= u) & mine).sum() / (reached >= u).sum()
        assert abs(scores[mine].sum() - apart) < 1e-9
    assert abs(scores.sum()) < 1e-9
    pair = group < 2
    finite = [reached[(group == each) & np.isfinite(reached)] for each in (0, 1)]
    found = stats.logrank(*(stats.CensoredData(each, right=np.full(30 - len(each), 99.0)) for each in finite)).statistic
    assert np.sign(found) == np.sign(logrank_scores(reached[pair])[:30].sum())


def test_the_omnibus_test_is_friedmans_with_scores() -> None:
    """Where the scores of each seed are ranks, it is scipy's Friedman test; in general its own permutation test."""
    found = points(view(rng(4), 25, [50.0, 53.0, 56.0, 50.0], every=1.0), 0.5)
    _, cells = paired(logrank_scores(found.stays), found)
    generator, left = rng(5), cells - cells.mean(axis=1, keepdims=True)
    shuffled = generator.permuted(np.broadcast_to(left, (4000, *left.shape)), axis=2).sum(axis=1)
    reached = ((shuffled**2).sum(axis=1) >= (left.sum(axis=0) ** 2).sum() - 1e-9).mean()
    assert abs(omnibus(found).p - reached) < 0.02  # four standard errors of 4,000 shuffles, and the limit's own error
    ranks = stats.rankdata(cells, axis=1)
    friedman, ours = stats.friedmanchisquare(*cells.T), within_seeds(ranks)
    assert abs(ours.statistic - friedman.statistic) < 1e-9
    assert abs(ours.p - friedman.pvalue) < 1e-12


@pytest.mark.parametrize("seeds", [6, 40])
def test_the_omnibus_test_keeps_its_level(seeds: int) -> None:
    p = [omnibus(points(view(rng(100 + k), seeds, [50.0] * 10), 0.5)).p for k in range(500)]
    assert np.mean(np.array(p) <= 0.05) <= 0.08


def test_the_omnibus_test_sees_a_difference_and_its_effect_has_its_ends() -> None:
    assert omnibus(points(view(rng(6), 40, [50.0] * 9 + [60.0]), 0.5)).p < 0.01
    same = omnibus(points(at(np.tile(np.arange(10.0)[:, None] * 10 + 1, (1, 30))), 0.5))
    assert abs(same.effect - 1) < 1e-12 and same.n == 30
    flat = omnibus(points(at(np.full((10, 30), np.inf)), 0.5))
    assert (flat.statistic, flat.p, flat.effect) == (0.0, 1.0, 0.0)


def test_sign_flips_are_all_flips() -> None:
    """Ten seeds have 1,024 flips: the p-value of random ones is that of all, to four standard errors of 9,999."""
    apart = rng(7).normal(0.6, 1.0, (10, 3))
    signs = np.array(list(product([-1, 1], repeat=10)))
    exact = (np.abs(signs @ apart) >= np.abs(apart.sum(axis=0)) - 1e-12).mean(axis=0)
    assert (np.abs(flipped(apart) - exact) < 4 * np.sqrt(exact * (1 - exact) / 9999) + 2e-4).all()
    assert flipped(np.zeros((5, 1)))[0] == 1.0
    assert flipped(np.full((1, 1), 3.0))[0] == 1.0


def test_sign_flips_keep_their_level_for_few_and_many_seeds() -> None:
    for seeds in (5, 8, 40):
        table = rng(8).standard_normal((seeds, 2000)) + rng(9).standard_normal((seeds, 1))
        assert (flipped(table[:, ::2] - table[:, 1::2]) <= 0.05).mean() <= 0.07


def test_the_exact_test_is_mantel_and_haenszels() -> None:
    """Against every way in which the hits of each seed can fall; it keeps its level for rare hits."""
    hits = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 0], [1, 0, 1]], bool)
    own, seeds = np.tile([True, False, False], 4), np.repeat(np.arange(4), 3)
    sums = [sum(fall) for fall in product([1, 0, 0], [1, 1, 0], [1, 0, 1])]
    expected = min(1.0, 2 * np.mean(np.array(sums) >= hits[:, 0].sum()))
    assert abs(exchanged(hits.ravel(), seeds, own, ~own) - expected) < 1e-12
    generator, own, seeds = rng(10), np.tile(np.arange(8) == 0, 60), np.repeat(np.arange(60), 8)
    p = [exchanged(generator.random(480) < 0.02, seeds, own, ~own) for _ in range(500)]
    assert np.mean(np.array(p) <= 0.05) <= 0.07


def test_holm_is_holms() -> None:
    """The textbook's: 0.01, 0.04, 0.03, 0.005 become 0.03, 0.06, 0.06, 0.02."""
    assert np.allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]).tolist() == [1.0, 1.0]
    assert len(holm([])) == 0


def test_a_ranking_says_who_is_really_earlier() -> None:
    found = points(view(rng(11), 150, [30.0, 80.0, 50.0, 50.0, 31.0]), 0.5)
    order = ranking(found)
    assert [row.label for row in order.rows][-1] == 1
    assert {frozenset(group) for group in order.groups} == {frozenset({0, 4}), frozenset({2, 3}), frozenset({1})}
    assert sum(pair.apart for pair in order.pairs) == len(order.pairs) - 2 == 8
    assert [(row.low, row.high) for row in order.rows] == [(1, 2), (1, 2), (3, 4), (3, 4), (5, 5)]
    assert all(pair.difference.value >= 0 for pair in order.pairs)
    text = sentence(order, list("abcde"))
    assert "8 of 10 pairs really differ" in text and "n = 150 noise seeds" in text
    assert [row.label for row in ranking(found, "logsnr").rows][-1] == 1


def test_groups_are_the_longest_runs_without_a_difference() -> None:
    found = points(view(rng(12), 60, [40.0, 43.0, 46.0, 49.0, 52.0]), 0.5)
    order = ranking(found)
    labels, apart = [row.label for row in order.rows], {frozenset((p.first, p.second)) for p in order.pairs if p.apart}
    assert apart and len(apart) < 10
    runs = [labels[i:j] for i in range(5) for j in range(i + 1, 6)]
    fine = [run for run in runs if not any(frozenset((a, b)) in apart for a in run for b in run if a != b)]
    longest = [run for run in fine if not any(set(run) < set(other) for other in fine)]
    assert [list(group) for group in alike(labels, order.pairs)] == longest


def lame() -> list[tuple[str, Points]]:
    """Runs of which little can be said."""
    whole = points(view(rng(13), 12, [50.0] * 10), 0.5)
    return [
        ("a digit is missing", whole.of(whole.label != 3)),
        ("one class", whole.of(whole.label == 3)),
        ("one seed", whole.of(whole.seed == 0)),
        ("one picture", whole.of((whole.seed == 0) & (whole.label == 3))),
        ("one step", points(view(rng(14), 12, [50.0] * 10, every=100.0), 0.5)),
        ("never", points(at(np.full((10, 12), np.inf)), 0.5)),
        ("at once", points(at(np.full((10, 12), -1.0)), 0.5)),
        ("seeds that not all digits share", whole.of((whole.label + whole.seed) % 4 > 0)),
        ("no seed in common", whole.of((whole.label == 0) == (whole.seed < 5))),
    ]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("name", "found"), lame(), ids=[name for name, _ in lame()])
def test_runs_with_little_to_say_say_it(name: str, found: Points) -> None:
    whole = analysis(found, CLASSES)
    assert len(whole.classes) == len(set(found.label.tolist()))
    assert whole.whole.seeds == len(set(found.seed.tolist()))
    assert (whole.ranking is None) == (len(whole.classes) == 1)
    assert len(whole.verdicts) == 7
    for verdict in whole.verdicts:
        assert verdict.verdict in {"supported", "not supported", "cannot say"}
        assert verdict.reason.endswith(".") and verdict.reason.count(". ") == 0
    if name in {"a digit is missing", "one class", "one seed", "one picture"}:
        assert {verdict.verdict for verdict in whole.verdicts} == {"cannot say"}
    if name in {"one seed", "one picture"}:
        assert np.isnan(whole.whole.median.low) and np.isnan(whole.whole.mean.high)
    if name == "never":
        assert whole.whole.median.value == whole.whole.median.high == np.inf
        assert whole.whole.never.value == whole.whole.other.value == 1
    figures = figures_of(found, CLASSES)
    assert figures["all"]["n"] == len(found.label)


def test_view_of_asks_for_one_judge() -> None:
    rows = {"sample": [0, 0], "label": [1, 1], "seed": [0, 0], "step": [0, 0], "steps": [1, 1], "logsnr": [0.0, 0.0]}
    rows |= {"view": ["x", "x"], "judge": ["a", "b"], "top": [1, 2], "probability": [0.9, 0.8]}
    table = pa.table(rows)
    with pytest.raises(RunError, match="a, b; choose one"):
        view_of(table, "x")
    assert view_of(table, "x", "b").top.tolist() == [[2]]


def test_the_mean_of_classes_is_the_mean_of_their_curves_and_a_large_class_weighs_no_more() -> None:
    seen = view(rng(5), 30, (40.0, 70.0))
    found = points(seen, 0.5)
    whole = average(seen, found)
    curves = [incidence(seen, found, label).recognized for label in (0, 1)]
    assert np.allclose(whole.share, (curves[0] + curves[1]) / 2)
    again = np.concatenate([np.flatnonzero(found.label == 0)] * 3 + [np.flatnonzero(found.label == 1)])
    many = View(seen.name, seen.judge, *(getattr(seen, field.name)[again] for field in fields(View)[2:-1]))
    assert np.allclose(average(many, points(many, 0.5)).share, whole.share)


def test_a_half_lies_on_the_straight_line_between_two_frames() -> None:
    """Two of five pictures by level −2, four by 0, frames a level apart: 0.4 at −1 and 0.8 at 0, so a half at −0.75."""
    seen = at(np.array([[40.0, 40.0, 50.0, 50.0, np.inf]]))
    whole = average(seen, points(seen, 0.5))
    assert whole.half.value == pytest.approx(-0.75) and whole.around == pytest.approx((-1, 0))


@pytest.mark.parametrize(("time", "half"), [(0.0, -np.inf), (100.0, np.inf), (np.inf, np.inf)])
def test_a_half_from_the_first_frame_or_only_when_the_noise_is_gone_has_no_level(time: float, half: float) -> None:
    seen = at(np.full((2, 6), time))
    assert average(seen, points(seen, 0.5)).half.value == half


def test_one_noise_seed_gives_a_half_no_interval() -> None:
    seen = at(np.array([[40.0], [60.0]]))
    assert np.isnan([average(seen, points(seen, 0.5)).half.low, average(seen, points(seen, 0.5)).half.high]).all()


def test_the_interval_of_a_half_holds_the_true_level_about_as_often_as_it_says() -> None:
    """Two classes at the same place share their seeds: the true median, 47.3 % of the process, is at level −0.54."""
    generator, held = rng(11), 0
    for _ in range(100):
        seen = view(generator, 24, (47.3, 47.3))
        half = average(seen, points(seen, 0.5)).half
        held += half.low <= -10 + 47.3 / 5 <= half.high
    assert 88 <= held <= 100  # 95 expected, standard deviation 2.2
