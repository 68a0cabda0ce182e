// One SIMD register of float32: a lane per Gaussian.
//
// Compiler vectors (gcc and clang) rather than intrinsics: one source serves every
// instruction set, and the registers are as wide as the file is compiled for.
#pragma once

#include <cstdint>
#include <cstring>

namespace fusion {

#if defined(__AVX512F__)
constexpr int kLanes = 16;
#elif defined(__AVX__)
constexpr int kLanes = 8;
#else
constexpr int kLanes = 4;
#endif

typedef float Vec __attribute__((vector_size(4 * kLanes), may_alias));
typedef int32_t IntVec __attribute__((vector_size(4 * kLanes), may_alias));
// Rows of a tensor start anywhere, since N need not be a multiple of the lanes.
typedef float UnalignedVec __attribute__((vector_size(4 * kLanes), aligned(4), may_alias));

inline Vec load(const float* address) { return *reinterpret_cast<const UnalignedVec*>(address); }

inline void store(float* address, Vec value) {
  *reinterpret_cast<UnalignedVec*>(address) = value;
}

inline Vec broadcast(float value) { return Vec{} + value; }

inline Vec square_root(Vec x) {
  Vec result;
  for (int lane = 0; lane < kLanes; ++lane) result[lane] = __builtin_sqrtf(x[lane]);
  return result;
}

inline Vec smaller(Vec x, Vec than) { return x < than ? x : than; }

// max(x, floor), but a NaN in x stays.
inline Vec at_least(Vec x, Vec floor) { return x < floor ? floor : x; }

inline Vec clamp(Vec x, float bound) {
  // In this form a NaN stays a NaN: it must come out, not turn into a bound.
  x = x < -bound ? broadcast(-bound) : x;
  return x > bound ? broadcast(bound) : x;
}

// exp(x) for |x| < 80, within 2 ulp: 2^n by the exponent bits times the polynomial of
// Cephes' expf (S. Moshier) on the remainder.
inline Vec exponential(Vec x) {
  const float magic = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer
  const Vec shifted = x * 1.44269504088896341f + magic;
  const Vec n = shifted - magic;
  const Vec r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  Vec p = broadcast(1.9875691500e-4f);
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  IntVec bits, magic_bits;
  const Vec magic_vec = broadcast(magic);
  std::memcpy(&bits, &shifted, sizeof bits);
  std::memcpy(&magic_bits, &magic_vec, sizeof bits);
  const IntVec exponent = (bits - magic_bits + 127) << 23;
  Vec scale;
  std::memcpy(&scale, &exponent, sizeof scale);
  return p * scale;
}

}  // namespace fusion
