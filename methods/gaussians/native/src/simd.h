// Vectors of float for one instruction set, chosen when the file is compiled.
//
// `Float`, `Int` and `Mask` have the machine's native width, `Float::kLanes` (16, 8 or 4):
// right for work that goes over Gaussians. `Float16`, `Int16` and `Mask16` have 16 lanes
// everywhere, the pixels of one 4x4 micro-tile. On AVX-512 they are the same types; elsewhere
// the wide ones are made of native parts, because compilers lower vectors wider than the
// machine's registers very badly (gcc 12: nine times slower).
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#define SPLAT_INLINE static inline __attribute__((always_inline))
#define SPLAT_MEMBER inline __attribute__((always_inline))

namespace splat {

// exp2(f) on [-1/2, 1/2] by a minimax polynomial of degree 5, relative error below 3e-7.
constexpr float kExp2[6] = {1.0f,          0.693146944f,   0.240221202f,
                            0.0555071346f, 0.00967554189f, 0.00132764608f};
constexpr float kLog2E = 1.4426950408889634f;
constexpr float kLn2 = 0.6931471805599453f;

}  // namespace splat

#if defined(__AVX512F__) && defined(__AVX512DQ__) && defined(__AVX512BW__)
#include "simd_avx512.h"
#else
#include "simd_portable.h"
#include "simd_parts.h"
#endif

namespace splat {

// log2 of a positive, normal number, about 1e-7 relative. Written on integers and by a series
// in s = (m-1)/(m+1), so that it stays in vector registers.
SPLAT_INLINE Float log2(Float x) {
  const Int bits = as_int(x);
  const Int exponent = shift_right<23>(bits - Int(0x3f3504f3));  // 0x3f3504f3 is sqrt(1/2)
  const Float mantissa = as_float(bits - shift_left<23>(exponent));
  const Float s = (mantissa - 1.0f) / (mantissa + 1.0f);
  const Float z = s * s;
  Float series = fma(z, Float(0.32059889f), Float(0.412198583f));
  series = fma(z, series, Float(0.577078016f));
  series = fma(z, series, Float(0.961796694f));
  series = fma(z, series, Float(2.885390082f));
  return fma(s, series, to_float(exponent));
}

}  // namespace splat
