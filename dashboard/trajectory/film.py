"""The trajectory as a GIF: the frames that the scrubber moves through, one after the other."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from dashboard.components import elements, inputs
from dashboard.components.scrubber import Strip, views_of
from dashboard.pictures.grid import plate
from dashboard.pictures.pixels import Bytes
from sampler.animation import gif

WIDTH = 168  # pixels of a picture at the least, so that what stands above it has room
NAMES = {"x": "x_t, noisy", "denoised": "denoised", "unconditional": "without label"}


def button(strips: Sequence[Strip], content: dict[str, Any], row: pd.Series) -> None:
    """Saves the film of what the scrubber shows; it is made when the button is pressed.

    content: what `scrubber.content_of` made of the strips; row: of the query `trajectory`.
    """
    origin = inputs.shown() | {"figure": "film"} | settings(row)
    elements.save_picture("GIF", lambda: gif(frames(strips, content), origin), origin, "gif")


def settings(row: pd.Series) -> dict[str, object]:
    """How a stored trajectory was drawn."""
    return {"seed": row["seed"], "steps": row["steps"], "solver": row["solver"], "guidance": f"{row['guidance']:g}",
            "sample": row["sample"]}  # fmt: skip


def frames(strips: Sequence[Strip], content: dict[str, Any]) -> list[Bytes]:
    """A frame for each stop of the scrubber, (H, W), or (H, W, 3) of runs in colour: a row for each strip, a column for
    each view, and above them the step and the share of the steps that is done.
    """
    views, size = views_of(strips), max(strip.stacks["x"].shape[1] for strip in strips)
    channels = strips[0].stacks["x"].shape[-1]
    above, last = strips[0].frames, strips[0].steps[-1]
    shown = []
    for stop in range(len(content["stops"])):
        places = [row["frame"][stop] for row in content["rows"]]
        cells = [[strip.stacks[view][place] for view in views] for strip, place in zip(strips, places, strict=True)]
        now = above.iloc[places[0]]
        step = [f"step {now['step']:.0f} of {last}", f"{now['percent']:.0f} % done", f"logSNR {now['logsnr']:.1f}"]
        lines = [[NAMES[view] for view in views], step[: len(views)]]
        made = plate(np.array(cells), max(1, -(-WIDTH // size)), [strip.name for strip in strips], lines)
        picture = Image.open(io.BytesIO(made))
        shown.append(np.asarray(picture.convert("L") if channels == 1 else picture))
    return shown
