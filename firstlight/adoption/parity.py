"""A guest's graph, and how far it is from the network itself, at every level that the network knows."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from firstlight.errors import RunError
from firstlight.graph import OUTPUT, serialize
from firstlight.runtime import CPU, inference_session

if TYPE_CHECKING:
    import onnx

    from firstlight.adoption.conventions import Terms

LIMIT = 1e-4  # largest difference of x̂0 from the network in float64 that is let through, or twice float32's own
AT_ONCE = 64  # pictures compared together
IN_DOUBLE = 8  # of them, asked in float64 together: more need memory that is cleared anew each time
ALL_LABELS = 8  # levels at which every label is tried
Answer = Callable[[NDArray[Any], NDArray[Any], NDArray[np.int64]], NDArray[Any]]


class Network(Protocol):
    """A network that is adopted, in whatever form it came."""

    @property
    def one_time(self) -> bool: ...  # whether all pictures of a batch have one time

    @property
    def how(self) -> str: ...  # it can be asked where it cannot: the end of a sentence

    @property
    def whole_times(self) -> bool: ...  # whether it takes whole times alone

    @property
    def shape(self) -> tuple[int, int, int] | None: ...  # (C, H, W), where it says so itself

    @property
    def parameters(self) -> int: ...

    @property
    def facts(self) -> dict[str, Any]: ...  # for its card

    @property
    def ask(self) -> Answer: ...  # x, t, label -> what it says

    def graph(self, terms: "Terms") -> "onnx.ModelProto": ...

    def exact(self, terms: "Terms") -> Answer: ...  # x, logsnr, label -> x̂0, in float64

    def plain(self, terms: "Terms") -> Answer: ...  # the same in float32


def graph_of(network: Network, terms: "Terms") -> bytes:
    """The network as a serialized ONNX graph that names its classes, and whether it knows \"no label\"."""
    facts = {"classes": json.dumps(list(terms.classes), ensure_ascii=False), "scale": "[-1, 1]"}
    if not terms.no_label:
        facts["no_label"] = "false"
    if network.one_time:
        facts["one_level"] = "true"
    return serialize(network.graph(terms), facts)


def compared(network: Network, content: bytes, terms: "Terms") -> dict[str, Any]:
    """The graph, and the network in float32, against the network in float64: the largest difference at each level.

    Raises RunError for a graph that is further off than LIMIT and than twice float32, and for answers that are not
    numbers.
    """
    session = inference_session(content, Path("denoiser.onnx"), CPU)
    asked = network.exact(terms), network.plain(terms)
    own = np.unique(terms.levels).astype(np.float32)
    labels = len(terms.classes) + terms.no_label
    some = set(np.linspace(0, len(own) - 1, min(ALL_LABELS, len(own))).round().astype(int).tolist())
    pairs = [(k, c) for k in range(len(own)) for c in (range(labels) if k in some else [k % labels])]
    graph, single = np.zeros(len(own)), np.zeros(len(own))
    for first in range(0, len(pairs), AT_ONCE):
        place, label = np.array(pairs[first : first + AT_ONCE]).T
        found = _differences(*asked, session, own[place], label, terms, network.one_time)
        for target, differences in zip((graph, single), found, strict=True):
            np.maximum.at(target, place, differences)
    worst = int(graph.argmax())
    if not (graph <= np.maximum(LIMIT, 2 * single)).all():
        raise RunError(
            f"The graph differs from the network by {graph[worst]:.1e} at logSNR {own[worst]:.1f}, where the network's "
            f"float32 differs by {single[worst]:.1e}; nothing was written: adopt it with the torch of [train]."
        )
    return {
        "difference": float(graph[worst]), "logsnr": float(own[worst]), "batch": AT_ONCE, "compared": len(pairs),
        "limit": LIMIT, "by_level": [list(map(float, row)) for row in zip(own, graph, single, strict=True)],
    }  # fmt: skip


def _differences(
    exact: Answer, plain: Answer, session: Any, level: np.ndarray, label: np.ndarray, terms: "Terms", one_time: bool
) -> tuple[np.ndarray, np.ndarray]:
    """How far the graph and the network in float32 are from float64, the largest of each picture, both (N,)."""
    noise = np.random.default_rng(0).standard_normal((len(level), *terms.shape)).astype(np.float32)
    parts = [slice(first, first + IN_DOUBLE) for first in range(0, len(level), IN_DOUBLE)]
    right = np.concatenate([exact(noise[part], level[part], label[part]) for part in parts])
    plainly = plain(noise, level, label)
    bad = ~np.isfinite(right).all(axis=(1, 2, 3)) | ~np.isfinite(plainly).all(axis=(1, 2, 3))
    if bad.any():
        raise RunError(f"The network answers with what is not a number at logSNR {level[bad.argmax()]:.1f}; adopt it "
                       "with the weights that it was trained to, and the levels that it learned.")  # fmt: skip
    drawn = np.empty_like(noise)
    for here in [level == one for one in np.unique(level)] if one_time else [np.full(len(level), True)]:
        for part in np.array_split(np.flatnonzero(here), -(-int(here.sum()) // IN_DOUBLE)):
            inputs = {"x": noise[part], "logsnr": level[part], "label": label[part].astype(np.int64)}
            drawn[part] = session.run([OUTPUT], inputs)[0]
    return tuple(np.abs(each - right).max(axis=(1, 2, 3)) for each in (drawn, plainly))
