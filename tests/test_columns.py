"""Fewer multiplications, the same answer."""

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from torch.nn import functional as F

from exporter.columns import LONGEST, TAPS, Row, in_columns, points
from exporter.graph import multiplied_out, store_in_half
from trainer.config import Config
from trainer.distill import student_config
from trainer.network import Denoiser


@pytest.mark.parametrize("width", [1, 2, 7, 8, 9, 14, 16, 24])
def test_a_row_needs_two_multiplications_more_than_pixels_in_each_part(width: int) -> None:
    before, taps, after = points(width)
    parts = -(-width // LONGEST)
    assert len(before) == len(taps) == after.shape[1] == width + (TAPS - 1) * parts
    torch.manual_seed(0)
    row, filters = torch.randn(width, dtype=torch.float64), torch.randn(TAPS, dtype=torch.float64)
    expected = F.conv1d(row[None, None], filters[None, None], padding=1)[0, 0]
    assert torch.allclose(after @ ((taps @ filters) * (before @ row)), expected, atol=1e-12)


@pytest.mark.parametrize(("size", "bias"), [(7, True), (14, False), (16, True)])
def test_a_convolution_along_the_width_is_torch_s_to_float32_s_precision(size: int, bias: bool) -> None:
    torch.manual_seed(0)
    conv = nn.Conv2d(32, 24, 3, padding=1)
    nn.init.normal_(conv.weight, std=(32 * 9) ** -0.5)
    x, more = torch.randn(3, 32, size, size), torch.randn(3, 24, size, size)
    expected = conv(x) + more - (0 if bias else conv.bias[:, None, None])  # type: ignore[index]
    with torch.no_grad():
        found = Row(conv, size, bias)(*(part.permute(3, 1, 2, 0).reshape(size, -1) for part in (x, more)))
    assert (found - expected.permute(3, 1, 2, 0).reshape(size, -1)).abs().max() < 5e-5


@pytest.mark.parametrize(
    "config",
    [
        Config(widths=(8, 16), blocks=2, embedding=16, size=28, classes=3, steps=20),
        Config(widths=(8, 16, 24), blocks=1, embedding=16, size=16, channels=3, classes=2, steps=20),
    ],
)
def test_a_network_in_columns_draws_the_same_pictures(config: Config) -> None:
    torch.manual_seed(0)
    student = Denoiser(student_config(config, "teacher", 4)).eval()
    for part in student.parameters():
        nn.init.normal_(part)
    columns = in_columns(multiplied_out(student))
    x, told = torch.randn(4, config.channels, config.size, config.size), torch.full((1,), -2.0)
    label, guidance = torch.tensor([0, 1, config.classes, 0]), torch.tensor([1.0, 1.5, 2.0, 3.0])
    with torch.no_grad():
        expected = student(x, told, label, guidance)
        found = columns(x.permute(3, 1, 2, 0), told, label, guidance).permute(3, 1, 2, 0)
    assert (found - expected).abs().max() < 1e-4 * expected.abs().max()
    assert (expected - student(x, told, label.roll(1), guidance)).abs().max() > 1e-2


def test_only_what_half_precision_does_not_change_is_stored_in_it() -> None:
    whole, thirds = np.arange(2048, dtype=np.float32), np.arange(2048, dtype=np.float32) / 3
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2048]) for name in ("x", "y")]
    nodes = [helper.make_node("Add", ["x", "whole"], ["z"]), helper.make_node("Add", ["z", "thirds"], ["y"])]
    weights = [numpy_helper.from_array(whole, "whole"), numpy_helper.from_array(thirds, "thirds")]
    model = helper.make_model(helper.make_graph(nodes, "two", ends[:1], ends[1:], weights))
    store_in_half(model, exact=True)
    onnx.checker.check_model(model, full_check=True)
    kept = {tensor.name: numpy_helper.to_array(tensor).dtype for tensor in model.graph.initializer}
    assert kept.pop("thirds") == np.float32 and list(kept.values()) == [np.float16]
