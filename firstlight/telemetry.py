"""Nothing is sent home: libraries that report by default are told not to, before they are loaded.

A process of ours tells them for good. In somebody's own program they are told only while our call loads one, and what
the user has set counts.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

OFF = {
    "ORT_DISABLE_TELEMETRY": "1",  # ONNX Runtime from 1.29 on; read when it is loaded, and its own call comes too late
    "HF_HUB_DISABLE_TELEMETRY": "1",  # huggingface_hub, for diffusers and OpenCLIP
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "RAY_USAGE_STATS_ENABLED": "0",
    "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false",  # wherever the dashboard is started from
}


def switch_off() -> None:
    """For this process, and for those that it starts."""
    for name, value in OFF.items():
        os.environ.setdefault(name, value)


@contextmanager
def switched_off() -> Iterator[None]:
    """For what is loaded inside; afterwards the environment is as it was."""
    added = {name: value for name, value in OFF.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)
