"""firstlight sample RUN: draw pictures with an exported denoiser.

What is slow to import is imported after the arguments are known to make sense: a picture must not wait for it.
"""

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from firstlight.archives import add_flag, existing_run
from firstlight.counts import counted
from firstlight.errors import RunError, SamplerError, disk
from firstlight.run_folder import Run
from firstlight.telemetry import switch_off

if TYPE_CHECKING:
    from sampler.generation import Settings

MOST_PICTURES = 1_000_000
CHANGES = ("solver", "levels", "steps", "guidance", "shift", "eta", "clip")  # flags named like settings


class Parser(argparse.ArgumentParser):
    """A fault in the arguments is one sentence, like every other fault."""

    def error(self, message: str) -> NoReturn:
        raise SamplerError(f"{message}; see firstlight sample --help")


def parser() -> argparse.ArgumentParser:
    """Every flag."""
    flags = Parser(prog="firstlight sample", description="Draw pictures with a run's exported denoiser.")
    add = flags.add_argument
    add("run", help="the run's id")
    add("--classes", default="all", metavar="LIST", help="names or index ranges: 0-9, 3,5 or Trouser (default: all)")
    add("--per-class", type=int, default=1, metavar="N", help="pictures of each class (default: 1)")
    add("--solver", metavar="NAME", help="ddpm, ddim, dpmpp-2m or ipndm (default: the run's)")
    add("--levels", metavar="NAME", help="linear-T, cosine, logsnr or karras (default: the run's)")
    add("--steps", type=int, metavar="K", help="steps from noise to picture (default: the run's)")
    add("--guidance", type=float, metavar="S", help="1 is plain conditional, 0 ignores the class (default: the run's)")
    add("--law", metavar="NAME", help="constant, interval, feedback or autoguidance (default: the run's)")
    add("--weaker", metavar="RUN", help="a run whose network the method autoguidance pushes away from")
    add("--interval", type=float, nargs=2, metavar=("LOW", "HIGH"), help="logSNRs between which guidance is on")
    add("--shift", type=float, metavar="D", help="tell the network D logSNR more noise where it draws detail")
    add("--eta", type=float, metavar="E", help="share of fresh noise in ddim's steps (default: 0)")
    add("--clip", action="store_true", default=None, help="keep every predicted picture within [-1, 1]")
    add("--seed", type=int, default=0, metavar="I", help="seed of each class's first picture (default: 0)")
    kinds = "FILE.png for a grid, FILE.gif for its steps, FILE.npz for arrays"
    add("--out", type=Path, required=True, metavar="FILE", help=kinds)
    add_flag(flags)
    add("--provider", default="auto", metavar="NAME", help="auto, cpu or cuda (default: auto)")
    return flags


def main(arguments: list[str] | None = None) -> int:
    """Draw, and say what it took; a fault is one sentence on standard error and exit status 2."""
    try:
        print(draw(parser().parse_args(arguments)))
    except (RunError, SamplerError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"error: {disk(error)}", file=sys.stderr)
        return 2
    return 0


def draw(options: argparse.Namespace) -> str:
    """Draw what the options ask for and write it; returns what it took, in a line."""
    from sampler.request import labels_of

    run = existing_run(options.runs, options.run)
    names = class_names(run)
    classes = labels_of(options.classes, names)
    if not 1 <= options.per_class * len(classes) <= MOST_PICTURES:
        raise SamplerError(f"{options.per_class} pictures of each class cannot be drawn; give --per-class 1 or more.")
    from sampler.generation import generate, settings_of
    from sampler.guidance_laws import Steer, law_of
    from sampler.origin import of_drawing
    from sampler.output import MOST_MOVING, check_target, grid, write
    from sampler.session import load
    from sampler.whole_graph import fastest

    check_target(options.out)
    settings = settings_asked(options, settings_of(run))
    labels = [label for label in classes for _ in range(options.per_class)]
    seeds = [options.seed + i for _ in classes for i in range(options.per_class)]
    if options.weaker and not (options.law and law_of(options.law).weaker):
        raise SamplerError("--weaker is of the method autoguidance alone; give --law autoguidance, or leave it out.")
    weaker = load(existing_run(options.runs, options.weaker).denoiser, options.provider) if options.weaker else None
    steer = Steer(options.law, weaker=weaker) if options.law else None
    moving, shown = options.out.suffix.lower() == ".gif", []
    if moving and len(labels) > MOST_MOVING:
        raise SamplerError(f"A film holds at most {MOST_MOVING:,} pictures, not {len(labels):,}; write a .png or .npz.")
    denoiser = load(run.denoiser, options.provider) if steer or moving else fastest(run, settings, options.provider)
    columns = options.per_class if options.per_class > 1 else len(classes)
    for progress in generate(denoiser, labels, seeds, settings, steer=steer):
        tell(progress.done, progress.total)
        shown += [grid(progress.images, columns)] if moving else []
    law, other = options.law or "", options.weaker or ""
    origin = of_drawing(run.id, [names[each] for each in classes], seeds, settings, progress.evaluations, law, other)
    write(options.out, progress.images, labels, seeds, columns, origin, shown)
    return (
        f"{counted(len(labels), 'picture')} in {options.out}: {denoiser.provider} ({denoiser.reason}) "
        f"{counted(progress.evaluations, 'evaluation')} each{' in one graph' if hasattr(denoiser, 'drawing') else ''}, "
        f"{progress.seconds * 1000:.0f} ms. {settings.moved()}".removesuffix(". ")
    )


def settings_asked(options: argparse.Namespace, own: "Settings") -> "Settings":
    """A run's own settings with the changes that the options ask for. Raises SamplerError for a wrong mixture."""
    changes = {name: getattr(options, name) for name in CHANGES if getattr(options, name) is not None}
    if options.clip:
        changes |= {"clip_at": 1.0, "clip_share": 0.0}
    if options.interval:
        changes["guidance_low"], changes["guidance_high"] = options.interval
    steps = changes.pop("steps", own.steps)
    settings = replace(own, **changes)
    settings = replace(settings, steps=steps) if "levels" in changes else settings.in_steps(steps)
    settings.table()
    return settings


def tell(done: int, total: int) -> None:
    """A counter on a terminal; nothing where standard error is a file."""
    if sys.stderr.isatty():
        print(f"\rstep {done} of {total}", end="\n" if done == total else "", file=sys.stderr, flush=True)


def class_names(run: Run) -> list[str]:
    """The run's classes. Raises RunError where run.json cannot be read."""
    try:
        return [str(name) for name in json.loads(run.card.read_text())["dataset"]["classes"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(f"{run.card} cannot be read; restore it from a copy of the run.") from error


if __name__ == "__main__":
    switch_off()
    sys.exit(main())
