"""Theory beside what was measured: marks on a chart, sentences, tables."""

import math

import pandas as pd

from dashboard.axes import SOURCE, estimate_at
from dashboard.charts.curves import Mark
from dashboard.charts.theme import PURPLE, SKY
from dashboard.components import elements
from dashboard.data.theory import expected, spectra
from dashboard.format import estimate, number, place_in_words, written
from dashboard.run_facts import class_names
from evaluator.stats.intervals import Estimate
from evaluator.theory.schedule_check import Check
from evaluator.theory.speciation import SPECIATED, WAY, Spectrum, against
from evaluator.theory.spectra import Spectra
from evaluator.verdict import CANNOT
from firstlight.amplitude_left import OURS, of_range
from firstlight.counts import counted
from firstlight.interval_text import real_minus

SCALE = f"of its amplitude, {real_minus(of_range(OURS))}"


def spectrum_facts(known: Spectra) -> list[tuple[str, str]]:
    """Names and values of what theory predicts from, pictures in [-1, 1]."""
    said = [
        ("Λ, all pictures", f"{estimate(known.whole.top)}; {estimate(known.whole.unit)} in [0, 1]"),
        ("Predicted point", f"logSNR {estimate(known.whole.logsnr)}"),
        ("Λ, means of the classes", estimate(known.between.top)),
        ("Predicted point", f"logSNR {estimate(known.between.logsnr)}"),
    ]
    order = sorted(known.pairs, key=lambda pair: pair.whole.logsnr.value)
    for name, pair in (("First pair apart", order[0]), ("Last pair apart", order[-1])):
        both = f"{known.classes[pair.first]} and {known.classes[pair.second]}"
        said.append((name, f"{both}, logSNR {estimate(pair.whole.logsnr)}"))
    return [*said, ("Measured on", f"{counted(known.n, 'real picture')}, {known.name}")]


def schedule_facts(found: Check) -> list[tuple[str, str]]:
    """Names and values of a schedule check."""
    told, training, sampling = found.speciation, found.training, found.sampling
    pairs = [
        ("Trained on", f"{training.name}, logSNR {written(training.noisy)} to {written(training.clean)}"),
        ("Picture left at the noisiest level of training", f"{100 * found.trained_signal:.2g} % {SCALE}"),
        ("Draws along", f"{sampling.name}, {counted(found.steps, 'step')}, logSNR {written(sampling.noisy)} to "
                        f"{written(sampling.clean)}"),
        ("Picture the chain is told it starts with", f"{100 * found.start_signal:.2g} % {SCALE}"),
        (f"{SOURCE:.0f} % of the steps", f"logSNR {written(found.seventy.logsnr)}"),
    ]  # fmt: skip
    if told is not None:
        inside = "inside" if found.inside else "outside"
        pairs.append(("Speciation, theory", f"logSNR {estimate(told)}, {inside} the schedule"))
    if found.pairs is not None:
        low, high = (written(end) for end in found.pairs)
        outside = counted(found.pairs_outside, "pair")
        pairs.append(("Speciation, pairs of classes", f"logSNR {low} to {high}; {outside} outside"))
    return pairs


def marks(run: pd.Series, axis: str, measured: Estimate | None = None) -> list[Mark]:
    """Theory's point, and the measured one where there is one, as marks on an axis."""
    told = expected(run)
    found = [] if told is None else [Mark(estimate_at(run, told, axis), "theory, −ln Λ", PURPLE, "dash")]
    if measured is not None:
        found.append(Mark(estimate_at(run, measured, axis), "measured", SKY, "solid"))
    return found


def agree(classes: int) -> str:
    """What copies of a chain do from the measured point on; of two classes as published."""
    if classes == 2:
        return f"end in the same class {100 * SPECIATED:.1f} % of the time"
    return f"have gone {100 * WAY:.0f} % of the way from chance to the most that they agree"


def sentence(run: pd.Series, measured: Estimate, axis: str) -> str:
    """Where copies of a chain begin to agree, and where theory says so."""
    told, classes = spectra(run), len(class_names(run))
    n = f"n = {counted(measured.n, 'chain')}"
    rest = [f"To agree: they {agree(classes)}."]
    if math.isnan(measured.value):
        text, rest = f"Copies of a chain agree about as often by chance as ever, so that no place can be told, {n}", []
    elif math.isinf(measured.value):
        text = f"At {'no level' if measured.value > 0 else 'every level'} tried copies of a chain begin to agree, {n}"
    else:
        at = place_in_words(estimate_at(run, measured, axis), axis)
        text = f"Two continuations of one chain begin to agree at {at}, {n}"
    if told is None:
        return "\n".join([f"{text}; theory has no number for these data.", *rest])
    where = estimate_at(run, told.whole.logsnr, axis).value
    said = "that is outside the schedule" if math.isnan(where) else number(where, axis)
    if classes != 2:
        rest.append(f"Theory is made for two equal classes: of {classes} no ratio to it is told.")
    elif math.isfinite(measured.value):
        rest.append(f"Measured over predicted, in time, is {times(against(measured, told.whole)['time'])}.")
    return "\n".join([f"{text}; theory says {said}.", *filter(None, [" ".join(rest)])])


def times(ratio: Estimate) -> str:
    """A ratio with its interval."""
    return estimate(ratio) if math.isfinite(ratio.value) else "unknown"


def comparison(run: pd.Series, rows: list[tuple[str, Estimate]], name: str) -> None:
    """A table of measured points, in logSNR, against theory's; nothing where theory has no number."""
    known = spectra(run)
    if known is not None:
        elements.table(*compared(known.whole, rows, len(class_names(run)) == 2), name)


def compared(
    told: Spectrum, rows: list[tuple[str, Estimate]], two: bool
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:  # fmt: skip
    """Headings and rows: measured points against theory's, in logSNR; differences and, of `two` classes, ratios."""
    headings = ("what", "measured, logSNR [95 %]", "theory, logSNR [95 %]", "difference [95 %]")
    ratios = ("ratio in time [95 %]", "ratio in steps of T = 1000 [95 %]") if two else ()
    return (*headings, *ratios, "n"), [(name, *_compared(found, told, two), f"{found.n:,}") for name, found in rows]


def _compared(measured: Estimate, told: Spectrum, two: bool) -> tuple[str, ...]:
    if not math.isfinite(measured.value):
        unknown = CANNOT if math.isnan(measured.value) else "never"
        return unknown, estimate(told.logsnr), "", *(("", "") if two else ())
    held = against(measured, told)
    ratios = (times(held["time"]), times(held["step"])) if two else ()
    return estimate(measured), estimate(told.logsnr), estimate(held["logsnr"]), *ratios
