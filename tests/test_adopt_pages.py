"""An adopted run opens on every page: what it has is shown, what it lacks is said, and nothing breaks."""

import base64
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from exact_network import BETAS
from streamlit.testing.v1 import AppTest
from test_adopt import Small
from test_pages import PAGES, Shared, opened, shared, words  # noqa: F401 (fixtures)

from dashboard.components import canvas
from dashboard.draw import sections
from firstlight.adoption.adopt import adopt
from firstlight.command import main
from firstlight.guest_schedules import flow
from firstlight.levels import known_to
from firstlight.run_folder import Run
from firstlight.run_json import card_of

DIGITS = [*"0123456789"]
KINDS: dict[str, dict[str, Any]] = {  # what is said of each, beside what is said of all
    "guided": {"schedule": BETAS, "predicts": "noise", "pictures": (0, 1), "classes": DIGITS, "no_label": True},
    "conditional": {"schedule": BETAS, "predicts": "v", "pictures": (-1, 1), "classes": DIGITS},
    "unconditional": {"schedule": BETAS, "predicts": "noise", "pictures": (0, 1), "classes": None},
    "flow": {"schedule": flow(noise_at=1, steps=20), "predicts": "velocity", "pictures": (-1, 1), "classes": DIGITS,
             "no_label": True},
    "many": {"schedule": BETAS, "predicts": "noise", "pictures": (-1, 1), "shape": (3, 64, 64), "dataset": "birds",
             "classes": [f"bird {kind}" for kind in range(100)], "no_label": True},
}  # fmt: skip


@pytest.fixture(scope="module")
def guests(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of each kind, and one that was traced."""
    root = tmp_path_factory.mktemp("guests")
    for name, terms in KINDS.items():
        model = Small(len(terms["classes"] or [0]) + 1, terms.get("shape", (1, 8, 8))[0])
        call = None if terms["classes"] else (lambda net, x, t, label: net(x, t, label * 0))
        adopt(model, name, runs=root, call=call, **{"shape": (1, 28, 28), "dataset": "mnist"} | terms)
    shutil.copytree(root / "guided", root / "traced")
    assert main(["trace", "traced", "--per-class", "1", "--every", "50", "--runs", str(root)]) == 0
    return root


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("kind", ["conditional", "unconditional", "many", "traced"])  # others: test_examples.py
def test_an_adopted_run_opens_on_every_page(
    opened: Callable[..., AppTest], guests: Path, shared: Shared, kind: str, name: str  # noqa: F811
) -> None:  # fmt: skip
    opened(name, shared(kind, lambda root: shutil.copytree(guests / kind, root / kind)), run=kind)


def test_of_an_adopted_run_nothing_is_said_that_nobody_told(
    opened: Callable[..., AppTest], guests: Path, tmp_path: Path  # noqa: F811
) -> None:  # fmt: skip
    shutil.copytree(guests / "guided", tmp_path / "guided")
    page = opened("runs", run="guided")
    said = words(page)
    assert page.dataframe[0].value["trained"].tolist() == [""], "nobody logged its training"
    assert "predicts noise, pictures in [0, 1], 150 levels of its own" in said and "ddpm, 150 steps" in said
    for invented in ("Adam", "label dropout", "epochs", "0 pictures", "unknown device", "widths", "?"):
        assert invented not in said.split("<style>")[0], invented
    assert "was adopted" in words(opened("network", run="guided"))


@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [
        ("generate", "conditional", "knows no pictures without a label, so it cannot be guided"),
        ("guidance", "conditional", "knows no pictures without a label, so it cannot be guided"),
        ("speciation", "conditional", "firstlight evaluate speciation conditional --label 0"),
        ("recognizability", "unconditional", "has no classes, so there is no recognition of it"),
        ("clip_rankings", "unconditional", "has no classes, so there is no ranking of classes"),
        ("generate", "unconditional", "has no classes, so it cannot be guided"),
        (
            "forward",
            "guided",
            "Along its own levels, signal and noise of pictures in [−1, 1] are equal at step 57 of 150",
        ),
        ("forward", "flow", "Along its own levels, signal and noise of pictures in [−1, 1] are equal at step 10 of 20"),
        ("forward", "many", "There is no picture to begin with: many kept none through training"),
        ("network", "guided", "network, when it was adopted: However its answers are read"),
        ("generate", "guided", "does not come back: it may not be trained"),
        ("training", "guided", "was adopted, and nobody logged its training"),
    ],
)
def test_what_a_guest_cannot_is_said_where_it_would_be(
    opened: Callable[..., AppTest], guests: Path, shared: Shared, name: str, kind: str, said: str  # noqa: F811
) -> None:  # fmt: skip
    page = opened(name, shared(kind, lambda root: shutil.copytree(guests / kind, root / kind)), run=kind)
    assert said in words(page).replace("\\", "").replace("&nbsp;", " ")
    assert "Guidance" not in [each.label for each in page.number_input] or kind == "guided"


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("guided", "The network knows 150 noise levels; each level is the nearest of them."),
        ("conditional", "because it knows no pictures without a label"),
        ("unconditional", "unconditional never learned to be told a class"),
        ("flow", "A U-turn: noised to a level, and brought back by flow, without a label"),
        ("many", "The network knows pictures in colour and is given a grey one."),
    ],
)
def test_a_guest_brings_a_drawing_back_from_levels_that_it_knows(
    opened: Callable[..., AppTest], guests: Path, tmp_path: Path, kind: str, said: str  # noqa: F811
) -> None:  # fmt: skip
    shutil.copytree(guests / kind, tmp_path / kind)
    page = opened("draw", run=kind, draws="2")
    page.session_state[canvas.KEPT] = {"begun": "none", "sent": base64.b64encode(b"\xff" * canvas.SIDE**2).decode()}
    page.run()
    work = page.session_state[sections.WORK]
    for part in range(work.turns.total):
        page.session_state[canvas.ASKED] = f"{work.key} {part}"
        page.run()
        assert [error.value for error in page.exception] == [] and work.turns.done == part + 1
    assert said in words(page) and work.turns.made(0) == 2
    known = known_to(card_of(Run(tmp_path / kind)))
    assert bool(known) == (kind != "flow") and (not known or set(work.turns.levels) <= set(known))


def test_what_the_former_network_made_is_marked_on_its_pages(
    opened: Callable[..., AppTest], guests: Path, tmp_path: Path  # noqa: F811
) -> None:  # fmt: skip
    shutil.copytree(guests / "traced", tmp_path / "traced")
    marked = "traced has adopted another network since its trajectories were made"
    assert marked not in words(opened("trajectory", run="traced"))
    adopt(Small(11), "traced", runs=tmp_path, **KINDS["guided"] | {"predicts": "sample", "shape": (1, 28, 28)})
    said = words(opened("trajectory", run="traced"))
    assert marked in said and "made anew with: firstlight trace traced" in said
    assert marked not in words(opened("training", run="traced"))
    assert main(["trace", "traced", "--per-class", "1", "--every", "75", "--runs", str(tmp_path)]) == 0
    assert marked not in words(opened("trajectory", run="traced"))
