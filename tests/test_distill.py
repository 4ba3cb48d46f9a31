"""Students: they begin as their teacher, follow its paths, come closer to it, resume, and are drawn like any run."""

import json
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from archive_fixture import card

from exporter.export import as_stored, class_names, export, write
from exporter.graph import graph_of
from firstlight.atomic_writes import write_json
from firstlight.errors import RunError, SamplerError
from firstlight.levels import CLEAN, levels
from firstlight.run_folder import Run
from sampler.generation import generate, settings_of
from sampler.guidance import guided
from sampler.session import load
from sampler.solvers import ddim
from trainer.__main__ import main
from trainer.checkpoints import EMA, load_denoiser, save_weights
from trainer.config import Config, to_dict
from trainer.distill import FIRST_SEED, HUBER, follow, guided_each, student_config, walk, walk_loss
from trainer.network import Denoiser

TEACHER = Config(widths=(8,), blocks=1, embedding=16, size=8, classes=3, steps=20, guidance=2.0, half=False)


def network(config: Config = TEACHER) -> Denoiser:
    """A network whose answer depends on everything it is told."""
    torch.manual_seed(0)
    denoiser = Denoiser(config).eval()
    with torch.no_grad():
        denoiser.unet.head.gain.fill_(0.5)
    return denoiser


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Run:
    run = Run(tmp_path_factory.mktemp("runs") / "teacher")
    dataset = {"name": "letters", "classes": ["a", "b", "c"], "channels": 1, "size": 8}
    write_json(run.card, card("teacher") | {"tags": ["x"], "dataset": dataset, "config": to_dict(TEACHER)})
    save_weights(run, EMA, network().state_dict())
    export(run)
    return run


@pytest.fixture(scope="module")
def student(teacher: Run) -> Run:
    assert main(command(teacher, "--id", "student")) == 0
    run = Run(teacher.folder.parent / "student")
    denoiser = load_denoiser(run)
    content = graph_of(denoiser, class_names(run))
    write(run, as_stored(denoiser, content), content, {})
    return run


def command(teacher: Run, *more: str) -> list[str]:
    return ["distill", "teacher", "--runs", str(teacher.folder.parent), "--paths", "60", "--epochs", "120",
            "--evaluations", "2", "--threads", "1", *more]  # fmt: skip


def test_a_student_begins_as_its_teacher_whatever_the_scale() -> None:
    config = student_config(TEACHER, "teacher", 4)
    student = Denoiser(config)
    missing = student.load_state_dict(network().state_dict(), strict=False)
    assert not missing.unexpected_keys and all("scale" in key for key in missing.missing_keys)
    x, logsnr, label = torch.randn(3, 1, 8, 8), torch.zeros(3), torch.tensor([0, 1, 3])
    with torch.no_grad():
        told = student(x, logsnr, label, torch.tensor([1.0, 2.0, 3.0]))
        assert torch.equal(told, network()(x, logsnr, label))


def test_each_picture_has_its_own_scale() -> None:
    """Against the sampler's guidance, which has one scale for all; equal but for the rounding of another batch."""
    x, label = torch.randn(4, 1, 8, 8), torch.tensor([0, 1, 2, 3])
    with torch.no_grad():
        ours = guided_each(network(), label, torch.tensor([1.0, 3.0, 1.0, 3.0]))(x, 0.5)
        for part, scale in ((slice(0, None, 2), 1.0), (slice(1, None, 2), 3.0)):
            theirs = guided(network(), label, 3, scale, TEACHER.guidance_low, TEACHER.guidance_high)(x, 0.5)
            assert (ours[part] - theirs[part]).abs().max() < 1e-5


def test_paths_are_those_of_the_exported_teacher(teacher: Run) -> None:
    """float16 keeps 3 digits of values up to 4; a byte is 1/255 of 2."""
    config = replace(student_config(TEACHER, "teacher", 4), scale_low=2.0, scale_high=2.0)
    paths = follow(network(), config, 0, 6)
    seeds = range(FIRST_SEED, FIRST_SEED + 6)
    *_, last = generate(load(teacher.denoiser, "cpu"), paths.label.tolist(), seeds, settings_of(teacher))
    drawn = torch.from_numpy(last.images).permute(0, 3, 1, 2) / 127.5 - 1
    assert (paths.states[-1].float().clamp(-1, 1) - drawn).abs().max() < 0.01
    assert torch.unique(paths.guidance).tolist() == [2.0]


class Off:
    """A student that is off by a number of its own at each jump from what DDIM needs to reach the next state."""

    def __init__(self, states: torch.Tensor, by: torch.Tensor) -> None:
        config = student_config(TEACHER, "teacher", 4)
        self.states, self.by, self.table = states, by, ddim(levels(config.levels, config.steps))

    def __call__(self, x: torch.Tensor, logsnr: torch.Tensor, *_: torch.Tensor) -> torch.Tensor:
        jump = int(np.abs(self.table.logsnr - float(logsnr[0])).argmin())
        wanted = (self.states[jump + 1] - float(self.table.a[jump]) * x) / float(self.table.b[jump, 0])
        return wanted + self.by[jump]

    def loss(self) -> torch.Tensor:
        every: tuple[torch.Tensor, ...] = (self.states, torch.zeros(3, dtype=torch.int64), torch.ones(3))
        return walk_loss(self, self.table, *every, torch.Generator().manual_seed(0))  # type: ignore[arg-type]


def test_a_perfect_student_has_no_loss() -> None:
    """What DDIM needs to reach the next state is computed here from the states alone."""
    perfect = Off(torch.randn(5, 3, 1, 8, 8), torch.zeros(4))
    assert float(perfect.loss()) < 1e-6
    label, scale = torch.zeros(3, dtype=torch.int64), torch.ones(3)
    reached = walk(perfect, perfect.table, perfect.states[0], label, scale)  # type: ignore[arg-type]
    assert (reached - perfect.states[-1]).abs().max() < 1e-4


def test_each_jump_counts_alike_however_small_its_error() -> None:
    by = torch.tensor([0.5, 0.2, 0.1, 0.01], requires_grad=True)
    off = Off(torch.randn(5, 3, 1, 8, 8), by)
    loss = off.loss()
    loss.backward()
    with torch.no_grad():
        each = (by**2 + HUBER**2).sqrt() - HUBER
        slope = by / (by**2 + HUBER**2).sqrt()
    assert float(loss.detach()) == pytest.approx(float(each.mean()), rel=1e-3)
    assert by.grad is not None
    torch.testing.assert_close(by.grad / loss.detach(), slope / each / 4, rtol=1e-2, atol=0)


def test_a_student_can_begin_with_another(teacher: Run, student: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command(teacher, "--id", "second", "--start", "student", "--epochs", "1", "--seed", "1")) == 0
    first, second = (
        [row["value"] for row in pq.read_table(run.metrics).to_pylist() if row["metric"] == "validation_loss"]
        for run in (student, Run(teacher.folder.parent / "second"))
    )
    assert second[-1] < 1.1 * first[-1] < first[0]
    assert json.loads((teacher.folder.parent / "second" / "run.json").read_text())["config"]["start"] == "student"
    assert main(command(teacher, "--id", "third", "--start", "teacher")) == 2
    assert "teacher has another network than this recipe" in capsys.readouterr().err


def test_a_student_comes_closer_to_its_teacher(student: Run) -> None:
    table = pq.read_table(student.metrics).to_pylist()
    held_out = [row["value"] for row in table if row["metric"] == "validation_loss"]
    assert held_out[-1] < 0.8 * held_out[0]


def test_a_student_is_drawn_like_any_run(student: Run) -> None:
    settings, denoiser = settings_of(student), load(student.denoiser, "cpu")
    card = json.loads(student.card.read_text())
    assert (card["state"], card["tags"], card["config"]["teacher"]) == ("finished", ["x"], "teacher")
    assert denoiser.scales == (1.0, 3.0) and settings.evaluations() == 2
    *_, last = generate(denoiser, [0, 1, 2, 3], range(4), settings)
    assert last.evaluations == 2
    *_, other = generate(denoiser, [0, 1, 2, 3], range(4), replace(settings, guidance=3.0))
    assert (last.images != other.images).any()
    with pytest.raises(SamplerError, match="learned guidance 1 to 3, not 4; give one of those"):
        list(generate(denoiser, [0], [0], replace(settings, guidance=4.0)))
    with pytest.raises(SamplerError, match="take 2 steps, not 3"):
        list(generate(denoiser, [0], [0], replace(settings, steps=3)))
    assert main(["trace", "student", "--runs", str(student.folder.parent), "--per-class", "1"]) == 0
    assert pq.read_table(student.trajectories)["logsnr"][0].as_py()[-1] == CLEAN


def test_resumed_students_learn_the_same(teacher: Run, student: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    import trainer.train as training

    kept = training.optimize

    def interrupted(state: training.Training, lesson: training.Lesson) -> torch.Tensor:
        state.stopped = state.step == 20
        return kept(state, lesson)

    monkeypatch.setattr(training, "optimize", interrupted)
    assert main(command(teacher, "--id", "again")) == 130
    monkeypatch.setattr(training, "optimize", kept)
    run = Run(teacher.folder.parent / "again")
    assert json.loads(run.card.read_text())["state"] == "stopped"
    assert main(["resume", "again", "--runs", str(teacher.folder.parent)]) == 0
    whole, parts = pq.read_table(student.metrics).to_pylist(), pq.read_table(run.metrics).to_pylist()
    learnt = [[row["value"] for row in rows if row["metric"] != "pictures_per_second"] for rows in (whole, parts)]
    assert learnt[0] == learnt[1] and len(whole) == len(parts)


def test_what_cannot_be_taught_is_a_sentence() -> None:
    with pytest.raises(RunError, match="4, 2, 1 evaluations, not 3"):
        student_config(TEACHER, "teacher", 3)
    with pytest.raises(RunError, match="fresh noise"):
        student_config(replace(TEACHER, solver="ddpm"), "teacher", 4)
