"""What a living report draws against the run's own graph on this CPU, seed for seed: make living RUN=mnist SEEDS=1000

The report is opened in a browser, of an archive with this run alone, so that the run itself draws and no student of it.
"""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import sync_playwright
from test_browser import CHROMIUM, FLAGS
from tqdm import tqdm

from dashboard.__main__ import main as dashboard
from firstlight.archives import BUNDLED
from firstlight.manifest import write_manifest
from firstlight.run_folder import Run
from sampler.generation import generate, settings_of
from sampler.session import load

SHARE, MOST = 0.999, 8  # of the pixels within one grey level; grey levels that none differs by more than
BATCH = 20  # pictures that are drawn together here
DRAW = """async ([label, seed, watched]) => {
  const at = id => document.getElementById(id), section = at('live')
  Object.assign(at('live-class'), { value: label })
  Object.assign(at('live-seed'), { value: seed })
  if (at('live-watched')) at('live-watched').checked = watched
  const drawn = new Promise(next => new MutationObserver((_, seen) => {
    if (section.dataset.state !== 'draws') { seen.disconnect(); next() }
  }).observe(section, { attributes: true }))
  at('live-form').requestSubmit()
  await drawn
  const canvas = at('live-picture'), pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
  return [section.dataset.state, at('live-said').textContent, Array.from(pixels.data)]
}"""


def living(root: Path, name: str, archive: Path) -> Path:
    """A living report of the run alone, with no more in it than there has to be."""
    kept, out = Run(root / name), root / "living.html"
    kept.folder.mkdir()
    own = Run(archive / name)
    for file in (own.card, own.metrics, own.denoiser, own.export):
        shutil.copy(file, kept.folder)
    write_manifest(kept)
    if dashboard(["report", name, "--live", "--out", str(out), "--runs", str(root)]):
        sys.exit(2)
    return out


def drawn(page: Any, label: int, seed: int, watched: bool) -> tuple[np.ndarray, float]:
    """A picture (H, W, 3) as the page draws it, and the milliseconds that it says."""
    state, said, pixels = page.evaluate(DRAW, [str(label), str(seed), watched])
    if state != "drawn":
        sys.exit(f"error: seed {seed}: {said}")
    size = page.eval_on_selector("#live-picture", "canvas => [canvas.height, canvas.width]")
    return np.array(pixels, np.uint8).reshape(*size, 4)[..., :3], float(said.split(" in ")[1].split()[0])


def main() -> int:
    flags = argparse.ArgumentParser(description="Compare a living report with the run's own graph.")
    flags.add_argument("run", nargs="?", default="mnist", help="the run's id")
    flags.add_argument("--seeds", type=int, default=30, help="how many; seed k draws class k modulo the classes")
    flags.add_argument("--watched", action="store_true", help="a call for each step instead of one for the drawing")
    flags.add_argument("--runs", type=Path, default=BUNDLED, help="folder of the runs")
    given = flags.parse_args()
    run = Run(given.runs / given.run)
    denoiser, settings = load(run.denoiser, "cpu"), settings_of(run)
    labels = [seed % len(denoiser.classes) for seed in range(given.seeds)]
    differences, times, began = list[np.ndarray](), list[float](), time.monotonic()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as started:
        page = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS).new_page()
        page.goto(living(Path(folder), given.run, given.runs).as_uri())
        page.wait_for_selector("#live-form:not([hidden])")
        for first in tqdm(range(0, given.seeds, BATCH), desc="Drawing twice", unit=f" x {BATCH} pictures"):
            seeds = range(given.seeds)[first : first + BATCH]
            *_, last = generate(denoiser, labels[first : first + BATCH], list(seeds), settings)
            for seed, ours in zip(seeds, last.images, strict=True):
                theirs, milliseconds = drawn(page, labels[seed], seed, given.watched)
                differences.append(np.abs(theirs[..., : ours.shape[-1]].astype(int) - ours))
                times.append(milliseconds)
    minutes = (time.monotonic() - began) / 60
    return said(given.run, np.stack(differences), times, minutes)


def said(run: str, apart: np.ndarray, times: list[float], minutes: float) -> int:
    """Print how far apart the pictures (N, H, W, C) are; 1 where that is too far."""
    share, most = float((apart <= 1).mean()), int(apart.max())
    whole = int((apart <= 1).all((1, 2, 3)).sum())
    print(
        f"{run}: {len(apart):,} pictures, {apart.size:,} values. At most one grey level apart: {100 * share:.4f} % of "
        f"the values (asked: {100 * SHARE:g} %), all those of {whole:,} pictures; the largest difference is {most} "
        f"(asked: {MOST})."
    )
    low, middle, high = np.quantile(times, (0.05, 0.5, 0.95))
    print(
        f"A picture took the browser {middle:.0f} ms (median; 5 to 95 % of them {low:.0f} to {high:.0f}); all of this "
        f"took {minutes:.1f} minutes."
    )
    return int(share < SHARE or most > MOST)


if __name__ == "__main__":
    sys.exit(main())
