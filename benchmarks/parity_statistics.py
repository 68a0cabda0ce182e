"""Probes of what is computed from pixels or features without a network, and of whole metrics."""

from __future__ import annotations

from collections.abc import Callable

import golden
import numpy as np
import torch

from benchmarks.parity_frame import SHARE, scored, tensor, twin
from benchmarks.precision import probe

#: Sides of the images: one that no scale of MS-SSIM divides, one that all do.
SIDES = (189, 256)
PICTURES = "two textured images of 189x189 and 256x256, shifted and noisy"
#: A frame as the reference packages take it: uint8 [H,W,3] twice.
Frames = Callable[[np.ndarray, np.ndarray], float]


def frame_probe(metric_id: str, column: str, reference: str, unit: str = "") -> Callable:
    """Register a reference for one column of a metric of frames."""

    def register(theirs: Frames) -> Frames:
        def measure() -> float:
            found = []
            for prediction, truth in map(golden.image_pair, SIDES):
                ours = scored(metric_id, prediction[None], truth[None]).values[column]
                found.append(abs(ours - theirs(prediction, truth)))
            return max(found)

        text = f"{reference}: `{column}`"
        probe(metric_id, stage="statistic", reference=text, on=PICTURES, unit=unit, column=column)(
            measure
        )
        return theirs

    return register


def double(frame: np.ndarray) -> torch.Tensor:
    """A frame as float64 [1,3,H,W] in 0..1."""
    return tensor(frame, dtype=torch.float64)


@frame_probe("psnr", "psnr", "scikit-image 0.26", "dB")
def psnr(prediction: np.ndarray, truth: np.ndarray) -> float:
    """PSNR of one frame."""
    from skimage.metrics import peak_signal_noise_ratio

    return float(peak_signal_noise_ratio(truth, prediction, data_range=255))


@frame_probe("psnr", "psnr/pooled", "torchmetrics 1.9", "dB")
def psnr_pooled(prediction: np.ndarray, truth: np.ndarray) -> float:
    """PSNR of the mean error; of one frame it is that frame's."""
    from torchmetrics.functional.image import peak_signal_noise_ratio

    return peak_signal_noise_ratio(double(prediction), double(truth), data_range=1.0).item()


@frame_probe("ssim", "ssim/torchmetrics", "torchmetrics 1.9")
def ssim_torchmetrics(prediction: np.ndarray, truth: np.ndarray) -> float:
    """SSIM with mirrored borders."""
    from torchmetrics.functional.image import structural_similarity_index_measure

    x, y = double(prediction), double(truth)
    return structural_similarity_index_measure(x, y, data_range=1.0).item()


@frame_probe("ssim", "ssim/valid", "pytorch-msssim 1.0")
def ssim_valid(prediction: np.ndarray, truth: np.ndarray) -> float:
    """SSIM without the border."""
    import pytorch_msssim

    return pytorch_msssim.ssim(double(prediction), double(truth), data_range=1).item()


def gaussian_splatting_ssim(prediction: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """SSIM as 3D Gaussian Splatting's loss_utils.py has it: no package holds it.

    One 11x11 Gaussian convolution a channel with zeros around, of [B,3,H,W] in 0..1.
    """
    x = torch.arange(11, dtype=torch.float32) - 5
    line = torch.exp(-(x**2) / (2 * 1.5**2))
    line = line / line.sum()
    window = (line[:, None] @ line[None]).to(prediction.dtype).expand(3, 1, 11, 11).contiguous()

    def blur(image: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.conv2d(image, window, padding=5, groups=3)

    mean_x, mean_y = blur(prediction), blur(truth)
    var_x = blur(prediction * prediction) - mean_x**2
    var_y = blur(truth * truth) - mean_y**2
    cov = blur(prediction * truth) - mean_x * mean_y
    c1, c2 = 0.01**2, 0.03**2
    top = (2 * mean_x * mean_y + c1) * (2 * cov + c2)
    return (top / ((mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2))).mean()


@frame_probe("ssim", "ssim/3dgs", "3D Gaussian Splatting loss_utils.py, in float64")
def ssim_3dgs(prediction: np.ndarray, truth: np.ndarray) -> float:
    """SSIM with zeros around."""
    return gaussian_splatting_ssim(double(prediction), double(truth)).item()


@frame_probe("ssim", "ssim/skimage", "scikit-image 0.26, its defaults")
def ssim_skimage(prediction: np.ndarray, truth: np.ndarray) -> float:
    """SSIM under the uniform window."""
    from skimage.metrics import structural_similarity

    return float(structural_similarity(truth, prediction, data_range=255, channel_axis=-1))


@frame_probe("ms_ssim", "ms_ssim/pytorch-msssim", "pytorch-msssim 1.0")
def ms_ssim(prediction: np.ndarray, truth: np.ndarray) -> float:
    """Five scales, padded."""
    import pytorch_msssim

    return pytorch_msssim.ms_ssim(double(prediction), double(truth), data_range=1).item()


@frame_probe("ms_ssim", "ms_ssim/torchmetrics", "torchmetrics 1.9")
def ms_ssim_torchmetrics(prediction: np.ndarray, truth: np.ndarray) -> float:
    """Five scales, mirrored."""
    from torchmetrics.functional.image import (
        multiscale_structural_similarity_index_measure as measure,
    )

    return measure(double(prediction), double(truth), data_range=1.0).item()


FRECHET = ("fid", "e_fid/*", "emo_fid/*")
FEATURES = "300 and 250 correlated samples of 64 dimensions"


@probe(*FRECHET, stage="statistic", reference="pytorch-fid 0.3.0 fid_score", on=FEATURES)
def frechet_pytorch_fid() -> float:
    """The Fréchet distance of two samples."""
    return _frechet("frechet_pytorch_fid")


@probe(*FRECHET, stage="statistic", reference="torch-fidelity 0.4.0 metric_fid", on=FEATURES)
def frechet_torch_fidelity() -> float:
    """The same by torch-fidelity."""
    return _frechet("frechet_torch_fidelity")


def _frechet(name: str) -> float:
    import oracles

    from metrics.common.frechet import frechet_distance

    return abs(frechet_distance(*golden.feature_pair()) - oracles.answers("frechet")[name])


@probe(
    "sync/*",
    stage="statistic",
    reference="syncnet-python 0.2.3 calc_pdist and evaluate, on given embeddings",
    on="two random sets of 120 embeddings of 1024 dimensions",
)
def lse() -> float:
    """LSE-C and LSE-D of embeddings that both are given."""
    import oracles_syncnet

    from metrics.sync import score as sync_score

    rng = np.random.default_rng(3)
    lips, sound = rng.normal(size=(2, 120, 1024)).astype(np.float32)
    module = oracles_syncnet._syncnet_module("SyncNetInstance")
    distances = module.calc_pdist(torch.from_numpy(lips), torch.from_numpy(sound), vshift=15)
    curve = torch.stack(distances, 1).mean(1)
    lowest = curve.min().item()
    ours = sync_score.score(lips, sound)
    confidence = curve.median().item() - lowest
    return max(abs(ours.distance - lowest), abs(ours.confidence - confidence))


@probe(
    "sync/*",
    stage="whole",
    reference="syncnet-python 0.2.3 evaluate, crops read from lossless files",
    on="22 frames of 224x224 with moving blobs and a chirp, seeded network",
    unit=SHARE,
)
def evaluate() -> float:
    """LSE-C and LSE-D from pixels and samples on."""
    import oracles
    import oracles_syncnet

    from metrics.backbones.syncnet import SyncNet
    from metrics.sync import score as sync_score

    theirs = oracles.answers("syncnet")
    net = twin(SyncNet(), oracles_syncnet.syncnet_network()).folded()
    frames, sound = golden.talking_clip()
    count = sync_score.window_count(len(frames), len(sound))
    bgr = frames[..., ::-1].astype(np.float32)
    windows = np.stack([bgr[i : i + 5] for i in range(count)]).transpose(0, 4, 1, 2, 3)
    mfcc = sync_score.mfcc_windows(sync_score.mfcc(sound / 32768.0), count)
    lips = net.forward_lip(torch.from_numpy(np.ascontiguousarray(windows))).numpy()
    heard = net.forward_aud(torch.from_numpy(mfcc)).numpy()
    ours = sync_score.score(lips, heard)
    return max(
        abs(ours.confidence / theirs["syncnet_confidence"] - 1),
        abs(ours.distance / theirs["syncnet_distance"] - 1),
    )


@probe(
    "tof",
    stage="whole",
    reference="TecoGAN metrics.py by OpenCV",
    on="9 frames of 80x112, a drifting texture and a noisy copy that lags",
    unit="px",
)
def tof() -> float:
    """The mean difference of flow."""
    import oracles

    ours = scored("tof", *golden.moving_clip()).values["tof"]
    return abs(ours - oracles.answers("flow")["tof"])


@probe(
    "emotion/hsemotion-va",
    stage="statistic",
    reference="torchmetrics 1.9 concordance_corrcoef (covariance of a sample)",
    on="two series of 200,000 values; of short ones the definitions differ by 1/n",
)
def ccc() -> float:
    """Lin's concordance correlation."""
    from torchmetrics.functional.regression import concordance_corrcoef

    from metrics.common.numerics import ccc

    x, y = np.random.default_rng(0).normal(size=(2, 200_000)) * [[1], [2]] + [[0.1], [0.3]]
    theirs = concordance_corrcoef(torch.from_numpy(x), torch.from_numpy(x + y)).item()
    return abs(ccc(x, x + y) - theirs)


@probe(
    "lve",
    stage="whole",
    reference="torchmetrics 1.9 lip_vertex_error",
    on="12 frames of 80 random vertices, 25 of them lips; values of about 20",
)
def lve() -> float:
    """The squared form."""
    from torchmetrics.functional.multimodal import lip_vertex_error

    from metrics.lve import worst_squared

    rng = np.random.default_rng(4)
    prediction, truth = rng.normal(size=(2, 12, 80, 3))
    lips = sorted(rng.choice(80, 25, replace=False).tolist())
    theirs = lip_vertex_error(torch.from_numpy(prediction), torch.from_numpy(truth), lips).item()
    return abs(worst_squared(prediction[:, lips], truth[:, lips]).mean() - theirs)
