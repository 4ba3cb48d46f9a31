"""The exported graph against torch, and what stands in it, on a small network with weights of every kind."""

import gc
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from archive_fixture import card
from gaussian import write_gaussian

from exporter.__main__ import main
from exporter.export import ROUNDED, export, noise_levels, rounding, write
from exporter.export_json import LIMIT
from exporter.graph import SMALLEST, multiplied_out
from exporter.graph_metadata import config_hash
from firstlight import graph, parity
from firstlight.atomic_writes import write_json
from firstlight.errors import RunError
from firstlight.manifest import read_manifest
from firstlight.ort import ort
from firstlight.run_folder import Run
from sampler.generation import Settings, generate, settings_of
from sampler.noise import Noise
from sampler.session import Denoiser as Loaded
from sampler.session import load
from sampler.step_graph import plan_of
from trainer.checkpoints import EMA, load_denoiser, save_weights
from trainer.config import Config, to_dict
from trainer.network import Conv, Denoiser

CLASSES = ["zero", "Eins", "二"]
SMALL = Config(widths=(8, 16), blocks=1, embedding=16, channels=3, size=8, classes=3, steps=5, guidance=2.0)


def network(config: Config = SMALL) -> Denoiser:
    """Random weights, none of them zero, so that no layer can be wrong unseen."""
    torch.manual_seed(0)
    denoiser = Denoiser(config).eval()
    with torch.no_grad():
        for parameter in denoiser.parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.3)
    return denoiser


def write_run(root: Path, denoiser: Denoiser, run_id: str = "small") -> Run:
    run = Run(root / run_id)
    config = denoiser.config
    dataset = {"name": "letters", "classes": CLASSES, "channels": config.channels, "size": config.size}
    write_json(run.card, card(run_id) | {"dataset": dataset, "config": to_dict(config)})
    save_weights(run, EMA, denoiser.state_dict())
    return run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    run = write_run(tmp_path_factory.mktemp("runs"), network())
    export(run)
    return run


@pytest.fixture(scope="module")
def loaded(run: Run) -> Loaded:
    return load(run.denoiser, "cpu")


@pytest.fixture(scope="module")
def model(run: Run) -> onnx.ModelProto:
    return onnx.load(run.denoiser)


def test_multiplied_out_weights_answer_the_same() -> None:
    """Plain convolutions differ by how float32 rounds a product, 1e-7 of values around 1, through 12 layers."""
    denoiser, plain = network(), multiplied_out(network())
    assert not any(isinstance(module, Conv) for module in plain.modules())
    assert any(isinstance(module, Conv) for module in denoiser.modules())
    x, logsnr = torch.randn(5, 3, 8, 8), torch.linspace(-6, 6, 5)
    label = torch.tensor([0, 1, 2, 3, 3])
    with torch.no_grad():
        assert (denoiser(x, logsnr, label) - plain(x, logsnr, label)).abs().max() < 1e-5


def test_a_run_without_checkpoints_has_its_weights_in_the_graph(run: Run, tmp_path: Path) -> None:
    bare = Run(tmp_path / "bare")
    shutil.copytree(run.folder, bare.folder, ignore=shutil.ignore_patterns("checkpoints"))
    denoiser, recovered = network(), load_denoiser(bare)
    x, logsnr, label = torch.randn(5, 3, 8, 8), torch.linspace(-6, 6, 5), torch.tensor([0, 1, 2, 3, 3])
    with torch.no_grad():
        assert (denoiser(x, logsnr, label) - recovered(x, logsnr, label)).abs().max() < 1e-5
    before = run.denoiser.read_bytes()
    assert export(bare)["difference"] <= LIMIT and bare.denoiser.read_bytes() != b""
    for damage in (b"", before[: len(before) // 2], b"\xff" * 100):
        bare.denoiser.write_bytes(damage)
        with pytest.raises(RunError, match="cannot be read"):
            load_denoiser(bare)


def test_a_student_stores_its_weights_in_half_precision(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    student = write_run(tmp_path, network(replace(SMALL, scale_low=1.0, scale_high=3.0, levels="-2", steps=1)), "s")
    assert main(["s", "--runs", str(tmp_path)]) == 0
    assert "stored in half precision" in capsys.readouterr().out
    report, model = json.loads(student.export.read_text()), onnx.load(student.denoiser)
    kinds = {tensor.data_type for tensor in model.graph.initializer if np.prod(tensor.dims) >= SMALLEST}
    assert kinds == {onnx.TensorProto.FLOAT16}
    assert 0 < report["rounding"] < ROUNDED and report["difference"] < LIMIT
    kept = rounding(student, load_denoiser(student), student.denoiser.read_bytes(), keep=True)
    assert kept == {"rounding": report["rounding"]}


def test_the_graph_agrees_with_torch_where_the_report_did_not_look(loaded: Loaded) -> None:
    denoiser = network()
    for count in (1, 5, 33):
        x = Noise(range(100, 100 + count), (3, 8, 8)).start()
        logsnr = np.linspace(-11.7, 11.3, count, dtype=np.float32)
        label = np.arange(count) % 4
        with torch.no_grad():
            ours = denoiser(*(torch.from_numpy(value) for value in (x, logsnr, label))).numpy()
        assert np.abs(ours - loaded(x, logsnr, label)).max() < LIMIT


def test_the_graph_has_three_inputs_a_symbolic_batch_and_its_weights_inside(model: onnx.ModelProto) -> None:
    shapes = {
        value.name: [size.dim_param or size.dim_value for size in value.type.tensor_type.shape.dim]
        for value in (*model.graph.input, *model.graph.output)
    }
    batch = shapes["logsnr"][0]
    assert isinstance(batch, str)
    picture = [batch, 3, 8, 8]
    assert shapes == {"x": picture, "logsnr": [batch], "label": [batch], "denoised": picture}
    assert [entry.version for entry in model.opset_import if entry.domain == ""] == [20]
    assert all(tensor.data_location != onnx.TensorProto.EXTERNAL for tensor in model.graph.initializer)


def test_the_graph_is_plain_convolutions_with_sigmoid_times_x(model: onnx.ModelProto) -> None:
    nodes, source = model.graph.node, {node.output[0]: node for node in model.graph.node}
    weights = {tensor.name for tensor in model.graph.initializer}
    kinds = {node.op_type for node in nodes}
    assert not kinds & {"Swish", "Loop", "If", "Scan", "InstanceNormalization", "GroupNormalization", "ReduceMean"}
    convolutions = [node for node in nodes if node.op_type == "Conv"]
    assert len(convolutions) == sum(isinstance(module, Conv) for module in network().modules())
    assert all(set(node.input[1:]) <= weights for node in convolutions)
    gates = [
        (node, entry) for node in nodes if node.op_type == "Mul" for entry in node.input if entry in source
        and source[entry].op_type == "Sigmoid" and source[entry].input[0] in node.input
    ]  # fmt: skip
    assert len(gates) == 14  # 5 blocks with two each, the head, and the three in the embeddings


def test_the_graph_tells_what_it_is_and_nothing_of_where_it_was_made(run: Run, loaded: Loaded) -> None:
    assert loaded.classes == tuple(CLASSES)
    assert loaded.shape == (3, 8, 8)
    assert loaded.config == config_hash(SMALL) != config_hash(replace(SMALL, seed=1))
    assert loaded.session.get_modelmeta().custom_metadata_map["scale"] == "[-1, 1]"
    assert b"site-packages" not in run.denoiser.read_bytes()
    assert str(Path(__file__).parent.parent).encode() not in run.denoiser.read_bytes()


def test_the_report_says_how_far_and_where_it_looked(run: Run) -> None:
    report = json.loads(run.export.read_text())
    assert 0 < report["difference"] <= report["limit"] == LIMIT
    assert report["size"] == run.denoiser.stat().st_size
    assert report["opset"] == 20
    assert report["batches"] == [1, 2, 3, 7, 16, 64]
    assert set(report["levels"]) == {-12.0, -6.75, -1.5, 3.75, 9.0, *map(float, range(-12, 13))}
    assert report["compared"] >= 64 + len(report["levels"])
    entries = read_manifest(run)
    assert entries["denoiser.onnx"] == {"size": report["size"], "sha256": report["sha256"]}
    assert "export.json" in entries


def test_a_network_of_predicted_noise_is_compared_where_it_was_trained() -> None:
    config = replace(SMALL, prediction="noise", schedule="linear-150", levels="linear-150", steps=150)
    at = noise_levels(config)
    assert len(at) == 150 + len(range(-1, 10))
    assert at.min() == pytest.approx(-1.27, abs=0.005)


def test_a_picture_is_the_same_in_every_batch_through_real_convolutions(loaded: Loaded) -> None:
    """float32 may round differently in another batch: at most one byte of 255."""
    settings, labels, seeds = Settings(steps=5, guidance=1.2), [0, 1, 2] * 4, list(range(12))
    *_, whole = generate(loaded, labels, seeds, settings)
    for batch in (1, 5):
        *_, split = generate(loaded, labels, seeds, settings, batch)
        assert np.abs(whole.images.astype(int) - split.images).max() <= 1


def test_cores_that_share_a_batch_answer_as_one_does(loaded: Loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    x, logsnr = np.random.default_rng(0).normal(size=(5, 3, 8, 8)).astype(np.float32), np.linspace(-4, 4, 5)
    answers = []
    for cores in (1, 2, 3, 8):
        monkeypatch.setattr("sampler.core_shares.cores", lambda cores=cores: cores)
        answers.append(loaded(x, logsnr.astype(np.float32), np.arange(5) % 4))
    assert all(np.abs(answers[0] - other).max() < 1e-5 for other in answers[1:])


def test_a_graph_that_disagrees_is_not_written(tmp_path: Path, run: Run) -> None:
    """The graph of one network offered as another's."""
    other = network()
    with torch.no_grad():
        other.unet.head.bias.add_(1.0)
    target = write_run(tmp_path, other)
    with pytest.raises(RunError, match="differs from torch"):
        write(target, other, run.denoiser.read_bytes(), {})
    assert not target.denoiser.exists()
    assert not target.export.exists()


class Foreign(torch.nn.Module):
    """A network of somebody's own: no labels to speak of, pictures that are no squares."""

    def forward(self, x: torch.Tensor, logsnr: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
        return x * torch.sigmoid(logsnr + label)[:, None, None, None]


def test_the_ground_floor_exports_and_compares_anybodys_network() -> None:
    """Without the trainer's Config; another network's graph is seen to be one."""
    module, shape = Foreign().eval(), (1, 4, 6)
    example = (torch.zeros(2, *shape), torch.zeros(2), torch.zeros(2, dtype=torch.int64))
    content = graph.serialize(graph.to_onnx(module, example, [*graph.INPUTS], [graph.OUTPUT]), {})
    assert gc.isenabled()
    at = np.linspace(-5.0, 5.0, 9)
    found = parity.parity(parity.Network(module, shape, 1), content, at)
    assert found.difference < LIMIT and found.compared == sum(size * -(-9 // size) for size in parity.BATCHES)
    other = parity.parity(parity.Network(lambda x, logsnr, label: module(x, logsnr + 1, label), shape, 1), content, at)
    assert other.difference > 0.1
    assert np.array_equal(parity.noise_of(7, shape), Noise([7], shape).start()[0])


def test_the_ground_floor_is_there_without_torch_and_engines() -> None:
    code = "import sys, firstlight.parity; sys.exit(bool({'torch', 'onnx', 'onnxruntime'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parent.parent).returncode == 0


def test_bad_input_is_one_sentence_and_a_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["missing", "--runs", str(tmp_path)]) == 2
    assert "firstlight store list" in capsys.readouterr().err
    run = write_run(tmp_path, network())
    (run.checkpoints / EMA).unlink()
    assert main([run.id, "--runs", str(tmp_path)]) == 2
    assert "firstlight train" in capsys.readouterr().err
    run.card.write_text("[]")
    with pytest.raises(RunError, match="restore it"):
        export(run)


def test_a_whole_drawing_is_written_to_a_file_and_the_run_stays(tmp_path: Path) -> None:
    run, file = write_gaussian(tmp_path), tmp_path / "drawing.onnx"
    before = {path.name: path.read_bytes() for path in run.folder.iterdir()}
    assert main([run.id, "--drawing", str(file), "--runs", str(tmp_path)]) == 0
    assert {path.name: path.read_bytes() for path in run.folder.iterdir()} == before
    graph, settings = ort.InferenceSession(file), settings_of(run)
    denoiser = load(run.denoiser, "cpu")
    *_, last = generate(denoiser, [1], [5], settings)
    told = {"state": Noise([5], denoiser.shape).start(), "class": np.array([1]), "first": np.array(0),
            "scale": np.array([settings.guidance], np.float32), "count": np.array(settings.steps),
            "past": np.zeros((plan_of(settings).past, 1, *denoiser.shape), np.float32)}  # fmt: skip
    taken = {each.name: told[each.name.removeprefix("drawing.")] for each in graph.get_inputs()}
    (image,) = graph.run(["drawing.image"], taken)
    assert np.abs(image[-1].astype(int) - last.images[0]).max() <= 1 and np.ptp(last.images) > 20
