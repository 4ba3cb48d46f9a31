"""Pictures as they come, and the way to 8 bits of one size: whatever was done on it is said, in sentences."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from firstlight.counts import counted
from trainer.own_pictures.picture_fit import fitted
from trainer.own_pictures.transparency import on_paper

Images = NDArray[np.uint8]  # (N, C, H, W)
GRAY = ("L", "LA", "I", "F")  # modes of gray pictures
CHANNELS = (1, 2, 3, 4)  # gray, colour, and either with transparency
TOLERANCE = 1e-3  # by which floats may leave their range: rounding


class OwnError(Exception):
    """These are no pictures to learn from; the message is one sentence that names what to change."""


@dataclass(frozen=True)
class Raw:
    """Pictures of one source, with labels."""

    pictures: list[Image.Image] | NDArray[Any]  # from files, fitted already; or an array, with the pictures first
    labels: NDArray[Any]  # (N,) numbers or names
    test: NDArray[np.bool_] | None = None  # (N,) which are for testing, where the source says so
    classes: tuple[str, ...] | None = None  # where the source names them: labels 0, 1 ... then
    names: Sequence[str] = ()  # of the files, for sentences
    sizes: Sequence[tuple[int, int]] = ()  # width and height of the files, before they were fitted
    said: tuple[str, ...] = ()  # what was done so far


def images_of(raw: Raw, resize: int) -> tuple[Images, tuple[str, ...]]:
    """The pictures (N, C, H, W), gray where all of them are, and what was done to make them so.

    With `resize` the middle square of each, of so many pixels. Raises OwnError for sizes that differ and for values
    whose black and white are not known.
    """
    if isinstance(raw.pictures, list):
        images, said = _stacked(raw.pictures, raw.names)
        sizes = raw.sizes
    else:
        values, said = eight_bits(raw.pictures)
        images = channels_first(values)
        sizes = [images.shape[:1:-1]] * len(images)
        if images.shape[1] in (2, 4) or resize:
            files = [fitted(Image.fromarray(np.squeeze(each.transpose(1, 2, 0))), resize) for each in images]
            images, more = _stacked(files, [])
            said += more
    if images.size and images.max() == 1:
        images, said = images * np.uint8(255), (*said, "values 0 and 1: black and white")
    return images, (*raw.said, *said, *_resized(sizes, resize))


def channels_first(images: NDArray[Any]) -> NDArray[Any]:
    """Pictures (N, H * H), (N, H, W), (N, H, W, C) or (N, C, H, W) as (N, C, H, W). Raises OwnError for others."""
    if images.ndim == 2:
        size = round(images.shape[1] ** 0.5)
        if size * size != images.shape[1]:
            raise OwnError(f"Pictures of {images.shape[1]} values in a row are no gray squares; give (N, H, W, C).")
        images = images.reshape(-1, size, size)
    if images.ndim == 3:
        return images[:, None]
    if images.ndim != 4:
        raise OwnError(f"Pictures of shape {images.shape} are not known; give (N, H, W) or (N, H, W, C).")
    first = images.shape[1] in CHANNELS and images.shape[-1] not in CHANNELS
    return images if first else images.transpose(0, 3, 1, 2)


def eight_bits(values: NDArray[Any]) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """Values of any type as 0 to 255, by the range of all of them. Raises OwnError where that says nothing."""
    if values.dtype.kind not in "buif":
        raise OwnError(f"Pictures of type {values.dtype} are not known; give whole numbers from 0 to 255.")
    if not values.size or values.dtype == np.uint8:
        return values.astype(np.uint8), ()
    low, high = float(values.min()), float(values.max())
    if not np.isfinite([low, high]).all():
        raise OwnError("The pictures hold values that are not a number; give whole numbers from 0 to 255.")
    near = low > -TOLERANCE, low > -1 - TOLERANCE and high < 1 + TOLERANCE
    if values.dtype.kind == "f" and near[1]:
        scaled = values * 255 if near[0] else (values + 1) * 127.5
        return scaled.round().clip(0, 255).astype(np.uint8), (f"floats from {'0' if near[0] else '-1'} to 1",)
    if not near[0] or high > 65535 or (high > 255 and values.dtype.kind == "f" and (values % 1).any()):
        raise OwnError(f"The pictures' values go from {low:g} to {high:g}, which does not say what is black and what "
                       "is white; give whole numbers from 0 to 255, or floats from 0 or -1 to 1.")  # fmt: skip
    if high <= 255:
        return values.astype(np.float32).round().clip(0, 255).astype(np.uint8), ()
    bits = int(high).bit_length() + int(high).bit_length() % 2
    said = () if bits == 16 else (f"values up to {high:.0f}, read as {bits} bits",)
    return (values.astype(np.int64) >> (bits - 8)).astype(np.uint8), said


def same_size(names: Sequence[str], sizes: Sequence[tuple[int, int]]) -> None:
    """Raises OwnError, naming a file, where pictures differ in size."""
    found = Counter(sizes)
    if len(found) < 2:
        return
    usual = found.most_common(1)[0][0]
    odd = next(i for i, size in enumerate(sizes) if size != usual)
    raise OwnError(f"The pictures differ in size: {found[usual]} are {usual[0]} x {usual[1]}, but {names[odd]} is "
                   f"{sizes[odd][0]} x {sizes[odd][1]}; give all of them one size, or make them so with --resize 32, "
                   "which takes the middle square of each.")  # fmt: skip


def _stacked(pictures: list[Image.Image], names: Sequence[str]) -> tuple[Images, tuple[str, ...]]:
    """Files' pictures of one size as one array, and what was done."""
    same_size(names, [picture.size for picture in pictures])
    pictures, said = on_paper(pictures)
    arrays: list[NDArray[Any]] = [np.asarray(picture) for picture in pictures]
    for mode in ("I", "F"):  # deeper than 8 bits: by the range of all of them together
        places = [place for place, picture in enumerate(pictures) if picture.mode == mode]
        if places:
            shallow, more = eight_bits(np.stack([arrays[place] for place in places]))
            said += more
            for place, array in zip(places, shallow, strict=True):
                arrays[place] = array
    if any(picture.mode not in GRAY for picture in pictures):
        arrays = [array if array.ndim == 3 else np.stack([array] * 3, axis=-1) for array in arrays]
    images = channels_first(np.stack(arrays)) if arrays else np.empty((0, 1, 0, 0), np.uint8)
    return images, said


def _resized(sizes: Sequence[tuple[int, int]], resize: int) -> tuple[str, ...]:
    found = Counter(size for size in sizes if size != (resize, resize))
    if not resize or not found:
        return ()
    (width, height), _ = found.most_common(1)[0]
    others = f" and {counted(len(found) - 1, 'other size')}" if len(found) > 1 else ""
    return (
        f"{found.total():,} of {len(sizes):,} pictures were {width} x {height}{others}: the middle square of each, "
        f"resized to {resize} x {resize}",
    )
