"""ONNX Runtime Web, which draws in the reader's browser: from a folder, the user's cache, or the npm registry."""

import base64
import hashlib
import io
import os
import subprocess
import tarfile
import urllib.request
from pathlib import Path

from firstlight.archives import cache
from firstlight.atomic_writes import write_bytes
from firstlight.errors import RunError

VERSION = "1.30.0"
INTEGRITY = "q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ=="  # sha512
MODULE, BINARY = "ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm"
FILES = {  # of the package's dist/, and their SHA-256
    MODULE: "11e64bd8ffe11bd1a2a2f0d6275fdfbbba7262f0b76b99b53d228a8a22ef3d90",
    BINARY: "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2",
}
REGISTRY = "https://registry.npmjs.org/"  # where npm, and nobody else, says which
LARGEST = 64_000_000  # bytes of the package; it has 33 MB
PATIENCE = 60  # seconds for the registry to say something
WITHIN = ("", "dist", "package/dist", "node_modules/onnxruntime-web/dist")  # of a folder that was named


def runtime(folder: Path | None = None) -> tuple[bytes, bytes]:
    """Module and WebAssembly. Raises RunError, with one sentence, where they cannot be had."""
    if folder is not None:
        return _in(folder)
    kept = cache() / f"onnxruntime-web-{VERSION}"
    try:
        found = {name: (kept / name).read_bytes() for name in FILES}
    except OSError:
        found = {}
    if any(hashlib.sha256(found.get(name, b"")).hexdigest() != digest for name, digest in FILES.items()):
        found = _unpacked(_fetched())
        for name, content in found.items():
            _keep(kept / name, content)
    return found[MODULE], found[BINARY]


def _in(folder: Path) -> tuple[bytes, bytes]:
    for place in (folder / each for each in WITHIN):
        if all((place / name).is_file() for name in FILES):
            return (place / MODULE).read_bytes(), (place / BINARY).read_bytes()
    raise RunError(f"{folder} holds no {MODULE} and {BINARY}; give --onnxruntime-web the package's folder dist.")


def _fetched() -> bytes:
    """The package as the registry sends it, if it is the one that is known. Raises RunError."""
    address = f"{_registry().rstrip('/')}/onnxruntime-web/-/onnxruntime-web-{VERSION}.tgz"
    try:
        with urllib.request.urlopen(address, timeout=PATIENCE) as answer:
            content: bytes = answer.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        raise RunError(
            f"ONNX Runtime Web {VERSION} could not be fetched ({getattr(error, 'reason', error)}); unpack the npm "
            f"package onnxruntime-web@{VERSION} and name its folder with --onnxruntime-web."
        ) from error
    if base64.b64encode(hashlib.sha512(content).digest()).decode() != INTEGRITY:
        raise RunError(
            f"What the registry sent is not onnxruntime-web {VERSION} as it was published; name a folder that holds it "
            "with --onnxruntime-web."
        )
    return content


def _unpacked(package: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(package)) as held:
        members = {name: held.extractfile(f"package/dist/{name}") for name in FILES}
        return {name: member.read() for name, member in members.items() if member}


def _keep(path: Path, content: bytes) -> None:
    """For the next time; where nothing can be written, it is fetched again."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, content)
    except OSError:
        return


def _registry() -> str:
    """The npm registry that this machine is configured for."""
    told = next((value for name, value in os.environ.items() if name.lower() == "npm_config_registry"), "")
    if not told:
        try:
            asked = ["npm", "config", "get", "registry"]
            told = subprocess.run(asked, capture_output=True, text=True, timeout=PATIENCE, check=False).stdout.strip()
        except (OSError, subprocess.SubprocessError):  # no npm here
            told = ""
    return told if told and told.startswith(("https://", "http://")) else REGISTRY
