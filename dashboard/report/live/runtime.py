"""ONNX Runtime Web, which draws in the reader's browser: from a folder, the user's cache, or the npm registry."""

from pathlib import Path

from dashboard.report import npm
from firstlight.errors import RunError

VERSION = "1.30.0"
MODULE, BINARY = "ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm"
PACKAGE = npm.Package(
    "onnxruntime-web",
    VERSION,
    "q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ==",
    {
        f"dist/{MODULE}": "11e64bd8ffe11bd1a2a2f0d6275fdfbbba7262f0b76b99b53d228a8a22ef3d90",
        f"dist/{BINARY}": "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2",
    },
)
WITHIN = ("", "dist", "package/dist", "node_modules/onnxruntime-web/dist")  # of a folder that was named


def runtime(folder: Path | None = None) -> tuple[bytes, bytes]:
    """Module and WebAssembly. Raises RunError, with one sentence, where they cannot be had."""
    if folder is not None:
        return _in(folder)
    try:
        found = npm.files(PACKAGE)
    except RunError as error:
        raise RunError(
            f"{error}; unpack the npm package onnxruntime-web@{VERSION} and name its folder with --onnxruntime-web."
        ) from error
    return found[f"dist/{MODULE}"], found[f"dist/{BINARY}"]


def _in(folder: Path) -> tuple[bytes, bytes]:
    for place in (folder / each for each in WITHIN):
        if all((place / name).is_file() for name in (MODULE, BINARY)):
            return (place / MODULE).read_bytes(), (place / BINARY).read_bytes()
    raise RunError(f"{folder} holds no {MODULE} and {BINARY}; give --onnxruntime-web the package's folder dist.")
