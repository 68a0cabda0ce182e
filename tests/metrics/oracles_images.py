"""scikit-image, pytorch-msssim, torchmetrics and lpips on the pictures of `golden`."""

from __future__ import annotations

import golden
import torch


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


def values() -> dict[str, float]:
    """Golden values by name."""
    return images() | {f"lpips_{net}": lpips(net) for net in ("alex", "vgg")}
