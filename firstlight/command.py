"""The command `firstlight`: each subcommand is a room's own command line, the same as its `python -m` form."""

import sys
from importlib import import_module

TRAINER = ("train", "distill", "resume", "sampling", "trace")
ROOMS = {"export": "exporter", "evaluate": "evaluator", "sample": "sampler", "store": "store", "dashboard": "dashboard"}
ROOMS |= dict.fromkeys(TRAINER, "trainer") | dict.fromkeys(("report", "check"), "dashboard")


def main(arguments: list[str] | None = None) -> int:
    """Run one command. Returns its exit status."""
    words = sys.argv[1:] if arguments is None else arguments
    name = words[0] if words else "--help"
    if name not in ROOMS:
        print(f"usage: firstlight {' | '.join(ROOMS)} ...", file=sys.stdout if name in ("-h", "--help") else sys.stderr)
        return 0 if name in ("-h", "--help") else 2
    kept = words if name in TRAINER or name in ("report", "check") else words[1:]
    return int(import_module(f"{ROOMS[name]}.__main__").main(kept))
