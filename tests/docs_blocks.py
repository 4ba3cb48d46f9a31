"""The blocks of code in the docs: how each is marked, and `make docs-run`, which runs those that are to be run.

The line above a block says what becomes of it:

    <!-- run -->                                  make docs-run runs it in a copy of the checkout, installing nothing
    <!-- run: serves http://127.0.0.1:8501 -->    started, waited for until the address answers, ended
    <!-- tested: tests/test_x.py -->              that test reads it from the page and runs it
    <!-- not run: REASON -->
"""

import argparse
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path

from firstlight.errors import RunError

ROOT = Path(__file__).parent.parent
FENCE = re.compile(
    r"(?:^ *<!-- (?P<note>(?:run|tested|not run)\b.*?) -->\n)?^ *```(?P<language>[^\n`]*)\n(?P<code>.*?)^ *```$",
    re.MULTILINE | re.DOTALL,
)
SHELL = ("", "bash")
LEFT_OUT = (".git", ".venv", "build", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis")
SMALL = {  # with --small: the same commands where there is little time
    "--preset tiny": "--preset tiny --epochs 2 --per-class 40",
    "trace first": "trace first --per-class 4",
    "evaluate all first": "evaluate all first --per-class 20",
}
PATIENCE = 3600  # seconds for a block, on a machine with other work


@dataclass(frozen=True)
class Block:
    """One block: its file and line, its language, its text, and what is said of it."""

    path: Path
    line: int
    language: str
    code: str
    note: str

    @property
    def place(self) -> str:
        """Where it stands."""
        return f"{self.path.relative_to(ROOT) if self.path.is_relative_to(ROOT) else self.path}:{self.line}"


def pages() -> list[Path]:
    """Every page that people read, the tutorial first."""
    found = [ROOT / "README.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return sorted(found, key=lambda path: path.name != "tutorial.md")


def blocks(path: Path) -> list[Block]:
    """The blocks of a page, save those that say to Sphinx what stands in the navigation."""
    text = path.read_text()
    found = [
        Block(path, text.count("\n", 0, each.start("code")), each["language"].strip(), each["code"], each["note"] or "")
        for each in FENCE.finditer(text)
    ]
    return [block for block in found if not block.language.startswith("{toctree}")]


def fault(block: Block) -> str:
    """What is wrong with the mark of a block; empty where it is right."""
    kind, _, said = block.note.partition(":")
    said = said.strip()
    if kind == "run":
        good = block.language in SHELL and (not said or re.fullmatch(r"serves http://\S+", said))
        return "" if good else "only a shell's block is run, and only `serves ADDRESS` may be said of it"
    if kind == "tested":
        test = ROOT / said
        good = test.is_file() and block.path.name in test.read_text()
        return "" if good else f"{said} is no test that reads {block.path.name}"
    if kind == "not run":
        return "" if len(said.split()) >= 4 else "a reason has four words at least"
    return "nothing is said of it above it: <!-- run -->, <!-- tested: FILE --> or <!-- not run: REASON -->"


def commands(block: Block) -> Iterator[list[str]]:
    """The words of each command `firstlight …` in a shell's block."""
    if block.language not in SHELL:
        return
    for line in block.code.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True) if "firstlight" in line else []
        for at, word in enumerate(words):
            if word.rsplit("/", 1)[-1] == "firstlight" and words[at - 1] != "clone" and words[at + 1 :]:
                yield words[at + 1 :]
                break


def parse(words: list[str]) -> None:
    """Give a command to the parser that reads it. Raises ValueError where that refuses it."""
    from firstlight.command import COMMANDS, PARTS

    if words[0] in ("--help", "--version"):
        return
    if words[0] not in COMMANDS:
        raise ValueError(f"{words[0]} is no command")
    room = import_module(f"{COMMANDS[words[0]][0]}.__main__")
    rest = words if words[0] in PARTS else words[1:]
    if rest[:1] == ["sweep"] and rest[1] not in (*room.SWEEPS, "start"):
        rest = ["sweep", "start", *rest[1:]]
    try:
        room.parser().parse_args(rest)
    except (SystemExit, RunError) as error:
        raise ValueError(str(error)) from None


def smaller(block: Block) -> Block:
    """The block with less to train, trace and judge."""
    code = block.code
    for words, few in SMALL.items():
        code = re.sub(rf"{words}\b", few, code)
    return replace(block, code=code)


def copy_to(folder: Path) -> Path:
    """A copy of the checkout, with this Python's programs as its .venv, where `make` finds everything installed."""
    home = folder / "firstlight"
    shutil.copytree(ROOT, home, ignore=shutil.ignore_patterns(*LEFT_OUT), symlinks=True)
    (home / ".venv").mkdir()
    (home / ".venv" / "bin").symlink_to(Path(sys.prefix) / "bin")
    for stamp in ("dashboard", "all"):
        (home / ".venv" / f"{stamp}.stamp").touch()  # or it would install the copy into this Python
    return home


def run(block: Block, home: Path) -> tuple[bool, str]:
    """Run a block in the copy `home`: whether it did, and the end of what it printed."""
    environment = os.environ | {"PYTHONPATH": str(home), "PATH": f"{home / '.venv' / 'bin'}:{os.environ['PATH']}"}
    environment = {key: value for key, value in environment.items() if not key.startswith("FIRSTLIGHT_")}
    said = home.parent / "said.txt"
    served = block.note.partition("serves ")[2]
    if served and answers(served):
        return False, f"{served} answers before anything is started; end what serves it\n"
    with said.open("w") as out:
        process = subprocess.Popen(
            ["bash", "-e", "-c", block.code], cwd=home, env=environment, stdout=out, stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        try:
            good = waited(process, served) if served else process.wait(PATIENCE) == 0
        except subprocess.TimeoutExpired:
            good = False
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
                process.wait(30)
    return good, said.read_text()[-2000:]


def waited(process: "subprocess.Popen[bytes]", address: str) -> bool:
    """Whether what `process` serves answers within the time."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        if answers(address):
            return True
        time.sleep(0.5)
    return False


def answers(address: str) -> bool:
    """Whether something there answers."""
    try:
        return bool(urllib.request.urlopen(address, timeout=5).status == 200)
    except OSError:
        return False


def main() -> int:
    """Run the marked blocks of some pages, each page's in a copy of its own; 1 where one did not run."""
    parser = argparse.ArgumentParser(description="Run the blocks of the docs that are marked to be run.")
    parser.add_argument("pages", nargs="*", type=Path, help="of these pages (default: all)")
    parser.add_argument("--small", action="store_true", help="train, trace and judge a tenth as much, or less")
    given = parser.parse_args()
    failed = counted = 0
    for path in [page.resolve() for page in given.pages] or pages():
        wanted = [block for block in blocks(path) if block.note.partition(":")[0] == "run"]
        wanted = [smaller(block) for block in wanted] if given.small else wanted
        with tempfile.TemporaryDirectory() as folder:
            home = copy_to(Path(folder)) if wanted else Path()
            for block in wanted:
                began = time.monotonic()
                good, said = run(block, home)
                counted, failed = counted + 1, failed + (not good)
                print(f"{block.place}: {'ran' if good else 'FAILED'}, {time.monotonic() - began:.0f} s", flush=True)
                if not good:
                    print(said)
    print(f"{counted} blocks run, {failed} failed.")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
