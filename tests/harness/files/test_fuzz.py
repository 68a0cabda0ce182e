"""300 mutations for each reader of foreign files: a value that is finite, or one sentence.

No other exception, nothing over 5 s, no more than 1 GB, no NaN.
"""

import json
import resource
import signal
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from safetensors.torch import save_file

from harness.contracts import BadInput
from harness.engine.alignment.labels import read_labels
from harness.engine.alignment.opened import open_sequence
from harness.engine.cells import archive
from harness.files.arrays import read_arrays
from harness.files.pictures import read_frame
from harness.files.tensors import tensors_by_name
from harness.gate import baseline
from harness.media.audio import open_sound
from harness.media.mesh import read_template, read_vertices
from harness.media.openface import read_openface
from harness.media.video import read_frames
from methods.external import config
from reports import stored
from splits import catalog
from splits.er_nerf.files import read_transforms
from tests import toy
from tests.harness.media.encoded import encode, frames

GIGABYTE = 1 << 30


def video(folder):
    path = encode(folder / "a.mp4", frames(8), codec="libx264", pixels="yuv420p",
                  sound=np.sin(np.arange(5120) / 9).astype(np.float32))  # fmt: skip
    return path, lambda: [np.float32(f) for f in read_frames(path)] + [open_sound(path).samples]


def matroska(folder):
    sound = np.sin(np.arange(5120) / 9).astype(np.float32)
    path = encode(folder / "a.mkv", frames(8), sound=sound)
    return path, lambda: open_sequence("a", path).audio


def wav(folder):
    path = folder / "a.wav"
    soundfile.write(path, np.sin(np.arange(4000) / 9), 16_000, subtype="FLOAT")
    return path, lambda: open_sound(path).at(16_000)


def png(folder):
    path = folder / "a.png"
    Image.fromarray(frames(1)[0]).save(path)
    return path, lambda: read_frame(path)


def jpeg(folder):
    path = folder / "a.jpg"
    Image.fromarray(frames(1)[0]).save(path)
    return path, lambda: read_frame(path)


def npy(folder):
    path = folder / "a.npy"
    np.save(path, np.random.default_rng(0).normal(size=(4, 5, 3)).astype(np.float32))
    return path, lambda: read_vertices(path)


def npz(folder):
    path = folder / "a.npz"
    np.savez_compressed(path, values=np.arange(12.0).reshape(3, 4), basis="mp52")
    return path, lambda: read_arrays(path)["values"]


def obj(folder):
    path = folder / "a.obj"
    path.write_text("".join(f"v {i} {i / 3} -1e-3\n" for i in range(20)) + "f 1 2 3\n")
    return path, lambda: read_template(path)


def openface(folder):
    path = folder / "a.csv"
    units = [f"AU{n:02d}_r" for n in (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 45)]
    rows = [[f"{i}", "0", "1", *(f"{(i + k) % 5}.25" for k in range(17))] for i in range(1, 9)]
    lines = [["frame", "face_id", "success", *units], *rows]
    path.write_text("\n".join(", ".join(line) for line in lines) + "\n")
    return path, lambda: np.nan_to_num(read_openface(path).values)


def labels(folder):
    path = folder / "a.csv"
    path.write_text("name,subject,emotion,intensity\none,s,happy,2\ntwo,s,,\n")
    return path, lambda: read_labels(path, ["one", "two"]) and None


def transforms(folder):
    poses = [{"img_id": i, "aud_id": i, "transform_matrix": np.eye(4).tolist()} for i in range(11)]
    content = {"focal_len": 600.0, "cx": 32.0, "cy": 24.0}
    for name, some in (("train", poses[:10]), ("val", poses[10:])):
        path = folder / f"transforms_{name}.json"
        path.write_text(json.dumps({**content, "frames": some}))
    return path, lambda: read_transforms(folder).camera_to_world


def results(folder):
    text = (
        Path(__file__)
        .parents[2]
        .joinpath("reports/fixtures/results-schema4.json")
        .read_text("utf-8")
    )
    (folder / "results.json").write_text(text)
    return folder / "results.json", lambda: stored.read(folder) and None


def gate(folder):
    text = Path(__file__).parents[3].joinpath("baselines/ci.json").read_text("utf-8")
    path = folder / "a.json"
    content = json.loads(text)
    content["rows"] = dict(list(content["rows"].items())[:1])
    path.write_text(json.dumps(content))

    def means():
        rows = baseline.read(path)["rows"].values()
        return [float(c["mean"]) for row in rows for c in row["columns"].values()]

    return path, means


def manifest(folder):
    path = folder / "a.yaml"
    text = Path(__file__).parents[3].joinpath("splits/manifests/synthetic-mini.yaml")
    path.write_text(text.read_text("utf-8"))
    return path, lambda: catalog.read_manifest(path).fps


def external(folder):
    path = folder / "a.yaml"
    path.write_text(
        yaml.safe_dump({"methods": {"er-nerf": {"root": "/x", "prefix": {"conda": "er"}}}})
    )

    def read():
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("HARNESS_EXTERNAL", str(path))
            config.read_config()

    return path, read


def archived(folder):
    archive.write_truth(folder, toy.sequence().part(range(4)))

    def read():
        found = archive.open_frames(folder / "frames.zip")
        return found.stack(range(len(found)))

    return folder / "frames.zip", read


def signals(folder):
    archive.write_truth(folder, toy.sequence().part(range(4)))

    def read():
        found = archive.read_signals(folder, 4)
        return [found[k] for k in ("landmarks",) if k in found] + [
            np.asarray(found["camera"].K) if "camera" in found else 0
        ]

    return folder / "signals.npz", read


def safetensors(folder):
    path = folder / "a.safetensors"
    save_file({"weight": torch.arange(24.0).reshape(4, 6)}, path)
    return path, lambda: tensors_by_name(path) and None


def checkpoint(folder):
    path = folder / "a.pt"
    torch.save({"weight": torch.arange(24.0).reshape(4, 6)}, path)
    return path, lambda: tensors_by_name(path) and None


READERS = (video, matroska, wav, png, jpeg, npy, npz, obj, openface, labels, transforms, results,
           gate, manifest, external, archived, signals, safetensors, checkpoint)  # fmt: skip

PLACE = st.floats(0, 1, exclude_max=True)
MUTATION = st.one_of(
    st.tuples(st.just("flip"), PLACE, st.integers(0, 7)),
    st.tuples(st.just("write"), PLACE, st.binary(min_size=1, max_size=8)),
    st.tuples(st.just("insert"), PLACE, st.binary(min_size=1, max_size=16)),
    st.tuples(st.just("delete"), PLACE, st.integers(1, 64)),
    st.tuples(st.just("repeat"), PLACE, st.integers(1, 64)),
    st.tuples(st.just("cut"), PLACE, st.none()),
    st.tuples(st.just("say"), PLACE, st.sampled_from(
        [b"nan", b"1e999", b"-1", b"99999999999", b"[[[[", b"\x00", b"\xff\xff\xff\xff", b'"']
    )),
)  # fmt: skip


def mutated(content: bytes, mutations) -> bytes:
    data = bytearray(content)
    for kind, place, value in mutations:
        at = int(place * len(data))
        if kind == "flip" and data:
            data[at] ^= 1 << value
        elif kind in ("write", "say"):
            data[at : at + len(value)] = value
        elif kind == "insert":
            data[at:at] = value
        elif kind == "delete":
            del data[at : at + value]
        elif kind == "repeat":
            data[at:at] = data[at : at + value]
        elif kind == "cut":
            del data[at:]
    return bytes(data)


@contextmanager
def bounded():
    """A gigabyte of further address space, and an alarm."""
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)

    def hang(number, frame):
        raise AssertionError("it takes more than 10 s")

    handler = signal.signal(signal.SIGALRM, hang)
    signal.alarm(10)
    resource.setrlimit(resource.RLIMIT_AS, (used + GIGABYTE, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
        signal.alarm(0)
        signal.signal(signal.SIGALRM, handler)


def finite(value) -> bool:
    if isinstance(value, list):
        return all(map(finite, value))
    return value is None or bool(np.isfinite(np.asarray(value, np.float64)).all())


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__name__)
def test_whatever_a_file_holds_it_is_read_or_refused_in_one_sentence(reader, tmp_path_factory):
    folder = tmp_path_factory.mktemp(reader.__name__)
    path, read = reader(folder)
    content = path.read_bytes()
    assert finite(read())

    @settings(max_examples=300, derandomize=True, deadline=None, database=None,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(st.lists(MUTATION, min_size=1, max_size=4))
    def check(mutations):
        path.write_bytes(mutated(content, mutations))
        start = time.perf_counter()
        try:
            with bounded():
                value = read()
        except BadInput as refused:
            said, value = str(refused), None
        else:
            said = ""
        assert finite(value)
        assert "\n" not in said
        assert len(said) < 2000
        assert "more memory than there is" not in said
        assert time.perf_counter() - start < 5

    check()
