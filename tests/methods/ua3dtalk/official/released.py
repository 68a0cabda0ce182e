"""The layout of the released fields: shapes of their parameters, and what they compute.

Written from the facts in `methods/ua3dtalk/official/layout.py` and the paper, with an explicit
inverse for every covariance, as an oracle of the importer.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F

from methods.ua3dtalk.field.config import FieldConfig

WIDTHS = (29, 32, 32, 64, 64)
VIEWS = ("audio", "content", "style", "emotion")


def shapes(config: FieldConfig, *, face: bool) -> dict[str, tuple[int, ...]]:
    """Name -> shape of every parameter of a released field, but for `aabb`."""
    found: dict[str, tuple[int, ...]] = {}
    position, hidden = config.position_features, config.hidden

    def layer(name, outputs, *inputs, bias=True):
        found[f"{name}.weight"] = (outputs, *inputs)
        if bias:
            found[f"{name}.bias"] = (outputs,)

    def planes(name, base, multipliers, channels):
        for s, multiplier in enumerate(multipliers):
            for p in range(3):
                side = base * multiplier
                found[f"{name}.grids.{s}.{p}"] = (1, channels, side, side)

    for k in range(4):
        layer(f"audio_net.encoder_conv.{2 * k}", WIDTHS[k + 1], WIDTHS[k], 3)
    layer("audio_net.encoder_fc1.0", 64, 64)
    layer("audio_net.encoder_fc1.2", 32, 64)
    for k, (inputs, outputs) in enumerate(((32, 16), (16, 8), (8, 4), (4, 2), (2, 1))):
        layer(f"audio_att_net.attentionConvNet.{2 * k}", outputs, inputs, 3)
    layer("audio_att_net.attentionNet.0", 8, 8)
    planes("xyz_encoder", config.base_resolution, config.multipliers, config.plane_features)
    layer("aud_ch_att_net.net.0", 32, position, bias=False)
    layer("aud_ch_att_net.net.1", 32, 32, bias=False)
    sizes = {"audio": 32 + position, "content": 64 + position, "style": 64 + position}
    if face:
        layer("exp_encode_net.net.0", 16, 5, bias=False)
        layer("exp_encode_net.net.1", 5, 16, bias=False)
        layer("eye_att_net.net.0", 16, position, bias=False)
        layer("eye_att_net.net.1", 6, 16, bias=False)
        channels = config.emotion_features
        layer("emotion_encoder.emotion_fc1", channels, 128)
        multipliers = config.emotion_multipliers
        planes("emotion_encoder.xyz_encoder", config.emotion_base_resolution, multipliers, channels)
        for s, multiplier in enumerate(multipliers):
            found[f"emotion_encoder.codebook.{s}"] = (channels * multiplier, channels)
        sizes["audio"] += 6
        sizes["emotion"] = channels * len(multipliers)
    for view, inputs in sizes.items():
        for t in range(config.ensemble_size):
            layer(f"fuse_net.{view}_net.{t}.fc1", hidden, inputs)
            layer(f"fuse_net.{view}_net.{t}.fc_mu", config.latent, hidden)
            layer(f"fuse_net.{view}_net.{t}.fc_var", config.latent, hidden)
    layer("fuse_net.fc", hidden, config.latent + position)
    for head, outputs in (("xyz", 3), ("rotation", 4), ("scale", 3))[: 3 if face else 1]:
        layer(f"{head}_decoder.1", hidden, hidden)
        layer(f"{head}_decoder.3", outputs, hidden)
    return found


def boxes(config: FieldConfig, *, face: bool, dtype=torch.float64) -> dict[str, torch.Tensor]:
    """The reversed `aabb` of each tri-plane."""
    names = ("xyz_encoder", "emotion_encoder.xyz_encoder")[: 2 if face else 1]
    corner = torch.full((3,), config.bound, dtype=dtype)
    return {f"{name}.aabb": torch.stack([corner, -corner]) for name in names}


def forward(state, config: FieldConfig, means, conditions, *, face: bool):
    """Offsets of every Gaussian at stage 2, by name, with one inverse per covariance."""

    def linear(name, x):
        return F.linear(x, state[f"{name}.weight"], state.get(f"{name}.bias"))

    def two(name, x, first, second):
        return linear(f"{name}.{second}", linear(f"{name}.{first}", x).relu())

    def encoded(name, scales):
        columns = []
        for s in range(len(scales)):
            product = 1.0
            for p, axes in enumerate(((0, 1), (0, 2), (1, 2))):
                places = -means[:, axes] / config.bound
                sampled = F.grid_sample(
                    state[f"{name}.grids.{s}.{p}"],
                    places[None, None],
                    padding_mode="border",
                    align_corners=True,
                )
                product = product * sampled[0, :, 0].T
            columns.append(product)
        return torch.cat(columns, 1)

    code = conditions.audio
    for k in range(4):
        name = f"audio_net.encoder_conv.{2 * k}"
        code = F.conv1d(code, state[f"{name}.weight"], state[f"{name}.bias"], 2, 1)
        code = F.leaky_relu(code, 0.02)
    code = F.leaky_relu(linear("audio_net.encoder_fc1.0", code[:, :, 0]), 0.02)
    code = linear("audio_net.encoder_fc1.2", code)
    scores = code.T[None]
    for k in range(5):
        name = f"audio_att_net.attentionConvNet.{2 * k}"
        scores = F.conv1d(scores, state[f"{name}.weight"], state[f"{name}.bias"], 1, 1)
        scores = F.leaky_relu(scores, 0.02)
    weights = linear("audio_att_net.attentionNet.0", scores[0]).softmax(1)
    audio = (weights @ code).expand(len(means), -1)

    position = encoded("xyz_encoder", config.multipliers)
    if face:
        gate = two("aud_ch_att_net.net", position, 0, 1)
        au_gate = two("eye_att_net.net", position, 0, 1).relu()
        units = torch.cat([two("exp_encode_net.net", conditions.au[:5], 0, 1), conditions.au[5:]])
        audio = torch.cat([audio * gate, units * au_gate], 1)
    views = {
        "audio": torch.cat([audio, position], 1),
        "content": torch.cat([conditions.content.expand(len(means), -1), position], 1),
        "style": torch.cat([conditions.style.expand(len(means), -1), position], 1),
    }
    if face:
        query, answers = linear("emotion_encoder.emotion_fc1", conditions.emotion), []
        for s in range(len(config.emotion_multipliers)):
            book = state[f"emotion_encoder.codebook.{s}"]
            answers.append((book @ query / len(query) ** 0.5).softmax(0) @ book)
        own = encoded("emotion_encoder.xyz_encoder", config.emotion_multipliers)
        views["emotion"] = torch.cat(answers) * own

    precision = weighted = 0.0
    for view, x in views.items():
        members, variances = [], []
        for t in range(config.ensemble_size):
            hidden = linear(f"fuse_net.{view}_net.{t}.fc1", x).relu()
            members.append(linear(f"fuse_net.{view}_net.{t}.fc_mu", hidden))
            variances.append(linear(f"fuse_net.{view}_net.{t}.fc_var", hidden).exp())
        stacked = torch.stack(members, 1)
        spread = stacked - stacked.mean(1, keepdim=True)
        covariance = spread.mT @ spread / (config.ensemble_size - 1)
        covariance = covariance + torch.diag_embed(torch.stack(variances).mean(0))
        inverse = covariance.inverse()
        precision = precision + inverse
        weighted = weighted + inverse @ stacked.mean(1)[..., None]
    fused = (precision.inverse() @ weighted)[..., 0]
    fused = linear("fuse_net.fc", torch.cat([fused, position], 1)).relu()

    found = {"means": 1e-2 * two("xyz_decoder", fused, 1, 3)}
    if not face:
        found["means"] = found["means"] * means.new_tensor([0.2, 1, 0.2])
        return found
    found["quats"] = two("rotation_decoder", fused, 1, 3)
    found["scales"] = two("scale_decoder", fused, 1, 3)
    found["attention.audio"], found["attention.au"] = gate.norm(dim=1), au_gate.norm(dim=1)
    return found
