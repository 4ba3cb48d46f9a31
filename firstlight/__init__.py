"""Firstlight's ground floor: what a run folder is and how one is written, importable from anybody's program.

    import firstlight
    run = firstlight.record("my-unet", dataset="mnist", classes=[*"0123456789"], size=28, config=vars(args))

What is named here is loaded when it is first used, so that importing Firstlight costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from firstlight.adoption.adopt import adopt
    from firstlight.guest_schedules import alphas_cumprod, betas, flow, sigmas
    from firstlight.imports.import_metrics import import_metrics
    from firstlight.recording.open_runs import record

_HOMES = {
    "record": "recording.open_runs", "adopt": "adoption.adopt", "import_metrics": "imports.import_metrics",
} | dict.fromkeys(("alphas_cumprod", "betas", "flow", "sigmas"), "guest_schedules")  # fmt: skip
__all__ = ["adopt", "alphas_cumprod", "betas", "flow", "import_metrics", "record", "sigmas"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'firstlight' has no attribute {name!r}")
    return getattr(import_module(f"firstlight.{_HOMES[name]}"), name)
