"""Small video files with the stamps, sound and flags that a test asks for."""

from fractions import Fraction

import av
import numpy as np


def frames(count, height=48, width=64):
    """uint8 [count,H,W,3]: the grey level tells frames apart, the corner is bright."""
    shown = np.zeros((count, height, width, 3), np.uint8)
    shown += (40 + 3 * np.arange(count, dtype=np.uint8))[:, None, None, None]
    shown[:, : height // 3, : width // 3] = 255
    return shown


def encode(path, pictures, fps=25, codec="ffv1", pixels="bgr0", stamps=None, sound=None,
           sound_stamps=None, rate=16_000, options=None):  # fmt: skip
    """Write a video; `stamps` are frame numbers, `sound` is cut into packets of 10 ms.

    sound_stamps: packet -> sample of its time stamp, or None to leave it out.
    """
    with av.open(str(path), "w") as out:
        video = out.add_stream(codec, rate=fps, options=options or {})
        video.height, video.width, video.pix_fmt = *pictures[0].shape[:2], pixels
        audio = None
        if sound is not None:
            audio = out.add_stream("pcm_s16le", rate=rate, layout="mono")
        for t, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = t if stamps is None else stamps[t]
            frame.time_base = 1 / Fraction(fps)
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        if audio is None:
            return path
        step = rate // 100
        whole = (np.clip(sound, -1, 1) * 32767).astype(np.int16)
        for index, at in enumerate(range(0, len(whole), step)):
            stamp = at if sound_stamps is None else sound_stamps(index, at)
            if stamp is None:
                continue
            block = av.AudioFrame.from_ndarray(whole[None, at : at + step], "s16", "mono")
            block.sample_rate, block.pts, block.time_base = rate, stamp, Fraction(1, rate)
            out.mux(audio.encode(block))
        out.mux(audio.encode(None))
    return path
