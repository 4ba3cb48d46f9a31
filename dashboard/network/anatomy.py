"""What a network is made of: the parts of the U-Net, from the names and shapes of its weights in export.json."""

import math
import re
from dataclasses import dataclass

from firstlight.command_text import typed
from firstlight.errors import SamplerError
from firstlight.run_folder import Run
from sampler.session import report_of

BLOCK = re.compile(r"unet\.(down|up)\.(\d+)\.(\d+)\.")
Shapes = dict[str, tuple[int, ...]]  # name of a weight -> its shape


@dataclass(frozen=True)
class Part:
    """A part of the U-Net, in the order in which pictures pass."""

    name: str  # for people
    kind: str  # stem, down, shrink, middle, grow, up, head
    level: int  # how often pictures were folded: 0 is the finest
    inputs: int  # channels
    outputs: int
    size: int  # height and width of what comes out
    weights: Shapes

    @property
    def parameters(self) -> int:
        return sum(math.prod(shape) for shape in self.weights.values())


@dataclass(frozen=True)
class Anatomy:
    """A U-Net: its parts in order, the pairs that skips join, and the embeddings that every block gets."""

    parts: tuple[Part, ...]
    skips: tuple[tuple[int, int], ...]  # places in `parts`: from a down block to an up block
    time: Shapes
    label: Shapes
    scale: Shapes  # of a student: guidance as an input; empty for any other

    @property
    def parameters(self) -> int:
        """Weights of everything, frequencies and other constants left out."""
        embeddings = (*self.time.items(), *self.label.items(), *self.scale.items())
        return sum(part.parameters for part in self.parts) + sum(math.prod(shape) for _, shape in embeddings)

    @property
    def levels(self) -> int:
        return 1 + max(part.level for part in self.parts)


def anatomy(run: Run, size: int) -> Anatomy:
    """The network of a run whose pictures are `size` pixels high. Raises SamplerError where there is none to read."""
    report = report_of(run.denoiser)
    found = report.get("shapes")
    if report.get("guest"):
        raise SamplerError(f"{run.id} was adopted, and only its owner knows how its parts are called: it is not drawn.")
    if found is None:
        raise SamplerError(f"{run.id}'s export.json does not hold the network's shapes. Add them with: "
                           f"firstlight export {typed(run)} --keep")  # fmt: skip
    try:
        return built({name: tuple(shape) for name, shape in found.items()}, size)
    except (ValueError, IndexError, KeyError, TypeError, AttributeError) as error:
        raise SamplerError(f"{run.id}'s graph is no U-Net that can be drawn ({error}). Export it anew with: "
                           f"firstlight export {typed(run)}") from error  # fmt: skip


def built(weights: Shapes, size: int) -> Anatomy:
    """The U-Net that these weights make of pictures `size` pixels high. Raises KeyError or ValueError where none."""
    blocks = {(way, int(level), int(place)) for name in weights if (match := BLOCK.match(name))
              for way, level, place in [match.groups()]}  # fmt: skip
    levels = 1 + max(level for way, level, _ in blocks if way == "down")
    parts: list[Part] = [_part(weights, "unet.stem.", "stem", "stem", 0, size)]
    for level in range(levels):
        if level:
            parts.append(_part(weights, f"unet.shrink.{level - 1}.", f"fold {level}", "shrink", level, size))
        for place in sorted(place for way, at, place in blocks if (way, at) == ("down", level)):
            name = f"down {level + 1}.{place + 1}"
            parts.append(_part(weights, f"unet.down.{level}.{place}.", name, "down", level, size))
    parts.append(_part(weights, "unet.middle.", "middle", "middle", levels - 1, size))
    for turn, level in enumerate(reversed(range(levels))):
        if turn:
            parts.append(_part(weights, f"unet.grow.{turn - 1}.", f"unfold {level + 1}", "grow", level, size))
        for place in sorted(place for way, at, place in blocks if (way, at) == ("up", turn)):
            name = f"up {level + 1}.{place + 1}"
            parts.append(_part(weights, f"unet.up.{turn}.{place}.", name, "up", level, size))
    parts.append(_part(weights, "unet.head.", "head", "head", 0, size))
    down = [place for place, part in enumerate(parts) if part.kind == "down"]
    up = [place for place, part in enumerate(parts) if part.kind == "up"]
    embeddings = [_of(weights, f"unet.{name}.") for name in ("time", "label", "scale")]
    embeddings[0].pop("frequencies", None)
    return Anatomy(tuple(parts), tuple(zip(reversed(down), up, strict=True)), *embeddings)


def _part(weights: Shapes, prefix: str, name: str, kind: str, level: int, size: int) -> Part:
    own = _of(weights, prefix)
    first = own.get("first.weight") or own["weight"]
    last = own.get("second.weight") or own["weight"]
    inputs, outputs = first[1], last[0]
    if kind == "grow" and last[2:] == (1, 1):
        outputs //= 4  # four channels unfold into 2 x 2 pixels
    elif kind == "grow":
        inputs, outputs = last[:2]  # a transposed convolution, whose weights stand the other way round
    return Part(name, kind, level, inputs, outputs, size // 2 ** (level + 1), own)


def _of(weights: Shapes, prefix: str) -> Shapes:
    """The weights of a part, by the rest of their names."""
    return {name.removeprefix(prefix): shape for name, shape in weights.items() if name.startswith(prefix)}
