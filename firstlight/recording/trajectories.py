"""What somebody's own sampler went through, as a row of trajectories.parquet: our levels, our scale, bytes."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firstlight.errors import RunError
from firstlight.guest_schedules import as_schedule, in_our_scale
from firstlight.picture_bytes import Range, to_bytes
from firstlight.table_schema import X_RANGE

FAR = 12.0  # x in our scale, where noise has standard deviation 1, does not get so far


def trajectory_row(
    views: Mapping[str, NDArray[Any] | None], levels: Any, schedule: Any, pictures: Range
) -> dict[str, Any]:
    """States in somebody's own scale as columns: frames, logsnr, steps, x, denoised, unconditional; and their channels.

    views: x (F, H, W, C), and denoised and unconditional, of the same shape or None; levels (F,): their times by the
    schedule; pictures: the range of their pictures. Raises RunError where these do not fit each other.
    """
    x = views["x"]
    if x is None or len(x) < 2:
        raise RunError("A trajectory has at least two states, noise and picture; give x as (F, C, H, W).")
    low, high = (float(end) for end in pictures)
    if not low < high:
        raise RunError(f"Pictures from {low:g} to {high:g} are none; say pictures=(0, 1) or pictures=(-1, 1).")
    known = as_schedule(schedule)
    logsnr, scaled = in_our_scale(known, levels, x.astype(np.float64), (low, high))
    if not np.isfinite(scaled).all():
        raise RunError("States of x are not numbers; keep the trajectory of a network that draws.")
    if np.abs(scaled).max() > FAR:
        raise RunError(
            f"x lies up to {np.abs(scaled).max():.3g} standard deviations away by {known.kind}; "
            "say the schedule that x is made with, for EDM schedule='sigmas'."
        )
    stored: dict[str, Any] = {"x": to_bytes((np.clip(scaled / X_RANGE, -1, 1) + 1) / 2).tobytes()}
    stored |= {name: _finished(views[name], len(x), low, high, name) for name in ("denoised", "unconditional")}
    stored |= {"frames": list(range(len(x))), "steps": len(x) - 1, "logsnr": logsnr.tolist()}
    return stored | {"channels": x.shape[3]}


def _finished(view: NDArray[Any] | None, count: int, low: float, high: float, name: str) -> bytes | None:
    """Pictures (F, H, W, C) from `low` to `high` as bytes."""
    if view is None:
        return None
    if len(view) != count:
        raise RunError(f"{len(view)} pictures of {name} for {count} states of x; give one for each.")
    scaled = (view.astype(np.float64) - low) / (high - low)
    if not np.isfinite(scaled).all() or not -1 <= scaled[-1].min() <= scaled[-1].max() <= 2:
        raise RunError(f"The last picture of {name} lies far outside ({low:g}, {high:g}); say its range as pictures=.")
    return to_bytes(np.clip(scaled, 0, 1)).tobytes()
