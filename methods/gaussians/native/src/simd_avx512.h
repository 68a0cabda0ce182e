// AVX-512 (F, BW, DQ): 16 lanes in one register, comparisons give a bit mask.
#pragma once

#include <immintrin.h>

namespace splat {

using Mask = __mmask16;

struct Float {
  static constexpr int kLanes = 16;
  __m512 v;
  Float() = default;
  SPLAT_MEMBER Float(__m512 x) : v(x) {}
  SPLAT_MEMBER Float(float x) : v(_mm512_set1_ps(x)) {}
  SPLAT_MEMBER static Float load(const float* p) { return _mm512_load_ps(p); }
  SPLAT_MEMBER void store(float* p) const { _mm512_store_ps(p, v); }
};

struct Int {
  __m512i v;
  Int() = default;
  SPLAT_MEMBER Int(__m512i x) : v(x) {}
  SPLAT_MEMBER Int(int x) : v(_mm512_set1_epi32(x)) {}
  SPLAT_MEMBER static Int load(const int32_t* p) { return _mm512_load_si512(p); }
  SPLAT_MEMBER void store(int32_t* p) const { _mm512_store_si512(p, v); }
};

SPLAT_INLINE Float operator+(Float a, Float b) { return _mm512_add_ps(a.v, b.v); }
SPLAT_INLINE Float operator-(Float a, Float b) { return _mm512_sub_ps(a.v, b.v); }
SPLAT_INLINE Float operator*(Float a, Float b) { return _mm512_mul_ps(a.v, b.v); }
SPLAT_INLINE Float operator/(Float a, Float b) { return _mm512_div_ps(a.v, b.v); }
SPLAT_INLINE Float fma(Float a, Float b, Float c) { return _mm512_fmadd_ps(a.v, b.v, c.v); }
SPLAT_INLINE Float fnma(Float a, Float b, Float c) { return _mm512_fnmadd_ps(a.v, b.v, c.v); }
SPLAT_INLINE Float min(Float a, Float b) { return _mm512_min_ps(a.v, b.v); }
SPLAT_INLINE Float max(Float a, Float b) { return _mm512_max_ps(a.v, b.v); }
SPLAT_INLINE Float abs(Float a) { return _mm512_abs_ps(a.v); }
SPLAT_INLINE Float sqrt(Float a) { return _mm512_sqrt_ps(a.v); }
SPLAT_INLINE Float floor(Float a) { return _mm512_roundscale_ps(a.v, _MM_FROUND_TO_NEG_INF); }
SPLAT_INLINE Float ceil(Float a) { return _mm512_roundscale_ps(a.v, _MM_FROUND_TO_POS_INF); }

SPLAT_INLINE Int operator-(Int a, Int b) { return _mm512_sub_epi32(a.v, b.v); }
template <int N> SPLAT_INLINE Int shift_left(Int a) { return _mm512_slli_epi32(a.v, N); }
template <int N> SPLAT_INLINE Int shift_right(Int a) { return _mm512_srai_epi32(a.v, N); }
SPLAT_INLINE Int as_int(Float a) { return _mm512_castps_si512(a.v); }
SPLAT_INLINE Float as_float(Int a) { return _mm512_castsi512_ps(a.v); }
SPLAT_INLINE Float to_float(Int a) { return _mm512_cvtepi32_ps(a.v); }
SPLAT_INLINE Int truncate(Float a) { return _mm512_cvttps_epi32(a.v); }

SPLAT_INLINE Mask operator<=(Float a, Float b) {
  return _mm512_cmp_ps_mask(a.v, b.v, _CMP_LE_OQ);
}
SPLAT_INLINE Mask operator>=(Float a, Float b) {
  return _mm512_cmp_ps_mask(a.v, b.v, _CMP_GE_OQ);
}
SPLAT_INLINE Mask operator<(Float a, Float b) { return _mm512_cmp_ps_mask(a.v, b.v, _CMP_LT_OQ); }
SPLAT_INLINE Mask operator>(Float a, Float b) { return _mm512_cmp_ps_mask(a.v, b.v, _CMP_GT_OQ); }
SPLAT_INLINE Mask operator>=(Int a, Int b) { return _mm512_cmpge_epi32_mask(a.v, b.v); }
SPLAT_INLINE Mask both(Mask a, Mask b) { return a & b; }
SPLAT_INLINE Mask only_second(Mask a, Mask b) { return static_cast<Mask>(~a & b); }
SPLAT_INLINE unsigned bits(Mask m) { return m; }

SPLAT_INLINE Float select(Mask m, Float yes, Float no) {
  return _mm512_mask_blend_ps(m, no.v, yes.v);
}
SPLAT_INLINE Int select(Mask m, Int yes, Int no) {
  return _mm512_mask_blend_epi32(m, no.v, yes.v);
}
SPLAT_INLINE Float zero_unless(Mask m, Float a) { return _mm512_maskz_mov_ps(m, a.v); }
SPLAT_INLINE Float zero_unless_min(Mask m, Float a, Float b) {
  return _mm512_maskz_min_ps(m, a.v, b.v);
}
SPLAT_INLINE Float zero_unless_mul(Mask m, Float a, Float b) {
  return _mm512_maskz_mul_ps(m, a.v, b.v);
}

// 1/a, one Newton step after the 14-bit estimate: 1e-7 relative and half a division's time.
SPLAT_INLINE Float reciprocal(Float a) {
  const __m512 estimate = _mm512_rcp14_ps(a.v);
  const __m512 correction = _mm512_fnmadd_ps(a.v, estimate, _mm512_set1_ps(2.0f));
  return _mm512_mul_ps(estimate, correction);
}

SPLAT_INLINE Float exp2(Float x) {
  const Float whole = _mm512_roundscale_ps(x.v, _MM_FROUND_TO_NEAREST_INT);
  const Float f = x - whole;
  Float y = Float(kExp2[5]);
  for (int i = 4; i >= 0; i--) y = fma(y, f, Float(kExp2[i]));
  return _mm512_scalef_ps(y.v, whole.v);
}

SPLAT_INLINE float sum(Float a) { return _mm512_reduce_add_ps(a.v); }

// out[i] += sum(a[i]) for eight vectors at once: one shared tree of horizontal additions.
SPLAT_INLINE void add_sums_of_eight(const Float* a, float* out) {
  __m256 half[8];
  for (int i = 0; i < 8; i++)
    half[i] = _mm256_add_ps(_mm512_castps512_ps256(a[i].v), _mm512_extractf32x8_ps(a[i].v, 1));
  const __m256 s01 = _mm256_hadd_ps(half[0], half[1]), s23 = _mm256_hadd_ps(half[2], half[3]);
  const __m256 s45 = _mm256_hadd_ps(half[4], half[5]), s67 = _mm256_hadd_ps(half[6], half[7]);
  const __m256 low = _mm256_hadd_ps(s01, s23), high = _mm256_hadd_ps(s45, s67);
  const __m128 first = _mm_add_ps(_mm256_castps256_ps128(low), _mm256_extractf128_ps(low, 1));
  const __m128 second = _mm_add_ps(_mm256_castps256_ps128(high), _mm256_extractf128_ps(high, 1));
  _mm_storeu_ps(out, _mm_add_ps(_mm_loadu_ps(out), first));
  _mm_storeu_ps(out + 4, _mm_add_ps(_mm_loadu_ps(out + 4), second));
}

using Float16 = Float;
using Int16 = Int;
using Mask16 = Mask;

}  // namespace splat
