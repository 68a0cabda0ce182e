"""Make `mel_golden.npz` with librosa, the front-end that Wav2Lip was written against.

Run in an environment with librosa (it is no dependency of this project):
`python tests/methods/ua3dtalk/priors/make_mel_golden.py`.
"""

from pathlib import Path

import librosa
import numpy as np


def main() -> None:
    """Write filterbanks and one spectrogram by librosa."""
    times = np.arange(9600) / 16000
    audio = 0.3 * np.sin(2 * np.pi * (200 + 2000 * times) * times)
    audio += 0.01 * np.random.default_rng(0).standard_normal(len(times))
    audio[4000:4600] = 0
    audio = audio.astype(np.float32)

    bank = librosa.filters.mel(sr=16000, n_fft=800, n_mels=80, fmin=55, fmax=7600)
    emphasised = np.append(audio[0], audio[1:] - 0.97 * audio[:-1])
    magnitude = np.abs(
        librosa.stft(
            emphasised.astype(np.float64),
            n_fft=800,
            hop_length=200,
            win_length=800,
            pad_mode="reflect",
        )
    )
    level = 20 * np.log10(np.maximum(1e-5, bank.astype(np.float64) @ magnitude)) - 20
    mel = np.clip(8 * (level + 100) / 100 - 4, -4, 4)

    htk = librosa.filters.mel(sr=16000, n_fft=2048, n_mels=128, htk=True)
    hamming = np.abs(
        librosa.stft(
            audio.astype(np.float64),
            n_fft=800,
            hop_length=160,
            win_length=640,
            window="hamming",
            pad_mode="constant",
        )
    )[:200]
    np.savez_compressed(
        Path(__file__).with_name("mel_golden.npz"),
        audio=audio,
        bank=bank.astype(np.float32),
        mel=mel.astype(np.float32),
        htk_rows=htk[::16].astype(np.float32),
        hamming=hamming[:, ::6].astype(np.float32),
        librosa=librosa.__version__,
    )


if __name__ == "__main__":
    main()
