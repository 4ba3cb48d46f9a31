"""What a run lacks and how it comes to it: one rule for every page and command, whoever made the run."""

from collections.abc import Sequence

from firstlight.command_text import typed
from firstlight.errors import RunError
from firstlight.run_folder import Run

OWNERS = ("recorded", "adopted")  # presets of runs that other programs trained
KNOWN = ("mnist", "fashion-mnist", "cifar10", "digits5000")  # data sets that a training has by their name alone


def trained_elsewhere(run: Run) -> bool:
    """Whether another program than ours trained the run, so that it has no checkpoints to trace or export."""
    from firstlight.run_json import card_of  # here, because drawing imports no pyarrow

    try:
        card = card_of(run)
    except RunError:
        return False
    return card.get("preset") in OWNERS or bool(card.get("guest"))


def denoiser_by(run: Run) -> str:
    """How the run gets a denoiser, in a sentence without its stop."""
    if trained_elsewhere(run):
        return f"Adopt its network by firstlight.adopt(…), or with: firstlight adopt FOLDER --id {typed(run)}"
    return f"Export it with: firstlight export {typed(run)}"


def trajectories_by(run: Run) -> str:
    """How the run gets trajectories, in a sentence without its stop."""
    if trained_elsewhere(run) and not run.denoiser.is_file():
        return f"{denoiser_by(run)}, then: firstlight trace {typed(run)}"
    return f"Make them with: firstlight trace {typed(run)}"


def resumed_by(run: Run) -> str:
    """How a training of ours that ended before its end goes on, a sentence."""
    if not _left(run):
        return f"It left no checkpoint; train it anew with: firstlight train --id {typed(run)} --overwrite"
    return f"Go on with: firstlight resume {typed(run)}" + ("" if _known(run) else " --data FOLDER")


def resuming(run: Run) -> list[list[str]]:
    """The same as words after `firstlight`; none where it cannot go on, or needs pictures that only a person has."""
    return [["resume", run.folder.name]] if _left(run) and _known(run) else []


def _left(run: Run) -> bool:
    return (run.checkpoints / "last.safetensors").is_file()


def _known(run: Run) -> bool:
    """Whether a run's pictures are had by their name; a student's lie in its folder, or are drawn by its teacher."""
    from firstlight.run_json import card_of

    card = card_of(run)
    return bool(card["config"].get("teacher")) or card["dataset"].get("name") in KNOWN


def evaluated_by(run: Run, command: str, how: str) -> str:
    """How an evaluation that the run lacks is made, in a sentence without its stop; what it needs comes first."""
    traced = "recognizability" in command or "evaluate all" in command
    lacks = traced and not run.trajectories.is_file()
    if trained_elsewhere(run) and not run.denoiser.is_file() and (lacks or "recognizability" not in command):
        return f"{trajectories_by(run) if lacks else denoiser_by(run)}, then: {command}"
    return f"{how}: firstlight trace {typed(run)}, then: {command}" if lacks else f"{how}: {command}"


def steps(run: Run, words: Sequence[str]) -> list[list[str]]:
    """The commands, as words after `firstlight`, that make what one makes of a run, what that needs first before it.

    words: the command without the run. None where the run's network comes first, which only its owner can adopt.
    """
    own, before = run.folder.name, list[list[str]]()
    traced = bool({"recognizability", "all"} & set(words)) and not run.trajectories.is_file()
    drawn = not {"recognizability", "memorisation", "export", "trace"} & set(words) or (
        trained_elsewhere(run) and (traced or "trace" in words)
    )
    if drawn and not run.denoiser.is_file():
        if trained_elsewhere(run):
            return []
        before.append(["export", own])
    if trained_elsewhere(run) and words[0] == "export":
        return []
    if traced:
        before.append(["trace", own])
    return [*before, [*words[:2], own, *words[2:]] if words[0] == "evaluate" else [words[0], own, *words[1:]]]
