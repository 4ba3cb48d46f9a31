"""The wheel, installed away from the checkout and used from a folder that holds somebody's own modules.

It is built once and installed without its dependencies, which the environment of the tests lends: a .pth file names
that folder of packages, and Python follows no .pth file that lies in it, so a checkout's editable install is not seen.
"""

import ast
import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import tomllib
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import numpy as np
import pytest

from firstlight.command import COMMANDS
from firstlight.extras import EXTRAS, NEEDS

HTML = ("report", "dashboard report", "site", "dashboard site", "exercises", "dashboard exercises")  # write a file
ROOT = Path(__file__).parent.parent
ROOMS = ("store", "jobs", "sampler", "trainer", "evaluator", "exporter", "dashboard")
HINT = re.compile(r"\bfirstlight ((?:--)?[a-z][^`'\"|;:,()<\n…]*)")
HOSTILE = "raise SystemExit('a module of the folder was loaded')"
BLOCK = """
import sys
class Gone:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "torchvision", "open_clip"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Gone())
"""
# What the commands with a parser of their own say, and every parser's flags.
ASKED = """
import argparse, contextlib, io, json, sys
from firstlight import command
sys.path.insert(0, str(command.HOME))
flags, said = {{}}, {{}}
def walk(parser, words):
    flags[words] = [flag for action in parser._actions for flag in action.option_strings]
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, child in action.choices.items():
                walk(child, f"{{words}} {{name}}".strip())
for name, (room, _) in command.COMMANDS.items():
    walk(command.import_module(f"{{room}}.__main__").parser(), "" if name in command.PARTS else name)
for words in [*{asked!r}, *(f"{{words}} --help" for words in flags if words)]:
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as error:
        try:
            status = command.main(words.split())
        except SystemExit as end:
            status = end.code
    said[words] = [status, out.getvalue(), error.getvalue(), "onnx" in sys.modules]
print(json.dumps([flags, said]))
"""
Said = tuple[dict[str, list[str]], dict[str, list[Any]]]
PIP = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
LARGEST = 98_500_000  # bytes of the wheel: package registries take no file above 100 MB
EXTRA = ("distill mnist", "train", "evaluate fit-judge", "evaluate fit-clip")


@dataclass(frozen=True)
class Installed:
    """The environment that the wheel was installed into, and the folder that commands run in."""

    home: Path
    folder: Path

    @property
    def packages(self) -> Path:
        return next(self.home.glob("lib/python*/site-packages"))

    def run(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run `firstlight WORDS`."""
        return self.call([str(self.home / "bin" / "firstlight"), *words], **environment)

    def call(self, command: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
        clean = self.environment() | environment
        return subprocess.run(command, cwd=self.folder, env=clean, capture_output=True, text=True, timeout=120)

    def python(self, code: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run Python; the folder is the first place where it looks for modules."""
        return self.call([str(self.home / "bin" / "python"), "-c", code], **environment)

    def environment(self) -> dict[str, str]:
        ours = ("PYTHONPATH", "PYTHONHOME", "FIRSTLIGHT_RUNS", "FIRSTLIGHT_BESIDE")
        return {name: value for name, value in os.environ.items() if name not in ours} | {"OMP_NUM_THREADS": "1"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    made = tmp_path_factory.mktemp("wheel")
    subprocess.run([*PIP, "wheel", "--no-build-isolation", "--no-deps", "-w", str(made), str(ROOT)], check=True)
    (found,) = made.glob("firstlight-*.whl")
    return found


@pytest.fixture(scope="module")
def built(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The environment with the wheel in it."""
    home = tmp_path_factory.mktemp("environment")
    venv.create(home, symlinks=True)
    target = ["--python", str(home / "bin" / "python"), "install", "--no-deps", "--no-index", "--no-compile"]
    subprocess.run([*PIP, *target, str(wheel)], check=True)
    lent = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    (Installed(home, home).packages / "lent.pth").write_text("\n".join(lent))
    return home


@pytest.fixture
def installed(built: Path, tmp_path: Path) -> Installed:
    """The wheel, and a folder with somebody's own modules and settings of a server that would answer everybody."""
    return beside_others(built, tmp_path)


def beside_others(built: Path, folder: Path) -> Installed:
    for name in ("jobs", "sampler", "trainer", "store", "dashboard", "evaluator", "exporter", "pages"):
        (folder / f"{name}.py").write_text(HOSTILE)
    (folder / ".streamlit").mkdir()
    (folder / ".streamlit" / "config.toml").write_text('[server]\naddress = "0.0.0.0"\n')
    return Installed(built, folder)


@pytest.fixture(scope="module")
def bare(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Said:
    """One process without what is extra: every command's flags (`evaluate clip` -> --runs ...), and what they say."""
    less = tmp_path_factory.mktemp("less")
    (less / "sitecustomize.py").write_text(BLOCK)
    place = beside_others(built, tmp_path_factory.mktemp("folder"))
    found = place.python(ASKED.format(asked=EXTRA), PYTHONPATH=str(less))
    assert not found.returncode, found.stderr
    flags, said = json.loads(found.stdout)
    return flags, said


@pytest.fixture
def parsers(bare: Said) -> dict[str, list[str]]:
    return bare[0]


def test_the_wheel_holds_one_package_and_all_that_is_committed_of_the_rooms(installed: Installed) -> None:
    names = {path.name for path in installed.packages.iterdir()} - {"lent.pth"}
    assert {name for name in names if not name.endswith(".dist-info")} == {"firstlight"}
    wanted = subprocess.run(["git", "ls-files", *ROOMS, "pages", "runs", ".streamlit"], cwd=ROOT, capture_output=True)
    if wanted.returncode:
        pytest.skip("no git here that could say what is committed")
    held = installed.packages / "firstlight" / "_rooms"
    assert not [name for name in wanted.stdout.decode().split() if not (held / name).is_file()]
    assert not [path for path in held.rglob("*") if path.name in (".lock", ".cache", "last.safetensors", "tests")]


def test_the_wheel_is_small_enough_for_a_package_registry(wheel: Path) -> None:
    assert wheel.stat().st_size <= LARGEST


def test_it_is_the_wheel_that_runs_and_no_checkout(installed: Installed) -> None:
    found = installed.python("import sys, firstlight.installation as home; print(home.HOME, *sys.path, sep='\\n')")
    home, *path = found.stdout.split("\n")
    assert Path(home) == (installed.packages / "firstlight" / "_rooms").resolve()
    assert str(ROOT) not in path


def test_importing_loads_nothing_of_the_folder_and_no_more_than_numpy_and_pyarrow(installed: Installed) -> None:
    code = """
import pkgutil, sys
import numpy, pyarrow.parquet
before = set(sys.modules)
import firstlight
for module in pkgutil.iter_modules(firstlight.__path__):
    __import__(f"firstlight.{module.name}")
print(*{name.partition(".")[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names))
"""
    found = installed.python(code)
    assert not found.returncode, found.stderr
    assert set(found.stdout.split()) <= {"firstlight", "numpy", "pyarrow"}


def test_a_training_is_recorded_and_its_network_adopted_beside_modules_of_the_same_names(installed: Installed) -> None:
    code = """
import numpy as np
import onnx
from onnx import TensorProto, helper
import firstlight
run = firstlight.record("mine", dataset="bars", classes=["all"], size=16)
run.log(1, loss=0.5)
run.finish()
shape = ["n", 1, 16, 16]
inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape),
          helper.make_tensor_value_info("t", TensorProto.FLOAT, ["n"])]
answer = helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)
graph = helper.make_graph([helper.make_node("Tanh", ["x"], ["y"])], "net", inputs, [answer])
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), "net.onnx")
print(firstlight.adopt("net.onnx", "mine", predicts="sample", schedule=firstlight.flow(noise_at=1, steps=4),
                       pictures=(-1, 1), check=False))
"""
    said = installed.python(code)
    assert not said.returncode and said.stdout.strip().endswith("mine"), said.stderr
    drawn = installed.run("sample", "mine", "--out", "one.png")
    assert drawn.returncode == 0 and (installed.folder / "one.png").is_file(), drawn.stderr


@pytest.mark.parametrize("flag", ["--version", "--help"])
def test_the_command_says_what_it_is(installed: Installed, flag: str) -> None:
    said = installed.run(flag)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert said.returncode == 0 and not said.stderr
    if flag == "--version":
        assert said.stdout.strip() == f"firstlight {project['version']}"
    else:
        assert all(re.search(rf"^  {name} +\w.+$", said.stdout, re.M) for name in COMMANDS)


def test_an_unknown_command_is_one_sentence(installed: Installed) -> None:
    said = installed.run("trian")
    assert said.returncode == 2 and said.stderr.count("\n") == 1 and "--help" in said.stderr


def test_every_command_tells_its_settings_without_what_is_extra(bare: Said) -> None:
    parsers, said = bare
    told = {words.removesuffix(" --help"): each for words, each in said.items() if words not in EXTRA}
    assert {*COMMANDS} < {*told} and {"dashboard report", "sweep status", "evaluate clip"} < {*told}
    for words, (status, text, error, slow) in told.items():
        assert status == 0 and not slow, error
        assert text.startswith(f"usage: firstlight {words} "), words
        assert words in parsers


def hints() -> Iterator[tuple[str, str]]:
    """Every `firstlight ...` in a string of the code, up to where the sentence goes on, and the file it is in."""
    for room in (*ROOMS, "pages", "firstlight"):
        for path in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                for text in strings(node):
                    yield from ((hint, path.name) for hint in HINT.findall(text))
        for path in sorted((ROOT / room).rglob("*.html")):
            text = re.sub(r"{{.*?}}", "X", path.read_text())
            yield from ((hint, path.name) for hint in HINT.findall(text))


def strings(node: ast.AST) -> list[str]:
    """What a literal says, with X for each value that is put into it; a flag that is put there is a word of its own."""
    if isinstance(node, ast.JoinedStr):
        return ["".join(map(_said, node.values))]
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []


def _said(part: ast.expr) -> str:
    if isinstance(part, ast.Constant):
        return str(part.value)
    return (
        " X" if isinstance(part, ast.FormattedValue) and re.match(r"(\w+\.)?flag\(", ast.unparse(part.value)) else "X"
    )


def test_every_hint_is_a_command_that_the_wheel_has(parsers: dict[str, list[str]]) -> None:
    kinds = set()
    for hint, file in hints():
        words = hint.rstrip(". ").split()
        if words[0].startswith("--"):
            assert words[0] in ("--help", "--version"), (hint, file)
            continue
        assert words[0] in COMMANDS, (hint, file)
        deep = words[0] in ("evaluate", "store", "jobs", "sweep") and bool(words[1:])
        deep = deep and words[1] not in ("X", "--help", "FILE.toml")
        command = " ".join(words[:2]) if deep else words[0]
        assert command in parsers, (hint, file)
        flags = {flag for each in parsers if each.startswith(command) for flag in parsers[each]}
        assert {word.partition("=")[0] for word in words if word.startswith("--")} <= flags, (hint, file)
        kinds.add(command)
    assert len(kinds) > 15


def test_every_command_reads_the_archive_that_is_named(installed: Installed, parsers: dict[str, list[str]]) -> None:
    """By what each says of a run that is not there, in one process, which loads torch once."""
    without = (
        "train",
        "adopt",
        "import-metrics",
        "evaluate fit-judge",
        "evaluate examine-judge",
        "evaluate fit-clip",
        "evaluate examine-clip",
        "evaluate spectrum",
        "store",
        "store list",
        "store export",
        "store import",
        "store pull",
        "evaluate",
        "dashboard",
        "dashboard check",
        "check",
    )
    asked = [
        words
        for words, flags in parsers.items()
        if words and "--runs" in flags and words not in without and words.split()[0] not in ("jobs", "sweep")
    ]
    more = {"store slim": ["--keep", "1"], "sample": ["--out", "x.png"], "store push": ["--to", "other"]}
    more |= {name: ["--out", "x.html"] for name in HTML}
    words = [[*each.split(), "nobody", *more.get(each, [])] for each in asked]
    code = f"""
import contextlib, io
from firstlight.command import main
for words in {words!r}:
    with contextlib.redirect_stderr(io.StringIO()) as said:
        status = main(words)
    told = said.getvalue().replace("in the trash of named", "in named").strip()
    print(status, "There is no run nobody in named." in told, *words, told)
assert main(["store", "list"]) == 0
"""
    found = installed.python(code, FIRSTLIGHT_RUNS="named")
    assert not found.returncode, found.stderr
    assert "No runs in named." in found.stdout and "(bundled)" not in found.stdout
    assert found.stdout.count("2 True ") == len(asked) > 20, found.stdout


def test_bundled_runs_stand_beside_ones_own_until_they_are_copied(installed: Installed) -> None:
    bundled = sorted(path.name for path in (ROOT / "runs").iterdir() if (path / "run.json").is_file())
    said = installed.run("store", "list").stdout
    assert [line.split()[0] for line in said.splitlines() if line.endswith("(bundled)")] == bundled
    assert not (installed.folder / "runs").exists()
    refused = installed.run("export", "two-digits")
    assert refused.returncode == 2 and "firstlight store copy two-digits" in refused.stderr
    note = """
from firstlight.archives import archive, existing_run
import sys
sys.path.insert(0, str(__import__("firstlight.installation").installation.HOME))
from store.notes import Notes, write_notes
write_notes(existing_run(archive(), "two-digits"), Notes((), "mine"), Notes())
"""
    assert not installed.python(note).returncode
    assert [path.name for path in (installed.folder / "runs" / "two-digits").iterdir()] == ["notes.json"]
    assert installed.run("store", "list").stdout == said
    assert "No runs" in installed.run("store", "list", FIRSTLIGHT_RUNS="runs").stdout
    assert installed.run("store", "copy", "two-digits").returncode == 0
    assert installed.run("store", "verify", "two-digits").stdout.startswith("two-digits: sound")
    assert "own run two-digits hides" in installed.run("store", "list").stdout
    assert "already" in installed.run("store", "copy", "two-digits").stderr


def test_a_picture_is_drawn_from_a_bundled_run(installed: Installed) -> None:
    said = installed.run("sample", "mnist-student-2", "--out", "ten.png")
    assert said.returncode == 0, said.stderr
    assert (installed.folder / "ten.png").read_bytes().startswith(b"\x89PNG")


def test_a_picture_is_drawn_from_a_run_from_elsewhere_in_a_process_of_its_own(installed: Installed) -> None:
    """One file differs from a bundled run's in nothing but an empty name; nothing of ours is in the folder."""
    run = installed.folder / "elsewhere" / "sent"
    shutil.copytree(ROOT / "runs" / "two-digits", run)
    content = (run / "denoiser.onnx").read_bytes() + b"\x12\x00"
    (run / "denoiser.onnx").write_bytes(content)
    (run / "export.json").write_text(json.dumps({"sha256": hashlib.sha256(content).hexdigest()}))
    code = """
import sys
from pathlib import Path
from firstlight.archives import HOME
sys.path.insert(0, str(HOME))
from firstlight.untrusted.workers import _workers
from sampler.__main__ import main
assert main(["sent", "--runs", "elsewhere", "--steps", "3", "--out", "two.png"]) == 0
print([len(worker.graphs) for worker in _workers])
"""
    said = installed.python(code)
    assert said.returncode == 0, said.stderr
    assert said.stdout.splitlines()[-1] == "[1]"


def test_the_pages_show_bundled_runs_and_draw_from_one(installed: Installed) -> None:
    """As the server does it: from its own folder, with the archive in its environment."""
    code = """
import os, sys
from firstlight.installation import HOME
os.chdir(HOME)
sys.path.insert(0, str(HOME))
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash
page = AppTest.from_file(str(HOME / "dashboard" / "app.py"), default_timeout=60)
page.query_params["run"] = "mnist-student-2"
page._page_hash = calc_hash("runs")
page.run()
print(len(page.dataframe[0].value), "runs")
page.switch_page("../pages/generate.py").run()
print(*[each.value for each in page.exception], *[each.proto.body for each in page.get("html")])
"""
    held = installed.packages / "firstlight" / "_rooms" / "runs"
    said = installed.python(code, FIRSTLIGHT_RUNS=str(installed.folder / "runs"), FIRSTLIGHT_BESIDE=str(held))
    assert not said.returncode, said.stderr
    assert said.stdout.startswith("8 runs") and "10 pictures" in said.stdout, said.stdout


def test_an_extra_is_said_to_bring_what_it_brings_and_nothing_that_is_always_there() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    always = {re.split(r"\W", wanted)[0] for wanted in project["dependencies"]}
    for extra, modules in EXTRAS.items():
        assert not always & {*modules}, extra
        assert all(wanted.startswith(modules) for wanted in project["optional-dependencies"][extra])
    assert {*NEEDS.values()} <= {module for modules in EXTRAS.values() for module in modules}


@pytest.mark.parametrize("command", EXTRA)
def test_a_command_that_needs_an_extra_says_how_to_have_it(bare: Said, command: str) -> None:
    status, _, error, _ = bare[1][command]
    assert status == 2 and error.count("\n") == 1
    assert re.search(r"pip install 'firstlight\[(train|clip)\]'$", error.strip())


def test_two_processes_train_and_stop_where_the_command_is_killed(installed: Installed) -> None:
    """They take the modules of the wheel, as it does, and what they have learned is kept."""
    images = np.random.default_rng(0).integers(0, 256, (60, 16, 16), np.uint8)
    np.savez(installed.folder / "bars.npz", images=images, labels=np.repeat(np.arange(3), 20))
    words = "train --preset tiny --dataset bars --data bars.npz --id two --batch 16 --epochs 2000 --snapshots 0"
    command = subprocess.Popen(
        [str(installed.home / "bin" / "firstlight"), *words.split(), "--processes", "2"],
        cwd=installed.folder, env=installed.environment(), stderr=subprocess.PIPE,
    )  # fmt: skip
    assert command.stderr is not None
    told = b""
    while not re.search(rb" [1-9]\d*/\d+ \[", told):
        part = os.read(command.stderr.fileno(), 4096)
        assert part, told
        told += part
    command.kill()
    command.communicate(timeout=60)  # ends when nobody has its standard error open any more
    card = json.loads((installed.folder / "runs" / "two" / "run.json").read_text())
    assert card["state"] == "stopped" and 0 < card["step"] < card["steps"] and card["processes"] == 2
    assert (installed.folder / "runs" / "two" / "checkpoints" / "last.safetensors").is_file()


def test_the_server_of_the_wheel_answers_this_machine_alone_and_reports_to_nobody(installed: Installed) -> None:
    config = tomllib.loads((installed.packages / "firstlight/_rooms/.streamlit/config.toml").read_text())
    assert config["server"]["address"] == "127.0.0.1" and config["browser"]["gatherUsageStats"] is False
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(installed.home / "bin" / "firstlight"), "dashboard", "--port", str(port)]
    server = subprocess.Popen(
        command, cwd=installed.folder, env=installed.environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        assert health(port) == b"ok"
        with socket.socket() as other, pytest.raises(ConnectionRefusedError):
            other.connect(("127.0.0.2", port))  # answers too where a server listens on every address
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(60)


def health(port: int) -> bytes:
    """What the server says of itself, once it listens."""
    for _ in range(600):
        try:
            with urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=5) as answer:
                return bytes(answer.read())
        except OSError:
            time.sleep(0.2)
    return b"no answer"
