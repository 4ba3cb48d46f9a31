"""Students: few evaluations of one network that do what many guided ones of its teacher do.

The teacher's solver is deterministic, so each noise has one path; a student learns to jump along it, from one fixed
level to the next, with the guidance scale as an input (Meng et al., "On distillation of guided diffusion models", CVPR
2023; Salimans & Ho, "Progressive distillation", ICLR 2022). Half of its jumps start where its own last jump ended, so
it also learns to find back.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save
from torch import Tensor
from tqdm import tqdm

from firstlight.atomic_writes import write_bytes
from firstlight.errors import RunError
from firstlight.levels import levels
from firstlight.run_folder import Run
from sampler.guidance import scale_at
from sampler.loop import sample
from sampler.noise import Noise
from sampler.solvers import Table, ddim
from trainer.config import Config
from trainer.device import best_device, half_precision
from trainer.loss import SEEDS, batch_index
from trainer.network import Denoiser
from trainer.processes import Team
from trainer.resumed_state import Training
from trainer.train import Lesson

JUMPS = {4: (0, 8, 11, 14), 2: (0, 11), 1: (0,)}  # where jumps begin, of 20 steps evenly spaced in logSNR
FIRST_SEED = 2_000_000  # far from the seeds of trajectories and of pictures that are evaluated
BATCH = 100  # paths at a time
PART = 1000  # paths between two writes
HELD_OUT = 200  # paths that are only looked at, not learned
HUBER = 0.03  # c of the pseudo-Huber loss, in units of x̂0's root mean square per picture (Song & Dhariwal, 2024)
DEFAULT_SHARE = 0.5  # of the paths are drawn with the teacher's default guidance


@dataclass(frozen=True)
class Paths:
    """What the teacher did: P paths through J + 1 levels."""

    states: Tensor  # (J+1, P, C, H, W) float16: x at every level, the finished picture last
    label: Tensor  # (P,)
    guidance: Tensor  # (P,)


def student_config(teacher: Config, run_id: str, evaluations: int, typed: str = "", **changes: Any) -> Config:
    """The recipe of a student. Raises RunError for a teacher that cannot be followed, which is `typed` so."""
    if evaluations not in JUMPS:
        raise RunError(f"A student takes {', '.join(map(str, JUMPS))} evaluations, not {evaluations}.")
    table = teacher.table()
    if table.stochastic:
        how = f"firstlight sampling {typed or run_id} --solver dpmpp-2m"
        raise RunError(f"{run_id} draws with fresh noise ({teacher.solver}), which no student can follow; choose a "
                       f"deterministic solver with: {how}")  # fmt: skip
    at = table.logsnr[begins(teacher, evaluations)]
    recipe: dict[str, Any] = {
        "start": "",
        "teacher": run_id,
        "scale_low": 1.0,
        "scale_high": max(3.0, teacher.guidance),
        "levels": ",".join(f"{level:.6g}" for level in at),
        "steps": evaluations,
        "solver": "ddim",
        "epochs": 20.0,
        "cycles": 1,
        "batch": 32,
        "learning_rate": 4e-3,
    }
    return replace(teacher, **{**recipe, **changes})


def begins(teacher: Config, evaluations: int) -> list[int]:
    """The teacher's steps at which a student's jumps begin."""
    return [round(step * teacher.steps / 20) for step in JUMPS[evaluations]]


def paths_of(run: Run, teacher: Denoiser, student: Config, count: int, team: Team | None = None) -> Paths:
    """`count` paths of the teacher, kept in the student's folder in parts, so that an interrupted walk goes on.

    `run` is the student's. The processes of a team walk parts in turn, and then read all of them.
    """
    team = team or Team()
    sizes = {first: min(PART, count - first) for first in range(0, count, PART)}
    kept = {first: run.folder / ".cache" / f"paths-{student.steps}-{first}-{size}.safetensors"
            for first, size in sizes.items()}  # fmt: skip
    with (
        tqdm(total=count, desc=f"paths of {student.teacher}", unit="path", disable=not team.first) as bar,
        team.alike(),
    ):
        for number, (first, size) in enumerate(sizes.items()):
            if not kept[first].is_file() and number % team.size == team.rank:
                made = follow(teacher, student, first, size)
                write_bytes(kept[first], save({"states": made.states, "label": made.label, "guidance": made.guidance}))
            bar.update(size)
    parts = [Paths(**load_file(path)) for path in kept.values()]
    states = torch.cat([part.states for part in parts], dim=1)
    return Paths(states, torch.cat([part.label for part in parts]), torch.cat([part.guidance for part in parts]))


@torch.no_grad()
def follow(teacher: Denoiser, student: Config, offset: int, count: int) -> Paths:
    """`count` paths of the teacher, at the levels where the student's jumps begin, and the finished pictures."""
    config, device = teacher.config, next(teacher.parameters()).device
    shape, kept = (config.channels, config.size, config.size), begins(config, student.steps)
    random = np.random.Generator(np.random.Philox(key=[config.seed, offset]))
    label = torch.from_numpy(np.arange(count) % config.classes)
    label = torch.where(torch.from_numpy(random.random(count) < config.label_dropout), config.classes, label)
    guidance = torch.from_numpy(random.uniform(student.scale_low, student.scale_high, count)).float()
    guidance = torch.where(torch.from_numpy(random.random(count) < DEFAULT_SHARE), config.guidance, guidance)
    states = torch.empty(len(kept) + 1, count, *shape, dtype=torch.float16)
    table = config.table()
    for first in range(0, count, BATCH):
        part = slice(first, min(first + BATCH, count))
        seed = FIRST_SEED + offset
        start = Noise(range(seed + part.start, seed + part.stop), shape).start()
        denoise = guided_each(teacher, label[part].to(device), guidance[part].to(device))
        for step in sample(denoise, torch.from_numpy(start).to(device), table):
            if step.index in kept:
                states[kept.index(step.index), part] = step.x.half().cpu()
        states[-1, part] = step.next.half().cpu()
    return Paths(states, label, guidance)


def guided_each(teacher: Denoiser, label: Tensor, guidance: Tensor) -> Callable[[Tensor, float], Tensor]:
    """The teacher with a guidance scale of its own for each picture, inside its interval of noise levels."""
    config = teacher.config
    none = torch.full_like(label, config.classes)

    def denoise(x: Tensor, logsnr: float) -> Tensor:
        level = torch.full_like(guidance, logsnr)
        if scale_at(logsnr, 0.0, config.guidance_low, config.guidance_high):  # 1 outside the interval
            return teacher(x, level, label)
        both = teacher(torch.cat([x, x]), torch.cat([level, level]), torch.cat([label, none]))
        with_label, without = both.chunk(2)
        return without + guidance[:, None, None, None] * (with_label - without)

    return denoise


def lesson(paths: Paths, config: Config) -> Lesson:
    """Jumping along the teacher's paths; the last HELD_OUT of them are for validation."""
    device = best_device()
    table = ddim(levels(config.levels, config.steps))
    held_out = min(HELD_OUT, len(paths.label) // 5)
    states, label, guidance = (part.to(device) for part in (paths.states, paths.label, paths.guidance))
    known = len(paths.label) - held_out

    def loss(training: Training) -> Tensor:
        index = batch_index(config, training.step, known).to(device)
        random = torch.Generator().manual_seed((config.seed * 1_000_003 + training.step) % SEEDS)
        with torch.autocast(device.type, torch.bfloat16, enabled=half_precision(config, device)):
            batch = states[:, index], label[index], guidance[index]
            return walk_loss(training.denoiser, table, *batch, random, training.team)

    @torch.no_grad()
    def validation(training: Training) -> float:
        final = walk(training.averaged, table, states[0, known:].float(), label[known:], guidance[known:])
        return (final - states[-1, known:].float()).square().mean().item()

    return Lesson(known, loss, validation)


def walk_loss(
    student: Denoiser,
    table: Table,
    states: Tensor,
    label: Tensor,
    guidance: Tensor,
    random: torch.Generator,
    team: Team | None = None,
) -> Tensor:
    """Mean pseudo-Huber loss of x̂0 over all jumps; a jump begins on the teacher's path or where the last one ended.

    The x̂0 that is asked for is the one that DDIM takes to the teacher's next state. The gradient of each jump is
    divided by its loss, for errors differ tenfold, and the last jump's, the smallest, are those of the finished detail.
    Of several processes: this one's part of it, so that the parts add up.
    """
    team = team or Team()
    batch, label, guidance = len(label), team.share(label), team.share(guidance)
    x, losses = team.share(states[0]).float(), []
    for jump in range(table.steps):
        if jump:
            own = team.share(torch.rand(batch, generator=random) < 0.5).to(x.device)[:, None, None, None]
            x = torch.where(own, x, team.share(states[jump]).float())
        a, b = float(table.a[jump]), float(table.b[jump, 0])
        wanted = (team.share(states[jump + 1]).float() - a * x) / b
        denoised = student(x, torch.full_like(guidance, float(table.logsnr[jump])), label, guidance)
        distance = (denoised - wanted).square().mean(dim=(1, 2, 3))
        losses.append(((distance + HUBER**2).sqrt() - HUBER).mean())
        x = (a * x + b * denoised).detach()
    each = torch.stack(losses) * team.weight(batch)
    size = team.sum(each.detach().clone()).clamp(min=1e-12)
    return (each / size).mean() * size.mean()


def walk(student: Denoiser, table: Table, x: Tensor, label: Tensor, guidance: Tensor) -> Tensor:
    """The student's finished pictures from noise x (N, C, H, W)."""
    for step in sample(lambda x, logsnr: student(x, torch.full_like(guidance, logsnr), label, guidance), x, table):
        x = step.next
    return x
