"""Emotion by hsemotion: class against the label, class and valence-arousal against the truth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from harness.contracts import (
    PER_SEQUENCE,
    POOLED,
    BadInput,
    Column,
    Failure,
    MetricResult,
    MetricSpec,
)
from harness.contracts.metric import MEAN_OF_ITEMS
from harness.contracts.signals import EMOTIONS
from metrics.common.faces import EXTRACTORS
from metrics.common.hsemotion import CLASSES, CROP_TRAPS, PACKAGES, REFERENCE, EmotionFaces
from metrics.common.numerics import ccc, mean_of_scored, mean_result, rmse, same_sign
from metrics.common.pairs import SIDES

#: MEAD's emotion -> the network's class: one to one.
MEAD_TO_AFFECTNET: Mapping[str, str] = {
    "neutral": "Neutral",
    "angry": "Anger",
    "contempt": "Contempt",
    "disgusted": "Disgust",
    "fear": "Fear",
    "happy": "Happiness",
    "sad": "Sadness",
    "surprised": "Surprise",
}
#: The network's class of each label of an `EmotionTrack`.
CLASS_OF_LABEL = np.array([CLASSES.index(MEAD_TO_AFFECTNET[name]) for name in EMOTIONS])


def _spec(
    variant: str,
    title: str,
    entry: str,
    columns: tuple[Column, ...],
    traps: tuple[str, ...],
    weights_id: str = "hsemotion-vgaf",
    **more: Any,
) -> MetricSpec:
    return MetricSpec(
        id=variant,
        title=title,
        entry=f"metrics.emotion:{entry}",
        columns=columns,
        traps=(*traps, *CROP_TRAPS),
        weights=(weights_id, *EXTRACTORS["mp"]),
        packages=PACKAGES,
        domain="photo",
        options={"extractor": "mp", "weights": weights_id},
        **more,
    )


def _rate(name: str, summary: str, aggregation: str = MEAN_OF_ITEMS) -> Column:
    return Column(name, "up", "", (0.0, 1.0), summary, aggregation)


def _va_columns() -> tuple[Column, ...]:
    kinds = (
        ("ccc", "up", (-1.0, 1.0), "concordance with the truth"),
        ("rmse", "down", (0.0, None), "root mean squared difference from the truth"),
        ("sagr", "up", (0.0, 1.0), "fraction of frames with the truth's sign"),
    )
    return tuple(
        Column(f"{axis}_{kind}/hsemotion", direction, "", bounds, f"{axis}: {summary}", POOLED)
        for kind, direction, bounds, summary in kinds
        for axis in ("valence", "arousal")
    )


SPECS = (
    _spec(
        "emotion/hsemotion",
        "Emotion accuracy (hsemotion)",
        "EmotionAccuracy",
        (
            _rate("emotion_acc/hsemotion", "fraction of frames classified as the label"),
            _rate(
                "emotion_vote/hsemotion",
                "fraction of sequences whose majority vote is the label",
                PER_SEQUENCE,
            ),
        ),
        reference=f"{REFERENCE}, enet_b0_8_best_vgaf",
        formula="emotion_acc: mean_t [argmax logits(p_t) = class(label_t)]; emotion_vote: "
        "[most frequent argmax of the sequence = class(label)]",
        traps=(
            "Acc_emo of EAT and EDTalk uses Emotion-FAN on whole sequences, others use EmoNet: "
            "none is comparable with hsemotion, which classifies single frames.",
            "Papers that score sequences vote or average over frames (emotion_vote); frame "
            "accuracy (emotion_acc) is a different number on the same video. Ties go to the class "
            "that comes first in the network's output.",
            "Acted emotion is not always recognised in real videos either: compare with the "
            "accuracy on the ground-truth frames, given in the details.",
            "A frame without a face counts as a failure, not as a wrong answer.",
        ),
        signals=("emotion",),
    ),
    _spec(
        "emotion_match/hsemotion",
        "Emotion agreement with the truth (hsemotion)",
        "EmotionMatch",
        (_rate("emotion_match/hsemotion", "fraction of frames classified like the true frame"),),
        reference=f"{REFERENCE}, enet_b0_8_best_vgaf",
        formula="mean_t [argmax logits(p_t) = argmax logits(g_t)]",
        traps=(
            "No label is used: this measures fidelity to the ground-truth frames, not accuracy, "
            "and frames between two classes flip with small differences.",
        ),
    ),
    _spec(
        "emotion/hsemotion-va",
        "Valence and arousal (hsemotion)",
        "ValenceArousal",
        _va_columns(),
        reference=f"{REFERENCE}, enet_b0_8_va_mtl; EmoNet's CCC, RMSE and SAGR",
        formula="CCC = 2 rho sx sy / (sx^2 + sy^2 + (mx - my)^2), population std; RMSE = "
        "sqrt(mean_t (p_t - g_t)^2); SAGR = mean_t [sign p_t = sign g_t]",
        traps=(
            "V-RMSE, A-RMSE, V-SA and A-SA of EmoTalkingGaussian are RMSE and SAGR of another "
            "valence-arousal network.",
            "CCC with sample standard deviations, as in torchmetrics, is higher for small T.",
            "CCC is undefined where a series is constant; a still face does not score 0.",
            "Tables pool the frames of all sequences before computing CCC, as EmoNet does over a "
            "dataset: differences between sequences count, so it is not the mean over sequences.",
        ),
        weights_id="hsemotion-va",
    ),
)


class EmotionAccuracy(EmotionFaces):
    """The class of the prediction's frames against the sequence's emotion label."""

    def score(self, prediction: np.ndarray, truth: np.ndarray, frames: np.ndarray) -> MetricResult:
        """Accuracy of features [n,1280] on both sides; the value is the prediction's."""
        labels = np.asarray(self._clip.signals["emotion"].labels)
        if len(labels) != self._clip.count:
            raise BadInput(
                f"sequence {self._clip.id}",
                f"it has {len(labels)} emotion labels for {self._clip.count} frames",
                "Give one label per frame.",
            )
        known = (labels >= 0) & (labels < len(EMOTIONS))
        wanted = np.where(known, CLASS_OF_LABEL[np.where(known, labels, 0)], -1)[frames]
        seen, real = self.classes(prediction), self.classes(truth)
        right = np.where(wanted >= 0, seen == wanted, np.nan)
        failures = [
            Failure("no_label", f"label {labels[t]} is not one of MEAD's eight emotions", int(t))
            for t in frames[wanted < 0]
        ]
        voted = int(np.bincount(seen, minlength=len(CLASSES)).argmax())
        labelled = np.unique(wanted[wanted >= 0])
        if len(labelled) > 1:
            names = ", ".join(CLASSES[i] for i in labelled)
            failures.append(
                Failure("mixed_labels", f"several labels in one sequence, so no vote: {names}")
            )
        accuracy = mean_of_scored(np.where(wanted >= 0, real == wanted, np.nan))
        vote = float(voted == labelled[0]) if len(labelled) == 1 else None
        counts = np.bincount(seen, minlength=len(CLASSES)).tolist()
        return MetricResult(
            {
                "emotion_acc/hsemotion": mean_of_scored(right),
                "emotion_vote/hsemotion": vote,
            },
            int((wanted >= 0).sum()),
            items={"emotion_acc/hsemotion": right},
            failures=failures,
            details=self.describe()
            | {
                "labels": [CLASSES[i] for i in labelled],
                "voted": CLASSES[voted],
                "frames_by_class": dict(zip(CLASSES, counts, strict=True)),
                "accuracy_of_truth": accuracy,
                "mapping": dict(MEAD_TO_AFFECTNET),
            },
        )


class EmotionMatch(EmotionFaces):
    """The class of the prediction's frames against that of the true frames."""

    def score(self, prediction: np.ndarray, truth: np.ndarray, frames: np.ndarray) -> MetricResult:
        """Agreement of features [n,1280]."""
        same = (self.classes(prediction) == self.classes(truth)).astype(np.float64)
        return mean_result({self.spec.id: same}, details=self.describe())


class ValenceArousal(EmotionFaces):
    """Valence and arousal of the prediction's frames against those of the true frames."""

    pooling = "global: all frames of all sequences"

    def score(self, prediction: np.ndarray, truth: np.ndarray, frames: np.ndarray) -> MetricResult:
        """Agreement of features [n,1280]."""
        sides = {
            side: self._net.classify(features)[:, len(CLASSES) :].astype(np.float64)
            for side, features in zip(SIDES, (prediction, truth), strict=True)
        }
        values = agreements(sides["prediction"], sides["truth"])
        failures = [
            Failure("constant", f"{name} is undefined: a series is constant")
            for name, value in values.items()
            if value is None
        ]
        items = {
            f"{axis}_sagr/hsemotion": same_sign(sides["prediction"][:, i], sides["truth"][:, i])
            for i, axis in enumerate(("valence", "arousal"))
        }
        details = self.describe() | {"std": "population"}
        return MetricResult(values, len(frames), items, failures, details=details, features=sides)

    def pool(self, results: list[MetricResult]) -> dict[str, float | None]:
        """Agreement over the frames of all sequences at once."""
        kept = [r.features for r in results if "truth" in r.features]
        if not kept:
            return dict.fromkeys(column.name for column in self.spec.columns)
        prediction, truth = (np.concatenate([f[side] for f in kept]) for side in SIDES)
        return agreements(prediction, truth)


def agreements(prediction: np.ndarray, truth: np.ndarray) -> dict[str, float | None]:
    """CCC, RMSE and SAGR of valence and arousal, float64 [n,2] each; None for no CCC."""
    values: dict[str, float | None] = {}
    for i, axis in enumerate(("valence", "arousal")):
        x, y = prediction[:, i], truth[:, i]
        concordance = ccc(x, y)
        values[f"{axis}_ccc/hsemotion"] = None if np.isnan(concordance) else concordance
        values[f"{axis}_rmse/hsemotion"] = rmse(x, y)
        values[f"{axis}_sagr/hsemotion"] = float(same_sign(x, y).mean())
    return values
