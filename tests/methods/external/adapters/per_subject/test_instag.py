import json

import pytest

from harness.contracts import BadInput, FitContext, TrainingSet
from methods import catalog
from tests.methods.external.checkouts import calls, flags, prepared, run


def test_its_script_gets_folder_project_and_gpu(tmp_path, monkeypatch):
    root, (_, sequence) = prepared(tmp_path, monkeypatch, "instag")
    method = catalog.build("instag")
    config = dict(catalog.spec("instag").presets["paper"])
    method.fit(TrainingSet.of(sequence), tmp_path / "work", FitContext(config, "cuda:3"))
    assert flags(calls(root)[0])["--N_views"] == "250"
    model = tmp_path / "work" / "output" / "toy"
    assert flags(calls(root)[0])["-m"] == str(model)
    assert json.loads((model / "chkpnt_face_latest.pth").read_text())["gpu"] == "3"


def test_its_synthesis_hears_by_the_features_that_the_script_names(tmp_path, monkeypatch):
    root, recorded = prepared(tmp_path, monkeypatch, "instag")
    script = root / "scripts" / "train_xx_few.sh"
    script.write_text(script.read_text().replace("='deepspeech'", "='ave'"))
    results, _ = run(tmp_path / "out", recorded, "instag")
    assert results.failures == ()
    assert flags(calls(root)[-1])["--audio_extractor"] == "ave"
    script.write_text(script.read_text().replace("='ave'", "='hubert'"))
    with pytest.raises(BadInput, match=r"it lacks aud_hu\.npy"):
        run(tmp_path / "again", recorded, "instag")
