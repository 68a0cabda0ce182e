// Native-width vectors through the compiler's vector extension: AVX2, SSE2, NEON, ...
#pragma once

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace splat {

#if defined(__AVX2__)
constexpr int kVectorBytes = 32;
#else
constexpr int kVectorBytes = 16;
#endif

typedef float NativeFloat __attribute__((vector_size(kVectorBytes)));
typedef int32_t NativeInt __attribute__((vector_size(kVectorBytes)));

struct Float {
  static constexpr int kLanes = kVectorBytes / 4;
  NativeFloat v;
  Float() = default;
  SPLAT_MEMBER Float(NativeFloat x) : v(x) {}
  SPLAT_MEMBER Float(float x) : v(x - NativeFloat{}) {}
  SPLAT_MEMBER static Float load(const float* p) {
    Float r;
    std::memcpy(&r.v, p, kVectorBytes);
    return r;
  }
  SPLAT_MEMBER void store(float* p) const { std::memcpy(p, &v, kVectorBytes); }
};

struct Int {
  NativeInt v;
  Int() = default;
  SPLAT_MEMBER Int(NativeInt x) : v(x) {}
  SPLAT_MEMBER Int(int x) : v(x - NativeInt{}) {}
  SPLAT_MEMBER static Int load(const int32_t* p) {
    Int r;
    std::memcpy(&r.v, p, kVectorBytes);
    return r;
  }
  SPLAT_MEMBER void store(int32_t* p) const { std::memcpy(p, &v, kVectorBytes); }
};

// All bits of a lane set, or none.
struct Mask {
  NativeInt v;
  Mask() = default;
  SPLAT_MEMBER Mask(NativeInt x) : v(x) {}
};

SPLAT_INLINE Float operator+(Float a, Float b) { return a.v + b.v; }
SPLAT_INLINE Float operator-(Float a, Float b) { return a.v - b.v; }
SPLAT_INLINE Float operator*(Float a, Float b) { return a.v * b.v; }
SPLAT_INLINE Float operator/(Float a, Float b) { return a.v / b.v; }
SPLAT_INLINE Float fma(Float a, Float b, Float c) { return a.v * b.v + c.v; }
SPLAT_INLINE Float fnma(Float a, Float b, Float c) { return c.v - a.v * b.v; }
SPLAT_INLINE Float min(Float a, Float b) { return a.v < b.v ? a.v : b.v; }
SPLAT_INLINE Float max(Float a, Float b) { return a.v > b.v ? a.v : b.v; }

SPLAT_INLINE Int operator-(Int a, Int b) { return a.v - b.v; }
template <int N> SPLAT_INLINE Int shift_left(Int a) { return a.v << N; }
template <int N> SPLAT_INLINE Int shift_right(Int a) { return a.v >> N; }
SPLAT_INLINE Int as_int(Float a) { return (NativeInt)a.v; }
SPLAT_INLINE Float as_float(Int a) { return (NativeFloat)a.v; }
SPLAT_INLINE Float to_float(Int a) { return __builtin_convertvector(a.v, NativeFloat); }
SPLAT_INLINE Int truncate(Float a) { return __builtin_convertvector(a.v, NativeInt); }

SPLAT_INLINE Mask operator<=(Float a, Float b) { return (NativeInt)(a.v <= b.v); }
SPLAT_INLINE Mask operator>=(Float a, Float b) { return (NativeInt)(a.v >= b.v); }
SPLAT_INLINE Mask operator<(Float a, Float b) { return (NativeInt)(a.v < b.v); }
SPLAT_INLINE Mask operator>(Float a, Float b) { return (NativeInt)(a.v > b.v); }
SPLAT_INLINE Mask operator>=(Int a, Int b) { return (NativeInt)(a.v >= b.v); }
SPLAT_INLINE Mask both(Mask a, Mask b) { return a.v & b.v; }
SPLAT_INLINE Mask only_second(Mask a, Mask b) { return ~a.v & b.v; }

SPLAT_INLINE Float select(Mask m, Float yes, Float no) { return m.v ? yes.v : no.v; }
SPLAT_INLINE Int select(Mask m, Int yes, Int no) { return m.v ? yes.v : no.v; }
SPLAT_INLINE Float zero_unless(Mask m, Float a) { return (NativeFloat)((NativeInt)a.v & m.v); }
SPLAT_INLINE Float abs(Float a) { return (NativeFloat)((NativeInt)a.v & 0x7fffffff); }
SPLAT_INLINE Float reciprocal(Float a) { return 1.0f / a.v; }

SPLAT_INLINE Float sqrt(Float a) {
#if defined(__AVX2__)
  return _mm256_sqrt_ps(a.v);
#elif defined(__SSE2__)
  return _mm_sqrt_ps(a.v);
#else
  for (int l = 0; l < Float::kLanes; l++) a.v[l] = std::sqrt(a.v[l]);
  return a;
#endif
}

// Beyond 2^23 every float is whole already, and the conversion to int would overflow.
SPLAT_INLINE Float floor(Float a) {
  const Float whole = to_float(truncate(a));
  const Float below = whole - zero_unless(whole > a, Float(1.0f));
  return select(abs(a) < Float(8388608.0f), below, a);
}
SPLAT_INLINE Float ceil(Float a) { return Float(0.0f) - floor(Float(0.0f) - a); }

// Rounds by the trick of adding 1.5 * 2^23; SSE2 has no rounding instruction.
SPLAT_INLINE Float exp2(Float x) {
  const NativeFloat magic = 12582912.0f - NativeFloat{};
  const NativeFloat p = x.v > -100.0f ? x.v : -100.0f - NativeFloat{};
  const NativeFloat shifted = p + magic;
  const NativeInt whole = (NativeInt)shifted - 0x4B400000;
  const NativeFloat f = p - (shifted - magic);
  NativeFloat y = kExp2[5] * f + kExp2[4];
  for (int i = 3; i >= 0; i--) y = y * f + kExp2[i];
  return (NativeFloat)((NativeInt)y + (whole << 23));
}

SPLAT_INLINE unsigned bits(Mask m) {
#if defined(__AVX2__)
  return (unsigned)_mm256_movemask_ps((__m256)m.v);
#elif defined(__SSE2__)
  return (unsigned)_mm_movemask_ps((__m128)m.v);
#else
  unsigned r = 0;
  for (int l = 0; l < Float::kLanes; l++) r |= (unsigned)(m.v[l] & 1) << l;
  return r;
#endif
}

SPLAT_INLINE float sum(Float a) {
  float r = 0;
  for (int l = 0; l < Float::kLanes; l++) r += a.v[l];
  return r;
}

}  // namespace splat
