"""Whether harder data is harder (S14): what a run falls short of real pictures, against a run of digits."""

from dataclasses import dataclass, replace

from evaluator.stats.intervals import Estimate, combined, in_points
from evaluator.text import percent
from evaluator.verdict import CANNOT, NOT, SUPPORTED, Claim, Verdict

DIGITS, HARDER = ("mnist", "digits5000"), ("fashion-mnist", "cifar10")
WORDS = "Fashion-MNIST or CIFAR-10: colour, texture, higher resolution"
MARGIN = 1.0  # points
S14 = Claim(
    "S14", "harder data is harder", WORDS,
    "how many points of accuracy generated pictures fall short of real test pictures before the same judge, on harder "
    "data less on digits; supported where the 95 % interval lies above zero, not supported where it rules a point out",
)  # fmt: skip


@dataclass(frozen=True)
class Scored:
    """How often a judge sees the right class in a run's pictures, and in real test pictures."""

    run: str
    dataset: str
    generated: Estimate
    real: Estimate

    @property
    def short(self) -> Estimate:
        """What generated pictures fall short of real ones."""
        return combined(((1, self.real), (-1, self.generated)))


def s14(digits: Scored | None, harder: Scored | None) -> tuple[Verdict, ...]:
    """Harder data is harder; None for the run that is not there."""
    if digits is None or harder is None:
        lacking = "of digits" if digits is None else "of harder data"
        return (Verdict(S14, CANNOT, f"No run {lacking} is evaluated, and the claim compares both."),)
    effect = combined(((1, harder.real), (-1, harder.generated), (-1, digits.real), (1, digits.generated)))
    points = replace(in_points(effect), n=harder.generated.n + digits.generated.n)
    verdict = SUPPORTED if points.low > 0 else NOT if points.high < MARGIN else CANNOT
    parts = [
        f"{each.run} draws the class asked for {percent(each.generated, 2)} of the time, where real pictures of "
        f"{each.dataset} are recognized {percent(each.real, 2)}"
        for each in (harder, digits)
    ]
    return (Verdict(S14, verdict, "; ".join(parts) + ".", points, "points short of real pictures", None, points.n),)
