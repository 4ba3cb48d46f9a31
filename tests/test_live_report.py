"""A report that draws by itself: numpy's noise in a browser, a drawing as one graph, and digits drawn from one file."""

import ast
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gaussian import write_gaussian
from plotly.offline import get_plotlyjs
from saved_file import charts, saved
from test_browser import PATIENCE, ROOT, browser, playwright, pytestmark  # noqa: F401
from test_report import OUTWARD

from dashboard.__main__ import main
from dashboard.report import npm, plotly_js
from dashboard.report.check import read
from dashboard.report.live import runtime
from dashboard.report.live.network import log1p, network
from evaluator.judges.judge import judge_for_run
from firstlight.archives import BUNDLED
from firstlight.errors import RunError
from firstlight.manifest import write_manifest
from firstlight.ort import ort
from firstlight.run_folder import Run
from sampler.generation import Settings, generate, settings_of
from sampler.loop_graph import drawing_graph
from sampler.noise import HIGHEST_SEED, Noise
from sampler.session import load, verified
from sampler.step_graph import plan_of

DRAWN = {"scatter", "bar", "heatmap"}  # every kind of chart that there is on a page
SEEDS = [0, 11, 43, 48, 189, 291, 2**53 + 1, HIGHEST_SEED]  # of the first: the last bit of the tail is the library's
DRAWS, PIXELS = 5, 784
MAKE = """([source, log, seeds, draws, count]) => new Function(source + `;return (log, seeds, draws, count) =>
  seeds.map(
  seed => { const noise = new Noise(BigInt(seed), count, log)
            return Array.from({ length: draws }, () => Array.from(noise.draw())) })`)()(log, seeds, draws, count)"""
PICTURE = """canvas => Array.from(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data)
  .filter((_, at) => at % 4 === 0)"""
JUDGED = ("run.json", "metrics.parquet", "denoiser.onnx", "export.json", "judgements.parquet", "clip.parquet")
LARGEST = 14_000_000 - 1_500_000  # bytes, beside the still report of a run with its pictures


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A living report of `mnist`, with as little of it as there has to be, and of its student, which is judged."""
    try:
        runtime.runtime()
    except RunError as error:
        pytest.skip(str(error))
    root = tmp_path_factory.mktemp("runs")
    for name, files in (("mnist", ("run.json", "metrics.parquet")), ("mnist-student-2", JUDGED), ("course", ())):
        run, kept = Run(root / name), files or ("run.json", "metrics.parquet", "denoiser.onnx", "export.json")
        run.folder.mkdir()
        for file in kept:
            shutil.copy(BUNDLED / name / file, run.folder)
        write_manifest(run)
    out = root / "mnist.html"
    assert main(["report", "mnist", "mnist-student-2", "--live", "--out", str(out), "--runs", str(root)]) == 0
    return out


@pytest.fixture
def opened(browser: Any, page: Path) -> Iterator[tuple[Any, list[str]]]:  # noqa: F811
    """The report in a telephone's width, and what it has asked for beside itself."""
    context = browser.new_context(viewport={"width": 390, "height": 844})
    tab, asked = context.new_page(), list[str]()
    tab.set_default_timeout(PATIENCE)
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(page.as_uri())
    yield tab, asked
    context.close()


def test_noise_in_a_browser_is_numpys_bit_for_bit(browser: Any) -> None:  # noqa: F811
    source = (ROOT / "dashboard" / "report" / "live" / "noise.js").read_text()
    tab = browser.new_page()
    made = tab.evaluate(MAKE, [source, log1p(), [str(seed) for seed in SEEDS], DRAWS, PIXELS])
    noise = Noise(SEEDS, (1, 28, 28))
    ours = np.stack([noise.draw() for _ in range(DRAWS)], axis=1).reshape(len(SEEDS), DRAWS, PIXELS)
    assert np.array_equal(np.array(made, np.float32).view(np.uint32), ours.view(np.uint32))
    tab.close()


CLIPPED = Settings(clip=True, guidance=1.0)


@pytest.mark.parametrize(
    "settings",
    [
        Settings(guidance=2.0, guidance_low=-4.0, guidance_high=3.0, steps=8),
        Settings(solver="ipndm", steps=8, guidance=0.0, start_mean=-0.2, start_deviation=1.1),
        replace(CLIPPED, solver="ddpm", steps=6, shift=0.2),
        replace(CLIPPED, solver="ddim", steps=6, clip_at=0.5, clip_noise=False),
        replace(CLIPPED, solver="ddim", steps=6, eta=0.5, clip_share=0.9, clip_at=1.5),
    ],
    ids=lambda settings: f"{settings.solver} {settings.guidance:g} {settings.clip_share:g}",
)
def test_the_graph_of_a_drawing_draws_what_the_loop_draws_at_once_and_step_by_step(
    settings: Settings, tmp_path: Path
) -> None:
    run = write_gaussian(tmp_path)
    denoiser = load(run.denoiser, "cpu")
    *_, last = generate(denoiser, [1], [5], settings)
    plan, size = plan_of(settings), (1, *denoiser.shape)
    graph = ort.InferenceSession(drawing_graph(verified(run.denoiser), denoiser, settings))
    steps, noise = len(plan.rows), Noise([5], denoiser.shape)
    start = noise.start()
    fresh = np.stack([noise.draw() if each else np.zeros(size, np.float32) for each in plan.fresh])

    def drawn(together: int) -> np.ndarray:
        held = {"state": start, "class": np.array([1]), "scale": np.array([settings.guidance], np.float32),
                "past": np.zeros((plan.past, *size), np.float32), "count": np.array(together)}  # fmt: skip
        frames = []
        for first in range(0, steps, together):
            held |= {"first": np.array(first), "fresh": fresh[first : first + together]}
            names = [each.name for each in graph.get_outputs()]
            taken = {each.name: held[each.name.removeprefix("drawing.")] for each in graph.get_inputs()}
            made = dict(zip(names, graph.run(names, taken), strict=True))
            assert np.isfinite(made["drawing.sum"]).all() and len(made["drawing.noisy"]) == together
            held |= {"state": made["drawing.next"], "past": made.get("drawing.kept")}
            frames.append(made["drawing.image"])
        return np.concatenate(frames)

    whole = drawn(steps)
    assert np.array_equal(whole, drawn(1)) and len(whole) == steps
    assert np.abs(whole[-1].astype(int) - last.images[0]).max() <= 1
    assert np.ptp(last.images) > 20


def test_a_report_draws_digits_from_disk_and_asks_nobody(opened: tuple[Any, list[str]], page: Path) -> None:
    tab, asked = opened
    assert not OUTWARD.findall(page.read_bytes()) and page.stat().st_size <= LARGEST
    assert read(page).record["runs"].keys() == {"mnist", "mnist-student-2"}
    tab.locator(".chart .main-svg").first.wait_for()
    assert set(tab.evaluate("Object.keys(Plotly.PlotSchema.get().traces)")) >= DRAWN
    drawn = []
    for digit, seed in ((0, 0), (7, 2**53 + 1)):
        tab.get_by_role("combobox", name="Class").select_option(str(digit))
        tab.get_by_label("Seed").fill(str(seed))
        tab.get_by_role("button", name="Draw").click()
        tab.get_by_text(f"{digit}, seed {seed}, guidance 1.5: drawn in").wait_for()
        drawn.append(tab.locator("#live-picture").evaluate(PICTURE))
    ours = np.array(drawn, np.uint8).reshape(-1, 1, 28, 28)
    run = Run(page.parent / "mnist-student-2")
    *_, last = generate(load(run.denoiser, "cpu"), [0, 7], [0, 2**53 + 1], settings_of(run))
    apart = np.abs(ours.astype(int) - last.images.transpose(0, 3, 1, 2))
    assert (apart <= 1).mean() >= 0.999 and apart.max() <= 8
    logits, _ = judge_for_run(run, "clean")(ours.astype(np.float32) / 127.5 - 1)
    assert logits.argmax(axis=1).tolist() == [0, 7]
    assert [url for url in asked if not url.startswith((page.as_uri(), "blob:"))] == []
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    tab.get_by_label("Guidance").fill("30")
    tab.get_by_role("button", name="Draw").click()
    tab.get_by_text("Guidance is a number from 1 to 3.").wait_for()


def test_the_table_of_every_chart_opens_and_says_what_the_chart_says(opened: tuple[Any, list[str]]) -> None:
    tab, _ = opened
    tables = tab.get_by_text("Table of this chart")
    tab.locator(".chart .main-svg").last.wait_for()
    assert tables.count() == tab.locator("[data-figure]").count() == 3
    found = []
    for table in tables.all():
        table.click()
        held = table.locator("xpath=..")
        held.locator("td").first.wait_for()
        found.append(held.inner_text())
    losses, recognized, ranked = found
    assert "optimizer steps" in losses and losses.count("\n") > 100
    assert "0: 100 % [" in recognized and "recognized by" in recognized
    assert "generated pictures: " in ranked and ", rank 1" in ranked and "&" not in "".join(found)
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390


def test_what_is_saved_of_a_living_report_says_what_it_is_of(opened: tuple[Any, list[str]]) -> None:
    tab, _ = opened
    tab.locator(".chart .main-svg").last.wait_for()
    told = {each["figure"]: each for each in charts(tab)}
    assert told["losses"].items() >= {"page": "training", "run": "mnist", "with": "mnist-student-2"}.items()
    assert told.keys() == {"losses", "curves", "clip-ranking"} and told["curves"]["run"] == "mnist-student-2"
    assert told["curves"]["link"].startswith("http://127.0.0.1:8501/recognizability?run=mnist-student-2&judged=")
    tab.get_by_role("button", name="Draw").click()
    tab.get_by_text("drawn in").wait_for()
    name, drawn = saved(tab, tab.locator("#live-save"))
    asked = {"page": "generate", "run": "mnist-student-2", "class": "0", "seed": "0", "guidance": "1.5", "step": "2"}
    assert drawn.items() >= asked.items() and "-mnist-student-2-" in name
    assert tab.locator("a.save").count() == tab.locator("img").count()


def test_where_no_scripts_run_the_still_report_says_so(browser: Any, page: Path) -> None:  # noqa: F811
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(page.as_uri())
    tab.get_by_text("Here no scripts run").wait_for()
    assert not tab.get_by_role("button", name="Draw").is_visible() and "Configuration" in tab.content()
    context.close()


def test_an_adopted_run_with_150_levels_of_its_own_is_drawn_with(page: Path) -> None:
    plan = network(Run(page.parent / "course")).plan
    assert plan["run"] == "course" and plan["teacher"] == "" and plan["steps"] == 150 and sum(plan["fresh"]) == 149
    assert json.loads(json.dumps(plan, allow_nan=False)) == plan


def test_without_the_runtime_there_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(npm, "cache", lambda: tmp_path)
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")
    report = ["report", "mnist", "--out", str(tmp_path / "no.html"), "--runs", str(BUNDLED)]
    for flags, said in (
        (["--live"], "could not be fetched"),
        (["--live", "--onnxruntime-web", str(tmp_path)], "holds no ort.wasm.bundle.min.mjs"),
        (["--onnxruntime-web", str(tmp_path)], "give --live too"),
    ):
        assert main(report + flags) == 2
        error = capsys.readouterr().err.strip()
        assert said in error and "\n" not in error and "--onnxruntime-web" in error
    monkeypatch.setattr(npm.urllib.request, "urlopen", lambda *_, **__: (tmp_path / "other").open("rb"))
    (tmp_path / "other").write_bytes(b"something else")
    with pytest.raises(RunError, match="as it was published"):
        runtime.runtime()


def test_every_chart_is_of_a_kind_that_the_bundle_of_plotly_is_taken_for() -> None:
    trees = (ast.parse(path.read_text()) for path in (ROOT / "dashboard").rglob("*.py"))
    kinds = set()
    for node in (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Dict)):
        known = {key.value: value for key, value in zip(node.keys, node.values, strict=True)
                 if isinstance(key, ast.Constant)}  # fmt: skip
        if "type" in known and known.keys() & {"x", "y", "z"}:
            kinds.add(ast.literal_eval(known["type"]))
    assert kinds == DRAWN


def test_where_the_bundle_is_not_to_be_had_the_whole_plotly_is_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    whole = npm.silent(get_plotlyjs())
    with monkeypatch.context() as away:
        away.setattr(npm, "cache", lambda: tmp_path)
        away.setenv("npm_config_registry", "http://127.0.0.1:9/")
        assert plotly_js.plotly.__wrapped__(True) == whole
    monkeypatch.setattr(plotly_js, "VERSION", "0.0.0")  # the Python package writes for another
    assert plotly_js.plotly.__wrapped__(True) == whole
