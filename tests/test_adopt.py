"""A small network of somebody's own becomes a run: drawn, shown, refused in a sentence where it cannot be."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from archive_fixture import write_run
from exact_network import BETAS
from recorded_fixture import begun, traced
from test_own_sampling import mean_of
from torch import Tensor, nn

from firstlight.adoption.adopt import adopt
from firstlight.command import main
from firstlight.errors import RunError, SamplerError
from firstlight.guest_schedules import betas, flow, sigmas
from firstlight.manifest import write_manifest
from firstlight.remedy import denoiser_by, trajectories_by
from firstlight.run_folder import Run
from sampler.generation import generate, settings_of
from sampler.loop import sample
from sampler.noise import Noise
from sampler.session import load
from store.archive import good_entry

CLASSES = ["a", "b", "c"]


class Small(nn.Module):
    """Takes time and label as most do: embedded, and added to a feature map."""

    def __init__(self, labels: int, channels: int = 1) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.last = nn.Conv2d(channels, 8, 3, padding=1), nn.Conv2d(8, channels, 3, padding=1)
        self.time, self.label = nn.Linear(1, 8), nn.Embedding(labels, 8)

    def forward(self, x: Tensor, t: Tensor, label: Tensor) -> Tensor:
        told = self.time(t[:, None].float() / 100) + self.label(label)
        return self.last(torch.relu(self.first(x) + told[:, :, None, None]))


def adopted(root: Path, name: str = "guest", labels: int = 4, **terms: Any) -> Run:
    told: dict[str, Any] = {"predicts": "noise", "schedule": BETAS, "pictures": (0, 1), "shape": (1, 8, 8),
                            "dataset": "letters", "classes": CLASSES, "no_label": labels > len(CLASSES)}  # fmt: skip
    return Run(adopt(Small(labels), name, runs=root, **told | terms))


@pytest.fixture(scope="module")
def guest(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return adopted(tmp_path_factory.mktemp("runs"), variance="previous")


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Knows no pictures without a label."""
    return adopted(tmp_path_factory.mktemp("bare"), "bare", labels=3)


def copy(run: Run, root: Path) -> Run:
    return Run(shutil.copytree(run.folder, root / run.id))


def drawn(run: Run, label: int, steps: int = 150, **settings: Any) -> np.ndarray:
    from dataclasses import replace

    *_, last = generate(load(run.denoiser), [label], [7], replace(settings_of(run), **settings))
    assert last.done == last.total == steps
    return last.images


def test_it_is_a_run_like_any_other(guest: Run) -> None:
    entry = good_entry(guest.folder.parent, guest.id)
    assert entry.state == "finished" and entry.card is not None
    assert entry.card["guest"]["predicts"] == "noise" and entry.card["parameters"] > 0
    report = json.loads(guest.export.read_text())
    assert report["difference"] <= 1e-4 and len(report["by_level"]) == len(BETAS)
    assert report["compared"] > len(BETAS)  # every level, and every label at some


def test_it_draws_by_its_own_settings(guest: Run) -> None:
    own = settings_of(guest)
    assert (own.solver, own.steps, own.half) == ("ddpm-previous", 150, 0.5)
    assert (own.start_mean, own.start_deviation) == pytest.approx(betas(BETAS).start((0, 1)))
    assert drawn(guest, 0).shape == (1, 8, 8, 1)
    assert not np.array_equal(drawn(guest, 0), drawn(guest, 1))
    assert drawn(guest, 3).shape == (1, 8, 8, 1)  # without a label


@pytest.mark.parametrize(
    ("predicts", "schedule", "steps"),
    [("velocity", flow(noise_at=1, steps=10), 10), ("edm", sigmas(np.geomspace(0.01, 80, 12)), 12)],
)
def test_flows_and_sigmas_draw_too(tmp_path: Path, predicts: str, schedule: Any, steps: int) -> None:
    run = adopted(tmp_path, predicts=predicts, schedule=schedule)
    assert drawn(run, 2, steps).dtype == np.uint8


def test_without_a_no_label_there_is_no_guidance(bare: Run) -> None:
    assert drawn(bare, 2).shape == (1, 8, 8, 1)
    with pytest.raises(SamplerError, match="knows no pictures without a label"):
        drawn(bare, 3)
    with pytest.raises(SamplerError, match="knows no pictures without a label"):
        drawn(bare, 2, guidance=2.0)


def test_it_is_traced_without_torch_and_judged_like_any_other(tmp_path: Path, guest: Run, bare: Run) -> None:
    run, bare = copy(guest, tmp_path), copy(bare, tmp_path)
    code = ("import sys; sys.modules['torch'] = None; from firstlight.command import main; "
            "sys.exit(any(main(['trace', run, *sys.argv[1:]]) for run in ('guest', 'bare')))")  # fmt: skip
    command = [sys.executable, "-c", code, "--per-class", "2", "--runs", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)
    for each in (run, bare):
        assert good_entry(tmp_path, each.id).tables.keys() == {"trajectories"}
        table = pq.read_table(each.trajectories)
        assert len(table) == 6 and len(table["frames"][0]) == len(table["logsnr"][0]) == 26
        last = np.frombuffer(table["denoised"][0].as_py(), np.uint8)[-64:].reshape(8, 8, 1)
        drawing = generate(load(each.denoiser), [0], [0], settings_of(each))
        assert np.array_equal(last, list(drawing)[-1].images[0])
    assert pq.read_table(bare.trajectories)["unconditional"].null_count == 6
    assert not pq.read_table(run.trajectories)["unconditional"].null_count


class Silent(nn.Module):
    def forward(self, x: Tensor, t: Tensor, label: Tensor) -> Tensor:
        return x * float("nan")


class Table(nn.Module):
    """Has a row for each of 100 times."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = nn.Embedding(100, 1)

    def forward(self, x: Tensor, t: Tensor, label: Tensor) -> Tensor:
        return x * self.rows(t)[:, :, None, None]


class Rounds(Small):
    def forward(self, x: Tensor, t: Tensor, label: Tensor) -> Tensor:
        return super().forward(x, t.long(), label)


@pytest.mark.parametrize(
    ("model", "terms", "words"),
    [
        (Small(4), {"predicts": "epsilon"}, "predicts='epsilon' is not known"),
        (Small(4), {"predicts": "velocity"}, "needs flow, not discrete"),
        (Small(4), {"pictures": (0, 255)}, "say pictures=(0, 1)"),
        (Small(4), {"variance": "large"}, "say one of posterior"),
        (Small(4), {"shape": (2, 8, 8)}, "none of a square picture"),
        (Small(4), {"schedule": [0.5, 0.9, 0.7, 2.0]}, "Betas must lie above 0"),
        (Small(4), {"call": lambda net, x, t, label: net(x)}, "call=lambda net, x, t, label"),
        (nn.Conv2d(1, 2, 1), {"call": lambda net, x, t, label: net(x)}, r"answers (2, 2, 8, 8) to (2, 1, 8, 8)"),
        (Silent(), {}, "not a number"),
        (Table(), {}, "first and last time, 0 and 149 (IndexError"),
        (Table(), {"schedule": BETAS[:100], "interpolate": True}, "cannot be asked"),
        (Rounds(4), {"interpolate": True}, "no difference between the times 0 and 0.5"),
    ],
)
def test_what_makes_no_sense_is_one_sentence_and_writes_nothing(
    tmp_path: Path, model: nn.Module, terms: dict[str, Any], words: str
) -> None:
    told: dict[str, Any] = {"predicts": "noise", "schedule": BETAS, "pictures": (0, 1), "shape": (1, 8, 8),
                            "classes": CLASSES, "no_label": True}  # fmt: skip
    with pytest.raises(RunError) as found:
        adopt(model, "guest", runs=tmp_path, **told | terms)
    assert words in str(found.value) and not (tmp_path / "guest").exists()


def test_adopting_again_replaces_the_network_and_nothing_else(tmp_path: Path, guest: Run) -> None:
    first = copy(guest, tmp_path)
    before = json.loads(first.card.read_text())
    again = adopted(tmp_path, predicts="sample")
    after = json.loads(again.card.read_text())
    assert after["guest"]["predicts"] == "sample" and after["started"] == before["started"]
    with pytest.raises(RunError, match="recorded with the classes a, b, c"):
        adopted(tmp_path, classes=["x", "y"])


def saved(folder: Path, name: str = "DDPMScheduler", middle: str | None = None, **more: Any) -> Any:
    """A class-conditional UNet2DModel of one size and a scheduler, saved as a pipeline is."""
    import diffusers

    torch.manual_seed(1)
    net = diffusers.UNet2DModel(
        8, 1, 1, block_out_channels=(8,), layers_per_block=1, norm_num_groups=4, num_class_embeds=4,
        down_block_types=("DownBlock2D",), up_block_types=("UpBlock2D",), attention_head_dim=4,
        mid_block_type=middle,
    ).eval()  # fmt: skip
    told = {"variance_type": "fixed_small"} if name == "DDPMScheduler" else {}
    scheduler = getattr(diffusers, name)(60, beta_end=0.05, clip_sample=False, **told | more)
    net.save_pretrained(folder / "unet")
    scheduler.save_pretrained(folder / "scheduler")
    (folder / "model_index.json").write_text(json.dumps({"unet": ["diffusers", "UNet2DModel"]}))
    return net, scheduler


@pytest.mark.parametrize(("prediction", "middle"), [("epsilon", "UNetMidBlock2D"), ("v_prediction", None)])
def test_a_diffusers_folder_draws_what_its_own_library_draws(
    tmp_path: Path, prediction: str, middle: str | None
) -> None:
    """Attention is in the middle of one of them."""
    net, scheduler = saved(tmp_path / "saved", middle=middle, prediction_type=prediction)
    command = ["adopt", str(tmp_path / "saved"), "--id", "unet", "--runs", str(tmp_path), "--no-label",
               "--classes", "a", "b", "c"]  # fmt: skip
    assert main(command) == 0
    run = Run(tmp_path / "unet")
    noise = Noise([5], (1, 8, 8))
    x = torch.from_numpy(noise.start())
    for t in range(59, -1, -1):
        with torch.no_grad():
            said = net(x, torch.tensor([t]), class_labels=torch.tensor([1])).sample
        clean = scheduler.step(said, t, x).pred_original_sample
        before = scheduler.alphas_cumprod[t - 1] if t else torch.tensor(1.0)
        mean = mean_of(x, clean, scheduler.alphas_cumprod[t], before)
        x = mean + scheduler._get_variance(t).sqrt() * torch.from_numpy(noise.draw()) if t else mean
    denoiser, settings = load(run.denoiser), settings_of(run)
    noise = Noise([5], (1, 8, 8))
    law = lambda x, logsnr: denoiser(x, np.full(1, logsnr, np.float32), np.array([1]))  # noqa: E731
    *_, last = sample(law, noise.start(), settings.table(), noise.draw)
    assert np.abs(last.next - x.numpy()).max() <= 1e-3


def test_ddim_of_diffusers_draws_by_its_own_timesteps(tmp_path: Path) -> None:
    net, scheduler = saved(tmp_path / "saved", name="DDIMScheduler")
    assert main(["adopt", str(tmp_path / "saved"), "--id", "unet", "--runs", str(tmp_path), "--no-label",
                 "--classes", "a", "b", "c"]) == 0  # fmt: skip
    settings = settings_of(Run(tmp_path / "unet"))
    scheduler.set_timesteps(50)
    assert (settings.solver, settings.steps) == ("ddim", len(set(scheduler.timesteps.tolist())))
    noise = Noise([5], (1, 8, 8))
    x = torch.from_numpy(noise.start())
    for t in scheduler.timesteps:
        with torch.no_grad():
            x = scheduler.step(net(x, t[None], class_labels=torch.tensor([2])).sample, t, x).prev_sample
    denoiser = load(Run(tmp_path / "unet").denoiser)
    law = lambda x, logsnr: denoiser(x, np.full(1, logsnr, np.float32), np.array([2]))  # noqa: E731
    *_, last = sample(law, noise.start(), settings.table())
    assert np.abs(last.next - x.numpy()).max() <= 1e-3


def test_weights_with_the_code_that_builds_their_network(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = f"import sys\nsys.path.insert(0, {str(Path(__file__).parent)!r})\nfrom test_adopt import Small\n"
    (tmp_path / "mine.py").write_text(code + "\n\ndef build():\n    return Small(4)\n")
    torch.save(Small(4).state_dict(), tmp_path / "mine.pt")
    torch.save({"net": Small(4)}, tmp_path / "objects.pt")
    flags = ["--id", "mine", "--runs", str(tmp_path), "--shape", "1", "8", "8", "--classes", "a", "b", "c",
             "--no-label",
             "--predicts", "noise", "--schedule", "linear:1e-4:0.02:150", "--pictures", "0", "1"]  # fmt: skip
    source = f"{tmp_path / 'mine.py'}:build"
    assert main(["adopt", source, "--weights", str(tmp_path / "mine.pt"), *flags]) == 0
    assert drawn(Run(tmp_path / "mine"), 1).shape == (1, 8, 8, 1)
    card = good_entry(tmp_path, "mine").card
    assert card is not None and card["config"]["adopted"].endswith("150 levels of its own, weights from mine.pt")
    assert card["guest"]["source"] == "mine.pt" and len(card["guest"]["weights_sha256"]) == 64
    for words, arguments in {
        "may run code": [source, "--weights", str(tmp_path / "objects.pt"), *flags],
        "has no function draw": [f"{tmp_path / 'mine.py'}:draw", *flags],
        "neither a folder": ["nothing", *flags],
        "--schedule cosine is not known": [source, *flags, "--schedule", "cosine"],
        "Nothing says --predicts and --schedule and --pictures": [source, "--id", "mine", "--runs", str(tmp_path)],
    }.items():
        assert main(["adopt", *arguments]) == 2
        assert words in capsys.readouterr().err


ADOPT = "Adopt its network by firstlight.adopt(…), or with: firstlight adopt FOLDER --id {run}"
EXPORT, TRACE = "Export it with: firstlight export {run}", "Make them with: firstlight trace {run}"
KINDS = {  # what makes a denoiser of it, and what trajectories
    "own": (EXPORT, TRACE),
    "recorded": (ADOPT, f"{ADOPT}, then: firstlight trace {{run}}"),
    "traced": (ADOPT, f"{ADOPT}, then: firstlight trace {{run}}"),
    "adopted": (ADOPT, TRACE),
    "harmed": (ADOPT, f"{ADOPT}, then: firstlight trace {{run}}"),
}


@pytest.fixture
def archive(tmp_path: Path, guest: Run) -> Path:
    """A run of each kind: ours and bare, recorded, recorded with trajectories, adopted, adopted and its graph lost."""
    write_run(tmp_path, "own", tables=())
    begun(tmp_path, "recorded").finish()
    traced(tmp_path).finish()
    for name in ("adopted", "harmed"):
        shutil.copytree(guest.folder, tmp_path / name)
        if name == "harmed":
            Run(tmp_path / name).denoiser.unlink()
            write_manifest(Run(tmp_path / name))
    return tmp_path


def test_one_rule_says_what_comes_next(
    archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    for kind, sentences in KINDS.items():
        run = Run(archive / kind)
        denoiser, trajectories = (text.format(run=f"{kind} --runs {archive}") for text in sentences)
        assert (denoiser_by(run), trajectories_by(run)) == (denoiser, trajectories)
        lacking = {"evaluate quality": denoiser, "store slim": trajectories, "evaluate recognizability": trajectories}
        lacking = {} if kind == "adopted" else lacking
        if kind in ("own", "harmed"):
            del lacking["evaluate quality"]  # no judge knows these classes
        if kind == "harmed":
            del lacking["evaluate recognizability"]
        lacking |= {"trace": denoiser, "export": denoiser} if kind in ("recorded", "traced", "harmed") else {}
        if kind == "traced":
            lacking = {name: text for name, text in lacking.items() if text == denoiser}
        for command, sentence in lacking.items():
            more = ["--keep", "1"] if command == "store slim" else []
            assert main([*command.split(), kind, *more, "--runs", str(archive)]) == 2, command
            assert sentence in (told := capsys.readouterr().err), (kind, command, told)
    assert main(["resume", "recorded", "--runs", str(archive)]) == 2
    assert "firstlight.record('recorded', …, resume=True)" in capsys.readouterr().err
