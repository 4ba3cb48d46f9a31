"""An experiment in parts that outlive an interruption: what is finished is on the disk, and the rest is made.

A part is kept under runs/<id>/.cache, in a folder that is named after the denoiser and the settings, so that another
denoiser or setting begins anew and a longer experiment begins with the shorter one.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from tqdm import tqdm

from evaluator.experiments.subject import Labels, Subject
from firstlight.errors import RunError
from firstlight.parquet import write_table
from firstlight.run_writes import store_table
from firstlight.table_schema import METADATA, TABLES, table_of
from sampler.noise import Pictures
from sampler.session import BATCH

Columns = dict[str, Any]  # name -> array (rows,)
Denoise = Callable[[Pictures, NDArray[np.float32], Labels], Pictures]


@dataclass(frozen=True)
class Plan:
    """What is to be made: `count` items (pairs, pictures, seeds), each from its own noise."""

    table: str  # a key of Run.tables
    settings: dict[str, Any]  # everything that decides an item's rows, as JSON holds it
    count: int
    flag: str  # that sets the count
    part: int  # items that are made together, and kept when they are finished
    cost: int  # evaluations of the denoiser for one item, at most
    says: str = ""  # beside the progress bar, where a command carries out several plans


def carry_out(subject: Subject, plan: Plan, work: Callable[[range, Denoise], Columns]) -> pa.Table:
    """The whole table of a plan, from finished parts as far as there are any; written into the run.

    `work(items, denoise)` returns the columns of some items. Raises RunError for a count below 1.
    """
    if plan.count < 1:
        raise RunError(f"{plan.count} of them make no experiment; give {plan.flag} a number from 1.")
    folder = subject.run.cache / f"{plan.table}-{_key(subject, plan.settings)}"
    parts = [range(at, min(at + plan.part, plan.count)) for at in range(0, plan.count, plan.part)]
    paths = {items: folder / f"{items.start}-{items.stop}.parquet" for items in parts}
    finished = {items: table for items, path in paths.items() if (table := _kept(path, plan.table)) is not None}
    done = sum(map(len, finished))
    bar = tqdm(
        desc=plan.says or f"{plan.table} of {subject.run.id}", total=plan.count * plan.cost, initial=done * plan.cost,
        unit=" evaluations", unit_scale=True, disable=None,
    )  # fmt: skip
    with bar:
        for items in parts:
            if items in finished:
                continue
            finished[items] = table_of(TABLES[plan.table], work(items, _counted(subject, bar)))
            write_table(paths[items], finished[items])
            done += len(items)
            bar.update(done * plan.cost - bar.n)  # an item may have cost less than the most it could
    return pa.concat_tables([finished[items] for items in parts])


def record(subject: Subject, name: str, table: pa.Table, notes: dict[str, Any]) -> None:
    """Write a table into the run, with what made it; the manifest too, unless the run's trainer still writes that."""
    made_of = {
        "denoiser": subject.denoiser_sha256,
        "judge": {subject.judge.name: subject.judge.card["sha256"]},
        **notes,
    }
    path = subject.run.tables[name]
    store_table(path, table.replace_schema_metadata({METADATA: json.dumps(made_of).encode()}))


def _key(subject: Subject, settings: dict[str, Any]) -> str:
    made_of = json.dumps([subject.denoiser_sha256, subject.judge.card["sha256"], settings], sort_keys=True)
    return hashlib.sha256(made_of.encode()).hexdigest()[:16]


def _kept(path: Path, name: str) -> pa.Table | None:
    """A finished part; None where there is none or it is damaged."""
    try:
        table = pq.read_table(path, page_checksum_verification=True)
    except (OSError, pa.ArrowException):
        return None
    return table if table.schema.equals(TABLES[name]) else None


def _counted(subject: Subject, bar: "tqdm[Any]") -> Denoise:
    """The denoiser for any number of pictures, which moves the progress bar by as many."""

    def denoise(x: Pictures, logsnr: NDArray[np.float32], label: Labels) -> Pictures:
        parts = []
        for at in range(0, len(x), BATCH):
            some = slice(at, at + BATCH)
            parts.append(subject.denoiser(x[some], logsnr[some], label[some]))
            bar.update(len(parts[-1]))
        return np.concatenate(parts)

    return denoise
