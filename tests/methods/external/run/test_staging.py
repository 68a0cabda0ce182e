import pytest

from harness.contracts import BadInput
from harness.media.openface import read_openface
from methods.external.run import staging


def test_files_are_links_in_folders_of_our_own(tiny, folders, tmp_path):
    before = folders.snapshot(tiny)
    staging.stage(tiny, tmp_path / "data", but=("au.csv", "parsing"))
    assert (tmp_path / "data" / "gt_imgs" / "3.jpg").is_symlink()
    assert not (tmp_path / "data" / "gt_imgs").is_symlink()
    assert not (tmp_path / "data" / "au.csv").exists()
    assert not (tmp_path / "data" / "parsing").exists()
    (tmp_path / "data" / "gt_imgs" / "new.txt").write_text("by the checkout")
    staging.write(tmp_path / "data" / "bc.jpg", "ours")
    staging.stage(tiny, tmp_path / "data")
    assert (tmp_path / "data" / "bc.jpg").read_text() == "ours"
    assert folders.snapshot(tiny) == before


def test_a_folder_that_is_a_link_to_another_disk_is_followed(tiny, tmp_path):
    (tiny / "gt_imgs").rename(tmp_path / "elsewhere")
    (tiny / "gt_imgs").symlink_to(tmp_path / "elsewhere")
    staging.stage(tiny, tmp_path / "data")
    assert (tmp_path / "data" / "gt_imgs" / "21.jpg").read_bytes()
    assert not (tmp_path / "data" / "gt_imgs").is_symlink()


@pytest.mark.parametrize("given", [True, False])
@pytest.mark.parametrize("wanted", [True, False])
def test_au_columns_have_the_spaces_that_a_repository_looks_up(folders, tmp_path, given, wanted):
    source = folders.prepared_folder(tmp_path / "Tiny", spaces=given) / "au.csv"
    table = staging.read_au_csv(source, folders.UNITS)
    staging.write_au_csv(table, tmp_path / "au.csv", wanted)
    header = (tmp_path / "au.csv").read_text().splitlines()[0].split(",")
    assert header[0] == "frame"
    assert (" AU45_r" in header) is wanted
    assert ("AU45_r" in header) is not wanted
    ours, theirs = read_openface(tmp_path / "au.csv", ("AU45",)), read_openface(source, ("AU45",))
    assert (ours.values == theirs.values).all()
    assert len(ours.values) == folders.COUNT


def test_a_missing_unit_is_named(tiny):
    with pytest.raises(BadInput, match="lacks AU26_r"):
        staging.read_au_csv(tiny / "au.csv", ("AU26", "AU45"))
    with pytest.raises(BadInput, match="no such file"):
        staging.read_au_csv(tiny / "none.csv", ())


def test_what_is_missing_is_named_in_full(tiny):
    with pytest.raises(BadInput, match=r"lacks 3dmm\.pt, bg\. Make them"):
        staging.need(tiny, ("3dmm.pt", "bc.jpg", "bg"), "Make them.")
    with pytest.raises(BadInput, match=r"lacks 0\.x, .*, 9\.x and 5 more\."):
        staging.need(tiny, (f"{i}.x" for i in range(15)), "Make them.")


def test_a_broken_list_of_frames_is_named(tiny):
    assert staging.listed(tiny) == list(range(22))
    (tiny / "transforms_val.json").write_text("{}")
    with pytest.raises(BadInput, match=r"transforms_val\.json: not a list of frames"):
        staging.listed(tiny)
