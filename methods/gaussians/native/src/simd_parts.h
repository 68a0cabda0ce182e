// Sixteen lanes made of native parts, for machines without AVX-512.
#pragma once

namespace splat {

constexpr int kParts = 16 / Float::kLanes;

#define SPLAT_EACH_PART for (int part = 0; part < kParts; part++)

struct Float16 {
  Float p[kParts];
  Float16() = default;
  SPLAT_MEMBER Float16(float x) { SPLAT_EACH_PART p[part] = Float(x); }
  SPLAT_MEMBER static Float16 load(const float* q) {
    Float16 r;
    SPLAT_EACH_PART r.p[part] = Float::load(q + part * Float::kLanes);
    return r;
  }
  SPLAT_MEMBER void store(float* q) const { SPLAT_EACH_PART p[part].store(q + part * Float::kLanes); }
};

struct Int16 {
  Int p[kParts];
  Int16() = default;
  SPLAT_MEMBER Int16(int x) { SPLAT_EACH_PART p[part] = Int(x); }
  SPLAT_MEMBER static Int16 load(const int32_t* q) {
    Int16 r;
    SPLAT_EACH_PART r.p[part] = Int::load(q + part * Float::kLanes);
    return r;
  }
  SPLAT_MEMBER void store(int32_t* q) const {
    SPLAT_EACH_PART p[part].store(q + part * Float::kLanes);
  }
};

struct Mask16 {
  Mask p[kParts];
};

#define SPLAT_WIDE_1(name)                                    \
  SPLAT_INLINE Float16 name(Float16 a) {                      \
    Float16 r;                                                \
    SPLAT_EACH_PART r.p[part] = name(a.p[part]);              \
    return r;                                                 \
  }
#define SPLAT_WIDE_2(result, name, left, right)               \
  SPLAT_INLINE result name(left a, right b) {                 \
    result r;                                                 \
    SPLAT_EACH_PART r.p[part] = name(a.p[part], b.p[part]);   \
    return r;                                                 \
  }
#define SPLAT_WIDE_3(result, name, first, second, third)      \
  SPLAT_INLINE result name(first a, second b, third c) {      \
    result r;                                                 \
    SPLAT_EACH_PART r.p[part] = name(a.p[part], b.p[part], c.p[part]); \
    return r;                                                 \
  }

SPLAT_WIDE_1(abs)
SPLAT_WIDE_1(exp2)
SPLAT_WIDE_1(reciprocal)
SPLAT_WIDE_2(Float16, operator+, Float16, Float16)
SPLAT_WIDE_2(Float16, operator-, Float16, Float16)
SPLAT_WIDE_2(Float16, operator*, Float16, Float16)
SPLAT_WIDE_2(Float16, min, Float16, Float16)
SPLAT_WIDE_2(Float16, max, Float16, Float16)
SPLAT_WIDE_2(Mask16, operator<=, Float16, Float16)
SPLAT_WIDE_2(Mask16, operator>=, Float16, Float16)
SPLAT_WIDE_2(Mask16, operator>=, Int16, Int16)
SPLAT_WIDE_2(Mask16, both, Mask16, Mask16)
SPLAT_WIDE_2(Mask16, only_second, Mask16, Mask16)
SPLAT_WIDE_2(Float16, zero_unless, Mask16, Float16)
SPLAT_WIDE_3(Float16, fma, Float16, Float16, Float16)
SPLAT_WIDE_3(Float16, fnma, Float16, Float16, Float16)
SPLAT_WIDE_3(Float16, select, Mask16, Float16, Float16)
SPLAT_WIDE_3(Int16, select, Mask16, Int16, Int16)

SPLAT_INLINE Float16 zero_unless_min(Mask16 m, Float16 a, Float16 b) {
  return zero_unless(m, min(a, b));
}
SPLAT_INLINE Float16 zero_unless_mul(Mask16 m, Float16 a, Float16 b) {
  return zero_unless(m, a * b);
}

SPLAT_INLINE unsigned bits(Mask16 m) {
  unsigned r = 0;
  SPLAT_EACH_PART r |= bits(m.p[part]) << (part * Float::kLanes);
  return r;
}

SPLAT_INLINE float sum(Float16 a) {
  Float s = a.p[0];
  for (int part = 1; part < kParts; part++) s = s + a.p[part];
  return sum(s);
}

// out[i] += sum(a[i]) for eight vectors at once: one shared tree of additions.
SPLAT_INLINE void add_sums_of_eight(const Float16* a, float* out) {
#if defined(__AVX2__)
  __m256 half[8];
  for (int i = 0; i < 8; i++) half[i] = _mm256_add_ps(a[i].p[0].v, a[i].p[1].v);
  const __m256 s01 = _mm256_hadd_ps(half[0], half[1]), s23 = _mm256_hadd_ps(half[2], half[3]);
  const __m256 s45 = _mm256_hadd_ps(half[4], half[5]), s67 = _mm256_hadd_ps(half[6], half[7]);
  const __m256 low = _mm256_hadd_ps(s01, s23), high = _mm256_hadd_ps(s45, s67);
  const __m128 first = _mm_add_ps(_mm256_castps256_ps128(low), _mm256_extractf128_ps(low, 1));
  const __m128 second = _mm_add_ps(_mm256_castps256_ps128(high), _mm256_extractf128_ps(high, 1));
  _mm_storeu_ps(out, _mm_add_ps(_mm_loadu_ps(out), first));
  _mm_storeu_ps(out + 4, _mm_add_ps(_mm_loadu_ps(out + 4), second));
#elif defined(__SSE2__)
  for (int group = 0; group < 8; group += 4) {
    __m128 row[4];
    for (int i = 0; i < 4; i++) {
      const Float16& x = a[group + i];
      row[i] = _mm_add_ps(_mm_add_ps(x.p[0].v, x.p[1].v), _mm_add_ps(x.p[2].v, x.p[3].v));
    }
    _MM_TRANSPOSE4_PS(row[0], row[1], row[2], row[3]);
    const __m128 total = _mm_add_ps(_mm_add_ps(row[0], row[1]), _mm_add_ps(row[2], row[3]));
    _mm_storeu_ps(out + group, _mm_add_ps(_mm_loadu_ps(out + group), total));
  }
#else
  for (int i = 0; i < 8; i++) out[i] += sum(a[i]);
#endif
}

}  // namespace splat
