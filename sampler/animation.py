"""Pictures one after the other as one GIF that begins again when it is over."""

import io
import json
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sampler.origin import Origin, told

SECONDS = 4.0  # that it takes, without the last picture
SHORTEST, LAST = 20, 1500  # milliseconds of a picture, as browsers show it, and of the last


def gif(frames: Sequence[NDArray[np.uint8]], origin: Origin) -> bytes:
    """Frames (H, W), or (H, W, 3) in colour, as a GIF file with its origin, JSON, as its comment.

    Grey frames keep every value; of colours each frame has 256.
    """
    from PIL import Image

    images = [Image.fromarray(frame) for frame in frames]
    images = [image if image.mode == "L" else image.quantize() for image in images]
    each = max(SHORTEST, round(1000 * SECONDS / max(1, len(images) - 1)))
    file = io.BytesIO()
    images[0].save(
        file, "GIF", save_all=True, append_images=images[1:], loop=0, duration=[*[each] * (len(images) - 1), LAST],
        comment=json.dumps(told(origin)).encode("ascii"),
    )  # fmt: skip
    return file.getvalue()
