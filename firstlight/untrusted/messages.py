"""What this process and a worker say to each other: JSON of plain facts, then raw bytes. Nothing is ever unpickled."""

import json
import math
from collections.abc import Sequence
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

MOST_HEAD = 1_000_000  # bytes of JSON
KINDS = ("float32", "float64", "float16", "int64", "int32", "int16", "int8", "uint8", "uint16", "uint32", "uint64",
         "bool")  # fmt: skip

Head = dict[str, Any]
Bytes = NDArray[np.uint8]


def send(stream: IO[bytes], head: Head, parts: Sequence[Any] = ()) -> None:
    """Facts and buffers. Raises OSError where nobody reads."""
    views = [memoryview(part).cast("B") if memoryview(part).nbytes else memoryview(b"") for part in parts]
    text = json.dumps({**head, "sizes": [len(view) for view in views]}).encode()
    stream.write(len(text).to_bytes(4, "big") + text)
    for view in views:
        stream.write(view)
    stream.flush()


def receive(stream: IO[bytes], most: int) -> tuple[Head, list[Bytes]]:
    """The same, at most so many bytes. Raises EOFError where it is cut short, ValueError for more or for no sense."""
    length = int.from_bytes(_exactly(stream, 4).tobytes(), "big")
    if length > MOST_HEAD:
        raise ValueError("too much was said")
    head = json.loads(_exactly(stream, length).tobytes())
    sizes = head["sizes"]
    if sum(sizes) > most or min(sizes, default=0) < 0:
        raise ValueError("too much was said")
    return head, [_exactly(stream, size) for size in sizes]


def described(values: Sequence[NDArray[Any]]) -> list[Any]:
    """Kind and shape of arrays, as JSON holds them."""
    return [[value.dtype.name, list(value.shape)] for value in values]


def arrays(described: Sequence[Any], parts: Sequence[Bytes]) -> list[NDArray[Any]]:
    """The arrays that were described. Raises ValueError for what is no array of numbers."""
    found = []
    for (kind, shape), part in zip(described, parts, strict=True):
        if kind not in KINDS or any(not isinstance(size, int) or size < 0 for size in shape):
            raise ValueError("this is no array")
        if math.prod(shape) * np.dtype(kind).itemsize != len(part):
            raise ValueError("an array has another size")
        found.append(part.view(kind).reshape(shape))
    return found


def _exactly(stream: IO[bytes], size: int) -> Bytes:
    buffer = np.empty(size, np.uint8)
    view, done = buffer.data, 0
    while done < size:
        count = stream.readinto(view[done:])  # type: ignore[attr-defined]
        if not count:
            raise EOFError
        done += count
    return buffer
