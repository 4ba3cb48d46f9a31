"""What not every installation has, and how it is had."""

from firstlight.home import INSTALLED

EXTRAS = {  # of pyproject.toml, with the modules that they bring
    "train": ("torch", "torchvision", "safetensors", "onnx", "onnxscript", "mlxtend"),
    "clip": ("open_clip",),
}


def missing(error: ImportError) -> str:
    """What is not installed and the command that installs it, one sentence; empty where it belongs to no extra."""
    module = (error.name or "").partition(".")[0]
    for extra, modules in EXTRAS.items():
        if module in modules:
            how = f"pip install 'firstlight[{extra}]'" if INSTALLED else "make install"
            return f"This needs {module}, which is not installed; install it with: {how}"
    return ""
