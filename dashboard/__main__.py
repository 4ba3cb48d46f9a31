"""`python -m dashboard`: serve the dashboard with the right settings, and say where it is."""

import argparse
import os
import socket
import subprocess
import sys
from pathlib import Path

HOME = Path(__file__).resolve().parent.parent
APP = Path(__file__).resolve().parent / "app.py"
ADDRESS = "127.0.0.1"


def main(arguments: list[str] | None = None) -> int:
    """Serve until stopped. Returns the exit status; 2 where the request makes no sense."""
    chosen = parser().parse_args(arguments)
    problem = _problem(chosen.port, chosen.runs)
    if problem:
        print(problem, file=sys.stderr)
        return 2
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(HOME), os.environ.get("PYTHONPATH", "")])}
    if chosen.runs:
        environment["FIRSTLIGHT_RUNS"] = str(chosen.runs.resolve())
    print(
        f"Firstlight serves {environment.get('FIRSTLIGHT_RUNS', 'the bundled runs')} at http://{ADDRESS}:{chosen.port}"
    )
    print("Stop it with Ctrl-C.", flush=True)
    command = [sys.executable, "-m", "streamlit", "run", str(APP), "--server.port", str(chosen.port)]
    return _serve(command, environment)


def parser() -> argparse.ArgumentParser:
    """Every flag."""
    flags = argparse.ArgumentParser(prog="python -m dashboard", description="Browse runs in the browser.")
    flags.add_argument("--port", type=int, default=8501, help="port on 127.0.0.1")
    flags.add_argument("--runs", type=Path, help="folder of the runs; the bundled ones if left out")
    return flags


def _serve(command: list[str], environment: dict[str, str]) -> int:
    """Become the server, started from HOME because streamlit reads .streamlit/config.toml from there."""
    if os.name == "posix":
        os.chdir(HOME)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.execve(command[0], command, environment)
    try:
        return subprocess.run(command, cwd=HOME, env=environment, stdout=subprocess.DEVNULL, check=False).returncode
    except KeyboardInterrupt:
        return 0


def _problem(port: int, runs: Path | None) -> str:
    """Why the dashboard cannot be served, one sentence; empty where it can."""
    if not 1 <= port <= 65535:
        return f"{port} is no port; choose one from 1 to 65535 with --port."
    if runs is not None and not runs.is_dir():
        return f"There is no folder {runs}; name the folder that holds the runs with --runs."
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, port))
        except OSError as error:
            return f"Port {port} cannot be used ({error.strerror}); choose another: --port 8502, or make PORT=8502."
    return ""


if __name__ == "__main__":
    sys.exit(main())
