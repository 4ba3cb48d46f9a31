"""python -m benchmarks sampling | gpu | record | processes | shares | store | weight | training: how fast; N as one."""

import argparse
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks.race import shown
from firstlight.archives import add_flag, existing_run
from firstlight.atomic_writes import write_json
from firstlight.errors import RunError
from firstlight.installation import HOME
from firstlight.run_folder import Run
from firstlight.runtime import processor
from firstlight.telemetry import switch_off

BATCHES = (10, 20)  # of the engines
SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)  # pictures at once, of ours alone
TEN = 10  # pictures of the systems
PACKAGES = ("onnxruntime-gpu", "onnxruntime", "torch", "diffusers", "openvino", "denoising-diffusion-pytorch")


def main(arguments: list[str] | None = None) -> int:
    """Race and tell; a fault is one sentence and exit status 2."""
    options = parser().parse_args(arguments)
    try:
        if options.command == "record":
            from benchmarks.log import measured as logged

            return logged(options.seconds, options.rate, options.json)
        if options.command == "processes":
            from benchmarks.processes import measured as shared

            return shared(options.preset, options.processes, options.steps, options.json)
        if options.command in ("store", "training", "weight"):
            measure = import_module(f"benchmarks.{options.command}").measured
            return int(measure(options, machine(os.cpu_count() or 1)))
        run = existing_run(options.runs, options.run)
        if options.command == "shares":
            from benchmarks.shares import measured as in_shares

            return in_shares(run, options.per_class, options.rounds, options.json)
        if options.command == "gpu":
            from benchmarks.gpu import measured

            report = measured(run)
        else:
            report = sampling(run, options)
    except (RunError, ValueError, ImportError) as error:
        print(f"error: {error}; peers: pip install -r requirements-bench.txt" if isinstance(error, ImportError)
              else f"error: {error}", file=sys.stderr)  # fmt: skip
        return 2
    for line in told(report):
        print(line)
    if options.json:
        write_json(options.json, report)
    return 0


def parser() -> argparse.ArgumentParser:
    """Every flag."""
    flags = argparse.ArgumentParser(prog="python -m benchmarks", description="How fast it is.")
    commands = flags.add_subparsers(dest="command", required=True)
    add = commands.add_parser("sampling", help="on the CPU, against other engines and systems")
    add.add_argument("--rounds", type=int, default=25, metavar="N", help="rounds of the engines (default: 25)")
    add.add_argument("--system-rounds", type=int, default=5, metavar="N", help="rounds of the systems (default: 5)")
    add.add_argument("--threads", type=int, default=0, metavar="N", help="threads of each (default: every core)")
    add.add_argument("--without", action="append", default=[], metavar="WORD", help="leave out peers named so")
    gpu = commands.add_parser("gpu", help="on a GPU, against torch.compile in half precision")
    log = commands.add_parser("record", help="how fast a run is recorded beside a reader")
    log.add_argument("--seconds", type=float, default=60.0, metavar="S", help="how long (default: 60)")
    log.add_argument(
        "--rate", type=int, default=25_000, metavar="N", help="calls a second; 0: all it takes (default: 25,000)"
    )
    several = commands.add_parser("processes", help="whether several processes take the steps of one")
    several.add_argument("--preset", default="tiny", help="the recipe (default: tiny)")
    several.add_argument("--processes", type=int, default=2, metavar="N", help="how many (default: 2)")
    several.add_argument("--steps", type=int, default=50, metavar="N", help="the first so many (default: 50)")
    parts = commands.add_parser("shares", help="whether an evaluation on Ray is the same, and how much sooner done")
    shares_flags(parts)
    store_flags(commands.add_parser("store", help="how fast many runs are read, against other trackers"))
    weight_flags(commands.add_parser("weight", help="how heavy the pages are: start, bytes, memory"))
    training_flags(commands.add_parser("training", help="how soon it draws as well as others' trainings do"))
    for command in (add, gpu, parts):
        command.add_argument("--run", default="mnist-student-4", metavar="RUN", help="(default: mnist-student-4)")
        add_flag(command)
    for command in (add, gpu, log, several, parts):
        command.add_argument("--json", type=Path, metavar="FILE", help="write every figure here")
    return flags


def shares_flags(add: argparse.ArgumentParser) -> None:
    """The flags of `shares`."""
    add.add_argument("--per-class", type=int, default=200, metavar="N", help="pictures of every class (default: 200)")
    add.add_argument("--rounds", type=int, default=3, metavar="N", help="of each way (default: 3)")


def store_flags(add: argparse.ArgumentParser) -> None:
    """The flags of `store`."""
    add.add_argument("--counts", type=int, nargs="+", default=[10, 100, 1000, 10_000], metavar="N",
                     help="runs of each archive (default: 10 100 1000 10000)")  # fmt: skip
    add.add_argument("--rounds", type=int, default=15, metavar="N", help="of every question (default: 15)")
    add.add_argument("--without", action="append", default=[], metavar="WORD", help="leave out trackers named so")
    add.add_argument("--pages", action="store_true", help="the pages too, in a browser")
    add.add_argument("--folder", type=Path, metavar="DIR", help="where the archives are kept for the next time")
    add.add_argument("--only-fill", action="store_true", help="fill the archives and measure nothing")
    add.add_argument("--peers", type=Path, default=HOME / ".venv" / "trackers" / "bin" / "python", metavar="PYTHON",
                     help="of the trackers' environment (default: %(default)s)")  # fmt: skip
    add.add_argument("--json", type=Path, metavar="FILE", help="write every figure here")


def weight_flags(add: argparse.ArgumentParser) -> None:
    """The flags of `weight`."""
    add.add_argument("--beside", type=Path, nargs="*", default=[], metavar="DIR", help="other checkouts, turn by turn")
    add.add_argument("--starts", type=int, default=5, metavar="N", help="of the server (default: 5)")
    add.add_argument("--visits", type=int, default=200, metavar="N", help="after all pages were seen (default: 200)")
    add.add_argument("--json", type=Path, metavar="FILE", help="write every figure here")
    add_flag(add)


def training_flags(add: argparse.ArgumentParser) -> None:
    """The flags of `training`."""
    add.add_argument("--digits", type=int, default=600, metavar="N", help="that all learn from (default: 600)")
    add.add_argument("--epochs", type=int, default=1, metavar="N", help="of the others, of ours at most (default: 1)")
    add.add_argument("--seeds", type=int, default=1, metavar="N", help="trainings of each (default: 1)")
    add.add_argument("--drawn", type=int, default=200, metavar="N", help="pictures that are judged (default: 200)")
    add.add_argument("--dataset", default="digits5000", help="mnist, or digits5000, without a download (the default)")
    add.add_argument("--data", type=Path, metavar="DIR", help="a folder that holds it, instead of a download")
    add.add_argument("--without", action="append", default=[], metavar="WORD", help="leave out peers named so")
    add.add_argument("--folder", type=Path, default=Path("build/training"), metavar="DIR",
                     help="where everything is kept, to go on with (default: %(default)s)")  # fmt: skip
    add.add_argument("--json", type=Path, metavar="FILE", help="write every figure here")


def sampling(run: Run, options: argparse.Namespace) -> dict[str, Any]:
    """Every row, and the three figures: system_ratio, engine_ratio and peak_share.

    The peak's share is of the operations that the network asks for, which is what another engine has to do;
    `executed` is of those that ours is left with.
    """
    from benchmarks import contestants, race
    from benchmarks.peak import operations
    from firstlight.runtime import cores
    from sampler.column_layout import in_columns
    from sampler.generation import settings_of
    from sampler.session import verified

    threads, rows = options.threads or cores(), list[dict[str, Any]]()
    settings = settings_of(run)
    plain = verified(run.denoiser)
    work, executed = operations(plain), operations(in_columns(plain) or plain)  # of one picture, once
    share_left, work = executed / work, work * settings.evaluations()
    engines, shares, ratios = kept(contestants.ENGINES, options), list[dict[str, Any]](), list[dict[str, Any]]()
    for batch in BATCHES:
        times, peaks, found = race.race("engine", engines, run, batch, threads, options.rounds)
        rows += found
        rates = [work * batch / ms / 1e6 for ms in times["ours"]]  # GFLOP/s
        shares.append(race.spread([rate / peak["convolution"] for rate, peak in zip(rates, peaks, strict=True)]))
        ratios.append(race.spread(race.ratios(times, race.best(times, engines))) | {"peer": race.best(times, engines)})
    systems = kept(contestants.SYSTEMS, options)
    times, _, found = race.race("system", systems, run, TEN, threads, options.system_rounds)
    share = min(shares, key=lambda share: float(share["median"]))
    peer = race.best(times, [name for name in systems if name.startswith("diffusers DDIM-50")])
    return {
        **machine(threads),
        "run": run.id,
        "evaluations": settings.evaluations(),
        "system_ratio": race.spread(race.ratios(times, peer)) | {"peer": peer},
        "engine_ratio": min(ratios, key=lambda ratio: float(ratio["median"])),
        "peak_share": share | {"executed": share["median"] * share_left},
        "growth": grown(run, threads, options.system_rounds),
        "peak": {name: race.spread([peak[name] for peak in peaks]) for name in ("matrix", "convolution")},
        "rows": rows + found,
    }


def grown(run: Run, threads: int, rounds: int) -> list[dict[str, Any]]:
    """Milliseconds for each picture, by how many are drawn at once; every size draws in each round."""
    from benchmarks import race

    drawers = {size: race.start("engine", "ours", run, size, threads) for size in SIZES}
    times: dict[int, list[float]] = {size: [] for size in SIZES}
    try:
        for drawer in drawers.values():
            drawer.ask("")
        for _ in range(rounds):
            for size, drawer in drawers.items():
                times[size].append(drawer.draw() / size)
    finally:
        for drawer in drawers.values():
            drawer.close()
    return [{"batch": size, "ms": race.spread(values)} for size, values in times.items()]


def kept(names: dict[str, Any], options: argparse.Namespace) -> list[str]:
    """The contestants that are not left out; ours always runs, and first."""
    return [name for name in names if name == "ours" or not any(word in name for word in options.without)]


def machine(threads: int) -> dict[str, Any]:
    """Where and with what it was measured."""
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return {
        "schema": 1,
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": processor(),
        "cores": os.cpu_count(),
        "threads": threads,
        "versions": versions,
    }


def told(report: dict[str, Any]) -> Iterator[str]:
    """The report in lines."""
    for row in report["rows"]:
        head = f"{row['contest']:7} {row['batch']:5} {row['name']:42}"
        if "failed" in row:
            yield f"{head} not raced: {row['failed']}"
        elif "ms" in row:
            differs = f", differs by {row['difference']:.1e}" if "difference" in row else ""
            yield f"{head} {shown(row['ms'], 1)} ms, {shown(row['ratio'])} of ours{differs}"
        else:
            yield f"{head} {shown(row['ours'], 0)}, {shown(row['ratio'])} times theirs"
    for row in report.get("growth", []):
        yield f"growth  {row['batch']:5} ours, for each picture {shown(row['ms'])} ms"
    for name in ("system_ratio", "engine_ratio", "peak_share"):
        if name in report:
            found = report[name]
            more = f" against {found['peer']}" if "peer" in found else f", {found['executed']:.2f} executed"
            yield f"{name} {shown(found)}{more}"


if __name__ == "__main__":
    switch_off()
    sys.exit(main())
