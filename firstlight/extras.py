"""What not every installation has, and how it is had."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec

from firstlight.errors import RunError
from firstlight.installation import INSTALLED

EXTRAS = {  # of pyproject.toml, with the modules that they bring
    "train": ("torch", "torchvision", "safetensors", "onnxscript", "mlxtend", "accelerate"),
    "clip": ("open_clip",),
    "import": ("tensorboard",),
    "signin": ("authlib", "httpx2"),
    "cluster": ("optuna", "ray"),
    "s3": ("fsspec", "s3fs", "aiobotocore"),
}

NEEDS = {  # a command's first words, what they cannot do without; others say what is missing when they come to it
    "export": "torch", "trace": "torch", "resume": "torch", "fit-judge": "torch", "fit-clip": "open_clip",
    **dict.fromkeys(("novelty", "memorisation", "uturn", "classifier", "late-start"), "mlxtend"),
}  # fmt: skip

SCORE = "the classification accuracy score"
SPARES = dict.fromkeys(("quality", "steps", "all"), ("torch", SCORE))  # an evaluation, what it leaves out without


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
        raise RunError(lacks(module, extra)) from error


def missing(words: Sequence[str]) -> str:
    """That a command, words after `firstlight`, needs what is not installed, a sentence; empty where nothing is."""
    module = next((NEEDS[word] for word in words[:2] if word in NEEDS), None)
    if module is None or here(module):
        return ""
    return lacks(module, _extra_of(module))


def left_out(words: Sequence[str]) -> str:
    """What a command, words after `firstlight`, leaves out where it is started now, a sentence; empty for nothing."""
    module, part = SPARES.get(words[1], ("", "")) if words[:1] == ["evaluate"] and len(words) > 1 else ("", "")
    if not module or here(module):
        return ""
    return f"It leaves out {part}, which needs {module}; install it with: {how(_extra_of(module))}"


def _extra_of(module: str) -> str:
    """The extra that brings a module."""
    return next(extra for extra, modules in EXTRAS.items() if module in modules)


def lacks(module: str, extra: str) -> str:
    """That a module is not installed, and how it is had."""
    return f"This needs {module}, which is not installed; install it with: {how(extra)}"


def here(module: str) -> bool:
    """Whether a module is installed."""
    try:
        return find_spec(module) is not None
    except ValueError:  # what was tried and is not there
        return False


def how(extra: str) -> str:
    """The command that installs an extra."""
    return f"pip install 'firstlight[{extra}]'" if INSTALLED else "make install"
