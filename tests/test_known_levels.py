"""A guest with discrete times is asked at levels that it knows, of x noised to them; what it cannot do is said."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pyarrow.parquet as pq
import pytest
import torch
from app_fixture import unmarked
from exact_network import BETAS
from torch import Tensor, nn

from evaluator.experiments.ablation_figures import LABEL, SKIPS, TIME
from evaluator.experiments.chains import streams
from evaluator.experiments.graph_surgery import with_time_at, without_skips
from evaluator.experiments.guest_graph import open_guest
from evaluator.experiments.real_pictures import real_pictures
from evaluator.experiments.uturn import FIRST_SEED, evenly
from evaluator.provenance import former
from firstlight.adoption.adopt import adopt
from firstlight.adoption.guest import Guest
from firstlight.command import main
from firstlight.errors import SamplerError
from firstlight.guest_schedules import betas
from firstlight.levels import CLEAN, alpha, levels, nearest, passing, sigma
from firstlight.run_folder import Run
from firstlight.run_json import card_of
from sampler import session
from sampler.generation import Settings, continued, settings_of

DIGITS = [*"0123456789"]
SHAPE = (1, 28, 28)


class Skipping(nn.Module):
    """A U-Net of one level: time and label are added in its middle, and a skip is joined behind it."""

    def __init__(self, labels: int) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.down = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 4, 3, stride=2, padding=1)
        self.up, self.last = nn.ConvTranspose2d(4, 4, 2, 2), nn.Conv2d(8, 1, 3, padding=1)
        self.time, self.label = nn.Linear(1, 4), nn.Embedding(labels, 4)
        self.kept, self.frozen = 1.0, None

    def forward(self, x: Tensor, t: Tensor, label: Tensor) -> Tensor:
        t = t if self.frozen is None else torch.full_like(t, self.frozen)
        told = self.time(t[:, None].float() / 100) + self.label(label)
        wide = torch.relu(self.first(x))
        return self.last(
            torch.cat([self.up(torch.relu(self.down(wide) + told[:, :, None, None])), self.kept * wide], 1)
        )


def adopted(root: Path, name: str, labels: int, **terms: Any) -> None:
    told: dict[str, Any] = {"predicts": "noise", "schedule": BETAS, "pictures": (0, 1), "shape": SHAPE,
                            "dataset": "mnist", "classes": DIGITS, "no_label": labels > 10}  # fmt: skip
    adopt(Skipping(labels), name, runs=root, **told | terms)


@pytest.fixture(scope="module")
def guests(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("runs")
    adopted(root, "guest", 11, variance="previous")
    adopted(root, "bare", 10)
    return root


@pytest.fixture
def root(guests: Path, tmp_path: Path) -> Path:
    """A copy to write into."""
    return Path(shutil.copytree(guests, tmp_path / "runs"))


def test_the_nearest_level_is_the_one_that_the_graph_takes() -> None:
    known = np.sort(betas(BETAS).ours((0, 1)))
    asked = np.random.default_rng(0).uniform(-15, 15, 500)
    expected = [min(known.tolist(), key=lambda level: abs(level - each)) for each in asked]
    assert nearest(asked, known.tolist()).tolist() == expected
    grid = levels("logsnr", 40)
    assert passing(grid, ()) is grid and nearest(grid, ()).tolist() == grid.tolist()
    moved = passing(grid, known.tolist())
    assert (np.diff(moved) > 0).all() and moved[-1] == CLEAN and set(moved[:-1].tolist()) <= set(known.tolist())
    assert len(moved) < len(grid)  # what lies beyond the noisiest level is one with it


def test_its_own_drawing_is_thinned_and_other_levels_are_moved(guests: Path) -> None:
    own = settings_of(Run(guests / "guest"))
    assert own.grid().tolist() == [*own.known, CLEAN] and not own.moved()
    few = own.in_steps(20)
    assert len(few.grid()) == 21 and set(few.grid()[:-1]) <= set(own.known) and few.grid()[0] == own.known[0]
    assert few.evaluations() == few.table().steps == 20 and not few.moved()
    with pytest.raises(SamplerError, match="draws along 150 levels of its own; ask for at most 150 steps"):
        own.in_steps(200)
    other = replace(own, levels="logsnr", steps=20)
    left = other.table().steps
    assert other.evaluations() == left < 20 and f"which leaves {left} steps" in other.moved()
    assert Settings(levels="logsnr", steps=7).in_steps(9) == Settings(levels="logsnr", steps=9)
    student = Settings(levels="-3,0,4", steps=3, student=True)
    assert student.in_steps(2).levels == "-3,0,4"


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[np.ndarray, np.ndarray]]]:
    """Every x and logSNR that a network is asked with."""
    calls: list[tuple[np.ndarray, np.ndarray]] = []
    ask = session.Denoiser.__call__

    def spy(self: session.Denoiser, x: Any, logsnr: Any, label: Any, guidance: Any = None) -> Any:
        calls.append((np.array(x), np.array(logsnr)))
        return ask(self, x, logsnr, label, guidance)

    monkeypatch.setattr(session.Denoiser, "__call__", spy)
    yield calls


EXPERIMENTS = {
    "speciation": "--pairs 2 --steps 6 --at -1.012 -1.008 2",
    "posterior": "--seeds 1 --steps 5",
    "classifier": "--pictures 2 --draws 6",
    "swap": "--seeds 1 --at 140",
    "ablations": "--seeds 1",
}


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_asks_at_levels_that_are_known(root: Path, told: list[Any], name: str) -> None:
    run = Run(root / "guest")
    known = np.array(settings_of(run).known, np.float32)
    assert main(["evaluate", name, "guest", *EXPERIMENTS[name].split(), "--runs", str(root)]) == 0
    asked = np.unique(np.concatenate([logsnr for _, logsnr in told]))
    assert len(asked) and np.abs(asked[:, None] - known).min(axis=1).max() < 1e-5
    if name == "speciation":
        stored = np.unique(pq.read_table(run.tables[name])["logsnr"].to_numpy())
        assert (
            len(stored) == 2 and np.abs(stored[:, None] - known).min(axis=1).max() < 1e-5
        )  # −1.012 and −1.008 are one


def test_how_it_draws_can_be_changed(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = Run(root / "guest")
    before = settings_of(run)
    assert main(["sampling", "guest", "--guidance", "3", "--steps", "50", "--runs", str(root)]) == 0
    assert "guest draws with steps 50, guidance 3.0. What was traced" in capsys.readouterr().out
    after = settings_of(run)
    assert (after.guidance, after.solver, after.start_mean) == (3, before.solver, before.start_mean)
    assert len(after.grid()) == 51 and set(after.grid()[:-1]) <= set(before.grid())


def test_a_u_turn_noises_the_picture_to_the_level_that_is_told(root: Path, told: list[Any]) -> None:
    assert main(["evaluate", "uturn", "guest", "--per-class", "1", "--steps", "4", "--at", "-1.5",
                 "--runs", str(root)]) == 0  # fmt: skip
    x, logsnr = told[0]
    known = np.array(settings_of(Run(root / "guest")).known, np.float32)
    assert all(np.abs(each[:, None] - known).min() < 1e-5 for _, each in told)
    level = np.float64(nearest(-1.5, settings_of(Run(root / "guest")).known))
    assert abs(float(logsnr[0]) - level) < 1e-6 < abs(level + 1.5)
    real = real_pictures(card_of(Run(root / "guest")), None)
    clean = real.x(evenly(real, 10, 1))
    noise = streams(FIRST_SEED, range(len(clean)), 0, SHAPE).start()
    assert np.abs(x - (alpha(level) * clean + sigma(level) * noise)).max() < 1e-5


def test_a_chain_begins_where_its_own_drawing_begins(root: Path, told: list[Any]) -> None:
    assert main(["evaluate", "posterior", "guest", "--seeds", "1", "--steps", "4", "--runs", str(root)]) == 0
    x, logsnr = told[0]
    mean, deviation = betas(BETAS).start((0, 1))
    assert float(logsnr[0]) == pytest.approx(settings_of(Run(root / "guest")).known[0])
    assert x.mean() == pytest.approx(mean, abs=0.1) and x.std() == pytest.approx(deviation, abs=0.1)


def test_a_fork_goes_on_from_the_nearest_level(guests: Path, told: list[Any]) -> None:
    settings = settings_of(Run(guests / "guest"))
    net = session.load(Run(guests / "guest").denoiser)
    steps = continued(net, [3], [5], replace(settings, solver="ddpm"), np.zeros(SHAPE, np.float32), 1.0, 5)
    assert list(steps)[-1].done == 5
    asked = np.concatenate([logsnr for _, logsnr in told])
    assert asked[0] == pytest.approx(float(nearest(1.0, settings.known)))
    assert np.abs(asked[:, None] - np.array(settings.known)).min(axis=1).max() < 1e-5 and (np.diff(asked) > 0).all()


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("sample bare --guidance 2 --out {out}", "away from a weaker network; draw with guidance 1"),
        ("sampling bare --guidance 3", "so nothing guides it; leave --guidance at 1"),
        ("sampling guest --solver nothing", "nothing"),
        ("sample bare --law feedback --out {out}", "away from a weaker network; draw with guidance 1"),
        ("evaluate uturn bare", "knows no pictures without a label, so none are drawn so; give --conditional"),
        ("evaluate speciation bare", "knows no pictures without a label, so none are drawn so; give --label"),
        ("evaluate guidance bare", "knows no pictures without a label, so it cannot be guided"),
    ],
)
def test_without_none_each_is_off_in_a_sentence(
    guests: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, words: str
) -> None:
    assert main([*command.format(out=tmp_path / "x.png").split(), "--runs", str(guests)]) == 2
    assert words in capsys.readouterr().err


def test_without_none_the_rest_goes_on(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("uturn bare --conditional --per-class 1 --steps 3", "speciation bare --label 3 --pairs 2 --steps 3",
                    "posterior bare --seeds 1 --steps 3", "swap bare --seeds 1 --at 140"):  # fmt: skip
        assert main(["evaluate", *command.split(), "--runs", str(root)]) == 0
    capsys.readouterr()
    assert main(["evaluate", "ablations", "bare", "--seeds", "1", "--runs", str(root)]) == 0
    assert "The label was not withheld: this model knows no pictures without one." in capsys.readouterr().out
    assert LABEL not in pq.read_table(Run(root / "bare").ablations)["part"].to_pylist()


def test_skips_and_time_are_found_by_the_shape_of_the_graph(guests: Path) -> None:
    net, content, schedule = Skipping(11).eval(), Run(guests / "guest").denoiser.read_bytes(), betas(BETAS)
    guest = Guest(net, lambda net, x, t, label: net(x, t, label), "noise", schedule, (0, 1))
    graph = open_guest(content, SHAPE)
    assert [(skip.size, skip.kept) for skip in graph.skips] == [(28, (1,))] and graph.time is not None
    x = torch.randn(3, *SHAPE, generator=torch.Generator().manual_seed(1))
    level, label = torch.tensor(schedule.ours((0, 1))[[3, 70, 140]]).float(), torch.tensor([0, 4, 10])

    def asked(held: bytes) -> np.ndarray:
        ran = ort.InferenceSession(held, providers=["CPUExecutionProvider"])
        return np.asarray(ran.run(None, {"x": x.numpy(), "logsnr": level.numpy(), "label": label.numpy()})[0])

    whole = asked(content)
    with torch.no_grad():
        net.kept = 0.0
        silent = guest(x, level, label).numpy()
        net.kept, net.frozen = 1.0, 70
        frozen = guest(x, level, label).numpy()
    assert np.abs(asked(without_skips(graph, (0,))) - silent).max() < 1e-4 < np.abs(whole - silent).max()
    stopped = asked(with_time_at(graph, float(level[1]) + 1e-4))
    assert np.abs(stopped - frozen).max() < 1e-4 < np.abs(whole - frozen).max()


def test_a_graph_without_skips_or_a_time_of_its_own_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    net = nn.Conv2d(1, 1, 3, padding=1)
    adopt(net, "plain", predicts="noise", schedule=BETAS, pictures=(-1, 1), shape=SHAPE, dataset="mnist", runs=tmp_path,
          classes=DIGITS, no_label=True, call=lambda net, x, t, label: net(x))  # fmt: skip
    assert main(["evaluate", "ablations", "plain", "--seeds", "1", "--runs", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "No skips were silenced" in said and "The time embedding was not frozen" in said
    assert not {SKIPS, TIME} & set(pq.read_table(Run(tmp_path / "plain").ablations)["part"].to_pylist())


def test_what_a_former_network_made_is_marked_until_it_is_made_anew(root: Path) -> None:
    run, here = Run(root / "guest"), ["--runs", str(root)]
    trace = ["trace", "guest", "--per-class", "1", "--every", "50", *here]
    judge = ["evaluate", "recognizability", "guest", *here]
    for command in (trace, judge, ["evaluate", "quality", "guest", "--per-class", "2", *here]):
        assert main(command) == 0
    assert former(run) == []
    made_with = json.loads(pq.read_schema(run.trajectories).metadata[b"firstlight"])["denoiser"]
    assert made_with == card_of(run)["guest"]["sha256"]
    adopted(root, "guest", 11, predicts="sample")
    assert former(run) == ["trajectories", "judgements", "quality"]
    assert main(["report", "guest", "--out", str(root / "report.html"), *here]) == 0
    words = unmarked((root / "report.html").read_text())
    assert "guest has adopted another network since its trajectories" in words
    assert main(["store", "slim", "guest", "--keep", "1", *here]) == 0 and "trajectories" in former(run)
    assert main(trace) == 0 and former(run) == ["judgements", "quality"]
    assert main(judge) == 0 and former(run) == ["quality"]
