"""A trained network of any convention becomes a run: its graph in our terms, and its own way of drawing."""

import hashlib
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

from firstlight.adoption import check as checks
from firstlight.adoption import parity
from firstlight.adoption.algebra import levels_at
from firstlight.adoption.conventions import Terms
from firstlight.archives import archive
from firstlight.atomic_writes import write_bytes, write_json
from firstlight.errors import RunError, SamplerError
from firstlight.graph import opset_of, shapes
from firstlight.guest_schedules import as_schedule
from firstlight.run_folder import Run
from firstlight.run_id import new_run_at
from firstlight.run_json import card_of
from firstlight.run_state import now
from firstlight.run_writes import changing
from firstlight.table_schema import SCHEMA
from firstlight.untrusted.trust import remember

UNCHECKED = "It was adopted without the check that a known picture, noised and denoised, comes back."


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
    clip_at: float = 1.0,
    clip_share: float = 0.0,
    interpolate: bool = False,
    inputs: Sequence[str] = (),
    check: bool = True,
    source: str = "",
    runs: Path | str | None = None,
) -> Path:
    """Make the torch module, or ONNX file, `model` the denoiser of the run `id`, new or recorded; returns its folder.

    `predicts` is noise, sample, v, score, velocity or edm; `schedule` betas (T,), ᾱ (T,), a diffusers scheduler,
    `sigmas` or `flow`; `pictures` the range it was trained on, (0, 1) or (-1, 1); `shape` (C, H, W). `call` is what
    asks it: call(net, x (N, C, H, W), t (N,), label (N,) int64), by default net(x, t, label), or net(x, t) without
    classes; with `no_label` the label len(classes) means none. Of an ONNX file `inputs` names the picture, the time
    and the label, guessed where left out. With `interpolate` discrete times are fractions between the network's own.
    `variance` (posterior, step, previous or none), `clip` and `times` (all where left out) say how its own chain draws:
    with "step", and times that end above 0, it leaves noise in the picture, as diffusers does. `ends`, of diffusers'
    DDIM, is the ᾱ that each of these leads to, `clip_noise` whether its noise follows from the clipped x̂0, `clip_at`
    where it clips, and `clip_share` the quantile that dynamic thresholding scales by, 0 for none. What a recorded run's
    card says need not be said. Needs onnx and onnxruntime, and of a module torch.

    `source` says where the weights are from, for the card, which keeps their SHA-256.

    Unless not `check`, a known picture is noised and denoised; what is odd is warned of and kept on the card.
    Raises RunError, leaving the run as it was, for terms that make no sense, a network that answers another shape or
    numbers that are none, one that another setting clearly fits, and a graph that does not do what the network does.
    """
    run = new_run_at(archive(runs), id)
    known = card_of(run)["dataset"] if run.card.is_file() else {}
    names = tuple(map(str, known.get("classes", ["all"]) if classes is None else classes))
    if known and list(names) != known["classes"]:
        raise RunError(f"{id} was recorded with the classes {', '.join(known['classes'])}; adopt it with the same.")
    network = _network(model, call, inputs, len(names))
    size = known.get("size", 28)
    terms = Terms(
        predicts, as_schedule(schedule), (float(pictures[0]), float(pictures[1])),
        tuple(shape or network.shape or (known.get("channels", 1), size, size)),
        dataset or known.get("name", "unknown"), names, no_label, fraction, sigma_data, variance, clip,
        tuple(map(int, times)), tuple(map(float, ends)), clip_noise, clip_at, clip_share, interpolate,
    )  # fmt: skip
    terms.check()
    _tried(network, terms)
    said = checks.findings(network.ask, terms, _kept(run, terms)) if check else [UNCHECKED]
    said += checks.start(terms)
    content = parity.graph_of(network, terms)
    if not isinstance(model, (str, Path)):  # a graph that was made here, of a network that this program holds
        remember(content)
    try:
        report = parity.compared(network, content, terms)
    except SamplerError as error:  # of an ONNX file, whose graph runs within limits
        raise RunError(str(error)) from error
    _written(run, terms, content, report, network.parameters, network.facts | _from(source) | {"check": said})
    for sentence in said:
        if sentence != UNCHECKED:
            warnings.warn(f"{id}: {sentence}", stacklevel=2)
    return run.folder


def _network(model: Any, call: Callable[..., Any] | None, inputs: Sequence[str], labels: int) -> parity.Network:
    """The network, whatever it came as. Raises RunError for an ONNX file that is none."""
    if isinstance(model, (str, Path)):
        from firstlight.adoption.onnx_network import OnnxNetwork

        network = OnnxNetwork(Path(model), inputs)
        if labels > 1 and len(network.inputs) < 3:
            raise RunError(f"{model} has {labels} classes, but no input for a label; adopt it without classes.")
        return network
    from firstlight.adoption.torch_network import TorchNetwork

    return TorchNetwork(model, call, labels > 1)


def _tried(network: parity.Network, terms: Terms) -> None:
    """Raises RunError for a network that does not answer as the terms say."""
    t = levels_at(terms, terms.schedule.ours(terms.pictures)[[0, -1]])[2]
    x, label = np.zeros((2, *terms.shape), np.float32), np.array([0, len(terms.classes) if terms.no_label else 0])
    if network.whole_times and t.dtype.kind != "i":
        raise RunError("The network's time is a whole number, and fractions were asked for; leave out interpolate and "
                       "fraction, and give a schedule of discrete times.")  # fmt: skip
    try:
        said = network.ask(x, t, label)
    except Exception as error:  # whatever somebody's network raises
        raise RunError(
            f"The network cannot be asked at its first and last time, {t[0]:g} and {t[1]:g} "
            f"({type(error).__name__}: {_first_sentence(error)}); {network.how}"
        ) from error
    if tuple(said.shape) != tuple(x.shape):
        raise RunError(
            f"The network answers {tuple(said.shape)} to {tuple(x.shape)}; say its pictures' shape=(C, H, W)."
        )
    if not np.isfinite(said).all():
        raise RunError(
            "The network answers with what is not a number; adopt it with the weights that it was trained to."
        )
    at_once = [network.ask(x + 1, np.full(2, time), label) for time in (0.0, 0.5)] if terms.interpolate else []
    if at_once and np.array_equal(at_once[0], at_once[1]):
        raise RunError("The network hears no difference between the times 0 and 0.5; leave out interpolate.")


def _first_sentence(error: Exception) -> str:
    return str(error).partition("\n")[0].partition(". ")[0].removesuffix(".")


def _kept(run: Run, terms: Terms) -> tuple[Any, Any] | None:
    """Pictures of the end of its training, from 0 to 1, (N, C, H, W), with labels (N,); None where there are none."""
    if not run.snapshots.is_file():
        return None
    table = pq.read_table(run.snapshots, columns=["step", "label", "image"])
    rows = table.filter(pc.equal(table["step"], pc.max(table["step"]))).slice(0, checks.EACH).to_pylist()
    channels, size, _ = terms.shape
    pictures = np.stack([np.frombuffer(row["image"], np.uint8).reshape(size, size, channels) for row in rows])
    return pictures.transpose(0, 3, 1, 2) / 255, np.array([row["label"] for row in rows])


def _from(source: str) -> dict[str, str]:
    return {"source": source} if source else {}


def _written(
    run: Run, terms: Terms, content: bytes, report: dict[str, Any], parameters: int, known: dict[str, Any]
) -> None:
    """The graph, its report and the card, together."""
    moment = now()
    sha256 = hashlib.sha256(content).hexdigest()
    guest = terms.guest | known
    facts = {"schema": 1, **report, "opset": opset_of(content), "size": len(content), "sha256": sha256,
             "exported": moment, "shapes": shapes(content), "guest": guest}  # fmt: skip
    card = card_of(run) if run.card.is_file() else _card(run, terms, moment)
    card["config"] = card.get("config", {}) | terms.config
    if known.get("source"):
        card["config"]["adopted"] += f", weights from {known['source']}"
    card |= {"guest": guest | {"sha256": sha256}, "parameters": parameters}
    with changing(run) as beside:
        write_bytes(beside(run.denoiser), content)
        write_json(beside(run.export), facts)
        write_json(beside(run.card), card)


def _card(run: Run, terms: Terms, moment: str) -> dict[str, Any]:
    channels, size, _ = terms.shape
    dataset = {"name": terms.dataset, "classes": list(terms.classes), "channels": channels, "size": size}
    return {
        "schema": SCHEMA, "id": run.id, "name": run.id, "tags": [], "preset": "adopted", "dataset": dataset,
        "config": {}, "seed": 0, "device": "", "versions": {}, "git_commit": None, "state": "finished", "message": "",
        "started": moment, "heartbeat": moment, "finished": moment, "seconds": 0.0, "step": 0, "steps": 0, "epoch": 0.0,
    }  # fmt: skip
