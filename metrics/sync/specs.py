"""What the variants of Sync-C and Sync-D are: detector, crop and codec by protocol."""

from __future__ import annotations

from harness.contracts import Column, MetricSpec
from metrics.common.faces import EXTRACTORS

FORMULA = (
    "m_j = mean_i |v_i - a_(i+j) + 1e-6|, j = -15..15, a zero-padded; "
    "Sync-D = min_j m_j, Sync-C = median_j m_j - min_j m_j"
)
_TRAPS = (
    "A silent sound gives the reference a Sync-C near 0 and a finite Sync-D; here it is a failure.",
    "The embeddings are not normalised, so another network or crop moves the whole scale.",
    "Sound is zero-padded by 15 windows each side: fewer than 100 windows bias both values.",
    "The sound must be 16-bit integers; floats move the first MFCC by 2 ln 32768.",
    "The best shift counts, so a constant delay costs nothing: read the offset too.",
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


_LENGTH = "A face must be tracked over more than 100 frames and be 100 pixels wide or high."

SPECS = (
    _spec(
        "synthetic",
        "synthetic SyncNet, mouth crop",
        "metrics.sync.frames:SmoothedSync",
        f"{_CROP} SyncNetInstance.py evaluate, vshift 15, with this project's network",
        ("The network knows the synthetic corpus alone; no published value compares with it.",),
        extractor="synthetic",
    ),
    _spec(
        "reference",
        "SyncNet v2, the whole pipeline of syncnet_python with its lossy files",
        "metrics.sync.tracked:TrackedSync",
        f"{_CROP} run_pipeline.py and SyncNetInstance.py evaluate, vshift 15; the numbers of "
        "Wav2Lip's calculate_scores_real_videos",
        (
            "Each frame is coded with loss four times and the sound as MP3 on the way to the "
            "network; without that it is sync/direct.",
            "The encoders' version and number of threads decide the last digits; one is used here.",
            "LAME's delay makes the sound 1105 samples late and the pipeline the video two frames, "
            "so the offset is not true to the frame.",
            _LENGTH,
            "syncnet-python on PyPI wants 50 frames, takes the best of all tracks, and says 0, 0 "
            "where there is no face.",
        ),
        weights=("s3fd-sync",),
    ),
    _spec(
        "direct",
        "SyncNet v2, crops of syncnet_python without its lossy files",
        "metrics.sync.tracked:TrackedSync",
        f"{_CROP} run_pipeline.py (detector, tracks, crop) and SyncNetInstance.py evaluate",
        ("No codec comes between, so published values do not compare.", _LENGTH),
        weights=("s3fd-sync",),
    ),
    _spec(
        "direct-mp",
        "SyncNet v2, lossless crops around MediaPipe's face",
        "metrics.sync.frames:SmoothedSync",
        f"{_CROP} SyncNetInstance.py evaluate, with another detector",
        (
            "MediaPipe's box is not S3FD's: the crop has another size, so compare it with itself "
            "only.",
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
            "No face is looked for: meaningful only where the frame is a face crop already.",
            "A frame that is not square is distorted.",
            "ffmpeg makes every frame a JPEG at 200 kbit/s first, which costs large frames most.",
        ),
    ),
)
