"""What the pages of the experiments must say of a run: Speciation, CLIP rankings, Guidance, Steps."""

import math
from itertools import combinations
from statistics import NormalDist

import numpy as np
from parquet_oracle import (
    CLEAN,
    Found,
    Numbers,
    at_once,
    card,
    columns,
    ends,
    holm,
    linear,
    share,
    spectrum,
    student_mean,
    there,
    weights,
    wilson,
)
from sentence_fixture import Say

UPTO = "{0} of {1} ranks can be told apart from all others: {2}."


def own_percent(run: str, level: float) -> float:
    """How much of the run's default sampling is done at a level; nan where it does not pass it."""
    config = card(run)["config"]
    name, count = config["levels"], int(config["steps"])
    if name == "logsnr":
        grid = np.linspace(-12, 9, count)
    elif name.startswith("linear-"):  # every so many of T, from the noisy end
        trained = int(name.removeprefix("linear-"))
        grid = linear(trained)[np.round(trained - trained / count * np.arange(count)).astype(int) - 1]
    else:
        grid = np.array([float(each) for each in name.split(",")])
    place = np.interp(level, np.append(grid, CLEAN), np.arange(count + 1), left=math.nan, right=math.nan)
    return 100 * float(place) / count


def speciation(run: str, say: Say) -> str:
    """Where copies of a chain agree, and where theory says so."""
    known = spectrum(run)
    told = None if known is None else own_percent(run, -math.log(known["value"]))
    if not there(run, "speciation"):
        if known is None or told is None:
            return f"No copies of {run}'s chains were followed yet, and theory has no number for its data."
        level = f"logSNR {say(-math.log(known['value']))}, which its chain does not pass" if math.isnan(told) else ""
        where = level or f"{say(told)} % of the steps"
        return f"Theory says that the class is decided around {where}; no copies of {run}'s chains were followed."
    classes, found, n = len(card(run)["dataset"]["classes"]), *agreement(run)
    done = Found(*(own_percent(run, end) for end in found))
    agree = "have gone 55 % of the way from chance to the most that they agree"
    if classes == 2:
        agree = "end in the same class 77.5 % of the time"
    text = (
        f"Two continuations of one chain begin to agree at {say(done.value)} % of the steps "
        f"[{say(done.low, 1)}, {say(done.high, 1)}], n = {say(n)} chains"
    )
    agree = f"\nTo agree: they {agree}."
    if known is None or told is None:
        return f"{text}; theory has no number for these data.{agree}"
    said = "that is outside the schedule" if math.isnan(told) else say(told)
    text += f"; theory says {said}.{agree}"
    if classes != 2:
        return f"{text} Theory is made for two equal classes: of {classes} no ratio to it is told."
    time = [0.5 * math.log1p(math.exp(-end - math.log(4))) for end in (found.value, found.high, found.low)]
    predicted = 0.5 * math.log(known["value"] / 4)  # the published ½ ln Λ, pictures in [0, 1]
    ratio = Found(*(each / predicted for each in time))
    return f"{text} Measured over predicted, in time, is {say.ends(ratio)}."


def agreement(run: str) -> tuple[Found, int]:
    """Where copies agree: in 77.5 % of the pairs of two classes, else 55 % of the way from chance to the most."""
    classes = len(card(run)["dataset"]["classes"])
    kept = columns(run, "speciation")
    bare = kept["label"] == classes
    rows = {name: column[bare] if bare.any() else column for name, column in kept.items()}
    level, place = np.unique(rows["logsnr"], return_inverse=True)
    seeds, member = np.unique(rows["seed"], return_inverse=True)
    same, first, second = rows["first"] == rows["second"], rows["first"], rows["second"]
    alike, pairs, named = (np.zeros((len(seeds), width)) for width in (len(level), len(level), classes))
    np.add.at(alike, (member, place), same)
    np.add.at(pairs, (member, place), 1)
    np.add.at(named, (member, first), 1)
    np.add.at(named, (member, second), 1)

    def crossing(weight: Numbers) -> float:
        phi = rising(weight @ alike / (weight @ pairs), weight @ pairs)
        often = weight @ named / (weight @ named).sum()
        chance, most = (0.5, 1.0) if classes == 2 else ((often**2).sum(), phi[-1])
        return through(level, (phi - chance) / (most - chance), 0.55)

    again = np.array([crossing(each) for each in weights(len(seeds), 600)])
    return ends(crossing(np.ones(len(seeds))), again), len({*zip(rows["label"], rows["seed"], strict=True)})


def rising(shares: Numbers, pairs: Numbers) -> Numbers:
    """The nearest shares that never fall: neighbours that do are pooled."""
    blocks = [[share, weight, 1] for share, weight in zip(shares, pairs, strict=True)]
    place = 0
    while place < len(blocks) - 1:
        (one, a, m), (two, b, k) = blocks[place], blocks[place + 1]
        if one <= two:
            place += 1
            continue
        blocks[place : place + 2] = [[(one * a + two * b) / (a + b), a + b, m + k]]
        place = max(place - 1, 0)
    return np.concatenate([np.full(count, share) for share, _, count in blocks])


def through(level: Numbers, shares: Numbers, least: float) -> float:
    """Where straight lines between rising shares reach the least."""
    at = int(np.argmax(shares >= least))
    if shares[-1] < least or at == 0:
        return math.inf if shares[-1] < least else -math.inf
    part = (least - shares[at - 1]) / (shares[at] - shares[at - 1])
    return float(level[at - 1] + part * (level[at] - level[at - 1]))


def clip_rankings(run: str, say: Say) -> str | None:
    """Which classes' mean probability is told apart from all others', by whole noise seeds drawn again."""
    if not there(run, "clip"):
        return None
    judges = columns(run, "clip_real", "judge", "in_domain")
    judge = sorted(zip(~judges["in_domain"].astype(bool), judges["judge"], strict=True))[0][1]
    names = card(run)["dataset"]["classes"]
    means, again, n = clip_means(run, str(judge), "probability")
    p = {}
    for one, other in combinations(range(len(names)), 2):
        apart = again[:, one] - again[:, other]
        p[one, other] = 2 * NormalDist().cdf(-abs(means[one] - means[other]) / apart.std())
    corrected, order = holm(p), np.argsort(-means)
    sure = [label for label in order if max(q for pair, q in corrected.items() if label in pair) <= 0.05]
    first = [
        f"{names[label]} {word}, {say.ends(ends(means[label], again[:, label]))}"
        for label, word in ((order[0], "first"), (order[-1], "last"))
        if label in sure
    ]
    ranks = ", and ".join(first) or "no class first or last as far as can be told"
    text = f"By mean softmax probability, {judge} ranks {ranks}, n = {say(n)} pictures"
    if not sure:
        return f"{text}.\nNo class's rank can be told apart from all others'."
    return f"{text}.\n{UPTO.format(say(len(sure)), say(len(names)), ', '.join(names[label] for label in sure))}"


def clip_means(run: str, judge: str, score: str) -> tuple[Numbers, Numbers, int]:
    """Each class's mean score (classes,), those of whole noise seeds drawn again (1000, classes), and n pictures."""
    kept = columns(run, "clip", "label", "seed", score, judge=judge, template="mean")
    seeds, row = np.unique(kept["seed"], return_inverse=True)
    table = np.full((len(seeds), len(card(run)["dataset"]["classes"])), math.nan)
    table[row, kept["label"]] = kept[score]
    drawn, means = np.isfinite(table), np.nanmean(table, axis=0)  # a seed may have drawn one class alone
    picks, apart = weights(len(seeds), 1000), np.where(drawn, table - means, 0).astype(np.float32)
    return means, means + picks @ apart / (picks @ drawn.astype(np.float32)), int(drawn.sum())


def ranks(run: str, judge: str, score: str) -> list[tuple[int, int]]:
    """The ranks that each class may have, the highest score first: behind all that are surely higher.

    Surely: by more than the 95 % quantile of the largest studentized difference of the class to any other.
    """
    means, again, _ = clip_means(run, judge, score)
    found = []
    for own in range(len(means)):
        moved = (again - means) - (again[:, [own]] - means[own])
        spread = np.where(np.arange(len(means)) == own, 1.0, moved.std(axis=0))
        limit = np.quantile(np.abs(moved / spread).max(axis=1), 0.95)
        apart = (means - means[own]) / spread
        found.append((1 + int((apart > limit).sum()), len(means) - int((apart < -limit).sum())))
    return found


def guided_gains(run: str, count: int) -> dict[str, tuple[Numbers, Numbers]]:
    """In so many steps, accuracy by noise seed of CLIP's weights and of what they are held against, scales above 1."""
    kept = columns(run, "guided", "law", "scale", "steps", "seed", "label", "cnn", "mean_scale")
    rows = {name: column[kept["steps"] == count] for name, column in kept.items()}
    right, seeds = rows["cnn"] == rows["label"], np.unique(rows["seed"])

    def by_seed(law: str, scale: float) -> tuple[Numbers, float]:
        cell = (rows["law"] == law) & (rows["scale"] == scale)
        hit = np.array([right[cell & (rows["seed"] == seed)].mean() for seed in seeds])
        return hit, float(rows["mean_scale"][cell].mean())

    scales = {law: np.unique(rows["scale"][rows["law"] == law]) for law in ("constant", "clip", "shuffled")}
    line = sorted((by_seed("constant", scale) for scale in scales["constant"] if scale >= 1), key=lambda each: each[1])
    own = [by_seed("clip", scale) for scale in scales["clip"] if scale > 1]
    inside = [(hit, at) for hit, at in own if line[0][1] <= at <= line[-1][1]]
    means, hits = [each[1] for each in line], np.array([each[0] for each in line])
    on_line = [np.array([np.interp(at, means, hits[:, seed]) for seed in range(len(seeds))]) for _, at in inside]
    shuffled = np.mean([by_seed("shuffled", scale)[0] for scale in scales["shuffled"] if scale > 1], axis=0)
    return {
        "a constant scale of the same mean": (np.mean([hit for hit, _ in inside], axis=0), np.mean(on_line, axis=0)),
        "their shuffled control": (np.mean([hit for hit, _ in own], axis=0), shuffled),
    }


def guidance(run: str, say: Say) -> str | None:
    """What CLIP's weights change in the most steps, against a constant scale of the same mean and their shuffle."""
    if not there(run, "guided"):
        return None
    kept = columns(run, "guided", "law", "scale", "steps", "seed", "label", "cnn")
    most = int(kept["steps"].max())
    rows = {name: column[kept["steps"] == most] for name, column in kept.items()}
    right, gains = rows["cnn"] == rows["label"], guided_gains(run, most)
    cramped = [name for name, (_, other) in gains.items() if 100 * (1 - other.mean()) < 1]
    parts = []
    for name, (ours, other) in gains.items():
        if name not in cramped:
            found = student_mean(100 * (ours - other))
            parts.append(f"{say.ends(found)} points against {name}")
    n = int(((rows["law"] == "clip") & (rows["scale"] > 1)).sum())  # each beside its own on the same noise
    of = f", n = {say(n)} pairs."
    said = [f"CLIP's weights change accuracy by {' and by '.join(parts)}{of}"] if parts else []
    if cramped:
        part = f"Accuracy leaves no room to say what CLIP's weights gain against {' and '.join(cramped)}"
        said.append(f"{part}." if parts else f"{part}{of}")
    plain = (rows["law"] == "constant") & (rows["scale"] == 1)
    bare = say.ends(share(right[plain], rows["seed"][plain]), 100, " %")
    how = f"In {most} steps, {say(len(np.unique(rows['seed'])))} noise seeds, before the CNN that did not guide, all"
    last = f"scales above 1; without guidance {bare}, n = {say(plain.sum())}, show the class asked."
    return "\n".join([said[0], " ".join([*said[1:], how, last])])


def steps(run: str, say: Say) -> str | None:
    """Whether fewer evaluations surely keep the quality of the best, by intervals that hold for all ways at once."""
    if not there(run, "steps"):
        return None
    kept = columns(run, "steps")
    classes = len(card(run)["dataset"]["classes"])
    tops = [np.frombuffer(top, np.uint8) for top in kept["top"]]
    right = [top == np.arange(len(top)) % classes for top in tops]
    own, ratio = kept["network"] == run, kept["frechet_ratio"]
    good = [row for row in np.flatnonzero(own) if ratio[row] <= 1.3 * ratio[own].min()]
    best = max(good, key=lambda row: (right[row].mean(), -ratio[row], -kept["evaluations"][row]))
    wide = at_once(len(tops) - 1)
    kinds = {row: _keeps(run, row, int(best), wide) for row in range(len(tops)) if row != best}
    enough = [row for row, kind in kinds.items() if kind == "yes"] + [best]
    fewest = min(enough, key=lambda row: (kept["evaluations"][row], kept["ms"][row]))
    if fewest != best:
        text = _fewer_do(run, say, int(fewest), int(best))
        return f"{text}\n\n{_late_start(run, say)}" if there(run, "late_start") else text
    fewer = [row for row, kind in kinds.items() if kept["evaluations"][row] < kept["evaluations"][best]]
    unknown = [row for row in fewer if kinds[row] == "cannot say"]
    accuracy = say.ends(wilson(float(right[best].mean()), len(right[best])), 100, " %")
    told = f"{kept['solver'][best]}, {say(kept['evaluations'][best])} evaluations: {accuracy} of the asked class"
    assert unknown, "nothing is open: the page says that nothing keeps the quality"
    text = (
        f"Whether fewer evaluations keep the quality of {run} cannot be said of {say(len(unknown))} ways; the source "
        f"takes 100+.\nIts reference: {told}, n = {say(len(right[best]))}. {_chosen(run, say, int(best))}"
    )
    return f"{text}\n\n{_late_start(run, say)}" if there(run, "late_start") else text


def _fewer_do(run: str, say: Say, fewest: int, best: int) -> str:
    """What the way of fewest evaluations that keeps the quality loses against the best."""
    kept = columns(run, "steps")
    wide, n = at_once(len(kept["top"]) - 1), kept["n"][best]
    lost, far = worse(run, fewest, best, wide), times_as_far(run, fewest, best, wide)
    drawer = kept["solver"][fewest] if kept["network"][fewest] == run else kept["network"][fewest]
    accuracy = say.ends(wilson(float(kept["accuracy"][best]), n), 100, " %")
    return (
        f"{say(kept['evaluations'][fewest])} evaluations are enough: {drawer} loses "
        f"{say.ends(Found(-lost.value, -lost.high, -lost.low))} points of accuracy against {run}'s reference, "
        f"n = {say(n)} pictures of the same noise.\nThe reference: {kept['solver'][best]}, "
        f"{say(kept['evaluations'][best])} evaluations, {accuracy}; at {say.ends(far)} times its Fréchet "
        f"distance; intervals that hold for "
        f"{say(len(kept['top']) - 1)} ways at once. {_chosen(run, say, best)} The source takes 100+."
    )


def _chosen(run: str, say: Say, best: int) -> str:
    """By which rule it was chosen, and how many of the run's own ways have intervals that overlap its own."""
    kept = columns(run, "steps")
    other = [row for row in np.flatnonzero(kept["network"] == run) if row != best]
    ends = {row: wilson(float(kept["accuracy"][row]), kept["n"][row]) for row in (*other, best)}
    tied = sum(ends[row].low <= ends[best].high and ends[row].high >= ends[best].low for row in other)
    return (
        f"The reference has the highest accuracy among its ways at most {say(1.3)} times as far from real pictures as "
        f"the closest; by accuracy it is not told apart from {say(tied)} of {say(len(other))} others of its own."
    )


def _late_start(run: str, say: Say) -> str:
    """The closest of the late starts of ten steps, whose draws are paired with the ordinary start's."""
    kept = columns(run, "late_start")
    most = max({3, 5, 10} & set(kept["steps"].tolist()))  # of the published figures' numbers of steps
    own, late = kept["steps"] == most, np.isfinite(kept["logsnr"].astype(float))
    plain, best = np.flatnonzero(own & ~late)[0], min(np.flatnonzero(own & late), key=lambda row: kept["frechet"][row])
    ratio = kept["frechet"][best] / kept["frechet"][plain]
    apart = kept["draws"][best] / kept["frechet"][best] - kept["draws"][plain] / kept["frechet"][plain]
    error = at_once(int(late.sum())) * float(np.std(apart, ddof=1))
    found = Found(ratio, ratio * math.exp(-error), ratio * math.exp(error))
    closer, at = f"{say(most)} steps of {run} that begin late", f"at logSNR {say(kept['logsnr'][best])}"
    told = f"{say.ends(found)} times as far from real pictures as from pure noise, n = {say(kept['n'][best])}"
    if found.low <= 1 <= found.high:
        return f"Whether {closer}, {at}, end closer cannot be said.\nThey end {told}."
    return f"{closer} end {told}.\nThey begin {at}."


def _keeps(run: str, row: int, best: int, wide: float) -> str:
    """At most a point of accuracy lost and at most 1.3 times as far."""
    lost, far = worse(run, row, best, wide), times_as_far(run, row, best, wide)  # ends are nan without draws
    if lost.high < -1 or far.low > 1.3:
        return "no"
    return "yes" if lost.low > -1 and far.high < 1.3 else "cannot say"


def worse(run: str, row: int, other: int, wide: float) -> Found:
    """Points of accuracy that a way of drawing has over another on the same noise, by Bonett and Price."""
    tops = columns(run, "steps")["top"]
    one, two = (np.frombuffer(tops[each], np.uint8) for each in (row, other))
    asked = np.arange(len(one)) % len(card(run)["dataset"]["classes"])
    n, ours, theirs = len(one), one == asked, two == asked
    more, less = ((int((mine & ~others).sum()) + 1) / (n + 2) for mine, others in ((ours, theirs), (theirs, ours)))
    error = wide * math.sqrt((more + less - (more - less) ** 2) / (n + 2))
    return Found(100 * (ours.mean() - theirs.mean()), 100 * (more - less - error), 100 * (more - less + error))


def times_as_far(run: str, row: int, other: int, wide: float) -> Found:
    """A way's distance over another's, in pairs of the draws of both; nan without any."""
    kept = columns(run, "steps")
    if kept.get("frechet_draws", [None])[0] is None:
        return Found(math.nan, math.nan, math.nan)
    far, draws = kept["frechet"], kept["frechet_draws"]
    apart = np.asarray(draws[row]) / far[row] - np.asarray(draws[other]) / far[other]
    ratio, error = far[row] / far[other], wide * float(np.std(apart, ddof=1))
    return Found(ratio, ratio * math.exp(-error), ratio * math.exp(error))
