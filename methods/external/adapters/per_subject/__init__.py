"""3D methods: their code is trained on one prepared sequence and renders its test part.

Traps that they share: videos are written at 25 frames per second whatever the input has; `au.csv`
must have names with a leading space (` AU45_r`; DEGSTalk's without); poses and action units of the
test are read, so a method renders its own test only.
"""
