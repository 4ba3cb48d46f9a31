"""The trainer against mathematics, against itself interrupted, and against bad input."""

import json
import math
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from evaluator.provenance import former
from firstlight.errors import RunError
from firstlight.manifest import write_manifest
from firstlight.run_id import run_at
from trainer.__main__ import main, parser
from trainer.checkpoints import load_config, load_denoiser
from trainer.commands import pictures
from trainer.config import PRESETS, SETTINGS, Config, from_dict, to_dict
from trainer.data import DIGITS, DataError, Pictures, load, prepared
from trainer.learning_rate import learning_rate
from trainer.loss import batch_index, denoising_loss
from trainer.network import Conv, Denoiser, UNet
from trainer.noise_levels import training_logsnr
from trainer.resumed_state import begin
from trainer.run_card import new_card
from trainer.trace import grid, to_bytes
from trainer.train import Diverged, Lesson, optimize, start_cycle, train

ROOT = Path(__file__).parent.parent
SMALL = Config(dataset="digits5000", widths=(8, 16), blocks=1, embedding=16, epochs=0.5, batch=32, warmup=5, ema=0.9)
SMALL = replace(SMALL, snapshots=3, snapshot_seeds=1, steps=4, half=False)


@pytest.fixture(scope="module")
def digits() -> Pictures:
    everything = load("digits5000")
    return replace(everything, images=everything.images[::10], labels=everything.labels[::10])


def trained(runs: Path, name: str, config: Config, data: Pictures) -> None:
    run = run_at(runs, name)
    train(run, new_card(run, name, [], "tiny", config, data), config, data, data)


def losses(runs: Path, name: str, metric: str = "loss") -> dict[int, float]:
    rows = pq.read_table(run_at(runs, name).metrics).to_pylist()
    return {row["step"]: row["value"] for row in rows if row["metric"] == metric}


@pytest.mark.parametrize(("channels", "size"), [(1, 28), (3, 28), (1, 32), (3, 32)])
@pytest.mark.parametrize("prediction", ["noise", "edm"])
def test_gray_and_colour_both_sizes_from_one_code_path(channels: int, size: int, prediction: str) -> None:
    config = replace(SMALL, channels=channels, size=size, prediction=prediction)
    denoiser = Denoiser(config)
    x = torch.randn(3, channels, size, size)
    denoised = denoiser(x, torch.tensor([-3.0, 0.0, 3.0]), torch.tensor([0, 9, 10]))
    assert denoised.shape == x.shape
    assert torch.isfinite(denoised).all()


@pytest.mark.parametrize("prediction", ["noise", "edm"])
def test_the_preconditioning_inverts_itself(prediction: str) -> None:
    """If the U-Net predicted its target exactly, x̂0 would be the clean picture: c_skip·x + c_out·target = x0."""
    denoiser = Denoiser(replace(SMALL, prediction=prediction)).double()
    clean, noise = torch.randn(7, 1, 28, 28).double(), torch.randn(7, 1, 28, 28).double()
    logsnr = torch.linspace(-8, 8, 7).double()
    x = torch.sigmoid(logsnr).sqrt()[:, None, None, None] * clean
    x = x + torch.sigmoid(-logsnr).sqrt()[:, None, None, None] * noise
    _, skip, out = denoiser.coefficients(logsnr)
    target = noise if prediction == "noise" else (clean - skip * x) / out
    assert (skip * x + out * target - clean).abs().max() < 1e-9


def test_edm_is_v_prediction_at_sigma_data_one() -> None:
    denoiser = Denoiser(replace(SMALL, prediction="edm", sigma_data=1.0)).double()
    logsnr = torch.linspace(-5, 5, 5).double()
    c_in, skip, out = (value.flatten() for value in denoiser.coefficients(logsnr))
    assert torch.allclose(c_in, torch.ones(5).double())
    assert torch.allclose(skip, torch.sigmoid(logsnr).sqrt())
    assert torch.allclose(out, torch.sigmoid(-logsnr).sqrt())


def test_no_label_means_that_the_label_does_not_reach_the_network() -> None:
    """The label `classes` switches c_mask to 0: the embedding is exactly zero, whatever the class network holds."""
    unet = UNet(SMALL)
    with torch.no_grad():
        for parameter in unet.label.parameters():
            parameter.add_(1.0)
    assert unet.label(torch.tensor([10])).abs().max() == 0
    assert unet.label(torch.tensor([3])).abs().max() > 0


def test_a_skip_connection_carries_detail_past_the_bottleneck() -> None:
    torch.manual_seed(0)
    unet = UNet(SMALL)
    with torch.no_grad():
        unet.head.gain.fill_(1.0)
        for conv in unet.grow:
            conv.gain.zero_()  # nothing comes up from below: only the skip is left
    flat, edge = torch.zeros(1, 1, 28, 28), torch.zeros(1, 1, 28, 28)
    edge[..., 14:] = 1
    level, label = torch.zeros(1), torch.zeros(1, dtype=torch.long)
    assert (unet(edge, level, label) - unet(flat, level, label)).abs().max() > 1e-3


def test_convolutions_keep_the_magnitude() -> None:
    """White noise of variance 1 leaves a unit-norm convolution with variance 1 (3 % of n = 32 * 784 * 64 values)."""
    torch.manual_seed(0)
    conv = Conv(32, 64, 3)
    conv.weight.data.mul_(7)  # the size of the stored weight is no part of the function
    assert conv(torch.randn(8, 32, 28, 28))[..., 1:-1, 1:-1].var().item() == pytest.approx(1, abs=0.05)


def test_the_linear_schedule_is_the_published_table() -> None:
    """T = 150: ᾱ_T = 0.219 and logSNR −1.27 at its end; T = 1000: 4e-5 and −10.1."""
    random = torch.Generator().manual_seed(0)
    assert training_logsnr("linear-150", 20_000, random).min().item() == pytest.approx(-1.27, abs=0.005)
    assert training_logsnr("linear-1000", 50_000, random).min().item() == pytest.approx(-10.1, abs=0.05)


def test_the_cosine_schedule_has_the_stated_density() -> None:
    """u = (2/π)·arctan(exp(−λ/2)) is uniform on [0, 1] when λ follows the cosine schedule."""
    logsnr = training_logsnr("cosine", 4000, torch.Generator().manual_seed(0))
    u = (2 / math.pi * torch.atan(torch.exp(-logsnr / 2))).sort().values
    assert (u - (torch.arange(4000) + 0.5) / 4000).abs().max() < 2e-3
    moved = training_logsnr("cosine+2", 4000, torch.Generator().manual_seed(0))
    inside = (logsnr.abs() < 10) & (moved.abs() < 10)
    assert inside.sum() > 3900 and (moved - logsnr)[inside].sub(2).abs().max() < 1e-4


def test_an_epoch_visits_every_picture_once() -> None:
    config = replace(SMALL, batch=7)
    seen = torch.cat([batch_index(config, step, 50) for step in range(50)])  # 350 = 7 epochs of 50
    for epoch in range(7):
        assert sorted(seen[epoch * 50 : (epoch + 1) * 50].tolist()) == list(range(50))
    assert seen[:50].tolist() != seen[50:100].tolist()


def test_the_learning_rate_warms_up_and_falls_to_zero() -> None:
    config = replace(SMALL, learning_rate=1.0, warmup=10, decay=True)
    rates = [learning_rate(config, step, 100) for step in range(101)]
    assert rates[0] < rates[9] and rates[100] == 0
    assert max(rates) <= 1


def test_the_learning_rate_restarts_in_every_cycle() -> None:
    config = replace(SMALL, learning_rate=1.0, warmup=10, decay=True, cycles=2)
    rates = [learning_rate(config, step, 100) for step in range(100)]
    assert rates[:50] == rates[50:]  # each cycle is half as long, and like the other
    assert rates[49] < 0.03 and rates[50] < rates[49 + 10] and max(rates) > 0.8


def test_a_cycle_starts_from_the_averaged_weights_with_a_fresh_optimizer(tmp_path: Path, digits: Pictures) -> None:
    config = replace(SMALL, epochs=2, cycles=2)
    run = run_at(tmp_path, "cycle")
    training = begin(run, new_card(run, "cycle", [], "tiny", config, digits), config, 450, torch.device("cpu"))
    images, labels = torch.from_numpy(digits.images), torch.from_numpy(digits.labels)
    lesson = Lesson(450, lambda training: denoising_loss(training, images, labels), lambda training: 0.0)
    for training.step in range(3):
        optimize(training, lesson)
    before = {name: value.clone() for name, value in training.averaged.state_dict().items()}
    start_cycle(training)
    assert all(torch.equal(value, before[name]) for name, value in training.denoiser.state_dict().items())
    assert not training.optimizer.state_dict()["state"]


def test_the_config_survives_run_json() -> None:
    for config in PRESETS.values():
        assert from_dict(json.loads(json.dumps(to_dict(config)))) == config
    with pytest.raises(ValueError, match="another version"):
        from_dict({"hyperdrive": 1})


def test_pixels_round_trip_through_bytes() -> None:
    pictures = torch.linspace(-1, 1, 256).view(1, 1, 16, 16)
    assert to_bytes(pictures).flatten().tolist() == list(range(256))
    assert to_bytes(torch.tensor([[[[-9.0, 9.0]]]]), 3.0).flatten().tolist() == [0, 255]


def test_every_class_gets_the_same_noise() -> None:
    label, seed = grid(SMALL, 3, first=5)
    assert len(label) == 30
    for c in range(10):
        assert sorted(seed[label == c]) == [5, 6, 7]


@pytest.mark.parametrize(("cycles", "last"), [(1, 11), (2, 11), (2, 13)])  # of 28 steps; a cycle begins at step 14
def test_a_resumed_run_has_the_losses_of_an_uninterrupted_one(
    cycles: int, last: int, tmp_path: Path, digits: Pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And none of it loads torch's compiler, which takes as long as torch itself."""
    import trainer.train as training_module

    monkeypatch.setitem(sys.modules, "torch._dynamo", None)  # whoever imports it now fails
    config = replace(SMALL, epochs=2, cycles=cycles)
    trained(tmp_path, "whole", config, digits)
    once = training_module.optimize

    def interrupted(training, *rest):  # type: ignore[no-untyped-def]
        training.stopped = training.step >= last
        return once(training, *rest)

    monkeypatch.setattr(training_module, "optimize", interrupted)
    trained(tmp_path, "parts", config, digits)
    monkeypatch.setattr(training_module, "optimize", once)
    card = json.loads(run_at(tmp_path, "parts").card.read_text())
    assert card["state"] == "stopped" and card["step"] == last + 1 and card["steps"] == 28
    train(run_at(tmp_path, "parts"), card, config, digits, digits, resume=True)
    whole, parts = losses(tmp_path, "whole"), losses(tmp_path, "parts")
    assert whole.keys() == parts.keys()
    assert max(abs(whole[step] - parts[step]) for step in whole) < 1e-5  # float32 sums in another order, at most
    whole, parts = (losses(tmp_path, name, "gradient_norm") for name in ("whole", "parts"))
    assert whole.keys() == parts.keys() == losses(tmp_path, "parts", "pictures_per_second").keys()
    assert all(norm > 0 for norm in whole.values())
    assert [parts[step] for step in whole] == pytest.approx(list(whole.values()), rel=1e-3)
    assert json.loads(run_at(tmp_path, "parts").card.read_text())["state"] == "finished"


def test_the_logged_gradient_is_the_last_step_s_over_all_weights(tmp_path: Path, digits: Pictures) -> None:
    import trainer.train as training_module

    norms = list[float]()
    step = training_module.adam

    def watched(denoiser: Denoiser, config: Config) -> torch.optim.Optimizer:
        optimizer = step(denoiser, config)
        weights = list(denoiser.parameters())
        optimizer.register_step_pre_hook(
            lambda *_: norms.append(
                sum(float((each.grad**2).sum()) for each in weights if each.grad is not None) ** 0.5
            )
        )
        return optimizer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training_module, "adam", watched)
        patch.setattr("trainer.resumed_state.adam", watched, raising=False)
        trained(tmp_path, "watched", replace(SMALL, epochs=0.5), digits)
    logged = losses(tmp_path, "watched", "gradient_norm")
    assert len(logged) >= 3
    assert [logged[step] for step in logged] == pytest.approx([norms[step - 1] for step in logged], rel=1e-5)
    assert all(speed > 0 for speed in losses(tmp_path, "watched", "pictures_per_second").values())


def test_a_finished_training_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One more cycle from the averaged weights; what was made before counts as old, and a killed one can be resumed."""
    trained(tmp_path, "more", replace(SMALL, epochs=0.05), load("digits5000"))
    run, resume = run_at(tmp_path, "more"), ["resume", "more", "--runs", str(tmp_path)]
    run.denoiser.write_bytes(b"graph")
    write_manifest(run)
    before = losses(tmp_path, "more")
    assert main(resume) == 2 and "--epochs N" in capsys.readouterr().err
    with monkeypatch.context() as killed:
        killed.setattr("trainer.train.loop", lambda *_: {}["lost"])
        with pytest.raises(KeyError):
            main([*resume, "--epochs", "0.1"])
    card = json.loads(run.card.read_text())
    assert card["state"] == "crashed" and card["extended"] == [7] and card["config"]["epochs"] == pytest.approx(0.15)
    assert main([*resume, "--epochs", "0.1"]) == 2 and "has not ended" in capsys.readouterr().err
    assert main(resume) == 0
    card, after = json.loads(run.card.read_text()), losses(tmp_path, "more")
    assert (card["state"], card["step"], card["steps"]) == ("finished", 21, 21)
    assert {step: after[step] for step in before} == before and sorted(after) == list(range(1, 22))
    config = replace(SMALL, learning_rate=1.0, warmup=2)
    rates = [learning_rate(config, step, 21, [7]) for step in range(21)]
    assert rates[6] < rates[8] and rates[8] == max(rates[7:]) and rates[20] < 0.1
    assert former(run) == ["denoiser"]
    run.denoiser.write_bytes(b"another")
    assert former(run) == []


def test_a_training_begins_with_the_weights_of_another_run(
    tmp_path: Path, digits: Pictures, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its first losses go on where the other's ended; a run with another network is refused and nothing is written."""
    trained(tmp_path, "first", replace(SMALL, epochs=4), digits)
    config = replace(SMALL, epochs=0.5, start="first", seed=1)
    card = new_card(run_at(tmp_path, "second"), "second", [], "tiny", config, digits)
    train(run_at(tmp_path, "second"), card, config, digits, digits, load_denoiser(run_at(tmp_path, "first")))
    before, after = (list(losses(tmp_path, name).values()) for name in ("first", "second"))
    assert np.mean(after) < 0.9 * np.mean(before[:5])
    capsys.readouterr()
    assert main(["train", "--preset", "tiny", "--start", "first", "--id", "third", "--runs", str(tmp_path)]) == 2
    told = capsys.readouterr().err
    assert "first has another network" in told and told.count("\n") == 1
    assert not (tmp_path / "third").exists()


def test_it_learns(tmp_path: Path, digits: Pictures) -> None:
    trained(tmp_path, "learns", replace(SMALL, epochs=4), digits)
    values = list(losses(tmp_path, "learns").values())
    assert np.mean(values[-5:]) < 0.8 * np.mean(values[:5])
    run = run_at(tmp_path, "learns")
    snapshots = pq.read_table(run.snapshots).to_pylist()
    assert {row["label"] for row in snapshots} == set(range(10))
    assert len({row["step"] for row in snapshots}) == 3
    assert len(snapshots[0]["image"]) == 28 * 28
    assert load_denoiser(run).config == load_config(run)


def test_two_digits_are_the_published_preparation() -> None:
    """Classes 1 and 8 as labels 0 and 1, the first of each in the dataset's order, black pixels all around."""
    config = replace(PRESETS["two-digits"], dataset="digits5000", per_class=30)
    everything = load("digits5000")
    data, test = pictures(config, None)
    assert data.classes == ("1", "8") and data.images.shape == (60, 1, 32, 32)
    assert np.bincount(data.labels).tolist() == [30, 30] and len(test.labels) > 60
    assert np.array_equal(data.images[data.labels == 1, :, 2:-2, 2:-2], everything.images[everything.labels == 8][:30])
    assert data.images.sum() == data.images[:, :, 2:-2, 2:-2].sum()
    assert prepared(everything).sha256 == everything.sha256
    for only in ((1, 1), (10,), (-1,)):
        with pytest.raises(DataError, match="classes 0 to 9; name some of them, each once"):
            prepared(everything, only)


def test_a_run_that_sees_no_label_has_no_use_for_labels(tmp_path: Path) -> None:
    config = replace(PRESETS["two-digits"], dataset="digits5000", per_class=40, widths=(8, 16), epochs=2, snapshots=1)
    config = replace(config, steps=3, size=32, classes=2, half=False, batch=16)
    data, _ = pictures(config, None)
    trained(tmp_path, "two", config, data)
    run = run_at(tmp_path, "two")
    assert json.loads(run.card.read_text())["dataset"]["classes"] == ["1", "8"]
    assert load_config(run) == config
    x, level = torch.randn(3, 1, 32, 32)[:1].expand(3, -1, -1, -1), torch.full((3,), -1.0)
    with torch.no_grad():
        answers = load_denoiser(run)(x, level, torch.arange(3))
    assert (answers - answers[2]).abs().max() < 1e-6  # the label 2 is "no label"


def test_the_default_sampling_can_be_changed_and_the_rest_of_the_card_stays(tmp_path: Path, digits: Pictures) -> None:
    trained(tmp_path, "drawn", replace(SMALL, epochs=0.1), digits)
    run = run_at(tmp_path, "drawn")
    before = json.loads(run.card.read_text())
    assert main(["sampling", "drawn", "--steps", "7", "--guidance-low", "-4", "--runs", str(tmp_path)]) == 0
    after = json.loads(run.card.read_text())
    assert after.pop("config") == before.pop("config") | {"steps": 7, "guidance_low": -4.0}
    assert after == before


def test_a_run_without_a_finite_loss_stops_with_a_sentence(tmp_path: Path, digits: Pictures) -> None:
    with pytest.raises(Diverged, match=r"at step \d+; train again with a lower --learning-rate"):
        trained(tmp_path, "wild", replace(SMALL, learning_rate=1e30), digits)
    assert json.loads(run_at(tmp_path, "wild").card.read_text())["state"] == "diverged"


def started(runs: Path, *arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "trainer", *arguments, "--runs", str(runs), "--threads", "1"]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def state_becomes(runs: Path, state: str) -> bool:
    run, deadline = run_at(runs, "tiny"), time.monotonic() + 300
    while time.monotonic() < deadline:
        if run.card.exists() and json.loads(run.card.read_text())["state"] == state:
            return True
        time.sleep(0.1)
    return False


def test_a_second_trainer_is_refused_and_a_killed_one_leaves_a_run_that_resumes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    process = started(tmp_path, "train", "--preset", "tiny", "--snapshots", "0")
    assert state_becomes(tmp_path, "running")
    assert main(["train", "--preset", "tiny", "--overwrite", "--runs", str(tmp_path)]) == 2
    assert str(process.pid) in capsys.readouterr().err
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=300) == 130, "as a program that Ctrl-C ended, and not as one that trained"
    assert state_becomes(tmp_path, "stopped")
    process = started(tmp_path, "resume", "tiny")
    assert state_becomes(tmp_path, "running")
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    run = run_at(tmp_path, "tiny")
    assert json.loads(run.card.read_text())["state"] == "running"  # readers see "crashed" by the heartbeat
    assert load_denoiser(run).config == load_config(run)
    card, config, data = json.loads(run.card.read_text()), replace(load_config(run), epochs=0.1), load("digits5000")
    train(run, card, config, data, data, resume=True)
    assert json.loads(run.card.read_text())["state"] == "finished"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["train", "--id", "../x"], "A run's id is"),
        (["train", "--epochs", "0"], "--epochs must be above 0"),
        (["train", "--guidance", "nan"], "--guidance must be a number"),
        (["train", "--solver", "euler"], "There is no solver 'euler'; choose one of ddpm"),
        (["train", "--levels", "flat"], "There are no noise levels 'flat'"),
        (["train", "--schedule", "cosine+much"], "There is no schedule 'cosine+much'; choose cosine"),
        (["train", "--shift", "9"], "A shift of 9.0 is too much"),
        (["train", "--preset", "tiny", "--start", "nothing"], "There is no run nothing"),
        (["sampling", "nothing", "--steps", "5"], "There is no run nothing"),
        (["resume", "nothing"], "There is no run nothing"),
        (["trace", "nothing"], "There is no run nothing"),
        (["train", "--preset", "mnist", "--data", "/nonexistent"], "give --data the folder above MNIST"),
    ],
)
def test_bad_input_is_one_sentence(
    arguments: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, "--runs", str(tmp_path)]) == 2
    told = capsys.readouterr().err
    assert sentence in told and told.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_damaged_checkpoint_is_one_sentence(tmp_path: Path, digits: Pictures) -> None:
    trained(tmp_path, "torn", replace(SMALL, epochs=0.1), digits)
    run = run_at(tmp_path, "torn")
    whole = (run.checkpoints / "ema.safetensors").read_bytes()
    for content in (b"", whole[: len(whole) // 2], b"\xff" * 100):
        (run.checkpoints / "ema.safetensors").write_bytes(content)
        with pytest.raises(RunError, match="cannot be read"):
            load_denoiser(run)


def test_an_idx_folder_of_another_form_is_refused(tmp_path: Path) -> None:
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    (raw / "train-images-idx3-ubyte").write_bytes(b"\x00\x00\x08\x03" + b"\x00\x00\x00\x02" * 3 + b"\x01" * 7)
    with pytest.raises(DataError, match="cut short"):
        load("mnist", tmp_path)
    (raw / "train-images-idx3-ubyte").write_bytes(b"hello")
    with pytest.raises(DataError, match="not an IDX file"):
        load("mnist", tmp_path)


def test_the_offline_digits_are_real_and_split() -> None:
    train_split, test_split = load("digits5000"), load("digits5000", split="test")
    assert len(train_split.labels) == 4500 and len(test_split.labels) == 500
    assert train_split.classes == DIGITS and train_split.images.dtype == np.uint8
    assert not {picture.tobytes() for picture in train_split.images} >= {p.tobytes() for p in test_split.images}


def test_help_says_instead_of_what_a_setting_is_given(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(["train", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert "instead of the preset's dataset" in said and "present" not in said
    assert all(f"instead of the preset's {name.replace('_', ' ')}" in said for name in SETTINGS)
