"""At most two processes in which graphs from elsewhere run, kept ready; one that hangs or grows is ended alone.

A graph is in one of them at a time, so that the worst of them leaves the other to everybody else.
"""

import atexit
import hashlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from firstlight.errors import GraphError
from firstlight.telemetry import OFF
from firstlight.untrusted import limits, trust
from firstlight.untrusted.inspection import Signature
from firstlight.untrusted.messages import Bytes, Head, arrays, described, receive, send

if TYPE_CHECKING:
    import onnx

MOST_WORKERS = 2
REST = 60.0  # seconds for which a graph that was stopped is not tried again with as many pictures
HERE = "firstlight.untrusted.worker"


class Worker:
    """One process, and which graphs it holds."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self.graphs: set[str] = set()  # SHA-256 of those that it holds
        self.resident = 0  # bytes in memory when it last answered
        self.busy, self.used = "", 0.0  # the graph that it is asked now, nothing where it is free; when it last was

    def start(self) -> None:
        """A fresh process. Raises GraphError where there can be none."""
        self.stop()
        environment = OFF | os.environ | {
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "OPENBLAS_NUM_THREADS": "1",
            "CUDA_VISIBLE_DEVICES": "",
        }  # fmt: skip
        apart: dict[str, Any] = {"start_new_session": True}  # Ctrl-C is for who waits, and it ends when nobody does
        if sys.platform == "win32":
            apart = {"creationflags": 0x08000000}  # no window
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", HERE], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL, env=environment, **apart,
            )  # fmt: skip
        except OSError as error:
            raise GraphError(f"is from elsewhere, and no process can be started to run it in ({error})") from error
        self._heard(limits.START_SECONDS, "the start of its process", 0)

    def stop(self) -> None:
        """End the process, if there is one."""
        self.graphs, self.resident = set(), 0
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            for stream in (self.process.stdin, self.process.stdout):
                with _unbroken():
                    stream.close()  # type: ignore[union-attr]
            self.process = None

    def has_room(self, size: int) -> bool:
        """Whether a graph of so many bytes more would leave half of its memory for drawing."""
        return self.resident + 10 * size <= limits.memory(size) // 2

    def ask(self, head: Head, parts: Sequence[Any], size: int, seconds: float, what: str) -> tuple[Head, list[Any]]:
        """What the process answers. Raises GraphError for a refusal, and where it had to be ended."""
        if self.process is None or self.process.poll() is not None:
            self.start()
        assert self.process is not None and self.process.stdin is not None
        with _unbroken():  # one that ends while it is told is noticed when it is heard
            send(self.process.stdin, head | {"memory": limits.memory(size), "seconds": seconds}, parts)
        said, found = self._heard(seconds, what, size)
        if refused := said.get("refused"):
            raise GraphError("".join(letter for letter in str(refused)[:400] if letter.isprintable()))
        self.resident = int(said["resident"])
        try:
            return said, arrays(said["arrays"], found)
        except (ValueError, TypeError, KeyError) as error:
            self.stop()
            raise GraphError("answers with what is no picture") from error

    def _heard(self, seconds: float, what: str, size: int) -> tuple[Head, list[Bytes]]:
        """The next answer, within a time."""
        process = self.process
        assert process is not None and process.stdout is not None
        late = threading.Event()

        def end() -> None:
            late.set()
            process.kill()

        clock = threading.Timer(seconds, end)
        clock.daemon = True
        clock.start()
        try:
            return receive(process.stdout, limits.memory(size))
        except (OSError, EOFError, ValueError, KeyError, TypeError, RecursionError) as error:
            process.kill()
            status = process.wait()
            self.stop()
            raise GraphError(_stopped(late.is_set(), status, seconds, what, size)) from error
        finally:
            clock.cancel()


def _stopped(late: bool, status: int, seconds: float, what: str, size: int) -> str:
    """Why a process had to be ended, a predicate."""
    if late:
        return (f"was stopped, for {what} took more than the {seconds:.0f} s that its size gives it "
                f"(FIRSTLIGHT_GRAPH_SECONDS is the most that any gets)")  # fmt: skip
    if status == limits.GROWN:
        return f"was stopped, for {what} took more than {limits.memory(size) / limits.MEGABYTE:.0f} MB of memory"
    return f"ended the process that ran it ({what}, status {status})"


@contextmanager
def _unbroken() -> Iterator[None]:
    try:
        yield
    except OSError:
        return


_workers: list[Worker] = []
_changed = threading.Condition()


@contextmanager
def _worker(graph: str, size: int) -> Iterator[Worker]:
    """A worker of one's own for a moment: one that holds the graph, else has room for it, else a fresh one."""
    with _changed:
        while True:
            free = [worker for worker in _workers if not worker.busy]
            taken = any(worker.busy == graph for worker in _workers)
            if not taken and (free or len(_workers) < MOST_WORKERS):
                break
            _changed.wait()
        fit = [each for each in free if graph in each.graphs] or [each for each in free if each.has_room(size)]
        if not fit and len(_workers) < MOST_WORKERS:
            _workers.append(Worker())
            fit = _workers[-1:]
        worker = min(fit or free, key=lambda each: each.used)
        worker.busy = graph
        if not fit:
            worker.stop()
    try:
        yield worker
    finally:
        with _changed:
            worker.busy, worker.used = "", time.monotonic()
            _changed.notify_all()


def stop() -> None:
    """End every process."""
    for worker in _workers:
        worker.stop()


def _forked() -> None:
    """A process that was forked off leaves its parent's workers alone."""
    global _changed
    _workers.clear()
    _changed = threading.Condition()


atexit.register(stop)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


class Value:
    """An input or output, as ONNX Runtime describes one."""

    def __init__(self, name: str, type: str, shape: list[int | str]) -> None:
        self.name, self.type, self.shape = name, type, shape


class About:
    """What a graph says of itself, as ONNX Runtime tells it."""

    def __init__(self, said: dict[str, str]) -> None:
        self.custom_metadata_map = said


class GuardedSession:
    """A graph that runs in a worker, asked like a session of ONNX Runtime. Raises GraphError, a predicate."""

    def __init__(self, content: bytes, signatures: Sequence[Signature] = (), threads: int = 1) -> None:
        limits.check_size(len(content))
        self.content, self.signatures, self.threads = content, list(signatures), threads
        self.graph = f"{hashlib.sha256(content).hexdigest()}-{threads}"
        self.stopped: tuple[float, int, str] | None = None  # when, for how many numbers, why
        with _worker(self.graph, len(self.content)) as worker:
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
        values = [np.ascontiguousarray(value) for value in inputs.values()]
        numbers = max(value.size for value in values)
        self._check_rest(numbers)
        head = {"do": "run", "graph": self.graph, "outputs": list(outputs), "inputs": list(inputs),
                "given": described(values), "axis": axis, "cores": cores}  # fmt: skip
        size, seconds = len(self.content), limits.seconds(len(self.content), numbers)
        with _worker(self.graph, len(self.content)) as worker:
            if self.graph not in worker.graphs or worker.process is None or worker.process.poll() is not None:
                self._loaded(worker)
            try:
                return worker.ask(head, values, size, seconds, "drawing with it")[1]
            except GraphError as error:
                if worker.process is None:
                    self.stopped = time.monotonic(), numbers, str(error)
                raise

    def _check_rest(self, numbers: int) -> None:
        """Raises GraphError at once for what has just been stopped: who tries again does not wait again."""
        if self.stopped and time.monotonic() - self.stopped[0] < REST and numbers >= self.stopped[1]:
            raise GraphError(self.stopped[2])

    def _loaded(self, worker: Worker) -> Head:
        """What a worker says of the graph when it has loaded it."""
        size = len(self.content)
        head = {"do": "load", "graph": self.graph, "signatures": self.signatures, "threads": self.threads}
        said, _ = worker.ask(head, [self.content], size, limits.seconds(size, 2 * limits.PICTURE), "loading it")
        worker.graphs.add(self.graph)
        return said


def look(content: bytes, signatures: Sequence[Signature] = ()) -> None:
    """Have a worker look at a graph. Raises GraphError, a predicate, for one that nothing here may load."""
    limits.check_size(len(content))
    head, seconds = {"do": "look", "signatures": list(signatures)}, limits.seconds(len(content), 2 * limits.PICTURE)
    with _worker(f"look at {hashlib.sha256(content).hexdigest()}", len(content)) as worker:
        worker.ask(head, [content], len(content), seconds, "looking at it")


def parsed(content: bytes) -> "onnx.ModelProto":
    """The graph for this process to read; one from elsewhere is looked at first. Raises GraphError, a predicate."""
    import onnx

    if not trust.ours(content):
        look(content)
    return onnx.load_model_from_string(content)
