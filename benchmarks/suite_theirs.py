"""The published tools as their users run them: each decodes the videos itself.

Every function takes a `Job` and returns columns under our names. Frames pass one by one where
the tool's own script passes them one by one.
"""

from __future__ import annotations

import argparse
import contextlib
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from unittest import mock

import cv2
import numpy as np
import torch

from benchmarks.parity_statistics import gaussian_splatting_ssim

#: Where the face is in every frame: x1, y1, x2, y2 in pixels of 256x256. Seeded detectors see
#: none, so that both sides run theirs and then take this box.
FACE = np.array([68.0, 60.0, 188.0, 200.0, 0.99])


@dataclass(frozen=True)
class Job:
    """A prediction beside its truth, on disk as a user has them, and the weights."""

    prediction: Path
    truth: Path
    sound: Path  # 16-bit mono WAV at 16 kHz
    weights: Mapping[str, Path]
    folder: Path  # for the files that tools want


Tool = Callable[[Job], dict[str, float]]


def frames(path: Path) -> Iterator[np.ndarray]:
    """RGB frames as a script reads them, with OpenCV."""
    capture = cv2.VideoCapture(str(path))
    while True:
        read, frame = capture.read()
        if not read:
            break
        yield cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
    capture.release()


def pairs(job: Job) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Prediction and truth, frame by frame."""
    return zip(frames(job.prediction), frames(job.truth), strict=True)


def tensor(frame: np.ndarray) -> torch.Tensor:
    """A frame as float32 [1,3,H,W] in 0..1."""
    return torch.from_numpy(frame).permute(2, 0, 1)[None].float() / 255


def mean_of(job: Job, measure: Callable[[np.ndarray, np.ndarray], float]) -> float:
    """Mean of a measure over the frames."""
    return float(np.mean([measure(x, y) for x, y in pairs(job)]))


def mean_of_tensors(
    job: Job, measure: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
) -> float:
    """Mean of a measure of tensors over the frames."""
    with torch.no_grad():
        return mean_of(job, lambda x, y: measure(tensor(x), tensor(y)).item())


def skimage_psnr(job: Job) -> dict[str, float]:
    """scikit-image's PSNR."""
    from skimage.metrics import peak_signal_noise_ratio

    return {"psnr": mean_of(job, lambda x, y: peak_signal_noise_ratio(y, x, data_range=255))}


def torchmetrics_psnr(job: Job) -> dict[str, float]:
    """torchmetrics' PSNR, over the error of all frames."""
    from torchmetrics.image import PeakSignalNoiseRatio

    pooled = PeakSignalNoiseRatio(data_range=1.0)
    for x, y in pairs(job):
        pooled.update(tensor(x), tensor(y))
    return {"psnr/pooled": pooled.compute().item()}


def skimage_ssim(job: Job) -> dict[str, float]:
    """scikit-image's SSIM with its defaults."""
    from skimage.metrics import structural_similarity

    def measure(x: np.ndarray, y: np.ndarray) -> float:
        return structural_similarity(y, x, data_range=255, channel_axis=-1)

    return {"ssim/skimage": mean_of(job, measure)}


def torchmetrics_ssim(job: Job) -> dict[str, float]:
    """torchmetrics' SSIM."""
    from torchmetrics.functional.image import structural_similarity_index_measure as measure

    return {"ssim/torchmetrics": mean_of_tensors(job, lambda x, y: measure(x, y, data_range=1.0))}


def torchmetrics_ms_ssim(job: Job) -> dict[str, float]:
    """torchmetrics' MS-SSIM."""
    from torchmetrics.functional.image import (
        multiscale_structural_similarity_index_measure as measure,
    )

    return {
        "ms_ssim/torchmetrics": mean_of_tensors(job, lambda x, y: measure(x, y, data_range=1.0))
    }


def msssim_ssim(job: Job) -> dict[str, float]:
    """pytorch-msssim's SSIM."""
    from pytorch_msssim import ssim

    return {"ssim/valid": mean_of_tensors(job, lambda x, y: ssim(x, y, data_range=1))}


def msssim_ms_ssim(job: Job) -> dict[str, float]:
    """pytorch-msssim's MS-SSIM."""
    from pytorch_msssim import ms_ssim

    return {"ms_ssim/pytorch-msssim": mean_of_tensors(job, lambda x, y: ms_ssim(x, y, 1))}


def splatting_ssim(job: Job) -> dict[str, float]:
    """SSIM of 3D Gaussian Splatting."""
    return {"ssim/3dgs": mean_of_tensors(job, gaussian_splatting_ssim)}


def _lpips(job: Job, net: str) -> torch.nn.Module:
    import lpips

    with contextlib.redirect_stdout(io.StringIO()):
        model = lpips.LPIPS(net=net, pnet_rand=True, verbose=False)
    path = job.weights["lpips-alexnet" if net == "alex" else "lpips-vgg16"]
    state = torch.load(path, weights_only=True)
    keys = model.net.state_dict()
    model.net.load_state_dict({k: state[f"features.{k.split('.', 1)[1]}"] for k in keys})
    return model.eval()


def lpips_alex(job: Job) -> dict[str, float]:
    """lpips over AlexNet, as LPIPSMeter of TalkingGaussian runs it."""
    net = _lpips(job, "alex")
    return {"lpips/alex": mean_of_tensors(job, lambda x, y: net(x, y, normalize=True))}


def lpips_vgg(job: Job) -> dict[str, float]:
    """lpips over VGG16."""
    net = _lpips(job, "vgg")
    return {"lpips/vgg": mean_of_tensors(job, lambda x, y: net(x, y, normalize=True))}


def lpips_vgg_3dgs(job: Job) -> dict[str, float]:
    """The same on frames in 0..1, as original 3DGS runs it."""
    net = _lpips(job, "vgg")
    return {"lpips/vgg-3dgs": mean_of_tensors(job, lambda x, y: net(x, y))}


def _middle(size: int) -> slice:
    kept = (size - 16) // 32 * 32
    return slice((size - kept) // 2, (size - kept) // 2 + kept)


def tecogan_tof(job: Job) -> dict[str, float]:
    """tOF of TecoGAN's metrics.py."""
    flows = []
    for path in (job.truth, job.prediction):
        greys = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in frames(path)][2:-2]
        flows.append(
            [
                cv2.calcOpticalFlowFarneback(a, b, None, 0.5, 3, 15, 3, 5, 1.2, 0)
                for a, b in pairwise(greys)
            ]
        )
    rows, columns = (_middle(size) for size in flows[0][0].shape[:2])
    ends = [np.linalg.norm((a - b)[rows, columns], axis=-1).mean() for a, b in zip(*flows)]  # noqa: B905
    return {"tof": float(np.mean(ends))}


def tecogan_tlp(job: Job) -> dict[str, float]:
    """tLP of TecoGAN's metrics.py."""
    net = _lpips(job, "alex")
    changes = []
    for path in (job.truth, job.prediction):
        kept = list(frames(path))[2:-2]
        rows, columns = (_middle(size) for size in kept[0].shape[:2])
        parts = [tensor(np.ascontiguousarray(frame[rows, columns])) for frame in kept]
        with torch.no_grad():
            changes.append([net(a, b, normalize=True).item() for a, b in pairwise(parts)])
    return {"tlp/alex": 100 * float(np.abs(np.subtract(*changes)).mean())}


def pytorch_fid(job: Job) -> dict[str, float]:
    """pytorch-fid on two folders of PNG files, as its command does with its defaults."""
    from pytorch_fid import fid_score, inception

    folders = []
    for path in (job.prediction, job.truth):
        folder = job.folder / f"fid-{path.stem}"
        folder.mkdir()
        for index, frame in enumerate(frames(path)):
            cv2.imwrite(str(folder / f"{index:06d}.png"), frame[..., ::-1])
        folders.append(str(folder))
    state = torch.load(job.weights["fid-inception"], weights_only=True)
    with (
        mock.patch.object(inception, "load_state_dict_from_url", return_value=state),
        contextlib.redirect_stderr(io.StringIO()),
        contextlib.redirect_stdout(io.StringIO()),
    ):
        # Reading in this process rather than in workers: its time is counted, none overlaps.
        value = fid_score.calculate_fid_given_paths(folders, 50, "cpu", 2048, num_workers=0)
    return {"fid": float(value)}


def _lmd(job: Job, points: slice) -> float:
    from face_alignment import FaceAlignment, LandmarksType

    with mock.patch(
        "face_alignment.api.load_file_from_url", return_value=str(job.weights["fan-2d4"])
    ):
        found = FaceAlignment(
            LandmarksType.TWO_D,
            flip_input=False,
            device="cpu",
            compile=False,  # compiling takes minutes and has nothing to do with the measure
            face_detector_kwargs={"path_to_detector": str(job.weights["s3fd-fan"])},
        )
    detect = found.face_detector.detect_from_image

    def given(image: np.ndarray) -> list[np.ndarray]:
        detect(image)
        return [FACE]

    found.face_detector.detect_from_image = given

    def measure(x: np.ndarray, y: np.ndarray) -> float:
        sides = [found.get_landmarks(frame)[-1][points] for frame in (x, y)]
        a, b = (side - side.mean(0) for side in sides)
        return float(np.linalg.norm(a - b, axis=1).mean())

    return mean_of(job, measure)


def lmd_mouth(job: Job) -> dict[str, float]:
    """LMDMeter of TalkingGaussian and ER-NeRF over face-alignment, region "mouth"."""
    return {"lmd/fan68": _lmd(job, slice(48, 68))}


def lmd_face(job: Job) -> dict[str, float]:
    """The same with region "face": a meter of its own, with its own detection."""
    return {"lmd_face/fan68": _lmd(job, slice(0, 68))}


def _evaluate(job: Job, crops: Iterator[np.ndarray], name: str) -> tuple[float, float]:
    import oracles_syncnet

    module = oracles_syncnet._syncnet_module("SyncNetInstance")
    net = oracles_syncnet._syncnet_module("SyncNetModel").S()
    net.load_state_dict(torch.load(job.weights["syncnet"], weights_only=True))
    folder = job.folder / name
    folder.mkdir()
    for index, crop in enumerate(crops):
        # Lossless under the name that it looks for; it reads by content.
        coded = cv2.imencode(".png", crop[..., ::-1])[1]
        (folder / f"{index:06d}.jpg").write_bytes(coded.tobytes())
    (folder / "audio.wav").write_bytes(job.sound.read_bytes())
    options = argparse.Namespace(tmp_dir=str(folder), batch_size=20, vshift=15)
    with torch.no_grad(), contextlib.redirect_stdout(io.StringIO()):
        instance = module.SyncNetInstance(net.eval(), device="cpu")
        _, confidence, distance = instance.evaluate(options)
    return confidence, distance


def syncnet_tracked(job: Job) -> dict[str, float]:
    """syncnet-python's S3FD, crop and `evaluate`, without its lossy files (no ffmpeg here)."""
    import oracles_s3fd

    package = oracles_s3fd.syncnet_detector()
    net = package.S3FDNet("cpu")
    net.load_state_dict(torch.load(job.weights["s3fd-sync"], weights_only=True))
    detector = package.S3FD(net.eval(), device="cpu")

    def crops() -> Iterator[np.ndarray]:
        x1, y1, x2, y2 = FACE[:4]
        half, x, y = max(x2 - x1, y2 - y1) / 2, (x1 + x2) / 2, (y1 + y2) / 2
        pad = int(half * 1.8)
        for frame in list(frames(job.prediction)):
            detector.detect_faces(frame, conf_th=0.9, scales=[0.25])
            edge = cv2.copyMakeBorder(frame, *[pad] * 4, cv2.BORDER_CONSTANT, value=[110] * 3)
            rows = slice(int(y + pad - half), int(y + pad + half * 1.8))
            columns = slice(int(x + pad - half * 1.4), int(x + pad + half * 1.4))
            yield cv2.resize(edge[rows, columns], (224, 224))

    confidence, distance = _evaluate(job, crops(), "syncnet-direct")
    return {"sync_c/direct": confidence, "sync_d/direct": distance}


def syncnet_whole(job: Job) -> dict[str, float]:
    """Wav2Lip's calculate_scores_LRS.py: whole frames, no detection.

    Its frames come from ffmpeg's JPEG files; libav writes the same here, where no ffmpeg is.
    """
    from harness.media.lossy import JpegSeries, to_yuv

    jpeg = JpegSeries()
    crops = (cv2.resize(jpeg(to_yuv(frame)), (224, 224)) for frame in frames(job.prediction))
    confidence, distance = _evaluate(job, crops, "syncnet-lrs")
    return {"sync_c/wav2lip-lrs": confidence, "sync_d/wav2lip-lrs": distance}


#: In the order in which they run. Our metric of the same columns stands beside each.
TOOLS: Mapping[str, tuple[str, Tool]] = {
    "scikit-image PSNR": ("psnr", skimage_psnr),
    "torchmetrics PSNR": ("psnr", torchmetrics_psnr),
    "scikit-image SSIM": ("ssim", skimage_ssim),
    "torchmetrics SSIM": ("ssim", torchmetrics_ssim),
    "pytorch-msssim SSIM": ("ssim", msssim_ssim),
    "3DGS SSIM": ("ssim", splatting_ssim),
    "torchmetrics MS-SSIM": ("ms_ssim", torchmetrics_ms_ssim),
    "pytorch-msssim MS-SSIM": ("ms_ssim", msssim_ms_ssim),
    "lpips alex": ("lpips/alex", lpips_alex),
    "lpips vgg": ("lpips/vgg", lpips_vgg),
    "lpips vgg, 3DGS input": ("lpips/vgg-3dgs", lpips_vgg_3dgs),
    "TecoGAN tOF": ("tof", tecogan_tof),
    "TecoGAN tLP": ("tlp/alex", tecogan_tlp),
    "pytorch-fid": ("fid", pytorch_fid),
    "LMDMeter mouth": ("lmd/fan68", lmd_mouth),
    "LMDMeter face": ("lmd/fan68", lmd_face),
    "syncnet-python": ("sync/direct", syncnet_tracked),
    "Wav2Lip LRS": ("sync/wav2lip-lrs", syncnet_whole),
}
