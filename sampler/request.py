"""What is asked for: classes by name or number; and what a network cannot draw is refused at once, in a sentence."""

from collections.abc import Sequence
from typing import Any

from firstlight.errors import SamplerError
from sampler.guidance_laws import law_of
from sampler.noise import Noise


def check_request(denoiser: Any, labels: Sequence[int], seeds: Sequence[int]) -> None:
    """Raises SamplerError for labels and seeds that make no pictures."""
    none = len(denoiser.classes)
    wrong = next((label for label in labels if not 0 <= label <= none), None)
    if wrong is not None:
        raise SamplerError(f"There is no class {wrong}; labels are 0 to {none - 1}, and {none} for no label.")
    if not len(labels) == len(seeds) > 0:
        raise SamplerError(f"{len(labels)} labels and {len(seeds)} seeds make no pictures; give one of each for each.")
    Noise(seeds, denoiser.shape)


def check_known(denoiser: Any, labels: Sequence[int], guidance: float, law: str | None = None) -> None:
    """Raises SamplerError for guidance, and for pictures without a label, of a model that knows none."""
    if getattr(denoiser, "no_label", True):
        return
    unneeded = law is not None and law_of(law).weaker  # autoguidance asks for labelled pictures alone
    if not unneeded and (guidance != 1 or (law is not None and law_of(law).adaptive)):
        raise SamplerError(
            "This model knows no pictures without a label, so it cannot be guided but away from a weaker network; draw "
            "with guidance 1, and no method but constant or interval, or with the method autoguidance."
        )
    if any(label == len(denoiser.classes) for label in labels):
        raise SamplerError("This model knows no pictures without a label; ask for one of its classes.")


def labels_of(text: str, names: list[str]) -> list[int]:
    """Labels of a list of class names, indices and ranges of indices. Raises SamplerError for one there is not."""
    lowered, labels = [name.lower() for name in names], list[int]()
    for part in ("0-" + str(len(names) - 1) if text == "all" else text).split(","):
        first, dash, last = part.strip().partition("-")
        if part.strip().lower() in lowered:
            labels.append(lowered.index(part.strip().lower()))
        elif first.isdecimal() and (last.isdecimal() or not dash) and int(first) <= int(last or first) < len(names):
            labels.extend(range(int(first), int(last or first) + 1))
        else:
            offer = f"0-{len(names) - 1} or {', '.join(names)}"
            raise SamplerError(f"There is no class {part.strip()!r}; give --classes indices or names: {offer}.")
    return labels
