"""Every verdict on the source's statements for a run, from its files by numpy alone: (statement, verdict) of each part.

The rules are those that the page prints beside each verdict; intervals and p-values are this folder's own.
"""

import json
import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import onnxruntime
from oracle_experiments import guided_gains, ranks, times_as_far, worse
from parquet_oracle import (
    ROOT,
    RUNS,
    SOURCE,
    Found,
    Numbers,
    Recognized,
    Z,
    at_once,
    card,
    close,
    columns,
    figure,
    flips,
    half,
    holm,
    less,
    linear,
    mean,
    recognized,
    share,
    student_mean,
    table_of,
    there,
    threshold,
    wilson,
)

YES, NO, OPEN = "supported", "not supported", "cannot say"
MISSING = "for want of data"
DIGITS = list("0123456789")
Verdicts = list[tuple[str, str]]


def side(found: Found, yes_below: float, no_above: float | None = None) -> str:
    """Supported where all of the interval lies below, not supported where all of it lies above."""
    no_above = yes_below if no_above is None else no_above
    return YES if found.high < yes_below else NO if found.low > no_above else OPEN


def s1(run: str) -> Verdicts:
    """Real pictures before the judge of noisy ones, whose accuracy by noise stands on its card."""
    judge = json.loads((ROOT / "evaluator" / "judges" / f"{card(run)['dataset']['name']}-noisy.json").read_text())
    if judge["classes"] != card(run)["dataset"]["classes"]:
        return [("S1", MISSING)]
    rows = sorted((-row["logsnr"], wilson(row["value"], row["n"])) for row in judge["accuracy_by_noise"])
    rises = any(later.low > one.high for (_, one), (_, later) in pairwise(rows))
    fades = NO if rises else side(less(rows[-1][1], rows[0][1]), 0)
    config, guest = card(run)["config"], card(run).get("guest")
    end = linear(int(config["schedule"][7:]))[-1] if config.get("schedule", "").startswith("linear-") else -12.9
    end = guest["logsnr"][0] if guest else end
    above, below = [found for level, found in rows if -level >= end], [found for level, found in rows if -level <= end]
    left = Found(0, below[0].low if below else 0.0, above[-1].high if above else 1.0)
    return [("S1", fades), ("S1", side(left, 2 / len(judge["classes"])))]


def ablations(run: str, source: str) -> Verdicts:
    """Pictures with parts taken away, of the same noise."""
    if not there(run, "ablations"):
        return [(source, MISSING)]
    kept = columns(run, "ablations", "part", "label", "seed", "top", "real")
    right, real = kept["top"] == kept["label"], kept["real"].astype(bool)
    of = {part: kept["part"] == part for part in np.unique(kept["part"])}
    whole = share(right[of["none"]], kept["seed"][of["none"]])
    little = 100 * whole.low <= 100 / len(card(run)["dataset"]["classes"]) + 2

    def missed(part: str, hits: Numbers) -> str:
        if little and hits is not right:
            return OPEN
        cut, all_parts = (share(hits[of[name]], kept["seed"][of[name]]) for name in (part, "none"))
        return side(less(cut, all_parts), -2)

    skips = sorted((part for part in of if part.startswith("skips ")), key=lambda part: -int(part.split()[1]))
    among = share(real[of["label"]], kept["seed"][of["label"]])
    return {
        "S2": [(source, missed("steps", right & real))],
        "S4": [(source, missed(part, right & real)) for part in ("skips", *skips[:1])],
        "S5": [(source, missed("label", right)), (source, side(Found(0, -among.high, -among.low), -0.5))],
        "S6": [(source, missed("time", right & real))],
    }[source]


def recognition(run: str, source: str) -> Verdicts:
    """When digits are recognized, and how many never are: the same at every threshold from the null's on."""
    if not there(run, "judgements"):
        return [(source, MISSING)]
    least = threshold(run)
    above = [each for each in (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99) if each > least]
    first, *others = (_recognition(run, source, each) for each in (least, *above))
    if all(verdict == OPEN for _, verdict in first):
        return first
    return [(source, one[1] if {each[1] for each in same} <= {one[1]} else OPEN)
            for one, *same in zip(first, *others, strict=True)]  # fmt: skip


def _recognition(run: str, source: str, least: float) -> Verdicts:
    seen, digits = recognized(run, close(run), least), card(run)["dataset"]["classes"] == DIGITS
    apart = float(np.diff(seen.percent).max())
    untimed = apart > 20 or 2 * seen.never.sum() > len(seen.at)
    if source == "S3":
        seventy = OPEN if untimed else _seventy(run, seen)
        return [("S3", seventy)] + [("S3", each) for each in (means(seen, ((1, 7), (5, 8)), untimed) if digits else ())]
    groups = (0, 1, 7), (3, 5, 8)
    return [("S10", each) for each in (*means(seen, groups, untimed), *shares(seen, groups))]


def _seventy(run: str, seen: Recognized) -> str:
    own = len(seen.level) == len(SOURCE) and np.allclose(seen.level, SOURCE, atol=1e-3)
    if not own and not close(run):
        return OPEN
    found = half(seen, seen.level)
    done = np.interp(found, SOURCE, np.linspace(0, 100, len(SOURCE)))
    inside = done[1] >= 60 and done[2] <= 80
    return YES if inside else NO if done[2] < 60 or done[1] >= 80 else OPEN


def means(seen: Recognized, groups: Sequence[tuple[int, ...]], untimed: bool) -> list[str]:
    """The first group earlier and the second later than the digits outside, by mean places on the same noise."""
    if untimed:
        return [OPEN] * len(groups)
    right, left = (np.clip(axis(seen.percent), 0, 100) for axis in (seen.place, seen.since))
    never = seen.never | ~np.isfinite(seen.since(seen.percent))
    table, width = (
        table_of(np.where(never, right, (left + right) / 2), seen),
        float(np.where(never, 0, right - left).mean()),
    )
    apart = [(table[:, digit], np.delete(table, group, axis=1).mean(axis=1)) for group in groups for digit in group]
    p = holm(dict(enumerate(flips(apart))))
    effects = [mean(own - others, np.arange(len(table))) for own, others in apart]
    return _groups(groups, effects, p, 1.0 - width)


def shares(seen: Recognized, groups: Sequence[tuple[int, ...]]) -> list[str]:
    """The first group less often and the second more often never recognized; hits of a seed fall on any digit alike."""
    generator, effects, p = np.random.default_rng(17), [], []
    for group in groups:
        others = ~np.isin(seen.label, group)
        for digit in group:
            own = seen.label == digit
            effects.append(less(share(seen.never[own], seen.seed[own]), share(seen.never[others], seen.seed[others])))
            pool = own | others
            hits, size = (
                np.bincount(seen.seed[part], minlength=1 + seen.seed.max()) for part in (pool & seen.never, pool)
            )
            drawn = (generator.random((4000, len(hits))) < hits / np.maximum(size, 1)).sum(axis=1)
            found = int((own & seen.never).sum())
            p.append(min(1.0, 2 * min((drawn <= found).mean(), (drawn >= found).mean())))
    return _groups(groups, effects, holm(dict(enumerate(p))), 0.0)


def _groups(groups: Sequence[tuple[int, ...]], effects: list[Found], p: dict[int, float], margin: float) -> list[str]:
    """Supported where each digit is on its side, not supported where one surely is not, widened for all of them."""
    wide, start, verdicts = at_once(len(effects)) / Z, 0, []
    for group, sign in zip(groups, (-1, 1), strict=True):
        said = []
        for place in range(start, start + len(group)):
            effect = effects[place]
            best = sign * (effect.value + wide * ((effect.high if sign > 0 else effect.low) - effect.value))
            said.append(YES if p[place] <= 0.05 and sign * effect.value > 0 else NO if best < margin else OPEN)
        start += len(group)
        verdicts.append(YES if set(said) == {YES} else NO if NO in said else OPEN)
    return verdicts


def s7(run: str) -> Verdicts:
    """The first and the last tenth of the logged losses, ten stretches of each; and what was predicted."""
    kept = columns(run, "metrics", "step", "value", metric="loss")
    values = kept["value"][np.argsort(kept["step"], kind="stable")]
    tenth = len(values) // 10
    ends = [np.array([part.mean() for part in np.array_split(part, 10)]) for part in (values[:tenth], values[-tenth:])]
    predicted = {"noise": YES, "edm": NO}.get(card(run)["config"].get("prediction", ""), OPEN)
    return [("S7", side(less(student_mean(ends[1]), student_mean(ends[0])), 0)), ("S7", predicted)]


def s8(run: str) -> Verdicts:
    """Pictures kept in the first and the last quarter of the training, before the judge's own graph."""
    kept = columns(run, "snapshots", "step", "label", "seed", "image")
    moments = np.unique(kept["step"])
    quarter = len(moments) // 4 or 1
    session = onnxruntime.InferenceSession(ROOT / "evaluator" / "judges" / f"{card(run)['dataset']['name']}-clean.onnx")
    found = []
    for chosen in (moments[-quarter:], moments[:quarter]):
        rows = np.isin(kept["step"], chosen)
        pixels = np.stack([np.frombuffer(image, np.uint8) for image in kept["image"][rows]]).reshape(-1, 1, 28, 28)
        top = session.run(["logits"], {"x": (pixels / 127.5 - 1).astype(np.float32)})[0].argmax(axis=1)
        found.append(share(top == kept["label"][rows], kept["label"][rows] * 1000 + kept["seed"][rows]))
    apart = less(*found)
    return [("S8", YES if apart.low > 0 else NO if apart.high < 1 else OPEN)]


def s9(run: str) -> Verdicts:
    """Ranks of 0, and of 4 and 9, by each score of each CLIP."""
    verdicts: Verdicts = []
    if not there(run, "clip"):
        return [("S9", MISSING)]
    for judge in sorted(set(columns(run, "clip", "judge")["judge"])):
        for score in ("probability", "z", "cosine"):
            found = ranks(run, judge, score)
            for named, places in (((0,), {1}), ((4, 9), {9, 10})):
                held = [set(range(low, high + 1)) for low, high in (found[label] for label in named)]
                out = any(not each & places for each in held)
                verdicts.append(("S9", YES if all(each <= places for each in held) else NO if out else OPEN))
    return verdicts


def s11(run: str) -> Verdicts:
    """CLIP's weights, for each number of steps, against a constant scale of the same mean and against their shuffle."""
    if not there(run, "guided"):
        return [("S11", MISSING)]
    counts = np.unique(columns(run, "guided", "steps")["steps"])
    pairs = [list(guided_gains(run, int(count)).values()) for count in counts]
    return [("S11", each) for each in _gains([pair[kind] for kind in (0, 1) for pair in pairs])]


def _gains(pairs: list[tuple[Numbers, Numbers]]) -> list[str]:
    """Shares by noise seed of one law and of another: higher, or surely by less than a point, where there is room."""
    p, wide, verdicts = holm(dict(enumerate(flips(pairs)))), at_once(len(pairs)) / Z, []
    for place, (ours, theirs) in enumerate(pairs):
        found = student_mean(100 * (ours - theirs))
        small = found.value + wide * (found.high - found.value) < 1
        room = 100 * (1 - theirs.mean()) >= 1
        verdicts.append(YES if p[place] <= 0.05 and found.value > 0 else NO if room and small else OPEN)
    return verdicts


def s12(run: str) -> Verdicts:
    """The label's worth, and the best of the constant scales above 1 against scale 1."""
    if not there(run, "guided"):
        return [("S12", MISSING)]
    kept = columns(run, "guided", "law", "scale", "steps", "seed", "label", "cnn")
    right, constant = kept["cnn"] == kept["label"], kept["law"] == "constant"
    seeds = np.unique(kept["seed"])

    def by_seed(cell: Numbers) -> Numbers:
        return np.array([right[cell & (kept["seed"] == seed)].mean() for seed in seeds])

    label, bare = (by_seed(constant & (kept["scale"] == scale)) for scale in (1, 0))
    worth = student_mean(100 * (label - bare))
    cells = [
        (by_seed(constant & (kept["steps"] == count) & (kept["scale"] == scale)),
         by_seed(constant & (kept["steps"] == count) & (kept["scale"] == 1)))
        for count in np.unique(kept["steps"])
        for scale in np.unique(kept["scale"][constant & (kept["steps"] == count)]) if scale > 1
    ]  # fmt: skip
    found = _gains(cells)
    blended = YES if YES in found else NO if set(found) == {NO} else OPEN
    return [("S12", side(Found(0, -worth.high, -worth.low), -50)), ("S12", blended)]


def s13(run: str) -> Verdicts:
    """DDPM with 99 evaluations or more against DDIM with 20 at most: time, accuracy, distance."""
    if not there(run, "steps"):
        return [("S13", MISSING)]
    kept = columns(run, "steps")
    own, count = kept["network"] == run, kept["evaluations"]
    short = own & (kept["solver"] == "ddim") & (count <= 20)
    drawn = [own & (kept["solver"] == solver) & (count >= 99) for solver in ("ddpm", "ddpm-previous", "ddpm-large")]
    long = next(some for some in drawn if some.any())
    slow, quick = np.flatnonzero(long)[count[long].argmin()], np.flatnonzero(short)[count[short].argmax()]
    times = [kept[one][slow] / kept[other][quick] for one, other in (("ms_low", "ms_high"), ("ms_high", "ms_low"))]
    lost, far = worse(run, int(quick), int(slow), Z), times_as_far(run, int(quick), int(slow), Z)
    loses = YES if lost.low > -1 else NO if lost.high < -1 else OPEN
    return [("S13", YES if times[0] > 2 else NO if times[1] < 2 else OPEN), ("S13", loses), ("S13", side(far, 1.3))]


def s14(run: str) -> Verdicts:
    """This run beside the one of other data whose pictures teach best: points short of real ones, and distances."""
    kinds = ("mnist", "digits5000"), ("fashion-mnist", "cifar10")
    if not any(card(run)["dataset"]["name"] in kind for kind in kinds):
        return []  # two other runs say nothing of it
    digits, harder = (
        run if card(run)["dataset"]["name"] in kind else max(
            (each for each in RUNS if card(each)["dataset"]["name"] in kind and figure(each, "cas")),
            key=lambda each: figure(each, "cas")["value"])
        for kind in kinds
    )  # fmt: skip
    if not figure(run, "cas"):
        return [("S14", OPEN)] * 2
    taught, real, far = ({each: Found(*(figure(each, name)[end] for end in ("value", "low", "high")))
                          for each in (digits, harder)} for name in ("cas", "cas_real", "frechet_ratio"))  # fmt: skip
    short = {each: less(real[each], taught[each], 1.0) for each in (digits, harder)}
    apart = less(short[harder], short[digits])
    alike = figure(digits, "accuracy")["n"] == figure(harder, "accuracy")["n"]  # as many pictures taught
    drawn = all(has_draws(each) for each in (digits, harder))  # older versions kept none
    if not drawn or figure(digits, "frechet_ratio")["n"] != figure(harder, "frechet_ratio")["n"]:
        farther = OPEN  # distances shrink with n
    else:
        log = {each: Found(*(math.log(end) for end in found)) for each, found in far.items()}
        times = less(log[harder], log[digits], 1.0)
        farther = YES if times.low > 0 else NO if times.high < 0 else OPEN
    taught_apart = YES if apart.low > 0 else NO if apart.high < 1 else OPEN
    return [("S14", taught_apart if alike else OPEN), ("S14", farther)]


def has_draws(run: str) -> bool:
    """Whether the draws that the Fréchet distance's interval is of were kept."""
    kept = columns(run, "quality", metric="frechet").get("draws", [])
    return any(draw is not None and len(draw) > 0 for draw in kept)


def verdicts(run: str) -> Verdicts:
    """Of every statement that makes sense of the run: with labels, of digits, with a guidance of its own."""
    config, digits = card(run)["config"], card(run)["dataset"]["classes"] == DIGITS
    labels = config.get("label_dropout", 0) < 1
    guided = labels and not config.get("scale_high")
    asked: list[tuple[bool, Callable[[], Verdicts]]] = [
        (True, lambda: s1(run)), (guided, lambda: ablations(run, "S2")), (True, lambda: recognition(run, "S3")),
        (guided, lambda: ablations(run, "S4")), (guided, lambda: ablations(run, "S5")),
        (guided, lambda: ablations(run, "S6")), (True, lambda: s7(run)), (labels, lambda: s8(run)),
        (digits, lambda: s9(run)), (digits, lambda: recognition(run, "S10")), (guided, lambda: s11(run)),
        (guided, lambda: s12(run)), (guided, lambda: s13(run)), (labels, lambda: s14(run)),
    ]  # fmt: skip
    return [each for sensible, judge in asked if sensible for each in judge()]
