"""A trained network of any convention becomes a run: its graph in our terms, and its own way of drawing."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from firstlight.archives import archive
from firstlight.errors import RunError
from firstlight.files import write_bytes, write_json
from firstlight.graph import INPUTS, OPSET, OUTPUT, serialize, shapes, to_onnx
from firstlight.levels import CLEAN
from firstlight.manifest import write_manifest
from firstlight.run import Run, run_at
from firstlight.schedules import Schedule, as_schedule, half_and_centre
from firstlight.schema import SCHEMA

if TYPE_CHECKING:
    from firstlight.guest import Guest

RANGES = ((0, 1), (-1, 1))  # of pictures
PREDICTIONS = ("noise", "sample", "v", "score", "velocity", "edm")
VARIANCES = {"posterior": "ddpm", "step": "ddpm-large", "previous": "ddpm-previous"}  # of the noise a step adds
LIMIT = 1e-4  # largest difference of x̂0 from the network in float64 that is let through, or twice torch's own
AT_ONCE = 64  # pictures compared together
ALL_LABELS = 16  # levels at which every label is tried


@dataclass(frozen=True)
class Terms:
    """How the network speaks, and how it draws by itself."""

    predicts: str
    schedule: Schedule
    pictures: tuple[float, float]
    shape: tuple[int, int, int]
    dataset: str
    classes: tuple[str, ...]
    no_label: bool  # whether it knows "no label", the label len(classes)
    fraction: bool  # whether it is told t / T
    sigma_data: float
    variance: str
    clip: bool

    @property
    def config(self) -> dict[str, Any]:
        """What run.json keeps as the run's settings, and its drawing follows."""
        discrete = self.schedule.kind == "discrete"
        mean, deviation = self.schedule.start(self.pictures)
        own = np.unique(self.schedule.ours(self.pictures))
        noisy = own[own < CLEAN - 1e-6]
        return {
            "dataset": self.dataset, "channels": self.shape[0], "size": self.shape[1], "classes": len(self.classes),
            "prediction": self.predicts, "schedule": f"its own, {self.schedule.kind}",
            "label_dropout": 0.1 if self.no_label and len(self.classes) > 1 else 0.0,
            "solver": VARIANCES[self.variance] if discrete else "ddim", "steps": len(noisy),
            "levels": ",".join(repr(float(level)) for level in noisy),
            "guidance": 1.0, "guidance_low": -CLEAN, "guidance_high": CLEAN, "clip": self.clip,
            "start_mean": mean, "start_deviation": deviation, "half": half_and_centre(self.pictures)[0],
        }  # fmt: skip

    @property
    def guest(self) -> dict[str, Any]:
        """What was folded into the graph, for run.json."""
        return {
            "predicts": self.predicts, "pictures": list(self.pictures), "schedule": self.schedule.kind,
            "levels": len(self.schedule), "noise_at": self.schedule.noise_at, "no_label": self.no_label,
            "time": "t/T" if self.fraction else "own",
            "sigma_data": self.sigma_data if self.predicts == "edm" else None,
        }  # fmt: skip


def adopt(
    model: Any,
    id: str,
    *,
    predicts: str,
    schedule: Any,
    pictures: tuple[float, float],
    shape: tuple[int, int, int] | None = None,
    dataset: str | None = None,
    classes: Sequence[str] | None = None,
    no_label: bool = False,
    call: Callable[..., Any] | None = None,
    fraction: bool = False,
    sigma_data: float = 0.5,
    variance: str = "posterior",
    clip: bool = False,
    runs: Path | str | None = None,
) -> Path:
    """Make the torch module `model` the denoiser of the run `id`, new or recorded before; returns the run's folder.

    `predicts` is noise, sample, v, score, velocity or edm; `schedule` betas (T,), ᾱ (T,), a diffusers scheduler,
    `sigmas` or `flow`; `pictures` the range it was trained on, (0, 1) or (-1, 1); `shape` (C, H, W). `call` is what
    asks it: call(net, x (N, C, H, W), t (N,), label (N,) int64), by default net(x, t, label), or net(x, t) without
    classes; with `no_label` the label len(classes) means none. `variance` (posterior, step or previous) and `clip` say
    how its own chain draws. What a recorded run's card says need not be said. Needs torch, onnx and onnxruntime.

    Raises RunError, leaving the run as it was, for terms that make no sense, a network that answers another shape or
    numbers that are none, and a graph that does not do what the network does.
    """
    from firstlight.guest import Guest

    run = run_at(_archive(runs), id)
    terms = _terms(run, predicts, as_schedule(schedule), pictures, shape, dataset, classes, no_label, fraction,
                   sigma_data, variance, clip)  # fmt: skip
    ask = call or (_labelled if len(terms.classes) > 1 else _unlabelled)
    guest = Guest(model.eval(), ask, predicts, terms.schedule, terms.pictures, fraction, sigma_data).cpu().eval()
    _tried(guest, terms)
    content = _graph(guest, terms)
    report = _compared(guest, content, terms)
    _written(run, terms, content, report, sum(part.numel() for part in model.parameters()))
    return run.folder


def _labelled(net: Any, x: Any, t: Any, label: Any) -> Any:
    said = net(x, t, label)
    return getattr(said, "sample", said)


def _unlabelled(net: Any, x: Any, t: Any, label: Any) -> Any:
    said = net(x, t)
    return getattr(said, "sample", said)


def _archive(runs: Path | str | None) -> Path:
    """The archive to write to."""
    return archive(None if runs is None else Path(runs))


def _terms(
    run: Run, predicts: str, schedule: Schedule, pictures: tuple[float, float], shape: tuple[int, int, int] | None,
    dataset: str | None, classes: Sequence[str] | None, no_label: bool, fraction: bool, sigma_data: float,
    variance: str, clip: bool,
) -> Terms:  # fmt: skip
    """What the user says, and what a recorded run's card says. Raises RunError for what makes no sense."""
    if predicts not in PREDICTIONS:
        raise RunError(f"predicts={predicts!r} is not known; say one of {', '.join(PREDICTIONS)}.")
    kinds = {"v": "discrete", "velocity": "flow", "edm": "sigmas"}
    if kinds.get(predicts, schedule.kind) != schedule.kind:
        raise RunError(
            f"A network that predicts {predicts} needs a schedule of {kinds[predicts]}, not {schedule.kind}."
        )
    if predicts in ("noise", "score") and schedule.signal[-1] == 0:
        raise RunError(f"Where no picture is left, predicted {predicts} says nothing of it; leave out the last level.")
    if tuple(pictures) not in RANGES:
        raise RunError(f"Pictures in {tuple(pictures)} are not known; say pictures=(0, 1) or pictures=(-1, 1).")
    if variance not in VARIANCES:
        raise RunError(f"variance={variance!r} is not known; say one of {', '.join(VARIANCES)}.")
    told = json.loads(run.card.read_bytes())["dataset"] if run.card.is_file() else {}
    if told and shape is None:
        shape = (told["channels"], told["size"], told["size"])
    shape = shape or (1, 28, 28)
    if len(shape) != 3 or shape[1] != shape[2] or shape[0] not in (1, 3):
        raise RunError(f"shape={tuple(shape)} is none of a square picture, gray or in colour; say (C, H, W).")
    names = tuple(map(str, classes if classes is not None else told.get("classes", ["all"])))
    if told and list(names) != told["classes"]:
        raise RunError(f"{run.id} was recorded with the classes {', '.join(told['classes'])}; adopt it with the same.")
    return Terms(predicts, schedule, (float(pictures[0]), float(pictures[1])), tuple(shape),
                 dataset or told.get("name", "unknown"), names, no_label, fraction, sigma_data, variance,
                 clip)  # fmt: skip


def _tried(guest: "Guest", terms: Terms) -> None:
    """Raises RunError for a network that does not answer as the terms say."""
    import torch

    x = torch.zeros(2, *terms.shape)
    level = torch.full((2,), float(np.median(terms.schedule.ours(terms.pictures))))
    try:
        with torch.no_grad():
            said = guest(x, level, torch.tensor([0, len(terms.classes) if terms.no_label else 0]))
    except Exception as error:  # whatever somebody's network raises
        raise RunError(
            f"The network cannot be asked ({type(error).__name__}: {str(error).partition(chr(10))[0]}); "
            "say how with call=lambda net, x, t, label: ..."
        ) from error
    if tuple(said.shape) != tuple(x.shape):
        raise RunError(
            f"The network answers {tuple(said.shape)} to {tuple(x.shape)}; say its pictures' shape=(C, H, W)."
        )
    if not bool(torch.isfinite(said).all()):
        raise RunError(
            "The network answers with what is not a number; adopt it with the weights that it was trained to."
        )


def _graph(guest: "Guest", terms: Terms) -> bytes:
    import torch

    example = torch.randn(2, *terms.shape), torch.zeros(2), torch.zeros(2, dtype=torch.int64)
    facts = {"classes": json.dumps(list(terms.classes), ensure_ascii=False), "scale": "[-1, 1]"}
    if not terms.no_label:
        facts["no_label"] = "false"
    return serialize(to_onnx(guest, example, list(INPUTS), [OUTPUT]), facts)


def _compared(guest: "Guest", content: bytes, terms: Terms) -> dict[str, Any]:
    """The graph, and torch's own float32, against the network in float64: the largest difference at each level."""
    import copy

    import torch

    from firstlight.guest import Guest
    from firstlight.runtime import CPU, inference_session

    session = inference_session(content, Path("denoiser.onnx"), CPU)
    exact = Guest(copy.deepcopy(guest.net).double(), guest.call, terms.predicts, terms.schedule, terms.pictures,
                  terms.fraction, terms.sigma_data, torch.float64)  # fmt: skip
    own = np.unique(terms.schedule.ours(terms.pictures)).astype(np.float32)
    labels = len(terms.classes) + terms.no_label
    some = set(np.linspace(0, len(own) - 1, min(ALL_LABELS, len(own))).round().astype(int).tolist())
    pairs = [(k, c) for k in range(len(own)) for c in (range(labels) if k in some else [k % labels])]
    graph, torchs = np.zeros(len(own)), np.zeros(len(own))
    for first in range(0, len(pairs), AT_ONCE):
        place, label = np.array(pairs[first : first + AT_ONCE]).T
        for target, found in zip(
            (graph, torchs), _differences(exact, guest, session, own[place], label, terms), strict=True
        ):
            np.maximum.at(target, place, found)
    worst = int(graph.argmax())
    if not (graph <= np.maximum(LIMIT, 2 * torchs)).all():
        raise RunError(
            f"The graph differs from the network by {graph[worst]:.1e} at logSNR {own[worst]:.1f}, where torch's "
            f"float32 differs by {torchs[worst]:.1e}; nothing was written: adopt it with the torch that [train] asks for."
        )
    return {
        "difference": float(graph[worst]), "logsnr": float(own[worst]), "batch": AT_ONCE, "compared": len(pairs),
        "limit": LIMIT, "by_level": [list(map(float, row)) for row in zip(own, graph, torchs, strict=True)],
    }  # fmt: skip


def _differences(
    exact: "Guest", guest: "Guest", session: Any, level: np.ndarray, label: np.ndarray, terms: Terms
) -> tuple[np.ndarray, np.ndarray]:
    """How far the graph and torch in float32 are from float64, the largest of each picture, both (N,)."""
    import torch

    from firstlight.guest import InDouble

    noise = np.random.default_rng(0).standard_normal((len(level), *terms.shape)).astype(np.float32)
    inputs = {"x": noise, "logsnr": level, "label": label.astype(np.int64)}
    single = [torch.from_numpy(value) for value in inputs.values()]
    with torch.no_grad():
        with InDouble():
            right = exact(single[0].double(), single[1].double(), single[2]).numpy()
        plain = guest(*single).numpy()
    drawn = session.run([OUTPUT], inputs)[0]
    return tuple(np.abs(each - right).max(axis=(1, 2, 3)) for each in (drawn, plain))


def _written(run: Run, terms: Terms, content: bytes, report: dict[str, Any], parameters: int) -> None:
    """The graph, its report and the card, the manifest last."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    sha256 = hashlib.sha256(content).hexdigest()
    facts = {"schema": 1, **report, "opset": OPSET, "size": len(content), "sha256": sha256, "exported": now,
             "shapes": shapes(content), "guest": terms.guest}  # fmt: skip
    card = json.loads(run.card.read_bytes()) if run.card.is_file() else _card(run, terms, now)
    card["config"] = card.get("config", {}) | terms.config
    card |= {"guest": terms.guest | {"sha256": sha256}, "parameters": parameters}
    write_bytes(run.denoiser, content)
    write_json(run.export, facts)
    write_json(run.card, card)
    write_manifest(run, run.denoiser, run.export)


def _card(run: Run, terms: Terms, now: str) -> dict[str, Any]:
    channels, size, _ = terms.shape
    dataset = {"name": terms.dataset, "classes": list(terms.classes), "channels": channels, "size": size, "pictures": 0,
               "sha256": ""}  # fmt: skip
    return {
        "schema": SCHEMA, "id": run.id, "name": run.id, "tags": [], "preset": "adopted", "dataset": dataset,
        "config": {}, "seed": 0, "device": "", "versions": {}, "git_commit": None, "state": "finished", "message": "",
        "started": now, "heartbeat": now, "finished": now, "seconds": 0.0, "step": 0, "steps": 0, "epoch": 0.0,
    }  # fmt: skip
