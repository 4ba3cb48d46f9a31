"""A sentence with numbers that are known otherwise, held against the one that a page shows.

say = Say()
say.compare(f"half by {say(43.8)} %, n = {say(600)}", shown)
"""

import math
import re
from decimal import Decimal

from parquet_oracle import Found

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
