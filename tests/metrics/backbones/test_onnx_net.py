import gc

import numpy as np
import onnx
import onnx_models
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from harness.contracts import BadInput
from harness.weights import resolve
from metrics.backbones import onnx_net
from metrics.backbones.onnx_net import CHUNK, HeadlessNet, OnnxNet
from metrics.common.shared import _HELD, shared

FACE, EMOTION = (3, 112, 112), (3, 224, 224)


def pictures(count, shape, seed=0):
    return np.random.default_rng(seed).normal(size=(count, *shape)).astype(np.float32)


def whole(path, x):
    """What onnxruntime itself says of the file as it stands."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: x})[0]


@pytest.mark.parametrize("classes", [8, 10])
@pytest.mark.parametrize("layout", [{}, {"trans_b": False}, {"scale": 0.5}])
def test_features_and_the_last_layer_give_the_files_own_outputs(tmp_path, classes, layout):
    path = onnx_models.hsemotion(tmp_path / "net.onnx", classes, **layout)
    net = HeadlessNet(path, EMOTION, 1280, classes)
    x = pictures(3, EMOTION)
    features = net(x)
    assert features.shape == (3, 1280)
    assert features.dtype == np.float32
    assert net.weight.shape == (classes, 1280)
    np.testing.assert_allclose(net.classify(features), whole(path, x), rtol=1e-5, atol=1e-4)


def test_the_features_are_the_input_of_the_last_layer(tmp_path):
    path = onnx_models.hsemotion(tmp_path / "net.onnx")
    x = pictures(2, EMOTION)
    model = onnx.load(path)
    kernel = numpy_helper.to_array(model.graph.initializer[0]).astype(np.float64)
    cuts = [x[:, :, i : i + 8, j : j + 8] for i in range(0, 217, 32) for j in range(0, 217, 32)]
    maps = [np.einsum("nchw,dchw->nd", cut, kernel) for cut in cuts]
    expected = np.maximum(maps, 0).mean(0)
    net = HeadlessNet(path, EMOTION, 1280, 8)
    np.testing.assert_allclose(net(x), expected, rtol=1e-4, atol=1e-5)


def test_more_pictures_than_a_chunk_and_none_at_all(tmp_path):
    path = onnx_models.arcface(tmp_path / "net.onnx")
    net = OnnxNet(path, FACE, 512)
    x = pictures(CHUNK + 3, FACE)
    np.testing.assert_allclose(net(x), whole(path, x), rtol=1e-5, atol=1e-5)
    assert net(x[:0]).shape == (0, 512)


def test_a_file_that_was_exported_for_one_picture_takes_them_one_by_one(tmp_path):
    path = onnx_models.arcface(tmp_path / "net.onnx", shape=[1, 512])
    free = onnx_models.arcface(tmp_path / "free.onnx")
    x = pictures(5, FACE)
    net = OnnxNet(path, FACE, 512)
    assert net._chunk == 1
    np.testing.assert_allclose(net(x), whole(free, x), rtol=1e-5, atol=1e-5)
    fixed = onnx_models.hsemotion(tmp_path / "fixed.onnx", batch=1)
    assert HeadlessNet(fixed, EMOTION, 1280, 8)(pictures(2, EMOTION)).shape == (2, 1280)


def test_the_number_of_threads_changes_no_bit(tmp_path, monkeypatch):
    path = onnx_models.arcface(tmp_path / "net.onnx")
    x = pictures(4, FACE)
    vectors = []
    for count in ("1", "2", "4"):
        monkeypatch.setenv("OMP_NUM_THREADS", count)
        assert onnx_net.threads() == int(count)
        vectors.append(OnnxNet(path, FACE, 512)(x))
    assert np.array_equal(vectors[0], vectors[1])
    assert np.array_equal(vectors[0], vectors[2])


@pytest.mark.parametrize("value", ["", "0", "two", "64"])
def test_threads_are_limited_whatever_the_environment_says(monkeypatch, value):
    monkeypatch.setenv("OMP_NUM_THREADS", value)
    assert 1 <= onnx_net.threads() <= onnx_net.MOST_THREADS


def test_a_network_is_opened_once_and_goes_with_its_last_holder(tmp_path):
    path = onnx_models.arcface(tmp_path / "net.onnx")
    net = shared(OnnxNet, path, FACE, 512)
    assert shared(OnnxNet, path, FACE, 512) is net
    key = (OnnxNet, path, FACE, 512)
    assert key in _HELD
    del net
    gc.collect()
    assert key not in _HELD


def refused(make, *parts):
    with pytest.raises(BadInput) as caught:
        make()
    for part in parts:
        assert part in str(caught.value), (part, str(caught.value))


@pytest.mark.parametrize("content", [b"", b"no model at all", b"\x00" * 100])
def test_a_file_that_is_no_model_is_refused_by_name(tmp_path, content):
    path = tmp_path / "net.onnx"
    path.write_bytes(content)
    refused(lambda: OnnxNet(path, FACE, 512), str(path), "not an ONNX model", "Fetch it again.")
    refused(lambda: HeadlessNet(path, EMOTION, 1280, 8), str(path), "not an ONNX model")


def test_another_input_is_refused_with_both_shapes(tmp_path):
    path = onnx_models.hsemotion(tmp_path / "b2.onnx", size=260)
    refused(
        lambda: HeadlessNet(path, EMOTION, 1280, 8),
        str(path),
        "['batch_size', 3, 260, 260]",
        "[N, 3, 224, 224] is expected",
    )
    bytes_in = onnx_models.save(
        tmp_path / "int.onnx",
        [helper.make_node("Cast", ["x"], ["y"], to=TensorProto.FLOAT)],
        {},
        ("x", [1, *FACE]),
        ("y", [1, *FACE]),
        TensorProto.INT64,
    )
    refused(lambda: OnnxNet(bytes_in, FACE, 512), "tensor(int64)")


def test_other_outputs_are_refused_with_both_numbers(tmp_path):
    seven = onnx_models.hsemotion(tmp_path / "seven.onnx", classes=7)
    refused(lambda: HeadlessNet(seven, EMOTION, 1280, 8), "7 outputs of 1280", "8 of 1280")
    narrow = onnx_models.arcface(tmp_path / "narrow.onnx", width=128)
    refused(lambda: OnnxNet(narrow, FACE, 512), "(1, 128)", "(1, 512) is expected")


def test_a_network_that_does_not_end_in_a_linear_layer_is_refused(tmp_path):
    path = onnx_models.arcface(tmp_path / "net.onnx")
    refused(lambda: HeadlessNet(path, FACE, 512, 8), "'683' is made by Flatten")


def test_weights_outside_the_file_are_not_read(tmp_path):
    path = onnx_models.hsemotion(tmp_path / "net.onnx")
    model = onnx.load(path)
    onnx.save(model, path, save_as_external_data=True, location="elsewhere.bin", size_threshold=64)
    assert (tmp_path / "elsewhere.bin").is_file()
    refused(lambda: HeadlessNet(path, EMOTION, 1280, 8), str(path), "not in the file")


def test_a_last_layer_with_computed_weights_is_refused(tmp_path):
    path = onnx_models.hsemotion(tmp_path / "net.onnx")
    model = onnx.load(path)
    model.graph.node[-1].input[1] = "doubled"
    node = helper.make_node("Add", ["classifier.weight", "classifier.weight"], ["doubled"])
    model.graph.node.insert(0, node)
    path.write_bytes(model.SerializeToString())
    refused(lambda: HeadlessNet(path, EMOTION, 1280, 8), "weights of its last layer")


@pytest.mark.weights("hsemotion-vgaf", "hsemotion-va")
@pytest.mark.parametrize(("name", "classes"), [("hsemotion-vgaf", 8), ("hsemotion-va", 10)])
def test_the_published_networks_without_their_last_layer(name, classes):
    path = resolve(name)
    net = HeadlessNet(path, EMOTION, 1280, classes)
    x = pictures(2, EMOTION)
    np.testing.assert_allclose(net.classify(net(x)), whole(path, x), rtol=1e-3, atol=1e-3)


@pytest.mark.weights("arcface")
def test_the_published_arcface_takes_several_faces_at_once():
    path = resolve("arcface")
    x = pictures(2, FACE)
    singly = np.concatenate([whole(path, x[:1]), whole(path, x[1:])])
    np.testing.assert_allclose(OnnxNet(path, FACE, 512)(x), singly, rtol=1e-3, atol=1e-3)
