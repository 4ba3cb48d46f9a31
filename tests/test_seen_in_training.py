"""Where figures are told against test pictures that a run learned from, it is said that it has seen them."""

import pytest
from app_fixture import html_of, linked

from firstlight.archives import BUNDLED
from firstlight.seen_in_training import SAID


@pytest.mark.parametrize("page", ["steps", "guidance", "claims"])
@pytest.mark.parametrize(("run", "seen"), [("course", True), ("fashion", False)])
def test_a_run_that_learned_from_the_test_pictures_is_told_as_one(
    page: str, run: str, seen: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(BUNDLED))
    said = " ".join(html_of(linked(page, run=run)))
    if page == "claims":  # of S13 itself: S14 names the other run too
        said = said[said.index("Fréchet distance over its floor: ") :][:400]
    assert (f"{run} {SAID}" in said) == seen
