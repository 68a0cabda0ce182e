"""3D methods: their code is trained on one prepared sequence and renders its test part."""
