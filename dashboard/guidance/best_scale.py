"""Best scales: a limited interval and autoguidance against a constant scale, each at the scale that suits it best."""

from collections.abc import Sequence

import pandas as pd

from dashboard.components import elements
from dashboard.components.csv_download import unrounded
from dashboard.data import archive
from dashboard.format import estimate, written
from dashboard.guidance.choice import MADE, Choice
from evaluator.guidance.best_scale import Best, Compared, compared
from evaluator.published.guidance import LAWS
from sampler.guidance_laws import name_of

HEADINGS = (
    "method", "steps", "its S, distance [95 %]", "constant: S, distance [95 %]", "method less constant [95 %]",
    "closer to real pictures", "n of each cell",
)  # fmt: skip
LACKING = {"interval": "--laws constant interval", "autoguidance": "--laws constant autoguidance --weaker RUN"}


def draw(at: Choice) -> None:
    """Each law at its best, in every number of steps, and what is published."""
    found = compared(archive.ask("guidance", run=at.run["run"]).to_dict("records"))
    for law in LAWS:
        if law not in {each.law for each in found}:
            elements.note(f"{name_of(law).capitalize()} and a constant scale at two scales each were not drawn. Draw "
                          f"them with: {MADE} {archive.typed(str(at.run['run']))} {LACKING[law]}")  # fmt: skip
    if not found:
        return
    laws = list(dict.fromkeys(each.law for each in found))
    elements.table(HEADINGS, [*map(_row, found), *map(_beside, laws)], "guidance-best", _data(found))
    elements.note(
        "Fréchet distance in the CNN's features, which is no Inception distance; scale 1 guides nowhere and belongs to "
        f"every method. Intervals hold for all {max(each.cells for each in found)} cells at once, so for the choice of "
        "the scales as well, whatever the noise that they share; that is wider than a comparison at two scales fixed "
        "beforehand. The limited interval is the run's own, and was not sought. Published: Inception distance on "
        f"ImageNet-512; {'; '.join(LAWS[law].source for law in laws)}."
    )


def _data(found: Sequence[Compared]) -> pd.DataFrame:
    """A row for each law and number of steps, every digit."""
    best = unrounded([each.best for each in found]).add_prefix("own_")
    constant = unrounded([each.constant for each in found]).add_prefix("constant_")
    return pd.concat([unrounded(found), best, constant], axis=1)


def _beside(law: str) -> tuple[str, ...]:
    told = LAWS[law]
    return (
        f"{name_of(law)}, published", "", written(told.law), written(told.constant),
        written(round(told.law - told.constant, 2)), law, "",
    )  # fmt: skip


def _row(each: Compared) -> tuple[str, ...]:
    return (
        name_of(each.law), f"{each.steps}", _best(each.best), _best(each.constant), estimate(each.less, "+.2f"),
        each.verdict, f"{each.less.n:,}",
    )  # fmt: skip


def _best(law: Best) -> str:
    return f"{law.scale:g}, {estimate(law.distance)}"
