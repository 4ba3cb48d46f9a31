"""What a picture says of where it comes from: in its file's name, and in the file itself."""

import io
import re
import unicodedata
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sampler.generation import Settings

Origin = Mapping[str, object]  # what it is of: a run, a seed, a setting; in the order of the name
BARE = ("page", "run", "figure")  # say what they are without their names
LONGEST = 150  # characters of a name
HEADER = 33  # bytes of a PNG before which nothing may stand: how it begins, and its size


def stem(origin: Origin) -> str:
    """A file's name without its ending: firstlight-<page>-<run>-<figure>, then settings as <name>-<value>; those that
    make it too long are left out.
    """
    parts = [_word(origin[name]) for name in BARE if origin.get(name)]
    parts += [f"{_word(name)}-{_word(value)}" for name, value in origin.items() if name not in BARE and _word(value)]
    name = "firstlight"
    for part in parts:
        name = f"{name}-{part}" if len(name) + len(part) < LONGEST else name
    return name


def of_drawing(
    run: str, classes: Sequence[str], seeds: Sequence[int], settings: "Settings", evaluations: int, law: str = "",
    weaker: str = "",
) -> dict[str, object]:  # fmt: skip
    """What draws pictures again; a law and another run's network are named where they guided."""
    first, last = min(seeds), max(seeds)
    return {
        "run": run, "seed": first if first == last else f"{first}-{last}", "steps": len(settings.grid()) - 1,
        "guidance": f"{settings.guidance:g}", "law": law, "weaker": weaker, "solver": settings.solver,
        "evaluations": evaluations, "levels": settings.levels, "class": " ".join(dict.fromkeys(classes)),
    }  # fmt: skip


def told(origin: Origin) -> dict[str, str]:
    """What stands in the file: the program with its version, and every part of the origin."""
    return {"Software": software(), **{name: str(value) for name, value in origin.items() if str(value)}}


def signed(png: bytes, origin: Origin) -> bytes:
    """A PNG file with its origin as text chunks; the picture in it is as it was."""
    from PIL.PngImagePlugin import PngInfo, putchunk

    chunks, file = PngInfo(), io.BytesIO()
    for name, value in told(origin).items():
        chunks.add_text(name, value)
    for kind, text, *_ in chunks.chunks:
        putchunk(file, kind, text)
    return png[:HEADER] + file.getvalue() + png[HEADER:]


def software() -> str:
    """Firstlight and its version."""
    try:
        return f"firstlight {version('firstlight')}"
    except PackageNotFoundError:  # a clone that was not installed
        return "firstlight"


def _word(value: object) -> str:
    """A value in the letters that every file system has, a decimal point as an underscore."""
    text = unicodedata.normalize("NFKD", str(value)).replace("−", "-").encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9_-]+", "-", re.sub(r"(?<=\d)\.(?=\d)", "_", text)).strip("-")
