"""What Compare must say of two runs: of the same classes their differences, of others the order of their levels."""

import math

import numpy as np
from oracle_experiments import agreement, through
from parquet_oracle import (
    RUNS,
    Found,
    Numbers,
    Recognized,
    card,
    close,
    drawn,
    ends,
    figure,
    less,
    mean,
    recognized,
    share,
    spectrum,
    there,
    threshold,
    wilson,
)
from sentence_fixture import Say


def by_accuracy() -> list[str]:
    """Runs as the control bar offers them: the most accurate first, students last."""
    accuracy = {run: (figure(run, "accuracy") or {"value": -1.0})["value"] for run in RUNS}
    return sorted(RUNS, key=lambda run: (bool(card(run)["config"].get("teacher")), -accuracy[run]))


def compare(run: str, say: Say, base: str = "") -> str:
    """A run against the baseline, which is the second of the most accurate where nobody chose."""
    ranked = by_accuracy()
    base = base or ranked[1]
    if run == base:
        run = next(other for other in ranked if other != base)
    kind = [(card(each)["dataset"]["name"], card(each)["dataset"]["classes"]) for each in (base, run)]
    fine = close(base) and close(run)
    return _same(base, run, fine, say) if kind[0] == kind[1] else _other(base, run, fine, say)


def _same(base: str, run: str, fine: bool, say: Say) -> str:
    short: tuple[str, ...] = ()
    full: tuple[str, ...] = ()
    if there(base, "judgements") and there(run, "judgements"):
        least = max(threshold(base), threshold(run))
        ours, theirs = _in_common(*(_aligned(recognized(each, fine, least)) for each in (run, base)))
        assert np.array_equal(ours.label, theirs.label) and np.array_equal(ours.seed, theirs.seed)
        short, full = zip(_never(ours, theirs, least, say), _when(ours, theirs, say), strict=True)
    one, other = (figure(each, "accuracy") for each in (run, base))
    told = [*filter(None, short), *([_drawn(one, other, say)] if one and other else [])]
    text = f"Against {base}, {run} {_listed(told)}."
    return f"{text}\n{run} {_listed([*filter(None, full)])}." if any(full) else text


def _listed(parts: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))


def _aligned(seen: Recognized) -> Recognized:
    order = np.lexsort((seen.seed, seen.label))
    return seen._replace(label=seen.label[order], seed=seen.seed[order], at=seen.at[order])


def _in_common(ours: Recognized, theirs: Recognized) -> tuple[Recognized, Recognized]:
    """The pictures of labels and noises that both have."""
    pairs = [list(zip(each.label.tolist(), each.seed.tolist(), strict=True)) for each in (ours, theirs)]
    common, both = set(pairs[0]) & set(pairs[1]), []
    for each, own in zip((ours, theirs), pairs, strict=True):
        kept = np.array([pair in common for pair in own])
        both.append(each._replace(label=each.label[kept], seed=each.seed[kept], at=each.at[kept]))
    return both[0], both[1]


def _never(ours: Recognized, theirs: Recognized, least: float, say: Say) -> tuple[str, str]:
    """In short, where one has more, and in full."""
    if not (ours.never.any() or theirs.never.any()):
        return "", ""
    apart = mean(100.0 * (ours.never.astype(float) - theirs.never.astype(float)), ours.seed)
    said = f"leaves {say.ends(share(ours.never, ours.seed), 100, ' %')} of its pictures unrecognized to the end at p ≥ "
    told = f"({say.ends(apart, slack=0.2)} percentage points, n = {say(len(ours.at))})"
    if apart.low <= 0 <= apart.high:
        return "", f"{said}{say(least)}, neither more nor fewer as far as can be told {told}"
    word = "more" if apart.value > 0 else "fewer"
    return f"leaves {word} pictures unrecognized to the end", f"{said}{say(least)}, {word} {told}"


def _when(ours: Recognized, theirs: Recognized, say: Say) -> tuple[str, str]:
    """In short, and in full where that is more."""
    if max(ours.never.mean(), theirs.never.mean()) > 0.05:
        said = "has no mean of when it is recognizable"
        return said, f"{said} (more than 5 % of one of the two never are)"
    noisy = [seen.level[seen.level < 20] for seen in (ours, theirs)]
    end, first = min(each.max() for each in noisy), min(each.min() for each in noisy)
    place, since = (
        [np.clip(side(seen), first, end) for seen in (ours, theirs)]
        for side in (lambda seen: seen.place(seen.level), lambda seen: seen.since(seen.level))
    )
    n = f"logSNR, n = {say(len(ours.at))}"
    if len(noisy[0]) == len(noisy[1]) and np.allclose(*noisy, atol=0.05):
        found = mean(place[0] - place[1], ours.seed)
        if found.low <= 0 <= found.high:
            return f"is recognizable neither earlier nor later as far as can be told ({say.ends(found)} {n})", ""
        word, sign = ("later", 1) if found.value > 0 else ("earlier", -1)
        size = Found(abs(found.value), *sorted((sign * found.low, sign * found.high)))
        return f"is recognizable {word} by {say.ends(size)} logSNR on average (n = {say(len(ours.at))})", ""
    low, high = mean(since[0] - place[1], ours.seed).low, mean(place[0] - since[1], ours.seed).high
    assert low < 0 < high, "frames tell the two apart: the page names which is earlier"
    between = f"[{say(low, 0.1)}, {say(high, 0.1)}] {n}"
    said = "cannot be said to be recognizable earlier or later"
    return said, f"{said}, as both kept other frames ({between})"


def _drawn(one: dict[str, float], other: dict[str, float], say: Say) -> str:
    ours, theirs = (wilson(each["value"], each["n"]) for each in (one, other))
    found = less(ours, theirs)
    if found.low <= 0 <= found.high:
        told = f"{say.ends(found)} percentage points"
        return f"draws the class asked neither more nor less often as far as can be told ({told})"
    word, sign = ("more", 1) if found.value > 0 else ("less", -1)
    size = Found(abs(found.value), *sorted((sign * found.low, sign * found.high)))
    return f"draws the class asked for {word} often by {say.ends(size)} percentage points"


def _other(base: str, run: str, fine: bool, say: Say) -> str:
    """Whether two runs of different classes become recognizable in the order in which theory decides them."""
    theory = {each: spectrum(each) for each in (base, run)}
    known = {each: Found(*(-math.log(held[end]) for end in ("value", "high", "low")))
             for each, held in theory.items() if held}  # fmt: skip
    predicted = _before(known.get(base), known.get(run))
    first, second = (run, base) if predicted is False else (base, run)
    judged = [each for each in (first, second) if there(each, "judgements")]
    halves = {each: halfway(recognized(each, fine, threshold(each))) for each in judged}
    measured = _before(*(halves[each][1] if each in halves else None for each in (first, second)))
    names = " and ".join(each if each == card(each)["dataset"]["name"] else f"{each} ({card(each)['dataset']['name']})"
                         for each in (first, second))  # fmt: skip
    if predicted is None or measured is None:
        start = f"Whether {names} become recognizable in theory's order cannot be said"
    else:
        order = "in theory's order" if measured else "in the other order than theory's"
        start = f"{names} become recognizable {order}"
    places = " and ".join(f"{say.ends(known[each], slack=0.005)}" for each in (first, second))
    parts = [f"Theory decides the class at logSNR {places}", _halves(first, second, halves, say)]
    if there(first, "speciation") and there(second, "speciation"):
        copies = [agreement(each) for each in (first, second)]
        overlap = ", whose intervals overlap" if _before(copies[0][0], copies[1][0]) is None else ""
        places = " and ".join(say.ends(found, slack=0.02) for found, _ in copies)
        n = " and ".join(say(pairs) for _, pairs in copies)
        parts.append(
            "copies of a chain have gone 55 % of the way from chance to the most that they agree at logSNR "
            f"{places} (n = {n}){overlap}, which theory, of two classes, does not order"
        )
    return f"{start}.\n{'; '.join(parts)}."


def _halves(first: str, second: str, halves: dict[str, tuple[Found, Found, int]], say: Say) -> str:
    idle = [each for each in (first, second) if each not in halves]
    if idle:
        return f"{idle[0]} is not judged on this"
    seen, framed = ([halves[each][kind] for each in (first, second)] for kind in (0, 1))
    overlap = ", whose intervals overlap" if _before(*framed) is None else ""
    blurred = " because of what kept frames leave open" if overlap and _before(*seen) is not None else ""
    places = " and ".join(say.ends(each, slack=0.02) for each in framed)
    n = " and ".join(say(halves[each][2]) for each in (first, second))
    told = f"{places} (n = {n}){overlap}{blurred}"
    return f"half of the pictures are recognizable, each before its own judge, at logSNR {told}"


def halfway(seen: Recognized) -> tuple[Found, Found, int]:
    """Where the mean of the classes' shares reaches a half, by straight lines; also with the frames around it; n."""
    level = seen.level[seen.level < 20]

    def crossing(weight: Numbers) -> float:
        hits = [np.bincount(seen.at[seen.label == label], weight[seen.label == label], len(seen.level) + 1).cumsum()
                for label in np.unique(seen.label)]  # fmt: skip
        return through(level, np.mean([each / each[-1] for each in hits], axis=0)[: len(level)], 0.5)

    found = ends(crossing(np.ones(len(seen.at))), drawn(seen.seed, crossing, 300))
    after = int(np.searchsorted(level, found.value))
    return found, Found(found.value, min(found.low, level[after - 1]), max(found.high, level[after])), len(seen.at)


def _before(one: Found | None, other: Found | None) -> bool | None:
    """Whether one lies at more noise; None where that cannot be said."""
    if one is None or other is None or (one.low <= other.high and other.low <= one.high):
        return None
    return one.value < other.value
