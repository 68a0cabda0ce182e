"""The fuse stage: both branches over the plate, with their motion fixed."""

from __future__ import annotations

from typing import Any, ClassVar

from methods.ua3dtalk.scene.cloud import compose
from methods.ua3dtalk.scene.optimizers import FUSE_RATES
from methods.ua3dtalk.training.branch import Branch
from methods.ua3dtalk.training.loop import STAGES, Draws
from methods.ua3dtalk.training.losses import photometric, psnr
from methods.ua3dtalk.training.perceptual import patch_side, patches
from methods.ua3dtalk.training.sampling import FrameOrder
from methods.ua3dtalk.training.schedule import schedule_of

PATCH_PERCEPTUAL_WEIGHT = 0.5
PATCH_SIDES = (32, 42)


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
        self.face.train_only({**FUSE_RATES, "opacities": self.config.fuse_opacity_rate})
        self.mouth.train_only(FUSE_RATES)

    def step(self, i: int) -> dict[str, Any]:
        """Do iteration i: one frame, one gradient step."""
        self.draws.at(i)
        frame = self.data.frame(self.order.regular(i))
        conditions = self.data.conditions(frame.index)
        degree = self.config.sh_degree
        face = self.face.splat(frame, self._face_field(conditions), sh_degree=degree)
        mouth = self.mouth.splat(frame, self._mouth_field(conditions), sh_degree=degree)
        rgb, alpha = compose(face[0][0], face[1][0], mouth[0][0], mouth[1][0])
        image = rgb.permute(2, 0, 1) + (1 - alpha[..., 0]) * self.data.plate(frame.index)
        loss = photometric(image, frame.image)
        if self.perceptual is not None and self.schedule.uses_perceptual(i):
            side = patch_side(PATCH_SIDES, self.draws.generator)
            pair = [patches(each, side) for each in (image, frame.image)]
            loss = loss + PATCH_PERCEPTUAL_WEIGHT * self.perceptual(*pair)
        loss.backward()
        self.face.optimize()
        self.mouth.optimize()
        return {
            "loss": loss.detach(),
            "psnr": lambda: psnr(image, frame.image),
            "gaussians": len(self.face) + len(self.mouth),
        }

    def state(self) -> dict[str, Any]:
        """Both clouds with their optimizers."""
        return {"face": self.face.state(), "mouth": self.mouth.state()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` returned."""
        self.face.restore(state["face"])
        self.mouth.restore(state["mouth"])
