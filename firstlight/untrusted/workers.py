"""At most two processes in which graphs from elsewhere run, kept ready; one that hangs or grows is ended alone.

A graph is in one of them at a time, so that the worst of them leaves the other to everybody else.
"""

import atexit
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from firstlight.errors import GraphError
from firstlight.telemetry import OFF
from firstlight.untrusted import limits
from firstlight.untrusted.messages import Bytes, Head, arrays, receive, send

MOST_WORKERS = 2
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
        ours = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}  # it gives back
        environment = OFF | ours | {
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
        try:
            self._heard(limits.START_SECONDS, "the start of its process", 0)
        except BaseException:
            self.stop()
            raise

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
        try:
            with _unbroken():  # one that ends while it is told is noticed when it is heard
                send(self.process.stdin, head | {"memory": limits.memory(size), "seconds": seconds}, parts)
            said, found = self._heard(seconds, what, size)
        except BaseException:  # such as Ctrl-C: what comes after is no answer to the next question
            self.stop()
            raise
        held = said.get("resident")
        self.resident = held if isinstance(held, int) else limits.memory(size)  # who does not say it has no room
        if refused := said.get("refused"):
            raise GraphError("".join(letter for letter in str(refused)[:400] if letter.isprintable()))
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
def worker_for(graph: str, size: int) -> Iterator[Worker]:
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
