"""A trained network of any convention becomes a run: its graph in our terms, and its own way of drawing."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from firstlight.adoption.terms import Terms
from firstlight.archives import archive
from firstlight.atomic_writes import write_bytes, write_json
from firstlight.errors import RunError
from firstlight.graph import OPSET, shapes
from firstlight.manifest import write_manifest
from firstlight.run_folder import Run
from firstlight.run_id import run_at
from firstlight.run_json import card_of
from firstlight.run_state import now
from firstlight.schedules import as_schedule
from firstlight.schema import SCHEMA

if TYPE_CHECKING:
    from firstlight.adoption.guest import Guest


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
    times: Sequence[int] = (),
    ends: Sequence[float] = (),
    clip_noise: bool = True,
    runs: Path | str | None = None,
) -> Path:
    """Make the torch module `model` the denoiser of the run `id`, new or recorded before; returns the run's folder.

    `predicts` is noise, sample, v, score, velocity or edm; `schedule` betas (T,), ᾱ (T,), a diffusers scheduler,
    `sigmas` or `flow`; `pictures` the range it was trained on, (0, 1) or (-1, 1); `shape` (C, H, W). `call` is what
    asks it: call(net, x (N, C, H, W), t (N,), label (N,) int64), by default net(x, t, label), or net(x, t) without
    classes; with `no_label` the label len(classes) means none. `variance` (posterior, step, previous or none), `clip`
    and `times` (all where left out) say how its own chain draws; `ends`, of diffusers' DDIM, the ᾱ that each of these
    leads to, and `clip_noise` whether its noise follows from the clipped x̂0. What a recorded run's card says need not be said.
    Needs torch, onnx and onnxruntime.

    Raises RunError, leaving the run as it was, for terms that make no sense, a network that answers another shape or
    numbers that are none, and a graph that does not do what the network does.
    """
    from firstlight.adoption import parity
    from firstlight.adoption.guest import Guest

    run = run_at(archive(None if runs is None else Path(runs)), id)
    known = card_of(run)["dataset"] if run.card.is_file() else {}
    size = known.get("size", 28)
    names = tuple(map(str, known.get("classes", ["all"]) if classes is None else classes))
    terms = Terms(
        predicts, as_schedule(schedule), (float(pictures[0]), float(pictures[1])),
        tuple(shape or (known.get("channels", 1), size, size)), dataset or known.get("name", "unknown"), names,
        no_label, fraction, sigma_data, variance, clip, tuple(map(int, times)),
        tuple(map(float, ends)), clip_noise,
    )  # fmt: skip
    terms.check()
    if known and list(names) != known["classes"]:
        raise RunError(f"{id} was recorded with the classes {', '.join(known['classes'])}; adopt it with the same.")
    ask = call or (_labelled if len(terms.classes) > 1 else _unlabelled)
    guest = Guest(model.eval(), ask, predicts, terms.schedule, terms.pictures, fraction, sigma_data).cpu().eval()
    _tried(guest, terms)
    content = parity.graph_of(guest, terms)
    report = parity.compared(guest, content, terms)
    _written(run, terms, content, report, sum(part.numel() for part in model.parameters()))
    return run.folder


def _labelled(net: Any, x: Any, t: Any, label: Any) -> Any:
    said = net(x, t, label)
    return getattr(said, "sample", said)


def _unlabelled(net: Any, x: Any, t: Any, label: Any) -> Any:
    said = net(x, t)
    return getattr(said, "sample", said)


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


def _written(run: Run, terms: Terms, content: bytes, report: dict[str, Any], parameters: int) -> None:
    """The graph, its report and the card, the manifest last."""
    moment = now()
    sha256 = hashlib.sha256(content).hexdigest()
    facts = {"schema": 1, **report, "opset": OPSET, "size": len(content), "sha256": sha256, "exported": moment,
             "shapes": shapes(content), "guest": terms.guest}  # fmt: skip
    card = card_of(run) if run.card.is_file() else _card(run, terms, moment)
    card["config"] = card.get("config", {}) | terms.config
    card |= {"guest": terms.guest | {"sha256": sha256}, "parameters": parameters}
    write_bytes(run.denoiser, content)
    write_json(run.export, facts)
    write_json(run.card, card)
    write_manifest(run, run.denoiser, run.export)


def _card(run: Run, terms: Terms, moment: str) -> dict[str, Any]:
    channels, size, _ = terms.shape
    dataset = {"name": terms.dataset, "classes": list(terms.classes), "channels": channels, "size": size}
    return {
        "schema": SCHEMA, "id": run.id, "name": run.id, "tags": [], "preset": "adopted", "dataset": dataset,
        "config": {}, "seed": 0, "device": "", "versions": {}, "git_commit": None, "state": "finished", "message": "",
        "started": moment, "heartbeat": moment, "finished": moment, "seconds": 0.0, "step": 0, "steps": 0, "epoch": 0.0,
    }  # fmt: skip
