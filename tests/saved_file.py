"""A file that a page's own button saved in a browser: its name, and what it says of itself."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from PIL import Image

from dashboard.pictures.grid import PLATE
from sampler.origin import software, stem

SAVES = ".modebar-btn[data-title*=Download]"


def charts(page: Any) -> list[dict[str, str]]:
    """What each chart says that is saved, whose name is made of it."""
    found = []
    for chart in page.locator(".js-plotly-plot").all():
        chart.scroll_into_view_if_needed()
        chart.hover()
        told = saved(page, chart.locator(SAVES))[1]
        name = chart.evaluate("chart => chart._context.toImageButtonOptions.filename")
        parts = stem({key: value for key, value in told.items() if key != "link"}).split("-")
        assert sorted(name.split("-")) == sorted(parts)  # a report's JSON is in the order of the alphabet
        found.append(told)
    return found


def saved(page: Any, button: Any) -> tuple[str, dict[str, str]]:
    """The name of the file that a button saves, and what it says; which program made it is taken away."""
    with page.expect_download() as drawn:
        button.click()
    name = drawn.value.suggested_filename
    told = read(Path(drawn.value.path()), name.rpartition(".")[2])
    assert told.pop("Software") == software()
    return name, told


def read(file: Path, kind: str) -> dict[str, str]:
    if kind == "svg":
        root = ElementTree.parse(file).getroot()
        assert root.tag.endswith("}svg")
        return dict(json.loads(root.findtext("{*}metadata") or "{}"))
    image: Any = Image.open(file)
    return {name: value for name, value in image.text.items() if name != PLATE}
