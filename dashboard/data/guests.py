"""What an adopted network does not know, and what was made with the one that a run had before."""

import pandas as pd
import streamlit as st

from dashboard.components.elements import stop
from dashboard.data import archive
from evaluator.provenance import former
from firstlight.counts import counted
from firstlight.interval_text import listed, minus
from firstlight.levels import known_to
from firstlight.run_folder import Run
from firstlight.run_json import card_of
from firstlight.table_rules import MADE_BY

BESIDE = {"recognition", "clip_real", "clip_snapshots"}  # told of with the tables that they stand beside
MAKES = {table: command for table, command in MADE_BY.items() if table not in BESIDE}


def is_adopted(run: Run) -> bool:
    """Whether the run's network came from elsewhere."""
    return bool(card_of(run).get("guest"))


def oddities(run: pd.Series) -> list[str]:
    """What was odd of an adopted network when it came, sentences that name the run; none where nothing was."""
    said = (card_of(archive.folder(run)).get("guest") or {}).get("check") or []
    return [f"Of {run['run']}'s network, when it was adopted: {minus(sentence)}" for sentence in said]


def knows_no_label(run: pd.Series) -> bool:
    """Whether the run's network draws without a label too; only an adopted one may not."""
    guest = card_of(archive.folder(run)).get("guest")
    return not guest or bool(guest.get("no_label"))


def labels(run: pd.Series) -> bool:
    """Whether the run's pictures have classes, so that one can be asked for and named."""
    return len(run["classes"]) > 1


def known_levels(run: pd.Series) -> str:
    """That levels asked for were moved to those that the run's network knows, a sentence; empty where it knows any."""
    known = known_to(card_of(archive.folder(run)))
    return (
        f"{run['run']}'s network knows {counted(len(known), 'noise level')}: each level asked for was moved to the "
        "nearest of them, and pictures were noised to that."
        if known
        else ""
    )


def without_none(run: pd.Series, what: str) -> str:
    """That there is no `what` of a run whose network draws with a label only, a sentence; empty for all others."""
    return "" if knows_no_label(run) or not labels(run) else f"{run['run']} {why_unguided(run)}, so {what}."


def why_unguided(run: pd.Series) -> str:
    """Why an adopted network cannot be guided, what follows its name in a sentence."""
    return "knows no pictures without a label" if labels(run) else "has no classes"


def nothing_to_name(run: pd.Series, what: str) -> str:
    """Why there is no `what` of a run without classes."""
    return (
        f"{run['run']} has no classes, so there is no {what} of it. If its pictures have some, adopt its network with "
        f"them: firstlight adopt … --id {archive.typed(str(run['run']))} --classes NAME NAME …"
    )


def stop_without_labels(run: pd.Series, what: str) -> None:
    """End the page where there is no `what` because a run has no classes."""
    if not labels(run):
        stop(nothing_to_name(run, what))


@st.cache_data(max_entries=64, show_spinner=False)
def _former(run: str, stamp: int) -> list[str]:
    return former(archive.run_folder(run))


def outdated(run: str, tables: tuple[str, ...]) -> str:
    """That some of these tables, or the denoiser, are of the network that a run had before; empty where none is."""
    return told_former(
        archive.run_folder(run), [name for name in _former(run, archive.stamp(run)) if name in (*tables, "denoiser")]
    )


def anew(run: str, tables: tuple[str, ...]) -> list[list[str]]:
    """The commands, as words after `firstlight`, that make these tables anew where they are of the former network."""
    old, own = set(_former(run, archive.stamp(run))), archive.run_folder(run).folder.name
    makes = [
        command for name, command in ({"denoiser": "export"} | MAKES).items() if name in old & {*tables, "denoiser"}
    ]
    return [[*command.split(), own] for command in dict.fromkeys(makes)]


def told_former(run: Run, old: list[str]) -> str:
    """That these tables were made with a network that a run had before, a sentence; empty where there are none."""
    if not old:
        return ""
    makes = {"denoiser": "export"} | MAKES
    commands = dict.fromkeys(f"firstlight {makes[name]} {run.id}" for name in makes if name in old)
    words = [{"solver_steps": "comparison of steps"}.get(name, name.replace("_", " ")) for name in old]
    changed = "has adopted another network" if is_adopted(run) else "has other weights"
    were = "were" if len(words) > 1 or words[0].endswith("s") else "was"
    anew = ", then ".join(commands)
    return f"{run.id} {changed} since its {listed(words)} {were} made: old until made anew with: {anew}"
