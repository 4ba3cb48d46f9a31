"""A run that comes from elsewhere, as a zip or a folder: what is in it, believed only as far as it was read.

Nothing is written here. What passes has names that a run and its judges may have, each once, and every part says no
more bytes than there is room for.
"""

import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from io import BufferedReader, FileIO
from pathlib import Path
from typing import IO

from firstlight.archives import FITTED
from firstlight.errors import RunError
from firstlight.run_folder import Run
from firstlight.run_id import RUN_ID

MOST_FILES = 1_000
LARGEST = 16 << 30  # bytes, of all files together
LARGEST_JSON = 4 << 20  # bytes of one
SLACK, RATIO = 64 << 20, 20  # a zip may hold so many bytes, and so many times its own
LARGEST_LIST = 1 << 20  # bytes of a zip's list of files
AGAIN = "have it packed again with: firstlight store pack RUN"
SEND = "have it sent again"
CHUNK = 1 << 20  # bytes that are read at once
# what zipfile raises of files that are none
BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, RuntimeError, NotImplementedError, ValueError,
          OverflowError, MemoryError)  # fmt: skip
ENCRYPTED, PATCHED = 0x41, 0x20  # bits of a member's flags
HEADER = 30  # bytes before a member's name


@dataclass(frozen=True)
class Part:
    """One file of a parcel."""

    name: str  # <id>/<file>, or .fitted/<file of a judge>
    size: int  # bytes, as it says
    open: Callable[[], IO[bytes]]


def refusal(reason: str, fix: str = AGAIN) -> RunError:
    """Why something is not imported, one sentence."""
    return RunError(f"Not imported, because {reason}; {fix}.")


def quoted(name: str) -> str:
    """A name from elsewhere, short and without what would steer a terminal."""
    return ascii(name if len(name) <= 80 else f"{name[:77]}...")


@contextmanager
def parcel(path: Path) -> Iterator[list[Part]]:
    """The files of a zip or of a run's folder. Raises RunError for anything that neither is, whole and plain."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise refusal(f"{path} cannot be read ({error.strerror})", "name a file or a folder that is there") from error
    if stat.S_ISDIR(mode):
        yield _checked(_in_folder(path), LARGEST)
        return
    if not stat.S_ISREG(mode):
        raise refusal(f"{path} is neither a file nor a folder", "name the file that firstlight store pack wrote")
    with _Careful(FileIO(path)) as file:
        room = min(LARGEST, SLACK + RATIO * os.fstat(file.fileno()).st_size)
        try:
            packed = zipfile.ZipFile(file)
            parts = _checked(_in_zip(packed), room)
        except BROKEN as error:
            raise refusal(f"{path.name} is no whole zip ({error or type(error).__name__})", SEND) from error
        yield parts


def chunks(part: Part) -> Iterator[bytes]:
    """The bytes of a part, never more than it says. Raises RunError where they are fewer, more, or damaged."""
    left = part.size
    try:
        with part.open() as file:
            while chunk := file.read(CHUNK):
                left -= len(chunk)
                if left < 0:
                    break
                yield chunk
    except OSError as error:
        raise refusal(f"{quoted(part.name)} cannot be read ({error.strerror})", "make it readable") from error
    except BROKEN as error:
        raise refusal(f"{quoted(part.name)} is damaged ({error or type(error).__name__})", SEND) from error
    if left:
        raise refusal(f"{quoted(part.name)} has another size than it says", SEND)


class _Careful(BufferedReader):
    """A file of which no more is read at once than a list of files may have, whatever a zip says that it has."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > LARGEST_LIST:
            raise refusal(f"its list of files has {size:,} bytes")
        return super().read(LARGEST_LIST if size is None or size < 0 else size)


def _in_folder(folder: Path) -> list[Part]:
    """Every file of a run's folder; what is hidden is passed over, and what is no plain file refused."""
    found: list[Part] = []
    folders = [""]
    for prefix in folders:  # which grows on the way
        try:
            with os.scandir(folder / prefix) as items:
                looked = [(item, item.stat(follow_symlinks=False)) for item in items if not item.name.startswith(".")]
        except OSError as error:
            raise refusal(f"{folder / prefix} cannot be read ({error.strerror})", "make it readable") from error
        for item, info in looked:
            name = f"{prefix}{item.name}"
            if stat.S_ISDIR(info.st_mode):
                folders.append(f"{name}/")
            elif not stat.S_ISREG(info.st_mode):
                what = "a link" if stat.S_ISLNK(info.st_mode) else "no plain file"
                raise refusal(f"{quoted(name)} is {what}", "put the file itself in its place, or take it out")
            else:
                found.append(Part(f"run/{name}", info.st_size, partial(_opened, item.path)))
        if len(found) + len(folders) > MOST_FILES:
            raise refusal(f"it holds more than {MOST_FILES:,} files", "name the folder of one run")
    return found


def _opened(path: str) -> IO[bytes]:
    return open(os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)), "rb")


def _in_zip(packed: zipfile.ZipFile) -> list[Part]:
    """Every file of a zip whose own list of them holds together."""
    members = packed.infolist()
    if len(members) > MOST_FILES:
        raise refusal(f"it holds {len(members):,} files, more than {MOST_FILES:,}")
    for member in members:
        _check_member(member)
    end = 0
    for member in sorted(members, key=lambda each: each.header_offset):
        if member.header_offset < end or (not end and member.header_offset):
            raise refusal(f"{quoted(member.filename)} begins inside another file, or after something else")
        end = member.header_offset + HEADER + len(member.filename) + member.compress_size
    if end > packed.start_dir:
        raise refusal("a file in it is said to be larger than the zip", SEND)
    files = [member for member in members if not member.is_dir()]
    return [Part(member.filename, member.file_size, partial(packed.open, member)) for member in files]


def _check_member(member: zipfile.ZipInfo) -> None:
    """Raises RunError for what is no plain file, or one that is hidden from whoever looks."""
    name, kind = quoted(member.orig_filename), stat.S_IFMT(member.external_attr >> 16)
    if member.orig_filename != member.filename or "\0" in member.orig_filename:
        raise refusal(f"the name {name} holds a character that no file has")
    if member.flag_bits & ENCRYPTED:
        raise refusal(f"{name} is encrypted", "have it packed without a password")
    if member.flag_bits & PATCHED or member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise refusal(f"{name} is compressed in a way that is not read here")
    if member.is_dir():
        if member.file_size or member.compress_size:
            raise refusal(f"{name} is a folder with bytes of its own")
    elif kind not in (0, stat.S_IFREG):
        raise refusal(f"{name} is {'a link' if stat.S_ISLNK(kind) else 'no plain file'}")


def _checked(parts: list[Part], room: int) -> list[Part]:
    """The parts that are to be read; what is hidden in a run's folder is passed over, as in a folder.

    Raises RunError for names that a parcel does not have, and for too many bytes.
    """
    seen: set[str] = set()
    kept = []
    for part in parts:
        _check_path(part.name)
        if part.name.lower() in seen:
            raise refusal(f"{quoted(part.name)} is in it twice, or with small and large letters")
        seen.add(part.name.lower())
        head, _, rest = part.name.partition("/")
        if head == FITTED or not f"/{rest}".count("/."):
            kept.append(part)
            _check_name(head, rest)
        if part.name.endswith(".json") and part.size > LARGEST_JSON:
            raise refusal(f"{quoted(part.name)} has {part.size:,} bytes, more than {LARGEST_JSON:,}")
    ids = {part.name.partition("/")[0] for part in kept} - {FITTED}
    if len(ids) != 1:
        raise refusal(f"it holds {len(ids)} runs and not one")
    if sum(part.size for part in parts) > room:
        raise refusal(f"its files are said to have more than {room:,} bytes together")
    return kept


def _check_name(head: str, rest: str) -> None:
    """Raises RunError for what is no file of a run; the judges' are looked at when it is known which they may be."""
    if head == FITTED:
        return
    if not RUN_ID.fullmatch(head):
        raise refusal(f"{quoted(head)} is no id of a run")
    if not Run(Path(head)).knows(rest):
        raise refusal(f"{quoted(rest or head)} is no file of a run", f"take it out, or {AGAIN}")


def _check_path(name: str) -> None:
    """Raises RunError for a name that leads elsewhere than down, on any system."""
    pieces = name.split("/")
    if "\\" in name or ":" in name or name.startswith("/") or not set(pieces).isdisjoint({"", ".", ".."}):
        raise refusal(f"the path {quoted(name)} leads out of the run's folder")
