"""Experts: small networks that bring a method knowledge of speech from outside its video."""

from pathlib import Path

#: The lip expert of the synthetic domain, which comes with the package.
LIP = Path(__file__).with_name("lip.safetensors")
