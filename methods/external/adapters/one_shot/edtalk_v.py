"""EDTalk-V (ECCV 2024): lips, pose and expression driven by the true video.

The paper's EDTalk-V copies the motion of the video that it is scored against, so it is an oracle
here: it may see the test frames, it is marked as such in every table, and it shows what EDTalk's
decoder can do with perfect motion. The source frame is still of the training part. It drops the
last 20 frames of an expression video longer than that, so its last frame is repeated 20 times.
"""

from __future__ import annotations

from dataclasses import replace

from harness.contracts import BadInput, RenderRequest
from methods.external.adapters.one_shot.edtalk import DROPPED, STRETCH, WEIGHTS, EDTalk
from methods.external.one_shot import one_shot_spec
from methods.external.run.checkout import Asset, CheckoutJob, Step
from methods.external.source_frame import VIDEO_CRF

SPEC = one_shot_spec(
    id="edtalk-v",
    title="EDTalk-V (authors' code, driven by the ground-truth video)",
    paper="EDTalk (ECCV 2024, arXiv 2404.01647)",
    licence="Apache-2.0",
    entry="methods.external.adapters.one_shot.edtalk_v:EDTalkV",
    role="oracle",
    presets={"paper": {}},
    published_note=f"driven by the ground-truth video; {STRETCH}",
)


class EDTalkV(EDTalk):
    """Runs `demo_EDTalk_V.py` on the true test video."""

    adapter = replace(
        EDTalk.adapter,
        spec=SPEC,
        scripts=("demo_EDTalk_V.py",),
        assets=(Asset("ckpts/EDTalk.pt", WEIGHTS),),
        starts=("demo_EDTalk_V.py",),
    )

    def rendering(self, job: CheckoutJob, request: RenderRequest) -> list[Step]:
        """The true frames as lip, pose and expression video.

        Raises:
            BadInput: the request has no ground truth.

        """
        if request.truth is None:
            fact = "the request has no ground truth, which drives this method"
            raise BadInput(self.adapter.spec.id, fact, "Set the `truth` of the request.")
        from harness.media.mp4 import write_mp4

        square, frames = self.source(job).square, request.truth.frames
        truth, longer = job.scratch / "truth.mp4", job.scratch / "expression.mp4"
        for path, extra in ((truth, 0), (longer, DROPPED)):
            indices = [*range(len(frames)), *[len(frames) - 1] * extra]
            cut = (square.cut(frames[index], 256) for index in indices)
            write_mp4(path, cut, request.fps, crf=VIDEO_CRF)
        driving = ("--lip_driving_path", str(truth), "--exp_driving_path", str(longer))
        return [Step("render", ("demo_EDTalk_V.py", *self.inputs(job, request, truth), *driving))]
