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
        "ssim_skimage_default": structural_similarity(
            truth, prediction, data_range=255, channel_axis=-1
        ),
        "ssim_pytorch_msssim": pytorch_msssim.ssim(x, y, data_range=255).item(),
        "ssim_torchmetrics": structural_similarity_index_measure(
            x / 255, y / 255, data_range=1.0
        ).item(),
    }


def multi_scale() -> dict[str, float]:
    """MS-SSIM by pytorch-msssim and torchmetrics, of even and of odd sizes."""
    import pytorch_msssim
    from torchmetrics.functional.image import multiscale_structural_similarity_index_measure

    values = {}
    for size in (192, 177):
        x, y = (torch.tensor(v).permute(2, 0, 1)[None].double() for v in golden.image_pair(size))
        values[f"ms_ssim_pytorch_msssim_{size}"] = pytorch_msssim.ms_ssim(x, y, data_range=255)
        values[f"ms_ssim_torchmetrics_{size}"] = multiscale_structural_similarity_index_measure(
            x / 255, y / 255, data_range=1.0
        )
    return values


def seeded(model, layers) -> None:
    """Give a trunk and its heads seeded values; `layers` are the linear layers."""
    trunk = {
        f"features.{key.split('.', 1)[1]}": value for key, value in model.net.state_dict().items()
    }
    values = golden.seeded_state(trunk, 1)
    model.net.load_state_dict(
        {key: values[f"features.{key.split('.', 1)[1]}"] for key in model.net.state_dict()}
    )
    for layer, head in zip(layers, golden.seeded_heads(tuple(model.chns)), strict=True):
        layer.model[-1].weight.data = torch.from_numpy(head)[None, :, None, None]


def lpips(net: str) -> dict[str, float]:
    """lpips 0.1.4 over a trunk and heads with seeded values: frame, map, and [0,1] as it is."""
    import lpips as reference

    model = reference.LPIPS(net=net, pretrained=False, pnet_rand=True, verbose=False)
    seeded(model, model.lins)
    x, y = (torch.tensor(v).permute(2, 0, 1)[None] / 255 for v in golden.image_pair())
    with torch.inference_mode():
        values = {f"lpips_{net}": model(x, y, normalize=True)}
        values[f"lpips_{net}_unnormalised"] = model(x, y)
        model.spatial = True
        place = model(x, y, normalize=True)[0, 0]
    values[f"lpips_{net}_spatial"] = place.mean()
    values[f"lpips_{net}_region"] = place[torch.from_numpy(golden.region())].mean()
    return values


def lpips_of_torchmetrics() -> float:
    """torchmetrics' VGG16 with the same values, frames in [0,1] and normalize=False."""
    from torchmetrics.functional.image.lpips import _LPIPS

    model = _LPIPS(net="vgg", pretrained=False, pnet_rand=True)
    seeded(model, model.lins)
    x, y = (torch.tensor(v).permute(2, 0, 1)[None] / 255 for v in golden.image_pair())
    with torch.inference_mode():
        return model(x, y, normalize=False)


def values() -> dict[str, float]:
    """Golden values by name."""
    return (
        images()
        | multi_scale()
        | lpips("alex")
        | lpips("vgg")
        | {"lpips_vgg_3dgs_torchmetrics": lpips_of_torchmetrics()}
    )
