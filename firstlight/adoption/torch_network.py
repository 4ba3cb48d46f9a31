"""A torch module as a network that is adopted: asked, folded, exported. Imported inside the call: it needs torch."""

import copy
import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from firstlight.adoption.guest import Call, Guest, InDouble
from firstlight.graph import INPUTS, OUTPUT, to_onnx

if TYPE_CHECKING:
    import onnx

    from firstlight.adoption.conventions import Terms


class TorchNetwork:
    """A module and what asks it: call(net, x (N, C, H, W), t (N,), label (N,))."""

    shape = None  # nothing but its owner says it
    how = "give a schedule of its own length, or say how with call=lambda net, x, t, label: ..."
    one_time = whole_times = False

    def __init__(self, net: Any, call: Call | None, labelled: bool) -> None:
        self.net = net.cpu().eval()
        self.call = call or (_labelled if labelled else _unlabelled)

    @property
    def facts(self) -> dict[str, Any]:
        """What its card keeps of it: the SHA-256 of its weights' names and bytes, in their order."""
        found = hashlib.sha256()
        for name, part in self.net.state_dict().items():
            found.update(name.encode() + part.detach().contiguous().flatten().view(torch.uint8).numpy().tobytes())
        return {"weights_sha256": found.hexdigest()}

    @property
    def parameters(self) -> int:
        """Its weights."""
        return sum(part.numel() for part in self.net.parameters())

    def ask(self, x: NDArray[Any], t: NDArray[Any], label: NDArray[np.int64]) -> NDArray[np.float32]:
        """What it answers to x (N, C, H, W), t (N,) and label (N,)."""
        told = torch.from_numpy(np.asarray(t, np.int64 if t.dtype.kind == "i" else np.float32))
        with torch.no_grad():
            said = self.call(self.net, torch.from_numpy(np.asarray(x, np.float32)), told, torch.from_numpy(label))
        return said.float().numpy()

    def graph(self, terms: "Terms") -> "onnx.ModelProto":
        """Its denoiser as a graph."""
        example = torch.randn(2, *terms.shape), torch.zeros(2), torch.zeros(2, dtype=torch.int64)
        return to_onnx(self._guest(terms), example, list(INPUTS), [OUTPUT])

    def exact(self, terms: "Terms") -> Any:
        """Its denoiser in float64."""
        guest = self._guest(terms, torch.float64)

        def denoise(x: NDArray[Any], logsnr: NDArray[Any], label: NDArray[np.int64]) -> NDArray[np.float64]:
            with torch.no_grad(), InDouble():
                wide = (torch.from_numpy(part).double() for part in (x, logsnr))
                return np.asarray(guest(*wide, torch.from_numpy(label)))

        return denoise

    def plain(self, terms: "Terms") -> Any:
        """Its denoiser in torch's float32."""
        guest = self._guest(terms)

        def denoise(x: NDArray[Any], logsnr: NDArray[Any], label: NDArray[np.int64]) -> NDArray[np.float32]:
            with torch.no_grad():
                return np.asarray(guest(*map(torch.from_numpy, (x, logsnr, label))))

        return denoise

    def _guest(self, terms: "Terms", dtype: torch.dtype = torch.float32) -> Guest:
        net = copy.deepcopy(self.net).double() if dtype is torch.float64 else self.net
        guest = Guest(net, self.call, terms.predicts, terms.schedule, terms.pictures, terms.fraction, terms.sigma_data,
                      terms.interpolate, dtype)  # fmt: skip
        return guest.eval()


def _labelled(net: Any, x: Any, t: Any, label: Any) -> Any:
    said = net(x, t, label)
    return getattr(said, "sample", said)


def _unlabelled(net: Any, x: Any, t: Any, label: Any) -> Any:
    said = net(x, t)
    return getattr(said, "sample", said)
