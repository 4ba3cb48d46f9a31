"""What a run lacks is said with what makes it: one rule for every page and command, whoever made the run."""

import html
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from recorded_fixture import begun
from streamlit.testing.v1 import AppTest
from test_pages import PAGES, opened, words  # noqa: F401 (a fixture)

from firstlight.remedy import evaluated_by
from firstlight.run_folder import Run

WRONG = re.compile(r"firstlight (train --id|export|resume|trace) (recorded|harmed|traced)")  # there is nothing to


@pytest.mark.parametrize("name", [page for page in PAGES if page not in ("compare", "report", "runs")])
def test_no_page_names_a_command_that_a_recorded_run_cannot_take(
    opened: Callable[..., AppTest], tmp_path: Path, name: str  # noqa: F811
) -> None:  # fmt: skip
    begun(tmp_path, "recorded").finish()
    said = html.unescape(words(opened(name, run="recorded"))).replace("\\", "")
    found = [text for text in re.findall(r"[^<>]*", said) if WRONG.search(text) and "firstlight adopt" not in text]
    assert not found
    lonely = [text for text in re.findall(r"[^<>]*", said) if "with: firstlight evaluate" in text]
    assert not [text for text in lonely if "firstlight adopt" not in text], "it needs its network first"
    if name in ("trajectory", "blind_test", "generate", "network"):
        assert "firstlight adopt FOLDER --id recorded" in said


def test_what_an_evaluation_needs_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(tmp_path))
    begun(tmp_path, "recorded").finish()
    run, command = Run(tmp_path / "recorded"), "firstlight evaluate recognizability recorded"
    adopted = "Adopt its network by firstlight.adopt(…), or with: firstlight adopt FOLDER --id recorded"
    assert evaluated_by(run, "firstlight evaluate steps recorded", "Do it with").startswith(f"{adopted}, then: firstl")
    assert evaluated_by(run, command, "Do it with") == f"{adopted}, then: firstlight trace recorded, then: {command}"
    run.denoiser.write_bytes(b"")
    assert evaluated_by(run, command, "Do it with") == f"Do it with: firstlight trace recorded, then: {command}"
    run.trajectories.write_bytes(b"")
    assert evaluated_by(run, command, "Do it with") == f"Do it with: {command}"


def test_only_the_rule_names_what_makes_a_graph_or_trajectories() -> None:
    """Elsewhere such a command stands where it was just made possible, or where the run is known to be ours."""
    known = {
        "firstlight/remedy.py", "firstlight/adoption/__main__.py", "trainer/commands.py",
        "dashboard/network/anatomy.py", "evaluator/steps/solver_grid.py",
    }  # fmt: skip
    root = Path(__file__).parent.parent
    rooms = ("dashboard", "evaluator", "exporter", "firstlight", "pages", "sampler", "store", "trainer")
    naming = {
        path.relative_to(root).as_posix()
        for room in rooms
        for path in (root / room).rglob("*.py")
        if re.search(r"firstlight (trace|export) \{", path.read_text())
    }
    assert naming == known
