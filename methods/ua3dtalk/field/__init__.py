"""UA-3DTalk's deformation field: conditions of a frame to offsets of every Gaussian."""

from methods.ua3dtalk.field.conditions import AU_NAMES, Conditions, Offsets
from methods.ua3dtalk.field.config import FieldConfig
from methods.ua3dtalk.field.face import BakedFaceField, FaceField
from methods.ua3dtalk.field.mouth import BakedMouthField, MouthField

__all__ = [
    "AU_NAMES",
    "BakedFaceField",
    "BakedMouthField",
    "Conditions",
    "FaceField",
    "FieldConfig",
    "MouthField",
    "Offsets",
]
