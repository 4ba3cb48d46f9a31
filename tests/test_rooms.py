"""The arrows between the rooms: who may import whom, read from the source and from a clean process."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = (
    "firstlight",
    "store",
    "jobs",
    "sampler",
    "trainer",
    "evaluator",
    "exporter",
    "dashboard",
    "pages",
    "benchmarks",
)
MAY = {
    "firstlight": set(),
    "store": {"firstlight"},
    "jobs": {"firstlight", "store"},
    "sampler": {"firstlight", "store"},
    "trainer": {"firstlight", "store", "sampler"},
    "evaluator": {
        "firstlight",
        "store",
        "jobs",
        "sampler",
        "trainer",
    },  # trainer's data, inside fitting only: see the test below
    "exporter": {"firstlight", "store", "sampler", "trainer"},
    "dashboard": {"firstlight", "store", "jobs", "sampler", "evaluator"},
    "pages": {"dashboard"},
    "benchmarks": {"firstlight", "store", "jobs", "sampler", "trainer", "evaluator", "exporter"},  # nobody imports it
}
NEVER = {
    "firstlight": {"duckdb", "pandas", "streamlit"},
    "store": {"torch", "streamlit"},
    "jobs": {"torch", "streamlit", "duckdb", "pandas"},
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


SOURCES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))


def module_of(path: Path) -> str:
    """The name that a file is imported by."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in SOURCES}


def imported_modules(path: Path) -> set[str]:
    """Modules of ours that a file imports, inside functions and for type checkers too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            full = {f"{node.module}.{name.name}" for name in node.names}
            found |= (full & MODULES.keys()) or {node.module or ""}
    return found & MODULES.keys() - {module_of(path)}


def circles(arrows: dict[str, set[str]]) -> list[set[str]]:
    """Groups of modules that import each other in a circle: what is left when leaves are taken away from both ends."""
    left = {name: set(targets) for name, targets in arrows.items()}
    while True:
        reached = set().union(*left.values()) if left else set()
        kept = {name: targets & left.keys() for name, targets in left.items() if targets & left.keys()}
        kept = {name: targets for name, targets in kept.items() if name in reached}
        if kept == left:
            return [set(left)] if left else []
        left = kept


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set()}) == [{"b", "c"}]
    assert not circles({name: imported_modules(path) for name, path in MODULES.items()})


def test_the_house_is_small_where_one_enters_it() -> None:
    assert len([path for path in (ROOT / "dashboard").iterdir() if path.is_file()]) <= 10
    assert len([path for path in (ROOT / "evaluator").iterdir() if path.is_file()]) <= 6


def test_modules_and_functions_are_short() -> None:
    assert not [path for path in SOURCES if len(path.read_text().splitlines()) > 300]
    long = [
        f"{path.name}: {node.name}"
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno + 1 > 40
    ]
    assert len(long) <= 3, long


def test_names_of_files_are_nouns() -> None:
    """No -ing forms and no participles of the plainest verbs; what the field itself calls so is named."""
    field = {"censoring", "cloning", "ranking", "recording", "sitting", "training"}
    tabs = {"compared", "pictures_learned", "stored"}  # a tab of its name; pictures and chains that are no others
    for path in SOURCES:
        assert not path.stem.endswith("ing") or path.stem.split("_")[-1] in field, path
        assert path.stem not in {"taken", "told", "held", "found", "said", "shown", "worked_out"}, path
        assert not path.stem.endswith("ed") or path.stem in tabs, path


def test_no_docstring_explains_itself_by_formula() -> None:
    assert not [path for path in SOURCES if "The seam is here" in path.read_text()]


IMPORTERS = {"import_module", "__import__", "run_module", "run_path"}
BY_STRING = {  # who imports by a string, and from where
    "firstlight/__init__.py": {"firstlight"},  # what is named there, when it is first used
    "firstlight/command.py": {"*"},  # an exception: the front door, a command's own room
    "jobs/sweep_file.py": {"*"},  # an exception: a command's own parser, which says what is wrong with its words
    "jobs/shares.py": {"firstlight", "*"},  # an exception: in a worker, the function that its caller names
    "benchmarks/__main__.py": {"benchmarks"},
}


def by_string(path: Path) -> set[str]:
    """Packages that a file imports by a string; "*" where the string itself is made."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in IMPORTERS:
            name = node.args[0].values[0] if isinstance(node.args[0], ast.JoinedStr) else node.args[0]
            found.add(str(name.value).split(".")[0] if isinstance(name, ast.Constant) else "*")
    return found


def test_who_imports_by_a_string_is_known() -> None:
    assert {path.relative_to(ROOT).as_posix(): found for path in SOURCES if (found := by_string(path))} == BY_STRING


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_what_the_table_allows(room: str) -> None:
    files = sorted((ROOT / room).rglob("*.py"))
    assert files
    for path in files:
        used = imports(path, everywhere=True) | by_string(path)
        assert used & set(ROOMS) <= MAY[room] | {room}, path
        assert not used & NEVER[room], path


@pytest.mark.parametrize("floor", ["charts", "pictures"])
def test_figures_and_pictures_know_no_streamlit(floor: str) -> None:
    files = sorted((ROOT / "dashboard" / floor).rglob("*.py"))
    assert files and not [path for path in files if "streamlit" in imports(path, everywhere=True)]


def test_judging_needs_neither_torch_nor_the_trainer() -> None:
    """Only what makes a judge does: its networks, how they are fitted, and how a CLIP is opened and bundled."""
    makers = {
        "judges/augmentation.py",
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


def test_a_clean_process_loads_neither_torch_nor_statistics_and_to_sample_neither_duckdb_nor_pandas() -> None:
    """Each of them takes half a second or more, whenever a command or a server begins."""
    code = """
import sys, sampler.__main__
found = {"duckdb", "pandas", "streamlit"} & {*sys.modules}
for name in ("store.__main__", "evaluator.__main__", "dashboard.app"):
    __import__(name)
    found |= {f"{name} loads {each}" for each in ("torch", "scipy.stats") if each in sys.modules}
sys.exit(str(found) if found else 0)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_browser_test_waits_for_what_it_counts() -> None:
    """A count that is taken at once is of the page before: Playwright's `expect` waits, in `counts`."""
    tests = sorted((ROOT / "tests").glob("test_browser*.py"))
    assert [path.name for path in tests if ".count() " in path.read_text().replace("option.count()", "")] == []
