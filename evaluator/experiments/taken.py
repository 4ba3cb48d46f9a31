"""What is left of a run's pictures with a part taken away: shares, paired differences, and what the source says of it.

The seam is here because a page, the command line and the claims ask the same rows, and drawing them is another matter.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluator.claims import CANNOT, NOT, SUPPORTED, Claim, Verdict
from evaluator.statistics import Estimate, plain, share, share_difference

NONE, SKIPS, TIME, LABEL, STEPS = "none", "skips", "time", "label", "steps"
MARGIN = 2.0  # points: a part whose loss costs less is not missed
UNIT, NAMED = "points of good pictures", "points of accuracy"

U_NET = "down blocks, up blocks, skip connections that carry edges and strokes past the bottleneck"
TOLD = (
    "label → one-hot → embedding network; a c_mask switches conditioning on or off; added to the time embedding in the "
    "middle of the U-Net"
)
TIMED = "sinusoidal, injected in the network, tells it how much noise to remove"
GRADUAL = "why many small steps: each level teaches one stage of denoising; shown, not only said"
MEASURE = (
    "share of good pictures (the judge names the class asked for, and the picture lies among real ones in the judge's "
    "features), {taken}, less that with all parts in place on the same noise; supported where its 95 % interval, "
    f"clustered on the noise seed, lies below −{MARGIN:g} points, not supported where it lies above"
)
S2 = Claim("S2", "one giant step will not do", GRADUAL, MEASURE.format(taken="drawn in one step"))
S4 = Claim("S4", "skips are needed", U_NET, MEASURE.format(taken="all skips silenced"))
S4_FINEST = Claim("S4", "the finest carry edges and strokes", U_NET, MEASURE.format(taken="the finest skips silenced"))
S5 = Claim(
    "S5", "the label decides the class", TOLD,
    "accuracy of the asked class with c_mask off less that with it on, on the same noise; supported where its 95 % "
    f"interval, clustered on the noise seed, lies below −{MARGIN:g} points, not supported where it lies above. Off, a "
    "noise gives the same picture for every class asked for, so chance is all that is left",
)  # fmt: skip
S5_OFF = Claim(
    "S5", "off, it draws without a class", TOLD,
    "share of pictures drawn with c_mask off that lie among real ones in the judge's features; supported where its "
    "95 % interval lies above one half, not supported where it lies below",
)  # fmt: skip
S6 = Claim("S6", "it tells how much noise to remove", TIMED, MEASURE.format(taken="time embedding frozen half-way"))


@dataclass(frozen=True)
class Taken:
    """Pictures (N,) drawn with a part taken away, and what the judge says of them."""

    part: NDArray[Any]  # (N,) NONE: all in place
    label: NDArray[np.int64]  # (N,)
    seed: NDArray[np.int64]  # (N,)
    right: NDArray[np.bool_]  # (N,) the judge names the class asked for
    real: NDArray[np.bool_] | None  # (N,) lies among real pictures; None where that is not known
    evaluations: NDArray[np.int64]  # (N,)
    classes: int

    @property
    def good(self) -> NDArray[np.bool_]:
        """(N,) right, and among real ones where that is known."""
        return self.right if self.real is None else self.right & self.real

    @property
    def parts(self) -> list[str]:
        """What was taken away: nothing first, then as a network is gone through."""
        order = {NONE: (0, 0), SKIPS: (2, 0), TIME: (3, 0), LABEL: (4, 0), STEPS: (5, 0)}
        found = {str(part) for part in np.unique(self.part)}
        return sorted(found, key=lambda part: order.get(part, (1, -size_of(part))))


def taken_from(columns: Mapping[str, Any], classes: int) -> Taken:
    """From the rows of ablations.parquet of one run, column name -> values (N,)."""
    label = np.asarray(columns["label"], np.int64)
    real = np.asarray(columns["real"], object)
    known = len(real) > 0 and all(isinstance(each, (bool, np.bool_)) for each in real)
    return Taken(
        np.asarray(columns["part"]).astype(str), label, np.asarray(columns["seed"], np.int64),
        np.asarray(columns["top"], np.int64) == label, real.astype(bool) if known else None,
        np.asarray(columns["evaluations"], np.int64), classes,
    )  # fmt: skip


def skips_at(size: int) -> str:
    """The name of the skips that carry pictures of this height and width."""
    return f"{SKIPS} {size}"


def size_of(part: str) -> int:
    """Height and width of what the skips of this name carry; 0 for any other part."""
    number = part.removeprefix(f"{SKIPS} ")
    return int(number) if number != part and number.isdecimal() else 0


def named(part: str) -> str:
    """What was done, for people."""
    if size_of(part):
        return f"skips at {size_of(part)} × {size_of(part)} silenced"
    return {
        NONE: "all parts in place", SKIPS: "all skips silenced", TIME: "time embedding frozen half-way",
        LABEL: "label withheld (c_mask off)", STEPS: "one giant step",
    }.get(part, part)  # fmt: skip


def figures(run: str, found: Taken, level: float | None = None) -> dict[str, Any]:
    """Every part's shares and what its loss costs, as plain values; `level`: logSNR at which the time was frozen."""
    rows = []
    for part in found.parts:
        here = found.part == part
        hits = {"accuracy": found.right, "real": found.real, "good": found.good}
        rows.append(
            {"part": part, "taken": named(part), "n": int(here.sum()), "evaluations": int(found.evaluations[here][0])}
            | {name: None if hit is None else plain(share_of(found, hit, part)) for name, hit in hits.items()}
            | {f"{name}_change": None if hit is None or part == NONE else plain(change(found, hit, part))
               for name, hit in hits.items()}
        )  # fmt: skip
    return {"run": run, "frozen_at": level, "chance": 1 / found.classes, "parts": rows}


def share_of(found: Taken, hits: NDArray[np.bool_], part: str) -> Estimate:
    """The share of hits without a part, clustered on the seed."""
    here = found.part == part
    return share(hits[here], found.seed[here])


def change(found: Taken, hits: NDArray[np.bool_], part: str) -> Estimate:
    """The share of hits without the part less that with all in place, from the same noise; clustered on the seed."""
    return share_difference(hits, found.seed, found.part == part, found.part == NONE)


def report(found: dict[str, Any]) -> str:
    """The figures as a table for people."""
    lines = [f"{found['run']}: pictures from the same noise with a part taken away; chance is {found['chance']:.0%}"]
    lines.append(f"{'taken away':<34}{'right, %':<24}{'among real ones, %':<24}{'good, change in points':<26}n")
    for row in found["parts"]:
        cells = (_ends(row["accuracy"]), _ends(row["real"]), _ends(row["good_change"]))
        lines.append(f"{row['taken']:<34}{cells[0]:<24}{cells[1]:<24}{cells[2]:<26}{row['n']:,}")
    return "\n".join(lines)


def s2(found: Taken) -> tuple[Verdict, ...]:
    """Many small steps: what one giant step costs."""
    return (_missed(S2, found, STEPS),)


def s4(found: Taken) -> tuple[Verdict, ...]:
    """Skip connections: what silence in all of them, and in the finest, costs."""
    sizes = [size_of(part) for part in found.parts if size_of(part)]
    finest = (_missed(S4_FINEST, found, skips_at(max(sizes))),) if sizes else ()
    return (_missed(S4, found, SKIPS), *finest)


def s5(found: Taken) -> tuple[Verdict, ...]:
    """Class conditioning: what the label decides, and what is drawn without one."""
    decides = _missed(S5, found, LABEL, found.right)
    off = found.part == LABEL
    if found.real is None or not off.any():
        return decides, Verdict(S5_OFF, CANNOT, "No picture was compared with real ones.", n=int(off.sum()))
    among = _points(share_of(found, found.real, LABEL))
    verdict = SUPPORTED if among.low > 50 else NOT if among.high < 50 else CANNOT
    reason = f"Without a label {_said(among)} of the pictures lie among real ones; n = {among.n:,}."
    return decides, Verdict(S5_OFF, verdict, reason, among, "% of pictures", None, among.n)


def s6(found: Taken) -> tuple[Verdict, ...]:
    """Time embedding: what freezing it costs."""
    return (_missed(S6, found, TIME),)


def _missed(claim: Claim, found: Taken, part: str, hits: NDArray[np.bool_] | None = None) -> Verdict:
    """Whether the loss of a part costs more than the margin."""
    hits, unit = (found.good, UNIT) if hits is None else (hits, NAMED)
    n = int((found.part == part).sum())
    if not n or not (found.part == NONE).any():
        return Verdict(claim, CANNOT, f"No pictures were drawn with {named(part)} and with all in place.", n=n)
    if len(np.unique(found.seed)) < 2:
        return Verdict(claim, CANNOT, "All pictures come from one noise seed, and differences are unknown.", n=n)
    whole, chance = _points(share_of(found, found.right, NONE)), 100 / found.classes
    if whole.low <= chance + MARGIN and hits is not found.right:
        reason = f"With all parts in place only {_said(whole)} of the pictures are right, so there is little to break."
        return Verdict(claim, CANNOT, reason, n=n)
    effect = _points(change(found, hits, part))
    verdict = SUPPORTED if effect.high < -MARGIN else NOT if effect.low > -MARGIN else CANNOT
    with_all, without = (_points(share_of(found, hits, each)) for each in (NONE, part))
    what = "right" if hits is found.right or found.real is None else "right and among real ones"
    reason = f"With {named(part)} {_said(without)} of the pictures are {what}, with {named(NONE)} {_said(with_all)}."
    return Verdict(claim, verdict, reason, effect, unit, None, n)


def _points(part: Estimate) -> Estimate:
    return Estimate(100 * part.value, 100 * part.low, 100 * part.high, part.n)


def _said(part: Estimate) -> str:
    return f"{part.value:.1f} % [{part.low:.1f}, {part.high:.1f}]"


def _ends(found: dict[str, Any] | None) -> str:
    if found is None or found["value"] is None:
        return "-"
    return f"{100 * found['value']:.1f} [{100 * found['low']:.1f}, {100 * found['high']:.1f}]"
