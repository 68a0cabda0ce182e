from harness.contracts import Budget
from methods import catalog
from tests.methods.external.checkouts import calls, flags, prepared


def test_its_script_gets_folder_project_and_gpu(tmp_path, monkeypatch):
    root, (_, sequence) = prepared(tmp_path, monkeypatch, "instag")
    method = catalog.build("instag")
    config = dict(catalog.spec("instag").presets["paper"])
    method.fit(sequence.part(sequence.train), tmp_path / "work", Budget(config, "cuda:3"))
    assert flags(calls(root)[0])["--N_views"] == "250"
    model = tmp_path / "work" / "output" / "toy"
    assert flags(calls(root)[0])["-m"] == str(model)
    assert (model / "chkpnt_face_latest.pth").read_text() == "3"
