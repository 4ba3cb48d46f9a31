"""How an adopted run draws by default, changed on its card; a trained run's is part of its configuration."""

from dataclasses import replace
from typing import Any

from firstlight.errors import RunError
from firstlight.remedy import trajectories_by
from firstlight.run_folder import Run
from firstlight.run_json import card_of
from firstlight.run_writes import store_card
from sampler.generation import settings_of


def change(run: Run, asked: dict[str, Any]) -> None:
    """`firstlight sampling` of an adopted run, by the names of Settings.

    Raises RunError for a run that knows no pictures without a label and shall be guided, and SamplerError for settings
    that make no sense.
    """
    settings, card = settings_of(run), card_of(run)
    if asked.get("guidance", settings.guidance) != 1 and not card["guest"]["no_label"]:
        raise RunError(f"{run.id} knows no pictures without a label, so nothing guides it; leave --guidance at 1.")
    if "steps" in asked and "levels" not in asked:
        settings = settings.in_steps(asked["steps"])
    settings = replace(settings, **asked)
    settings.table()
    config = card["config"]
    now = {name: value for name, value in settings.plain().items() if name in config or name in asked}
    store_card(run, card | {"config": config | now})
    told = ", ".join(f"{name} {getattr(settings, name)}" for name in asked)
    print(f"{run.id} draws with {told}. What was traced and evaluated before is from the old settings. "
          f"{trajectories_by(run)}")  # fmt: skip
