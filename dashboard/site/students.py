"""The page that draws by itself: students' graphs alone, with ONNX Runtime Web once for all of them; all gzipped."""

import gzip
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from dashboard.components.scrubber import PICTURE
from dashboard.report.live import sections
from dashboard.report.live.network import Network, network, student
from dashboard.report.live.runtime import VERSION, runtime
from dashboard.report.npm import silent
from firstlight.archives import NAMED
from store.archive import good_entry

LIVE = Path(sections.__file__).parent
SCRIPTS = (LIVE / "noise.js", PICTURE, LIVE / "live.js")


def write(assets: Path, ids: Sequence[str], web: Path | None) -> dict[str, Network]:
    """The graphs of students that draw for these runs, and what runs them. Returns each run's network.

    A run without a student among the runs has none. Raises RunError where ONNX Runtime Web cannot be had.
    """
    root, found = Path(os.environ[NAMED]), dict[str, Network]()
    for run_id in ids:
        run = good_entry(root, run_id).run
        if student(run):
            drawn = found[run_id] = network(run)
            (assets / f"{drawn.plan['run']}.onnx.gz").write_bytes(_packed(drawn.graph))
    if found:
        module, binary = runtime(web)
        (assets / "runtime.mjs.gz").write_bytes(_packed(silent(module.decode("utf-8")).encode()))
        (assets / "runtime.wasm.gz").write_bytes(_packed(binary))
        for file in SCRIPTS:
            (assets / file.name).write_bytes(file.read_bytes())
    return found


def section(run: str, drawn: Network, up: str) -> str:
    """The main part of the page of a run."""
    template = Environment(
        loader=FileSystemLoader([Path(__file__).parent, LIVE.parent]), autoescape=True, undefined=StrictUndefined
    ).get_template("draw.html")
    licence = (LIVE / "LICENCE-onnxruntime.txt").read_text(encoding="utf-8")
    live: dict[str, Any] = {"plan": drawn.plan, "version": VERSION, "licence": licence}
    return template.render(live=live, up=up, run=run, graph=f"{drawn.plan['run']}.onnx.gz")


def _packed(content: bytes) -> bytes:
    """The browser unpacks it: few hosts pack what is no text."""
    return gzip.compress(content, 9, mtime=0)
