"""The sentence above drawn pictures, and how they were drawn."""

from dashboard.format import share
from dashboard.generation import Drawn
from evaluator.stats.intervals import share as clustered
from firstlight.counts import counted
from firstlight.interval_text import real_minus
from firstlight.levels import LISTED
from sampler.guidance_laws import LAWS

FEW = 8  # levels that are named one by one


def sentence(drawn: Drawn) -> str:
    """One sentence on what was drawn: how many, how fast, and how many the judge takes for what was asked."""
    n = len(drawn.labels)
    took = f"{drawn.seconds:.1f} s" if drawn.seconds >= 1 else f"{1000 * drawn.seconds:.0f} ms"
    asked = f"{drawn.evaluations} evaluation{'s' if drawn.evaluations > 1 else ''}"
    each = f"{asked} and {drawn.seconds / n * 1000:.3g} ms each"
    pictures = f"{n:,} picture{'s' if n > 1 else ''}"
    if drawn.verdicts is None:
        return f"{pictures} in {took} on {drawn.provider}.\n{each[0].upper()}{each[1:]}. {drawn.remark}"
    right, judge = clustered(~drawn.wrong, drawn.seeds), drawn.verdicts.judge  # all classes are of the same noise
    told = f"{judge} takes {share(right)} of {pictures} for the class asked."
    if drawn.seeds.min() == drawn.seeds.max():  # which does not tell what others would draw
        like = "looks like its label" if n == 1 else "look like their label"
        told = f"{n - int(drawn.wrong.sum())} of {n} {like} to {judge}; of one noise seed, so no interval."
    return f"{told}\n{pictures} in {took} on {drawn.provider}, {each}."


def setting(drawn: Drawn) -> str:
    """How the pictures were drawn, for whoever wants them again."""
    s, first, last = drawn.settings, int(drawn.seeds.min()), int(drawn.seeds.max())
    seeds = f"seed {first}" if first == last else f"seeds {first} to {last}"
    weaker = f": {drawn.weaker}" if drawn.weaker else ""
    law = f" ({LAWS[drawn.law].words}{weaker})" if drawn.law in LAWS else ""
    marked = "; an amber corner marks what the judge takes for another class" if drawn.wrong.any() else ""
    on, grid = f"on {s.levels} levels", s.grid()[:-1]
    if LISTED.fullmatch(s.levels):
        listed = ", ".join(f"{level:.3g}" for level in grid)
        few = f"at logSNR {listed}" if len(grid) <= FEW else f"from logSNR {grid[0]:.3g} to {grid[-1]:.3g}"
        on = real_minus(few) + (", levels of the network's own" if s.known else "")
    return (
        f"{drawn.run}: {s.solver}, {counted(len(grid), 'step')} {on}, guidance {s.guidance:g}{law}, "
        f"{counted(drawn.evaluations, 'evaluation')} of the network for each picture, {seeds}{marked}. "
        f"{s.moved()}"
    ).rstrip()
