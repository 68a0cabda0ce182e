"""Rendering of a fitted subject: everything that no frame changes is computed at load."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from harness.contracts import BadInput, RenderedFrame, RenderRequest, StageClock
from harness.files.documents import read_object
from harness.files.tensors import read_tensors
from methods.ua3dtalk.checkpoint import CURE, FORMAT
from methods.ua3dtalk.config import Settings
from methods.ua3dtalk.data.face import NAME
from methods.ua3dtalk.data.features import FrameFeatures, au_matrix
from methods.ua3dtalk.data.frames import Viewpoint
from methods.ua3dtalk.data.scaling import PriorScaling
from methods.ua3dtalk.data.transform import SceneTransform
from methods.ua3dtalk.field.deformation import FaceField, MouthField
from methods.ua3dtalk.priors.model import PriorModel
from methods.ua3dtalk.scene.cloud import Cloud, compose
from methods.ua3dtalk.spans import Spans


class Renderer:
    """A fitted subject on a device.

    Args:
        workdir: what a fit left.
        device: a torch device.

    Raises:
        BadInput: a file is missing or damaged, or of another version.

    """

    def __init__(self, workdir: Path, device: str) -> None:
        stored = read_object(workdir / "model.json", CURE, finite=False)
        if stored.get("format") != FORMAT:
            raise BadInput(
                workdir / "model.json",
                f"its format version is {stored.get('format')}, not {FORMAT}",
                CURE,
            )
        tensors = read_tensors(workdir / "model.pt", CURE, device)
        self.settings, self.device = Settings.of(stored["options"]), device
        self.transform = SceneTransform(**stored["scene"])
        rest = stored["au_at_rest"]
        self.rest = None if rest is None else np.asarray(rest, np.float32)
        self.blink_scale = float(stored["blink_scale"])
        #: Least and greatest audio feature of the training set; others are clipped to it.
        self.audio_range = tuple(stored["audio_range"])
        self.priors = PriorModel.load(workdir / "priors", device)
        self.scaling = PriorScaling.restore(tensors["scaling"]) if tensors["scaling"] else None
        self.face, self.mouth = Cloud.of(tensors["face"]), Cloud.of(tensors["mouth"])
        fields = (FaceField(self.settings.field), MouthField(self.settings.field))
        for field, name in zip(fields, ("face_field", "mouth_field"), strict=True):
            try:
                field.load_state_dict(tensors[name])
            except (KeyError, RuntimeError) as error:
                raise BadInput(
                    workdir / "model.pt", f"its tensors do not match the model ({error})", CURE
                ) from error
            field.to(device).requires_grad_(False).eval()
        self.face_field = fields[0].bake(self.face.means)
        self.mouth_field = fields[1].bake(self.mouth.means)

    def features(self, request: RenderRequest) -> FrameFeatures:
        """What the fields are conditioned on at every frame of a request.

        Raises:
            BadInput: a control has another length than the request.

        """
        given = request.controls
        count = request.count
        windows = self.priors.windows(
            request.audio, request.fps, count, given.get("audio_features")
        )
        priors = self.priors.infer(request.audio, request.fps, count, given.get("priors"))
        if self.scaling is not None:
            priors = self.scaling.apply(priors)
        au = None
        if self.rest is not None:
            au = np.broadcast_to(self.rest, (count, len(self.rest)))
            if given.get("au") is not None:
                au = au_matrix(given["au"], self.blink_scale)
                if len(au) != count:
                    raise BadInput(
                        "the control au",
                        f"it has {len(au)} frames, but the request has {count}",
                        "Cut it to the same length.",
                    )
            au = np.ascontiguousarray(au)
        return FrameFeatures(
            np.clip(windows, *self.audio_range), priors, au, Spans([count]), self.blink_scale
        )

    @torch.no_grad()
    def frame(
        self, features: FrameFeatures, viewpoint: Viewpoint, t: int, clock: StageClock
    ) -> RenderedFrame:
        """Render frame t."""
        with clock.stage("deform"):
            conditions = features.conditions(t, self.device)
            face_offsets = self.face_field(conditions)
            mouth_offsets = self.mouth_field(conditions)
        with clock.stage("splat"):
            degree = self.settings.train.sh_degree
            face, face_alpha, _ = self.face.splat(viewpoint, face_offsets, degree)
            mouth, mouth_alpha, _ = self.mouth.splat(viewpoint, mouth_offsets, degree)
            rgb, alpha = compose(face[0], face_alpha[0], mouth[0], mouth_alpha[0])
        with clock.stage("copy"):
            return RenderedFrame(
                rgb=rgb.clamp(0, 1).cpu().numpy(), alpha=alpha[..., 0].clamp(0, 1).cpu().numpy()
            )

    def frames(self, request: RenderRequest, clock: StageClock) -> Iterator[RenderedFrame]:
        """Render a request; see `UA3DTalk.render`."""
        if request.camera is None:
            raise BadInput(NAME, "the request has no camera", "Give one camera per frame.")
        if len(request.camera.K) != request.count:
            raise BadInput(
                NAME,
                f"{len(request.camera.K)} cameras for {request.count} frames",
                "Give one camera per frame.",
            )
        with clock.stage("audio"):
            features = self.features(request)
        for t, viewpoint in enumerate(self.viewpoints(request)):
            yield self.frame(features, viewpoint, t, clock)

    def viewpoints(self, request: RenderRequest) -> Iterator[Viewpoint]:
        """The camera of every frame, in the units of the scene."""
        assert request.camera is not None, "`frames` has looked"
        viewmats = self.transform.viewmats(request.camera.world_to_camera)
        for t in range(request.count):
            yield Viewpoint(
                viewmat=torch.from_numpy(viewmats[t : t + 1]).to(self.device),
                K=torch.from_numpy(np.array(request.camera.K[t : t + 1], np.float32)).to(
                    self.device
                ),
                width=request.width,
                height=request.height,
            )
