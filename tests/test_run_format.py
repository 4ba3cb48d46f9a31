"""docs/run-format.md says everything that the code reads and writes, in the schema's own words."""

import json
import re
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace

import pytest

from firstlight.run_folder import Run
from firstlight.run_json import _FIELDS
from firstlight.table_schema import COLUMNS, TABLES
from store.blind_test_answers import Answer, Sitting
from trainer.config import Config
from trainer.run_card import blank_card

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docs" / "run-format.md").read_text()


def section(title: str) -> str:
    """What stands below a heading, up to the next one."""
    return re.split(r"\n#+ ", TEXT.split(f"# {title}\n", 1)[1])[0]


def told(text: str) -> set[str]:
    """The names in a section's table that have a type and a meaning."""
    rows = re.findall(r"^\| (.+?) \| .*?\w.*? \| .*\w.* \|$", text, re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`([\w.]+)`", row)}


@pytest.mark.parametrize("table", TABLES)
def test_every_column_of_a_table_has_its_type_and_meaning(table: str) -> None:
    rows = [line for line in section(f"`{Run(Path('r')).tables[table].name}`").splitlines() if line.startswith("| `")]
    assert rows == [f"| `{name}` | {kind} | {meaning} |" for name, (kind, meaning) in COLUMNS[table].items()]
    assert list(COLUMNS[table]) == TABLES[table].names


def test_every_field_of_the_card_is_there() -> None:
    dataset = {"name", "classes", "size", "channels", "pictures", "sha256"}
    card = blank_card(SimpleNamespace(id="r"), "r", [], "tiny", Config(), dict.fromkeys(dataset))  # type: ignore[arg-type]
    needed = {"schema", "heartbeat", "dataset.classes", "dataset.size", "dataset.channels", *_FIELDS}
    rows = section("`run.json`").splitlines()
    assert told("\n".join(rows)) >= card.keys() | {f"dataset.{name}" for name in dataset} | {"paths"}
    marked = {row.split("`")[1] for row in rows if re.search(r"; needed", row)}
    assert marked == needed


def test_every_file_is_there() -> None:
    run = Run(Path("r"))
    for name, value in vars(Run).items():
        path = getattr(run, name) if isinstance(value, property) else None
        if isinstance(path, Path) and not path.name.startswith("."):
            assert f"`{path.name}" in TEXT, path.name


def test_every_field_of_a_sitting_and_of_a_report_is_there() -> None:
    sitting = section("`answers/<sitting>.json`")
    assert told(sitting) >= {"schema", *(field.name for field in fields(Sitting))}
    assert all(f"`{field.name}`" in sitting for field in fields(Answer))
    for name in ("mnist", "mnist-student-2"):
        report = json.loads((ROOT / "runs" / name / "export.json").read_text())
        assert told(section("`denoiser.onnx` and `export.json`")) >= report.keys()
