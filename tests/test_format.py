"""Estimates as text: one form for all pages, charts and reports, and no interval that is written elsewhere."""

import ast
import re
from math import inf, nan
from pathlib import Path

import pandas as pd
import pytest
from test_rooms import SOURCES

from dashboard import format
from evaluator.recognizability.ranking import Place
from evaluator.stats.intervals import Estimate, wilson
from firstlight.interval_text import with_interval

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize(
    "value, form, said",
    [
        (0.125, ".3f", "0.125"), (-1.26, ".1f", "−1.3"), (-0.04, ".1f", "0.0"), (-0.04, "+.1f", "+0.0"),
        (2.5, "+.1f", "+2.5"), (inf, ".1f", "never"), (-inf, ".1f", "never"), (nan, ".1f", "?"),
        (1234.5, ".3g", "1.23e+03"), (-0.001, ".0%", "0%"),
    ],
)  # fmt: skip
def test_a_number(value: float, form: str, said: str) -> None:
    assert format.written(value, form) == said


@pytest.mark.parametrize(
    "found, said",
    [
        (Estimate(0.5, 0.25, 0.75, 8), "0.50 [0.25, 0.75]"),
        (Estimate(-0.5, -0.75, 0.001, 8), "−0.50 [−0.75, 0.00]"),
        (Estimate(0.5, nan, nan, 1), "0.50"),  # one noise seed has no interval
        (Estimate(62.0, 60.0, inf, 8), "62.00 [60.00, never]"),
        (Estimate(inf, 60.0, inf, 8), "never [60.00, never]"),
        (Estimate(inf, inf, inf, 8), "never"),
        (Estimate(nan, nan, nan, 0), "no value"),
    ],
)
def test_an_estimate(found: Estimate, said: str) -> None:
    assert format.estimate(found) == said


def test_a_share_a_difference_and_a_rank() -> None:
    assert format.share(wilson(3, 4)) == "75.0 % [30.1, 95.4]"
    assert (
        format.share(wilson(3, 4), 0) == "75 % [30, 95]" and format.share(wilson(3, 4), unit="") == "75.0 [30.1, 95.4]"
    )
    assert format.share(wilson(0, 0), unknown="") == ""
    assert format.points(Estimate(0.012, -0.0004, 0.02, 8)) == "+1.2 [+0.0, +2.0]"
    assert format.rank(Place(4, 2, 1, 3, wilson(1, 2))) == "2 [1, 3]"


def test_a_figure_in_its_own_form() -> None:
    assert format.figure(Estimate(0.9751, 0.97, 0.98, 80), "{:.2f} %") == "97.51 % [97.00, 98.00]"
    assert format.figure(Estimate(1.5, 1.25, 2.0, 80), "{:.3f}") == "1.500 [1.250, 2.000]"
    assert format.figure_gap(Estimate(-0.01, -0.02, 0.001, 80), "{:.2f} %") == "−1.00 [−2.00, +0.10]"


def test_a_place_on_every_axis() -> None:
    found = Estimate(62.4, 60.2, 64.6, 8)
    assert format.place(found, "% of steps") == "62 [60, 65]" and format.place(found, "logSNR") == "62.4 [60.2, 64.6]"
    assert format.place(found, "% of steps", 1) == "62.4 [60.2, 64.6]"
    assert format.place_in_words(found, "% of steps") == "62 % of the steps [60, 65]"
    assert format.place_in_words(found, "σ") == "σ 62.40 [60.20, 64.60]"


def test_the_estimate_in_a_row() -> None:
    row = {"accuracy": 0.5, "accuracy_low": 0.25, "accuracy_high": 0.75, "accuracy_n": 8, "low": 1, "high": 2, "n": 3}
    assert format.estimate_of(row, "accuracy") == Estimate(0.5, 0.25, 0.75, 8)
    assert format.estimate_of(pd.Series({"value": 1.5, "low": 1, "high": 2, "n": 3})) == Estimate(1.5, 1.0, 2.0, 3)
    bare = format.estimate_of(pd.Series({"value": 1.5, "low": None, "high": nan, "n": nan}))
    assert format.estimate(bare) == "1.50" and bare.n == 0


def test_p_values() -> None:
    assert format.p_value(None) == "" and format.p_value(0.0123) == "0.012" and format.chance(0.0123) == "= 0.012"
    assert format.p_value(0.0001) == format.chance(0.0001) == "< 0.001"


@pytest.mark.parametrize(
    "text",
    [
        'f"{value} [{low}, {high}]"', 'f" [{a.low:.1f}, {f(b)}]"', """f"[{row[1]}, {100 * row['high']:.1f} %]\"""",
        'f"{value} [{ends}]"', '"[{:.1f}, {:.1f}]".format(low, high)', '"[%.1f, %.1f]" % (low, high)', '"[" + low',
    ],
)  # fmt: skip
def test_an_interval_by_hand_is_seen(text: str) -> None:
    assert by_hand(ast.parse(text))
    assert not by_hand(ast.parse("""f"[{host}]", f"firstlight[{extra}]", f"| [{title}]({name}.md) | {question}\""""))


def by_hand(tree: ast.AST) -> bool:
    """Whether a source writes brackets with two values in them, or one of several joined; a value is ▮ below."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "▮" for part in node.values)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add) and isinstance(node.left, ast.Constant):
            text = f"{node.left.value}▮, ▮]"
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = re.sub(r"\{[^{}]*\}|%[\d.+]*[a-z]", "▮", node.value)
        else:
            continue
        if re.search(r"\[▮[^\]▮]*, ?▮[^\]▮]*\]|\s\[▮\](?!\()", text):
            return True
    return False


def test_one_place_writes_intervals_and_minus_signs() -> None:
    sources = [*SOURCES, *(ROOT / "docs" / "builder").glob("*.py")]
    for seen in (lambda text: by_hand(ast.parse(text)), lambda text: '.replace("-", "−")' in text):
        found = {path.relative_to(ROOT).as_posix() for path in sources if seen(path.read_text())}
        assert found == {"firstlight/interval_text.py"}


def test_a_command_says_once_that_there_is_no_number() -> None:
    nothing = {"value": None, "low": None, "high": None}
    assert with_interval(nothing, none="never") == "never"
    assert with_interval(nothing | {"low": 1.0}, none="never") == "never [1.0, never]"
