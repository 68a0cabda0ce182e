// Stage 3: blend the Gaussians of each tile, front to back.
//
// Semantics: gsplat 1.5.3, csrc/RasterizeToPixels3DGSFwd.cu.
#include <algorithm>
#include <cstring>

#include "micro_tiles.h"
#include "stages.h"
#include "threads.h"

namespace splat {
namespace {

// State of a tile's pixels, one row per micro-tile.
template <int SLOTS>
struct TilePixels {
  alignas(64) float transmittance[kMicroTiles][16];  // zero once a pixel has stopped
  alignas(64) float final_transmittance[kMicroTiles][16];
  alignas(64) int32_t last[kMicroTiles][16];
  alignas(64) float color[SLOTS][kMicroTiles][16];
};

// D is the number of channels when it is known at compile time, or 0.
template <int D, bool KEEP>
class ForwardTile {
 public:
  static constexpr int kSlots = D > 0 ? D : kMaxChannels;

  ForwardTile(Frame& frame, const Image& image, int tile)
      : frame_(frame),
        image_(image),
        tile_(tile),
        x0_(tile % frame.tiles_x * kTile),
        y0_(tile / frame.tiles_x * kTile),
        columns_(std::min(kTile, frame.width - x0_)),
        rows_(std::min(kTile, frame.height - y0_)) {}

  void run() {
    unsigned alive = clear();
    const int first = frame_.offsets[tile_], end = frame_.offsets[tile_ + 1];
    int k = first;
    for (; k < end && alive; k += kBatch) blend_batch(k, std::min(kBatch, end - k), alive);
    if (KEEP && k < end)
      std::memset(frame_.masks.data() + k, 0, sizeof(uint16_t) * (end - k));
    write();
  }

 private:
  int channels() const { return D > 0 ? D : frame_.channels; }

  const float* channels_of(const Record& record, int32_t gaussian) const {
    if (D > 0) return record.channels;
    return frame_.channel_table.data() + static_cast<size_t>(gaussian) * frame_.channels;
  }

  // Pixels outside the image start as stopped. Returns the micro-tiles that have any inside.
  unsigned clear() {
    unsigned alive = 0xffff;
    std::fill_n(&pixels_.transmittance[0][0], kTilePixels, 1.0f);
    std::fill_n(&pixels_.final_transmittance[0][0], kTilePixels, 1.0f);
    if (KEEP) std::fill_n(&pixels_.last[0][0], kTilePixels, -1);
    if (columns_ < kTile || rows_ < kTile) {
      alive = 0;
      for (int m = 0; m < kMicroTiles; m++) {
        for (int lane = 0; lane < 16; lane++) {
          const bool inside =
              4 * (m & 3) + (lane & 3) < columns_ && 4 * (m >> 2) + (lane >> 2) < rows_;
          if (inside) alive |= 1u << m;
          if (!inside) pixels_.transmittance[m][lane] = 0.0f;
        }
      }
    }
    std::memset(pixels_.color, 0, sizeof(float) * kTilePixels * channels());
    return alive;
  }

  // Blends list entries [first, first + count) and clears the bits of finished micro-tiles.
  void blend_batch(int first, int count, unsigned& alive) {
    alignas(64) Record records[kBatch];
    alignas(64) uint16_t masks[kBatch];
    const float* colors[kBatch];
    uint64_t gaussians[kMicroTiles];
    const int32_t* ids = frame_.ids.data() + first;
    const Record* all = frame_.records.data();
    const float origin_x = static_cast<float>(x0_), origin_y = static_cast<float>(y0_);
    unsigned reached = 0;
    if (count < kBatch) std::memset(masks, 0, sizeof(masks));
    for (int j = 0; j < count; j++) {
      __builtin_prefetch(&all[ids[j + 8]]);
      records[j] = all[ids[j]];
      records[j].x -= origin_x;
      records[j].y -= origin_y;
      if (D == 0) colors[j] = channels_of(records[j], ids[j]);
      masks[j] = static_cast<uint16_t>(reached_micro_tiles(records[j]) & alive);
      reached |= masks[j];
    }
    if (KEEP) std::memcpy(frame_.masks.data() + first, masks, sizeof(uint16_t) * count);
    transpose_bits(masks, gaussians);
    while (reached) {
      const int m = __builtin_ctz(reached);
      reached &= reached - 1;
      if (blend_micro_tile(m, first, gaussians[m], records, colors)) alive &= ~(1u << m);
    }
  }

  // Blends the marked Gaussians of the batch into one micro-tile, with its state in registers.
  // True when all its pixels have stopped.
  SPLAT_MEMBER bool blend_micro_tile(int m, int first, uint64_t gaussians, const Record* records,
                                     const float* const* colors) {
    const Thresholds& limits = frame_.thresholds;
    const Float16 max_alpha = limits.max_alpha, min_transmittance = limits.min_transmittance;
    const Float16 log2_min_alpha = log2_min_alpha_;
    const Float16 pixel_x = Float16::load(kCentres.x[m & 3]);
    const Float16 pixel_y = Float16::load(kCentres.y[m >> 2]);
    Float16 transmittance = Float16::load(pixels_.transmittance[m]);
    Float16 final_transmittance = Float16::load(pixels_.final_transmittance[m]);
    Int16 last = 0;
    if (KEEP) last = Int16::load(pixels_.last[m]);
    Float16 color[kSlots];
    for (int d = 0; d < channels(); d++) color[d] = Float16::load(pixels_.color[d][m]);

    bool finished = false;
    do {
      const int j = __builtin_ctzll(gaussians);
      gaussians &= gaussians - 1;
      const Record& r = records[j];
      const Float16 dx = Float16(r.x) - pixel_x, dy = Float16(r.y) - pixel_y;
      const Float16 peak = r.log2_opacity;
      const Float16 exponent = fma(fma(Float16(r.xx), dx, Float16(r.xy) * dy), dx,
                                   fma(Float16(r.yy) * dy, dy, peak));
      // exponent > peak is sigma < 0, which only rounding can give; gsplat skips it too.
      const Mask16 touched = both(exponent >= log2_min_alpha, exponent <= peak);
      const Float16 alpha = zero_unless_min(touched, exp2(exponent), max_alpha);
      const Float16 behind = fnma(alpha, transmittance, transmittance);
      // A pixel stops before the Gaussian that would bring it under the limit, and for good.
      const Mask16 stop = behind <= min_transmittance;
      const Mask16 go = only_second(stop, touched);
      const Float16 weight = zero_unless_mul(go, alpha, transmittance);
      const float* c = D > 0 ? r.channels : colors[j];
      for (int d = 0; d < channels(); d++) color[d] = fma(Float16(c[d]), weight, color[d]);
      final_transmittance = select(stop, final_transmittance, behind);
      transmittance = select(stop, Float16(0.0f), behind);
      if (KEEP) last = select(go, Int16(first + j), last);
      if (__builtin_expect(bits(stop) == 0xffff, 0)) {
        finished = true;
        break;
      }
    } while (gaussians);

    transmittance.store(pixels_.transmittance[m]);
    final_transmittance.store(pixels_.final_transmittance[m]);
    if (KEEP) last.store(pixels_.last[m]);
    for (int d = 0; d < channels(); d++) color[d].store(pixels_.color[d][m]);
    return finished;
  }

  void write() const {
    const float zeros[kSlots] = {};
    const float* background = image_.background ? image_.background : zeros;
    for (int m = 0; m < kMicroTiles; m++) {
      const int left = 4 * (m & 3), run = std::min(4, columns_ - left);
      for (int row = 0; row < 4; row++) {
        const int y = 4 * (m >> 2) + row;
        if (y >= rows_) break;
        const size_t start = static_cast<size_t>(y0_ + y) * frame_.width + x0_ + left;
        for (int i = 0; i < run; i++) {
          const int lane = 4 * row + i;
          const float rest = pixels_.final_transmittance[m][lane];
          float* pixel = image_.pixels + (start + i) * channels();
          image_.alphas[start + i] = 1.0f - rest;
          for (int d = 0; d < channels(); d++)
            pixel[d] = pixels_.color[d][m][lane] + rest * background[d];
        }
      }
    }
    if (KEEP) {
      const size_t start = static_cast<size_t>(tile_) * kTilePixels;
      std::memcpy(frame_.final_transmittance.data() + start, pixels_.final_transmittance,
                  sizeof(pixels_.final_transmittance));
      std::memcpy(frame_.last.data() + start, pixels_.last, sizeof(pixels_.last));
    }
  }

  Frame& frame_;
  const Image& image_;
  const int tile_, x0_, y0_, columns_, rows_;
  const float log2_min_alpha_ = std::log2(frame_.thresholds.min_alpha);
  TilePixels<kSlots> pixels_;
};

template <bool KEEP>
void run_tile(Frame& frame, const Image& image, int tile) {
  switch (frame.channels) {
    case 1: return ForwardTile<1, KEEP>(frame, image, tile).run();
    case 2: return ForwardTile<2, KEEP>(frame, image, tile).run();
    case 3: return ForwardTile<3, KEEP>(frame, image, tile).run();
    case 4: return ForwardTile<4, KEEP>(frame, image, tile).run();
    default: return ForwardTile<0, KEEP>(frame, image, tile).run();
  }
}

// Copies one Gaussian's channels to where the tiles read them. False when one is not finite.
bool copy_channels(Frame& frame, const Image& image, int64_t g) {
  const int colors = image.color_channels;
  float* target = frame.channels <= kInlineChannels
                      ? frame.records[g].channels
                      : frame.channel_table.data() + g * frame.channels;
  bool finite = true;
  for (int d = 0; d < colors; d++) {
    target[d] = image.colors[g * colors + d];
    finite &= std::isfinite(target[d]);
  }
  if (image.with_depth) target[colors] = image.depths[g];
  return finite;
}

}  // namespace

bool render_forward(Frame& frame, const Image& image, int threads) {
  const int tiles = frame.tiles();
  const int64_t n = frame.gaussians;
  if (frame.channels > kInlineChannels)
    frame.channel_table.reserve(static_cast<size_t>(n) * frame.channels);
  if (image.keep) {
    frame.final_transmittance.reserve(static_cast<size_t>(tiles) * kTilePixels);
    frame.last.reserve(static_cast<size_t>(tiles) * kTilePixels);
  }
  int broken = 0;
#pragma omp parallel num_threads(threads)
  {
#pragma omp for schedule(static) reduction(+ : broken)
    for (int64_t g = 0; g < n; g++)
      if (!frame.ranges[g].empty()) broken += !copy_channels(frame, image, g);
    // Tiles differ in length by orders of magnitude. No tile reads what another writes, so
    // the image does not depend on who takes which.
#pragma omp for schedule(dynamic, 4) nowait
    for (int tile = 0; tile < tiles; tile++) {
      if (image.keep)
        run_tile<true>(frame, image, tile);
      else
        run_tile<false>(frame, image, tile);
    }
  }
  return broken == 0;
}

}  // namespace splat
