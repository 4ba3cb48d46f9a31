"""An archive with a run that a page can have traced in seconds, without torch: an exact network that was adopted."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from archive_fixture import card, write_run
from gaussian import CLASSES, lend, write_gaussian
from jobs_fixture import archive
from streamlit.testing.v1 import AppTest

from firstlight.atomic_writes import write_json
from firstlight.run_folder import Run

TRACE = ["trace", "mine"]


@contextmanager
def untraced(folder: Path, patch: pytest.MonkeyPatch) -> Iterator[Run]:
    """The run `mine`, which has a network and no trajectories, in an archive of its own."""
    with archive(folder, patch) as runs:
        known = write_gaussian(folder / "graph")
        run = write_run(runs, "mine", tables=("metrics",))
        content = card("mine")
        content["dataset"] |= {"name": "letters", "classes": list(CLASSES)}
        write_json(run.card, content | {"guest": {"no_label": True, "check": []}})
        lend(known, run)
        yield run


def button(test: AppTest, label: str) -> Any:
    """The one button with this label."""
    (found,) = [each for each in test.button if each.label == label]
    return found


def forged(test: AppTest, label: str) -> Any:
    """The same, to be pressed though it is disabled, as no browser does."""
    found = button(test, label)
    assert found.disabled
    found.proto.disabled = False
    return found


def labels(test: AppTest) -> list[str]:
    return [each.label for each in test.button]
