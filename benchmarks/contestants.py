"""Everyone who draws in a race; each loads its own packages, in a process of its own.

Engines draw with the run's own weights, solver and noise; systems draw in their own usual way, with random weights,
because an evaluation takes as long whatever the weights are.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firstlight.run_folder import Run
from firstlight.run_json import card_of
from sampler.generation import Settings, generate, law, settings_of
from sampler.loop import sample
from sampler.noise import Noise

TRAINED_STEPS = 1000  # of the systems' chains
WIDTHS = (32, 64, 64)  # diffusers' own course: class-conditional MNIST, two layers per block, attention at 14 and 7
Draw = Callable[[], NDArray[Any]]


@dataclass(frozen=True)
class Task:
    """Draw `batch` pictures of a run, its classes in turn, with seeds 0, 1 ..., on so many threads."""

    run: Run
    batch: int
    threads: int

    @property
    def settings(self) -> Settings:
        return settings_of(self.run)

    @property
    def labels(self) -> NDArray[np.int64]:
        return np.arange(self.batch) % len(card_of(self.run)["dataset"]["classes"])


@dataclass
class Network:
    """What the sampling loop asks of a denoiser, whatever runs it."""

    call: Callable[..., Any]
    classes: tuple[str, ...]
    shape: tuple[int, int, int]
    scales: tuple[float, float] | None

    def __call__(self, *inputs: Any) -> Any:
        return self.call(*inputs)


def ours(task: Task) -> Draw:
    """What `firstlight sample` does between loading and writing: noise, the fastest path, bytes."""
    from sampler.whole_graph import fastest

    net, settings = fastest(task.run, task.settings, "cpu"), task.settings

    def draw() -> NDArray[Any]:
        *_, last = generate(net, task.labels.tolist(), range(task.batch), settings)
        return last.images.transpose(0, 3, 1, 2) / np.float32(127.5) - 1

    return draw


def torch_eager(task: Task, compiled: bool = False) -> Draw:
    """Plain torch, channels_last, weights multiplied out as for the export; torch.compile with static shapes."""
    import torch

    from exporter.graph import multiplied_out
    from trainer.checkpoints import load_denoiser

    torch.set_num_threads(task.threads)
    torch.set_flush_denormal(True)
    denoiser = load_denoiser(task.run)
    config = denoiser.config
    module: Any = multiplied_out(denoiser).eval().to(memory_format=torch.channels_last)
    call = torch.compile(module, dynamic=False) if compiled else module
    scales = (config.scale_low, config.scale_high) if config.scale_high else None
    shape = (config.channels, config.size, config.size)
    net = Network(call, tuple(map(str, range(config.classes))), shape, scales)
    noise = torch.from_numpy(Noise(range(task.batch), shape).start()).contiguous(memory_format=torch.channels_last)
    denoise = law(net, torch.from_numpy(task.labels), task.settings)  # type: ignore[arg-type]
    table = task.settings.table()

    def draw() -> NDArray[Any]:
        with torch.inference_mode():
            *_, last = sample(denoise, noise, table)
        return np.asarray(last.next.numpy())

    return draw


def torch_compile(task: Task) -> Draw:
    """torch.compile of the same."""
    return torch_eager(task, compiled=True)


def openvino(task: Task) -> Draw:
    """OpenVINO on the exported denoiser, one compiled model for each batch size, in float32 for latency."""
    import openvino

    from sampler.session import load

    known, core = load(task.run.denoiser, "cpu"), openvino.Core()
    options = {"INFERENCE_NUM_THREADS": task.threads, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
    ready: dict[int, Any] = {}

    def call(*inputs: NDArray[Any]) -> NDArray[Any]:
        count = len(inputs[0])
        if count not in ready:
            model = core.read_model(task.run.denoiser)
            model.reshape({port.any_name: [count, *list(port.partial_shape)[1:]] for port in model.inputs})
            ready[count] = core.compile_model(model, "CPU", options).create_infer_request()
        return np.array(next(iter(ready[count].infer(list(inputs)).values())))

    net = Network(call, known.classes, known.shape, known.scales)
    denoise, table = law(net, task.labels, task.settings), task.settings.table()
    noise = Noise(range(task.batch), known.shape).start()

    def draw() -> NDArray[Any]:
        *_, last = sample(denoise, noise, table)
        return np.asarray(last.next)

    return draw


def diffusers(task: Task, solver: str = "DDIM", steps: int = 50, compiled: bool = False) -> Draw:
    """UNet2DModel with one of diffusers' schedulers and classifier-free guidance, both candidates in one batch."""
    import torch
    from diffusers import DDIMScheduler, DPMSolverMultistepScheduler, UNet2DModel

    torch.set_num_threads(task.threads)
    torch.manual_seed(0)
    down, up = ("DownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D"), ("AttnUpBlock2D", "AttnUpBlock2D", "UpBlock2D")
    unet: Any = UNet2DModel(28, 1, 1, layers_per_block=2, block_out_channels=WIDTHS, down_block_types=down,
                            up_block_types=up, num_class_embeds=11)  # fmt: skip
    unet = unet.eval().to(memory_format=torch.channels_last)
    unet = torch.compile(unet, dynamic=False) if compiled else unet
    kind: Any = DDIMScheduler if solver == "DDIM" else DPMSolverMultistepScheduler
    scheduler = kind(num_train_timesteps=TRAINED_STEPS, beta_schedule="squaredcos_cap_v2")
    noise = torch.from_numpy(Noise(range(task.batch), (1, 28, 28)).start())
    label = torch.from_numpy(np.concatenate([task.labels, np.full(task.batch, 10)]))

    def draw() -> NDArray[Any]:
        scheduler.set_timesteps(steps)
        if solver != "DDIM":
            scheduler.set_begin_index(0)
        x = noise
        with torch.inference_mode():
            for time in scheduler.timesteps:
                told, untold = unet(torch.cat([x, x]), time, class_labels=label).sample.chunk(2)
                x = scheduler.step(untold + task.settings.guidance * (told - untold), time, x).prev_sample
        return np.asarray(x.numpy())

    return draw


def denoising_diffusion_pytorch(task: Task, steps: int = 50) -> Draw:
    """The package's own classifier-free variant with half the width of its example, DDIM, eta 0."""
    import torch
    from denoising_diffusion_pytorch.classifier_free_guidance import GaussianDiffusion, Unet

    torch.set_num_threads(task.threads)
    unet = Unet(dim=32, dim_mults=(1, 2, 4), num_classes=10, channels=1).eval()
    chain = GaussianDiffusion(
        unet, image_size=28, timesteps=TRAINED_STEPS, sampling_timesteps=steps, ddim_sampling_eta=0.0
    )
    label = torch.from_numpy(task.labels)

    def draw() -> NDArray[Any]:
        with torch.inference_mode():
            return np.asarray(chain.sample(label, cond_scale=task.settings.guidance).numpy())

    return draw


ENGINES: dict[str, Callable[[Task], Draw]] = {
    "ours": ours,
    "torch channels_last": torch_eager,
    "torch.compile": torch_compile,
    "OpenVINO": openvino,
}
SYSTEMS: dict[str, Callable[[Task], Draw]] = {
    "ours": ours,
    "diffusers DDIM-50": diffusers,
    "diffusers DDIM-50, torch.compile": lambda task: diffusers(task, compiled=True),
    "diffusers DPM-Solver++ 20": lambda task: diffusers(task, "DPM-Solver++", 20),
    "diffusers DPM-Solver++ 20, torch.compile": lambda task: diffusers(task, "DPM-Solver++", 20, compiled=True),
    "denoising-diffusion-pytorch DDIM-50": denoising_diffusion_pytorch,
}
