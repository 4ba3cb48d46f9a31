"""A run's whole default drawing as one graph, for who draws without Python."""

from pathlib import Path

from firstlight.atomic_writes import write_bytes
from firstlight.counts import counted
from firstlight.run_folder import Run
from sampler.generation import settings_of
from sampler.loop_graph import drawing_graph
from sampler.session import load, verified


def export_drawing(run: Run, file: Path) -> str:
    """Write the graph of the run's denoiser, solver and levels to `file`; what it is, as a sentence.

    Needs no torch, and leaves the run as it is. Raises SamplerError for a run without a denoiser.
    """
    settings = settings_of(run)
    content = drawing_graph(verified(run.denoiser), load(run.denoiser, "cpu"), settings)
    write_bytes(file, content)
    return (
        f"{file}: {len(content) / 1e6:.1f} MB, one graph of {counted(settings.table().steps, 'step')} with "
        f"{counted(settings.evaluations(), 'evaluation')} of the network"
    )
