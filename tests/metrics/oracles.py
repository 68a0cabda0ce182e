"""The reference packages, asked about the inputs of `golden`. Runs in the reference environment."""

from __future__ import annotations

import argparse
import importlib.util
import sys
import tempfile
from pathlib import Path
from types import ModuleType

import golden
import numpy as np
import torch
from shim import declare_torchvision_operators

# Before any of the packages is imported: all but one of them import torchvision.
declare_torchvision_operators()


def images() -> dict[str, float]:
    """PSNR and SSIM by scikit-image, SSIM by pytorch-msssim and torchmetrics."""
    import pytorch_msssim
    from skimage.metrics import peak_signal_noise_ratio, structural_similarity
    from torchmetrics.functional.image import structural_similarity_index_measure

    prediction, truth = golden.image_pair()
    x, y = (torch.tensor(v).permute(2, 0, 1)[None].double() for v in (prediction, truth))
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    return {
        "psnr_skimage": peak_signal_noise_ratio(truth, prediction, data_range=255),
        "ssim_skimage": structural_similarity(
            truth, prediction, data_range=255, channel_axis=-1, **options
        ),
        "ssim_pytorch_msssim": pytorch_msssim.ssim(x, y, data_range=255).item(),
        "ssim_torchmetrics": structural_similarity_index_measure(
            x / 255, y / 255, data_range=1.0
        ).item(),
    }


def lpips(net: str) -> float:
    """lpips 0.1.4 over a trunk and heads with seeded values."""
    import lpips as reference

    model = reference.LPIPS(net=net, pretrained=False, pnet_rand=True, verbose=False)
    trunk = {
        f"features.{key.split('.', 1)[1]}": value for key, value in model.net.state_dict().items()
    }
    seeded = golden.seeded_state(trunk, 1)
    model.net.load_state_dict(
        {key: seeded[f"features.{key.split('.', 1)[1]}"] for key in model.net.state_dict()}
    )
    for layer, head in zip(model.lins, golden.seeded_heads(tuple(model.chns)), strict=True):
        layer.model[-1].weight.data = torch.from_numpy(head)[None, :, None, None]
    x, y = (torch.tensor(v).permute(2, 0, 1)[None] / 255 for v in golden.image_pair())
    with torch.inference_mode():
        return model(x, y, normalize=True).item()


def frechet() -> dict[str, float]:
    """The distance by pytorch-fid and by torch-fidelity."""
    from pytorch_fid.fid_score import calculate_frechet_distance
    from torch_fidelity.metric_fid import fid_statistics_to_metric

    stats = [{"mu": v.mean(0), "sigma": np.cov(v, rowvar=False)} for v in golden.feature_pair()]
    (a, b) = stats
    fidelity = fid_statistics_to_metric(a, b, verbose=False)
    return {
        "frechet_pytorch_fid": float(
            calculate_frechet_distance(a["mu"], a["sigma"], b["mu"], b["sigma"])
        ),
        "frechet_torch_fidelity": float(fidelity["frechet_inception_distance"]),
    }


def _syncnet_module(name: str) -> ModuleType:
    """One file of syncnet-python, without the package's own imports."""
    package = Path(importlib.util.find_spec("syncnet_python").origin).parent
    spec = importlib.util.spec_from_file_location(name, package / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def syncnet_network() -> torch.nn.Module:
    """The reference network with seeded values."""
    net = _syncnet_module("SyncNetModel").S()
    net.load_state_dict(golden.seeded_state(net.state_dict(), 2))
    return net.eval()


def syncnet() -> dict[str, float]:
    """`evaluate()` of syncnet-python on the clip of `golden`, read from lossless files."""
    from PIL import Image
    from scipy.io import wavfile

    instance = _syncnet_module("SyncNetInstance").SyncNetInstance(syncnet_network(), device="cpu")
    frames, sound = golden.talking_clip()
    with tempfile.TemporaryDirectory() as folder:
        for i, frame in enumerate(frames):
            # Only the name says JPEG: the reader goes by content, and PNG loses nothing.
            Image.fromarray(frame).save(Path(folder, f"{i:06d}.jpg"), format="PNG")
        wavfile.write(Path(folder, "audio.wav"), 16_000, sound)
        options = argparse.Namespace(tmp_dir=folder, batch_size=8, vshift=15)
        with torch.inference_mode():
            offset, confidence, distance = instance.evaluate(options)
    return {
        "syncnet_offset": offset,
        "syncnet_confidence": confidence,
        "syncnet_distance": distance,
    }


def everything() -> dict[str, float]:
    """All golden values by name."""
    found = images() | frechet() | syncnet()
    return found | {f"lpips_{net}": lpips(net) for net in ("alex", "vgg")}
