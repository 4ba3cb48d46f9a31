"""A reader's zoom of a chart, kept by the browser while other controls change what the chart draws."""

from pathlib import Path

SCRIPT = (Path(__file__).parent / "zoom.js").read_text(encoding="utf-8")  # for the component that is on every page
