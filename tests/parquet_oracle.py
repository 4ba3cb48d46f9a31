"""What runs' files say, by numpy and pyarrow alone: nothing here is the project's, so that it can be held against it.

Shares have Wilson's interval with the effective number of pictures, medians and means that of whole noise seeds drawn
again with a generator of this file's own: such ends agree with the project's within a part of the interval.
"""

import json
import math
from collections.abc import Callable, Sequence
from functools import cache
from itertools import combinations
from pathlib import Path
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

ROOT = Path(__file__).parent.parent
RUNS = {path.parent.name: path.parent for path in sorted((ROOT / "runs").glob("*/run.json"))}
CLEAN = 20.0  # logSNR that counts as without noise (docs/run-format.md)
Z = 1.959964  # of a two-sided 95 % interval
STUDENT = (5, 2.776), (8, 2.365), (10, 2.262), (17, 2.120), (20, 2.093), (40, 2.023), (60, 2.001), (200, 1.972)


Numbers = NDArray[Any]


class Found(NamedTuple):
    """A value and the ends of its 95 % interval."""

    value: float
    low: float = math.nan
    high: float = math.nan


def card(run: str) -> dict[str, Any]:
    """A run's run.json."""
    return dict(json.loads((RUNS[run] / "run.json").read_text()))


def there(run: str, table: str) -> bool:
    return (RUNS[run] / f"{table}.parquet").is_file()


@cache
def notes(run: str, table: str) -> dict[str, Any]:
    """What a file says of itself."""
    return dict(json.loads((pq.read_schema(RUNS[run] / f"{table}.parquet").metadata or {})[b"firstlight"]))


@cache
def _columns(run: str, table: str, wanted: tuple[tuple[str, Any], ...], names: tuple[str, ...]) -> dict[str, Numbers]:
    read = pq.read_table(RUNS[run] / f"{table}.parquet", columns=list(names) or None,
                         filters=[(name, "==", value) for name, value in wanted] or None)  # fmt: skip
    return {name: read[name].to_numpy() for name in read.column_names}


def columns(run: str, table: str, *names: str, **wanted: Any) -> dict[str, Numbers]:
    """Columns of a table, of the rows with the wanted values."""
    return _columns(run, table, tuple(wanted.items()), names)


def figure(run: str, metric: str) -> dict[str, float] | None:
    """A figure of quality.parquet over all classes: value, low, high, n; None where there is none."""
    if not there(run, "quality"):
        return None
    kept = columns(run, "quality", metric=metric)
    rows = [row for row, label in enumerate(kept["label"].tolist()) if label is None or label != label]
    return {name: float(kept[name][rows[0]]) for name in ("value", "low", "high", "n")} if rows else None


def student(seeds: int) -> float:
    """Student's t for 97.5 % and one degree of freedom less than so many seeds, between the entries of a table."""
    return float(np.interp(seeds, *zip(*STUDENT, strict=True)))


def wilson(share: float, n: float) -> Found:
    """Wilson's score interval of a share of n pictures."""
    centre = (share + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z / (1 + Z**2 / n) * math.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
    return Found(share, 0.0 if share == 0 else centre - half, 1.0 if share == 1 else centre + half)


def share(hits: Numbers, seeds: Numbers) -> Found:
    """The share of hits, Wilson's interval with as many pictures as their spread between noise seeds leaves."""
    p, n, (names, member) = float(hits.mean()), len(hits), np.unique(seeds, return_inverse=True)
    if len(names) == n:
        return wilson(p, n)
    apart = np.bincount(member, hits - p)
    spread = (apart @ apart) / (n * p * (1 - p)) if 0 < p < 1 else 1.0
    design = max(spread * len(names) / (len(names) - 1), Z**2 / (len(names) + Z**2))
    return wilson(p, n / design * (Z / student(len(names))) ** 2)


@cache
def weights(seeds: int, repeats: int) -> Numbers:
    """How often each of so many noise seeds is drawn in sets of as many, with replacement, (repeats, seeds)."""
    return np.random.default_rng(2024).multinomial(seeds, np.full(seeds, 1 / seeds), repeats).astype(np.float32)


def drawn(seeds: Numbers, of: Callable[[Numbers], Any], repeats: int = 600) -> Numbers:
    """`of` weights of the pictures, for sets of as many noise seeds drawn with replacement."""
    names, member = np.unique(seeds, return_inverse=True)
    return np.array([of(each[member]) for each in weights(len(names), repeats)])


def ends(value: float, of: Numbers) -> Found:
    """A value with the middle 95 % of what was drawn again; infinity is a value like others."""
    kept = np.sort(of)
    return Found(value, float(kept[round(0.025 * (len(kept) - 1))]), float(kept[round(0.975 * (len(kept) - 1))]))


def mean(values: Numbers, seeds: Numbers) -> Found:
    """A mean of finite values, by the sums of whole seeds drawn again."""
    names, member = np.unique(seeds, return_inverse=True)
    sums, count = np.bincount(member, values), np.bincount(member)
    picks = weights(len(names), 2000)
    return ends(float(values.mean()), (picks @ sums) / (picks @ count))


def student_mean(values: Numbers) -> Found:
    """The mean of independent values with Student's interval, where they are too few to draw again."""
    middle, half = float(values.mean()), student(len(values)) * float(values.std(ddof=1)) / math.sqrt(len(values))
    return Found(middle, middle - half, middle + half)


def less(one: Found, other: Found, times: float = 100.0) -> Found:
    """One of two estimates less the other, as if they were independent."""
    below = math.hypot(one.value - one.low, other.high - other.value)
    above = math.hypot(one.high - one.value, other.value - other.low)
    apart = one.value - other.value
    return Found(times * apart, times * (apart - below), times * (apart + above))


def median(places: Numbers, weight: Numbers | None = None) -> float:
    """The first place by which half are there; infinity where half never are."""
    order = np.argsort(places, kind="stable")
    reached = np.cumsum(np.ones(len(places)) if weight is None else weight[order])
    return float(places[order][np.argmax(reached >= reached[-1] / 2)])


def holm(p: dict[Any, float]) -> dict[Any, float]:
    """P-values corrected for how many there are."""
    held, corrected = 0.0, {}
    for done, key in enumerate(sorted(p, key=lambda key: p[key])):
        held = max(held, min(1.0, p[key] * (len(p) - done)))
        corrected[key] = held
    return corrected


def at_once(count: int) -> float:
    """How many standard errors to either side intervals reach of which so many hold at once."""
    return NormalDist().inv_cdf(1 - 0.025 / count)


def flips(pairs: Sequence[tuple[Numbers, Numbers]]) -> list[float]:
    """Two-sided p of the mean difference of each pair (seeds,), by 4,000 random signs of the seeds."""
    apart = np.stack([one - other for one, other in pairs], axis=1)
    signs = np.random.default_rng(11).choice([-1.0, 1.0], (4_000, len(apart)))
    return list((np.abs(signs @ apart) >= np.abs(apart.sum(axis=0)) - 1e-9).mean(axis=0) + 2e-4)


# when pictures are recognized


class Recognized(NamedTuple):
    """Pictures (S,), the frames that were kept (F,), and for each picture from which frame on it stays recognized."""

    label: Numbers
    seed: Numbers
    level: Numbers  # (F,) logSNR, rising
    percent: Numbers  # (F,) of the run's own steps
    at: Numbers  # (S,) F where never

    def place(self, axis: Numbers) -> Numbers:
        """Where each is recognized; infinity is never."""
        return np.append(axis, math.inf)[self.at]

    def since(self, axis: Numbers) -> Numbers:
        """The frame before, where it was not recognized yet; −infinity where there is none."""
        return np.append(-math.inf, axis)[self.at]

    @property
    def never(self) -> Numbers:
        return np.asarray(self.at == len(self.level))


def close(run: str) -> bool:
    """Whether a run has chains in small steps that are its own, of the chains that are judged now."""
    if not there(run, "recognition"):
        return False
    kept = notes(run, "recognition")
    return bool(kept["close"]) and kept["source"] == notes(run, "judgements")["source"]


def threshold(run: str) -> float:
    """The probability of x_t that the run's own null asks for."""
    return float(notes(run, "judgements")["null"]["x"]["threshold"])


@cache
def recognized(run: str, fine: bool, least: float) -> Recognized:
    """The pictures of x_t, of the stored chains or of those in small steps."""
    kept = columns(run, "recognition" if fine else "judgements", "sample", "label", "seed", "step", "steps", "logsnr",
                   "top", "probability", view="fine" if fine else "x")  # fmt: skip
    frames = len(np.unique(kept["step"]))
    order = np.lexsort((kept["step"], kept["sample"]))
    rows = {name: column[order].reshape(-1, frames) for name, column in kept.items()}
    hit = (rows["top"] == rows["label"]) & (rows["probability"] >= np.float32(least))
    at = [frames - int(np.argmin(np.append(one[::-1], False))) for one in hit]
    level = rows["logsnr"][0].astype(float)
    percent = 100 * rows["step"][0] / rows["steps"][0]
    if fine:  # told on the steps of the stored chains
        stored = recognized(run, False, least)
        percent = np.interp(level, stored.level, stored.percent)
    return Recognized(rows["label"][:, 0], rows["seed"][:, 0], level, percent, np.array(at))


def half(seen: Recognized, axis: Numbers) -> Found:
    """By when half are recognized; the interval reaches down to the frame before its lower end."""
    places = seen.place(axis)
    found = ends(median(places), drawn(seen.seed, lambda weight: median(places, weight)))
    below = axis[axis < found.low]
    return Found(found.value, float(below.max()) if len(below) and math.isfinite(found.low) else found.low, found.high)


def table_of(values: Numbers, seen: Recognized) -> Numbers:
    """Values (S,) as a row for each noise seed that has all classes, a column for each class."""
    seeds, labels = np.unique(seen.seed), np.unique(seen.label)
    table = np.full((len(seeds), len(labels)), math.nan)
    table[np.searchsorted(seeds, seen.seed), np.searchsorted(labels, seen.label)] = values
    return table[np.isfinite(table).all(axis=1)]


def told_apart(table: Numbers) -> dict[tuple[int, int], float]:
    """Holm's p of every two columns."""
    pairs = list(combinations(range(table.shape[1]), 2))
    p = flips([(table[:, a], table[:, b]) for a, b in pairs])
    return holm(dict(zip(pairs, p, strict=True)))


# what theory says


def linear(steps: int) -> Numbers:
    """logSNR after 1 … T steps of the linear schedule."""
    bar = np.cumprod(1 - np.linspace(1e-4, 0.02, steps))
    return np.asarray(np.log(bar / (1 - bar)))


SOURCE = np.append(linear(150)[::-1] - 2 * math.log(2), CLEAN)  # its steps 0 … 150; pictures in [0, 1] → [−1, 1]
SEVENTY = float(SOURCE[105])


def spectrum(run: str) -> dict[str, float] | None:
    """Λ of the pictures that a run learned from, [−1, 1]: value, low, high; None where no card has their classes."""
    data = card(run)["dataset"]
    for path in (ROOT / "evaluator" / "theory" / "measured").glob("*.json"):
        known = json.loads(path.read_text())
        if known["sha256"] == data.get("sha256") or known["classes"] == data["classes"]:
            return {name: float(known["whole"]["top"][name]) for name in ("value", "low", "high")}
    return None
