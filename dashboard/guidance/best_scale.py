"""Best scales: guidance in a limited interval against a constant scale, each at the scale that suits it best."""

from dashboard.components import elements
from dashboard.data import archive
from dashboard.format import estimate, written
from dashboard.guidance.choice import MADE, Choice
from evaluator.guidance.best_scale import PUBLISHED, PUBLISHED_CONSTANT, PUBLISHED_LIMITED, Best, Compared, compared

HEADINGS = (
    "steps", "limited: S, distance [95 %]", "constant: S, distance [95 %]", "limited less constant [95 %]",
    "closer to real pictures", "n of each cell",
)  # fmt: skip


def draw(at: Choice) -> None:
    """Both laws at their best, in every number of steps, and what is published."""
    found = compared(archive.ask("guidance", run=at.run["run"]).to_dict("records"))
    if not found:
        elements.note(f"A limited interval and a constant scale at two scales each are needed. Draw them with: {MADE} "
                      f"{at.run['run']} --laws constant interval")  # fmt: skip
        return
    beside = (
        "published", written(PUBLISHED_LIMITED), written(PUBLISHED_CONSTANT),
        written(PUBLISHED_LIMITED - PUBLISHED_CONSTANT), "interval", "",
    )  # fmt: skip
    elements.table(HEADINGS, [*map(_row, found), beside], "guidance-best")
    elements.note(
        "Fréchet distance in the CNN's features, which is no Inception distance; scale 1 guides nowhere and belongs to "
        f"both laws. Intervals hold for all {max(each.cells for each in found)} cells at once, so for the choice of "
        "the scales as well, whatever the noise that they share; that is wider than a comparison at two scales fixed "
        f"beforehand. The interval is the run's own, and was not sought. Published: {PUBLISHED}."
    )


def _row(each: Compared) -> tuple[str, ...]:
    return (
        f"{each.steps}", _best(each.limited), _best(each.constant), estimate(each.less, "+.2f"), each.verdict,
        f"{each.less.n:,}",
    )  # fmt: skip


def _best(law: Best) -> str:
    return f"{law.scale:g}, {estimate(law.distance)}"
