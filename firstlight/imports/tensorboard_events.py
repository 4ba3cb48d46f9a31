"""The scalars in TensorBoard's event files, through TensorBoard's own reader: every value, none sampled away."""

from pathlib import Path
from typing import Any

import numpy as np

from firstlight.errors import RunError
from firstlight.imports.log import Log, names
from firstlight.recording.curves import Curve

EVENTS = "*tfevents*"  # files of this name, whoever wrote them


def events_in(source: Path) -> list[Path]:
    """The event files of a folder and its subfolders, or the file itself, in the order they were begun."""
    if source.is_file():
        return [source] if source.match(EVENTS) else []
    return sorted(path for path in source.rglob(EVENTS) if path.is_file())


def tensorboard_log(source: Path) -> Log:
    """The log in event files; what a subfolder holds is named after it, train/loss. Needs `tensorboard`.

    Raises RunError for a file that is no event file.
    """
    points: dict[str, list[tuple[int, float]]] = {}
    settings: dict[str, Any] = {}
    others: dict[str, None] = {}
    times: list[float] = []
    files = events_in(source)
    for path in files:
        folder = path.parent.relative_to(source).as_posix() if source.is_dir() else "."
        for step, time, tag, plugin, value in _values(path):
            if plugin == "scalars":
                points.setdefault(tag if folder == "." else f"{folder}/{tag}", []).append((step, _scalar(value)))
                times.append(time)
            elif plugin == "hparams":
                settings |= _hparams(tag, value)
            else:
                others[tag] = None
    curves = {
        name: Curve(np.array([step for step, _ in held], np.int64), np.array([value for _, value in held]))
        for name, held in points.items()
    }
    said = [f"{source.name} holds {len(files)} event files of TensorBoard: a metric for each tag of scalars."]
    folders = sorted({path.parent.relative_to(source).as_posix() for path in files} - {"."}) if source.is_dir() else []
    said += [f"The names of subfolders stand before their tags: {names(folders)}."] if folders else []
    said += [f"Left out, being no scalars: {names(list(others))}."] if others else []
    return Log(curves, tuple(said), settings, times=(min(times), max(times)) if times else None)


def _values(path: Path) -> Any:
    """Step, time, tag, plugin and summary value of everything in a file."""
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

    if not path.stat().st_size:
        return
    plugins: dict[str, str] = {}  # of a tag: only its first value says it
    known = False
    for event in EventFileLoader(str(path)).Load():
        known = True
        for value in event.summary.value:
            plugin = plugins.setdefault(value.tag, value.metadata.plugin_data.plugin_name)
            yield event.step, event.wall_time, value.tag, plugin, value
    if not known:
        raise RunError(f"{path} is no event file of TensorBoard; remove it from the folder or name another.")


def _scalar(value: Any) -> float:
    from tensorboard.util.tensor_util import make_ndarray

    return float(make_ndarray(value.tensor))


def _hparams(tag: str, value: Any) -> dict[str, Any]:
    """The hyperparameters in a summary of the plugin of that name; none in its other summaries."""
    from tensorboard.plugins.hparams import metadata

    if tag != metadata.SESSION_START_INFO_TAG:
        return {}
    info = metadata.parse_session_start_info_plugin_data(value.metadata.plugin_data.content)
    return {name: getattr(held, held.WhichOneof("kind") or "string_value") for name, held in info.hparams.items()}
