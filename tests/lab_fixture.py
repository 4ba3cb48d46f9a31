"""A run of the lab with planted truths: what its pages must say is known before they say it.

    write_lab(tmp_path, "lab")                                  # ten digits x 200 seeds, 20 steps, every table
    write_lab(tmp_path, "hole", classes=9)                      # digit 9 has no rows
    write_lab(tmp_path, "short", steps=1)
    write_lab(tmp_path, "blind", reach=0.0)                     # nobody is ever recognized

Digit d is recognized, typically, from step CENTRES[d] of 20 on, one in ten for a moment before; 1 - `reach` of the
pictures stay unsure, and `other` of them end as the next digit. A label decides until SWAP, two copies agree from
SPECIATION on, a real digit survives from UTURN on, the posterior decides fastest at DECISION; all in logSNR.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from archive_fixture import write_run
from numpy.typing import NDArray

from firstlight import table_schema as firstlight_schema
from firstlight.manifest import write_manifest
from firstlight.parquet import write_table
from firstlight.run_folder import Run

DIGITS = [str(digit) for digit in range(10)]
CENTRES = np.array([8.0, 6.0, 9.0, 9.5, 9.0, 11.0, 8.5, 6.5, 11.5, 10.0])  # 1 and 7 early, 5 and 8 late
SPECIATION, UTURN, SWAP, DECISION = -2.0, -1.0, -3.0, -2.5
WIDTH = 0.8  # of every transition, logSNR
VIEWS = {
    "x": "mnist-noisy", "denoised": "mnist-clean", "unconditional": "mnist-clean", "ancestral": "posterior",
}  # fmt: skip
LATER = {"x": 0.0, "denoised": -1.5, "unconditional": -0.5, "ancestral": -0.8}  # steps after CENTRES, per view


def levels(steps: int) -> NDArray[np.float64]:
    """logSNR of steps 0 ... K, the last one clean."""
    return np.append(np.linspace(-12.0, 9.0, steps), 20.0)


def write_lab(root: Path, run_id: str, seeds: int = 200, steps: int = 20, classes: int = 10, **planted: Any) -> Run:
    """Write a finished run with every table of the lab; `planted`: reach, other, views, and tables to leave out."""
    left_out = planted.pop("without", ())
    run = write_run(root, run_id, tables=("metrics",))
    content = {
        "judgements": judgements(seeds, steps, classes, planted, ("x", "denoised", "unconditional")),
        "posterior": judgements(seeds, steps, classes, planted, ("ancestral",)),
        "speciation": speciation(seeds), "uturn": uturn(), "swap": swap(steps), "classifier": classifier(),
    }  # fmt: skip
    for name, table in content.items():
        if name not in left_out:
            write_table(run.tables[name], table)
    _card(run, steps)
    write_manifest(run)
    return run


def _card(run: Run, steps: int) -> None:
    import json

    card = json.loads(run.card.read_text())
    card["dataset"] |= {"classes": DIGITS, "size": 28}
    card["config"] |= {"classes": 10, "size": 28, "steps": steps}
    run.card.write_text(json.dumps(card))


def judgements(seeds: int, steps: int, classes: int, planted: dict[str, Any], views: tuple[str, ...]) -> pa.Table:
    """Verdicts on `seeds` pictures of each class in each view: a step of certainty at each picture's own moment."""
    reach, other = planted.get("reach", 0.99), planted.get("other", 0.02)
    generator = np.random.Generator(np.random.Philox(key=3))
    label, seed = np.repeat(np.arange(classes), seeds), np.tile(np.arange(seeds), classes)
    shared = np.tile(generator.normal(0, 0.8, seeds), classes)  # the same noise is easy or hard for every digit
    own = generator.normal(0, 0.9, len(label))
    fate = generator.uniform(size=len(label))
    step = np.arange(steps + 1)
    parts = []
    for view in views:
        centre = (CENTRES[label] + LATER[view] + shared + own) * steps / 20
        certainty = 1 / (1 + np.exp(-2.5 * (step[None] - centre[:, None]) * 20 / max(steps, 1)))
        strays, unsure, wavers = (fate >= reach - other) & (fate < reach), fate >= reach, fate < min(0.1, reach - other)
        target = 0.1 + (0.898 - 0.65 * unsure[:, None]) * certainty
        early = wavers[:, None] & (step[None] == np.floor(centre - 3 * steps / 20)[:, None])
        target = np.where(early, 0.95, target)
        target = np.where(strays[:, None], 0.1 - 0.09 * certainty, target)
        top = np.where(strays[:, None] & (certainty > 0.3), (label[:, None] + 1) % 10, label[:, None])
        top = np.where((certainty < 0.3) & ~early, (label[:, None] + 3) % 10, top)
        flat = {
            "sample": np.repeat(np.arange(len(label)), steps + 1), "label": np.repeat(label, steps + 1),
            "seed": np.repeat(seed, steps + 1), "step": np.tile(step, len(label)),
            "steps": np.full(top.size, steps), "logsnr": np.tile(levels(steps), len(label)),
            "view": np.full(top.size, view), "judge": np.full(top.size, VIEWS[view]), "top": top.ravel(),
            "probability": target.ravel(), "entropy": (np.log(10) * (1 - certainty) + 0.01).ravel(),
        }  # fmt: skip
        parts.append(_table(flat, firstlight_schema.JUDGEMENTS))
    if "ancestral" in views:  # H falls around DECISION for everybody
        column = np.log(10) * _falls(parts[0]["logsnr"].to_numpy(), DECISION)
        place = parts[0].schema.get_field_index("entropy")
        parts[0] = parts[0].set_column(
            place, firstlight_schema.JUDGEMENTS.field("entropy"), pa.array(column, pa.float32())
        )
    return pa.concat_tables(parts)


def speciation(pairs: int) -> pa.Table:
    """Pairs copied at 13 levels, drawn without a label: alike with probability 0.55 rising to 1 around SPECIATION."""
    generator = np.random.Generator(np.random.Philox(key=4))
    at = np.linspace(-8.0, 4.0, 13)
    level, pair = (part.ravel() for part in np.meshgrid(np.arange(13), np.arange(pairs), indexing="ij"))
    alike = generator.uniform(size=len(pair)) < phi(at[level])
    first = generator.integers(0, 10, len(pair))
    return _table(
        {"pair": pair, "seed": pair, "level": level, "logsnr": at[level], "label": np.full(len(pair), 10),
         "first": first, "second": np.where(alike, first, (first + 1) % 10)},
        firstlight_schema.TABLES["speciation"],
    )  # fmt: skip


def phi(logsnr: NDArray[np.float64]) -> NDArray[np.float64]:
    """The planted chance that two copies end in the same class; 0.775 at SPECIATION."""
    return 0.55 + 0.45 / (1 + np.exp(-(logsnr - SPECIATION) / WIDTH))


def uturn(pictures: int = 60) -> pa.Table:
    """Real pictures of every class, noised to 11 levels: the class is kept with a chance that rises around UTURN."""
    generator = np.random.Generator(np.random.Philox(key=5))
    at = np.linspace(-6.0, 4.0, 11)
    level, picture = (part.ravel() for part in np.meshgrid(np.arange(11), np.arange(10 * pictures), indexing="ij"))
    label = picture // pictures
    kept = generator.uniform(size=len(label)) < 0.1 + 0.9 * (1 - _falls(at[level], UTURN))
    as_one = generator.integers(0, 200, len(label))[:, None]  # what all nine parts change alike, most around UTURN
    own, near = generator.integers(0, 200, (len(label), 9)), np.exp(-((at[level] - UTURN) ** 2) / 2)[:, None]
    change = (near * as_one + (1 - near) * own).astype(np.uint8)
    return _table(
        {"picture": picture, "label": label, "logsnr": at[level], "top": np.where(kept, label, (label + 1) % 10),
         "conditional": np.zeros(len(label), bool), "change": [*change]},
        firstlight_schema.TABLES["uturn"],
    )  # fmt: skip


def swap(steps: int, seeds: int = 8) -> pa.Table:
    """Every from-digit to every other at every second step: the new label wins while the level is below SWAP."""
    generator = np.random.Generator(np.random.Philox(key=6))
    rows = np.array([
        (seed, one, two, step)
        for seed in range(seeds) for one in range(10) for two in range(10) for step in range(0, steps + 1, 2)
        if one != two
    ])  # fmt: skip
    seed, one, two, step = rows.T
    at = levels(steps)[step]
    wins = generator.uniform(size=len(rows)) < _falls(at, SWAP)
    return _table(
        {"seed": seed, "from_label": one, "to_label": two, "step": step, "steps": np.full(len(rows), steps),
         "logsnr": at, "top": np.where(wins, two, one)},
        firstlight_schema.TABLES["swap"],
    )  # fmt: skip


def classifier(pictures: int = 1000) -> pa.Table:
    """The diffusion classifier is right on 990 of 1,000 real pictures."""
    picture = np.arange(pictures)
    label = picture % 10
    right = picture >= 10
    return _table(
        {"picture": picture, "label": label, "top": np.where(right, label, (label + 5) % 10),
         "draws": np.full(pictures, 50), "probability": np.where(right, 0.98, 0.1)},
        firstlight_schema.TABLES["classifier"],
    )  # fmt: skip


def _falls(logsnr: NDArray[np.float64], place: float) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp((logsnr - place) / WIDTH)))


def _table(columns: dict[str, Any], wanted: pa.Schema) -> pa.Table:
    return pa.Table.from_arrays([pa.array(columns[field.name]).cast(field.type) for field in wanted], schema=wanted)
