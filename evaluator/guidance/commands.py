"""firstlight evaluate guidance RUN: what guidance laws are worth, and what they cost."""

import argparse
from pathlib import Path
from typing import Any

from evaluator import defaults
from evaluator.command_line import add_count, add_run, run_of, show
from evaluator.experiments.resumable import record
from evaluator.experiments.subject import subject_of
from evaluator.guidance.cell_figures import cell_pictures, rows
from evaluator.guidance.judges import judges_of
from evaluator.guidance.reference import real_of
from evaluator.guidance.report import report
from evaluator.guidance.sweep import SEEDS, cells, drawn, slimmed, weaker_of
from firstlight.archives import existing_run
from firstlight.errors import RunError
from firstlight.run_folder import Run
from firstlight.table_schema import GUIDANCE, table_of
from sampler.generation import settings_of
from sampler.guidance_laws import LAWS, check_weaker, law_of


def add(commands: "argparse._SubParsersAction[Any]") -> None:
    """The command with its flags."""
    sweep = commands.add_parser("guidance", help="compare guidance methods on the same noise, before two judges")
    sweep.add_argument("--laws", nargs="+", metavar="NAME", help=f"of {', '.join(LAWS)} (default: all that can be)")
    sweep.add_argument("--weaker", metavar="RUN", help="a run whose network autoguidance pushes away from")
    sweep.add_argument(
        "--scales", nargs="+", type=float, default=defaults.GUIDANCE_SCALES, metavar="S", help="of every method"
    )
    sweep.add_argument(
        "--steps", nargs="+", type=int, default=defaults.GUIDANCE_STEPS, metavar="K", help="numbers of steps"
    )
    add_count(sweep, "--blocks", defaults.GUIDANCE_BLOCKS, f"of {SEEDS} noise seeds for every class")
    sweep.add_argument("--data", type=Path, help="a folder that holds the dataset, instead of the pictures here")
    add_run(sweep)
    sweep.set_defaults(command=_command)


def _command(options: argparse.Namespace) -> None:
    run = run_of(options)
    weaker = existing_run(options.runs, options.weaker) if options.weaker else None
    figures = guidance(run, options.laws, options.scales, options.steps, options.blocks, options.data, weaker)
    show(options, figures, report)


def guidance(
    run: Run,
    laws: list[str] | None = None,
    scales: tuple[float, ...] = defaults.GUIDANCE_SCALES,
    steps: tuple[int, ...] = defaults.GUIDANCE_STEPS,
    blocks: int = defaults.GUIDANCE_BLOCKS,
    data: Path | None = None,
    weaker: Run | None = None,
) -> dict[str, Any]:
    """The sweep's figures as plain values; writes guided.parquet and guidance.parquet.

    Without `weaker`, whose network autoguidance pushes away from, all laws are all others. Raises RunError,
    SamplerError and JudgeError with a sentence.
    """
    tried = cells(laws or [name for name, law in LAWS.items() if weaker or not law.weaker], scales, steps)
    subject = subject_of(run, labelled=True)
    other = weaker_of(weaker) if weaker else None
    if any(law_of(cell.law).weaker for cell in tried):
        check_weaker(subject.denoiser, other and other.denoiser)
    if not subject.denoiser.no_label:
        raise RunError(f"{run.id} knows no pictures without a label, so it cannot be guided; choose another run.")
    judges = judges_of(subject.run, subject.judge)
    table = drawn(subject, judges, tried, settings_of(run), blocks, other)
    real = real_of(subject, judges, data)
    cells_drawn = {cell: cell_pictures(table, cell, judges, real, subject.shape) for cell in tried}
    made = list(rows(tried, cells_drawn, real))
    columns = {name: [row[name] for row in made] for name in GUIDANCE.names}
    noted = {
        "settings": {"solver": settings_of(run).solver, "blocks": blocks, "seeds": SEEDS},
        "judges": {"cnn": judges.cnn.name, "clip": judges.clip.name, **judges.marks}, "real": real.source,
    } | ({"weaker": {other.run: other.sha256}} if other else {})  # fmt: skip
    record(subject, "guided", slimmed(table), noted)
    record(subject, "guidance", table_of(GUIDANCE, columns), noted)
    return {"run": run.id, "judges": noted["judges"], "figures": made}
