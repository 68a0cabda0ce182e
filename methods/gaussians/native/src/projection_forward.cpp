// Stage 1: cull, project, and write one record per Gaussian.
//
// Semantics: gsplat 1.5.3, csrc/ProjectionEWA3DGSFused.cu. Fused, because the same arithmetic
// in tensor operations takes longer than the whole frame.
#include <limits>

#include "stages.h"
#include "threads.h"

namespace splat {
namespace {

// Results of one block, one array per component, before they are scattered to the outputs.
struct Results {
  alignas(64) float x[Float::kLanes], y[Float::kLanes], depth[Float::kLanes];
  alignas(64) float conic[3][Float::kLanes];
  alignas(64) float compensation[Float::kLanes], opacity[Float::kLanes];
  alignas(64) float log2_opacity[Float::kLanes], reach[Float::kLanes];
  alignas(64) float exponent[3][Float::kLanes];
  alignas(64) float x_of_y[Float::kLanes], y_of_x[Float::kLanes];
  alignas(64) int32_t radius[2][Float::kLanes];
  alignas(64) int32_t tiles[4][Float::kLanes];
};

constexpr float kLargest = std::numeric_limits<float>::max();

SPLAT_INLINE Float clamp(Float x, float low, float high) { return min(max(x, low), high); }

SPLAT_INLINE void project_block(const Camera& camera, const Thresholds& thresholds,
                                const Frame& frame, const Block& block, const float* opacities,
                                float log2_min_alpha, Results& out) {
  const Geometry g = project_geometry(camera, block);
  const Float zero = 0.0f, one = 1.0f;

  // Covariance in the image, blurred by eps2d, and its inverse.
  const Float cov_xx0 = dot3(g.u, g.u), cov_xy = dot3(g.u, g.v), cov_yy0 = dot3(g.v, g.v);
  const Float cov_xx = cov_xx0 + camera.eps2d, cov_yy = cov_yy0 + camera.eps2d;
  // |u x v|^2 is |u|^2 |v|^2 - (u.v)^2 without its cancellation, which for a needle a few
  // hundred pixels long would leave three digits.
  const Float cross_x = g.u[1] * g.v[2] - g.u[2] * g.v[1],
              cross_y = g.u[2] * g.v[0] - g.u[0] * g.v[2],
              cross_z = g.u[0] * g.v[1] - g.u[1] * g.v[0];
  const Float determinant0 = fma(cross_x, cross_x, fma(cross_y, cross_y, cross_z * cross_z));
  const Float determinant =
      fma(camera.eps2d, cov_xx0 + cov_yy0 + camera.eps2d, determinant0);
  Mask seen = both(g.in_range, determinant > zero);
  const Float inverse = zero_unless(seen, one / determinant);
  const Float conic_xx = cov_yy * inverse, conic_xy = zero - cov_xy * inverse,
              conic_yy = cov_xx * inverse;

  // What the blur added to the ellipse's area, taken back from its opacity.
  const Float compensation = sqrt(max(determinant0 * inverse, zero));
  Float opacity = Float::load(opacities);
  if (camera.antialiased) opacity = opacity * compensation;
  seen = both(seen, opacity >= thresholds.min_alpha);

  // Half-axes of the box in which alpha >= min_alpha: sqrt(2 ln(opacity / min_alpha)) sigma.
  const Float log2_opacity = log2(select(seen, opacity, one));
  const Float height = max(log2_opacity - log2_min_alpha, zero);
  const Float extent = min(sqrt(height * (2.0f * kLn2)), thresholds.max_extent);
  Float radius_x = ceil(extent * sqrt(cov_xx)), radius_y = ceil(extent * sqrt(cov_yy));

  const Float x = fma(camera.fx, g.slope_x, camera.cx), y = fma(camera.fy, g.slope_y, camera.cy);
  const Float width = static_cast<float>(camera.width),
              image_height = static_cast<float>(camera.height);
  seen = both(seen, both(radius_x > zero, radius_y > zero));
  seen = only_second(both(radius_x <= camera.radius_clip, radius_y <= camera.radius_clip), seen);
  seen = both(seen, both(x + radius_x > zero, x - radius_x < width));
  seen = both(seen, both(y + radius_y > zero, y - radius_y < image_height));
  // Near the camera a box can exceed what an int holds; no image is that large.
  radius_x = zero_unless(seen, min(radius_x, 1e9f));
  radius_y = zero_unless(seen, min(radius_y, 1e9f));

  const Float per_tile = 1.0f / kTile;
  const float tiles_x = static_cast<float>(frame.tiles_x),
              tiles_y = static_cast<float>(frame.tiles_y);
  const Float x0 = clamp(floor((x - radius_x) * per_tile), 0.0f, tiles_x);
  const Float x1 = clamp(ceil((x + radius_x) * per_tile), 0.0f, tiles_x);
  const Float y0 = clamp(floor((y - radius_y) * per_tile), 0.0f, tiles_y);
  const Float y1 = clamp(ceil((y + radius_y) * per_tile), 0.0f, tiles_y);

  zero_unless(seen, x).store(out.x);
  zero_unless(seen, y).store(out.y);
  zero_unless(seen, g.depth).store(out.depth);
  zero_unless(seen, conic_xx).store(out.conic[0]);
  zero_unless(seen, conic_xy).store(out.conic[1]);
  zero_unless(seen, conic_yy).store(out.conic[2]);
  zero_unless(seen, compensation).store(out.compensation);
  opacity.store(out.opacity);
  log2_opacity.store(out.log2_opacity);
  // A little beyond the threshold, so that rounding here never drops a pixel that the exact
  // test in the tile would keep.
  (log2_min_alpha - log2_opacity - 1e-3f).store(out.reach);
  (conic_xx * (-0.5f * kLog2E)).store(out.exponent[0]);
  (conic_xy * -kLog2E).store(out.exponent[1]);
  (conic_yy * (-0.5f * kLog2E)).store(out.exponent[2]);
  (cov_xy / cov_yy).store(out.x_of_y);
  (cov_xy / cov_xx).store(out.y_of_x);
  truncate(radius_x).store(out.radius[0]);
  truncate(radius_y).store(out.radius[1]);
  truncate(zero_unless(seen, x0)).store(out.tiles[0]);
  truncate(zero_unless(seen, x1)).store(out.tiles[1]);
  truncate(zero_unless(seen, y0)).store(out.tiles[2]);
  truncate(zero_unless(seen, y1)).store(out.tiles[3]);
}

SPLAT_INLINE void scatter(const Results& in, int64_t first, int count, const Projection& out,
                          Record* records, TileRange* ranges) {
  for (int lane = 0; lane < count; lane++) {
    const int64_t g = first + lane;
    out.radii[2 * g] = in.radius[0][lane];
    out.radii[2 * g + 1] = in.radius[1][lane];
    out.means2d[2 * g] = in.x[lane];
    out.means2d[2 * g + 1] = in.y[lane];
    out.depths[g] = in.depth[lane];
    for (int i = 0; i < 3; i++) out.conics[3 * g + i] = in.conic[i][lane];
    if (out.compensations) out.compensations[g] = in.compensation[lane];
    ranges[g] = {static_cast<int16_t>(in.tiles[0][lane]), static_cast<int16_t>(in.tiles[1][lane]),
                 static_cast<int16_t>(in.tiles[2][lane]), static_cast<int16_t>(in.tiles[3][lane])};
    Record& r = records[g];
    r.x = in.x[lane], r.y = in.y[lane];
    r.xx = in.exponent[0][lane], r.xy = in.exponent[1][lane], r.yy = in.exponent[2][lane];
    r.log2_opacity = in.log2_opacity[lane];
    r.reach = in.reach[lane];
    r.x_of_y = in.x_of_y[lane], r.y_of_x = in.y_of_x[lane];
    r.opacity = in.opacity[lane];
  }
}

// True when every number of the block is finite. (Not by multiplying with 0, which is cheaper
// still: gcc folds that to 0 as soon as signed zeros do not matter.)
SPLAT_INLINE bool all_finite(const Block& block, const float* opacities) {
  Mask finite = abs(Float::load(opacities)) <= kLargest;
  for (int i = 0; i < 3; i++) finite = both(finite, abs(Float::load(block.mean[i])) <= kLargest);
  for (int i = 0; i < 4; i++) finite = both(finite, abs(Float::load(block.quat[i])) <= kLargest);
  for (int i = 0; i < 3; i++) finite = both(finite, abs(Float::load(block.scale[i])) <= kLargest);
  return bits(finite) == (1u << Float::kLanes) - 1;
}

}  // namespace

bool project_forward(const Camera& camera, const Gaussians& gaussians, const Projection& out,
                     Frame& frame, int threads) {
  const int64_t n = gaussians.count, lanes = Float::kLanes, blocks = (n + lanes - 1) / lanes;
  Record* records = frame.records.reserve(n);
  TileRange* ranges = frame.ranges.reserve(n);
  const float log2_min_alpha = std::log2(frame.thresholds.min_alpha);
  int broken = 0;
#pragma omp parallel for schedule(static) num_threads(threads) reduction(+ : broken)
  for (int64_t b = 0; b < blocks; b++) {
    const int64_t first = b * lanes;
    const int count = static_cast<int>(n - first < lanes ? n - first : lanes);
    Block block;
    Results results;
    alignas(64) float opacities[Float::kLanes];
    block.load(first, count, gaussians.means, gaussians.quats, gaussians.scales);
    for (int lane = 0; lane < Float::kLanes; lane++)
      opacities[lane] = gaussians.opacities[first + (lane < count ? lane : count - 1)];
    broken += !all_finite(block, opacities);
    project_block(camera, frame.thresholds, frame, block, opacities, log2_min_alpha, results);
    scatter(results, first, count, out, records, ranges);
  }
  return broken == 0;
}

}  // namespace splat
