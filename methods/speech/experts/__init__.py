"""Experts: small networks that bring a method knowledge of speech from outside its video."""
