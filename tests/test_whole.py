"""A student's whole drawing as one graph: the same pictures as step by step, and what happens where it is not had."""

import hashlib
import json
import shutil
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from archive_fixture import card

from dashboard.generation import quickest
from exporter.__main__ import main as exporter
from exporter.graph import graph_of
from firstlight.atomic_writes import write_json
from firstlight.errors import SamplerError
from firstlight.run_folder import Run
from firstlight.runtime import CPU, inference_session
from firstlight.untrusted.trust import made
from sampler.__main__ import main as sampler
from sampler.generation import Settings, generate, settings_of
from sampler.loop import sample
from sampler.noise import Noise
from sampler.session import Denoiser, load
from sampler.unrolled_graph import IMAGES, PICTURES, unrolled_graph
from sampler.whole_graph import Bound, Whole, drawing, drawn_by, fastest, whole_of
from trainer.checkpoints import EMA, save_weights
from trainer.config import Config, to_dict
from trainer.distill import student_config
from trainer.network import Denoiser as Network

TEACHER = Config(widths=(8,), blocks=1, embedding=16, size=8, classes=3, steps=20, guidance=2.0, half=False)
SHAPE, OLDER = (1, 8, 8), "an older exporter"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A student that has learned nothing, but whose answer depends on everything it is told.

    Its second level lies where the shift acts, and its denoiser was there before its drawing was exported.
    """
    run = Run(tmp_path_factory.mktemp("runs") / "student")
    config = replace(student_config(TEACHER, "teacher", 2, shift=0.3), levels="-12,4")
    torch.manual_seed(0)
    network = Network(config).eval()
    with torch.no_grad():
        network.unet.head.gain.fill_(0.5)
        network.unet.scale.second.weight.normal_()  # type: ignore[union-attr, operator]
    dataset = {"name": "letters", "classes": ["a", "b", "c"], "channels": 1, "size": 8}
    write_json(run.card, card("student") | {"dataset": dataset, "config": to_dict(config)})
    save_weights(run, EMA, network.state_dict())
    model = onnx.load_model_from_string(graph_of(network, dataset["classes"]))
    model.producer_name = OLDER
    run.denoiser.write_bytes(content := made(model.SerializeToString()))
    write_json(run.export, {"sha256": hashlib.sha256(content).hexdigest()})
    assert exporter(["student", "--keep", "--half", "--runs", str(run.folder.parent)]) == 0
    return run


@pytest.fixture(scope="module")
def settings(run: Run) -> Settings:
    return settings_of(run)


@pytest.fixture(scope="module")
def whole(run: Run, settings: Settings) -> Whole:
    found = fastest(run, settings, "cpu")
    assert isinstance(found, Whole)
    return found


@pytest.fixture
def copy(run: Run, tmp_path: Path) -> Run:
    """Files that may be damaged."""
    twin = Run(tmp_path / "student")
    twin.folder.mkdir()
    for path in (run.card, run.denoiser, run.export, run.unrolled_half):
        (twin.folder / path.name).write_bytes(path.read_bytes())
    return twin


def pictures(net: object, settings: Settings, count: int = 5, batch: int = 64) -> np.ndarray:
    *_, last = generate(net, [i % 4 for i in range(count)], range(count), settings, batch)
    return last.images


def test_a_shift_is_built_in(run: Run, whole: Whole, settings: Settings) -> None:
    loop, without = load(run.denoiser, "cpu"), replace(settings, shift=0.0)
    ours, theirs = pictures(whole, settings), pictures(loop, settings)
    assert np.abs(ours.astype(int) - theirs).max() <= 1
    assert np.abs(ours.astype(int) - pictures(loop, without)).max() > 1
    with pytest.raises(SamplerError, match="load the denoiser"):
        pictures(whole, without)
    shifted, plain = quickest(loop, settings), quickest(loop, without)
    assert isinstance(shifted, Whole) and isinstance(plain, Whole)
    assert np.abs(pictures(plain, without).astype(int) - pictures(loop, without)).max() <= 1
    assert quickest(loop, settings) is shifted


def test_one_graph_draws_what_the_loop_draws_step_by_step(run: Run, whole: Whole, settings: Settings) -> None:
    """A rounding of float32 may tip a byte."""
    step_by_step = list(generate(load(run.denoiser, "cpu"), [0, 1, 3], range(3), settings))
    at_once = list(generate(whole, [0, 1, 3], range(3), settings))
    assert [(p.done, p.total, p.evaluations) for p in at_once] == [(1, 2, 2), (2, 2, 2)]
    for ours, theirs in zip(at_once, step_by_step, strict=True):
        assert np.abs(ours.images.astype(int) - theirs.images).max() <= 1
    assert at_once[-1].images.std() > 10


def test_every_x0_of_the_graph_is_the_loop_s(run: Run, settings: Settings) -> None:
    loop, table = load(run.denoiser, "cpu"), settings.table()
    net = inference_session(unrolled_graph(run.denoiser.read_bytes(), table, {}), run.denoiser, CPU)
    x, label, scale = Noise(range(4), SHAPE).start(), np.arange(4), np.linspace(1, 3, 4).astype(np.float32)
    steps = list(sample(lambda x, at: loop(x, np.full(4, at, np.float32), label, scale), x, table))
    found = net.run([PICTURES], {"x": x, "label": label, "guidance": scale})[0]
    assert np.abs(found - [step.denoised for step in steps]).max() < 1e-4


def test_export_says_what_half_precision_changes(run: Run) -> None:
    report = json.loads(run.export.read_text())["unrolled"]
    assert set(report) == {"unrolled-half.onnx"} and 1e-5 < report["unrolled-half.onnx"]["difference"] < 0.1
    entry = json.loads(run.manifest.read_text())["files"]["unrolled-half.onnx"]
    assert entry["sha256"] == report["unrolled-half.onnx"]["sha256"]


def test_a_picture_is_the_same_in_every_batch_and_on_every_number_of_cores(
    whole: Whole, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = pictures(whole, settings, 7, batch=1)
    for cores in (1, 2, 3):
        monkeypatch.setattr("sampler.core_shares.cores", lambda cores=cores: cores)
        for batch in (3, 64):
            assert np.abs(pictures(whole, settings, 7, batch).astype(int) - alone).max() <= 1


@pytest.mark.parametrize("change", [{"clip": True}, {"eta": 1.0}])
def test_other_settings_are_drawn_step_by_step(
    run: Run, whole: Whole, settings: Settings, change: dict[str, object]
) -> None:
    other = replace(settings, **change)  # type: ignore[arg-type]
    assert isinstance(fastest(run, other, "cpu"), Denoiser)
    with pytest.raises(SamplerError, match="load the denoiser"):
        generate(whole, [0], [0], other)


@pytest.mark.parametrize("change", [{"steps": 1, "levels": "logsnr"}, {"solver": "dpmpp-2m"}])
def test_a_graph_is_put_together_for_other_settings_too(
    run: Run, settings: Settings, change: dict[str, object]
) -> None:
    other = replace(settings, **change)  # type: ignore[arg-type]
    found = fastest(run, other, "cpu")
    assert isinstance(found, Whole) and found.drawing == drawing(other)
    assert np.abs(pictures(found, other).astype(int) - pictures(load(run.denoiser, "cpu"), other)).max() <= 1


def test_many_pictures_are_drawn_in_columns(run: Run, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sampler.graph_forms.least", lambda *_: 5)
    monkeypatch.setattr("sampler.graph_forms._known", lambda _: None)
    found = fastest(run, settings, "cpu")
    assert isinstance(found, Whole) and found.forms is not None
    drawn = pictures(found, settings, 40)
    assert found.forms.fitting(20) is not found.forms.plain and found.forms.fitting(1) is found.forms.plain
    alone = pictures(found, settings, 40, batch=1)
    assert np.abs(drawn.astype(int) - alone).max() <= 1
    assert "laid out in columns from 5 pictures a thread" in drawn_by(run, settings, found)


def test_a_scale_that_was_not_learned_is_refused_and_the_next_request_works(whole: Whole, settings: Settings) -> None:
    with pytest.raises(SamplerError, match="learned guidance 1 to 3, not 7"):
        generate(whole, [0], [0], replace(settings, guidance=7.0))
    assert (pictures(whole, replace(settings, guidance=3.0)) != pictures(whole, settings)).any()


def test_noise_that_is_not_a_number_is_a_sentence(whole: Whole) -> None:
    x = Noise(range(2), SHAPE).start()
    x[1, 0, 0, 0] = np.nan
    with pytest.raises(SamplerError, match="not a number"):
        whole(x, np.zeros(2, np.int64), 1.0)


def test_half_precision_differs_by_little(run: Run, whole: Whole) -> None:
    """11 bits of a value around 1, through a dozen layers and two evaluations: a few of 255."""
    half = inference_session(run.unrolled_half.read_bytes(), run.unrolled_half, CPU)
    x, label = Noise(range(4), SHAPE).start(), np.arange(4)
    inputs = {"x": x, "label": label, "guidance": np.full(4, 2.0, np.float32)}
    floats, drawn = half.run([PICTURES, IMAGES], inputs)
    assert floats.shape == (2, 4, *SHAPE)
    assert np.abs(drawn.astype(int) - whole(x, label, 2.0)).max() <= 13


def test_bound_inputs_and_outputs_give_the_same_pictures_call_after_call(
    run: Run, whole: Whole, settings: Settings
) -> None:
    """What a GPU runs, with the buffers in main memory."""
    graph = unrolled_graph(run.denoiser.read_bytes(), settings.table(), {})
    net = inference_session(graph, run.denoiser, CPU, batch=3)
    bound = Bound(net, whole.outputs(3), "cpu")
    for first in (0, 3):
        x, label = Noise(range(first, first + 3), SHAPE).start(), np.array([2, 1, 0])
        kept = x.copy()
        images, sums = bound({"x": x, "label": label, "guidance": np.full(3, 2.0, np.float32)})
        assert np.abs(images.astype(int) - whole(x, label, 2.0)).max() <= 1
        assert sums.shape == (2, 3) and (x == kept).all()


def test_where_cuda_fails_the_cpu_goes_on_and_says_why(run: Run, whole: Whole, settings: Settings) -> None:
    graph = unrolled_graph(run.denoiser.read_bytes(), settings.table(), {})
    failing = replace(whole, content=graph, provider="CUDA", bound=OrderedDict({64: fails}))
    assert np.abs(pictures(failing, settings).astype(int) - pictures(whole, settings)).max() <= 1
    assert failing.provider == "CPU" and failing.reason == "CUDA failed (out of memory), so the CPU draws."
    net = load(run.denoiser, "cpu")
    broken = replace(net, provider="CUDA", session=Full(), content=run.denoiser.read_bytes())
    assert np.abs(pictures(broken, settings).astype(int) - pictures(net, settings)).max() <= 1
    assert broken.provider == "CPU" and "out of memory" in broken.reason


def fails(_: dict[str, np.ndarray]) -> list[np.ndarray]:
    raise RuntimeError("out of memory")


class Full:
    """A session on a device whose memory is full."""

    def run(self, _: list[str], inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
        return fails(inputs)


@pytest.mark.parametrize(
    ("damage", "hint"),
    [
        (lambda run: run.unrolled_half.write_bytes(b"half of it"), "not the file that was exported"),
        (lambda run: run.unrolled_half.unlink(), "has no unrolled-half.onnx"),
        (lambda run: swap(run), "not the graph that export.json describes"),
    ],
)
def test_a_graph_that_is_not_the_exported_one_is_refused_with_the_command(
    copy: Run, settings: Settings, damage: object, hint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(copy.archive))
    damage(copy)  # type: ignore[operator]
    net = replace(load(copy.denoiser, "cpu"), provider="CUDA")
    with pytest.raises(SamplerError, match=hint) as refusal:
        whole_of(net, settings)
    assert str(refusal.value).endswith("firstlight export student")
    with pytest.raises(SamplerError, match="choose one of auto, cpu, cuda"):
        fastest(copy, settings, "abacus")


def swap(run: Run) -> None:
    """The denoiser where the unrolled graph belongs, with its hash."""
    report = json.loads(run.export.read_text())
    run.unrolled_half.write_bytes(run.denoiser.read_bytes())
    report["unrolled"]["unrolled-half.onnx"]["sha256"] = report["sha256"]
    write_json(run.export, report)


def test_a_denoiser_that_became_another_goes_on_step_by_step(run: Run, copy: Run, settings: Settings) -> None:
    """Whoever draws while a run is exported again."""
    net = load(copy.denoiser, "cpu")
    copy.denoiser.write_bytes(run.denoiser.read_bytes() + b"\x00")
    assert whole_of(net, settings) is None
    assert (pictures(net, settings, 40) == pictures(load(run.denoiser, "cpu"), settings, 40)).mean() > 0.99


def test_a_gpu_runs_the_graph_in_half_precision_only(
    run: Run, copy: Run, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is in columns pays on a CPU alone; where a GPU is there but CUDA is not, the CPU draws."""
    monkeypatch.setattr("sampler.providers.obstacle", lambda: "")
    here = fastest(run, settings)
    assert isinstance(here, Whole) and here.path == run.denoiser and here.reason.startswith("CUDA did not load")
    monkeypatch.setattr("sampler.session.opened", on_a_gpu)
    monkeypatch.setattr("sampler.whole_graph.opened", on_a_gpu)
    there = fastest(run, settings)
    assert isinstance(there, Whole) and there.path == run.unrolled_half and there.provider == "CUDA"
    report = json.loads(copy.export.read_text())
    del report["unrolled"]["unrolled-half.onnx"]
    write_json(copy.export, report)
    assert isinstance(fastest(copy, settings), Denoiser)


def on_a_gpu(content: bytes, path: Path, *_: object) -> tuple[object, str, str]:
    """A session that says that a GPU runs it."""
    return inference_session(content, path, CPU), "CUDA", "A GPU is here and CUDA loaded."


def test_the_command_takes_the_fastest_path_and_says_so(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["student", "--runs", str(run.folder.parent), "--provider", "cpu", "--out", str(tmp_path / "a.png")]
    assert sampler(command) == 0
    assert "2 evaluations each in one graph" in capsys.readouterr().out
    assert sampler([*command, "--clip"]) == 0
    assert "2 evaluations each, " in capsys.readouterr().out


def test_a_denoiser_that_is_there_can_stay(
    run: Run, copy: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert onnx.load(run.denoiser).producer_name == OLDER
    shutil.copytree(run.checkpoints, copy.checkpoints)
    copy.denoiser.write_bytes(copy.denoiser.read_bytes() + b"\n")
    assert exporter([copy.id, "--keep", "--runs", str(tmp_path)]) == 2
    assert "not the file that was exported" in capsys.readouterr().err


def test_only_a_student_has_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = Run(tmp_path / "teacher")
    dataset = {"name": "letters", "classes": ["a", "b", "c"], "channels": 1, "size": 8}
    write_json(run.card, card("teacher") | {"dataset": dataset, "config": to_dict(TEACHER)})
    save_weights(run, EMA, Network(TEACHER).state_dict())
    assert exporter(["teacher", "--half", "--runs", str(tmp_path)]) == 2
    assert "no student" in capsys.readouterr().err
