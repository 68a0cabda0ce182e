"""pytorch-fid and torch-fidelity on the features of `golden`."""

from __future__ import annotations

import golden
import numpy as np


def values() -> dict[str, float]:
    """The distance by pytorch-fid and by torch-fidelity."""
    from pytorch_fid.fid_score import calculate_frechet_distance
    from torch_fidelity.metric_fid import fid_statistics_to_metric

    stats = [{"mu": v.mean(0), "sigma": np.cov(v, rowvar=False)} for v in golden.feature_pair()]
    (a, b) = stats
    fidelity = fid_statistics_to_metric(a, b, verbose=False)
    few = [v for sample in golden.feature_pair(n=90) for v in (sample.mean(0), np.cov(sample.T))]
    return {
        "frechet_pytorch_fid": float(
            calculate_frechet_distance(a["mu"], a["sigma"], b["mu"], b["sigma"])
        ),
        "frechet_few_pytorch_fid": float(calculate_frechet_distance(*few)),
        "frechet_torch_fidelity": float(fidelity["frechet_inception_distance"]),
    }
