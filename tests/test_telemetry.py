"""Nothing is sent home: no library that reports is loaded before it was told not to."""

import asyncio
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import websockets
from crowd import Session, Told
from test_rooms import SOURCES

from firstlight.telemetry import OFF, switch_off, switched_off

ROOT = Path(__file__).parent.parent
RUN = "mnist-student-2"
COMMAND = "import sys; from firstlight.command import main; sys.exit(main())"
LIVED = (
    "train --preset tiny --dataset bars --data own.npz --id life --epochs 1 --batch 32", "export life", "trace life",
    "sampling life --steps 4", "sample life --out picture.png",
    f"evaluate recognizability {RUN}",
    "adopt runs/life/denoiser.onnx --id adopted --dataset bars --classes 0 1 2 --predicts noise "
    "--schedule linear:0.0001:0.02:150 --pictures -1 1",
    "import-metrics losses.csv --id losses", "jobs list", "store verify", "store pack life --out life.zip",
    "store import life.zip --as again", "report life --out report.html", "check report.html",
)  # fmt: skip
LIFE = (
    "import os, sys; from firstlight.command import main; os.environ['FIRSTLIGHT_RUNS'] = sys.argv[1]; "
    "sys.exit(any([main(line.split()) for line in sys.argv[2:]]))"
)
HIDES = ("CI", "ORT_RUNNING_UNIT_TESTS", *OFF)  # where one of these is set, ONNX Runtime reports nothing anyway
STRACE = ["strace", "-f", "--seccomp-bpf", "-e", "trace=connect,sendto,sendmsg,sendmmsg", "-o"]
ADDRESS = re.compile(r"sin_port=htons\((\d+)\), sin_addr=inet_addr\(\"([^\"]+)|sin6_port=htons\((\d+)\).*?\"([^\"]+)\"")
END = 'if __name__ == "__main__":\n    switch_off()\n    sys.exit(main())\n'


def test_onnx_runtime_is_loaded_in_one_place() -> None:
    loads = re.compile(r"^\s*(?:import|from) onnxruntime\b", re.M)
    assert [path for path in SOURCES if loads.search(path.read_text())] == [ROOT / "firstlight" / "ort.py"]


def test_every_process_of_ours_switches_it_off_first() -> None:
    for path in [path for path in SOURCES if path.name == "__main__.py"]:
        assert path.read_text().endswith(END), path


def test_what_the_user_has_set_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in OFF:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ORT_DISABLE_TELEMETRY", "0")
    with switched_off():
        assert os.environ["ORT_DISABLE_TELEMETRY"] == "0" and os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"
    assert {name for name in OFF if name in os.environ} == {"ORT_DISABLE_TELEMETRY"}
    monkeypatch.setattr(os, "environ", {"ORT_DISABLE_TELEMETRY": "0"})
    switch_off()
    assert os.environ == OFF | {"ORT_DISABLE_TELEMETRY": "0"}


def test_the_commands_of_a_run_s_life_leave_no_report_and_ask_nobody(tmp_path: Path) -> None:
    """One of every room, one after another: training, export, drawing, judging, adopting, importing, reporting."""
    runs, labels = tmp_path / "runs", np.repeat(np.arange(3), 20)
    shutil.copytree(ROOT / "runs" / RUN, runs / RUN)
    (tmp_path / "losses.csv").write_text("step,loss\n1,2\n2,1\n")
    images = np.random.default_rng(0).integers(0, 256, (60, 16, 16), np.uint8)
    np.savez(tmp_path / "own.npz", images=images, labels=labels)
    with watched(tmp_path, "-c", LIFE, str(runs), *LIVED) as process:
        assert process.wait(240) == 0
    assert (tmp_path / "picture.png").is_file() and (runs / "adopted" / "denoiser.onnx").is_file()


def test_somebody_s_own_program_keeps_its_environment_and_reports_nothing(tmp_path: Path) -> None:
    code = (
        "import os, pathlib, sys, time; before = dict(os.environ); import firstlight.runtime as runtime; "
        f"path = pathlib.Path({str(ROOT)!r}) / 'evaluator' / 'judges' / 'mnist-clean.onnx'; "
        "runtime.inference_session(path.read_bytes(), path, runtime.CPU); time.sleep(0.5); "
        "sys.exit(dict(os.environ) != before)"
    )
    with watched(tmp_path, "-c", code) as process:
        assert process.wait(120) == 0


def test_the_server_leaves_no_report_and_asks_nobody(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with watched(tmp_path, "-c", COMMAND, "dashboard", "--port", str(port)):
        told = asyncio.run(visit(port))
    assert (told.errors, len(told.seconds)) == ([], 1)


async def visit(port: int) -> Told:
    """What somebody sees who opens the page on which a student draws at once, of a server that is about to start."""
    address = f"ws://127.0.0.1:{port}/_stcore/stream"
    told, deadline = Told(), time.monotonic() + 120
    while True:
        try:
            link = await websockets.connect(address, max_size=None, subprotocols=["streamlit"])  # type: ignore[list-item]
            break
        except OSError:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.2)
    async with link:
        session = Session(link, told, f"run={RUN}&each=1")
        await session.page("generate")
    with pytest.raises(websockets.InvalidStatus):  # Streamlit alone asks a service elsewhere whether that is us
        await websockets.connect(address, origin="https://elsewhere.example.org")  # type: ignore[arg-type]
    return told


@contextmanager
def watched(folder: Path, *words: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A process of Python in an empty home; afterwards there is no report in it, and nobody else was asked."""
    home, trace = folder / "home", folder / "trace"
    home.mkdir()
    environment = {name: value for name, value in os.environ.items() if name not in HIDES}
    environment |= {"HOME": str(home), "PYTHONPATH": str(ROOT), "FIRSTLIGHT_RUNS": str(ROOT / "runs")}
    environment |= {f"XDG_{kind}_HOME": str(home / kind) for kind in ("CACHE", "CONFIG", "DATA", "STATE")}
    strace = [*STRACE, str(trace)] if shutil.which("strace") else []
    process = subprocess.Popen([*strace, sys.executable, *words], cwd=folder, env=environment,
                               stdout=subprocess.DEVNULL, start_new_session=True)  # fmt: skip
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)  # strace waits for what it watches
            process.wait(60)
    assert [path for path in home.rglob("*") if path.is_file() and "onnxruntime" in path.as_posix()] == []
    assert not list(home.rglob("machine_id*"))
    if not strace:
        pytest.skip("no report was left; whether a connection was tried is not known, for there is no strace here")
    assert elsewhere(trace.read_text()) == []


def elsewhere(trace: str) -> list[str]:
    """The calls that leave this computer, and questions for a name."""
    found = []
    for line in trace.splitlines():
        if match := ADDRESS.search(line):
            port, address = match.group(1) or match.group(3), match.group(2) or match.group(4)
            if port == "53" or not (address.startswith("127.") or address in ("::1", "0.0.0.0", "::")):
                found.append(line)
    return found


def test_what_leaves_this_computer_is_told_from_what_does_not() -> None:
    outside = [
        '7 connect(3, {sa_family=AF_INET, sin_port=htons(443), sin_addr=inet_addr("20.1.2.3")}, 16) = 0',
        '7 sendto(3, "x", 1, 0, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("127.0.0.11")}, 16) = 1',
        '7 connect(3, {sa_family=AF_INET6, sin6_port=htons(443), sin6_flowinfo=htonl(0), '
        'inet_pton(AF_INET6, "2603::1", &sin6_addr), sin6_scope_id=0}, 28) = -1',
    ]  # fmt: skip
    inside = [
        '7 connect(3, {sa_family=AF_UNIX, sun_path="/run/x"}, 110) = -1 ENOENT',
        '7 connect(3, {sa_family=AF_INET, sin_port=htons(8501), sin_addr=inet_addr("127.0.0.1")}, 16) = 0',
        '7 connect(3, {sa_family=AF_INET6, sin6_port=htons(1), inet_pton(AF_INET6, "::1", &sin6_addr)}, 28) = 0',
    ]
    assert elsewhere("\n".join(outside + inside)) == outside
