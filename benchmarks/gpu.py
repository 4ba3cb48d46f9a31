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
from sampler.noise import Noise
from sampler.whole import whole_of

BATCHES, TIMES = (10, 256, 4096), 20


def measured(run: Run) -> dict[str, Any]:
    """Pictures per second at each batch size, noise given and bytes fetched. Raises RunError without a GPU or graph."""
    import torch

    settings = settings_of(run)
    whole = whole_of(run, settings, "auto")
    if whole is None:
        raise RunError(f"{run.id} has no unrolled graph; make it with: firstlight export {run.id} --half")
    if whole.provider != "CUDA":
        raise RunError(f"There is nothing to measure: {whole.reason}")
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

    from exporter.whole import Unrolled
    from trainer.checkpoints import load_denoiser

    module = Unrolled(load_denoiser(run), "half").cuda().to(memory_format=torch.channels_last)
    compiled = torch.compile(module, mode="reduce-overhead", dynamic=False)
    scale = torch.full((len(label),), settings_of(run).guidance, device="cuda")

    def draw() -> object:
        with torch.inference_mode():
            x = torch.from_numpy(noise).cuda().contiguous(memory_format=torch.channels_last)
            return compiled(x, torch.from_numpy(label).cuda(), scale)[1].cpu()

    return draw
