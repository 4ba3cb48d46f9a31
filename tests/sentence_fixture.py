"""The sentences that a page shows: how long they may be, and numbers that are known otherwise held against them.

say = Say()
say.compare(f"half by {say(43.8)} %, n = {say(600)}", shown)
"""

import html
import math
import re
from collections.abc import Iterable
from decimal import Decimal

from app_fixture import html_of
from parquet_oracle import RUNS, Found, card
from streamlit.testing.v1 import AppTest

from sampler.solvers import SOLVERS

NUMBER = r"[+−]?\d[\d,]*(?:\.\d+)?(?:e-\d+)?|never"
PART = (
    0.25  # of an interval's width, by which its ends may differ: other draws differ by less, a missing cluster by more
)


class Say:
    """Numbers on their way into a sentence, where each leaves its mark."""

    def __init__(self) -> None:
        self.numbers: list[tuple[float, float]] = []

    def __call__(self, value: float, slack: float = 0.0) -> str:
        """The mark of a number, which may be shown rounded, and differ by the slack."""
        self.numbers.append((float(value), slack))
        return f"⟦{len(self.numbers) - 1}⟧"

    def ends(self, found: Found, times: float = 1.0, unit: str = "", slack: float = 0.0) -> str:
        """A value with its interval."""
        room = PART * times * (found.high - found.low) + slack
        low, high = (self(times * end, room) for end in (found.low, found.high))
        return f"{self(times * found.value)}{unit} [{low}, {high}]"

    def compare(self, wanted: str | None, shown: str | None) -> None:
        """The same words, and numbers that are as near as they are written."""
        assert (wanted is None) == (shown is None), shown
        if wanted is None or shown is None:
            return
        pattern = re.sub(r"⟦(\d+)⟧", lambda mark: f"(?P<n{mark[1]}>{NUMBER})", re.escape(wanted))
        found = re.fullmatch(pattern, shown)
        assert found, f"{shown!r} is not {wanted!r} of {self.numbers}"
        for place, (value, slack) in enumerate(self.numbers):
            text = found.groupdict().get(f"n{place}")
            if text is None:
                continue
            if text == "never":
                assert math.isinf(value), (shown, value)
                continue
            exact = Decimal(text.replace(",", "").replace("−", "-"))
            rounding = 0.501 * 10.0 ** int(exact.as_tuple().exponent)
            assert abs(float(exact) - value) <= rounding + slack, f"{text} should be {value:.6g} ± {slack:.2g}: {shown}"


FOUND = '<p class="headline">'
NAMES = sorted({*RUNS, *SOLVERS, "x_t", "x̂0", *(card(run)["dataset"]["name"] for run in RUNS)}, key=len, reverse=True)
NAMED = re.compile(
    "|".join(
        [
            r"\bS\d+\b",
            r"this \d\b",
            r"pictures in \[−1, 1\]",
            r"\b[\w-]+-(?:noisy|clean|clip)\b",
            *map(re.escape, NAMES),
        ]
    )
)
OF_HOW_MANY = re.compile(r",? \(?n = [\d,]*\d(?: (?:pairs|pictures|each))?\)?")  # part of the figure before it
FIGURE = re.compile(  # a value, its unit and its interval
    r"[+−-]?[\d,]*\d(?:\.\d+)?(?:e-\d+)?\+?(?: of [\d,]*\d)?(?: %)?(?: of the steps)?(?: \[[^]]*\])?"
)
MOST_WORDS, MOST_FIGURES = 30, 2


def shown(test: AppTest) -> str | None:
    """The sentence that a page shows, and what stands below it, a line each; several with a line between them."""
    assert not test.exception
    found = [each for each in html_of(test) if each.startswith(FOUND)]
    said = [each[len(FOUND) :].removesuffix("</p>").replace('</p><p class="note">', "\n") for each in found]
    return html.unescape("\n\n".join(said)).replace("\xa0", " ") or None


def assert_short(text: str | None, classes: Iterable[str] = ()) -> None:
    """At most 30 words and two figures; whatever else is known stands below. classes: names, though they be digits."""
    known = "|".join(map(re.escape, filter(None, classes))) or "(?!)"
    for said in (text or "").split("\n\n"):
        rest = re.sub(rf"(?<![\w.,−])(?:{known})(?![\w.,]*\d)(?! %| of \d)", "class", said.split("\n")[0])
        rest = OF_HOW_MANY.sub("", NAMED.sub("name", rest))
        figures = FIGURE.findall(rest)
        words = [word for word in FIGURE.sub(" ", rest).split() if any(letter.isalpha() for letter in word)]
        assert len(figures) <= MOST_FIGURES, (figures, said)
        assert len(words) <= MOST_WORDS, (len(words), said)
