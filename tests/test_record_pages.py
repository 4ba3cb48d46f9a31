"""A recorded run opens on every page: what it has is shown, what it lacks is said, and nothing breaks."""

from collections.abc import Callable
from pathlib import Path

import pytest
from recorded_fixture import KINDS
from streamlit.testing.v1 import AppTest
from test_pages import PAGES, opened  # noqa: F401 (a fixture)

from firstlight.recorder import Recorder


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_recorded_run_opens_on_every_page(
    opened: Callable[..., AppTest], tmp_path: Path, kind: Callable[[Path], Recorder], name: str  # noqa: F811
) -> None:  # fmt: skip
    kind(tmp_path).finish()
    opened(name)
