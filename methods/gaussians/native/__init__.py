"""The native core: C++17 behind a plain C ABI, one shared library per instruction set."""
