"""A plate cut anew for a narrow screen: each row's label above its cells, and the cells go on below one another."""

import io
import json
from collections.abc import Iterator

from PIL import Image, ImageDraw

from dashboard.pictures.grid import GAP, LABEL, MUTED, NIGHT, PLATE, Told, font, png, written

LINE = LABEL + 4  # height of a line of labels, pixels
FEW = 4  # rows that stay together, so that what stands above the other is seen so; of more, each goes on alone


def wrapped(content: bytes, room: int) -> bytes:
    """The plate, at most `room` pixels wide where its cells are; as it is where it fits or is no plate."""
    picture = Image.open(io.BytesIO(content))
    if picture.width <= room or PLATE not in picture.info:
        return content
    told: Told = json.loads(picture.info[PLATE])
    _, across, height, width = told["shape"]
    longest = max((font().getlength(written(label)) for line in told["columns"] for label in line), default=0)
    pitch = max(width + GAP, int(longest) + 8)
    beside = max(1, min(across, room // pitch))
    lines = list(_lines(told, beside))
    canvas = Image.new(
        "RGB", (max(room, pitch), GAP + sum(len(texts) * LINE + height + GAP for *_, texts in lines)), NIGHT
    )
    draw, y = ImageDraw.Draw(canvas), GAP
    for row, columns, texts in lines:
        for text in texts:
            places = [GAP] if isinstance(text, str) else [GAP + turn * pitch + width / 2 for turn in range(len(text))]
            for place, label in zip(places, [text] if isinstance(text, str) else text, strict=True):
                draw.text(
                    (place, y + LABEL // 2),
                    written(label),
                    MUTED,
                    font(),
                    anchor="lm" if isinstance(text, str) else "mm",
                )
            y += LINE
        for turn, column in enumerate(columns):
            left, top = told["left"] + column * (width + GAP), told["top"] + row * (height + GAP)
            canvas.paste(picture.crop((left, top, left + width, top + height)), (GAP + turn * pitch, y))
        y += height + GAP
    return png(canvas)


def _lines(told: Told, beside: int) -> Iterator[tuple[int, range, list[str | list[str]]]]:
    """Each line of cells: its row, its columns, and what is written above: a text at the left, or one for each cell."""
    down, across = told["shape"][:2]
    parts = [range(first, min(first + beside, across)) for first in range(0, across, beside)]
    order = [(row, part) for row in range(down) for part in parts]
    if down <= FEW:
        order.sort(key=lambda line: line[1].start)
    heads = [f"above: {', '.join(told['heads'])}"] if any(told["heads"]) else []
    before: tuple[int, range | None] = (-1, None)
    for row, part in order:
        names = [told["rows"][row]] if told["rows"] and row != before[0] else []
        labels = [[line[column] for column in part] for line in told["columns"]] if part != before[1] else []
        begins = part != before[1] if down <= FEW else row != before[0]  # what belongs together
        apart = [""] if begins and before[1] else []
        yield row, part, [*heads, *apart, *names, *labels]
        heads, before = [], (row, part)
