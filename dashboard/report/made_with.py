"""The libraries that a report was made with, at its end."""

import importlib.metadata
import platform

PACKAGES = ("streamlit", "plotly", "duckdb", "pyarrow", "pandas", "numpy", "scipy", "pillow", "jinja2")


def versions() -> list[tuple[str, str]]:
    """What this report was made with."""
    found = [("python", platform.python_version())]
    for name in PACKAGES:
        try:
            found.append((name, importlib.metadata.version(name)))
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
