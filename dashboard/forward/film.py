"""The film of one picture fading into noise and coming back, drawn once and kept: the ways back take a second."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import generation
from dashboard.access.acts_by_role import DRAW
from dashboard.access.permits import Refused, permit, refusal
from dashboard.data import archive
from dashboard.forward import clean_pictures, process, schedules
from dashboard.pictures.grid import plate
from dashboard.pictures.pixels import Bytes, shown
from firstlight.counts import counted
from firstlight.errors import SamplerError
from firstlight.run_folder import Run

GUIDANCE = 1.0  # of the ways back
SETTINGS = {
    "seed": process.SEED, "guidance": f"{GUIDANCE:g}", "solver": "ddim", "small steps back": process.SMALL_STEPS,
}  # fmt: skip


@dataclass(frozen=True)
class Film:
    """A picture fading, as a PNG, and what there is to say about it."""

    picture: bytes
    remark: str


def film(run: pd.Series, name: str, kind: str, label: int, which: int) -> Film:
    """The film of the chosen picture, from the run's own network where it is exported and whoever asks may draw."""
    folder = archive.folder(run)
    image = clean_pictures.pictures(run, kind, label)[which]
    try:
        if said := refusal(DRAW):
            raise Refused(said)
        return _film(folder, archive.stamp(folder.id), name, image, label)
    except Refused as refused:
        moments = process.moments(schedules.schedule(name, folder))
        return Film(_picture(process.noised(image, moments["logsnr"].to_numpy()), None, moments), str(refused))


@st.cache_data(max_entries=128, show_spinner="Drawing the ways back")
def _film(folder: Run, stamp: int, name: str, image: Bytes, label: int) -> Film:
    moments = process.moments(schedules.schedule(name, folder))
    x = process.noised(image, moments["logsnr"].to_numpy())
    try:
        net = generation.denoiser(folder)
        if net.shape != x.shape[1:] or label >= len(net.classes):
            raise SamplerError(f"{folder.id} draws pictures of another size, so it shows no way back for this one.")
        moments = process.moved(moments, net.known)
        logsnr = moments["logsnr"].to_numpy()
        x = process.noised(image, logsnr)
        permit(DRAW, 2 * len(x))
        ways = process.back(net, x, logsnr, label, GUIDANCE)
    except SamplerError as error:
        return Film(_picture(x, None, moments), str(error))
    return Film(
        _picture(x, ways, moments),
        f"Forward steps across. Below each noisy picture: what {folder.id} makes of it at one go, and in "
        f"{process.SMALL_STEPS} small steps. From little noise both agree; from much, one big step shows the average "
        "of all pictures that are still possible, and small steps settle on one."
        + (f" The network knows {counted(len(net.known), 'noise level')}: each picture is noised to the nearest one."
           if net.known and name != schedules.OWN else ""),
    )  # fmt: skip


def _picture(x: process.Values, ways: process.Back | None, moments: pd.DataFrame) -> bytes:
    """One PNG: x_t at each moment, and under it the ways back where there are any."""
    rows = [x] if ways is None else [x, ways.once, ways.many]
    names = (
        ["with noise"] if ways is None else ["with noise", "one big step back", f"{process.SMALL_STEPS} small steps"]
    )
    cells = np.stack([shown(row).transpose(0, 2, 3, 1) for row in rows])
    lines = (("{:,.0f}", "step"), ("{:.3f}", "alpha_bar"), ("{:.1f}", "logsnr"))
    above = [[form.format(value) for value in moments[column]] for form, column in lines]
    return plate(cells, 2, names, above, ["step", "alpha bar", "logSNR"])
