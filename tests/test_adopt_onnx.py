"""An ONNX file from elsewhere becomes a denoiser, without torch: held against closed forms, or refused in words."""

import hashlib
import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from exact_network import BETAS, DATA, MEAN, SPREAD
from onnx import TensorProto, helper, numpy_helper
from test_guest import SCHEDULES

from firstlight.adoption.adopt import adopt
from firstlight.adoption.algebra import levels_at
from firstlight.adoption.conventions import RANGES, Terms
from firstlight.adoption.nodes import Nodes, Value
from firstlight.adoption.onnx_network import OnnxNetwork
from firstlight.command import main
from firstlight.errors import RunError
from firstlight.guest_schedules import Schedule, betas, half_and_centre
from firstlight.levels import CLEAN, alpha, sigma
from firstlight.run_folder import Run
from sampler.session import load

SHAPE, CLASSES = (1, 8, 8), ("a", "b", "c")
TYPES = {"int64": TensorProto.INT64, "float": TensorProto.FLOAT}


def saved(path: Path, g: Nodes, inputs: dict[str, tuple[str, list[Any]]], said: Value, batch: Any = "n") -> Path:
    """A graph in a file: its inputs by name with type and shape, and one output."""
    g.op("Identity", said, output="out")
    values = [helper.make_tensor_value_info(name, TYPES[kind], shape) for name, (kind, shape) in inputs.items()]
    out = [helper.make_tensor_value_info("out", TensorProto.FLOAT, [batch, *SHAPE])]
    graph = helper.make_graph(g.nodes, "net", values, out, g.constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10), path)
    return path


def exact(path: Path, predicts: str, schedule: Schedule) -> Path:
    """The network of `exact_network`, which knows its pictures' distribution, as a file."""
    g = Nodes()
    x, t = Value(g, "x"), Value(g, "t")
    discrete = schedule.kind == "discrete"
    if discrete:
        a, b = (g.op("Gather", g.constant(part), t) for part in (schedule.signal, schedule.noise))
    elif predicts == "edm":
        b = g.op("Exp", 4 * t)
        a = b * 0 + 1
    elif schedule.kind == "sigmas":
        a, b = t * 0 + 1, t
    else:
        a, b = (1 - t, t) if schedule.noise_at else (t, 1 - t)
    a, b = (g.op("Reshape", part, g.constant([-1, 1, 1, 1], np.int64)) for part in (a, b))
    whole = b**2 + DATA**2
    x = x * whole**0.5 if predicts == "edm" else x
    y = MEAN + a * SPREAD**2 * (x - a * MEAN) / (a**2 * SPREAD**2 + b**2)
    eps = (x - a * y) / b
    said = {
        "noise": eps, "sample": y, "v": a * eps - b * y, "score": -eps / b,
        "velocity": eps - y if schedule.noise_at else y - eps,
        "edm": (y - DATA**2 / whole * x) / (b * DATA / whole**0.5),
    }[predicts]  # fmt: skip
    return saved(path, g, {"x": ("float", ["n", *SHAPE]), "t": ("int64" if discrete else "float", ["n"])}, said)


def terms(predicts: str, schedule: Schedule, pictures: tuple[float, float], **more: Any) -> Terms:
    told: dict[str, Any] = {"shape": SHAPE, "dataset": "", "classes": ("all",), "no_label": False, "fraction": False,
                            "sigma_data": DATA, "variance": "posterior", "clip": False}  # fmt: skip
    return Terms(predicts, schedule, pictures, **told | more)


def answered(network: OnnxNetwork, told: Terms, level: np.ndarray, x: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(network.graph(told).SerializeToString(), providers=["CPUExecutionProvider"])
    inputs = {"x": x.astype(np.float32), "logsnr": level.astype(np.float32), "label": np.zeros(len(x), np.int64)}
    return np.asarray(session.run(None, inputs)[0])


def closed_form(x: np.ndarray, level: np.ndarray, pictures: tuple[float, float]) -> np.ndarray:
    half, centre = half_and_centre(pictures)
    mean, spread = (MEAN - centre) / half, SPREAD / half
    a, b = (part[:, None, None, None] for part in (alpha(level), sigma(level)))
    return np.asarray(mean + a * spread**2 * (x - a * mean) / (a**2 * spread**2 + b**2))


@pytest.mark.parametrize("pictures", RANGES)
@pytest.mark.parametrize("name", SCHEDULES)
def test_every_prediction_in_both_ranges_is_the_exact_denoiser(
    tmp_path: Path, name: str, pictures: tuple[float, float]
) -> None:
    schedule, predicts = SCHEDULES[name], name.split()[0]
    network = OnnxNetwork(exact(tmp_path / "net.onnx", predicts, schedule))
    level = schedule.ours(pictures)
    level = level[np.abs(level) < 12]  # beyond, float32 of the network itself says little
    x = np.random.default_rng(0).standard_normal((len(level), *SHAPE))
    told = terms(predicts, schedule, pictures)
    assert np.abs(answered(network, told, level, x) - closed_form(x, level, pictures)).max() < 1e-4
    assert np.abs(network.exact(told)(x, level, np.zeros(len(x), int)) - closed_form(x, level, pictures)).max() < 1e-4


def small(
    path: Path, time: str = "int64", at: Any = ("n",), batch: Any = "n", labels: int = 4, heard: float = 1
) -> Path:
    """A small network with random weights; `at` is the shape of its time."""
    g, rng = Nodes(), np.random.default_rng(0)
    weights = [rng.standard_normal(shape) * 0.2 for shape in ((8, 1, 3, 3), (1, 8, 3, 3), (8,), (labels, 8))]
    weights[3] *= heard  # how much a label moves
    first, last, slope, names = map(g.constant, weights)
    t = g.op("Reshape", g.op("Cast", Value(g, "timestep"), to=TensorProto.FLOAT), g.constant([-1, 1, 1, 1], np.int64))
    told = t / 100 * g.op("Reshape", slope, g.constant([1, 8, 1, 1], np.int64))
    if labels:
        named = g.op("Gather", names, Value(g, "class_labels"))
        told = told + g.op("Reshape", named, g.constant([0, 8, 1, 1], np.int64))
    hidden = g.op("Relu", g.op("Conv", Value(g, "sample"), first, pads=[1, 1, 1, 1]) + told)
    inputs = {"timestep": (time, list(at)), "sample": ("float", [batch, *SHAPE])}
    inputs |= {"class_labels": ("int64", [batch])} if labels else {}
    return saved(path, g, inputs, g.op("Conv", hidden, last, pads=[1, 1, 1, 1]), batch)


@pytest.mark.parametrize(("time", "at"), [("int64", ["n"]), ("float", ["n"]), ("int64", []), ("float", [1])])
@pytest.mark.parametrize("batch", ["n", 1, 4])
def test_times_of_any_type_and_batches_of_any_size(tmp_path: Path, time: str, at: list[Any], batch: Any) -> None:
    """The same network in every dress says the same; what takes one time a batch is asked level by level."""
    plain = OnnxNetwork(small(tmp_path / "plain.onnx"))
    dressed = OnnxNetwork(small(tmp_path / "net.onnx", time, [batch] if at == ["n"] else at, batch))
    assert dressed.inputs == ("sample", "timestep", "class_labels") and dressed.one_time == (at == [])
    x = np.random.default_rng(1).standard_normal((5, *SHAPE))
    t, label = np.array([3, 9, 3, 40, 0]), np.array([0, 1, 2, 3, 0])
    assert np.abs(dressed.ask(x, t, label) - plain.ask(x, t, label)).max() < 1e-6


def test_the_command_makes_it_a_run_without_torch(tmp_path: Path) -> None:
    path = small(tmp_path / "net.onnx", at=())
    code = "import sys; sys.modules['torch'] = None; from firstlight.command import main; sys.exit(main(sys.argv[1:]))"
    flags = ["--id", "guest", "--runs", str(tmp_path), "--predicts", "noise", "--schedule", "linear:1e-4:0.02:150",
             "--pictures", "0", "1", "--classes", *CLASSES, "--no-label"]  # fmt: skip
    done = subprocess.run([sys.executable, "-c", code, "adopt", str(path), *flags], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "sample as the picture, timestep as the time, class_labels as the label" in done.stdout
    run = Run(tmp_path / "guest")
    report, card = (json.loads(file.read_bytes()) for file in (run.export, run.card))
    assert report["difference"] <= 1e-4 and len(report["by_level"]) == 150 and report["opset"] == 18
    assert card["guest"]["source"] == "net.onnx" and card["guest"]["inputs"][1] == "timestep"
    assert card["guest"]["source_sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert card["dataset"]["size"] == 8 and card["parameters"] == 72 + 72 + 8 + 32
    denoiser = load(run.denoiser)
    assert denoiser.one_level
    x = np.random.default_rng(2).standard_normal((3, *SHAPE)).astype(np.float32)
    level, label = betas(BETAS).ours((0, 1))[[140, 60, 140]].astype(np.float32), np.array([0, 1, 3])
    alone = [denoiser(x[[k]], level[[k]], label[[k]]) for k in range(3)]
    assert np.abs(denoiser(x, level, label) - np.concatenate(alone)).max() < 1e-6


def test_between_its_levels_it_is_asked_only_if_that_is_wanted(tmp_path: Path) -> None:
    schedule = betas(BETAS)
    network = OnnxNetwork(small(tmp_path / "net.onnx", "float"))
    known = schedule.ours((0, 1))
    between = (known[40:44] + known[41:45]) / 2
    x, label = np.random.default_rng(3).standard_normal((4, *SHAPE)), np.zeros(4, int)
    told = terms("v", schedule, (0, 1), classes=CLASSES, interpolate=True)
    a, b, t = levels_at(told, between)
    assert np.allclose(t, [40.5, 41.5, 42.5, 43.5]) and np.allclose(2 * np.log(a / b) - 2 * math.log(2), between)
    exactly = network.exact(told)(x, between, label)
    assert np.abs(answered(network, told, between, x) - exactly).max() < 1e-5
    snapped = terms("v", schedule, (0, 1), classes=CLASSES)
    assert levels_at(snapped, between + 1e-6)[2].tolist() == [40, 41, 42, 43]
    assert np.abs(answered(network, snapped, between, x) - exactly).max() > 1e-3


def with_external_data(path: Path) -> None:
    onnx.save(onnx.load(small(path)), path, save_as_external_data=True, size_threshold=0)


def with_a_branch(path: Path) -> None:
    model = onnx.load(small(path))
    out = helper.make_tensor_value_info("o", TensorProto.FLOAT, None)
    branch = helper.make_graph([helper.make_node("Identity", ["out"], ["o"])], "b", [], [out])
    yes = numpy_helper.from_array(np.array(True), "yes")
    model.graph.initializer.append(yes)
    model.graph.node.append(helper.make_node("If", ["yes"], ["last"], then_branch=branch, else_branch=branch))
    onnx.save(model, path)


def with_a_fixed_batch_inside(path: Path) -> None:
    g = Nodes()
    x = g.op("Reshape", Value(g, "sample"), g.constant([2, 1, 8, 8], np.int64))
    t = g.op("Reshape", g.op("ReduceMean", Value(g, "timestep"), keepdims=1), g.constant([1, 1, 1, 1], np.int64))
    saved(path, g, {"sample": ("float", [2, *SHAPE]), "timestep": ("float", [2])}, x * t, 2)


def with_a_prompt(path: Path) -> None:
    g = Nodes()
    inputs = {"sample": ("float", ["n", *SHAPE]), "timestep": ("float", []), "prompt": ("float", ["n", 4, 8])}
    saved(path, g, inputs, Value(g, "sample") * Value(g, "timestep"))


def without_a_number(path: Path) -> None:
    """A network that answers at each time but the first but one."""
    g = Nodes()
    t = g.op("Reshape", Value(g, "timestep"), g.constant([-1, 1, 1, 1], np.int64))
    root = ((t - 1) ** 2 - 0.5) ** 0.5
    saved(path, g, {"sample": ("float", ["n", *SHAPE]), "timestep": ("float", ["n"])}, Value(g, "sample") * root)


@pytest.mark.parametrize(
    ("make", "more", "words"),
    [
        (without_a_number, {"classes": None}, "not a number at logSNR"),
        (lambda path: path.write_bytes(b"\x00nothing"), {}, "is no ONNX graph"),
        (lambda path: None, {}, "cannot be read"),
        (with_external_data, {}, "lie in another file"),
        (with_a_branch, {}, "holds If"),
        (with_a_fixed_batch_inside, {"classes": None}, "batch axis is fixed"),
        (with_a_prompt, {}, "prompt has no part"),
        (small, {"inputs": ["sample", "time"]}, "not time; say --inputs"),
        (small, {"inputs": ["timestep", "sample", "class_labels"]}, "is no picture"),
        (small, {"shape": (1, 9, 9)}, "cannot be asked"),
        (small, {"interpolate": True}, "whole number"),
        (
            lambda path: small(path, "float"),
            {"interpolate": True, "schedule": {"alphas_cumprod": [0.9, 0.9, 0.5]}},
            "have one noise",
        ),
        (small, {"schedule": {"alphas_cumprod": [0.9, 0.95]}}, "rises with t"),
        (lambda path: small(path, labels=0), {}, "has 3 classes, but no input for a label"),
    ],
)
def test_what_cannot_be_adopted_is_one_sentence_and_writes_nothing(
    tmp_path: Path, make: Any, more: dict[str, Any], words: str
) -> None:
    make(tmp_path / "net.onnx")
    told = {"predicts": "noise", "schedule": BETAS, "pictures": (0, 1), "classes": CLASSES, "no_label": True}
    with pytest.raises(RunError) as found:
        adopt(tmp_path / "net.onnx", "guest", runs=tmp_path, **told | more)
    assert words in str(found.value) and str(found.value).count(". ") == 0
    assert not (tmp_path / "guest").exists()


def test_ends_without_picture_or_noise_are_folded_too(tmp_path: Path) -> None:
    """ᾱ_T = 0 stands at logSNR −20, where v is −x0 exactly."""
    schedule = Schedule("discrete", np.sqrt([0.9, 0.5, 0.0]), np.sqrt([0.1, 0.5, 1.0]))
    network = OnnxNetwork(exact(tmp_path / "net.onnx", "v", schedule))
    x = np.random.default_rng(4).standard_normal((1, *SHAPE))
    found = answered(network, terms("v", schedule, (-1, 1)), np.array([-CLEAN]), x)
    assert np.abs(found - MEAN).max() < 1e-6
    assert main(["adopt", str(tmp_path / "net.onnx"), "--id", "end", "--runs", str(tmp_path)]) == 2
