"""What `firstlight store verify` finds wrong with a run."""

from firstlight.manifest import Problem
from firstlight.run_folder import Run
from store.verification import inspect


def verify(run: Run) -> list[Problem]:
    """Everything wrong with a run, its checkpoints included; empty for a sound one."""
    return list(inspect(run, everything=True).problems)
