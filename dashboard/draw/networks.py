"""Which networks bring a drawing back: a student while one draws; its teacher, or the run itself, at every level."""

import json
from dataclasses import dataclass
from typing import Any

import pandas as pd

from dashboard import generation
from dashboard.data import archive, guests
from evaluator.defaults import CHAIN_STEPS, UTURN_AT
from evaluator.experiments.chains import grid_of, through, within
from evaluator.experiments.diffusion_classifier import Window, window_of
from firstlight.errors import RunError, SamplerError
from firstlight.levels import Levels
from firstlight.run_folder import Run
from firstlight.run_json import card_of
from sampler.generation import Settings, settings_of
from sampler.session import Denoiser


@dataclass(frozen=True)
class Student:
    """A network of few evaluations, and the levels between pure noise and picture at which it takes a drawing up."""

    name: str  # of the run, as pages call it
    run: Run
    net: Denoiser
    settings: Settings
    levels: tuple[float, ...]  # logSNR, rising
    listens: bool  # whether there are classes, and it was trained to be told one


@dataclass(frozen=True)
class Teacher:
    """A network that knows many levels, and the chain that its ways back are taken from."""

    name: str  # of the run, as pages call it
    run: Run
    net: Denoiser
    card: dict[str, Any]
    listens: bool  # whether there are classes, and it was trained to be told one
    window: Window | None  # where the diffusion classifier asks it; None where it names no class

    def chain(self) -> Levels:
        """Its levels (K+1,), as those of a U-turn that is measured."""
        return grid_of(self.card, None, CHAIN_STEPS)

    def levels(self, chosen: float) -> tuple[tuple[float, ...], Levels]:
        """The levels that are tried, rising, the chosen one among them, and the chain that passes them (K+1,).

        Of a network that knows levels of its own, the nearest to each.
        """
        grid = self.chain()
        tried = within(grid, [*UTURN_AT, min(max(chosen, grid[0]), grid[-2])], False, self.net.known)
        return tried, through(grid, tried)


def teacher(run: pd.Series) -> Teacher | str:
    """The network that is asked at every level; of a student its teacher's. Else why there is none, a sentence.

    Raises SamplerError where the run's own network cannot be loaded.
    """
    own = run
    if taught := _config(run).get("teacher") if is_student(run) else "":
        name = f"{str(run['run']).rpartition(':')[0]}:{taught}".removeprefix(":")
        found = archive.sound_run(name)
        if found is None or is_student(found):
            return f"{run['run']} knows no levels but these; its teacher {taught}, who knows more, is not here."
        own = found
    folder = archive.folder(own)
    card = card_of(folder)
    listens = _listens(own, card)
    try:
        net = generation.denoiser(folder)
        return Teacher(str(own["run"]), folder, net, card, listens, _window(folder.id, net) if listens else None)
    except SamplerError as error:
        if own is run:
            raise
        return str(error)


def _listens(run: pd.Series, card: dict[str, Any]) -> bool:
    """Whether there are classes, and a network of this card was trained to be told one."""
    return guests.labels(run) and float(card["config"].get("label_dropout", 0.0)) < 1


def _window(run: str, net: Denoiser) -> Window | None:
    """Where classes are decided, as far as the network knows levels there."""
    try:
        return window_of(run, net.known)
    except RunError:
        return None


def student(run: pd.Series) -> Student | str:
    """The student that knows most levels between noise and picture: the run, or one that learned from it.

    Else why nothing is brought back while one draws, a sentence. Raises SamplerError where the run's own network cannot
    be loaded.
    """
    name = str(run["run"])
    ids = [name] if is_student(run) else _students(run)
    known = {each: _levels(archive.run_folder(each)) for each in ids}
    for each in sorted(known, key=lambda each: -len(known[each])):
        folder = archive.run_folder(each)
        try:
            if known[each]:
                net, own = generation.denoiser(folder), settings_of(folder)
                return Student(each, folder, net, own, known[each], _listens(run, card_of(folder)))
        except SamplerError:
            if each == name:
                raise
    if not any(known.values()) and known:
        return (
            f"{' and '.join(known)} starts from pure noise alone: a student of one evaluation knows no level at which "
            "it could take up a drawing, so nothing is brought back while you draw."
        )
    return f"No student of {name} is here, so nothing is brought back while you draw; every level follows."


def is_student(run: pd.Series) -> bool:
    """Whether guidance is an input of the run's network, and its levels are few."""
    return bool(_config(run).get("scale_high"))


def _config(run: pd.Series) -> dict[str, Any]:
    return dict(json.loads(run["config"] or "{}"))


def _students(run: pd.Series) -> list[str]:
    """The run's students that have a network: their ids."""
    alike = archive.ask("alike_runs", like=run["run"])
    own = str(run["run"]).rpartition(":")[2]
    return [
        str(other["run"])
        for _, other in alike.iterrows()
        if is_student(other) and _config(other).get("teacher") == own and archive.folder(other).denoiser.is_file()
    ]


def _levels(run: Run) -> tuple[float, ...]:
    """The levels of a student's drawing after the first, pure noise, rising; none where its run.json cannot be read."""
    try:
        return tuple(float(level) for level in settings_of(run).grid()[1:-1])
    except (SamplerError, RunError):
        return ()
