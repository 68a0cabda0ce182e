"""What people hand in by mistake: a sentence with the file, the fact and the cure, exit code 2."""

import numpy as np
import pytest
import soundfile
from PIL import Image
from recordings import folder, pictures, tone, video

from harness.media.video import write_mp4

CASES = {}


def case(sentence):
    """Register a builder: it writes files into a folder and returns the arguments of `score`."""

    def register(build):
        CASES[build.__name__] = (build, sentence)
        return build

    return register


def both(prediction, truth, *more):
    return ("--metrics", "psnr", "--pred", prediction, "--truth", truth, *more)


def good(root):
    return video(root / "truth.mkv")


@case("nowhere.mp4: no such file or folder")
def missing_prediction(root):
    return both(root / "nowhere.mp4", good(root))


@case("nowhere: no such file or folder")
def missing_truth(root):
    return both(good(root), root / "nowhere")


@case("empty (0 bytes)")
def empty_file(root):
    (root / "a.mp4").touch()
    return both(root / "a.mp4", good(root))


@case("not a readable media file")
def wrong_ending(root):
    (root / "a.txt").write_text("frames")
    return both(root / "a.txt", good(root))


@case("it is a single image")
def image(root):
    Image.new("RGB", (64, 64)).save(root / "a.png")
    return both(root / "a.png", good(root))


@case("it contains no sequence")
def folder_of_nothing(root):
    (root / "a").mkdir()
    (root / "a" / "frames.exr").write_bytes(b"x")
    return both(root / "a", good(root))


@case("not a readable media file")
def text_called_mp4(root):
    (root / "a.mp4").write_text("this is not a video " * 100)
    return both(root / "a.mp4", good(root))


@case("must be copied again")
def truncated(root):
    write_mp4(root / "whole.mp4", pictures(60, 64, 64), 25)
    content = (root / "whole.mp4").read_bytes()
    (root / "a.mp4").write_bytes(content[: len(content) * 2 // 3])
    return both(root / "a.mp4", good(root))


@case("it has no video stream")
def sound_alone(root):
    soundfile.write(str(root / "a.wav"), tone(1), 16_000)
    (root / "a.wav").rename(root / "a.avi")
    return both(root / "a.avi", good(root))


@case("the frame rate varies")
def variable_frame_rate(root):
    stamps = [0, 40, 80, 200, 240, 400, 440, 600]
    odd = video(root / "a.mkv", codec="libx264", pixel_format="yuv420p", fps=1000, stamps=stamps)
    return both(odd, good(root))


@case("its frames have 10 bits a channel (yuv420p10le)")
def ten_bits(root):
    deep = video(root / "a.mkv", codec="libx264", pixel_format="yuv420p10le")
    return both(deep, good(root))


@case("it has an alpha channel (bgra)")
def alpha_channel(root):
    frames = np.dstack([pictures().reshape(-1, 40, 3), np.full((256, 40), 99, np.uint8)])
    clear = video(root / "a.mkv", frames.reshape(8, 32, 40, 4), pixel_format="bgra")
    return both(clear, good(root))


@case("its frames are 48x32, those of its ground truth")
def another_size(root):
    return both(video(root / "a.mkv", pictures(8, 32, 48)), good(root))


@case("it has 7 frames, its ground truth")
def another_length(root):
    return both(video(root / "a.mkv", pictures(7)), good(root))


@case("it has 30 frames per second, its ground truth")
def another_rate(root):
    return both(video(root / "a.mkv", fps=30), good(root))


@case("its sound lasts 0.500 s and its video 0.320 s")
def sound_too_long(root):
    return both(video(root / "a.mkv", audio=tone(0.5)), good(root))


@case("its sound lasts 0.200 s and its video 0.320 s")
def sound_too_short(root):
    return both(video(root / "a.mkv", audio=tone(0.2)), good(root))


@case("not-a-number samples")
def broken_sound(root):
    noise = tone(0.32)
    noise[100] = np.nan
    return both(folder(root / "a", audio=noise, subtype="FLOAT"), good(root), "--fps", 25)


@case("1 of 2 names have no counterpart in it: two")
def names_without_partner(root):
    for side, names in (("p", ("one",)), ("t", ("one", "two"))):
        (root / side).mkdir()
        for name in names:
            video(root / side / f"{name}.mkv")
    return both(root / "p", root / "t")


@case("it is a folder of sequences, but")
def folder_beside_file(root):
    (root / "p").mkdir()
    video(root / "p" / "one.mkv")
    return both(root / "p", good(root))


@case("it contains no sequence")
def empty_folder(root):
    for side in "pt":
        (root / side).mkdir()
    return both(root / "p", root / "t")


@case("a.avi and a.mkv have the same name")
def one_name_twice(root):
    (root / "p").mkdir()
    for ending in ("mkv", "avi"):
        video(root / "p" / f"a.{ending}")
    return both(root / "p", root / "p")


@case("images state no frame rate. Give it, for example --fps 25")
def pictures_without_rate(root):
    return both(folder(root / "a"), good(root))


@case("its images are numbered 1 to 7, those of its ground truth")
def pictures_that_begin_later(root):
    (folder(root / "a") / "0000.png").unlink()
    return both(root / "a", folder(root / "t"), "--fps", 25, "--trim")


@case("image 2 is followed by 4")
def picture_missing(root):
    (folder(root / "a") / "0003.png").unlink()
    return both(root / "a", good(root), "--fps", 25)


@case("number 2 occurs twice: 0002.jpg and 0002.png")
def picture_twice(root):
    Image.fromarray(pictures()[0]).save(folder(root / "a") / "0002.jpg")
    return both(root / "a", good(root), "--fps", 25)


@case("its name contains no number")
def picture_without_number(root):
    Image.fromarray(pictures()[0]).save(folder(root / "a") / "cover.png")
    return both(root / "a", good(root), "--fps", 25)


@case("it is 20x10, the first image is 40x32")
def picture_of_another_size(root):
    Image.new("RGB", (20, 10)).save(folder(root / "a") / "0005.png")
    return both(root / "a", good(root), "--fps", 25)


@case("its pixels are L, not 8-bit RGB")
def grey_pictures(root):
    return both(folder(root / "a", mode="L"), good(root), "--fps", 25)


@case("its pixels are RGBA, not 8-bit RGB")
def transparent_pictures(root):
    return both(folder(root / "a", mode="RGBA"), good(root), "--fps", 25)


@case("not a readable image")
def damaged_picture(root):
    (folder(root / "a") / "0004.png").write_bytes(b"\x89PNG\r\n\x1a\nrubbish")
    return both(root / "a", good(root), "--fps", 25)


@case("invalid frame rate: 0")
def no_rate(root):
    return both(folder(root / "a"), good(root), "--fps", 0)


@case("not a readable file of a finished cell")
def damaged_archive(root):
    (root / "a").mkdir()
    (root / "a" / "frames.zip").write_bytes(b"PK rubbish")
    (root / "a" / "meta.json").write_text("{}")
    return both(root / "a", good(root))


@case("Pass --resize")
def size_with_other_remedies(root):
    return both(video(root / "a.mkv", pictures(8, 32, 48)), good(root), "--trim")


@case("it comes with per-frame signals (bfm79) at 25 frames per second")
def resampled_with_signals(root):
    np.save(root / "truth.bfm79.npy", np.zeros((8, 79)))
    return both(good(root), good(root), "--resample-fps", 50)


@case("it has 5 rows, its video truth.mkv has 8 frames")
def signal_of_another_length(root):
    np.save(root / "truth.bfm79.npy", np.zeros((5, 79)))
    return both(good(root), good(root))


@case("values that are not finite")
def signal_with_nan(root):
    np.save(root / "truth.bfm79.npy", np.full((8, 79), np.nan))
    return both(good(root), good(root))


@case("it holds pickled objects")
def signal_as_pickle(root):
    np.save(root / "truth.bfm79.npy", np.array([{}], object), allow_pickle=True)
    return both(good(root), good(root))


@case("uint8 [T,H,W] is expected")
def masks_of_floats(root):
    np.savez(root / "truth.masks.npz", bits=np.zeros((8, 32, 40)))
    return both(good(root), good(root))


@case("its header is 'name,emotion'")
def labels_with_another_head(root):
    (root / "l.csv").write_text("name,emotion\n")
    return both(good(root), good(root), "--labels", root / "l.csv")


@case("'calm' is not a known emotion")
def unknown_emotion(root):
    (root / "l.csv").write_text("name,subject,emotion,intensity\ntruth,M003,calm,1\n")
    return both(good(root), good(root), "--labels", root / "l.csv")


@case("1 of 1 sequences have no line: truth")
def recording_without_label(root):
    (root / "l.csv").write_text("name,subject,emotion,intensity\nother,M003,happy,1\n")
    return both(good(root), good(root), "--labels", root / "l.csv")


@case("unknown metric 'pnsr'. Did you mean")
def unknown_metric(root):
    return ("--metrics", "pnsr", "--pred", good(root), "--truth", good(root))


@case("files hold no rendering speed")
def speed_of_a_file(root):
    return ("--metrics", "fps", "--pred", good(root), "--truth", good(root))


@case("signal 'bfm79' is missing")
def metric_without_its_signal(root):
    return ("--metrics", "e_fid/bfm79", "--pred", good(root), "--truth", good(root))


@case("two rows would be called 'truth'")
def rows_of_one_name(root):
    return both(good(root), good(root), "--pred", good(root))


@case("a row is already called 'ground-truth'")
def row_called_as_the_oracle(root):
    return both(f"ground-truth={good(root)}", good(root), "--with-truth")


@case("'cartoon' is unknown")
def unknown_domain(root):
    return both(good(root), good(root), "--domain", "cartoon")


def mesh(path, frames=4, vertices=6):
    values = np.random.default_rng(0).normal(size=(frames, vertices, 3))
    np.save(path, values.astype(np.float32))
    return path


@case("it has 3 frames, its ground truth")
def mesh_of_another_length(root):
    sides = mesh(root / "a.npy", 3), mesh(root / "t.npy")
    return ("--pred", sides[0], "--truth", sides[1], "--trim")


@case("the number of vertices is not known")
def flattened_mesh_without_template(root):
    np.save(root / "a.npy", np.zeros((4, 18), np.float32))
    return ("--pred", root / "a.npy", "--truth", root / "a.npy")


@case("no metric reads a region 'nose'")
def unknown_region(root):
    np.save(root / "n.npy", np.zeros((6, 3), np.float32))
    more = ("--template", root / "n.npy", "--region", f"nose={root}")
    return ("--pred", mesh(root / "a.npy"), "--truth", mesh(root / "t.npy"), *more)


@case("vertex lists need a template")
def region_without_template(root):
    return ("--pred", mesh(root / "a.npy"), "--truth", root / "a.npy", "--region", "lip=x.txt")


@case("it scores mesh sequences, but these are videos")
def mesh_metric_of_a_video(root):
    return ("--metrics", "lve", "--pred", good(root), "--truth", good(root))


@case("regions.upper")
def region_of_a_metric_missing(root):
    np.save(root / "n.npy", np.zeros((6, 3), np.float32))
    (root / "lip.txt").write_text("0,1,2")
    more = ("--template", root / "n.npy", "--region", f"lip={root / 'lip.txt'}")
    sides = ("--pred", mesh(root / "a.npy"), "--truth", mesh(root / "t.npy"))
    return ("--metrics", "fdd", *sides, *more)


@pytest.mark.parametrize("name", CASES)
def test_a_sentence_and_nothing_else(name, call, tmp_path):
    build, sentence = CASES[name]
    root = tmp_path / "given"
    root.mkdir()
    code, out, err = call(*build(root))
    assert code == 2, (out, err)
    told = [line for line in err.splitlines() if line.startswith("error: ")]
    assert len(told) == 1, err
    assert sentence in told[0]
    assert told[0].rstrip()[-1] in ".?", "a sentence with its cure"
    assert out == ""
    assert not (tmp_path / "out" / "results.json").exists()
    assert not list((tmp_path / "out").rglob("*.partial"))
