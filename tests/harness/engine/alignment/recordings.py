"""Recordings for the tests of scoring, small and lossless where nothing else is wanted."""

import av
import numpy as np
import soundfile
from PIL import Image


def pictures(count=8, height=32, width=40, seed=0):
    """Frames uint8 [T,H,W,3]: a bright bar moves over noise."""
    rng = np.random.default_rng(seed)
    frames = rng.integers(60, 120, (count, height, width, 3), dtype=np.uint8)
    for t, frame in enumerate(frames):
        frame[:, (3 * t) % width] = 250
    return frames


def tone(seconds, rate=16_000):
    return (0.4 * np.sin(2 * np.pi * 300 * np.arange(round(seconds * rate)) / rate)).astype("f4")


def video(path, frames=None, fps=25, audio=None, codec="ffv1", pixel_format="bgr0", stamps=None):
    """Encode with any codec; `stamps` replaces the even presentation times."""
    frames = pictures() if frames is None else frames
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=fps)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = pixel_format
        sound = None
        if audio is not None:
            sound = container.add_stream("pcm_f32le", rate=16_000, layout="mono")
        for t, frame in enumerate(frames):
            kind = "rgba" if frame.shape[-1] == 4 else "rgb24"
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format=kind)
            if stamps is not None:
                picture.pts = stamps[t]
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
        if sound is not None:
            block = av.AudioFrame.from_ndarray(audio[None], format="flt", layout="mono")
            block.sample_rate = 16_000
            container.mux(sound.encode(block))
            container.mux(sound.encode(None))
    return path


def folder(path, frames=None, mode="RGB", audio=None, subtype="PCM_16", channels=1):
    """A folder of numbered PNGs, with sound where some is given."""
    path.mkdir(parents=True)
    for t, frame in enumerate(pictures() if frames is None else frames):
        Image.fromarray(frame).convert(mode).save(path / f"{t:04d}.png")
    if audio is not None:
        data = np.repeat(audio[:, None], channels, 1)
        soundfile.write(str(path / "audio.wav"), data, 16_000, subtype=subtype)
    return path
