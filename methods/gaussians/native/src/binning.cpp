// Stage 2: sort the visible Gaussians by depth, then deal them out to the tiles.
//
// One sort of N keys and a counting sort replace gsplat's sort of all intersections by
// (tile, depth); because both steps are stable, the lists are the same: by depth, ties by
// index (csrc/IntersectTile.cu).
#include <cstring>
#include <utility>

#include "stages.h"
#include "threads.h"

namespace splat {
namespace {

constexpr int kDigits = 3, kDigitBits = 11, kDigitValues = 1 << kDigitBits;

// Least significant digit first. Depths are positive, so their bit patterns sort like numbers.
const int32_t* sort_by_depth(Frame& frame, const float* depths) {
  const int64_t n = frame.gaussians;
  int32_t *order = frame.order.reserve(n), *order_swap = frame.order_swap.reserve(n);
  uint32_t *keys = frame.keys.reserve(n), *keys_swap = frame.keys_swap.reserve(n);

  int64_t visible = 0;
  for (int64_t g = 0; g < n; g++) {
    // Written always and counted only when visible: no branch to mispredict.
    order[visible] = static_cast<int32_t>(g);
    std::memcpy(&keys[visible], &depths[g], sizeof(float));
    visible += !frame.ranges[g].empty();
  }
  frame.visible = visible;

  uint32_t starts[kDigits][kDigitValues] = {};
  for (int64_t i = 0; i < visible; i++)
    for (int digit = 0; digit < kDigits; digit++)
      starts[digit][(keys[i] >> (digit * kDigitBits)) & (kDigitValues - 1)]++;

  for (int digit = 0; digit < kDigits; digit++) {
    uint32_t total = 0;
    bool all_equal = false;
    for (uint32_t& start : starts[digit]) {
      const uint32_t count = start;
      all_equal |= count == visible;
      start = total;
      total += count;
    }
    if (all_equal) continue;
    for (int64_t i = 0; i < visible; i++) {
      const uint32_t value = (keys[i] >> (digit * kDigitBits)) & (kDigitValues - 1);
      const uint32_t target = starts[digit][value]++;
      keys_swap[target] = keys[i];
      order_swap[target] = order[i];
    }
    std::swap(keys, keys_swap);
    std::swap(order, order_swap);
  }
  return order;
}

template <class Function>
SPLAT_INLINE void for_each_tile(const TileRange& range, int tiles_x, Function visit) {
  for (int y = range.y0; y < range.y1; y++)
    for (int x = range.x0; x < range.x1; x++) visit(y * tiles_x + x);
}

}  // namespace

bool bin(Frame& frame, const float* depths, int threads) {
  const int32_t* order = sort_by_depth(frame, depths);
  const int tiles = frame.tiles(), tiles_x = frame.tiles_x;
  const int64_t visible = frame.visible;
  const TileRange* ranges = frame.ranges.data();
  int32_t* histogram = frame.histogram.reserve(static_cast<size_t>(tiles) * threads);
  int32_t* offsets = frame.offsets.reserve(tiles + 1);
  bool fits = true;

  // Each thread counts, and later writes, one contiguous stretch of the depth order. Starting
  // positions by (tile, thread) then keep every list in that order.
#pragma omp parallel num_threads(threads)
  {
    const int thread = omp_get_thread_num(), team = omp_get_num_threads();
    const int64_t first = visible * thread / team, end = visible * (thread + 1) / team;
    int32_t* mine = histogram + static_cast<size_t>(tiles) * thread;
    std::memset(mine, 0, sizeof(int32_t) * tiles);
    for (int64_t i = first; i < end; i++)
      for_each_tile(ranges[order[i]], tiles_x, [&](int tile) { mine[tile]++; });
#pragma omp barrier
#pragma omp single
    {
      int64_t total = 0;
      for (int tile = 0; tile < tiles; tile++) {
        offsets[tile] = static_cast<int32_t>(total);
        for (int t = 0; t < team; t++) {
          int32_t& entry = histogram[static_cast<size_t>(tiles) * t + tile];
          const int32_t count = entry;
          entry = static_cast<int32_t>(total);
          total += count;
        }
      }
      offsets[tiles] = static_cast<int32_t>(total);
      frame.intersections = total;
      // An exception must not leave a parallel region.
      try {
        fits = total < INT32_MAX - kTilePixels;
        if (fits) {
          // The tile loops prefetch a little past the end of their list.
          int32_t* ids = frame.ids.reserve(total + 16);
          std::memset(ids + total, 0, 16 * sizeof(int32_t));
          frame.masks.reserve(total + 64);
        }
      } catch (const std::bad_alloc&) {
        fits = false;
      }
    }
    if (fits) {
      int32_t* ids = frame.ids.data();
      for (int64_t i = first; i < end; i++) {
        const int32_t g = order[i];
        for_each_tile(ranges[g], tiles_x, [&](int tile) { ids[mine[tile]++] = g; });
      }
    }
  }
  return fits;
}

}  // namespace splat
