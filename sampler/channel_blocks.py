"""Channels in blocks, (N, C / B, H, W, B), as ONNX Runtime's own convolutions hold them on a CPU.

The engine brings pictures into blocks before a convolution and out of them behind it, wherever something lies between
that knows no blocks. Matrix products from the left and sums do not care, so a whole network can stay in blocks. The
operators are the engine's, and B is the processor's.
"""

from functools import cache
from pathlib import Path

import numpy as np

from firstlight.errors import SamplerError
from firstlight.untrusted.trust import made

DOMAIN = "com.microsoft.nchwc"
CHANNELS = 32  # a multiple of every block there is


@cache
def block_size() -> int:
    """B on this processor; 1 where the engine has no blocks.

    Found out by bringing numbers into blocks: the second pixel of the first channel follows on B channels' first.
    """
    import onnx
    from onnx import helper

    from firstlight.runtime import CPU, inference_session

    ends = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, CHANNELS, 1, 2]) for name in ("x", "y")]
    graph = helper.make_graph(
        [helper.make_node("ReorderInput", ["x"], ["y"], domain=DOMAIN)], "block", ends[:1], ends[1:]
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20), helper.make_opsetid(DOMAIN, 1)])
    model.ir_version = 10
    numbers = np.arange(2 * CHANNELS, dtype=np.float32).reshape(1, CHANNELS, 1, 2)
    try:
        net = inference_session(made(model.SerializeToString()), Path("block.onnx"), CPU, threads=1)
        order = net.run(None, {"x": numbers})[0].ravel().tolist()
    except SamplerError:
        return 1
    size = order.index(1.0)
    return size if CHANNELS % size == 0 else 1
