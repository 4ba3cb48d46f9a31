"""Tables whose checksums are right and whose content is not: one sentence, no page that breaks, no other run touched.

Mutations are made over every table and column by its type, in an order that a seed gives; FIRSTLIGHT_FUZZ asks for more
of them, FIRSTLIGHT_SEED for others.
"""

import os
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ablations_fixture import with_ablations
from app_fixture import linked
from archive_fixture import write_run
from clip_fixture import write_clip
from guided_fixture import write_sweep
from lab_fixture import DIGITS, write_lab
from sound_fixture import verify
from steps_fixture import write_steps

from firstlight import table_rules
from firstlight.errors import RunError
from firstlight.manifest import signature, write_manifest
from firstlight.parquet import write_table
from firstlight.run_folder import Run
from firstlight.run_json import read_card
from firstlight.run_writes import store_card
from firstlight.table_schema import COLUMNS, MEMORISATION, NOVELTY, NOVELTY_PICTURES, TABLES, table_of
from sampler.guidance_laws import LAWS
from store.database import Archive
from store.table_content import content_problem, facts_of
from store.verification import inspect, looked_into, sound_table

COUNT = 10 * int(os.environ.get("FIRSTLIGHT_FUZZ", "12"))
SEED = int(os.environ.get("FIRSTLIGHT_SEED", "17"))
BUNDLED = Path(__file__).parent.parent / "runs"

Mutation = tuple[str, str, Callable[[pa.Table], pa.Table]]  # table, what is done, how


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A sound run of ten digits with every table there is, in an archive with another."""
    root = tmp_path_factory.mktemp("runs")
    write_run(root, "other")
    run = write_lab(root, "lab", seeds=4, steps=6)
    bundled = Run(BUNDLED / "mnist")
    for name, rows in {"metrics": 500, "snapshots": 40, "trajectories": 20, "quality": 99, "late_start": 99}.items():
        _keep(run, name, pq.read_table(bundled.tables[name]).slice(0, rows))
    for name, seeds in {"recognition": 3, "clip_steps": 3}.items():
        table = pq.read_table(bundled.tables[name])
        _keep(run, name, table.filter(pa.array(table["seed"].to_numpy() < seeds)))
    shown = pq.read_table(run.snapshots).to_pydict()
    near = {"pixels": [1.0] * 40, "pixels_second": [2.0] * 40}
    _keep(run, "memorisation", table_of(MEMORISATION, shown | near))
    _keep(run, "novelty", table_of(NOVELTY, {
        "metric": ["near", "near", "copied", "copied"], "space": ["pixels"] * 4, "of": ["generated", "real"] * 2,
        "label": [None] * 4, "value": [0.1] * 4, "low": [0.05] * 4, "high": [0.2] * 4, "n": [40] * 4,
    }))  # fmt: skip
    pairs = {"of": ["generated"] * 40, "picture": range(40), "neighbour": range(40), "features": near["pixels"],
             "features_second": near["pixels_second"], "neighbour_image": shown["image"]}  # fmt: skip
    _keep(run, "novelty_pictures", table_of(NOVELTY_PICTURES, shown | near | pairs))
    write_clip(run, DIGITS, seeds=6)
    write_sweep(run, laws=("clip", "shuffled"), scales=(1.5, 3.0))
    write_steps(with_ablations(run, seeds=3), students=())
    return run


def _keep(run: Run, name: str, table: pa.Table) -> None:
    write_table(run.tables[name], table)


@pytest.fixture
def run(made: Run) -> Iterator[Run]:
    """The run, sound again after the test."""
    kept = {path: path.read_bytes() for path in (*made.tables.values(), made.manifest, made.card) if path.is_file()}
    yield made
    for path, content in kept.items():
        if path.read_bytes() != content:
            path.write_bytes(content)


def changed(column: str, row: int, value: Any) -> Callable[[pa.Table], pa.Table]:
    """A change of one value."""

    def change(table: pa.Table) -> pa.Table:
        values = table[column].to_pylist()
        values[row] = value(values[row]) if callable(value) else value
        place = table.column_names.index(column)
        return table.set_column(place, table.schema.field(place), pa.array(values, table.schema.field(place).type))

    return change


def doubled(row: int) -> Callable[[pa.Table], pa.Table]:
    return lambda table: pa.concat_tables([table, table.slice(row, 1)])


def without(row: int) -> Callable[[pa.Table], pa.Table]:
    return lambda table: pa.concat_tables([table.slice(0, row), table.slice(row + 1)])


def values_of(rule: table_rules.Rule, kind: pa.DataType) -> Iterator[tuple[str, Any]]:
    """Values that a column may not hold: what each is, and the value, or how it is made of the one before."""
    if not rule.null:
        yield "null", None
    if rule.listed:
        yield "an empty list", []
        yield from [("a shorter list", lambda held: held[:-1])] if rule.per else []
        yield from [("a list that falls", lambda held: held[::-1])] if rule.rising else []
        kind = kind.value_type
    numbers = []
    if rule.kind == "number":
        numbers = [("infinite", float("inf"))] if pa.types.is_floating(kind) else []
        numbers += [("not a number", float("nan"))] if pa.types.is_floating(kind) and not rule.nan else []
        numbers += [("too small", float(rule.least) - 1)] if rule.least and kind != pa.uint8() else []
        numbers += [("too large", float(rule.most) + 1)] if rule.most and kind != pa.uint8() else []
    elif rule.kind == "class":
        numbers = [("class 99", 99), ("class 1000000", 1_000_000), ("class -2", -2)]
    for words, number in numbers:
        value = number if pa.types.is_floating(kind) else int(number)
        yield words, (lambda held, value=value: [value] * len(held)) if rule.listed else value
    yield from [("an unknown word", "unknown")] if rule.kind == "word" else []
    yield from [("a long text", "x" * 200_000)] if rule.kind in ("text", "long") else []
    if rule.kind in ("picture", "pictures", "classes"):
        yield "a byte less", lambda held: held[:-1]
        yield "nothing", b""
    yield from [("class 255", lambda held: b"\xff" * len(held))] if rule.kind == "classes" else []


def mutations(run: Run, chance: random.Random) -> list[Mutation]:
    """Everything that can be wrong, in a random order."""
    found: list[Mutation] = []
    for name, path in run.tables.items():
        table = pq.read_table(path)
        rows = range(table.num_rows)
        for column, rule in table_rules.rules(name).items():
            if column in table.column_names:
                filled = [row for row in rows if table[column][row].is_valid]
                kind = TABLES[name].field(column).type
                found += [(name, f"{column}: {words}", changed(column, chance.choice(filled), value))
                          for words, value in (values_of(rule, kind) if filled else ())]  # fmt: skip
        if name in table_rules.ROWS:
            found.append((name, "a row twice", doubled(chance.choice(rows))))
        if "," in table_rules.ROWS.get(name, ""):
            found.append((name, "a row less", without(chance.choice(rows))))
        if {"step", "steps"} <= set(table.column_names):
            found.append((name, "a step after the last", changed("step", chance.choice(rows), 999)))
    chance.shuffle(found)
    return found


def test_every_table_and_column_has_a_rule(made: Run) -> None:
    assert all(path.is_file() for path in made.tables.values() if path != made.posterior)
    for name, columns in COLUMNS.items():
        assert columns.keys() <= table_rules.rules(name).keys(), name
    assert (
        table_rules.MADE_BY.keys() | {"metrics", "snapshots"} == TABLES.keys() == table_rules.ROWS.keys() | {"metrics"}
    )
    assert set(table_rules.rules("guided")["law"].words) == set(LAWS)


def test_whatever_is_wrong_with_a_table_is_one_sentence_and_no_other_run_s(
    run: Run, record_property: Callable[[str, object], None]
) -> None:
    print(f"FIRSTLIGHT_SEED={SEED}")
    assert verify(run) == []
    tried = mutations(run, random.Random(SEED))
    assert len(tried) >= 400
    facts = facts_of(run.id, read_card(run))
    for name, words, change in tried[:COUNT]:
        path = run.tables[name]
        content, manifest = path.read_bytes(), run.manifest.read_bytes()
        write_table(path, change(pq.read_table(path)))
        write_manifest(run, path)
        problem = content_problem(path, name, signature(path.stat()), facts)
        assert problem, f"{name}, {words}"
        assert problem.file == path.name and "\n" not in problem.reason and len(problem.reason) < 300, str(problem)
        again = table_rules.MADE_BY.get(name)
        assert (f"make it again with: firstlight {again} lab" if again else "copy of the file") in problem.reason
        found = inspect(run)
        assert found.damaged and found.problems == (problem,), f"{name}, {words}"
        path.write_bytes(content)
        run.manifest.write_bytes(manifest)
    assert not inspect(run).damaged
    record_property("fuzz", ["hostile tables", len(tried[:COUNT]), 0, 0, 0, 0])


NOTES = ["[]", "{", '"x"', '{"null": []}', '{"judges": {"a": []}}', '{"judges": {"a": {"seen": [1]}}}',
         '{"levels": [[]]}', '{"same": {"value": "x", "low": 1, "high": 2}}', '{"close": "yes"}', '{"pictures": []}',
         '{"denoisers": {"a": 1}}', "[" * 100_000, '{"x": "' + "x" * (1 << 20) + '"}']  # fmt: skip


@pytest.mark.parametrize("said", NOTES, ids=lambda said: said[:30])
def test_notes_of_another_form_are_one_sentence(run: Run, said: str) -> None:
    table = pq.read_table(run.judgements)
    write_table(run.judgements, table.replace_schema_metadata({b"firstlight": said.encode()}))
    write_manifest(run, run.judgements)
    with pytest.raises(RunError, match=r"lab is damaged: judgements\.parquet has notes .*evaluate recognizability lab"):
        sound_table(run.judgements)


def test_an_archive_answers_for_all_but_the_run_that_is_wrong(run: Run) -> None:
    archive = Archive(run.archive)
    assert set(archive.ask("last_snapshots")["run"]) == {"lab", "other"}
    write_table(run.snapshots, changed("label", 3, 99)(pq.read_table(run.snapshots)))
    write_manifest(run, run.snapshots)
    with archive.one_moment():
        assert set(archive.ask("last_snapshots")["run"]) == {"other"}
        states = archive.ask("runs").set_index("run")
    assert states["state"].to_dict() == {"lab": "damaged", "other": "finished"}
    assert "label 99" in states["reason"]["lab"]
    with pytest.raises(RunError, match=r"lab is damaged: snapshots\.parquet has label 99"):
        archive.ask("last_snapshots", run="lab")


@pytest.mark.parametrize(
    ("page", "table", "column", "value"),
    [
        ("trajectory", "trajectories", "label", None),
        ("recognizability", "judgements", "label", 99),
        ("clip_rankings", "clip_pictures", "top", 1_000_000),
        ("guidance", "guided", "law", "unknown"),
        ("steps", "solver_steps", "frechet_ratio", float("inf")),
        ("speciation", "speciation", "first", None),
        ("training", "snapshots", "image", b"x"),
    ],
)
def test_a_page_says_what_is_wrong_in_one_sentence(
    run: Run, monkeypatch: pytest.MonkeyPatch, page: str, table: str, column: str, value: Any
) -> None:
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(run.archive))
    path = run.tables[table]
    row = next(at for at, held in enumerate(pq.read_table(path, columns=[column])[column]) if held.is_valid)
    write_table(path, changed(column, row, value)(pq.read_table(path)))
    write_manifest(run, path)
    test = linked(page, run="lab")
    assert [error.value for error in test.exception] == []
    said = " ".join(box.value for box in test.info).replace("\\", "")
    assert f"lab is damaged: {path.name}" in said
    assert inspect(run).damaged


def test_what_is_shipped_is_sound_and_is_not_looked_at_again_unless_its_card_is_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table of the right hash beside another card may name classes that this one has not."""
    asked: list[str] = []
    monkeypatch.setattr("store.verification.content_problem", lambda path, *rest: asked.append(path.name))
    for folder in sorted(BUNDLED.iterdir()):
        run = Run(folder)
        facts = facts_of(run.id, read_card(run))
        for name, path in run.tables.items():
            assert not path.is_file() or not content_problem(path, name, signature(path.stat()), facts), path
        assert looked_into(inspect(run), run.tables).state == "finished" and not asked
    shutil.copytree(BUNDLED / "two-digits", tmp_path / "two-digits")
    run = Run(tmp_path / "two-digits")
    store_card(run, {**read_card(run), "name": "another"})
    looked_into(inspect(run), run.tables)
    assert len(asked) == sum(path.is_file() for path in run.tables.values())
