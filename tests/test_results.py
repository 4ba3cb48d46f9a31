"""What docs/results.md says of the bundled runs is what their pages and reports show: value, interval and n."""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from dashboard.data import clip_scores
from dashboard.data.judgements import Seen, measured
from dashboard.report.checked_numbers import Number, numbers_of, recognizability
from dashboard.run_facts import OLDER
from evaluator.guidance.best_scale import compared
from evaluator.recognizability.censoring import half
from evaluator.recognizability.claims import s3
from evaluator.recognizability.default_look import default_look
from evaluator.recognizability.points import points, view_of
from evaluator.stats.intervals import Estimate, share
from evaluator.verdict import DIGITS
from firstlight.archives import BUNDLED
from firstlight.run_folder import Run
from store.database import Archive

RESULTS = (Path(__file__).parent.parent / "docs" / "results.md").read_text(encoding="utf-8")
RUNS = {path.name for path in BUNDLED.iterdir() if (path / "run.json").is_file()}
FIGURES = {  # how a row of a table begins -> what the number is called in a report
    "accuracy of the asked class": "Accuracy of the asked class",
    "fréchet distance over its real-vs-real floor": "Fréchet distance over that between real pictures",
    "fréchet distance (floor": "Fréchet distance in the judge's features",
    "classification accuracy score": "Classification accuracy score",
    "half of the noisy pictures x_t are recognizable by": "Half are recognizable by, of the steps",
    "never recognizable": "Never recognizable",
}
SAID = re.compile(r"(−?\d[\d.,]*)( %)?(?: \[(−?[\d.,]+), (−?[\d.,]+)\])?")
COUNT = re.compile(r"n = ([\d,]+)")
STEPS = re.compile(r" % \[[^]]*\] of its ")  # of places along the process, the one in per cent of a run's own steps


def cells() -> Iterator[tuple[str, str, str]]:
    """Run, figure and what a cell says of it, of every table of docs/results.md."""
    for block in re.split(r"\n\s*\n", RESULTS):
        lines = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in block.splitlines()]
        if not block.startswith("|") or len(lines) < 3:
            continue
        heads = [cell.strip(" |`") for cell in block.splitlines()[0].strip().strip("|").split("|")]
        for row in lines[2:]:
            named = re.match(r".*bundled as `([a-z-]+)`: (.*)", row[0])
            label = (named[2] if named else row[0]).lower()
            what = next((what for start, what in FIGURES.items() if label.startswith(start)), "")
            for run, cell in zip(heads[1:], row[1:], strict=False):
                if what and run in RUNS:
                    yield named[1] if named else run, what, cell


def number_of(text: str) -> tuple[float, float]:
    """A number as it is written, and half a unit of its last digit."""
    plain = text.replace(",", "").replace("−", "-")
    return float(plain), 0.5 * 10.0 ** -len(plain.partition(".")[2])


def unlike(cell: str, number: Number) -> list[str]:
    """What a cell says otherwise than a number, or than that an older version measured it."""
    if number.value is None:
        return [] if cell == OLDER else [f"{cell} for what is {OLDER}"]
    place = STEPS.search(cell) if number.group == "recognizability" and STEPS.search(cell) else None
    start = cell.rfind(" ", 0, place.start()) + 1 if place else 0
    said = SAID.search(cell, start)
    assert said, cell
    times = 100 if number.form.endswith("%") else 1
    wrong = []
    for text, end in zip((said[1], said[3], said[4]), (number.value, number.low, number.high), strict=True):
        value, half = number_of(text) if text else (0.0, 0.0)
        if text and (end is None or abs(value - times * end) > half + 1e-6):
            wrong.append(f"{text} for {end}")
    count = COUNT.search(cell)
    if count and int(count[1].replace(",", "")) != number.n:
        wrong.append(f"{count[0]} for {number.n}")
    return wrong


@pytest.fixture(scope="module")
def numbers() -> dict[str, list[Number]]:
    """Those of each bundled run that the docs tell something of, of every look that its frames allow."""
    ask = Archive(BUNDLED).ask
    found: dict[str, list[Number]] = {}
    for name in sorted({run for run, _, _ in cells()}):
        run, folder = ask("runs", runs=[name]).iloc[0], Run(BUNDLED / name)
        looks = [default_look(folder, ask("judges", run=name), (view,)) for view in ("fine", "x")]
        found[name] = numbers_of(run, ask, None)
        for look in filter(None, looks):
            found[name] += recognizability(run, measured(ask, run, Seen(*look), folder))
    return found


def test_the_docs_say_what_the_pages_show(numbers: dict[str, list[Number]]) -> None:
    told = list(cells())
    assert {run for run, _, _ in told} >= RUNS - {"two-digits"} and len(told) >= 20, told
    for run, what, cell in told:
        known = [each for each in numbers[run] if each.of == "all" and each.what.partition(" (")[0] == what]
        assert known, f"{run} has no {what!r}"
        wrong = [unlike(cell, each) for each in known]
        assert [] in wrong, f"{run}, {what!r}: {cell!r} says {wrong}"


def test_a_figure_of_the_docs_that_is_another_one_is_found(numbers: dict[str, list[Number]]) -> None:
    (number,) = (each for each in numbers["mnist"] if each.what.startswith("Accuracy") and each.of == "all")
    cell = next(cell for run, what, cell in cells() if run == "mnist" and what.startswith("Accuracy"))
    assert not unlike(cell, number)
    for other in (cell.replace("99.61", "99.62"), cell.replace("99.71", "99.70"), cell.replace("10,000", "10,001")):
        assert other != cell and unlike(other, number)


def test_the_places_of_each_digit_are_those_of_the_report(numbers: dict[str, list[Number]]) -> None:
    row = next(line for line in RESULTS.splitlines() if line.startswith("| the same of each digit"))
    found = re.findall(r"(\d+) \[(\d+), (\d+)\]", row)
    known = [each for each in numbers["course"] if each.what.startswith("Half are") and each.of != "all"]
    assert len(found) == len(known) == 10
    for said, each in zip(found, known, strict=True):
        ends = [each.value, each.low, each.high]
        assert all(abs(100 * (end or 0) - int(text)) <= 0.5 for text, end in zip(said, ends, strict=True)), (said, each)


def test_what_is_told_of_course_at_a_common_threshold_is_what_its_judgements_say() -> None:
    seen = view_of(pq.read_table(Run(BUNDLED / "course").judgements), "x")
    held = [line for line in RESULTS.splitlines() if line.startswith("| at p ≥ 0.82 |")]
    assert len(held) == 1 and "`course`" in held[0].split(" | ")[1]

    def said(start: str) -> list[tuple[float, ...]]:
        row = next(line for line in RESULTS[RESULTS.index(held[0]) :].splitlines() if line.startswith(f"| {start}"))
        found = re.findall(r"(−?[\d.]+)(?: %)? \[(−?[\d.]+), (−?[\d.]+)\]", row.split(" | ")[1])
        return [tuple(float(end.replace("−", "-")) for end in each) for each in found]

    def told(found: Estimate, times: float = 1.0) -> tuple[float, ...]:
        return times * found.value, times * found.low, times * found.high

    common, *strict = (points(seen, p) for p in (0.82, 0.9, 0.95, 0.99))
    each = [common.of(common.label == digit) for digit in range(10)]
    never = share(np.isinf(common.stays), common.seed)
    for start, expected, slack in (
        ("half of the noisy pictures x_t are recognizable by, of the steps", [told(half(common))], 0.051),
        ("the same in logSNR", [told(half(common, "logsnr"))], 0.0051),
        ("the same of digits", [told(half(some)) for some in each], 0.51),
        ("never recognized", [told(never, 100)], 0.051),
        ("half are recognizable by, at p", [told(half(some)) for some in strict], 0.051),
    ):
        assert np.allclose(said(start), expected, rtol=0, atol=slack), start
    verdicts = [s3(some, DIGITS)[0].verdict for some in (common, *strict)]
    assert f"| {'; '.join(verdicts)} |" in RESULTS


@pytest.mark.parametrize("run", ["course", "fashion", "mnist"])
def test_a_figure_of_a_class_has_one_interval_wherever_it_stands(run: str, numbers: dict[str, list[Number]]) -> None:
    """Among a report's numbers, and in its ranking by CLIP, which is the page's."""
    ask = Archive(BUNDLED).ask
    row = ask("runs", runs=[run]).iloc[0]
    judge, names = str(clip_scores.judges(ask, run)["judge"].iloc[0]), [str(name) for name in row["classes"]]
    orders = clip_scores.ranked(ask("clip_scores", run=run, clip=judge, template=clip_scores.TOGETHER))
    places = {f"CLIP's mean {word} ({judge})": orders[score].rows for score, word in clip_scores.SCORES.items()}
    for what, rows in places.items():
        for place in rows:
            shown = [each for each in numbers[run] if (each.what, each.of) == (what, names[place.label])]
            own = (place.mean.value, place.mean.low, place.mean.high)
            assert any(np.allclose((each.value, each.low, each.high), own, rtol=0, atol=1e-9) for each in shown), (
                f"{run}, {what}, {names[place.label]}: {place.mean} beside {shown}"
            )


def test_so_many_cells_hold_at_once_as_the_docs_say() -> None:
    found = compared(Archive(BUNDLED).ask("guidance", run="mnist").to_dict("records"))
    for law, start in (("interval", "| a limited interval less"), ("autoguidance", "| autoguidance by a network")):
        row = next(line for line in RESULTS.splitlines() if line.startswith(start))
        (cells,) = {each.cells for each in found if each.law == law}
        assert f"{cells} cells at once" in row, row
