"""What the template shows of a report that draws by itself."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from dashboard.components.scrubber import PICTURE
from dashboard.report.live.base85 import ALPHABET, Packed, packed
from dashboard.report.live.network import network
from dashboard.report.live.runtime import VERSION, runtime
from dashboard.report.npm import silent
from dashboard.report.plotly_js import plotly
from firstlight.run_folder import Run

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Live:
    """Everything that live.html asks for."""

    plan: dict[str, Any]
    packed: dict[str, Packed]  # by the id of its script
    version: str  # of ONNX Runtime Web
    licence: str
    style: Markup
    noise: Markup
    picture: Markup
    script: Markup
    alphabet: Markup


def live(run: Run, folder: Path | None = None) -> Live:
    """The part that draws, of a run; `folder` holds ONNX Runtime Web. Raises RunError, with one sentence."""
    drawn = network(run)
    module, binary = runtime(folder)
    charts, said = plotly(folder is None).encode(), silent(module.decode("utf-8")).encode()
    held = {"live-plotly": charts, "live-module": said, "live-runtime": binary, "live-graph": drawn.graph}
    return Live(
        drawn.plan,
        {name: packed(content) for name, content in held.items()},
        VERSION if folder is None else "",
        (HERE / "LICENCE-onnxruntime.txt").read_text(encoding="utf-8"),
        _text(HERE / "live.css"),
        _text(HERE / "noise.js"),
        _text(PICTURE),
        _text(HERE / "live.js"),
        Markup(ALPHABET),
    )


def _text(file: Path) -> Markup:
    return Markup(file.read_text(encoding="utf-8"))
