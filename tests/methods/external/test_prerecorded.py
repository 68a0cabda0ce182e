import json
import os
from dataclasses import replace

import pytest

from harness.contracts import BadInput, FitContext, TrainingSet
from harness.engine.execution import Engine
from harness.engine.planning import make_plan
from harness.engine.request import Request, SplitData, rows_of
from harness.media.video import write_mp4
from harness.testing import request_of
from methods import catalog
from methods.external.errors import BadOutput, WrongCount, WrongRate, WrongSize
from splits.er_nerf import load, manifest_of

ENTRY = {
    "id": "their-method",
    "title": "Their method",
    "licence": "CC BY 4.0",
    "source": "arXiv 0000.00000, rendered by its authors",
    "drive": "audio",
}


@pytest.fixture
def listed(monkeypatch, tmp_path):
    """The YAML file (JSON is YAML) names one method with this path of videos."""

    def write(videos, **changes):
        path = tmp_path / "external.yaml"
        path.write_text(json.dumps({"prerecorded": [{**ENTRY, "videos": videos, **changes}]}))
        monkeypatch.setenv("HARNESS_EXTERNAL", str(path))
        catalog._discover.cache_clear()

    yield write
    catalog._discover.cache_clear()


def recording(folder):
    manifest = manifest_of(folder)
    return load(manifest, manifest.sequences[0])


def video(path, sequence, count=2, fps=25, size=32):
    part = sequence.part(sequence.test)
    write_mp4(path, [part.frames[t % 2][:size, :size] for t in range(count)], fps, crf=1)
    return path


def rendered(sequence, workdir):
    spec = catalog.spec("their-method")
    method = catalog.build("their-method")
    method.fit(TrainingSet(), workdir, FitContext(spec.presets["quick"]))
    method.load(workdir)
    request = request_of(sequence, spec)
    asked = replace(request, sequence=sequence.id, subject=sequence.subject)
    return list(method.render(asked))


@pytest.mark.parametrize("template", ["{folder}", "{folder}/{{sequence}}.mp4"])
def test_videos_stand_in_the_table_under_their_own_name(listed, tiny, tmp_path, template):
    listed(template.format(folder=tmp_path / "videos"))
    video(tmp_path / "videos" / "Tiny.mp4", recording(tiny))
    request = Request(rows_of(("their-method", "still"), False), SplitData(str(tiny)), ("psnr",))
    results = Engine(tmp_path / "runs").run(make_plan(request))
    row = next(row for row in results.rows if row.method == "their-method")
    assert results.failures == ()
    assert (row.title, row.role, row.drive) == ("Their method", "method", "audio")
    assert row.scores["psnr"].value > 30
    assert row.preset == "as-rendered"
    spec = catalog.spec("their-method")
    assert (spec.licence, spec.paper.startswith(ENTRY["source"])) == (ENTRY["licence"], True)
    assert not spec.timed, "decoding has no speed"
    assert not spec.takes_sound, "it renders no other sound"


def test_another_video_is_another_cell(listed, tiny, tmp_path):
    listed(str(tmp_path / "videos"))
    path = video(tmp_path / "videos" / "Tiny.mp4", recording(tiny))
    request = Request(rows_of(("their-method",), False), SplitData(str(tiny)), ("psnr",))
    first = make_plan(request).jobs[0].cell("fit").key
    assert make_plan(request).jobs[0].cell("fit").key == first
    os.utime(path, (1, 1))
    assert make_plan(request).jobs[0].cell("fit").key == first, "the content counts, not the time"
    path.write_bytes(path.read_bytes() + b"more")
    assert make_plan(request).jobs[0].cell("fit").key != first


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"count": 1}, WrongCount, "1 frames, 2 were requested"),
        ({"count": 3}, WrongCount, "3 frames, 2 were requested"),
        ({"fps": 30}, WrongRate, "30 frames per second, 25 were requested"),
        ({"size": 16}, WrongSize, "16x16, 32x32 was requested"),
    ],
)
def test_a_video_of_something_else_is_refused(listed, tiny, tmp_path, options, error, match):
    listed(str(tmp_path / "videos"))
    video(tmp_path / "videos" / "Tiny.mp4", recording(tiny), **options)
    with pytest.raises(error, match=match):
        rendered(recording(tiny), tmp_path / "w")
    with pytest.raises(BadInput, match=match):
        catalog.build("their-method").check_sequences([recording(tiny)])


def test_a_cut_or_absent_video(listed, tiny, tmp_path):
    listed(str(tmp_path / "videos" / "{subject}_{sequence}.mp4"))
    path = video(tmp_path / "videos" / "other_Tiny.mp4", recording(tiny))
    absent = r"Tiny_Tiny\.mp4: no video .* \(found: other_Tiny\.mp4\)"
    with pytest.raises(BadInput, match=absent):
        rendered(recording(tiny), tmp_path / "w")
    method = catalog.build("their-method")
    with pytest.raises(BadInput, match=absent):
        method.check_sequences([recording(tiny)])
    whole = path.read_bytes()
    (tmp_path / "videos" / "Tiny_Tiny.mp4").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadOutput, match=r"Tiny_Tiny\.mp4"):
        rendered(recording(tiny), tmp_path / "w")
    with pytest.raises(BadInput, match=r"Tiny_Tiny\.mp4"):
        method.check_sequences([recording(tiny)])
    (tmp_path / "videos" / "Tiny_Tiny.mp4").write_bytes(whole)
    method.check_sequences([recording(tiny)])


def test_a_broken_file_hides_no_other_method(listed):
    listed("/videos", drive="telepathy")
    assert "still" in catalog.specs()
    assert "their-method" not in catalog.specs()
    assert any("drive" in problem.reason for problem in catalog.problems())


def test_an_id_that_is_taken_is_a_problem(listed):
    listed("/videos", id="still")
    assert catalog.spec("still").role == "baseline"
    assert any("already taken" in problem.reason for problem in catalog.problems())
