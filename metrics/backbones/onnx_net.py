"""Networks in .onnx files, run by onnxruntime on the CPU; the last layer can be taken off."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from harness.contracts import BadInput

#: Images that pass through a network together: bounds its memory.
CHUNK = 16
#: More threads than this do not make networks of this size faster.
MOST_THREADS = 4

CURE = "Use the file that the registry names."


def threads() -> int:
    """Threads of one network: what the process may use, at most `MOST_THREADS`."""
    own = os.environ.get("OMP_NUM_THREADS", "")
    if own.isdigit() and int(own):
        return min(int(own), MOST_THREADS)
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(usable or 1, MOST_THREADS)


class OnnxNet:
    """A network from images to vectors.

    Args:
        path: the .onnx file; named in errors.
        shape: channels, height and width of an image.
        width: numbers that it gives for an image.
        model: the network as bytes, where it is not the file as it stands.

    Raises:
        BadInput: the file is not such a network.

    """

    def __init__(
        self, path: Path, shape: tuple[int, int, int], width: int, model: bytes | None = None
    ) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3  # declared batch sizes of 1 are warned about at every call
        options.intra_op_num_threads = threads()
        options.inter_op_num_threads = 1
        options.use_deterministic_compute = True
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(
                model or str(path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime's own types derive from Exception alone
            reason = str(error).splitlines()[0]
            raise BadInput(
                path, f"it is not an ONNX model that can be run ({reason})", "Fetch it again."
            ) from error
        self.shape, self.width = shape, width
        self._check_input(path)
        self._chunk = self._largest_chunk(path)

    def _check_input(self, path: Path) -> None:
        inputs = self._session.get_inputs()
        if len(inputs) != 1:
            raise BadInput(path, f"it has {len(inputs)} inputs, and one is expected", CURE)
        (self._input,) = inputs
        given = self._input.shape
        free = len(given) == 4 and all(
            not isinstance(have, int) or have == want
            for have, want in zip(given[1:], self.shape, strict=True)
        )
        if not free or self._input.type != "tensor(float)":
            raise BadInput(
                path,
                f"its input is {self._input.type} {given}, and tensor(float) "
                f"[N, {', '.join(map(str, self.shape))}] is expected",
                CURE,
            )

    def _largest_chunk(self, path: Path) -> int:
        """How many images may pass together: some files were exported for one alone."""
        found: object = None
        for chunk in (CHUNK, 1):
            trial = min(chunk, 2)
            try:
                found = self._run(np.zeros((trial, *self.shape), np.float32)).shape
            except Exception as error:
                found = f"an error ({str(error).splitlines()[0]})"
            if found == (trial, self.width):
                return chunk
        raise BadInput(path, f"one image gives {found}, and (1, {self.width}) is expected", CURE)

    def _run(self, images: np.ndarray) -> np.ndarray:
        return self._session.run(None, {self._input.name: images})[0]

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Vectors float32 [N,width] of images float32 [N,C,H,W]."""
        parts = [
            self._run(np.ascontiguousarray(images[i : i + self._chunk], np.float32))
            for i in range(0, len(images), self._chunk)
        ]
        return np.concatenate(parts) if parts else np.zeros((0, self.width), np.float32)


class HeadlessNet(OnnxNet):
    """A network without its last linear layer: called, it gives that layer's input.

    EmotiEffLib (emotiefflib/facial_analysis.py) obtains its features the same way.

    Args:
        path: the .onnx file, whose output is made by a `Gemm` with constant weights.
        shape: channels, height and width of an image.
        width: features of an image.
        classes: outputs of the layer.

    Raises:
        BadInput: the file is not such a network.

    """

    def __init__(self, path: Path, shape: tuple[int, int, int], width: int, classes: int) -> None:
        model, self.weight, self.bias = without_classifier(path)
        if self.weight.shape != (classes, width):
            outputs, features = self.weight.shape
            raise BadInput(
                path,
                f"its last layer makes {outputs} outputs of {features} features, and {classes} "
                f"of {width} are expected",
                CURE,
            )
        super().__init__(path, shape, width, model)

    def classify(self, features: np.ndarray) -> np.ndarray:
        """Outputs float32 [N,C] of the last layer for its input [N,D]."""
        return np.asarray(features, np.float32) @ self.weight.T + self.bias


def without_classifier(path: Path) -> tuple[bytes, np.ndarray, np.ndarray]:
    """A model whose output is the input of its last `Gemm`, and that layer's weight and bias.

    The weight is float32 [C,D], the bias float32 [C].

    Raises:
        BadInput: the file is not an ONNX model, or its output does not come from a linear layer
            with weights of its own.

    """
    import onnx

    try:
        # Not `onnx.load`, which would also open any file that the model names.
        model = onnx.load_model_from_string(path.read_bytes())
        graph = model.graph
        (output,) = graph.output
    except Exception as error:  # protobuf's DecodeError is another class in every back-end
        raise BadInput(
            path,
            f"it is not an ONNX model with one output ({type(error).__name__})",
            "Fetch it again.",
        ) from error
    (last, *_) = [node for node in graph.node if output.name in node.output] or [None]
    if last is None or last.op_type != "Gemm" or len(last.input) != 3:
        made = last.op_type if last is not None else "nothing"
        raise BadInput(
            path, f"its output {output.name!r} is made by {made}, not by a linear layer", CURE
        )
    arrays = {tensor.name: tensor for tensor in graph.initializer if tensor.name in last.input[1:]}
    if len(arrays) != 2 or any(t.data_location == t.EXTERNAL for t in arrays.values()):
        raise BadInput(path, "the weights of its last layer are not in the file", CURE)
    weight, bias = (onnx.numpy_helper.to_array(arrays[name]) for name in last.input[1:])
    settings = {a.name: onnx.helper.get_attribute_value(a) for a in last.attribute}
    if settings.get("transA", 0):
        raise BadInput(path, "its last layer transposes its features", CURE)
    weight = (weight if settings.get("transB", 0) else weight.T) * settings.get("alpha", 1.0)
    bias = bias.reshape(-1) * settings.get("beta", 1.0)
    graph.node.remove(last)
    graph.output.remove(output)
    features = onnx.helper.make_tensor_value_info(
        last.input[0], onnx.TensorProto.FLOAT, [None, weight.shape[1]]
    )
    graph.output.append(features)
    return model.SerializeToString(), weight.astype(np.float32), bias.astype(np.float32)
