"""What a judge saw of a run, as an archive's queries answer it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from evaluator.recognizability.carry_over import FINE
from evaluator.recognizability.points import COLUMNS, View, view_from
from evaluator.recognizability.schedules import own


def seen_by(ask: Callable[..., Any], run: str, view: str, judge: str, config: Mapping[str, Any]) -> View:
    """A view of a run before a judge, told on the run's own steps. Raises RunError as `view_from` does.

    `ask`: a query's name and parameters -> a frame of its rows; config: the run's settings.
    """
    frame = ask("judged_frames", run=run, judge=judge, view=view)
    seen = view_from({name: frame[name].to_numpy() for name in COLUMNS}, view, judge)
    return replace(seen, grid=own(config)) if view == FINE else seen
