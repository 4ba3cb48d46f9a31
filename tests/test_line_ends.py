"""A clone on a machine whose Git changes line ends, as on Windows, has every bundled file as it was."""

import shutil
import subprocess
from pathlib import Path

import pytest

from store.archive import entry
from store.verification import inspect

ROOT = Path(__file__).parent.parent
HASHED = ("runs", "evaluator/judges", "evaluator/clip/judges")  # digests of what lies here stand beside it


def git(*words: str, at: Path = ROOT) -> str:
    return subprocess.run(["git", *words], cwd=at, capture_output=True, text=True, check=True).stdout


@pytest.fixture(autouse=True)
def _git() -> None:
    if not shutil.which("git"):
        pytest.skip("there is no git here")


def test_no_line_end_of_a_file_with_a_digest_is_ever_changed() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("this is no checkout")
    files = [file for file in git("ls-files", *HASHED).splitlines() if not file.endswith(".py")]
    assert {".parquet", ".onnx", ".json", ".npz", ".safetensors"} <= {Path(file).suffix for file in files}
    told = git("check-attr", "text", "--", *files).splitlines()
    assert len(told) == len(files) and [line for line in told if not line.endswith(": text: unset")] == []


@pytest.mark.parametrize("guarded", [True, False])
def test_a_bundled_run_is_sound_in_a_clone_that_changes_line_ends(tmp_path: Path, guarded: bool) -> None:
    """And damaged without .gitattributes, which shows that this Git does change them."""
    here = tmp_path / "here"
    shutil.copytree(ROOT / "runs" / "two-digits", here / "runs" / "two-digits", ignore=shutil.ignore_patterns(".*"))
    (here / "code.py").write_text("a = 1\n")
    if guarded:
        shutil.copy(ROOT / ".gitattributes", here)
    git("init", "--quiet", at=here)
    git("add", ".", at=here)
    git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "--message", "All", at=here)
    git("clone", "--quiet", "--config", "core.autocrlf=true", str(here), "there", at=tmp_path)
    there = tmp_path / "there"
    found = inspect(entry(there / "runs", "two-digits").run, everything=True)
    assert found.damaged is not guarded, found.problems
    assert (b"\r\n" in (there / "code.py").read_bytes()) is not guarded
