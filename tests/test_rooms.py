"""The arrows between the rooms: who may import whom, read from the source and from a clean process."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("firstlight", "store", "sampler", "trainer", "evaluator", "exporter", "dashboard", "pages", "benchmarks")
MAY = {
    "firstlight": set(),
    "store": {"firstlight"},
    "sampler": {"firstlight", "store"},
    "trainer": {"firstlight", "store", "sampler"},
    "evaluator": {
        "firstlight",
        "store",
        "sampler",
        "trainer",
    },  # trainer's data, inside fitting only: see the test below
    "exporter": {"firstlight", "store", "sampler", "trainer"},
    "dashboard": {"firstlight", "store", "sampler", "evaluator"},
    "pages": {"dashboard"},
    "benchmarks": {"firstlight", "store", "sampler", "trainer", "exporter"},  # and nobody imports it
}
NEVER = {
    "firstlight": {"duckdb", "pandas", "streamlit"},
    "store": {"torch", "streamlit"},
    "sampler": {"torch", "streamlit"},
    "trainer": {"streamlit", "duckdb", "pandas"},
    "evaluator": {"streamlit"},
    "exporter": {"streamlit"},
    "dashboard": {"torch"},
    "pages": {"torch", "plotly", "duckdb"},
    "benchmarks": {"streamlit"},
}


def imports(path: Path, everywhere: bool) -> set[str]:
    """Top-level packages that a file imports: `everywhere`, or only when it is loaded."""
    tree = ast.parse(path.read_text())
    nodes = ast.walk(tree) if everywhere else tree.body
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} uses a relative import"
            found.add((node.module or "").split(".")[0])
    return found


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_what_the_table_allows(room: str) -> None:
    files = sorted((ROOT / room).rglob("*.py"))
    assert files
    for path in files:
        used = imports(path, everywhere=True)
        assert used & set(ROOMS) <= MAY[room] | {room}, path
        assert not used & NEVER[room], path


def test_judging_needs_neither_torch_nor_the_trainer() -> None:
    """Only what makes a judge does: its networks, how they are fitted, and how a CLIP is opened and bundled."""
    makers = {
        "judges/fit.py",
        "judges/network.py",
        "clip/fit.py",
        "clip/network.py",
        "clip/openclip.py",
        "clip/package.py",
    }
    for path in sorted((ROOT / "evaluator").rglob("*.py")):
        if not any(path.as_posix().endswith(maker) for maker in makers):
            assert not imports(path, everywhere=False) & {"torch", "trainer", "open_clip"}, path


def test_a_page_is_short_and_holds_no_sql_and_no_figures() -> None:
    for path in sorted((ROOT / "pages").glob("*.py")):
        text = path.read_text()
        assert "select " not in text.lower().replace("selectbox", ""), path
        assert "go.Figure" not in text and "plotly" not in text, path
        assert len(text.splitlines()) <= 80, path


@pytest.mark.parametrize("module", ["dashboard.app", "sampler.__main__", "evaluator.__main__", "store.__main__"])
def test_a_clean_process_loads_no_torch(module: str) -> None:
    code = f"import sys, {module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True).returncode == 0


def test_the_sampler_command_loads_neither_duckdb_nor_pandas() -> None:
    code = "import sys, sampler.__main__; sys.exit(bool({'duckdb', 'pandas', 'streamlit'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True).returncode == 0
