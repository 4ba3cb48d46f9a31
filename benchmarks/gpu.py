"""On a GPU: our unrolled graph against torch.compile at its fastest, both in half precision on the same weights."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from benchmarks.race import spread
from firstlight.errors import RunError
from firstlight.run_folder import Run
from sampler.generation import settings_of
from sampler.loop import sample
from sampler.noise import Noise
from sampler.session import load
from sampler.whole_graph import whole_of

BATCHES, TIMES = (10, 256, 4096), 20


def measured(run: Run) -> dict[str, Any]:
    """Pictures per second at each batch size, noise given and bytes fetched. Raises RunError without a GPU or graph."""
    import torch

    settings = settings_of(run)
    denoiser = load(run.denoiser)
    if denoiser.provider != "CUDA":
        raise RunError(f"There is nothing to measure: {denoiser.reason}")
    whole = whole_of(denoiser, settings)
    if whole is None:
        raise RunError(f"{run.id} has no unrolled graph; make it with: firstlight export {run.id} --half")
    rows = []
    for batch in BATCHES:
        noise, label = Noise(range(batch), whole.shape).start(), np.arange(batch) % len(whole.classes)
        ours = rates(partial(whole, noise, label, settings.guidance), batch)
        theirs = rates(torch_half(run, noise, label), batch)
        ratio = spread([a / b for a, b in zip(ours, theirs, strict=True)])
        rows.append({"contest": "gpu", "batch": batch, "name": "pictures per second, beside torch.compile",
                     "ours": spread(ours), "theirs": spread(theirs), "ratio": ratio})  # fmt: skip
    return {
        "schema": 1,
        "device": torch.cuda.get_device_name(),
        "graph": whole.path.name,
        "reason": whole.reason,
        "rows": rows,
    }


def rates(draw: Callable[[], object], batch: int) -> list[float]:
    """Pictures per second of some drawings, after three to warm up."""
    taken = []
    for turn in range(TIMES + 3):
        began = time.perf_counter()
        draw()
        if turn >= 3:
            taken.append(batch / (time.perf_counter() - began))
    return taken


def torch_half(run: Run, noise: np.ndarray, label: np.ndarray) -> Callable[[], object]:
    """The same drawing, compiled as a whole with CUDA graphs; it ends when the bytes are on the host."""
    import torch
    from torch import nn

    from exporter.graph import multiplied_out
    from trainer.checkpoints import load_denoiser

    denoiser = multiplied_out(load_denoiser(run))
    table, unet = denoiser.config.table(), denoiser.unet
    for part in unet.modules():
        if isinstance(part, nn.Conv2d):
            part.half()

    class InHalf(nn.Module):
        """The U-Net in half precision, what stands around it in float32, and every step one after the other."""

        def __init__(self) -> None:
            super().__init__()
            self.denoiser = denoiser
            unet.register_forward_pre_hook(lambda _, told: (told[0].half(), *told[1:]))

        def forward(self, x: torch.Tensor, label: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
            *_, last = sample(lambda x, at: denoiser(x, torch.full((1,), at, device="cuda"), label, scale), x, table)
            drawn: torch.Tensor = ((last.next.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
            return drawn.permute(0, 2, 3, 1)

    module = InHalf().cuda().to(memory_format=torch.channels_last)
    compiled = torch.compile(module, mode="reduce-overhead", dynamic=False)
    scale = torch.full((len(label),), settings_of(run).guidance, device="cuda")

    def draw() -> object:
        with torch.inference_mode():
            x = torch.from_numpy(noise).cuda().contiguous(memory_format=torch.channels_last)
            return compiled(x, torch.from_numpy(label).cuda(), scale).cpu()

    return draw
