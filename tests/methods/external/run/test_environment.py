import sys

import pytest

from harness.contracts import BadInput, Unavailable
from methods.external.config import read_config
from methods.external.run.environment import Environment, environment_of, variable, visible

OBTAIN = "git clone it"


@pytest.fixture
def write(monkeypatch, tmp_path):
    def to(text):
        path = tmp_path / "external.yaml"
        path.write_text(text)
        monkeypatch.setenv("HARNESS_EXTERNAL", str(path))
        return path

    return to


def test_nothing_set_says_what_to_set_and_how_to_get_it():
    with pytest.raises(Unavailable) as caught:
        environment_of("ua3dtalk-official", OBTAIN)
    message = str(caught.value)
    assert "HARNESS_UA3DTALK_OFFICIAL_ROOT and HARNESS_UA3DTALK_OFFICIAL_PYTHON" in message
    assert "external.yaml" in message
    assert OBTAIN in message


def test_variables_name_a_checkout(monkeypatch, tmp_path):
    monkeypatch.setenv(variable("x-1", "ROOT"), str(tmp_path))
    with pytest.raises(Unavailable, match="its interpreter is not configured"):
        environment_of("x-1", OBTAIN)
    monkeypatch.setenv(variable("x-1", "PYTHON"), str(tmp_path / "python"))
    with pytest.raises(Unavailable, match="no interpreter at"):
        environment_of("x-1", OBTAIN)
    monkeypatch.setenv(variable("x-1", "PYTHON"), sys.executable)
    found = environment_of("x-1", OBTAIN)
    assert (found.root, found.kind, found.licence) == (tmp_path.resolve(), "python", False)
    monkeypatch.setenv(variable("x-1", "LICENCE"), "accepted")
    assert environment_of("x-1", OBTAIN).licence


def test_variables_win_over_the_file(monkeypatch, write, tmp_path):
    write("methods: {x: {root: /nowhere, python: /no/python, licence: accepted}}")
    with pytest.raises(Unavailable, match="there is no folder /nowhere"):
        environment_of("x", OBTAIN)
    monkeypatch.setenv(variable("x", "ROOT"), str(tmp_path))
    monkeypatch.setenv(variable("x", "PYTHON"), sys.executable)
    assert environment_of("x", OBTAIN).root == tmp_path.resolve()


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("methods: [1", "not a readable YAML"),
        ("methods: {x: {rot: /a}}", r"methods\.x\.rot"),
        ("methods: {x: {root: /a, python: /b, prefix: {conda: c}}}", "python or prefix, not both"),
        ("methods: {x: {root: /a, prefix: {conda: c, docker: d}}}", "exactly one of"),
        ("methods: {x: {root: /a, prefix: {docker: '--privileged'}}}", "docker"),
        ("methods: {x: {root: /a, prefix: {conda: '-c evil'}}}", "conda"),
        ("methods: {x: {root: /a, licence: maybe}}", "licence"),
        ("methods: {x: {limits: {train: -1}}}", "train"),
        ("prerecorded: [{id: a b, title: t, licence: l, source: s, drive: audio, videos: v}]",
         r"prerecorded\.0\.id"),
        ("prerecorded: [{id: a, title: t, licence: l, source: s, drive: audio, videos: '{x}'}]",
         "no other braces"),
        ("words", "valid dictionary"),
    ],
)  # fmt: skip
def test_a_broken_file_is_refused_with_the_place(write, text, match):
    path = write(text)
    with pytest.raises(BadInput, match=match) as caught:
        read_config()
    assert str(path) in str(caught.value)


def test_a_named_file_that_is_absent_is_refused_and_a_default_one_is_not(monkeypatch, tmp_path):
    assert read_config().methods == {}
    monkeypatch.setenv("HARNESS_EXTERNAL", str(tmp_path / "absent.yaml"))
    with pytest.raises(BadInput, match=r"absent\.yaml"):
        read_config()


def made(tmp_path, kind, target, **more):
    return Environment("x", tmp_path, kind, target, True, **more)


def test_an_interpreter_is_started_directly_without_our_python_path(monkeypatch, tmp_path):
    monkeypatch.setenv("PYTHONPATH", "/ours")
    launch = made(tmp_path, "python", "/env/bin/python3").launch(["a.py", "-s", "x y; rm"])
    assert launch.arguments == ("/env/bin/python3", "a.py", "-s", "x y; rm")
    assert "PYTHONPATH" not in launch.environment
    assert launch.environment["PATH"].startswith("/env/bin:")
    assert launch.container is None
    launch = made(tmp_path, "venv", "/venv").launch(["a.py"], device="cuda:1")
    assert launch.arguments[0] == "/venv/bin/python"
    assert launch.environment["CUDA_VISIBLE_DEVICES"] == "1"


@pytest.mark.parametrize(
    ("device", "seen", "expected"),
    [("cuda:1", None, "1"), ("cuda:1", "4,6", "6"), ("cuda:3", "4", "3"), ("cuda", "4,6", "4,6"),
     ("cuda", None, None), ("cpu", "4", "4")],
)  # fmt: skip
def test_a_device_is_one_of_those_that_a_scheduler_lent(
    device, seen, expected, monkeypatch, tmp_path
):
    if seen is None:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    else:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", seen)
    launch = made(tmp_path, "venv", "/venv").launch(["a.py"], device=device)
    assert launch.environment.get("CUDA_VISIBLE_DEVICES") == expected
    # Scripts that set the variable themselves are told its value.
    assert visible(device) == (expected or "0")


def test_conda_by_name_and_by_path(tmp_path):
    by_name = made(tmp_path, "conda", "tg").launch(["a.py"]).arguments
    assert by_name == ("conda", "run", "-n", "tg", "--no-capture-output", "python", "a.py")
    assert made(tmp_path, "conda", "/envs/tg").launch(["a.py"]).arguments[2:4] == ("-p", "/envs/tg")


def test_docker_sees_the_folders_under_their_own_paths_and_has_a_name(tmp_path):
    work = tmp_path / "work"
    launch = made(tmp_path, "docker", "img:1", variables={"A": "b c"}).launch(
        ["a.py"], [work], "cuda:1"
    )
    arguments = launch.arguments
    assert arguments[:2] == ("docker", "run")
    assert arguments[-3:] == ("img:1", "python", "a.py")
    assert arguments[arguments.index("--name") + 1] == launch.container
    joined = " ".join(arguments)
    assert f"-v {tmp_path}:{tmp_path} -v {work}:{work}" in joined
    assert "--gpus all" in joined
    assert "A=b c" in arguments
    assert "CUDA_VISIBLE_DEVICES=1" in arguments
    assert "--gpus" not in made(tmp_path, "docker", "img:1").launch(["a.py"]).arguments


@pytest.mark.parametrize(("kind", "flag"), [("docker", "-w"), ("apptainer", "--pwd")])
def test_a_container_starts_where_a_step_says(kind, flag, tmp_path):
    work = tmp_path / "work"
    for folder, expected in ((work, work), (None, tmp_path)):
        arguments = made(tmp_path, kind, "image").launch(["a.py"], folder=folder).arguments
        assert arguments[arguments.index(flag) + 1] == str(expected)


def test_apptainer(tmp_path):
    arguments = made(tmp_path, "apptainer", "/i.sif").launch(["a.py"], [], "cuda").arguments
    assert arguments[:3] == ("apptainer", "exec", "--nv")
    assert arguments[-3:] == ("/i.sif", "python", "a.py")
    assert f"{tmp_path}:{tmp_path}" in arguments
