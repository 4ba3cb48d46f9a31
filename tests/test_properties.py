"""What holds for every value, looked for by hypothesis: store, solver tables, statistics, adopted conventions.

A few examples here, always the same; thousands of others where FIRSTLIGHT_FUZZ is set, from FIRSTLIGHT_SEED.
"""

import json
import os
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from archive_fixture import card, write_run
from gaussian import MEANS, denoise, flow
from hypothesis import HealthCheck, assume, given, seed, settings
from hypothesis import strategies as some
from hypothesis.extra import numpy as arrays
from sound_fixture import verify

from evaluator.stats import turnbull
from evaluator.stats.intervals import Estimate, combined, share, share_difference, wilson
from firstlight import guest_schedules
from firstlight.adoption.algebra import picture
from firstlight.adoption.conventions import PREDICTIONS
from firstlight.errors import RunError, SamplerError
from firstlight.guest_schedules import Schedule, alphas_cumprod, betas, in_our_scale
from firstlight.levels import CLEAN, LEVELS, alpha, levels, sigma
from firstlight.manifest import entry_of, read_manifest, signature
from firstlight.run_folder import Run
from firstlight.run_id import RUN_ID, free_beside, run_at
from firstlight.run_json import read_card
from firstlight.run_writes import changing, store_card
from firstlight.sealed_json import sealed, unsealed
from sampler.loop import sample
from sampler.solvers import SOLVERS, ddim, solve
from store.archive import entries
from store.notes import LONGEST_TAG, MOST_TAGS, Notes, read_notes, tags_of, write_notes
from store.views import card_table

MANY = "FIRSTLIGHT_FUZZ" in os.environ
SEED = int(os.environ.get("FIRSTLIGHT_SEED", "17"))
settings.register_profile("few", derandomize=True, max_examples=25, database=None, deadline=None,
                          suppress_health_check=list(HealthCheck))  # fmt: skip
settings.register_profile("many", settings.get_profile("few"), derandomize=False, max_examples=500)
settings.load_profile("many" if MANY else "few")

TEXT = some.text(max_size=60)
floats = partial(some.floats, allow_subnormal=False)  # ONNX Runtime's threads take the smallest ones for nothing
FINITE = floats(-1e6, 1e6)
JSON = some.recursive(some.none() | some.booleans() | some.integers(-(2**62), 2**62) | FINITE | TEXT,
                      lambda inner: some.lists(inner, max_size=3) | some.dictionaries(TEXT, inner, max_size=3),
                      max_leaves=6)  # fmt: skip


FOLDERS = tempfile.TemporaryDirectory(prefix="firstlight-")


def place() -> Path:
    """A new folder: a fixture's would be the same for every example."""
    return Path(tempfile.mkdtemp(dir=FOLDERS.name))


# store


@given(some.text(max_size=80))
def test_an_id_is_a_name_or_refused(text: str) -> None:
    try:
        run = run_at(Path("/nowhere"), text)
    except RunError as error:
        assert not RUN_ID.fullmatch(text) and (not text or len(text) < 3 or text not in str(error))
    else:
        assert run.folder == Path("/nowhere") / text and run.id == text and run.folder.parent == Path("/nowhere")


@given(some.from_regex(RUN_ID, fullmatch=True))
def test_the_next_free_id_is_an_id_and_free(run_id: str) -> None:
    root = place()
    (root / run_id).mkdir()
    found = {run_id, *(free_beside(Run(root / run_id)).id for _ in range(3))}
    assert len(found) == 4 and all(RUN_ID.fullmatch(each) for each in found)


@given(some.lists(some.text(max_size=LONGEST_TAG + 2), max_size=MOST_TAGS + 2), some.text(max_size=300))
def test_notes_come_back_as_they_were_or_are_refused(tags: list[str], text: str) -> None:
    run = write_run(place(), "first", tables=())
    notes = Notes(tuple(tags), text)
    try:
        write_notes(run, notes, Notes())
    except RunError as error:
        assert str(error).count("\n") == 0 and not run.notes.exists()
    else:
        assert read_notes(run) == notes and verify(run) == []


@given(some.text(max_size=200))
def test_tags_of_a_line_are_plain_words_each_once(line: str) -> None:
    tags = tags_of(line)
    assert len(set(tags)) == len(tags) and tags_of(", ".join(tags)) == tags
    assert all(tag and tag == " ".join(tag.split()) and "," not in tag for tag in tags)


@given(
    some.dictionaries(
        some.sampled_from(["a.parquet.txt", "b.json", "ß.bin", "d"]), some.binary(max_size=50), min_size=1
    )
)
def test_a_manifest_says_of_every_file_what_it_is(files: dict[str, bytes]) -> None:
    run = write_run(place(), "first", tables=())
    with changing(run) as beside:
        for name, content in files.items():
            beside(run.folder / name).write_bytes(content)
    listed = read_manifest(run)
    assert files.keys() <= listed.keys() and verify(run) == []
    assert all((run.folder / name).read_bytes() == content for name, content in files.items())
    for name, content in files.items():
        assert entry_of(run.folder / name, signature((run.folder / name).lstat())) == listed[name]
        (run.folder / name).write_bytes(content + b"x")
        assert [problem.file for problem in verify(run)] == [name]
        (run.folder / name).write_bytes(content)


@given(some.dictionaries(TEXT, JSON, max_size=4), some.text(max_size=40), some.lists(TEXT, max_size=3))
def test_a_card_comes_back_and_is_shown(config: dict[str, Any], name: str, tags: list[str]) -> None:
    """Or is refused, where it says of our own settings what none can be: as one damaged run, never by an exception."""
    run = write_run(place(), "first", tables=())
    held = card("first") | {"name": name, "tags": tags, "settings": config}
    try:
        store_card(run, held)
    except (ValueError, UnicodeEncodeError):
        return
    (entry,) = entries(run.archive)
    row = card_table([entry]).to_pylist()[0]
    if not entry.damaged:
        assert read_card(run) == json.loads(json.dumps(held)) and (row["name"], row["tags"]) == (name, tags)


@given(some.dictionaries(TEXT, JSON, max_size=4))
def test_a_seal_holds_what_was_sealed(content: dict[str, Any]) -> None:
    content.pop("sha256", None)
    back = json.loads(json.dumps(sealed(content)))
    assert unsealed(back) == content and unsealed(content) == content
    with pytest.raises(ValueError, match="changed"):
        unsealed(back | {"one more": 1})


# solver tables

RISING = some.lists(floats(-15, 15), min_size=1, max_size=20, unique=True).map(
    lambda values: np.append(np.sort(values), CLEAN)
).filter(lambda grid: (np.diff(grid) > 0.05).all())  # fmt: skip
NAMED = some.tuples(some.sampled_from(sorted(LEVELS)), some.integers(1, 150))


@given(NAMED)
def test_named_levels_rise_to_clean(chosen: tuple[str, int]) -> None:
    grid = levels(*chosen)
    assert len(grid) == chosen[1] + 1 and grid[-1] == CLEAN and (np.diff(grid) > 0).all() and np.isfinite(grid).all()
    assert np.allclose(alpha(grid) ** 2 + sigma(grid) ** 2, 1, atol=1e-12)


@given(some.sampled_from(sorted(SOLVERS)), RISING, floats(0, 1), some.sampled_from([0.5, 1.0]))
def test_a_table_is_finite_and_ends_in_a_picture(name: str, grid: np.ndarray, eta: float, half: float) -> None:
    assume(half == 1.0 or grid[0] > -14)
    table = solve(name, grid, eta if name == "ddim" else 0.0, half=half)
    steps = len(grid) - 1
    assert table.a.shape == table.d.shape == (steps,) and table.b.shape[0] == steps
    assert all(np.isfinite(part).all() for part in (table.a, table.b, table.d)) and (table.d >= 0).all()
    assert table.d[-1] == 0 and abs(table.a[-1]) <= 1e-3 + sigma(grid[-1:])[0] / sigma(grid[-2:-1])[0]


@given(some.sampled_from(sorted(SOLVERS)), RISING)
def test_a_picture_that_the_network_always_sees_is_what_is_drawn(name: str, grid: np.ndarray) -> None:
    """Every step is exact for a constant x̂0: x stays α·x0 + σ·ε, without fresh noise with the same ε."""
    table, truth = solve(name, grid), np.full((1, 1, 2, 2), 0.3)
    noise = np.random.default_rng(0).standard_normal(truth.shape)
    x = alpha(grid[:1]) * truth + sigma(grid[:1]) * noise
    for step in sample(lambda *_: truth, x, table, lambda: np.zeros(truth.shape)):
        if not name.startswith("ddpm"):
            ends = grid[step.index + 1 : step.index + 2]
            assert np.allclose(step.next, alpha(ends) * truth + sigma(ends) * noise, atol=1e-6)
    assert np.allclose(step.next, truth, atol=1e-3)


@given(some.sampled_from(["ddim", "dpmpp-2m", "ipndm"]), some.sampled_from(MEANS), some.integers(0, 2**32))
def test_many_steps_end_where_the_exact_flow_of_a_gaussian_does(name: str, mean: float, key: int) -> None:
    grid = levels("logsnr", 120)
    noise = np.random.default_rng(key).standard_normal((1, 1, 3, 3))
    *_, last = sample(lambda x, level: denoise(x, level, mean), noise, solve(name, grid))
    assert np.abs(last.next - flow(noise, grid[0], CLEAN, mean)).max() < 0.03 * max(1, np.abs(noise).max())


@given(RISING)
def test_ddim_without_noise_and_ddpm_are_the_ends_of_one_family(grid: np.ndarray) -> None:
    none, all_of_it = ddim(grid, 0.0), ddim(grid, 1.0)
    assert not none.stochastic and np.allclose(none.a, sigma(grid[1:]) / sigma(grid[:-1]))
    for eta in (0.3, 0.7):
        between = ddim(grid, eta)
        assert (between.d <= all_of_it.d + 1e-12).all() and np.allclose(between.d, eta * all_of_it.d, atol=1e-9)
        kept = between.a**2 * sigma(grid[:-1]) ** 2 + between.d**2
        assert np.allclose(kept[:-1], sigma(grid[1:-1]) ** 2, atol=1e-9)  # the last step adds no noise


# statistics

HITS = arrays.arrays(bool, some.integers(1, 60))


def clusters(chance: np.random.Generator, n: int) -> np.ndarray:
    return chance.integers(0, max(1, n // 2), n)


@given(some.integers(0, 500), some.integers(0, 500))
def test_a_share_lies_in_its_interval_which_shrinks_with_n(hits: int, more: int) -> None:
    n = hits + more
    found = wilson(hits, n)
    assert 0 <= found.low <= found.high <= 1
    if n:
        assert found.low <= found.value <= found.high
        larger = wilson(4 * hits, 4 * n)
        assert larger.high - larger.low < found.high - found.low
        other = wilson(more, n)  # what misses is what does not hit
        assert np.allclose([other.low, other.high], [1 - found.high, 1 - found.low], atol=1e-12)


@given(HITS, some.integers(0, 2**32))
def test_a_clustered_share_does_not_ask_for_an_order_or_for_names(hits: np.ndarray, key: int) -> None:
    chance = np.random.default_rng(key)
    of = clusters(chance, len(hits))
    found, order = share(hits, of), chance.permutation(len(hits))
    assert found.low <= found.value <= found.high and found.low >= 0 and found.high <= 1
    renamed = share(hits[order], 7 * of[order] + 3)
    assert np.allclose([found.value, found.low, found.high], [renamed.value, renamed.low, renamed.high], atol=1e-9)
    thrice = share(np.tile(hits, 3), np.concatenate([of + len(hits) * turn for turn in range(3)]))
    if len(np.unique(of)) > 1:
        assert thrice.high - thrice.low <= found.high - found.low + 1e-9


@given(HITS, some.integers(0, 2**32))
def test_a_difference_of_shares_turns_around_with_its_sides(hits: np.ndarray, key: int) -> None:
    chance = np.random.default_rng(key)
    first = chance.random(len(hits)) < 0.5
    assume(first.any() and not first.all())
    of = clusters(chance, len(hits))
    one, other = share_difference(hits, of, first, ~first), share_difference(hits, of, ~first, first)
    assert one.low <= one.value <= one.high and one.low >= -1 and one.high <= 1
    assert np.allclose([one.value, one.low, one.high], [-other.value, -other.high, -other.low], atol=1e-9)


def plainest(found: Estimate) -> list[float]:
    return [found.value, found.low, found.high, found.n]


ESTIMATE = some.tuples(FINITE, floats(0, 1e4), floats(0, 1e4), some.integers(1, 100)).map(
    lambda made: Estimate(made[0], made[0] - made[1], made[0] + made[2], made[3])
)


@given(some.lists(some.tuples(floats(-5, 5), ESTIMATE), min_size=1, max_size=5), some.randoms())
def test_a_weighted_sum_lies_in_its_interval_in_any_order(terms: list[tuple[float, Estimate]], chance: Any) -> None:
    found, again = combined(terms), combined(chance.sample(terms, len(terms)))
    scale = 1e-9 * (1 + max(abs(weight * part.value) + abs(part.high) + abs(part.low) for weight, part in terms))
    assert found.low <= found.value + scale and found.value <= found.high + scale
    assert np.allclose([found.value, found.low, found.high], [again.value, again.low, again.high], atol=scale)
    widest = max(abs(weight) * (part.high - part.low) for weight, part in terms)
    every = sum(abs(weight) * (part.high - part.low) for weight, part in terms)
    assert widest - scale <= (found.high - found.low) + scale * 10 and found.high - found.low <= every + 10 * scale
    (alone,) = [combined([(1.0, terms[0][1])])]
    assert np.allclose([alone.low, alone.high], [terms[0][1].low, terms[0][1].high], atol=scale)
    turned = combined([(-weight, part) for weight, part in terms])
    assert np.allclose([turned.low, turned.high], [-found.high, -found.low], atol=scale)


@given(arrays.arrays(np.int64, some.integers(2, 60), elements=some.integers(1, 8)), some.integers(0, 2**32))
def test_turnbull_on_common_frames_is_the_share_of_each_in_any_order(frame: np.ndarray, key: int) -> None:
    left, right = 5.0 * (frame - 1), np.where(frame == 8, np.inf, 5.0 * frame)
    places, share = turnbull.shares(left, right, np.ones(len(frame)))
    assert np.allclose(share, [np.mean(right <= place) for place in places], atol=1e-9)
    order, seeds = np.random.default_rng(key).permutation(len(frame)), np.arange(len(frame)) % 7
    found, again = turnbull.median(left, right, seeds), turnbull.median(left[order], right[order], seeds[order])
    assert np.array_equal(plainest(found), plainest(again), equal_nan=True)
    assert np.isnan(found.low) or found.low <= found.value <= found.high
    assert found.value == np.sort(right)[(len(frame) - 1) // 2]  # of an even number the lower one


# adopted conventions

BETAS = arrays.arrays(np.float64, some.integers(2, 60), elements=floats(1e-5, 0.2))
RANGE = some.sampled_from([(0, 1), (-1, 1)])


@given(BETAS, RANGE)
def test_betas_and_levels_are_one_schedule_told_twice(values: np.ndarray, pictures: tuple[int, int]) -> None:
    told = betas(values)
    bar = 1 / (1 + np.exp(-told.logsnr))
    assert np.allclose(bar, np.cumprod(1 - values), rtol=1e-9)
    assert np.allclose(1 - bar / np.append(1.0, bar[:-1]), values, rtol=1e-4, atol=1e-9)
    again = alphas_cumprod(told.signal**2)
    assert np.allclose(again.logsnr, told.logsnr, atol=1e-6) and (np.diff(told.logsnr) < 0).all()
    moved = told.ours(pictures) - told.logsnr
    assert np.allclose(moved, 2 * np.log((pictures[1] - pictures[0]) / 2))


class Told:
    """A convention."""

    def __init__(self, predicts: str, schedule: Schedule) -> None:
        self.predicts, self.schedule, self.sigma_data = predicts, schedule, 0.5


@given(some.sampled_from(PREDICTIONS), some.integers(0, 1), floats(0.02, 0.98), some.integers(0, 2**32))
def test_what_a_network_says_means_the_picture_that_it_was_said_of(
    predicts: str, noise_at: int, share_of_noise: float, key: int
) -> None:
    """The target of each prediction, written down from its paper, is turned back into the picture."""
    chance = np.random.default_rng(key)
    y, noise = chance.standard_normal((2, 1, 3, 3))
    b = share_of_noise
    a = {"velocity": 1 - b, "edm": 1.0}.get(predicts, np.sqrt(1 - b * b))
    b, x = (80 * b, y + 80 * b * noise) if predicts == "edm" else (b, a * y + b * noise)
    whole = b * b + 0.25
    said = {
        "noise": noise, "sample": y, "v": a * noise - b * y, "score": -noise / b,
        "velocity": noise - y if noise_at else y - noise,
        "edm": (y - 0.25 / whole * x) * np.sqrt(whole) / (b * 0.5),
    }[predicts]  # fmt: skip
    assert np.allclose(picture(Told(predicts, guest_schedules.flow(noise_at=noise_at)), said, x, a, b), y, atol=1e-6)


@given(BETAS, RANGE, some.integers(0, 2**32))
def test_states_of_any_schedule_are_ours_by_one_conversion(
    values: np.ndarray, pictures: tuple[int, int], key: int
) -> None:
    """In our scale a state is α·x0 + σ·ε at its level, whatever the range of the model's pictures."""
    chance, told = np.random.default_rng(key), betas(values)
    half, centre = (pictures[1] - pictures[0]) / 2, (pictures[1] + pictures[0]) / 2
    x0, noise = chance.standard_normal((2, 1, 2, 2))
    times = np.sort(chance.integers(0, len(values), 4))[::-1]
    states = [told.signal[t] * (half * x0 + centre) + told.noise[t] * noise for t in times]
    found, x = in_our_scale(told, times, np.stack(states), pictures)
    for level, state in zip(found, x, strict=True):
        assert np.allclose(state, alpha(level) * x0 + sigma(level) * noise, atol=1e-6)


@given(some.lists(floats(allow_nan=True, allow_infinity=True), max_size=6), some.sampled_from(["betas", "sigmas"]))
def test_a_list_of_numbers_is_a_schedule_or_one_sentence(values: list[float], kind: str) -> None:
    try:
        told = getattr(guest_schedules, kind)(values)
    except RunError as error:
        assert "\n" not in str(error)
    else:
        assert len(told) == len(values) and np.isfinite(told.logsnr).all()


@given(some.text(max_size=30), some.integers(-5, 2000))
def test_a_name_of_levels_is_one_or_one_sentence(name: str, steps: int) -> None:
    try:
        grid = levels(name, steps)
    except SamplerError as error:
        assert str(error)
    else:
        assert len(grid) == steps + 1 and (np.diff(grid) > 0).all()


if MANY:  # another stream of examples for another seed
    for _name, _test in list(globals().items()):
        if _name.startswith("test_"):
            globals()[_name] = seed(SEED)(_test)
