"""The network that a report draws with, the run's student or its own: the graph of its drawing, and the plan."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from evaluator.steps.solver_grid import students
from firstlight.errors import RunError, SamplerError
from firstlight.run_folder import Run
from sampler import session
from sampler.generation import Settings, settings_of
from sampler.guidance import HIGHEST_SCALE
from sampler.loop_graph import drawing_graph
from sampler.noise import Noise
from sampler.origin import of_drawing, stem, told
from sampler.step_graph import plan_of

SHOWN = (1, 3)  # channels that a page can show
PROBE = (11, 2, 582)  # a seed, one of its draws and a pixel, which lies in the tail
FDLIBM = np.float32(3.9897113)  # its value where log1pf is fdlibm's; where that is rounded right, one bit more


@dataclass(frozen=True)
class Network:
    """A graph and all that a page has to know to draw with it."""

    graph: bytes
    plan: dict[str, Any]  # for JSON


def student(run: Run) -> Run | None:
    """The run's student with the fewest evaluations, the run itself where it is one; None where there is none."""
    known = sorted(students(run), key=lambda each: (settings_of(each).steps, each.id))
    return known[0] if known else run if session.load(run.denoiser, "cpu").scales else None


def network(run: Run) -> Network:
    """Of the run's student with the fewest evaluations, else of the run itself.

    Raises RunError, one sentence, where neither can draw on a page.
    """
    try:
        chosen = student(run) or run
        settings = settings_of(chosen)
        denoiser = session.load(chosen.denoiser, "cpu")
        if denoiser.shape[0] not in SHOWN:
            raise SamplerError(f"{chosen.id} has pictures of {denoiser.shape[0]} channels, which no page can show.")
        content = session.verified(chosen.denoiser)
        plan, graph = plan_of(settings), drawing_graph(content, denoiser, settings)
    except SamplerError as error:
        raise RunError(f"The report cannot draw: {error}") from error
    low, high = denoiser.scales or ((0.0, HIGHEST_SCALE) if denoiser.no_label else (settings.guidance,) * 2)
    return Network(
        graph,
        {
            "run": chosen.id,
            "teacher": run.id if chosen.id != run.id else "",
            "classes": list(denoiser.classes),
            "shape": list(denoiser.shape),
            "guidance": [low, settings.guidance, high],
            "steps": len(plan.rows),
            "fresh": plan.fresh,
            "past": plan.past,
            "evaluations": settings.evaluations(),
            "log1p": log1p(),
            "saved": _saved(chosen, settings),
        },
    )


def _saved(run: Run, settings: Settings) -> dict[str, Any]:
    """What a picture says of itself, in its name and in its file, whatever it is drawn of; the page adds that."""
    drawn = of_drawing(run.id, [], [0], settings, settings.evaluations())
    asked = ("seed", "guidance", "class")
    origin = {"page": "generate", "figure": "drawing"} | {key: drawn[key] for key in drawn if key not in asked}
    return {"name": stem(origin), "says": told(origin)}


def log1p() -> str:
    """Which log1p numpy's noise has on this machine, `right` or `fdlibm`: they differ in the last bit (noise.js)."""
    seed, draws, pixel = PROBE
    noise = Noise([seed], (1, 28, 28))
    value = [noise.draw() for _ in range(draws + 1)][-1].ravel()[pixel]
    return "fdlibm" if value == FDLIBM else "right"
