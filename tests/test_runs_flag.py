"""Every command reads and writes the runs that --runs names, and what was fitted for them, wherever the others lie."""

import argparse
import shutil
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_readme import parsers

from evaluator.clip.judge import BUNDLED, ClipJudge, clip_for, load
from evaluator.theory.spectra import spectra_for
from firstlight.archives import NAMED
from firstlight.atomic_writes import write_json
from firstlight.command import COMMANDS, main
from firstlight.errors import JudgeError


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """The archive that --runs names."""
    return tmp_path / "runs"


@pytest.fixture
def others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Another, which every command reads where nothing is said."""
    monkeypatch.setenv(NAMED, str(tmp_path / "others"))
    return tmp_path / "others"


@pytest.fixture
def own(tmp_path: Path, runs: Path) -> list[str]:
    """Flags that name 60 small pictures of three classes, and the archive."""
    labels = np.repeat(np.arange(3), 20)
    images = np.random.default_rng(0).integers(0, 60, (60, 16, 16, 3)) + (60 * labels)[:, None, None, None]
    np.savez(tmp_path / "own.npz", images=images.astype(np.uint8), labels=labels)
    return ["--dataset", "My birds", "--data", str(tmp_path / "own.npz"), "--runs", str(runs)]


@pytest.mark.parametrize("room", sorted({room for room, _ in COMMANDS.values()}))
def test_every_command_has_the_flag(room: str) -> None:
    for parser in parsers(import_module(f"{room}.__main__").parser()):
        groups = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
        flags = {flag for action in parser._actions for flag in action.option_strings}
        assert groups or "--runs" in flags, parser.prog


def test_what_is_measured_for_the_runs_is_found_for_them_alone(own: list[str], runs: Path, others: Path) -> None:
    card = {"dataset": {"name": "My birds", "classes": ["0", "1", "2"]}, "config": {}}
    with pytest.raises(JudgeError, match="evaluate spectrum --dataset 'My birds' --data FOLDER"):
        spectra_for(card, runs)
    assert main(["evaluate", "spectrum", *own]) == 0
    assert spectra_for(card, runs).classes == ("0", "1", "2")
    with pytest.raises(JudgeError):
        spectra_for(card)
    assert not others.exists() and [path.name for path in runs.iterdir()] == [".fitted"]


def test_a_clip_is_fitted_for_the_runs(
    own: list[str], runs: Path, others: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Up to its examination, which tests of its own hold."""
    with pytest.raises(JudgeError, match="evaluate fit-clip --dataset 'My birds' --data FOLDER"):
        clip_for("My birds", runs=runs)

    def finished(folder: Path, *_: Any) -> ClipJudge:
        shutil.copytree(BUNDLED / "mnist", folder, dirs_exist_ok=True)
        write_json(folder / "card.json", load(folder).card | worth)
        return load(folder)

    monkeypatch.setattr("evaluator.clip.fit.finish", finished)
    worth = {"low": 0.11}
    assert main(["evaluate", "fit-clip", *own, "--epochs", "1"]) == 2 and not [*runs.rglob("*.safetensors")]
    worth = {}
    assert main(["evaluate", "fit-clip", *own, "--epochs", "1"]) == 0
    (weights,) = runs.rglob("*.safetensors")
    assert weights.is_relative_to(runs / ".fitted") and not others.exists()
    assert clip_for("My birds", runs=runs).name == "mnist-clip"
    with pytest.raises(JudgeError):
        clip_for("My birds")
