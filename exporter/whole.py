"""A student's whole way from noise to picture as one graph, unrolled.onnx.

A student knows a few fixed levels only. Written out one after the other, what its network is told about them is
constant and folds into the weights. For a CPU the network is laid out in columns, for a GPU it is in half precision.
"""

import json
import platform
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from exporter.columns import in_columns
from exporter.graph import multiplied_out, store_in_half
from exporter.graph_metadata import metadata, scales
from firstlight.errors import RunError
from firstlight.graph import SCALE_INPUT, serialize, to_onnx
from firstlight.parity import Parity, guidance
from firstlight.untrusted.trust import made
from sampler.loop import sample
from sampler.noise import Noise
from sampler.session import one_core
from sampler.whole import DENOISED, IMAGES, SUMS, built_in
from trainer.network import Denoiser, UNet

Form = Literal["plain", "columns", "half"]
CPU: Form = "columns" if platform.machine() in ("x86_64", "AMD64") else "plain"  # unmeasured on other processors
ROWS, COLUMNS = (0, 1, 2, 3), (3, 1, 2, 0)  # axes of x inside: (N, C, H, W) or (W, C, H, N)
INPUTS, OUTPUTS = ["x", "label", SCALE_INPUT], [DENOISED, IMAGES, SUMS]
LIMIT = 1e-3  # largest difference of any x̂0 after up to four evaluations: an eighth of a byte
HALF_LIMIT = 0.1  # the same in half precision: 13 of 255
BATCHES = (1, 7, 16)


class Half(nn.Module):
    """The U-Net in half precision; what stands around it stays in float32."""

    def __init__(self, unet: UNet) -> None:
        super().__init__()
        self.unet = unet
        for module in unet.modules():
            if isinstance(module, nn.Conv2d):
                module.half()

    def forward(self, x: Tensor, logsnr: Tensor, label: Tensor, guidance: Tensor) -> Tensor:
        drawn: Tensor = self.unet(x.half(), logsnr, label, guidance)
        return drawn


class Unrolled(nn.Module):
    """Noise x (N, C, H, W), label (N,) and guidance (N,) to every x̂0, as floats and as bytes.

    Returns denoised (K, N, C, H, W); images (K, N, H, W, C) uint8, the last the finished picture; and sums (K, N) of
    each shown picture, which is not a number where one of its pixels is none.
    """

    def __init__(self, denoiser: Denoiser, form: Form = "plain") -> None:
        super().__init__()
        self.denoiser = multiplied_out(denoiser).cpu().eval()
        self.table = denoiser.config.table()
        self.axes = COLUMNS if form == "columns" else ROWS
        if form == "columns":
            in_columns(self.denoiser)
        elif form == "half":
            self.denoiser.unet = Half(self.denoiser.unet)  # type: ignore[assignment]

    def forward(self, x: Tensor, label: Tensor, guidance: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        def denoise(x: Tensor, at: float) -> Tensor:
            denoised: Tensor = self.denoiser(x, torch.full((1,), at), label, guidance)
            return denoised

        steps = list(sample(denoise, x.permute(self.axes), self.table))
        back = [0, *(1 + self.axes.index(axis) for axis in range(4))]
        denoised = torch.stack([step.denoised for step in steps]).permute(back)
        shown = torch.cat([denoised[:-1], steps[-1].next[None].permute(back)])
        scaled = ((shown.clamp(-1, 1) + 1) * 127.5).round()
        return denoised, scaled.permute(0, 1, 3, 4, 2).to(torch.uint8), shown.sum((2, 3, 4))


def whole_graph(denoiser: Denoiser, classes: list[str], form: Form) -> bytes:
    """The student as one serialized graph. Raises RunError where the graph is not what the engine runs fast."""
    config = denoiser.config
    example = (torch.randn(2, config.channels, config.size, config.size), torch.zeros(2, dtype=torch.int64),
               torch.ones(2))  # fmt: skip
    model = to_onnx(Unrolled(denoiser, form).eval(), example, INPUTS, OUTPUTS)
    store_in_half(model, exact=True)
    return made(serialize(model, metadata(config, classes) | {"drawing": json.dumps(built_in(config))}))


def whole_parity(denoiser: Denoiser, content: bytes, form: Form) -> dict[str, Any]:
    """The largest difference of any x̂0 from torch in float32, for export.json; each label, scales from end to end.

    Raises RunError where it is too large to be a matter of rounding.
    """
    config, session = denoiser.config, one_core(content, Path("unrolled.onnx"))
    shape, limit = (config.channels, config.size, config.size), HALF_LIMIT if form == "half" else LIMIT
    reference, worst, changed = Unrolled(denoiser), Parity(0.0, 0.0, 0, 0), 0.0
    for size in BATCHES:
        x, label = Noise(range(size), shape).start(), np.arange(size) % (config.classes + 1)
        scale = guidance(scales(config), size)[SCALE_INPUT]
        with torch.no_grad():
            ours, bytes_, _ = (
                value.numpy() for value in reference(torch.from_numpy(x), torch.from_numpy(label), scale)
            )
        theirs, images, _ = session.run(OUTPUTS, {"x": x, "label": label, SCALE_INPUT: scale.numpy()})
        difference = np.nan_to_num(np.abs(ours - theirs), nan=np.inf).max(axis=(1, 2, 3, 4))
        changed = max(changed, float(np.abs(images.astype(int) - bytes_).max()))
        if difference.max() >= worst.difference:
            at = float(reference.table.logsnr[int(difference.argmax())])
            worst = Parity(float(difference.max()), at, size, sum(BATCHES))
    if not worst.difference <= limit:
        raise RunError(
            f"The unrolled graph differs from torch by {worst.difference:.1e}, more than {limit:g}; nothing was "
            f"written: export it with the torch and onnxruntime of requirements.txt."
        )
    return {**asdict(worst), "limit": limit, "bytes": changed, "batches": list(BATCHES)}
