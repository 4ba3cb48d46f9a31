"""What a chart or a picture of a report says once it is saved, in its name and in its file: what the dashboard's say,
and the link of the page that shows it there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from dashboard.access.addresses import page_address
from dashboard.charts.theme import Figure
from dashboard.pictures import grid
from sampler.origin import signed, stem, told


@dataclass(frozen=True)
class Of:
    """What it is of: a page of the dashboard, a run, a figure there, and what the page's controls show."""

    page: str
    run: str
    figure: str
    asked: Mapping[str, Any] = field(default_factory=dict)
    drawn: Mapping[str, Any] = field(default_factory=dict)  # how, where no control says it: a seed

    def origin(self) -> dict[str, object]:
        """In the order of the name."""
        words = {name: " ".join(each) if isinstance(each, list) else each for name, each in self.asked.items()}
        return {"page": self.page, "run": self.run, "figure": self.figure} | words | dict(self.drawn)

    def link(self, address: str) -> dict[str, str]:
        return {"link": page_address(self.page, {"run": self.run, **self.asked}, address)}


Keep = Callable[[Figure, Of], int]  # a figure -> its place among those that the page's script draws
Show = Callable[[bytes | None, Of], str]  # a PNG -> what an element shows it by


def button(of: Of, address: str) -> dict[str, Any]:
    """What a chart's own button saves."""
    return {"format": "svg", "filename": stem(of.origin()), "says": told(of.origin()) | of.link(address)}


def attributes(content: bytes | None, of: Of, address: str) -> str:
    """Of an <img>: the PNG, and the name that it is saved under; empty without one."""
    if content is None:
        return ""
    origin = of.origin()
    said = {"src": grid.address(signed(content, origin | of.link(address))), "data-file": f"{stem(origin)}.png"}
    return Markup(" ").join(Markup('{}="{}"').format(name, value) for name, value in said.items())


def nowhere(figure: Figure, of: Of) -> int:
    """For who wants the words beside a figure, not the figure."""
    return 0
