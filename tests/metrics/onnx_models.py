"""Small networks in ONNX files, with the inputs and outputs of those that metrics use."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def save(
    path: Path,
    nodes: list,
    weights: dict[str, np.ndarray],
    given: tuple[str, list],
    made: tuple[str, list],
    kind: int = TensorProto.FLOAT,
) -> Path:
    """A model of these nodes and weights; `given` and `made` are names and shapes."""
    graph = helper.make_graph(
        nodes,
        "stand-in",
        [helper.make_tensor_value_info(given[0], kind, given[1])],
        [helper.make_tensor_value_info(made[0], TensorProto.FLOAT, made[1])],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=8)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())
    return path


def hsemotion(
    path: Path,
    classes: int = 8,
    *,
    seed: int = 0,
    width: int = 1280,
    size: int = 224,
    trans_b: bool = True,
    scale: float | None = None,
    batch: str | int = "batch_size",
) -> Path:
    """`input` [N,3,224,224] to `output` [N,classes] through `width` features and a `Gemm`."""
    rng = np.random.default_rng(seed)
    head = rng.normal(0, 0.5, (classes, width)).astype(np.float32)
    weights = {
        "kernel": rng.normal(0, 0.1, (width, 3, 8, 8)).astype(np.float32),
        "classifier.weight": head if trans_b else np.ascontiguousarray(head.T),
        "classifier.bias": rng.normal(size=classes).astype(np.float32),
    }
    extra = {} if scale is None else {"alpha": scale, "beta": 2 * scale}
    nodes = [
        helper.make_node("Conv", ["input", "kernel"], ["maps"], strides=[32, 32]),
        helper.make_node("Relu", ["maps"], ["live"]),
        helper.make_node("GlobalAveragePool", ["live"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["features"]),
        helper.make_node(
            "Gemm",
            ["features", "classifier.weight", "classifier.bias"],
            ["output"],
            transB=int(trans_b),
            **extra,
        ),
    ]
    return save(
        path, nodes, weights, ("input", [batch, 3, size, size]), ("output", [batch, classes])
    )


def arcface(path: Path, *, seed: int = 0, width: int = 512, shape: list[int] | None = None) -> Path:
    """`input.1` [N,3,112,112] to `683` [N,512]; with `shape`, it is exported for one image.

    As in buffalo_l's file, the output is declared for one image whatever the input is.
    """
    rng = np.random.default_rng(seed)
    channels = width // 16  # of 4 x 4 places
    weights = {"kernel": rng.normal(0, 0.1, (channels, 3, 28, 28)).astype(np.float32)}
    nodes = [helper.make_node("Conv", ["input.1", "kernel"], ["maps"], strides=[28, 28])]
    if shape is None:
        nodes.append(helper.make_node("Flatten", ["maps"], ["683"]))
    else:
        weights["shape"] = np.array(shape, np.int64)
        nodes.append(helper.make_node("Reshape", ["maps", "shape"], ["683"]))
    return save(path, nodes, weights, ("input.1", ["None", 3, 112, 112]), ("683", [1, width]))
