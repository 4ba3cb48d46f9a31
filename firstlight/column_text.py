"""Columns told in lines of text, name, type and meaning, as table_schema.py has them."""

import pyarrow as pa


def columns(text: str) -> dict[str, tuple[str, str]]:
    """Name -> type and meaning of each column; a line that is indented further goes on with the meaning before."""
    found: dict[str, tuple[str, str]] = {}
    for line in text.strip("\n ").splitlines():
        if line.startswith(" " * 8):
            name, (kind, meaning) = list(found.items())[-1]
            found[name] = kind, f"{meaning} {line.strip()}"
        else:
            name, kind, meaning = line.split(maxsplit=2)
            found[name] = kind, meaning
    return found


def type_named(name: str) -> pa.DataType:
    """A type by its name, such as int64 or list<int32>."""
    if name.startswith("list<"):
        return pa.list_(pa.type_for_alias(name[5:-1]))
    return pa.type_for_alias(name)
