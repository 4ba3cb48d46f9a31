"""The process in which a graph from elsewhere is looked at and run; it ends itself where memory or time run out.

It is started by firstlight/untrusted/workers.py, is told what to do through its standard input, and answers through
its standard output. It is no sandbox: it bounds time and memory, and keeps a crash to itself.
"""

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firstlight.errors import GraphError
from firstlight.telemetry import switch_off
from firstlight.untrusted.inspection import inspect
from firstlight.untrusted.limits import GROWN
from firstlight.untrusted.messages import Bytes, Head, arrays, described, receive, send
from firstlight.untrusted.usage import limit_memory, resident, taken

LOOKS = 0.02  # seconds between two looks at its memory
NO_MEMORY = ("bad_alloc", "bad allocation", "allocate memory", "Unable to allocate")  # ONNX Runtime's, numpy's
AT_ONCE = 16 * 28 * 28  # numbers of a picture's plane that one core computes together: bounds memory

Sessions = dict[str, Any]  # sha256 -> session
Answer = tuple[Head, list[NDArray[Any]]]


class Watch(threading.Thread):
    """Looks at this process while it works, and ends it where it grows, or where nobody waits for it any more."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.working, self.most, self.until, self.parent = threading.Event(), 0, 0.0, os.getppid()

    def begin(self, memory: int, seconds: float) -> None:
        self.most, self.until = memory, time.monotonic() + seconds + 2
        limit_memory(memory)
        self.working.set()

    def run(self) -> None:
        while self.working.wait():
            if resident() > self.most:
                os._exit(GROWN)
            if time.monotonic() > self.until or os.getppid() != self.parent:
                os._exit(1)
            time.sleep(LOOKS)


def main() -> None:
    """Answer until nobody asks."""
    switch_off()
    take, give = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):  # a library's own remarks are for nobody
        os.dup2(nowhere, stream)
    import onnx  # noqa: F401  what every request needs, loaded before the clock runs

    from firstlight.ort import ort  # noqa: F401

    sessions: Sessions = {}
    watch = Watch()
    watch.start()
    send(give, {"ready": True})
    while True:
        try:
            head, parts = receive(take, 2**62)
        except EOFError:
            return
        watch.begin(head["memory"], head["seconds"])
        said, values = _answered(sessions, head, parts)
        del parts
        watch.working.clear()
        send(give, said | {"resident": taken(), "arrays": described(values)}, values)


def _answered(sessions: Sessions, head: Head, parts: list[Bytes]) -> Answer:
    """What is asked, or why it cannot be said: a predicate."""
    try:
        return {"look": _look, "load": _load, "run": _run}[head["do"]](sessions, head, parts)
    except GraphError as error:
        return {"refused": str(error)}, []
    except MemoryError:
        os._exit(GROWN)
    except Exception as error:  # ONNX Runtime's errors share no base class
        if any(word in str(error) for word in NO_MEMORY):
            os._exit(GROWN)
        line = (str(error).strip().splitlines() or [type(error).__name__])[0][:160]
        if head["do"] == "run":
            count = (head["given"][0][1] or [1])[0]
            return {"refused": f"cannot be asked for {count} pictures at once ({line}); ask for fewer"}, []
        return {"refused": f"cannot be loaded by ONNX Runtime ({line})"}, []


def _look(_: Sessions, head: Head, parts: list[Bytes]) -> Answer:
    inspect(parts[0].tobytes(), head["signatures"])
    return {}, []


def _load(sessions: Sessions, head: Head, parts: list[Bytes]) -> Answer:
    """A session, kept under the graph's SHA-256; what goes in and comes out, and what the graph says of itself."""
    from firstlight.runtime import CPU, new_session

    content = parts[0].tobytes()
    inspect(content, head["signatures"])
    session = new_session(content, [CPU], head["threads"])
    sessions[head["graph"]] = session
    about = session.get_modelmeta().custom_metadata_map
    return {"inputs": _told(session.get_inputs()), "outputs": _told(session.get_outputs()), "about": about}, []


def _told(values: list[Any]) -> list[Any]:
    """Name, type and shape of inputs or outputs."""
    return [[value.name, value.type, [size if isinstance(size, int) else str(size) for size in value.shape]]
            for value in values]  # fmt: skip


def _run(sessions: Sessions, head: Head, parts: list[Bytes]) -> Answer:
    """The outputs asked for, of all inputs together, or of a few pictures at a time where they lie along an axis."""
    session = sessions[head["graph"]]
    inputs = dict(zip(head["inputs"], arrays(head["given"], parts), strict=True))
    if head["axis"] is None:
        return {}, [np.asarray(value, order="C") for value in session.run(head["outputs"], inputs)]
    shares = _shares(inputs, head["cores"])
    split = [dict(zip(inputs, part, strict=True))
             for part in zip(*(np.array_split(value, shares) for value in inputs.values()), strict=True)]  # fmt: skip
    if head["cores"] == 1 or shares == 1:
        found = [session.run(head["outputs"], part) for part in split]
    else:
        found = list(_pool(head["cores"]).map(lambda part: session.run(head["outputs"], part), split))
    if any(value.ndim <= head["axis"] for values in found for value in values):
        raise GraphError("answers all pictures with one number")
    return {}, [np.concatenate(each, head["axis"]) for each in zip(*found, strict=True)]


def _shares(inputs: dict[str, NDArray[Any]], cores: int) -> int:
    """Into how many parts the pictures are split: one for each core, more where they are many or large."""
    picture = next(iter(inputs.values()))
    plane = int(np.prod(picture.shape[2:])) or 1
    most = max(1, AT_ONCE // plane)
    return max(1, min(len(picture), max(cores, -(-len(picture) // most))))


_pools: dict[int, ThreadPoolExecutor] = {}


def _pool(cores: int) -> ThreadPoolExecutor:
    return _pools.setdefault(cores, ThreadPoolExecutor(cores, "draw"))


if __name__ == "__main__":
    main()
