"""What a page of the docs says that no hand writes: `<!-- made: NAME -->` in a page is replaced while it is built."""

import os
import re
from pathlib import Path

import benchmark_tables
import commands
import page_list
import python_names
from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parent.parent.parent
PLACE = re.compile(r"^<!-- made: ([a-z-]+) -->$", re.MULTILINE)
RUN_NOTE = re.compile(r"^ *<!-- (run|not run|tested)\b.*? -->\n", re.MULTILINE | re.DOTALL)


def elsewhere(path: str) -> str:
    """A text of the repository's root as a page of the docs: its links to `docs/` are neighbours."""
    return (ROOT / path).read_text().split("\n", 1)[1].replace("](docs/", "](")


MAKERS = {
    "commands": commands.reference,
    "python": python_names.reference,
    "pages": page_list.contents,
    "benchmarks": lambda: benchmark_tables.races(ROOT / "docs" / "benchmarks.json"),
    "benchmarks-store": lambda: benchmark_tables.store(ROOT / "docs" / "benchmarks-store.json"),
    "benchmarks-weight": lambda: benchmark_tables.weight(ROOT / "docs" / "benchmarks-weight.json"),
    "citation": lambda: f"```yaml\n{(ROOT / 'CITATION.cff').read_text()}```",
    "security": lambda: elsewhere("SECURITY.md"),
}


def fill(app: Sphinx, name: str, source: list[str]) -> None:
    """Fill a page's places, lead its links to the root's files to the docs' own, and put a page's picture on top."""
    text = PLACE.sub(lambda found: MAKERS[found[1]](), source[0])
    text = RUN_NOTE.sub("", text).replace("](../SECURITY.md)", "](security.md)")
    if name.startswith("pages/") and name != "pages/index":
        text = page_list.with_picture(name.removeprefix("pages/"), text, os.environ.get("FIRSTLIGHT_DOCS_PICTURES", ""))
    source[0] = text


def setup(app: Sphinx) -> dict[str, bool]:
    """What Sphinx calls."""
    app.connect("source-read", fill)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
