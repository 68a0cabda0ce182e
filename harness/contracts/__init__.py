"""Plain types that every room of the house agrees on.

Ground floor: imports numpy and the standard library, nothing of ours and no torch.
"""

from harness.contracts.errors import (
    BadInput,
    HarnessError,
    MissingSignal,
    Unavailable,
    UnknownName,
)
from harness.contracts.method import (
    NULL_CLOCK,
    Budget,
    Method,
    MethodSpec,
    Progress,
    PublishedResult,
    RenderedFrame,
    RenderRequest,
    StageCache,
    StageClock,
)
from harness.contracts.metric import (
    Clip,
    Column,
    Failure,
    FeatureCache,
    FrameBatch,
    Metric,
    MetricResult,
    MetricSpec,
)
from harness.contracts.result import SCHEMA_VERSION, FailedCell, Results, Row, Score
from harness.contracts.sequence import FrameSource, Sequence, cut
from harness.contracts.signals import (
    AU_RANGE,
    EMOTIONS,
    MASK_BITS,
    SIGNALS,
    ActionUnits,
    AudioFeatures,
    Camera,
    EmotionTrack,
    Expression,
    Masks,
    MeshRegions,
    Priors,
)
from harness.contracts.split import SequenceEntry, SplitManifest

__all__ = [
    "Score",
    "Row",
    "Results",
    "FailedCell",
    "SCHEMA_VERSION",
    "AU_RANGE",
    "EMOTIONS",
    "MASK_BITS",
    "NULL_CLOCK",
    "SIGNALS",
    "ActionUnits",
    "AudioFeatures",
    "BadInput",
    "Budget",
    "Camera",
    "Clip",
    "Column",
    "EmotionTrack",
    "Expression",
    "Failure",
    "FeatureCache",
    "FrameBatch",
    "FrameSource",
    "HarnessError",
    "Masks",
    "MeshRegions",
    "Method",
    "MethodSpec",
    "Metric",
    "MetricResult",
    "MetricSpec",
    "MissingSignal",
    "Priors",
    "Progress",
    "PublishedResult",
    "RenderRequest",
    "RenderedFrame",
    "Sequence",
    "SequenceEntry",
    "SplitManifest",
    "StageCache",
    "StageClock",
    "Unavailable",
    "UnknownName",
    "cut",
]
