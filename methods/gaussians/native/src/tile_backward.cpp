// Stage 3, backward: walk each tile's list back to front and sum what every Gaussian receives.
//
// Two running numbers per pixel replace the colours behind: the transmittance T in front of
// the current Gaussian and
//   B = sum over those behind of alpha T (c.v) + T_final (background.v - v_alpha),
// because d(loss)/d(alpha) = T (c.v) - B / (1 - alpha). T_final is kept from the forward pass;
// gsplat recovers it as 1 - alpha and loses digits behind saturated pixels.
// Semantics: gsplat 1.5.3, csrc/RasterizeToPixels3DGSBwd.cu.
#include <algorithm>
#include <cstring>

#include "micro_tiles.h"
#include "stages.h"
#include "threads.h"

namespace splat {
namespace {

// A Gaussian's sums: six moments of -v_sigma (1, dx, dy, dx^2, dx dy, dy^2), its channels, and
// the absolute gradient of its centre when wanted.
constexpr int kMoments = 6;

int sums_of(int channels, bool absolute) { return kMoments + channels + (absolute ? 2 : 0); }
int stride_of(int channels, bool absolute) { return (sums_of(channels, absolute) + 15) / 16 * 16; }

// D is the number of channels when it is known at compile time, or 0.
template <int D, bool ABSOLUTE>
class BackwardTile {
 public:
  static constexpr int kSlots = D > 0 ? D : kMaxChannels;

  BackwardTile(const Frame& frame, const ImageGradients& grads, int tile, float* table)
      : frame_(frame),
        grads_(grads),
        table_(table),
        tile_(tile),
        x0_(tile % frame.tiles_x * kTile),
        y0_(tile / frame.tiles_x * kTile),
        stride_(stride_of(channels(), ABSOLUTE)) {}

  void run() {
    const int first = frame_.offsets[tile_], end = frame_.offsets[tile_ + 1];
    if (first == end) return;
    load_pixels();
    int deepest = first - 1;
    for (const auto& row : last_)
      for (int32_t entry : row) deepest = std::max(deepest, static_cast<int>(entry));
    const int32_t* ids = frame_.ids.data();
    for (int k = deepest; k >= first; k--) {
      const int32_t ahead = ids[k > 8 ? k - 8 : 0];
      __builtin_prefetch(&frame_.records[ahead]);
      __builtin_prefetch(table_ + static_cast<size_t>(ahead) * stride_, 1);
      if (frame_.masks[k]) add_gaussian(k, ids[k], frame_.masks[k]);
    }
  }

 private:
  int channels() const { return D > 0 ? D : frame_.channels; }

  void load_pixels() {
    const int columns = std::min(kTile, frame_.width - x0_);
    const int rows = std::min(kTile, frame_.height - y0_);
    const size_t start = static_cast<size_t>(tile_) * kTilePixels;
    std::memcpy(transmittance_, frame_.final_transmittance.data() + start, sizeof(transmittance_));
    std::memcpy(last_, frame_.last.data() + start, sizeof(last_));
    if (columns < kTile || rows < kTile) {
      std::memset(v_color_, 0, sizeof(float) * kTilePixels * channels());
      std::memset(behind_, 0, sizeof(behind_));
    }
    const float zeros[kSlots] = {};
    const float* background = grads_.background ? grads_.background : zeros;
    for (int y = 0; y < rows; y++) {
      for (int x = 0; x < columns; x++) {
        const int m = (x >> 2) + (y & ~3), lane = (x & 3) + 4 * (y & 3);
        const size_t pixel = static_cast<size_t>(y0_ + y) * frame_.width + x0_ + x;
        const float* v_pixel = grads_.v_pixels + pixel * channels();
        float v = grads_.v_alphas ? -grads_.v_alphas[pixel] : 0.0f;
        for (int d = 0; d < channels(); d++) {
          v_color_[d][m][lane] = v_pixel[d];
          v += background[d] * v_pixel[d];
        }
        behind_[m][lane] = transmittance_[m][lane] * v;
      }
    }
  }

  SPLAT_MEMBER void add_gaussian(int k, int32_t gaussian, unsigned mask) {
    const Record& r = frame_.records[gaussian];
    const float* c = D > 0 ? r.channels
                           : frame_.channel_table.data() +
                                 static_cast<size_t>(gaussian) * frame_.channels;
    const Float16 centre_x = r.x - static_cast<float>(x0_),
                  centre_y = r.y - static_cast<float>(y0_);
    const Float16 xx = r.xx, xy = r.xy, yy = r.yy, peak = r.log2_opacity;
    const Float16 max_alpha = frame_.thresholds.max_alpha, log2_min_alpha = log2_min_alpha_;
    const Float16 one = 1.0f;
    const Int16 entry = k;
    constexpr int kAbsolute = kMoments + kSlots;
    Float16 total[kMoments + kSlots + 2];
    for (int i = 0; i < kMoments + channels(); i++) total[i] = 0.0f;
    if (ABSOLUTE) total[kAbsolute] = total[kAbsolute + 1] = 0.0f;

    do {
      const int m = __builtin_ctz(mask);
      mask &= mask - 1;
      const Float16 dx = centre_x - Float16::load(kCentres.x[m & 3]);
      const Float16 dy = centre_y - Float16::load(kCentres.y[m >> 2]);
      const Float16 exponent = fma(fma(xx, dx, xy * dy), dx, fma(yy * dy, dy, peak));
      const Mask16 touched = both(both(exponent >= log2_min_alpha, exponent <= peak),
                                  Int16::load(last_[m]) >= entry);
      const Float16 unclamped = exp2(exponent);
      const Float16 alpha = zero_unless_min(touched, unclamped, max_alpha);
      const Float16 per_rest = reciprocal(one - alpha);
      const Float16 transmittance = Float16::load(transmittance_[m]) * per_rest;
      transmittance.store(transmittance_[m]);
      const Float16 weight = alpha * transmittance;

      Float16 c_dot_v = Float16(c[0]) * Float16::load(v_color_[0][m]);
      for (int d = 1; d < channels(); d++)
        c_dot_v = fma(Float16(c[d]), Float16::load(v_color_[d][m]), c_dot_v);
      const Float16 behind = Float16::load(behind_[m]);
      const Float16 v_alpha = fnma(per_rest, behind, transmittance * c_dot_v);
      fma(weight, c_dot_v, behind).store(behind_[m]);
      for (int d = 0; d < channels(); d++)
        total[kMoments + d] =
            fma(weight, Float16::load(v_color_[d][m]), total[kMoments + d]);

      // Where alpha was clamped it no longer depends on the Gaussian's shape or opacity.
      const Float16 v = zero_unless(unclamped <= max_alpha, alpha * v_alpha);
      const Float16 v_dx = v * dx, v_dy = v * dy;
      total[0] = total[0] + v;
      total[1] = total[1] + v_dx;
      total[2] = total[2] + v_dy;
      total[3] = fma(v_dx, dx, total[3]);
      total[4] = fma(v_dx, dy, total[4]);
      total[5] = fma(v_dy, dy, total[5]);
      if (ABSOLUTE) {
        const Float16 along_x = fma(xx + xx, v_dx, xy * v_dy);
        const Float16 along_y = fma(xy, v_dx, (yy + yy) * v_dy);
        total[kAbsolute] = total[kAbsolute] + abs(along_x);
        total[kAbsolute + 1] = total[kAbsolute + 1] + abs(along_y);
      }
    } while (mask);

    float* out = table_ + static_cast<size_t>(gaussian) * stride_;
    const int sums = kMoments + channels();
    if (D == 1) {
      for (int i = 0; i < sums; i++) out[i] += sum(total[i]);
    } else {
      add_sums_of_eight(total, out);
      for (int i = 8; i < sums; i++) out[i] += sum(total[i]);
    }
    if (ABSOLUTE) {
      out[sums] += sum(total[kAbsolute]);
      out[sums + 1] += sum(total[kAbsolute + 1]);
    }
  }

  const Frame& frame_;
  const ImageGradients& grads_;
  float* table_;
  const int tile_, x0_, y0_, stride_;
  const float log2_min_alpha_ = std::log2(frame_.thresholds.min_alpha);
  alignas(64) float transmittance_[kMicroTiles][16];
  alignas(64) float behind_[kMicroTiles][16];
  alignas(64) int32_t last_[kMicroTiles][16];
  alignas(64) float v_color_[kSlots][kMicroTiles][16];
};

template <bool ABSOLUTE>
void run_tile(const Frame& frame, const ImageGradients& grads, int tile, float* table) {
  switch (frame.channels) {
    case 1: return BackwardTile<1, ABSOLUTE>(frame, grads, tile, table).run();
    case 2: return BackwardTile<2, ABSOLUTE>(frame, grads, tile, table).run();
    case 3: return BackwardTile<3, ABSOLUTE>(frame, grads, tile, table).run();
    case 4: return BackwardTile<4, ABSOLUTE>(frame, grads, tile, table).run();
    default: return BackwardTile<0, ABSOLUTE>(frame, grads, tile, table).run();
  }
}

// From a Gaussian's sums to the gradients of its ellipse, opacity and channels.
void write_gradients(const Frame& frame, const ImageGradients& grads, int64_t g, const float* s) {
  const float a = grads.conics[3 * g], b = grads.conics[3 * g + 1], c = grads.conics[3 * g + 2];
  const bool seen = !frame.ranges[g].empty();
  grads.v_means2d[2 * g] = -(a * s[1] + b * s[2]);
  grads.v_means2d[2 * g + 1] = -(b * s[1] + c * s[2]);
  grads.v_conics[3 * g] = -0.5f * s[3];
  grads.v_conics[3 * g + 1] = -s[4];
  grads.v_conics[3 * g + 2] = -0.5f * s[5];
  grads.v_opacities[g] = seen ? s[0] / frame.records[g].opacity : 0.0f;
  const float* channel = s + kMoments;
  if (grads.v_colors)
    for (int d = 0; d < grads.color_channels; d++)
      grads.v_colors[g * grads.color_channels + d] = channel[d];
  if (grads.v_depths) grads.v_depths[g] = channel[grads.color_channels];
  if (grads.v_means2d_abs) {
    // The sums are in the base-2 exponent's units: d(sigma) = -ln 2 d(exponent).
    grads.v_means2d_abs[2 * g] = kLn2 * channel[frame.channels];
    grads.v_means2d_abs[2 * g + 1] = kLn2 * channel[frame.channels + 1];
  }
}

// Each thread has a table of its own. On hosts with many cores fewer threads are used than
// there are, so that clearing and adding the tables does not cost more than the tiles.
int threads_for(int64_t table_bytes, int threads) {
  constexpr int64_t kLimit = 64 << 20;
  const int64_t most = table_bytes > 0 ? kLimit / table_bytes : threads;
  return static_cast<int>(std::max<int64_t>(1, std::min<int64_t>(threads, most)));
}

}  // namespace

void render_backward(Frame& frame, const ImageGradients& grads, int threads) {
  const int64_t n = frame.gaussians;
  const bool absolute = grads.v_means2d_abs != nullptr;
  const int stride = stride_of(frame.channels, absolute), tiles = frame.tiles();
  const size_t table_size = static_cast<size_t>(n) * stride;
  const int wanted = threads_for(table_size * sizeof(float), threads);
  float* tables = frame.gradients.reserve(table_size * wanted + 16);
  const int sums = sums_of(frame.channels, absolute);
  int team = 1;
#pragma omp parallel num_threads(wanted)
  {
    float* mine = tables + table_size * omp_get_thread_num();
    std::memset(mine, 0, table_size * sizeof(float));
    // Read only after the barrier that ends the tiles.
#pragma omp single nowait
    team = omp_get_num_threads();
    // Static, so that every sum has the same order in every run.
#pragma omp for schedule(static, 2)
    for (int tile = 0; tile < tiles; tile++) {
      if (absolute)
        run_tile<true>(frame, grads, tile, mine);
      else
        run_tile<false>(frame, grads, tile, mine);
    }
#pragma omp for schedule(static) nowait
    for (int64_t g = 0; g < n; g++) {
      // Into the first thread's table, in the order of the threads.
      float* total = tables + g * stride;
      for (int t = 1; t < team; t++)
        for (int i = 0; i < sums; i++) total[i] += tables[table_size * t + g * stride + i];
      write_gradients(frame, grads, g, total);
    }
  }
}

}  // namespace splat
