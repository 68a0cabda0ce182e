"""UA-3DTalk by its authors (ICASSP 2026): https://github.com/Mrask999/UA-3DTalk.

Not our own `ua3dtalk`, which is written from the paper. TalkingGaussian's traps, and its own: it
needs six feature files that none of its code makes; it unpickles them, so they are read here as
plain tensors only and rewritten; one row of `mser_emotion_*` must be [1,128] (it asserts this), not
[128]; without `-s` and `-m` it uses paths of its authors' machine.
"""

from __future__ import annotations

from dataclasses import replace

from harness.contracts import Sequence
from harness.files.documents import read_object
from methods.external.adapters.per_subject import talkinggaussian
from methods.external.run.checkout import CheckoutJob, Inputs, own_test_spec

CURE = (
    "Its authors extract them with the checkpoints of NeRF-3DTalker (auds_exp, audiostyle) and "
    "CA-MSER (mser_emotion); no script for this is published."
)
#: Name in our reader -> file, and the shape of one row.
FEATURES = {
    "content": ("{part}_auds_exp.pth", (1, 64)),
    "style": ("{part}_audiostyle.pth", (1, 64)),
    "emotion": ("mser_emotion_{part}.pth", (1, 128)),
}
FILES = tuple(file.format(part=p) for file, _ in FEATURES.values() for p in ("train", "val"))

SPEC = own_test_spec(
    id="ua3dtalk-official",
    title="UA-3DTalk (authors' code)",
    paper="UA-3DTalk (ICASSP 2026, arXiv 2601.19112), the authors' repository",
    licence="none stated; its submodules are Inria's, non-commercial",
    entry="methods.external.adapters.per_subject.ua3dtalk_official:UA3DTalkOfficial",
    signals=(*talkinggaussian.SPEC.signals, "priors"),
    presets=talkinggaussian.PRESETS,
)


class UA3DTalkOfficial(talkinggaussian.TalkingGaussian):
    """TalkingGaussian's steps with the six feature files."""

    adapter = replace(
        talkinggaussian.TalkingGaussian.adapter,
        spec=SPEC,
        home="https://github.com/Mrask999/UA-3DTalk",
        obtain=(
            "git clone https://github.com/Mrask999/UA-3DTalk, in an environment like "
            "TalkingGaussian's (Python 3.7, torch 1.13.1) with its requirements.txt and "
            "submodules installed."
        ),
        inputs=(Inputs(FILES, CURE), *talkinggaussian.TalkingGaussian.adapter.inputs),
    )

    def prepare(self, sequence: Sequence, job: CheckoutJob) -> None:
        """As TalkingGaussian, with the features rewritten as plain tensors, one row per frame."""
        import torch

        from methods.ua3dtalk.priors.official import read_official

        super().prepare(sequence, job)
        folder = sequence.folder
        assert folder is not None
        for part in ("train", "val"):
            count = len(read_object(folder / f"transforms_{part}.json")["frames"])
            priors = read_official(folder, part, count)
            for name, (file, row) in FEATURES.items():
                path = job.data / file.format(part=part)
                path.unlink(missing_ok=True)  # a link to the user's file: never written through
                values = torch.from_numpy(getattr(priors, name)).reshape(count, *row).clone()
                torch.save(values, path)
