"""What the browser moves through: frames where arithmetic says, places that fit, sheets whose pixels are data."""

import base64
import io
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from dashboard import axes
from dashboard.axes import AXES
from dashboard.components.scrubber import VIEWS, Strip, content_of
from evaluator.recognizability.schedules import SEVENTY

NOTHING = pd.DataFrame({"view": [], "step": [], "judge": [], "top": [], "probability": [], "label": []})


def strip(
    name: str, logsnr: Sequence[float], every: int = 1, size: int = 8, channels: int = 1, **more: object
) -> Strip:
    """Frame k of view v is 10·k + v in every pixel."""
    steps = every * np.arange(len(logsnr))
    stacks = {
        view: np.stack([np.full((size, size, channels), 10 * k + v, np.uint8) for k in range(len(logsnr))])
        for v, view in enumerate(VIEWS)
    }
    frames = axes.frames(steps, int(steps[-1]), np.array(logsnr, float))
    return Strip(name, stacks, frames, NOTHING, ["a", "b"], **more)  # type: ignore[arg-type]


def sheet(row: dict[str, object]) -> np.ndarray:
    head, _, content = str(row["sheet"]).partition(",")
    assert head == "data:image/png;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(content))))


LEVELS = [-12.0, -5.0, 0.0, 5.0, 20.0]


def test_rows_with_the_same_steps_move_step_by_step() -> None:
    made = content_of([strip("a", LEVELS), strip("b", LEVELS)], "% of steps", True, at=3)
    assert (made["key"], made["stops"], made["index"]) == ("step", ["0", "1", "2", "3", "4"], 3)
    assert made["place"] == [0, 0.25, 0.5, 0.75, 1]
    assert all(row["frame"] == [0, 1, 2, 3, 4] and row["where"] is None for row in made["rows"])
    assert made["words"][1] == "Step 1 of 4, 25 % done, logSNR −5.00, σ 12.2"


def test_runs_of_different_length_move_along_the_share_of_their_steps() -> None:
    made = content_of([strip("a", LEVELS), strip("b", np.linspace(-3, 20, 9), every=5)], "% of steps", False)
    assert made["key"] == "at" and [float(stop) for stop in made["stops"]] == [12.5 * k for k in range(9)]
    short, long = made["rows"]
    assert long["frame"] == list(range(9)) and long["where"][8] == "step 40 of 40, 100 % done, logSNR 20.0"
    assert short["frame"][::2] == [0, 1, 2, 3, 4]


def test_runs_of_different_schedules_move_along_logsnr_to_their_nearest_frame() -> None:
    made = content_of([strip("a", LEVELS), strip("b", [-1.3, 1.0, 20.0])], "logSNR", False)
    stops = [float(stop) for stop in made["stops"]]
    assert stops == [-12, -5, -1.3, 0, 1, 5, 20]
    for row, levels in zip(made["rows"], (LEVELS, [-1.3, 1.0, 20.0]), strict=True):
        for stop, frame in zip(stops, row["frame"], strict=True):
            assert abs(levels[frame] - stop) == min(abs(level - stop) for level in levels)


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("levels", [LEVELS, [-1.0, 20.0], [0.0], [0.7, 20.0]])
def test_every_place_is_on_every_axis_and_rises(axis: str, levels: list[float]) -> None:
    made = content_of([strip("a", levels), strip("b", LEVELS)], axis, False)
    for row in made["rows"]:
        assert all(0 <= place <= 1 for place in row["place"])
        assert row["source"] is None or 0 < row["source"] < 1
        assert row["place"] == sorted(row["place"])
    assert (made["rows"][0]["source"] is None) == (min(levels) > SEVENTY or max(levels) < SEVENTY)
    assert made["place"] == sorted(made["place"]) and len(made["words"]) == len(made["stops"])


def test_pixels_of_a_sheet_are_those_of_the_frames_in_every_size_and_colour() -> None:
    made = content_of([strip("a", LEVELS), strip("b", [-1.0, 20.0], size=4, channels=3)], "logSNR", False)
    for row, count in zip(made["rows"], (5, 2), strict=True):
        height, width = row["size"]
        whole = sheet(row)
        assert whole.shape == (2 * height, count * width, 3)  # x_t and x̂0 where there are several rows
        for k in range(count):
            for v in range(2):
                assert (whole[v * height : (v + 1) * height, k * width : (k + 1) * width] == 10 * k + v).all()
    assert sheet(content_of([strip("a", LEVELS)], "logSNR", False)["rows"][0]).shape == (24, 40, 3)


def test_probabilities_stand_at_their_frames_and_gaps_stay_gaps() -> None:
    judged = pd.DataFrame({"view": "x", "step": [0, 2], "judge": "j", "top": [1, 7], "probability": [0.25, np.nan],
                           "label": 1})  # fmt: skip
    made = content_of([Strip(**{**strip("a", LEVELS).__dict__, "judged": judged, "point": 2})], "% of steps", True)
    view = made["rows"][0]["views"][0]
    assert view["chance"] == [0.25, None, None, None, None] and view["top"] == ["b", "", "", "", ""]
    assert made["rows"][0]["point"] == 2 and view["judge"] == "j"
