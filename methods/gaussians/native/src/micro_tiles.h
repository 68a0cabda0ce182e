// A 16x16 tile is sixteen 4x4 micro-tiles; one vector holds the pixels of one of them.
//
// Blending by micro-tile instead of by row keeps lanes busy: most Gaussians of a head cover a
// few pixels, and a 4x4 patch wastes fewer lanes on them than a 16x1 strip.
#pragma once

#include "frame.h"
#include "simd.h"

namespace splat {

constexpr int kMicroTiles = 16;
constexpr int kBatch = 64;  // Gaussians whose reach is computed at once; one bit each

// Pixel centres relative to the tile: `x[column of micro-tiles][lane]`, `y[row][lane]`.
struct PixelCentres {
  alignas(64) float x[4][16], y[4][16];
  // Centre of the upper left pixel of each of the sixteen micro-tiles.
  alignas(64) float corner_x[16], corner_y[16];

  constexpr PixelCentres() : x(), y(), corner_x(), corner_y() {
    for (int part = 0; part < 4; part++) {
      for (int lane = 0; lane < 16; lane++) {
        x[part][lane] = 4 * part + (lane & 3) + 0.5f;
        y[part][lane] = 4 * part + (lane >> 2) + 0.5f;
      }
    }
    for (int m = 0; m < kMicroTiles; m++) {
      corner_x[m] = 4 * (m & 3) + 0.5f;
      corner_y[m] = 4 * (m >> 2) + 0.5f;
    }
  }
};
inline constexpr PixelCentres kCentres{};

// Which micro-tiles hold a point where alpha reaches the threshold (16 bits).
//
// The quadratic is largest over a box either on the vertical edge nearest to the centre or on
// the horizontal one; on each, at the foot of its ridge clamped to the edge. With the centre
// inside, both give the centre itself. So two evaluations give the exact maximum.
SPLAT_INLINE unsigned reached_micro_tiles(const Record& r) {
  const Float16 zero = 0.0f, side = 3.0f;
  const Float16 left = Float16::load(kCentres.corner_x) - Float16(r.x);
  const Float16 top = Float16::load(kCentres.corner_y) - Float16(r.y);
  const Float16 right = left + side, bottom = top + side;
  const Float16 xx = r.xx, xy = r.xy, yy = r.yy;

  const Float16 edge_x = max(left, min(zero, right));
  const Float16 foot_y = max(top, min(Float16(r.y_of_x) * edge_x, bottom));
  const Float16 on_vertical =
      fma(fma(xx, edge_x, xy * foot_y), edge_x, (yy * foot_y) * foot_y);

  const Float16 edge_y = max(top, min(zero, bottom));
  const Float16 foot_x = max(left, min(Float16(r.x_of_y) * edge_y, right));
  const Float16 on_horizontal =
      fma(fma(xx, foot_x, xy * edge_y), foot_x, (yy * edge_y) * edge_y);
  return bits(max(on_vertical, on_horizontal) >= Float16(r.reach));
}

// Turns "micro-tiles of each Gaussian" into "Gaussians of each micro-tile": a transpose of a
// 64 x 16 bit matrix. `masks` is aligned to 64 bytes.
SPLAT_INLINE void transpose_bits(const uint16_t* masks, uint64_t* gaussians) {
#if defined(__AVX512BW__)
  const __m512i low = _mm512_load_si512(masks), high = _mm512_load_si512(masks + 32);
  for (int m = 0; m < kMicroTiles; m++) {
    const __m512i bit = _mm512_set1_epi16(static_cast<short>(1 << m));
    gaussians[m] = static_cast<uint64_t>(_mm512_test_epi16_mask(low, bit)) |
                   static_cast<uint64_t>(_mm512_test_epi16_mask(high, bit)) << 32;
  }
#elif defined(__SSE2__)
  // Pack one byte of each mask together, then let movemask collect the top bits one by one.
  for (int byte = 0; byte < 2; byte++) {
    __m128i packed[4];
    for (int i = 0; i < 4; i++) {
      __m128i a = _mm_load_si128(reinterpret_cast<const __m128i*>(masks) + 2 * i);
      __m128i b = _mm_load_si128(reinterpret_cast<const __m128i*>(masks) + 2 * i + 1);
      if (byte == 1) {
        a = _mm_srli_epi16(a, 8);
        b = _mm_srli_epi16(b, 8);
      } else {
        a = _mm_and_si128(a, _mm_set1_epi16(255));
        b = _mm_and_si128(b, _mm_set1_epi16(255));
      }
      packed[i] = _mm_packus_epi16(a, b);
    }
    for (int m = 7; m >= 0; m--) {
      uint64_t column = 0;
      for (int i = 0; i < 4; i++) {
        column |= static_cast<uint64_t>(static_cast<uint32_t>(_mm_movemask_epi8(packed[i])))
                  << (16 * i);
        packed[i] = _mm_add_epi8(packed[i], packed[i]);
      }
      gaussians[8 * byte + m] = column;
    }
  }
#else
  for (int m = 0; m < kMicroTiles; m++) {
    gaussians[m] = 0;
    for (int j = 0; j < kBatch; j++)
      gaussians[m] |= static_cast<uint64_t>((masks[j] >> m) & 1) << j;
  }
#endif
}

}  // namespace splat
