"""A graph from elsewhere, asked like a session of ONNX Runtime, or looked at; a worker does either."""

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from firstlight.errors import GraphError
from firstlight.untrusted import limits, trust
from firstlight.untrusted.inspection import Signature
from firstlight.untrusted.messages import Head, described
from firstlight.untrusted.workers import Worker, worker_for

if TYPE_CHECKING:
    import onnx

REST = 60.0  # seconds for which a graph that was stopped is not tried again with as many pictures
MOST_STOPPED = 100

_stopped: dict[str, tuple[float, int, str]] = {}  # graph: when, for how many numbers, why


class Value:
    """An input or output, as ONNX Runtime describes one."""

    def __init__(self, name: str, type: str, shape: list[int | str]) -> None:
        self.name, self.type, self.shape = name, type, shape


class About:
    """What a graph says of itself, as ONNX Runtime tells it."""

    def __init__(self, said: dict[str, str]) -> None:
        self.custom_metadata_map = said


class GuardedSession:
    """A graph that runs in a worker, asked like a session of ONNX Runtime.

    Raises GraphError, a predicate, when it is made, and what `told` makes of that when it runs.
    """

    def __init__(
        self,
        content: bytes,
        signatures: Sequence[Signature] = (),
        threads: int = 1,
        told: Callable[[GraphError], Exception] = lambda error: error,
    ) -> None:
        limits.check_size(len(content))
        self.told = told
        self.content, self.signatures, self.threads = content, list(signatures), threads
        self.graph = f"{hashlib.sha256(content).hexdigest()}-{threads}"
        self._check_rest(0)
        with worker_for(self.graph, len(self.content)) as worker:
            said = self._loaded(worker)
        try:
            self.inputs, self.outputs = ([Value(*value) for value in said[name]] for name in ("inputs", "outputs"))
            self.about = About({str(key): str(value) for key, value in said["about"].items()})
        except (KeyError, TypeError, AttributeError) as error:
            raise GraphError("says nothing about itself") from error

    def get_inputs(self) -> list[Value]:
        return self.inputs

    def get_outputs(self) -> list[Value]:
        return self.outputs

    def get_modelmeta(self) -> About:
        return self.about

    def get_providers(self) -> list[str]:
        return ["CPUExecutionProvider"]

    def run(
        self, outputs: Sequence[str], inputs: dict[str, NDArray[Any]], axis: int | None = None, cores: int = 1
    ) -> list[NDArray[Any]]:
        """The outputs; with `axis`, of pictures that lie on the first axis of every input and on this of every output.

        Then each of `cores` has its share, and no more pictures at a time than fit into little memory.
        """
        try:
            return self._run(outputs, inputs, axis, cores)
        except GraphError as error:
            raise self.told(error) from error

    def _run(
        self, outputs: Sequence[str], inputs: dict[str, NDArray[Any]], axis: int | None, cores: int
    ) -> list[NDArray[Any]]:
        values = [np.asarray(value, order="C") for value in inputs.values()]
        numbers = max(value.size for value in values)
        self._check_rest(numbers)
        head = {"do": "run", "graph": self.graph, "outputs": list(outputs), "inputs": list(inputs),
                "given": described(values), "axis": axis, "cores": cores}  # fmt: skip
        size, seconds = len(self.content), limits.seconds(len(self.content), numbers)
        with worker_for(self.graph, len(self.content)) as worker:
            if self.graph not in worker.graphs or worker.process is None or worker.process.poll() is not None:
                self._loaded(worker)
            with self._noted(worker, numbers):
                return worker.ask(head, values, size, seconds, "drawing with it")[1]

    def _check_rest(self, numbers: int) -> None:
        """Raises GraphError at once for what has just been stopped: who tries again does not wait again."""
        when, least, words = _stopped.get(self.graph, (-REST, 0, ""))
        if time.monotonic() - when < REST and numbers >= least:
            raise GraphError(words)

    @contextmanager
    def _noted(self, worker: Worker, numbers: int) -> Iterator[None]:
        """Remember for a while that a process had to be ended."""
        try:
            yield
        except GraphError as error:
            if worker.process is None:
                if len(_stopped) >= MOST_STOPPED:
                    _stopped.pop(next(iter(_stopped)))
                _stopped[self.graph] = time.monotonic(), numbers, str(error)
            raise

    def _loaded(self, worker: Worker) -> Head:
        """What a worker says of the graph when it has loaded it."""
        size = len(self.content)
        head = {"do": "load", "graph": self.graph, "signatures": self.signatures, "threads": self.threads}
        with self._noted(worker, 0):
            said, _ = worker.ask(head, [self.content], size, limits.seconds(size, 2 * limits.PICTURE), "loading it")
        worker.graphs.add(self.graph)
        return said


def look(content: bytes, signatures: Sequence[Signature] = ()) -> None:
    """Have a worker look at a graph. Raises GraphError, a predicate, for one that nothing here may load."""
    limits.check_size(len(content))
    head, seconds = {"do": "look", "signatures": list(signatures)}, limits.seconds(len(content), 2 * limits.PICTURE)
    with worker_for(f"look at {hashlib.sha256(content).hexdigest()}", len(content)) as worker:
        worker.ask(head, [content], len(content), seconds, "looking at it")


def parsed(content: bytes) -> "onnx.ModelProto":
    """The graph for this process to read; one from elsewhere is looked at first. Raises GraphError, a predicate."""
    import onnx

    if not trust.ours(content):
        look(content)
    return onnx.load_model_from_string(content)
