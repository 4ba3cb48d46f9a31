"""What the Forward process page shows, made once and kept: clean pictures, and the film of one of them.

The seam is here because drawing the ways back takes a second, and a page change may not.
"""

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from dashboard import generation, run_facts
from dashboard.components import elements
from dashboard.data import archive
from dashboard.forward import process
from dashboard.pictures.plate import Bytes, real_pictures
from firstlight.errors import SamplerError
from firstlight.run import Run


@dataclass(frozen=True)
class Film:
    """A picture fading, as a PNG, and what there is to say about it."""

    picture: bytes
    remark: str


def kinds(run: pd.Series) -> list[str]:
    """The kinds of clean pictures that there are for a run's data set, the usual one first."""
    _, bundled = real_pictures(str(run["dataset"]))
    return ["real", "generated"] if set(run_facts.class_names(run)) <= set(bundled) else ["generated"]


def clean_pictures(run: pd.Series, kind: str, label: int) -> Bytes:
    """Pictures of one class to start from, (N, H, W, C). Ends the page where there are none."""
    if kind == "real":
        return process.real(str(run["dataset"]), run_facts.class_names(run)[label], int(run["size"]))
    frame = archive.ask("snapshots", run=run["run"], label=label)
    images = process.generated(frame[frame["step"] == frame["step"].max()], int(run["size"]), int(run["channels"]))
    if not len(images):
        elements.stop(f"{run['run']} kept no pictures of this class through training; choose another class.")
    return images


def film(run: pd.Series, name: str, kind: str, label: int, which: int) -> Film:
    """The film of the chosen picture, from the run's own network where it is exported."""
    folder = archive.folder(run)
    stamp = folder.denoiser.stat().st_mtime_ns if folder.denoiser.is_file() else 0
    return _film(folder, stamp, name, clean_pictures(run, kind, label)[which], label)


@st.cache_data(max_entries=128, show_spinner="Drawing the ways back")
def _film(folder: Run, stamp: int, name: str, image: Bytes, label: int) -> Film:
    shown = process.moments(process.schedule(name))
    logsnr = shown["logsnr"].to_numpy()
    x = process.noised(image, logsnr)
    try:
        net = generation.denoiser(folder)
        if net.shape != x.shape[1:] or label >= len(net.classes):
            raise SamplerError(f"{folder.id} draws pictures of another size, so it shows no way back for this one.")
        ways = process.back(net, x, logsnr, label, 1.0)
    except SamplerError as error:
        return Film(process.film(x, None, shown), str(error))
    return Film(
        process.film(x, ways, shown),
        f"Forward steps across. Below each noisy picture: what {folder.id} makes of it at one go, and in "
        f"{process.SMALL_STEPS} small steps. From little noise both agree; from much, one big step shows the average "
        "of all pictures that are still possible, and small steps settle on one.",
    )
