"""firstlight import-metrics: metrics that another tool logged, as a run."""

import argparse
import sys

from firstlight.archives import add_flag
from firstlight.command_text import flag
from firstlight.errors import RunError, disk
from firstlight.imports.import_metrics import KINDS, log_of, store
from firstlight.remote.registry import place
from firstlight.telemetry import switch_off


def main(arguments: list[str] | None = None) -> int:
    """Say what was found and how it was read, then write it; a fault is one sentence and exit status 2."""
    options = parser().parse_args(arguments)
    columns = {name: getattr(options, name) for name in ("step", "metric", "value", "time")}
    try:
        log = log_of(options.source, run=options.run, **columns)
        print("\n".join([*log.said, log.summary()]), flush=True)
        if options.dry_run:
            print("Nothing is written; leave out --dry-run to write it.")
            return 0
        folder = store(
            log, options.source, options.id, dataset=options.dataset, classes=options.classes, size=options.size,
            into=options.into, runs=options.runs,
        )  # fmt: skip
    except RunError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"error: {disk(error)}", file=sys.stderr)
        return 2
    print(f"{place(folder)}: written. Next: firstlight dashboard{flag(options.runs)}")
    return 0


def parser() -> argparse.ArgumentParser:
    """Every flag."""
    flags = argparse.ArgumentParser(
        prog="firstlight import-metrics", description="Make a run of metrics that another tool logged."
    )
    flags.add_argument("source", metavar="SOURCE", help=KINDS)
    flags.add_argument("--id", required=True, help="of the run, a new one")
    flags.add_argument("--into", action="store_true", help="add to the run that is there; the new values count")
    flags.add_argument("--dry-run", action="store_true", help="say what was found, and write nothing")
    flags.add_argument("--run", metavar="RUN_ID", help="which run of MLflow (default: the only one)")
    flags.add_argument("--step", metavar="COLUMN", help="of a table: the steps")
    flags.add_argument("--metric", metavar="COLUMN", help="of a long table: the metrics' names")
    flags.add_argument("--value", metavar="COLUMN", help="of a long table: the values")
    flags.add_argument("--time", metavar="COLUMN", help="of a table: when each row was logged")
    flags.add_argument("--dataset", default="unknown", help="its name, such as mnist (default: %(default)s)")
    flags.add_argument("--classes", nargs="+", metavar="NAME", help="in the order of their labels (default: none)")
    flags.add_argument("--size", type=int, default=28, metavar="PIXELS", help="of a picture (default: %(default)s)")
    add_flag(flags)
    return flags


if __name__ == "__main__":
    switch_off()
    sys.exit(main())
