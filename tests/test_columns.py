"""Fewer multiplications, the same answer."""

import hashlib
import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from torch.nn import functional as F

from exporter.graph import graph_of
from firstlight.runtime import CPU, inference_session
from firstlight.untrusted.trust import made
from sampler import graph_forms as forms
from sampler.channel_blocks import block_size
from sampler.column_layout import in_columns
from sampler.graph_forms import Forms
from sampler.winograd import LONGEST, TAPS, points
from trainer.config import Config
from trainer.distill import student_config
from trainer.network import Denoiser

TWO = Config(widths=(24, 32), blocks=2, embedding=16, size=28, classes=3, steps=20)
SMALL = replace(TWO, blocks=1)
THREE = Config(widths=(24, 32, 40), blocks=1, embedding=16, size=16, channels=3, classes=2, steps=20)


@cache
def plain(config: Config, student: bool = False) -> tuple[bytes, Config]:
    """The graph of a network that has learned nothing, but whose answer depends on everything it is told."""
    torch.manual_seed(0)
    config = student_config(config, "teacher", 4) if student else config
    network = Denoiser(config).eval()
    for part in network.parameters():
        nn.init.normal_(part)
    nn.init.zeros_(network.unet.head.bias)  # type: ignore[arg-type]
    nn.init.zeros_(network.unet.middle.first.bias)  # which an export leaves out
    return graph_of(network, [str(each) for each in range(config.classes)]), config


def asked(config: Config, count: int = 4) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((count, config.channels, config.size, config.size)).astype(np.float32)
    level, label = np.linspace(-3, 3, count).astype(np.float32), np.arange(count) % (config.classes + 1)
    told: dict[str, np.ndarray] = {"x": x, "logsnr": level, "label": label}
    return told | ({"guidance": np.linspace(1, 3, count).astype(np.float32)} if config.scale_high else {})


def answer(content: bytes, told: dict[str, np.ndarray]) -> np.ndarray:
    return np.asarray(inference_session(content, Path("denoiser.onnx"), CPU, threads=1).run(None, told)[0])


@pytest.mark.parametrize("width", [1, 2, 7, 8, 9, 14, 16, 24])
def test_a_row_needs_two_multiplications_more_than_pixels_in_each_part(width: int) -> None:
    before, taps, after, parts = points(width)
    assert width / parts <= LONGEST and len(taps) == width // parts + TAPS - 1
    assert len(before) == after.shape[1] == parts * len(taps) == width + (TAPS - 1) * parts
    rng = np.random.default_rng(0)
    row, filters = rng.standard_normal(width), rng.standard_normal(TAPS)
    expected = F.conv1d(torch.from_numpy(row)[None, None], torch.from_numpy(filters)[None, None], padding=1)[0, 0]
    found = after @ (np.tile(taps @ filters, parts) * (before @ row))
    assert np.allclose(found, expected.numpy(), atol=1e-12)


@pytest.mark.parametrize(("config", "student"), [(TWO, False), (SMALL, True), (THREE, False), (THREE, True)])
def test_a_network_in_columns_answers_alike(config: Config, student: bool) -> None:
    content, config = plain(config, student)
    told = asked(config)
    columns = in_columns(content)
    assert columns is not None and b"columns." in columns and len(columns) > len(content)
    expected, found = answer(content, told), answer(columns, told)
    assert np.abs(found - expected).max() < 1e-4 * np.abs(expected).max()
    other = told | {"label": np.roll(told["label"], 1)}
    assert np.abs(expected - answer(content, other)).max() > 1e-2


def test_an_older_export_that_folds_pixels_first_is_laid_out_too() -> None:
    """As torch writes pixel_unshuffle down: the bundled teachers were exported so."""
    content, config = plain(TWO)
    model = onnx.load_model_from_string(content)
    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    for node in list(model.graph.node):
        steps = next((list(each.ints) for each in node.attribute if each.name == "strides"), [])
        if node.op_type == "Conv" and steps == [2, 2]:
            place, size = list(model.graph.node).index(node), 28 if "stem" in node.input[1] else 14
            x, tensor = node.input[0], weights[node.input[1]]
            by_two = torch.from_numpy(numpy_helper.to_array(tensor).copy())
            tensor.CopyFrom(numpy_helper.from_array(F.pixel_unshuffle(by_two, 2).numpy(), tensor.name))
            channels, half, side = by_two.shape[1], size // 2, by_two.shape[2] // 2
            shapes = {f"{x}.apart": [-1, channels, half, 2, half, 2], f"{x}.whole": [-1, 4 * channels, half, half]}
            model.graph.initializer.extend(
                numpy_helper.from_array(np.array(shape), f"{name}.shape") for name, shape in shapes.items()
            )
            folding = [
                helper.make_node("Reshape", [x, f"{x}.apart.shape"], [f"{x}.apart"]),
                helper.make_node("Transpose", [f"{x}.apart"], [f"{x}.turned"], perm=[0, 1, 3, 5, 2, 4]),
                helper.make_node("Reshape", [f"{x}.turned", f"{x}.whole.shape"], [f"{x}.whole"]),
            ]
            kernel: dict[str, Any] = {"kernel_shape": [side, side], "pads": [side // 2] * 4, "group": 1}
            kernel |= {"strides": [1, 1], "dilations": [1, 1]}
            conv = helper.make_node("Conv", [f"{x}.whole", *node.input[1:]], list(node.output), **kernel)
            model.graph.node.remove(node)
            for each in reversed([*folding, conv]):
                model.graph.node.insert(place, each)
    older, told = made(model.SerializeToString()), asked(config)
    columns, expected = in_columns(older), answer(content, told)
    assert columns is not None
    for found in (answer(older, told), answer(columns, told)):
        assert np.abs(found - expected).max() < 1e-4 * np.abs(expected).max()


def test_a_graph_of_another_network_stays_as_it_is() -> None:
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", 1, 8, 8]) for name in ("x", "denoised")]
    for kind in ("Relu", "GlobalAveragePool"):
        nodes = [helper.make_node(kind, ["x"], ["denoised"])]
        model = helper.make_model(
            helper.make_graph(nodes, "other", ends[:1], ends[1:]), opset_imports=[helper.make_opsetid("", 20)]
        )
        assert in_columns(model.SerializeToString()) is None


@pytest.fixture
def pair(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> tuple[bytes, bytes, Config]:
    """A graph, and the same in columns, of which nothing was measured yet."""
    monkeypatch.setenv("HOME", str(tmp_path))
    content, config = plain(TWO)
    columns = in_columns(content)
    assert columns is not None
    return content, columns, config


def opened(content: bytes, columns: bytes | None, asked_for: list[int] | None = None) -> Forms:
    def laid_out() -> bytes | None:
        if asked_for is not None:
            asked_for.append(1)
        return columns

    net = inference_session(content, Path("denoiser.onnx"), CPU, threads=1)
    return Forms(net, Path("denoiser.onnx"), hashlib.sha256(content).hexdigest(), laid_out)


def test_few_pictures_are_never_laid_out(pair: tuple[bytes, bytes, Config]) -> None:
    asked_for: list[int] = []
    found = opened(pair[0], pair[1], asked_for)
    assert all(found.fitting(share) is found.plain for share in (0, 1)) and asked_for == []


def test_the_faster_form_is_measured_once_on_a_machine(
    pair: tuple[bytes, bytes, Config], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    content, columns, _ = pair
    place, sha256 = tmp_path / ".cache" / "firstlight" / forms.FILE, hashlib.sha256(content).hexdigest()
    for fewest, chosen in ((5, (False, False, True, True)), (None, (False,) * 4)):
        place.unlink(missing_ok=True)
        monkeypatch.setattr(forms, "least", lambda *_, fewest=fewest: fewest)
        first = opened(content, columns)
        assert tuple(first.fitting(share) is not first.plain for share in (1, 3, 6, 40)) == chosen
        assert json.loads(place.read_text())[sha256]["least"] == fewest
        monkeypatch.setattr(forms, "least", None)  # whoever measures again, falls
        later = opened(content, columns)
        assert tuple(later.fitting(share) is not later.plain for share in (1, 3, 6, 40)) == chosen


def test_what_another_processor_measured_is_measured_anew(
    pair: tuple[bytes, bytes, Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    content, columns, _ = pair
    monkeypatch.setattr(forms, "least", lambda *_: 5)
    opened(content, columns).fitting(8)
    monkeypatch.setattr(forms, "processor", lambda: "another")
    monkeypatch.setattr(forms, "least", lambda *_: None)
    found = opened(content, columns)
    assert found.fitting(8) is found.plain


def test_columns_that_draw_something_else_are_not_used(pair: tuple[bytes, bytes, Config]) -> None:
    content, columns, config = pair
    other = onnx.load_model_from_string(columns)
    twice = [tensor for tensor in other.graph.initializer if len(tensor.dims) == 4]
    twice[-1].CopyFrom(numpy_helper.from_array(2 * numpy_helper.to_array(twice[-1]), twice[-1].name))
    found = opened(content, made(other.SerializeToString()))
    assert found.fitting(40) is found.plain and found.least is None
    assert np.isfinite(answer(content, asked(config))).all()


def test_what_is_measured_is_the_faster_one(pair: tuple[bytes, bytes, Config]) -> None:
    """The same graph twice is no gain; one that computes its answer nine times over is the slower one."""
    content, columns, _ = pair
    net, laid_out = (inference_session(each, Path("denoiser.onnx"), CPU, threads=1) for each in (content, columns))
    assert forms.least(net, Slower(laid_out)) is None  # type: ignore[arg-type]
    assert forms.least(Slower(net), laid_out) == forms.SIZES[-1]  # type: ignore[arg-type]


class Slower:
    """A session that takes nine times as long."""

    def __init__(self, net: Any) -> None:
        self.net = net

    def __getattr__(self, name: str) -> object:
        return getattr(self.net, name)

    def run(self, *told: object) -> object:
        for _ in range(8):
            self.net.run(*told)
        return self.net.run(*told)


@pytest.mark.parametrize("config", [replace(SMALL, widths=(32, 64)), TWO, replace(SMALL, widths=(32, 40))])
def test_channels_that_are_no_whole_blocks_are_left_out_of_them(config: Config) -> None:
    content, config = plain(config)
    columns, told = in_columns(content), asked(config, 5)
    assert columns is not None and block_size() in (1, 8, 16)
    reordered = [node.op_type for node in onnx.load_model_from_string(columns).graph.node if node.domain]
    whole = block_size() > 1 and all(width % block_size() == 0 for width in config.widths)
    assert not whole or (reordered.count("ReorderInput"), reordered.count("ReorderOutput")) == (1, 1)
    assert np.abs(answer(columns, told) - answer(content, told)).max() < 1e-4 * np.abs(answer(content, told)).max()


def test_without_blocks_the_layout_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    content, config = plain(TWO)
    monkeypatch.setattr("sampler.column_layout.block_size", lambda: 1)
    columns, told = in_columns(content), asked(config)
    assert columns is not None and not any(node.domain for node in onnx.load_model_from_string(columns).graph.node)
    assert np.abs(answer(columns, told) - answer(content, told)).max() < 1e-4 * np.abs(answer(content, told)).max()
