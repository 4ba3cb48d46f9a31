"""Turnbull's estimate against plain shares where frames are common, and against known answers where they are not."""

import numpy as np
import pytest

from evaluator.stats.bootstrap import median as plain
from evaluator.stats.turnbull import median, shares


def test_on_common_frames_it_is_the_share_of_each() -> None:
    generator = np.random.default_rng(0)
    frame = generator.integers(1, 8, 200)
    left, right = 5.0 * (frame - 1), np.where(frame == 7, np.inf, 5.0 * frame)
    places, share = shares(left, right, np.ones(200))
    assert places.tolist() == [0, 5, 10, 15, 20, 25, 30]
    assert np.allclose(share, [np.mean(right <= place) for place in places], atol=1e-9)
    seeds = np.arange(200) % 20
    assert median(left, right, seeds).value == plain(right, seeds).value


def test_intervals_that_touch_do_not_overlap() -> None:
    places, share = shares(np.array([0.0, 1.0]), np.array([1.0, 2.0]), np.ones(2))
    assert places.tolist() == [0, 1, 2] and share == pytest.approx([0, 0.5, 1])
    places, share = shares(np.array([0.0, 1.0]), np.array([3.0, 2.0]), np.ones(2))
    assert places.tolist() == [0, 1, 2, 3] and share == pytest.approx([0, 0, 1, 1])


def test_gentleman_and_geyers_example() -> None:
    """(0, 1], (0, 2], (1, 3], (2, 3]: by hand, the likelihood p1 (p1 + p2) (p2 + p3) p3 is largest at 1/2, 0, 1/2."""
    left, right = np.array([0.0, 0.0, 1.0, 2.0]), np.array([1.0, 2.0, 3.0, 3.0])
    places, share = shares(left, right, np.ones(4))
    assert places.tolist() == [0, 1, 2, 3] and share == pytest.approx([0, 0.5, 0.5, 1], abs=1e-9)


def test_who_is_never_seen_to_begin_or_to_end_says_what_is_known() -> None:
    never, always, one = np.full(3, np.inf), np.full(3, -np.inf), np.zeros(3)
    assert median(np.array([0.0, 0.0, 1.0]), never, np.arange(3)).value == np.inf
    assert median(always, np.array([1.0, 2.0, 3.0]), np.arange(3)).value == 1
    assert median(always, never, np.arange(3)).value == np.inf
    assert median(np.append(always, 4.0), np.append(never, 5.0), np.append(one, 1.0)).value == 5


def test_frames_that_differ_from_picture_to_picture() -> None:
    """Each picture has a frame every 20 %, from a place of its own: pooled they tell the half to far less than that."""
    generator, covered, width = np.random.default_rng(1), [], []
    for _ in range(4):
        times = generator.normal(50, 10, 120)
        start = generator.uniform(-20, 0, 120)
        left = start + 20 * np.floor((times - start) / 20)
        found = median(left, left + 20, np.arange(120) // 3)
        covered.append(found.low <= 50 <= found.high)
        width.append(found.high - found.low)
    assert np.mean(covered) >= 0.75 and np.mean(width) < 20
