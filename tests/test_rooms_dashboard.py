"""What lies above what in the dashboard, and what opening its first page loads, in clean processes."""

import re
import subprocess
import sys
from pathlib import Path

from dashboard.app import SECTIONS

ROOT = Path(__file__).parent.parent
LOADED = "sorted(name for name in sys.modules if name.startswith(('onnxruntime', 'evaluator.judges')))"
OPENED = f"""
import sys
sys.path[:0] = ["tests"]
from app_fixture import linked
for name, title in (("start", "Firstlight"), ("runs", "Runs")):
    page = linked(name)
    assert not page.exception and title in [title.value for title in page.title], page
    assert not {LOADED}, (name, {LOADED})
"""


def test_the_menu_is_the_map_and_no_section_is_called_like_a_page() -> None:
    titles = {section: [title for _, title, _ in pages] for section, pages in SECTIONS.items()}
    assert not set(titles) & {title for pages in titles.values() for title in pages}
    rows = re.findall(r"^\| \*\*(\w+)\*\* \| (.+?) \|", (ROOT / "docs" / "look.md").read_text(), re.M)
    assert {section: re.split(" · |, ", pages.replace(" (`/`)", "")) for section, pages in rows} == titles


def said(code: str) -> str:
    """What Python code prints in a process of its own."""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_opening_a_first_page_loads_neither_onnx_runtime_nor_a_judge() -> None:
    said(OPENED)


def test_figures_and_pictures_load_no_streamlit() -> None:
    paths = [path for name in ("charts", "pictures") for path in (ROOT / "dashboard" / name).rglob("*.py")]
    names = [f"dashboard.{path.parent.name}.{path.stem}" for path in paths if path.name != "__init__.py"]
    assert all(sum(name.startswith(f"dashboard.{each}.") for name in names) > 2 for each in ("charts", "pictures"))
    assert said(f"import sys, {', '.join(names)}; print('streamlit' in sys.modules)") == "False"


def test_the_key_of_a_tables_own_notes_is_written_once() -> None:
    folders = ("dashboard", "evaluator", "exporter", "firstlight", "sampler", "store", "trainer")
    sources = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    holding = [path.relative_to(ROOT).as_posix() for path in sources if 'b"firstlight"' in path.read_text()]
    assert holding == ["firstlight/table_schema.py"]
