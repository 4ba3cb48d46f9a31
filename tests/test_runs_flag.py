"""Every command reads and writes the runs that --runs names, and what was fitted for them, wherever the others lie."""

import argparse
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from test_readme import parsers

from evaluator.clip.judge import clip_for
from evaluator.theory.spectra import spectra_for
from firstlight.archives import NAMED
from firstlight.command import COMMANDS, main
from firstlight.errors import JudgeError


@pytest.mark.parametrize("room", sorted({room for room, _ in COMMANDS.values()}))
def test_every_command_has_the_flag(room: str) -> None:
    for parser in parsers(import_module(f"{room}.__main__").parser()):
        groups = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
        flags = {flag for action in parser._actions for flag in action.option_strings}
        assert groups or "--runs" in flags, parser.prog


def test_what_is_fitted_for_the_runs_is_found_for_them_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(NAMED, str(tmp_path / "others"))
    runs, rng = tmp_path / "runs", np.random.default_rng(0)
    labels = np.repeat(np.arange(3), 20)
    images = rng.integers(0, 60, (60, 16, 16, 3)) + (60 * labels)[:, None, None, None]
    np.savez(tmp_path / "own.npz", images=images.astype(np.uint8), labels=labels)
    said = ["--dataset", "My birds", "--data", str(tmp_path / "own.npz"), "--runs", str(runs)]
    card = {"dataset": {"name": "My birds", "classes": ["0", "1", "2"]}, "config": {}}
    for find, makes in ((lambda **at: clip_for("My birds", **at), "fit-clip"),
                        (lambda **at: spectra_for(card, **at), "spectrum")):  # fmt: skip
        with pytest.raises(JudgeError, match=f"evaluate {makes} --dataset 'My birds' --data FOLDER"):
            find(runs=runs)
        assert main(["evaluate", makes, *said, *(["--epochs", "1"] if makes == "fit-clip" else [])]) == 0, (
            capsys.readouterr().err
        )
        assert find(runs=runs).classes == ("0", "1", "2")
        with pytest.raises(JudgeError, match=makes):
            find()
    assert not (tmp_path / "others").exists() and [path.name for path in runs.iterdir()] == [".fitted"]
