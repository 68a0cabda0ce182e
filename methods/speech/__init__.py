"""Speech as methods take it in: mel spectrograms and windowed features."""
