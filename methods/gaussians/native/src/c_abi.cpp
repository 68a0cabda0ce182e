// The functions that Python sees.
extern "C" int splat_abi_version() { return 1; }
