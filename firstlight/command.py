"""The command `firstlight`: each subcommand is a room's own command line, the same as its `python -m` form."""

import sys
from importlib import import_module

from firstlight.installation import HOME
from firstlight.telemetry import switch_off

COMMANDS = {  # name: the room, and what it does there
    "train": ("trainer", "train a new run"),
    "distill": ("trainer", "train a student that draws like a run, with few evaluations"),
    "resume": ("trainer", "go on with a run that was stopped"),
    "sampling": ("trainer", "change how a run's pictures are drawn by default"),
    "trace": ("trainer", "store denoising trajectories of a trained run"),
    "adopt": ("firstlight.adoption", "make a trained network of any convention a run's denoiser"),
    "import-metrics": ("firstlight.imports", "make a run of metrics that another tool logged"),
    "export": ("exporter", "write a run's denoiser as ONNX"),
    "evaluate": ("evaluator", "say when classes become recognizable, how good pictures are, and why"),
    "sample": ("sampler", "draw pictures with an exported denoiser"),
    "jobs": ("jobs", "run commands one after another, without whoever started them"),
    "sweep": ("jobs", "train many runs that differ by some settings"),
    "store": ("store", "list, verify, copy, slim and export the runs"),
    "dashboard": ("dashboard", "browse the runs in the browser"),
    "report": ("dashboard", "write runs into one offline HTML file"),
    "site": ("dashboard", "write the pages of runs as files for any web server"),
    "exercises": ("dashboard", "write a sheet of questions on runs for a class, and one with the answers"),
    "check": ("dashboard", "compute a report's numbers again and say what has changed"),
}
PARTS = (  # a room has more commands than this one
    "train", "distill", "resume", "sampling", "trace", "jobs", "sweep", "report", "site", "exercises", "check",
)  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Run one command. Returns its exit status, 2 for a command that there is not."""
    switch_off()
    words = sys.argv[1:] if arguments is None else arguments
    name = words[0] if words else "--help"
    if name in ("-h", "--help", "--version"):
        print(_version() if name == "--version" else _help())
        return 0
    if name not in COMMANDS:
        print(f"There is no command {name!r}; see firstlight --help", file=sys.stderr)
        return 2
    if str(HOME) not in sys.path[:1]:
        sys.path.insert(0, str(HOME))  # before whatever else is called `store` or `trainer`; this process is ours
    room = import_module(f"{COMMANDS[name][0]}.__main__")
    if name in ("report", "site", "exercises", "check"):
        return int(room.main(words, "firstlight"))
    return int(room.main(words if name in PARTS else words[1:]))


def _help() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:{width}}  {what}" for name, (_, what) in COMMANDS.items()]
    return "\n".join(["usage: firstlight COMMAND ...", "", *lines, "", "firstlight COMMAND --help tells its settings."])


def _version() -> str:
    from importlib.metadata import version

    return f"firstlight {version('firstlight')}"
