"""A run.json that is JSON and yet no card: wrong types and ranges are one sentence, and reach no page or sampler."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from app_fixture import html_of, linked
from archive_fixture import card, write_run

from firstlight.atomic_writes import write_json
from firstlight.card_rules import _RULES, _rules, wrong_field
from firstlight.errors import SamplerError
from firstlight.manifest import write_manifest
from firstlight.run_folder import Run
from sampler.generation import settings_of
from store.archive import entries
from store.database import Archive
from trainer.config import Config

WRONG: dict[str, tuple[Any, ...]] = {  # kind of a field -> what is none
    "text": (7, None, [], True, "x" * 200_000), "texts": ("one", [1], {}), "wholes": (3, ["a"], [1.5], [True]),
    "flag": (1, "yes", None), "whole": (1.5, "7", True, [], {}, -1 << 62), "number": ("a tenth", True, [], {}, 1e300),
    "levels": ([1.0, 0.0], "linear", [None], [1e9], {"0": 1}), "pairs": ("a:b", 1, "1:2,", "1:2:3", None),
    "object": ([], "x", 1),
}  # fmt: skip


def wrong_values(rule: str) -> Iterator[Any]:
    """Values that a field of this rule may not have."""
    kind, *rest = rule.split()
    for value in WRONG[kind]:
        open_below = kind in ("whole", "number") and not (rest and rest[0][0] != "." and rest[0] != "?")
        open_above = kind in ("whole", "number") and (not rest or rest[0] == "?" or rest[0].endswith(".."))
        if (value is None and "?" in rest) or (value == 1e300 and open_above) or (value == -1 << 62 and open_below):
            continue
        yield value


def changed(card: dict[str, Any], part: str, name: str, value: Any) -> dict[str, Any]:
    held = json.loads(json.dumps(card)) | ({"guest": {}} if part == "guest" else {})
    (held[part] if part else held)[name] = value
    return held


FIELDS = [(part, name, rule) for part in _RULES for name, rule in _rules(part).items()]


def test_every_field_of_a_wrong_type_or_range_is_told() -> None:
    sound, tried = card("first"), 0
    assert wrong_field(sound) == ""
    for part, name, rule in FIELDS:
        for value in wrong_values(rule):
            said = wrong_field(changed(sound, part, name, value))
            assert name in said and len(said) < 200 and "\n" not in said, (part, name, value)
            tried += 1
    assert tried > 250


def test_every_setting_of_a_training_has_a_rule() -> None:
    assert set(vars(Config())) - {"half"} <= _rules("config").keys()


@pytest.mark.parametrize(
    ("part", "name", "value"),
    [("config", "levels", 5), ("config", "sigma_data", "small"), ("config", "guidance_low", None),
     ("config", "classes", "ten"), ("", "seed", "random"), ("config", "steps", 10**9), ("config", "half", "yes"),
     ("config", "solver", ["ddpm"]), ("guest", "logsnr", [2.0, 1.0])],
)  # fmt: skip
def test_a_wrong_field_damages_its_run_alone_and_draws_nothing(
    tmp_path: Path, part: str, name: str, value: Any
) -> None:
    write_run(tmp_path, "other")
    run = write_run(tmp_path, "first")
    write_json(run.card, changed(card("first"), part, name, value))
    write_manifest(run)
    found = {entry.run.id: entry for entry in entries(tmp_path)}
    assert found["first"].damaged and name in found["first"].reason and not found["other"].damaged
    with pytest.raises(SamplerError, match=name):
        settings_of(run)
    states = Archive(tmp_path).ask("runs").set_index("run")["state"]
    assert states.to_dict() == {"first": "damaged", "other": "finished"}


@pytest.mark.parametrize("page", ["runs", "generate"])
def test_a_page_shows_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: str) -> None:
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(tmp_path))
    write_run(tmp_path, "other")
    run = write_run(tmp_path, "first")
    write_json(run.card, changed(card("first"), "config", "levels", 5))
    write_manifest(run)
    test = linked(page, run="first")
    assert [error.value for error in test.exception] == []
    said = " ".join([*html_of(test), *(box.value for box in test.info)])
    assert "config.levels 5" in said if page == "runs" else "other" in said


def test_settings_that_make_no_sense_together_are_a_sentence(tmp_path: Path) -> None:
    for changes in ({"levels": "3,2,1", "steps": 3}, {"solver": "unknown"}, {"guidance_low": 3.0, "guidance_high": 1.0},
                    {"levels": "linear-150", "steps": 1000}):  # fmt: skip
        run = Run(tmp_path / "first")
        write_run(tmp_path, "first", config=card("first")["config"] | changes)
        with pytest.raises(SamplerError):
            settings_of(run).table()
