"""TalkingGaussian and its descendants on stand-in checkouts: how tests fit and render them."""

from dataclasses import replace

import numpy as np
import torch

from harness.contracts import FitContext, TrainingSet
from harness.testing import request_of
from methods import catalog
from splits.er_nerf import load, manifest_of

IDS = ("talkinggaussian", "degstalk", "ua3dtalk-official")


SETTINGS = {
    "talkinggaussian": {"spaces": True},
    "degstalk": {"spaces": False, "extra": ["3dmm.pt", "bg"], "mux": True},
    "ua3dtalk-official": {"spaces": True, "priors": True},
}


def adapter(name):
    return type(catalog.build(name)).adapter


def save_priors(folder, folders):
    for file, width in (("{}_auds_exp", 64), ("{}_audiostyle", 64), ("mser_emotion_{}", 128)):
        for part, count in (("train", folders.TRAIN), ("val", folders.COUNT - folders.TRAIN)):
            torch.save(torch.full((count, width), 0.5), folder / f"{file.format(part)}.pth")


def recording(folder):
    manifest = manifest_of(folder)
    return load(manifest, manifest.sequences[0])


def fitted(name, sequence, workdir, **config):
    spec = catalog.spec(name)
    method = catalog.build(name)
    context = FitContext({**spec.presets["paper"], **config}, device="cuda:1")
    method.fit(TrainingSet.of(sequence), workdir, context)
    return reopened(name, workdir)


def reopened(name, workdir):
    method = catalog.build(name)
    method.load(workdir)
    return method


def render(method, sequence, **changes):
    request = replace(request_of(sequence, type(method).adapter.spec), **changes)
    return [np.rint(frame.rgb * 255) for frame in method.render(request)]
