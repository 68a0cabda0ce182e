"""What the variants of Sync-C and Sync-D are: detector, crop and codec by protocol."""

from __future__ import annotations

from harness.contracts import Column, MetricSpec
from metrics.common.faces import EXTRACTORS

FORMULA = (
    "m_j = mean_i |v_i - a_(i+j) + 1e-6|, j = -15..15, a zero-padded; "
    "Sync-D = min_j m_j, Sync-C = median_j m_j - min_j m_j"
)
_TRAPS = (
    "On silent audio the reference gives a Sync-C near 0 and a finite Sync-D; here it is a "
    "failure.",
    "The embeddings are not normalised, so another network or crop changes the whole scale.",
    "The audio is zero-padded by 15 windows on each side, which biases both values below 100 "
    "windows.",
    "The audio must be 16-bit integers; floats in [-1,1] shift the first MFCC by 2 ln 32768.",
    "The best shift is scored, so a constant delay costs nothing: check the offset too.",
)
_CROP = "joonson/syncnet_python"


def _spec(
    variant: str,
    title: str,
    entry: str,
    reference: str,
    traps: tuple[str, ...],
    weights: tuple[str, ...] = (),
    extractor: str = "",
) -> MetricSpec:
    """A variant; `weights` beside those of its SyncNet and of the extractor that finds faces."""
    domain = "synthetic" if variant == "synthetic" else "photo"
    network = "synthetic-syncnet" if domain == "synthetic" else "syncnet"
    return MetricSpec(
        id=f"sync/{variant}",
        title=f"Sync ({title})",
        entry=entry,
        columns=(
            Column(f"sync_c/{variant}", "up", "", (0.0, None), "SyncNet confidence (LSE-C)"),
            Column(f"sync_d/{variant}", "down", "", (0.0, None), "SyncNet distance (LSE-D)"),
        ),
        reference=reference,
        formula=FORMULA,
        traps=(*traps, *_TRAPS),
        weights=(network, *weights, *EXTRACTORS.get(extractor, ())),
        packages=("python_speech_features",) + ("mediapipe",) * (extractor == "mp"),
        domain=domain,
        options={"variant": variant, "network": network}
        | ({"extractor": extractor} if extractor else {}),
    )


_LENGTH = "A face must be tracked for over 100 frames and exceed 100 pixels in width or height."

SPECS = (
    _spec(
        "synthetic",
        "synthetic SyncNet, mouth crop",
        "metrics.sync.frames:SmoothedSync",
        f"{_CROP} SyncNetInstance.py evaluate, vshift 15, with this project's network",
        (
            "The network was trained on the synthetic corpus only; not comparable with published "
            "values.",
        ),
        extractor="synthetic",
    ),
    _spec(
        "reference",
        "SyncNet v2, the whole syncnet_python pipeline with its lossy files",
        "metrics.sync.tracked:TrackedSync",
        f"{_CROP} run_pipeline.py and SyncNetInstance.py evaluate, vshift 15; as in "
        "Wav2Lip's calculate_scores_real_videos",
        (
            "On the way to the network each frame is lossily encoded four times and the audio as "
            "MP3; sync/direct leaves that out.",
            "The last digits depend on the encoders' versions and threads; one thread is used "
            "here.",
            "LAME delays the audio by 1105 samples and the pipeline the video by two frames, so "
            "the offset is not exact to the frame.",
            _LENGTH,
            "syncnet-python on PyPI accepts tracks of 50 frames, takes the best of all tracks, "
            "and returns 0, 0 where it finds no face.",
        ),
        weights=("s3fd-sync",),
    ),
    _spec(
        "direct",
        "SyncNet v2, crops of syncnet_python without its lossy files",
        "metrics.sync.tracked:TrackedSync",
        f"{_CROP} run_pipeline.py (detector, tracks, crop) and SyncNetInstance.py evaluate",
        ("No codec is involved, so published values are not comparable.", _LENGTH),
        weights=("s3fd-sync",),
    ),
    _spec(
        "direct-mp",
        "SyncNet v2, lossless crops around MediaPipe's face",
        "metrics.sync.frames:SmoothedSync",
        f"{_CROP} SyncNetInstance.py evaluate, with another detector",
        (
            "MediaPipe's box differs from S3FD's, and so does the crop: compare within this "
            "variant only.",
        ),
        extractor="mp",
    ),
    _spec(
        "wav2lip-lrs",
        "SyncNet v2, the whole frame at 224 pixels",
        "metrics.sync.frames:WholeFrameSync",
        "Rudrabha/Wav2Lip evaluation/scores_LSE/calculate_scores_LRS.py and "
        "SyncNetInstance_calc_scores.py",
        (
            "No face is detected: meaningful only where the frame is already a face crop.",
            "Non-square frames are distorted.",
            "ffmpeg first encodes every frame as a JPEG at 200 kbit/s, which degrades large "
            "frames most.",
        ),
    ),
)
