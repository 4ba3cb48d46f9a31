"""What lies above what in the dashboard, and what opening its first page loads, in clean processes."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LOADED = "sorted(name for name in sys.modules if name.startswith(('onnxruntime', 'evaluator.judges')))"
OPENED = """
import sys
sys.path[:0] = ["tests"]
from app_fixture import linked
page = linked("{page}")
assert not page.exception and "{title}" in [title.value for title in page.title], page
print({loaded})
"""


def said(code: str) -> str:
    """What Python code prints in a process of its own."""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1]


@pytest.mark.parametrize(("page", "title"), [("start", "Firstlight"), ("runs", "Runs")])
def test_opening_a_first_page_loads_neither_onnx_runtime_nor_a_judge(page: str, title: str) -> None:
    assert said(OPENED.format(page=page, title=title, loaded=LOADED)) == "[]"


@pytest.mark.parametrize("folder", ["charts", "pictures"])
def test_figures_and_pictures_load_no_streamlit(folder: str) -> None:
    paths = [path for path in (ROOT / "dashboard" / folder).rglob("*.py") if path.name != "__init__.py"]
    names = ", ".join(f"dashboard.{folder}.{path.stem}" for path in paths)
    assert len(paths) > 2 and said(f"import sys, {names}; print('streamlit' in sys.modules)") == "False"


def test_the_key_of_a_tables_own_notes_is_written_once() -> None:
    folders = ("dashboard", "evaluator", "exporter", "firstlight", "sampler", "store", "trainer")
    sources = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    holding = [path.relative_to(ROOT).as_posix() for path in sources if 'b"firstlight"' in path.read_text()]
    assert holding == ["firstlight/schema.py"]
