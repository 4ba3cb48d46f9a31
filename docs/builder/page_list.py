"""The dashboard's pages: one file of docs/pages/ for each, and its picture."""

import re
from html import escape
from pathlib import Path

from streamlit import logger

logger.set_log_level("ERROR")  # it warns of caches without a server, which there is none of here

from dashboard.app import CONTROLS, SECTIONS  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent.parent
PATHS = {file.removesuffix(".py"): path for pages in SECTIONS.values() for file, _, path in pages}
TITLES = {file.removesuffix(".py"): title for pages in SECTIONS.values() for file, title, _ in pages}
TITLE_CALL = re.compile(r"elements\.title\(\s*\"[^\"]*\",\s*\"([^\"]*)\"")
SHOWN = {"trajectory": "run=course", "report": "run=course", "claims": "run=course"}  # where `mnist` is not the best
USUAL = "run=mnist"


def address(name: str) -> str:
    """What is pictured of a page: its path with the controls that it is shown with; a page without a run has none."""
    query = SHOWN.get(name, USUAL) if CONTROLS[PATHS[name]] else ""
    return f"{PATHS[name]}?{query}" if query else PATHS[name]


def question(name: str) -> str:
    """What a page asks under its title; empty where it has none."""
    found = TITLE_CALL.search((ROOT / "pages" / f"{name}.py").read_text())
    return found[1] if found else ""


def contents() -> str:
    """Markdown: the pages in the order of the dashboard's own navigation, those that have a section."""
    lines, trees = ["| section | page | the question |", "|---|---|---|"], []
    for section, pages in SECTIONS.items():
        for file, title, _ in pages:
            name = file.removesuffix(".py")
            if (ROOT / "docs" / "pages" / f"{name}.md").exists():
                lines.append(f"| {section} | [{title}]({name}.md) | {question(name)} |")
                trees.append(f"{title} <{name}>")
    return "\n".join([*lines, "", "```{toctree}", ":hidden:", "", *trees, "```"])


def with_picture(name: str, text: str, folder: str) -> str:
    """The text with the page's address and picture below its title; without a picture where none was made."""
    head, rest = text.split("\n", 1)
    made = [scheme for scheme in ("light", "dark") if folder and (Path(folder) / f"{name}-{scheme}.png").exists()]
    said = f"*{question(name)}*\n\nAddress: `/{PATHS[name]}`"
    alone = len(made) == 1
    pictures = "".join(
        f'<img class="shot{"" if alone else f" only-{scheme}"}" src="../_static/{name}-{scheme}.png"'
        f' alt="{escape(f"The page {TITLES[name]} of the dashboard over a bundled run")}">\n'
        for scheme in made
    )
    return "\n\n".join([head, said, pictures or "*This build made no pictures.*", rest])
