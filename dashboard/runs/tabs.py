"""The tabs of the page; one that is not open computes nothing."""

from dashboard.runs import groups, overview, settings_and_figures, trash

PARTS = {
    "Table": overview.draw, "Groups": groups.draw, "Settings and figures": settings_and_figures.draw,
    "Trash": trash.draw,
}  # fmt: skip
