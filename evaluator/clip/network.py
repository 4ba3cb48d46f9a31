"""OpenCLIP's model, small, and any OpenCLIP model's two towers as ONNX. Needs torch; imported late.

What a tower does to a picture before the network sees it (size, colour channels, normalisation) is in the graph, so
scoring cannot do it otherwise.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import open_clip
import torch
from safetensors.torch import save
from torch import Tensor, nn
from torch.nn import functional as F

from evaluator.clip.resize import resize_matrix
from evaluator.judges.judge import judge_session
from firstlight.atomic_writes import write_bytes, write_json
from firstlight.errors import JudgeError
from firstlight.graph import exporting
from firstlight.ort import ort
from firstlight.untrusted.trust import made

CONFIG, WEIGHTS = "open_clip_config.json", "open_clip_model.safetensors"  # OpenCLIP's own names
VOCABULARY = 49_408  # of OpenCLIP's tokenizer
HALVED_FROM = 1024  # numbers in a tensor that is worth storing as float16
OPSET = 18
TOWER_LIMIT = 2_000_000_000  # bytes; an ONNX file cannot be larger than 2 GB


def small_config(mean: float, std: float) -> dict[str, Any]:
    """open_clip_config.json of the bundled judges: a ModifiedResNet at 32 pixels and two narrow text layers."""
    vision = {"image_size": 32, "layers": [1, 1, 1, 1], "width": 16, "head_width": 64}
    text = {"context_length": 32, "vocab_size": VOCABULARY, "width": 16, "heads": 2, "layers": 2}
    preprocess = {"mean": [mean] * 3, "std": [std] * 3, "interpolation": "bicubic", "resize_mode": "squash"}
    return {"model_cfg": {"embed_dim": 32, "vision_cfg": vision, "text_cfg": text}, "preprocess_cfg": preprocess}


def small_model(config: dict[str, Any]) -> nn.Module:
    """OpenCLIP's CLIP with this configuration, not trained; `visual.preprocess_cfg` says how pictures go in."""
    model = open_clip.CLIP(**config["model_cfg"])
    size = config["model_cfg"]["vision_cfg"]["image_size"]
    model.visual.preprocess_cfg = config["preprocess_cfg"] | {"size": size}
    return model


class PictureTower(nn.Module):
    """Pictures (N, C, H, W) in [-1, 1] to unit vectors (N, D): resized, three channels, normalised, encoded.

    `shape` is the pictures' (C, H, W). Raises JudgeError for a model whose pictures are not square.
    """

    rows: Tensor
    columns: Tensor
    mean: Tensor
    std: Tensor

    def __init__(self, model: nn.Module, shape: tuple[int, int, int]) -> None:
        super().__init__()
        given: Any = model.visual
        preprocess = given.preprocess_cfg
        size = preprocess["size"]
        height, width = (size, size) if isinstance(size, int) else size
        if height != width:
            raise JudgeError(f"This model looks at pictures of {height} x {width} pixels; choose one with square ones.")
        kernel = "bilinear" if preprocess.get("interpolation") == "bilinear" else "bicubic"
        self.visual = given
        self.resized = (height, width) != shape[1:]
        self.register_buffer("rows", torch.from_numpy(resize_matrix(shape[1], height, kernel)).float())
        self.register_buffer("columns", torch.from_numpy(resize_matrix(shape[2], width, kernel)).float().T.contiguous())
        self.register_buffer("mean", torch.tensor(preprocess["mean"])[:, None, None])
        self.register_buffer("std", torch.tensor(preprocess["std"])[:, None, None])

    def prepared(self, x: Tensor) -> Tensor:
        """What the network itself is given, (N, 3, S, S)."""
        x = (x + 1) / 2
        if self.resized:
            x = (self.rows @ (x @ self.columns).clamp(0, 1)).clamp(0, 1)  # across, then down, as Pillow does
        return (x.expand(-1, 3, -1, -1) - self.mean) / self.std

    def forward(self, x: Tensor) -> Tensor:
        return F.normalize(self.visual(self.prepared(x)).float(), dim=-1)


class TextTower(nn.Module):
    """Tokens (N, context) to unit vectors (N, D)."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, tokens: Tensor) -> Tensor:
        return F.normalize(self.model.encode_text(tokens).float(), dim=-1)  # type: ignore[operator]


def tokens_of(tokenizer: Any, sentences: Sequence[str]) -> Tensor:
    """Tokens (N, context). Raises JudgeError for a sentence that does not fit, instead of cutting it short."""
    context = int(tokenizer.context_length)
    long = tokenizer(list(sentences), context_length=4 * context)  # after its end a sentence is padding
    for sentence, beyond in zip(sentences, (long[:, context:] != long[:, -1:]).any(dim=1), strict=True):
        if beyond:
            raise JudgeError(f"The prompt {sentence[:60]!r} is longer than the {context} tokens this model reads.")
    tokens: Tensor = tokenizer(list(sentences))
    return tokens


@torch.no_grad()
def round_to_half(model: nn.Module) -> None:
    """Every parameter becomes a float16's value, so that files of half the size hold the same model."""
    for parameter in model.parameters():
        parameter.copy_(parameter.half().float())


def save_model(model: nn.Module, config: dict[str, Any], folder: Path) -> None:
    """The model as OpenCLIP reads it: open_clip.create_model_from_pretrained('local-dir:FOLDER')."""
    parameters = dict(model.named_parameters())
    state = {
        name: (tensor.half() if name in parameters else tensor).contiguous()
        for name, tensor in model.state_dict().items()
    }
    write_json(folder / CONFIG, config)
    write_bytes(folder / WEIGHTS, save(state, {"format": "pt"}))


def export(tower: nn.Module, example: Tensor, names: tuple[str, str]) -> tuple[bytes, float]:
    """A tower as an ONNX file with a symbolic batch axis, and its largest absolute difference from torch on `example`.

    Raises JudgeError for a tower that is too large for one file.
    """
    numbers = sum(parameter.numel() for parameter in tower.parameters())
    if 4 * numbers > TOWER_LIMIT:
        raise JudgeError(f"A tower of {numbers:,} parameters is too large for one ONNX file; choose a smaller model.")
    shapes = ({0: torch.export.Dim("batch", min=1)},)
    with tempfile.TemporaryDirectory() as folder, exporting():
        target = Path(folder) / "tower.onnx"
        torch.onnx.export(
            tower.eval(), (example[:2],), target, input_names=[names[0]], output_names=[names[1]], opset_version=OPSET,
            dynamo=True, dynamic_shapes=shapes, external_data=False, verbose=False,
        )  # fmt: skip
        graph = onnx.load(target)
    halve(graph)
    content = made(bytes(graph.SerializeToString(deterministic=True)))
    with torch.no_grad():
        ours = tower(example).numpy()
    theirs = session_of(content).run([names[1]], {names[0]: example.numpy()})[0]
    return content, float(np.nan_to_num(np.abs(ours - theirs), nan=np.inf).max())


def session_of(content: bytes) -> ort.InferenceSession:
    """A serialized tower, ready to run on the CPU. Raises JudgeError for one that may not, as it does when it runs."""
    return judge_session(content, lambda error: JudgeError(f"The tower of this CLIP {error}; fit or choose another."))


def halve(graph: onnx.ModelProto) -> None:
    """Store large weights that are float16 values as float16; the engine widens them once, when it loads them."""
    casts = []
    for tensor in graph.graph.initializer:
        values = onnx.numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < HALVED_FROM:
            continue
        with np.errstate(over="ignore"):
            half = values.astype(np.float16)
        if (half.astype(np.float32) == values).all():
            name = tensor.name
            tensor.CopyFrom(onnx.numpy_helper.from_array(half, f"{name}.half"))
            casts.append(onnx.helper.make_node("Cast", [f"{name}.half"], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *graph.graph.node]
    del graph.graph.node[:], graph.graph.value_info[:], graph.graph.metadata_props[:]
    graph.graph.node.extend(nodes)
    for part in (*graph.graph.node, *graph.graph.input, *graph.graph.output, *graph.graph.initializer):
        part.ClearField("doc_string")
        part.ClearField("metadata_props")
