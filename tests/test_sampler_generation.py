"""Pictures on demand: guidance, noise, the ONNX Runtime session and the command line, on the denoiser of a Gaussian."""

import math
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from gaussian import CLASSES, MEANS, SIZE, SPREAD, denoise, flow, graph, write_gaussian
from PIL import Image

from firstlight.errors import SamplerError
from firstlight.levels import levels, onward
from firstlight.run_folder import Run
from sampler.__main__ import main
from sampler.generation import Settings, continued, generate, settings_of
from sampler.guidance import evaluations, guided
from sampler.loop import sample
from sampler.noise import Noise
from sampler.output import grid
from sampler.providers import obstacle
from sampler.request import labels_of
from sampler.session import Denoiser, load

ROOT = Path(__file__).parent.parent
SHAPE = (1, SIZE, SIZE)
BYTE = 1 / 127.5  # a picture's resolution


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return write_gaussian(tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def denoiser(run: Run) -> Denoiser:
    return load(run.denoiser, "cpu")


def images(denoiser: Denoiser, labels: list[int], seeds: list[int], settings: Settings, batch: int = 64) -> np.ndarray:
    *_, last = generate(denoiser, labels, seeds, settings, batch)
    return last.images


# noise


def test_a_picture_s_noise_depends_on_its_seed_only() -> None:
    alone, together = Noise([7], SHAPE), Noise([3, 7, 2**63 - 1], SHAPE)
    for _ in range(3):
        np.testing.assert_array_equal(alone.draw()[0], together.draw()[1])
    np.testing.assert_array_equal(Noise([7], SHAPE).draw(), Noise([7], SHAPE).start())
    assert np.abs(Noise([7], SHAPE).start() - Noise([8], SHAPE).start()).max() > 1


def test_noise_is_standard_normal_and_seeds_do_not_correlate() -> None:
    """1,000 pictures of 64 pixels: standard errors 0.004 (mean), 0.006 (variance), 0.03 (correlation); 5 of each."""
    drawn = Noise(range(1000), SHAPE).start().reshape(1000, -1)
    assert drawn.dtype == np.float32
    assert abs(drawn.mean()) < 0.02
    assert abs(drawn.var() - 1) < 0.03
    assert abs(np.corrcoef(drawn[:-1].ravel(), drawn[1:].ravel())[0, 1]) < 0.02


# guidance


@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_guidance_extrapolates_inside_the_interval_and_saves_an_evaluation_outside(library: str) -> None:
    calls: list[int] = []

    def network(x: np.ndarray, logsnr: np.ndarray, label: np.ndarray) -> np.ndarray:
        calls.append(len(x))
        assert logsnr.shape == label.shape == x.shape[:1]
        assert logsnr.dtype == x.dtype
        return x * 0 + label[:, None, None, None]

    x, label = np.zeros((3, *SHAPE), np.float32), np.array([0, 1, 2])
    wrap = torch.from_numpy if library == "torch" else np.asarray
    law = guided(network, wrap(label), 3, scale=2.0, low=-4.0, high=4.0)
    assert np.asarray(law(wrap(x), 0.0))[:, 0, 0, 0].tolist() == [-3, -1, 1]  # 3 + 2·(c − 3)
    assert np.asarray(law(wrap(x), 4.1))[:, 0, 0, 0].tolist() == [0, 1, 2]
    assert np.asarray(guided(network, wrap(label), 3, 0.0)(wrap(x), 0.0))[:, 0, 0, 0].tolist() == [3, 3, 3]
    assert np.asarray(guided(network, wrap(label), 3)(wrap(x), 0.0))[:, 0, 0, 0].tolist() == [0, 1, 2]
    assert calls == [6, 3, 3, 3]
    at = levels("logsnr", 4)  # -12, -5, 2, 9
    assert [evaluations(at, s, -5, 4) for s in (0.0, 1.0, 2.0)] == [4, 4, 6]


def test_clipping_is_a_choice() -> None:
    table = Settings("ddim", "linear-150", 3, clip=True).table()
    for x in (np.ones((1, *SHAPE)), torch.ones(1, *SHAPE)):
        assert all(abs(step.denoised).max() == 1 for step in sample(lambda x, _: x * 3, x, table))


# generation


def test_the_graph_is_the_closed_form(denoiser: Denoiser) -> None:
    """float32 sums of numbers around 1."""
    x = Noise(range(4), SHAPE).start()
    for logsnr in np.linspace(-12, 12, 9):
        answer = denoiser(x, np.full(4, logsnr, np.float32), np.arange(4))
        expected = np.stack([denoise(picture, logsnr, mean) for picture, mean in zip(x, MEANS, strict=True)])
        assert np.abs(answer - expected).max() < 2e-5


def test_many_steps_follow_the_exact_flow(denoiser: Denoiser) -> None:
    """DPM-Solver++(2M) in 200 steps is off by less than half a byte, and rounding takes the other half."""
    settings = Settings(steps=200)
    drawn = images(denoiser, [0, 2], [5, 5], settings) / 127.5 - 1
    noise = Noise([5], SHAPE).start()[0].transpose(1, 2, 0)
    for picture, label in zip(drawn, [0, 2], strict=True):
        exact = flow(noise, -12, 20, MEANS[label]).clip(-1, 1)
        assert np.abs(picture - exact).max() < BYTE


@pytest.mark.parametrize("solver", ["ddpm", "dpmpp-2m"])
def test_a_picture_is_the_same_in_every_batch(denoiser: Denoiser, solver: str) -> None:
    settings = Settings(solver=solver, steps=5, guidance=1.5)
    labels, seeds = [0, 1, 2, 0, 1, 2, 0], [0, 0, 0, 1, 1, 1, 2]
    whole = images(denoiser, labels, seeds, settings)
    for batch in (1, 2, 3):
        split = images(denoiser, labels, seeds, settings, batch)
        assert np.abs(whole.astype(int) - split).max() <= 1  # a rounding of float32 may tip a byte
    alone = images(denoiser, [1], [1], settings)
    assert np.abs(whole[4].astype(int) - alone[0]).max() <= 1


def test_progress_counts_steps_and_stops_when_nobody_asks(denoiser: Denoiser) -> None:
    settings = Settings(steps=3, guidance=2.0)
    drawing = generate(denoiser, [2] * 5, range(5), settings, batch=2)
    first = next(drawing)
    assert (first.done, first.total, first.evaluations, first.provider) == (1, 9, 6, "CPU")
    assert first.images[:2].any()
    assert not first.images[2:].any()
    drawing.close()
    assert [p.done for p in generate(denoiser, [2] * 5, range(5), settings, batch=2)] == list(range(1, 10))


def test_two_requests_at_once_draw_what_each_draws_alone(denoiser: Denoiser) -> None:
    settings = Settings(steps=8)
    alone = [images(denoiser, [0, 1], [seed, seed], settings) for seed in range(4)]
    found: dict[int, np.ndarray] = {}

    def work(seed: int) -> None:
        found[seed] = images(denoiser, [0, 1], [seed, seed], settings)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed in range(4):
        np.testing.assert_array_equal(found[seed], alone[seed])


@pytest.mark.parametrize(
    ("labels", "seeds", "settings", "hint"),
    [
        ([4], [0], Settings(), "labels are 0 to 2"),
        ([0], [-1], Settings(), "whole number"),
        ([0], [0, 1], Settings(), "one of each"),
        ([], [], Settings(), "one of each"),
        ([0], [0], Settings(steps=0), "1 to 1000"),
        ([0], [0], Settings(guidance=math.nan), "0 to 100"),
        ([0], [0], Settings(guidance_low=3.0, guidance_high=-3.0), "LOW < HIGH"),
        ([0], [0], Settings(solver="exotic"), "dpmpp-2m"),
    ],
)
def test_a_request_without_sense_is_refused_at_once(
    denoiser: Denoiser, labels: list[int], seeds: list[int], settings: Settings, hint: str
) -> None:
    with pytest.raises(SamplerError, match=hint):
        generate(denoiser, labels, seeds, settings)


def test_pictures_that_are_not_numbers_are_not_shown(denoiser: Denoiser) -> None:
    broken = replace(denoiser, session=Broken())
    with pytest.raises(SamplerError, match="more steps or less guidance"):
        images(broken, [0], [0], Settings(steps=2))


class Broken:
    """A session whose network has diverged."""

    def run(self, _: list[str], inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
        return [inputs["x"] * np.float32(np.nan)]


# continuing


def test_the_levels_ahead_begin_where_the_picture_is_and_end_clean() -> None:
    grid = levels("logsnr", 4)  # -12, -5, 2, 9, 20
    assert onward(grid, -12.0).tolist() == grid.tolist()
    assert onward(grid, 2.0).tolist() == [2, 9, 20]
    assert onward(grid, 0.5).tolist() == [0.5, 2, 9, 20]
    few = onward(levels("linear-150", 150), 0.0, most=7)
    assert len(few) == 8 and few[0] == 0 and few[-1] == 20 and (np.diff(few) > 0).all()
    with pytest.raises(SamplerError, match="an earlier step"):
        onward(grid, 20.0)


@pytest.mark.parametrize("solver", ["ddpm", "dpmpp-2m"])
def test_from_a_seed_s_own_noise_the_continuation_is_the_seed_s_picture(denoiser: Denoiser, solver: str) -> None:
    settings = Settings(solver=solver, steps=5, guidance=1.5)
    noise = Noise([7], SHAPE).start()[0]
    *_, last = continued(denoiser, [2], [7], settings, noise, -12.0)
    np.testing.assert_array_equal(last.images, images(denoiser, [2], [7], settings))
    assert last.evaluations == 10 and last.done == last.total == 5


def test_continuations_spread_as_the_posterior_does(denoiser: Denoiser) -> None:
    """Given x_t, each pixel is normal with the closed form's mean and variance s²σ² / (α²s² + σ²).

    25,600 pixels: the standard error of the mean is 0.0017, of the spread 0.4 %; finite steps take as much again.
    """
    x = np.full(SHAPE, 0.2, np.float32)
    settings = Settings(solver="ddpm", steps=1000)
    *_, last = continued(denoiser, [1] * 400, range(100, 500), settings, x, 0.0, batch=400)
    drawn = last.images / 127.5 - 1
    spread = math.sqrt(SPREAD**2 * 0.5 / (0.5 * SPREAD**2 + 0.5))
    assert abs(drawn.mean() - denoise(0.2, 0.0, MEANS[1])) < 0.006
    assert abs(drawn.std() / spread - 1) < 0.02
    assert len(np.unique(drawn.reshape(400, -1), axis=0)) == 400


def test_a_deterministic_solver_has_one_continuation(denoiser: Denoiser) -> None:
    x = np.full(SHAPE, 0.3, np.float32)
    *_, last = continued(denoiser, [1] * 4, range(4), Settings(steps=6), x, -1.0)
    assert (last.images == last.images[0]).all()


@pytest.mark.parametrize(
    ("shape", "level", "labels", "hint"),
    [((1, 9, 9), 0.0, [0], "none of this run's"), (SHAPE, 20.0, [0], "earlier step"), (SHAPE, 0.0, [9], "no class 9")],
)
def test_a_continuation_of_nothing_is_refused_at_once(
    denoiser: Denoiser, shape: tuple[int, int, int], level: float, labels: list[int], hint: str
) -> None:
    with pytest.raises(SamplerError, match=hint):
        continued(denoiser, labels, [0], Settings(steps=4), np.zeros(shape, np.float32), level)


# session


def test_a_loaded_denoiser_says_what_it_is(denoiser: Denoiser) -> None:
    assert denoiser.classes == CLASSES
    assert denoiser.shape == SHAPE
    assert (denoiser.provider, denoiser.config) == ("CPU", "none")
    assert denoiser.session.get_providers()[0] == "CPUExecutionProvider"


def test_without_a_gpu_auto_is_the_cpu_with_a_reason_and_cuda_is_refused(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    found = load(run.denoiser)
    assert (found.provider, found.reason) == ("CPU", "CUDA_VISIBLE_DEVICES hides every GPU.")
    with pytest.raises(SamplerError, match="--provider cpu"):
        load(run.denoiser, "cuda")


@pytest.mark.skipif(bool(obstacle()), reason=obstacle())
def test_with_a_gpu_cuda_really_runs_and_draws_the_same(run: Run, denoiser: Denoiser) -> None:
    found = load(run.denoiser, "cuda")
    assert found.session.get_providers()[0] == "CUDAExecutionProvider"
    settings = Settings(steps=6, guidance=1.5)
    ours, theirs = (images(each, [0, 1, 2], [0, 0, 0], settings).astype(int) for each in (denoiser, found))
    assert np.abs(ours - theirs).max() <= 1


@pytest.mark.parametrize(
    ("damage", "hint"),
    [
        (lambda run: run.denoiser.unlink(), "has no denoiser.onnx"),
        (lambda run: run.export.unlink(), "no readable export.json"),
        (lambda run: run.export.write_text("{}"), "no readable export.json"),
        (lambda run: run.denoiser.write_bytes(run.denoiser.read_bytes()[:-1]), "not the file that was exported"),
        (lambda run: write_gaussian(run.folder.parent, run.id, b"\x08\x0agarbage"), "cannot load"),
        (lambda run: write_gaussian(run.folder.parent, run.id, graph(("x", "time", "label"))), "no denoiser"),
        (lambda run: write_gaussian(run.folder.parent, run.id, graph(classes="[")), "does not name its classes"),
    ],
)
def test_a_graph_that_is_not_the_exported_one_is_refused_with_the_command(
    tmp_path: Path, damage: object, hint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = write_gaussian(tmp_path)
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(run.archive))
    damage(run)  # type: ignore[operator]
    with pytest.raises(SamplerError, match=hint) as refusal:
        load(run.denoiser, "cpu")
    assert str(refusal.value).endswith("firstlight export gaussian")


def test_a_call_that_cannot_run_leaves_the_next_one_working(denoiser: Denoiser) -> None:
    x, logsnr = np.zeros((2, *SHAPE), np.float32), np.zeros(2, np.float32)
    with pytest.raises(SamplerError, match="ask for fewer"):
        denoiser(x, logsnr, np.array([0, 99]))
    assert denoiser(x, logsnr, np.array([0, 1])).shape == x.shape


# command line


def call(run: Run, *arguments: str) -> int:
    return main([run.id, "--runs", str(run.folder.parent), "--provider", "cpu", *arguments])


def test_npz_holds_pictures_labels_and_seeds(run: Run, denoiser: Denoiser, tmp_path: Path) -> None:
    target = tmp_path / "set.npz"
    assert call(run, "--classes", "2,a", "--per-class", "2", "--seed", "5", "--out", str(target)) == 0
    with np.load(target) as found:
        assert {name: found[name].dtype for name in found} == {
            "images": np.uint8,
            "labels": np.int64,
            "seeds": np.int64,
        }
        assert found["labels"].tolist() == [2, 2, 0, 0]
        assert found["seeds"].tolist() == [5, 6, 5, 6]
        settings = Settings(steps=6, guidance=1.5)  # what the run's card says
        np.testing.assert_array_equal(found["images"], images(denoiser, [2, 2, 0, 0], [5, 6, 5, 6], settings)[..., 0])


def test_png_is_a_grid_with_a_row_for_each_class(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "grid.png"
    assert call(run, "--per-class", "4", "--steps", "3", "--guidance", "2", "--out", str(target)) == 0
    said = capsys.readouterr().out
    assert "12 pictures" in said
    assert "CPU" in said
    assert "6 evaluations each" in said
    assert " ms" in said
    with Image.open(target) as picture:
        assert picture.size == (4 * SIZE + 6, 3 * SIZE + 4)
        assert picture.mode == "L"


def test_a_grid_keeps_colour_and_fills_up_with_black() -> None:
    whole = grid(np.full((3, 4, 4, 3), 9, np.uint8), 2)
    assert whole.shape == (10, 10, 3)
    assert whole[:4, 6:].all()
    assert not whole[6:, 6:].any()


def test_every_flag_reaches_the_picture(run: Run, denoiser: Denoiser, tmp_path: Path) -> None:
    target, flags = (
        tmp_path / "all.npz",
        "--solver ddim --levels karras --steps 4 --guidance 3 --interval -3 3 --eta 0.5 --clip --shift 0.3",
    )
    assert call(run, "--classes", "b", "--out", str(target), *flags.split()) == 0
    settings = Settings("ddim", "karras", 4, 3.0, -3.0, 3.0, 0.5, clip=True, shift=0.3)
    with np.load(target) as found:
        np.testing.assert_array_equal(found["images"], images(denoiser, [1], [0], settings)[..., 0])


def test_the_command_draws_in_a_process_of_its_own_without_torch(run: Run, tmp_path: Path) -> None:
    target = tmp_path / "own.png"
    code = (
        "import sys; from sampler.__main__ import main; status = main(sys.argv[1:]); "
        "slow = {'torch', 'duckdb', 'pyarrow', 'pandas', 'streamlit'} & set(sys.modules); sys.exit(status or len(slow))"
    )
    arguments = [run.id, "--runs", str(run.folder.parent), "--out", str(target)]
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert target.is_file()


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["--classes", "11"], "There is no class '11'"),
        (["--classes", "0-3"], "0-2"),
        (["--classes", "2-1"], "0-2"),
        (["--classes", ""], "0-2"),
        (["--per-class", "0"], "1 or more"),
        (["--per-class", "three"], "--help"),
        (["--solver", "exotic"], "ddpm, ddpm-large, ddpm-previous, ddim, dpmpp-2m, ipndm"),
        (["--levels", "exotic"], "karras"),
        (["--steps", "0"], "1 to 1000"),
        (["--guidance", "nan"], "0 to 100"),
        (["--guidance", "-1"], "0 to 100"),
        (["--interval", "3", "-3"], "LOW < HIGH"),
        (["--seed", "-1"], "whole number"),
        (["--eta", "0.5"], "ddim"),
        (["--provider", "abacus"], "auto, cpu, cuda"),
        (["--out", "picture.jpg"], ".png"),
        (["--out", "/nowhere/at/all.png"], "a folder that exists"),
        (["--runs", "/nowhere"], "firstlight store list"),
        (["--colour", "red"], "--help"),
    ],
)
def test_bad_input_is_one_sentence_and_a_failure(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], hint: str
) -> None:
    target = tmp_path / "never.png"
    assert call(run, "--out", str(target), *arguments) == 2
    said = capsys.readouterr()
    assert hint in said.err
    assert len(said.err.splitlines()) == 1
    assert not said.out
    assert not list(tmp_path.iterdir())


def test_a_run_that_was_not_exported_or_has_no_card_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = write_gaussian(tmp_path)
    run.denoiser.unlink()
    assert call(run, "--out", str(tmp_path / "never.png")) == 2
    assert "firstlight export gaussian" in capsys.readouterr().err
    run.card.write_text("{")
    assert call(run, "--out", str(tmp_path / "never.png")) == 2
    assert "restore it" in capsys.readouterr().err
    with pytest.raises(SamplerError, match="restore it"):
        settings_of(run)


def test_classes_by_name_come_before_indices() -> None:
    assert labels_of("all", ["x", "y"]) == [0, 1]
    assert labels_of("1, X", ["x", "y"]) == [1, 0]
    assert labels_of("3,T-shirt/top", ["3", "T-shirt/top", "7"]) == [0, 1]
    assert labels_of("0-2", ["3", "T-shirt/top", "7"]) == [0, 1, 2]


def test_defaults_are_the_run_s(run: Run) -> None:
    assert settings_of(run) == Settings(steps=6, guidance=1.5)
