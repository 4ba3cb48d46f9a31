"""Parts taken away from a small network: against torch, with the parts cut out there in another way."""

import copy
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pyarrow.parquet as pq
import pytest
import torch
from small_run import write_small

from dashboard.network.anatomy import Anatomy, anatomy
from evaluator.__main__ import main
from evaluator.experiments import claims as experiments_claims
from evaluator.experiments import graph_surgery
from evaluator.experiments.ablation_figures import LABEL, NONE, SKIPS, STEPS, TIME, Ablated, ablated_from
from evaluator.verdict import CANNOT, NOT, SUPPORTED
from exporter.__main__ import main as export
from exporter.graph import multiplied_out
from firstlight.atomic_writes import write_json
from firstlight.errors import RunError, SamplerError
from firstlight.run_folder import Run
from firstlight.table_schema import TABLES
from store.database import Archive
from trainer.checkpoints import load_denoiser
from trainer.network import Conv, Denoiser

SEEDS = 3


@pytest.fixture(scope="module")
def network(run: Run) -> Denoiser:
    """A run's weights, in torch."""
    return load_denoiser(run).eval()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run that draws in three steps, two of them guided."""
    settings = {"steps": 3, "guidance": 2.0, "guidance_low": 0.0, "guidance_high": 3.0}
    return write_small(tmp_path_factory.mktemp("runs"), "small", **settings)


def ran(content: bytes, x: Any, logsnr: Any, label: Any) -> Any:
    session = ort.InferenceSession(content, providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x.numpy(), "logsnr": logsnr.numpy(), "label": label.numpy()})[0]


def asked() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    return torch.randn(4, 1, 28, 28), torch.linspace(-4, 4, 4), torch.tensor([0, 3, 9, 10])


@pytest.mark.parametrize("levels", [(0,), (1,), (0, 1)])
def test_silenced_skips_are_weights_of_zero_in_torch(run: Run, network: Denoiser, levels: tuple[int, ...]) -> None:
    graph = graph_surgery.open_graph(run.denoiser.read_bytes())
    assert graph.levels == (0, 1) and len(graph.skips) == 2
    plain = multiplied_out(network)
    with torch.no_grad():
        for turn, up in enumerate(plain.unet.up):  # the deepest first
            for block in up:
                if 1 - turn in levels:
                    for conv in (block.first, block.shortcut):
                        conv.weight[:, conv.weight.shape[1] // 2 :] = 0
        expected = plain(*asked()).numpy()
    cut = ran(graph_surgery.without_skips(graph, levels), *asked())
    whole = ran(run.denoiser.read_bytes(), *asked())
    scale = np.abs(expected).max()
    assert np.abs(cut - expected).max() < 1e-5 * scale < np.abs(whole - expected).max()


def test_a_frozen_time_embedding_is_told_one_level_and_scales_with_the_right_one(run: Run, network: Denoiser) -> None:
    denoiser = copy.deepcopy(network)
    x, logsnr, label = asked()
    denoiser.unet.time.register_forward_pre_hook(lambda _, given: (torch.full_like(given[0], 1.5),))
    with torch.no_grad():
        expected = denoiser(x, logsnr, label).numpy()
    frozen = ran(graph_surgery.with_time_at(graph_surgery.open_graph(run.denoiser.read_bytes()), 1.5), x, logsnr, label)
    whole = ran(run.denoiser.read_bytes(), x, logsnr, label)
    scale = np.abs(expected).max()
    assert np.abs(frozen - expected).max() < 1e-5 * scale < np.abs(whole - expected).max()


def test_a_graph_that_is_no_u_net_is_refused(run: Run) -> None:
    import onnx

    model = onnx.load_from_string(run.denoiser.read_bytes())
    for node in model.graph.node:
        node.input[:] = [name.replace("unet.up.", "else.") for name in node.input]
    with pytest.raises(RunError, match="export the run again"):
        graph_surgery.open_graph(model.SerializeToString())


def test_the_drawn_network_has_the_weights_that_torch_counts(run: Run, network: Denoiser) -> None:
    gains = sum(isinstance(module, Conv) for module in network.modules())
    net = anatomy(run, 28)
    assert isinstance(net, Anatomy)
    assert net.parameters == sum(parameter.numel() for parameter in network.parameters()) - gains
    named = [(net.parts[down].name, net.parts[up].name) for down, up in net.skips]
    assert named == [("down 2.1", "up 2.1"), ("down 1.1", "up 1.1")]
    for down, up in net.skips:
        assert (net.parts[down].outputs, net.parts[down].size) == (net.parts[up].outputs, net.parts[up].size)
    assert [part.outputs for part in net.parts] == [32, 32, 64, 64, 64, 64, 32, 32, 4]
    assert [(part.name, part.size) for part in net.parts if part.kind in ("shrink", "grow")] == [
        ("fold 1", 7), ("unfold 1", 14),
    ]  # fmt: skip


def test_what_is_no_u_net_draws_nothing(run: Run, tmp_path: Path) -> None:
    with pytest.raises(SamplerError, match="has no denoiser"):
        anatomy(Run(tmp_path / "none"), 28)
    other = Run(tmp_path / "copy")
    shutil.copytree(run.folder, other.folder)
    report = json.loads(other.export.read_text())
    for shapes in ({}, [], {"unet.down.0.0.first.weight": []}, dict.fromkeys(report["shapes"])):
        write_json(other.export, report | {"shapes": shapes})
        with pytest.raises(SamplerError, match="no U-Net that can be drawn"):
            anatomy(other, 28)
    other.export.write_text("")
    with pytest.raises(SamplerError, match="no readable export"):
        anatomy(other, 28)


def test_an_older_export_names_the_command_that_adds_the_shapes(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(tmp_path))
    other = Run(tmp_path / "older")
    shutil.copytree(run.folder, other.folder)
    report, graph = json.loads(other.export.read_text()), other.denoiser.read_bytes()
    shapes = report.pop("shapes")
    write_json(other.export, report)
    with pytest.raises(SamplerError, match="Add them with: firstlight export older --keep") as error:
        anatomy(other, 28)
    assert export([*str(error.value).split("firstlight export ")[1].split(), "--runs", str(tmp_path)]) == 0
    assert json.loads(other.export.read_text())["shapes"] == shapes
    assert other.denoiser.read_bytes() == graph and anatomy(other, 28) == anatomy(run, 28)


@pytest.fixture(scope="module")
def figures(run: Run) -> dict[str, Any]:
    import contextlib
    import io

    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        command = ["ablations", "small", "--seeds", str(SEEDS), "--json", "--runs", str(run.folder.parent)]
        assert main(command) == 0
    return dict(json.loads(said.getvalue()))


def test_every_part_is_taken_away_once_from_the_same_noise(run: Run, figures: dict[str, Any]) -> None:
    assert [row["part"] for row in figures["parts"]] == [NONE, "skips 14", "skips 7", SKIPS, TIME, LABEL, STEPS]
    assert [row["evaluations"] for row in figures["parts"]] == [5, 5, 5, 5, 5, 3, 1]
    table = pq.read_table(run.ablations)
    assert table.schema.equals(TABLES["ablations"]) and len(table) == 7 * 10 * SEEDS
    rows = table.to_pandas()
    assert (rows.groupby("part")["seed"].nunique() == SEEDS).all()
    untold = rows[rows["part"] == LABEL].groupby("seed")
    assert (untold["image"].nunique() == 1).all() and (untold["top"].nunique() == 1).all()
    told = rows[rows["part"] == NONE].groupby("seed")
    assert (told["image"].nunique() > 1).all()


def test_a_longer_experiment_begins_with_the_shorter_one(run: Run, figures: dict[str, Any]) -> None:
    before = Archive(run.folder.parent).ask("ablations", run="small")
    kept = sorted(path.name for path in run.cache.rglob("*.parquet"))
    assert main(["ablations", "small", "--seeds", "5", "--json", "--runs", str(run.folder.parent)]) == 0
    after = Archive(run.folder.parent).ask("ablations", run="small")
    again = after[after["seed"].isin(before["seed"])].reset_index(drop=True)
    assert (again["top"] == before["top"]).all() and (again["image"].dropna() == before["image"].dropna()).all()
    assert set(kept) < {path.name for path in run.cache.rglob("*.parquet")}


def test_a_count_below_one_is_one_sentence(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ablations", "small", "--seeds", "0", "--runs", str(run.folder.parent)]) == 2
    assert "give --seeds a number from 1" in capsys.readouterr().err


def drawn(shares: dict[str, float], seeds: int = 60, real: float = 1.0) -> Ablated:
    """Pictures of which this share is right, by part; of all, `real` lie among real ones."""
    generator = np.random.default_rng(3)
    part = np.repeat(list(shares), seeds * 10)
    label, seed = np.tile(np.arange(10), seeds * len(shares)), np.tile(np.repeat(np.arange(seeds), 10), len(shares))
    right = generator.random(len(part)) < np.repeat(list(shares.values()), seeds * 10)
    columns = {
        "part": part, "label": label, "seed": seed, "top": np.where(right, label, (label + 1) % 10),
        "real": (generator.random(len(part)) < real).astype(object), "evaluations": np.full(len(part), 20),
    }  # fmt: skip
    columns["real"] = np.array([bool(each) for each in columns["real"]], object)
    return ablated_from(columns, 10)


@pytest.mark.parametrize(
    ("say", "part"),
    [
        (experiments_claims.s2, STEPS),
        (experiments_claims.s4, SKIPS),
        (experiments_claims.s5, LABEL),
        (experiments_claims.s6, TIME),
    ],
)
def test_a_part_that_matters_one_that_does_not_and_one_of_which_little_is_known(say: Any, part: str) -> None:
    for share, seeds, expected in ((0.3, 60, SUPPORTED), (0.99, 300, NOT), (0.95, 6, CANNOT)):
        found = say(drawn({NONE: 0.99, part: share}, seeds))[0]
        assert found.verdict == expected, (share, seeds, found)
        assert found.effect is not None and found.effect.low <= found.effect.value <= found.effect.high
        assert abs(found.effect.value - 100 * (share - 0.99)) < 8
    assert say(drawn({NONE: 0.99}))[0].verdict == CANNOT
    assert "one noise seed" in say(drawn({NONE: 0.99, part: 0.2}, seeds=1))[0].reason


def test_a_run_that_draws_by_chance_has_nothing_to_break() -> None:
    found = experiments_claims.s4(drawn({NONE: 0.1, SKIPS: 0.1}))[0]
    assert found.verdict == CANNOT and "little to break" in found.reason
    assert experiments_claims.s5(drawn({NONE: 0.1, LABEL: 0.1}, seeds=3000))[0].verdict == NOT


def test_without_a_label_it_draws_or_does_not() -> None:
    for real, seeds, expected in ((0.9, 60, SUPPORTED), (0.1, 60, NOT), (0.5, 60, CANNOT)):
        assert experiments_claims.s5(drawn({NONE: 0.99, LABEL: 0.1}, seeds, real))[1].verdict == expected


def test_the_finest_skips_are_judged_apart() -> None:
    said = experiments_claims.s4(drawn({NONE: 0.99, "skips 14": 0.2, "skips 7": 0.99, SKIPS: 0.1}))
    assert [each.claim.part for each in said] == ["skips are needed", "the finest carry edges and strokes"]
    assert said[1].effect is not None and abs(said[1].effect.value + 79) < 8
