"""A sweep as its file tells it: one command, and the settings in which its jobs differ.

command = "train --preset tiny"       # or "distill RUN": what makes a run
method = "grid"                       # every combination; or random, tpe, gp: Optuna's samplers
jobs = 20                             # that a sampler draws
seeds = 3                             # of a grid: each cell with the seeds 0, 1, 2; or those of a list
cpus = 1                              # of a job, and gpus, where it runs on Ray

[parameters]                          # flags of the command, without --
learning_rate = [0.003, 0.01]
batch = { low = 16, high = 128, log = true }   # of a sampler

[metric]                              # that the runs log: its last value counts
name = "validation_loss"
goal = "minimize"

[prune]                               # ends a job that is worse than the median of those before it at its step
rule = "median"                       # or halving
startup = 5                           # jobs that must have ended before
warmup = 0                            # steps that every job may take
"""

import contextlib
import io
import math
import shlex
import tomllib
from collections.abc import Sequence
from importlib import import_module
from itertools import product
from pathlib import Path
from typing import Any

from firstlight.command import COMMANDS
from firstlight.errors import RunError
from firstlight.run_id import RUN_ID
from jobs.plan import Member, Plan
from jobs.resume_or_restart import value_of

KNOWN = {"name", "command", "method", "jobs", "seeds", "cpus", "gpus", "parameters", "metric", "prune"}
MAKERS = ("train", "distill")  # commands that make a run
OWN = ("--id", "--name", "--overwrite", "--sweep", "--runs")  # that the sweep says itself
METHODS = ("grid", "random", "tpe", "gp")
MOST = 10_000  # jobs


def plan_in(file: Path, runs_words: Sequence[str]) -> Plan:
    """The plan that a file tells. Raises RunError, with a sentence, for one that makes no sense.

    runs_words: `--runs DIR` where the jobs need it.
    """
    told = _read(file)
    name = str(told.get("name", file.stem.lower()))
    if not RUN_ID.fullmatch(name) or len(name) > 58:
        raise RunError(f"{name!r} is no name of a sweep; give it one of a-z, 0-9, '_' and '-' in {file}: name = \"…\"")
    plan = Plan(name, method=_one_of(told.get("method", "grid"), METHODS, "method"), parameters=_parameters(told))
    plan.command, plan.extra = _command(told), list(runs_words)
    plan.metric, plan.prune = _metric(told), _prune(told)
    plan.cpus, plan.gpus = (_number(told.get(key, least), key) for key, least in (("cpus", 1), ("gpus", 0)))
    if plan.method == "grid":
        cells = [*grid(plan.parameters, _seeds(told))]
        if len(cells) > MOST:
            raise RunError(f'{len(cells):,} jobs are more than {MOST:,}; take fewer values, or method = "tpe".')
        plan.members = [member_of(plan, number, cell) for number, cell in enumerate(cells, 1)]
        plan.jobs = len(cells)
    else:
        plan.jobs = _jobs(told, plan)
    for member in plan.members or [member_of(plan, 1, example(plan.parameters))]:
        check(member.words)
    return plan


def member_of(plan: Plan, number: int, settings: dict[str, Any]) -> Member:
    """The job of this number, whose run is called after the sweep."""
    run = f"{plan.name}-{number}"
    flags = [part for name, value in settings.items() for part in (f"--{name.replace('_', '-')}", _text(value))]
    return Member(run, [*plan.command, *flags, "--id", run, "--sweep", plan.name, *plan.extra], settings, run)


def grid(parameters: dict[str, Any], seeds: Sequence[int]) -> list[dict[str, Any]]:
    """Every combination, in the order of the file; the seeds of one stand together."""
    cells = [dict(zip(parameters, values, strict=True)) for values in product(*parameters.values())]
    return [cell | {"seed": seed} for cell in cells for seed in seeds] if seeds else cells


def example(parameters: dict[str, Any]) -> dict[str, Any]:
    """Settings that a sampler might draw."""
    return {name: value[0] if isinstance(value, list) else value["low"] for name, value in parameters.items()}


def check(words: list[str]) -> None:
    """Raises RunError, with the command's own sentence, for words that it does not take."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            import_module(f"{COMMANDS[words[0]][0]}.__main__").parser().parse_args(words)
    except SystemExit:
        lines = said.getvalue().strip().splitlines() or ["it is no such command"]
        raise RunError(f"`firstlight {shlex.join(words)}` makes no sense: {lines[-1].partition('error: ')[2]}; "
                       f"see firstlight {words[0]} --help") from None  # fmt: skip


def _read(file: Path) -> dict[str, Any]:
    try:
        told = tomllib.loads(file.read_text())
    except OSError as error:
        raise RunError(f"{file} cannot be read ({error.strerror}); docs/sweeps.md shows what stands in it.") from error
    except ValueError as error:
        raise RunError(f"{file} is no TOML ({error}); docs/sweeps.md shows what stands in it.") from error
    if unknown := sorted(told.keys() - KNOWN):
        raise RunError(f"{file} says {', '.join(unknown)}, which no sweep knows; it knows {', '.join(sorted(KNOWN))}.")
    return told


def _command(told: dict[str, Any]) -> list[str]:
    words = shlex.split(str(told.get("command", "")))
    if words[:1] == ["firstlight"]:
        del words[0]
    if not words or words[0] not in MAKERS:
        raise RunError('A sweep trains runs; say how, as in: command = "train --preset tiny"')
    if flag := next((flag for flag in OWN if flag in words or value_of(words, flag)), ""):
        raise RunError(f"{flag} is what the sweep says itself, for each of its runs; leave it out of the command.")
    return words


def _parameters(told: dict[str, Any]) -> dict[str, Any]:
    found = told.get("parameters", {})
    sampled = told.get("method", "grid") != "grid"
    for name, value in found.items() if isinstance(found, dict) else [("parameters", found)]:
        if name == "seed" and "seeds" in told:
            raise RunError("seed is a parameter and seeds are named too; leave one of them out.")
        listed = isinstance(value, list) and value and all(isinstance(each, int | float | str) for each in value)
        if not listed and not (sampled and _is_range(value)):
            wanted = "a list of values, or { low = …, high = … }" if sampled else "a list of values"
            raise RunError(f"{name} = {value} is nothing to try; a {told.get('method', 'grid')} sweep takes {wanted}.")
    return dict(found)


def _is_range(value: Any) -> bool:
    if not isinstance(value, dict) or not {"low", "high"} <= value.keys() <= {"low", "high", "log"}:
        return False
    ends = [value["low"], value["high"]]
    if not all(isinstance(end, int | float) and not isinstance(end, bool) and math.isfinite(end) for end in ends):
        return False
    return bool(ends[0] < ends[1] and (ends[0] > 0 or not value.get("log")))


def _seeds(told: dict[str, Any]) -> list[int]:
    seeds = told.get("seeds", [])
    if isinstance(seeds, int) and not isinstance(seeds, bool) and seeds >= 1:
        return list(range(seeds))
    if not isinstance(seeds, list) or not all(type(each) is int for each in seeds) or len({*seeds}) != len(seeds):
        raise RunError(f"seeds = {seeds} are none; give how many, or a list of different whole numbers.")
    return seeds


def _jobs(told: dict[str, Any], plan: Plan) -> int:
    jobs = told.get("jobs")
    if type(jobs) is not int or not 1 <= jobs <= MOST:
        raise RunError(f"A {plan.method} sweep draws as many settings as it is told; say so, as in: jobs = 20")
    if "seeds" in told:
        raise RunError(f"seeds are for a grid; a {plan.method} sweep takes seed as one of its parameters.")
    if not plan.parameters or not plan.metric:
        raise RunError(f"A {plan.method} sweep needs [parameters], and the [metric] that tells which are better.")
    return jobs


def _metric(told: dict[str, Any]) -> dict[str, str]:
    metric = told.get("metric", {})
    if not metric:
        return {}
    name = metric.get("name") if isinstance(metric, dict) else None
    if not isinstance(name, str) or not metric.keys() <= {"name", "goal"}:
        raise RunError('[metric] takes the name of a metric that the runs log, and a goal: name = "validation_loss"')
    return {"name": name, "goal": _one_of(metric.get("goal", "minimize"), ("minimize", "maximize"), "goal")}


def _prune(told: dict[str, Any]) -> dict[str, Any]:
    prune = told.get("prune", {})
    if not prune:
        return {}
    if not told.get("metric"):
        raise RunError('[prune] goes by the [metric]; say which: name = "validation_loss"')
    if not isinstance(prune, dict) or not prune.keys() <= {"rule", "startup", "warmup"}:
        raise RunError("[prune] takes rule, startup and warmup.")
    rule = _one_of(prune.get("rule", "median"), ("median", "halving"), "rule")
    return {"rule": rule} | {name: int(_number(prune.get(name, least), name)) for name, least in
                             (("startup", 5), ("warmup", 0))}  # fmt: skip


def _one_of(value: Any, known: Sequence[str], name: str) -> str:
    if value not in known:
        raise RunError(f"{name} = {value!r} is not known; it is one of {', '.join(known)}.")
    return str(value)


def _number(value: Any, name: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < math.inf:
        raise RunError(f"{name} = {value!r} is no number from 0.")
    return value


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
