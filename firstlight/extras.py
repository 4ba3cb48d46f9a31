"""What not every installation has, and how it is had."""

from collections.abc import Iterator
from contextlib import contextmanager

from firstlight.errors import RunError
from firstlight.installation import INSTALLED

EXTRAS = {  # of pyproject.toml, with the modules that they bring
    "train": ("torch", "torchvision", "safetensors", "onnx", "onnxscript", "mlxtend", "accelerate"),
    "clip": ("open_clip",),
    "import": ("tensorboard",),
    "signin": ("authlib", "httpx2"),
    "cluster": ("optuna", "ray"),
    "s3": ("fsspec", "s3fs", "aiobotocore"),
}


@contextmanager
def extras() -> Iterator[None]:
    """Raise RunError, with the command that installs it, for a module of an extra that is not installed."""
    try:
        yield
    except ImportError as error:
        module = (error.name or "").partition(".")[0]
        extra = next((extra for extra, modules in EXTRAS.items() if module in modules), None)
        if extra is None:
            raise
        raise RunError(f"This needs {module}, which is not installed; install it with: {how(extra)}") from error


def how(extra: str) -> str:
    """The command that installs an extra."""
    return f"pip install 'firstlight[{extra}]'" if INSTALLED else "make install"
