"""A student in a real browser: it draws as classes, noise and guidance change, without a button."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from archive_fixture import write_run
from test_browser import address, archive, browser, contexts, counts, in_address, opened, pytestmark, shows  # noqa: F401

from exporter.export import export
from firstlight.atomic_writes import write_json
from firstlight.manifest import write_manifest
from firstlight.run_folder import Run
from trainer.checkpoints import EMA, save_weights
from trainer.config import Config, to_dict
from trainer.distill import student_config
from trainer.network import Denoiser

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

Page = Callable[..., "playwright.Page"]
TEACHER = Config(widths=(8, 16), blocks=1, embedding=16, size=8, classes=3, steps=20, guidance=2.0, half=False)
PICTURE = "[data-testid=stImage] img"
CHANGED = f"before => document.querySelector('{PICTURE}').src !== before"


@pytest.fixture(scope="module")
def student(archive: Path) -> Run:  # noqa: F811
    """An untrained student of two evaluations, whose pictures depend on everything that it is told."""
    run = write_run(archive, "student", tables=("metrics",))
    config = student_config(TEACHER, "first", 2)
    torch.manual_seed(0)
    network = Denoiser(config).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            if not parameter.any():  # what begins at nothing, so that a student begins as its teacher
                parameter.fill_(0.3)
    write_json(run.card, json.loads(run.card.read_text()) | {"config": to_dict(config)})
    save_weights(run, EMA, network.state_dict())
    export(run)
    write_manifest(run)
    return run


def changed(page: "playwright.Page", before: str) -> str:
    """Wait for another picture than `before`; where it is."""
    page.wait_for_function(CHANGED, arg=before)
    return source(page)


def source(page: "playwright.Page") -> str:
    return page.locator(PICTURE).get_attribute("src") or ""


def test_a_student_draws_on_every_change(opened: Page, student: Run, tmp_path: Path) -> None:  # noqa: F811
    page = opened(f"generate?run={student.id}")
    shows(page, "3 pictures in")
    shows(page, "2 evaluations and")
    counts(page.get_by_role("button", name="Draw", exact=True), 0)
    held = source(page)
    page.get_by_role("button", name="2", exact=True).click()
    shows(page, "2 pictures in")
    held = changed(page, held)
    seed = page.get_by_label("Seed", exact=True)
    seed.fill("7")
    seed.press("Enter")
    held = changed(page, held)
    guidance = page.get_by_label("Guidance", exact=True)
    guidance.fill("2.5")
    guidance.press("Enter")
    held = changed(page, held)
    in_address(page, guidance="2.5", seed="7")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Labelled set, NPZ").click()
    waiting.value.save_as(tmp_path / "set.npz")
    with np.load(tmp_path / "set.npz") as file:
        assert file["labels"].tolist() == [0, 1] and file["seeds"].tolist() == [7, 7]
        told = json.loads(str(file["settings"]))
        assert (told["run"], told["guidance"], told["evaluations"]) == ("student", 2.5, 2)


def test_what_a_student_did_not_learn_is_a_sentence_and_the_next_request_works(
    opened: Page, student: Run  # noqa: F811
) -> None:  # fmt: skip
    page = opened(f"generate?run={student.id}&guidance=5")
    shows(page, "This student learned guidance 1 to 3, not 5; give one of those.")
    counts(page.locator(PICTURE), 0)
    guidance = page.get_by_label("Guidance", exact=True)
    guidance.fill("1.5")
    guidance.press("Enter")
    shows(page, "3 pictures in")
    counts(page.get_by_text("This student learned"), 0)
