"""The fuse stage: both branches over the plate, with their motion fixed."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from methods.ua3dtalk.branch import Branch
from methods.ua3dtalk.compositing import compose
from methods.ua3dtalk.config import TrainConfig
from methods.ua3dtalk.data import TrainingData
from methods.ua3dtalk.loop import STAGES, Draws
from methods.ua3dtalk.losses import photometric, psnr
from methods.ua3dtalk.perceptual import PatchPerceptual, random_patch
from methods.ua3dtalk.sampling import FrameOrder
from methods.ua3dtalk.schedule import FUSE_RATES, Course

PATCH_PERCEPTUAL_WEIGHT = 0.5
PATCH_SIZES = (64, 96)


class FuseStage:
    """Trains the face's opacity and both clouds' colours on the composed picture.

    Positions do not change here, so the fields are baked once and cost little.
    """

    name = "fuse"

    def __init__(
        self,
        face: Branch,
        mouth: Branch,
        data: TrainingData,
        course: Course,
        config: TrainConfig,
        seed: int,
        perceptual: PatchPerceptual | None,
    ) -> None:
        self.face, self.mouth = face.cloud, mouth.cloud
        self.data, self.course, self.config, self.perceptual = data, course, config, perceptual
        self.iterations = course.iterations
        self.draws = Draws(seed, self.name)
        self.order = FrameOrder(data.shown, seed * len(STAGES) + STAGES.index(self.name))
        self._face_field = face.field.bake(self.face.means.detach())
        self._mouth_field = mouth.field.bake(self.mouth.means.detach())
        rates = {name: rate * config.colour_rate for name, rate in FUSE_RATES.items()}
        self.face.train_only(rates)
        self.mouth.train_only({name: rates[name] for name in ("sh0", "shN")})

    def step(self, i: int) -> dict[str, Any]:
        """Do iteration i: one frame, one gradient step."""
        self.draws.at(i)
        windows = self.data.head_windows
        view = self.data.view(self.order.regular(i), windows)
        conditions = self.data.conditions(view.frame)
        degree = self.config.sh_degree
        face = self.face.splat(view, self._face_field(conditions), sh_degree=degree)
        mouth = self.mouth.splat(view, self._mouth_field(conditions), sh_degree=degree)
        rgb, alpha = compose(face[0][0], face[1][0], mouth[0][0], mouth[1][0])
        plate = self.data.plate(view.frame, windows)
        image = rgb.permute(2, 0, 1) + (1 - alpha[..., 0]) * plate
        loss = photometric(image.contiguous(), view.image)
        if self.perceptual is not None and self.course.uses_perceptual(i):
            patches = random_patch([image, view.image], PATCH_SIZES, self.draws.generator)
            loss = loss + PATCH_PERCEPTUAL_WEIGHT * self.perceptual(*patches)
        loss.backward()
        self.face.optimise()
        self.mouth.optimise()
        target: Tensor = view.image
        return {
            "loss": loss.detach(),
            "psnr": lambda: psnr(image, target),
            "gaussians": len(self.face) + len(self.mouth),
        }

    def state(self) -> dict[str, Any]:
        """Both clouds with their optimisers."""
        return {"face": self.face.state(), "mouth": self.mouth.state()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` returned."""
        self.face.restore(state["face"])
        self.mouth.restore(state["mouth"])
