"""What an adopted run is made into without torch: its trajectories."""

import argparse

from tqdm import tqdm

from firstlight.archives import own_run
from firstlight.errors import RunError
from firstlight.manifest import write_manifest
from firstlight.parquet import write_table
from firstlight.run_card import card_of
from sampler.generation import settings_of
from sampler.session import load
from sampler.trace import trace

FRAMES = 25  # kept of a chain, about, where nothing else is asked for


def trace_run(options: argparse.Namespace) -> bool:
    """`firstlight trace` of an adopted run; False, having done nothing, for any other."""
    run = own_run(options.runs, options.run)
    if "guest" not in card_of(run):
        return False
    if options.per_class < 1:
        raise RunError("--per-class must be at least 1.")
    denoiser, settings = load(run.denoiser), settings_of(run)
    every, total = options.every or max(1, settings.steps // FRAMES), options.per_class * len(denoiser.classes)
    with tqdm(total=total, desc=f"trace {run.id}", unit="picture") as bar:
        table = trace(denoiser, settings, options.per_class, every, bar.update)
    write_table(run.trajectories, table)
    write_manifest(run)
    print(f"Traced {total} pictures. Next: firstlight evaluate recognizability {run.id}")
    return True
