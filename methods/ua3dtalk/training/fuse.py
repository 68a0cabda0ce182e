"""The fuse stage: both branches over the plate, with their motion fixed."""

from __future__ import annotations

from typing import Any, ClassVar

from methods.ua3dtalk.scene.cloud import compose
from methods.ua3dtalk.scene.optimizers import FUSE_RATES
from methods.ua3dtalk.training.branch import Branch
from methods.ua3dtalk.training.loop import STAGES, Draws
from methods.ua3dtalk.training.losses import photometric, psnr
from methods.ua3dtalk.training.perceptual import random_patch
from methods.ua3dtalk.training.sampling import FrameOrder
from methods.ua3dtalk.training.schedule import schedule_of

PATCH_PERCEPTUAL_WEIGHT = 0.5
PATCH_SIZES = (64, 96)


class FuseStage:
    """Trains the face's opacity and both clouds' colours on the composed image.

    Positions do not change here, so the fields are baked once and cost little.
    """

    name: ClassVar[str] = "fuse"

    def __init__(self, face: Branch, mouth: Branch, seed: int) -> None:
        self.face, self.mouth = face.cloud, mouth.cloud
        self.data, self.config, self.perceptual = face.data, face.config, face.perceptual
        self.schedule = schedule_of(self.name, self.config.fuse_iterations)
        self.iterations = self.schedule.iterations
        self.draws = Draws(seed, self.name)
        self.order = FrameOrder(self.data.shown, seed * len(STAGES) + STAGES.index(self.name))
        self._face_field = face.field.bake(self.face.means.detach())
        self._mouth_field = mouth.field.bake(self.mouth.means.detach())
        rates = {name: rate * self.config.colour_rate for name, rate in FUSE_RATES.items()}
        self.face.train_only(rates)
        self.mouth.train_only({name: rates[name] for name in ("sh0", "shN")})

    def step(self, i: int) -> dict[str, Any]:
        """Do iteration i: one frame, one gradient step."""
        self.draws.at(i)
        crops = self.data.head_crops
        crop = self.data.crop(self.order.regular(i), crops)
        conditions = self.data.conditions(crop.frame)
        degree = self.config.sh_degree
        face = self.face.splat(crop, self._face_field(conditions), sh_degree=degree)
        mouth = self.mouth.splat(crop, self._mouth_field(conditions), sh_degree=degree)
        rgb, alpha = compose(face[0][0], face[1][0], mouth[0][0], mouth[1][0])
        plate = self.data.plate(crop.frame, crops)
        image = rgb.permute(2, 0, 1) + (1 - alpha[..., 0]) * plate
        loss = photometric(image, crop.image)
        if self.perceptual is not None and self.schedule.uses_perceptual(i):
            patches = random_patch([image, crop.image], PATCH_SIZES, self.draws.generator)
            loss = loss + PATCH_PERCEPTUAL_WEIGHT * self.perceptual(*patches)
        loss.backward()
        self.face.optimize()
        self.mouth.optimize()
        return {
            "loss": loss.detach(),
            "psnr": lambda: psnr(image, crop.image),
            "gaussians": len(self.face) + len(self.mouth),
        }

    def state(self) -> dict[str, Any]:
        """Both clouds with their optimizers."""
        return {"face": self.face.state(), "mouth": self.mouth.state()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` returned."""
        self.face.restore(state["face"])
        self.mouth.restore(state["mouth"])
