"""Scoring of anyone's videos: open both sides, pair them, settle differences, score, tabulate."""
