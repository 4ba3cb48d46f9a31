"""What pictures with a part taken away say of the source: S2, S4, S5 and S6."""

import numpy as np
from numpy.typing import NDArray

from evaluator.experiments.ablation_figures import (
    LABEL,
    NONE,
    SKIPS,
    STEPS,
    TIME,
    Ablated,
    change,
    part_name,
    share_of,
    size_of,
    skips_at,
)
from evaluator.stats.intervals import in_points
from evaluator.verdict import CANNOT, Claim, Verdict, above, below
from firstlight.interval_text import percent, with_interval

MARGIN = 2.0  # points: a part whose loss costs less is not missed
UNIT, NAMED = "points of good pictures", "points of accuracy"

U_NET = "down blocks, up blocks, skip connections that carry edges and strokes past the bottleneck"
CONDITIONING = (
    "label → one-hot → embedding network; a c_mask switches conditioning on or off; added to the time embedding in the "
    "middle of the U-Net"
)
TIME_EMBEDDING = "sinusoidal, injected in the network, tells it how much noise to remove"
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
    "S5", "the label decides the class", CONDITIONING,
    "accuracy of the asked class with c_mask off less that with it on, on the same noise; supported where its 95 % "
    f"interval, clustered on the noise seed, lies below −{MARGIN:g} points, not supported where it lies above. Off, a "
    "noise gives the same picture for every class asked for, so chance is all that is left",
)  # fmt: skip
S5_OFF = Claim(
    "S5", "off, it draws without a class", CONDITIONING,
    "share of pictures drawn with c_mask off that lie among real ones in the judge's features; supported where its "
    "95 % interval lies above one half, not supported where it lies below",
)  # fmt: skip
S6 = Claim(
    "S6", "it tells how much noise to remove", TIME_EMBEDDING, MEASURE.format(taken="time embedding frozen half-way")
)


def s2(pictures: Ablated) -> tuple[Verdict, ...]:
    """Many small steps: what one giant step costs."""
    return (_missed(S2, pictures, STEPS),)


def s4(pictures: Ablated) -> tuple[Verdict, ...]:
    """Skip connections: what silence in all of them, and in the finest, costs."""
    sizes = [size_of(part) for part in pictures.parts if size_of(part)]
    finest = (_missed(S4_FINEST, pictures, skips_at(max(sizes))),) if sizes else ()
    return (_missed(S4, pictures, SKIPS), *finest)


def s5(pictures: Ablated) -> tuple[Verdict, ...]:
    """Class conditioning: what the label decides, and what is drawn without one."""
    decides = _missed(S5, pictures, LABEL, pictures.right)
    off = pictures.part == LABEL
    if pictures.real is None or not off.any():
        return decides, Verdict(S5_OFF, CANNOT, "No picture was compared with real ones.", n=int(off.sum()))
    among = in_points(share_of(pictures, pictures.real, LABEL))
    verdict = above(among, 50)
    reason = f"Without a label {with_interval(among, unit=' %')} of the pictures lie among real ones; n = {among.n:,}."
    return decides, Verdict(S5_OFF, verdict, reason, among, "% of pictures", None, among.n)


def s6(pictures: Ablated) -> tuple[Verdict, ...]:
    """Time embedding: what freezing it costs."""
    return (_missed(S6, pictures, TIME),)


def _missed(claim: Claim, pictures: Ablated, part: str, hits: NDArray[np.bool_] | None = None) -> Verdict:
    """Whether the loss of a part costs more than the margin."""
    hits, unit = (pictures.good, UNIT) if hits is None else (hits, NAMED)
    n = int((pictures.part == part).sum())
    if not n or not (pictures.part == NONE).any():
        return Verdict(claim, CANNOT, f"No pictures were drawn with {part_name(part)} and with all in place.", n=n)
    if len(np.unique(pictures.seed)) < 2:
        return Verdict(claim, CANNOT, "All pictures come from one noise seed, and differences are unknown.", n=n)
    whole, chance = share_of(pictures, pictures.right, NONE), 100 / pictures.classes
    if 100 * whole.low <= chance + MARGIN and hits is not pictures.right:
        right = percent(whole)
        reason = f"With all parts in place only {right} of the pictures are right, so there is little to break."
        return Verdict(claim, CANNOT, reason, n=n)
    effect = in_points(change(pictures, hits, part))
    verdict = below(effect, -MARGIN)
    with_all, without = (percent(share_of(pictures, hits, each)) for each in (NONE, part))
    what = "right" if hits is pictures.right or pictures.real is None else "right and among real ones"
    reason = f"With {part_name(part)} {without} of the pictures are {what}, with {part_name(NONE)} {with_all}."
    return Verdict(claim, verdict, reason, effect, unit, None, n)
