// Tri-plane encoder: bilinear samples of three planes, multiplied; forward and backward.
//
// A scale's grid is [3, R, R, C], planes XY, XZ, YZ, channels last: one texel is a run of C
// floats, so a SIMD lane is a channel and a sample is twelve such runs. Sampling is that of
// torch's grid_sample with align_corners=True and border padding.
//
// The backward of the grids scatters, which threads cannot share without atomics. One thread
// therefore owns one plane of one scale and walks the points in order: the result is the same
// bit for bit whatever the number of threads.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace {

constexpr int kBlock = 16;         // points between two transpositions
constexpr int kMaxChannels = 256;  // bounds the small arrays on the stack; the caller refuses more
constexpr int kColumnAxis[3] = {0, 0, 1};
constexpr int kRowAxis[3] = {1, 2, 2};

// A point's place along one axis of a plane.
struct Place {
  int first, step;  // texel, and how far the next one is (0 at the last texel)
  float weight;     // of the next texel
  bool inside;      // whether moving the point changes the sample
};

inline Place place(float coordinate, float inverse_bound, int side) {
  const float last = float(side - 1);
  const float unclamped = (coordinate * inverse_bound + 1.0f) * 0.5f * last;
  const bool inside = unclamped > 0.0f && unclamped < last;
  const float x = unclamped > 0.0f ? (unclamped < last ? unclamped : last) : 0.0f;
  const int first = int(x);
  return {first, first + 1 < side ? 1 : 0, x - float(first), inside};
}

// The four texels of a point in one plane, as offsets in floats, and their weights.
struct Corners {
  int64_t at[4];
  float weight[4];
  Place column, row;

  Corners(const float* point, int plane, float inverse_bound, int side, int C)
      : column(place(point[kColumnAxis[plane]], inverse_bound, side)),
        row(place(point[kRowAxis[plane]], inverse_bound, side)) {
    const int64_t top = (int64_t(plane) * side + row.first) * side, down = int64_t(row.step) * side;
    at[0] = (top + column.first) * C;
    at[1] = at[0] + column.step * C;
    at[2] = at[0] + down * C;
    at[3] = at[2] + column.step * C;
    weight[0] = (1 - column.weight) * (1 - row.weight);
    weight[1] = column.weight * (1 - row.weight);
    weight[2] = (1 - column.weight) * row.weight;
    weight[3] = column.weight * row.weight;
  }
};

struct Problem {
  const float* const* grids;
  const int* sides;
  int scales;
  const float* means;
  float inverse_bound;
  int64_t N;
};

// `Channels` is an int or an std::integral_constant, so that usual sizes are unrolled.
template <typename Channels>
void forward(const Problem& p, Channels C, float* out, float* samples, int threads) {
  const int64_t blocks = (p.N + kBlock - 1) / kBlock;
#pragma omp parallel for collapse(2) schedule(static) num_threads(threads)
  for (int scale = 0; scale < p.scales; ++scale)
    for (int64_t block = 0; block < blocks; ++block) {
      const int64_t begin = block * kBlock;
      float unsaved[kBlock * 3 * kMaxChannels];
      float* block_samples = samples ? samples + (scale * p.N + begin) * 3 * C : unsaved;
      const int count = int(std::min<int64_t>(kBlock, p.N - begin));
      for (int n = 0; n < count; ++n)
        for (int plane = 0; plane < 3; ++plane) {
          const Corners corners(p.means + 3 * (begin + n), plane, p.inverse_bound, p.sides[scale],
                                C);
          const float* grid = p.grids[scale];
          const float *a = grid + corners.at[0], *b = grid + corners.at[1],
                      *c = grid + corners.at[2], *d = grid + corners.at[3];
          const float wa = corners.weight[0], wb = corners.weight[1], wc = corners.weight[2],
                      wd = corners.weight[3];
          float* sample = block_samples + (n * 3 + plane) * C;
#pragma omp simd
          for (int i = 0; i < C; ++i) sample[i] = wa * a[i] + wb * b[i] + wc * c[i] + wd * d[i];
        }
      for (int i = 0; i < C; ++i)
        for (int n = 0; n < count; ++n) {
          const float* own = block_samples + n * 3 * C + i;
          out[(int64_t(scale) * C + i) * p.N + begin + n] = own[0] * own[C] * own[2 * C];
        }
    }
}

// Gradient of the samples of `plane` at the points of a block: the product rule.
template <typename Channels>
void sample_gradients(const Problem& p, Channels C, int scale, int plane, int64_t begin, int count,
                      const float* samples, const float* gradient,
                      float* result) {
  for (int i = 0; i < C; ++i)
    for (int n = 0; n < count; ++n)
      result[n * C + i] = gradient[(int64_t(scale) * C + i) * p.N + begin + n];
  for (int n = 0; n < count; ++n) {
    const float* own = samples + (scale * p.N + begin + n) * 3 * C;
    const float *one = own + (plane + 1) % 3 * C, *other = own + (plane + 2) % 3 * C;
#pragma omp simd
    for (int i = 0; i < C; ++i) result[n * C + i] *= one[i] * other[i];
  }
}

template <typename Channels>
void backward_grids(const Problem& p, Channels C, const float* samples, const float* gradient,
                    float* const* grid_gradients, int threads) {
#pragma omp parallel for schedule(dynamic) num_threads(threads)
  for (int task = 3 * p.scales - 1; task >= 0; --task) {  // the finest, slowest scale first
    const int scale = task / 3, plane = task % 3, side = p.sides[scale];
    float* grid = grid_gradients[scale];
    std::memset(grid + int64_t(plane) * side * side * C, 0,
                int64_t(side) * side * C * sizeof(float));
    float local[kBlock * kMaxChannels];
    for (int64_t begin = 0; begin < p.N; begin += kBlock) {
      const int count = int(std::min<int64_t>(kBlock, p.N - begin));
      sample_gradients(p, C, scale, plane, begin, count, samples, gradient, local);
      for (int n = 0; n < count; ++n) {
        const Corners corners(p.means + 3 * (begin + n), plane, p.inverse_bound, side, C);
        for (int corner = 0; corner < 4; ++corner) {
          float* texel = grid + corners.at[corner];
          const float weight = corners.weight[corner];
#pragma omp simd
          for (int i = 0; i < C; ++i) texel[i] += weight * local[n * C + i];
        }
      }
    }
  }
}

template <typename Channels>
void backward_means(const Problem& p, Channels C, const float* samples, const float* gradient,
                    float* means_gradient, int threads) {
#pragma omp parallel for schedule(static) num_threads(threads)
  for (int64_t begin = 0; begin < p.N; begin += kBlock) {
    const int count = int(std::min<int64_t>(kBlock, p.N - begin));
    float local[kBlock * kMaxChannels];
    std::memset(means_gradient + 3 * begin, 0, 3 * count * sizeof(float));
    for (int scale = 0; scale < p.scales; ++scale)
      for (int plane = 0; plane < 3; ++plane) {
        sample_gradients(p, C, scale, plane, begin, count, samples, gradient, local);
        const float per_unit = p.inverse_bound * 0.5f * float(p.sides[scale] - 1);
        for (int n = 0; n < count; ++n) {
          const Corners corners(p.means + 3 * (begin + n), plane, p.inverse_bound, p.sides[scale],
                                C);
          const float* grid = p.grids[scale];
          const float *a = grid + corners.at[0], *b = grid + corners.at[1],
                      *c = grid + corners.at[2], *d = grid + corners.at[3];
          const float right = corners.column.weight, below = corners.row.weight;
          float column = 0, row = 0;
#pragma omp simd reduction(+ : column, row)
          for (int i = 0; i < C; ++i) {
            column += local[n * C + i] * ((b[i] - a[i]) * (1 - below) + (d[i] - c[i]) * below);
            row += local[n * C + i] * ((c[i] - a[i]) * (1 - right) + (d[i] - b[i]) * right);
          }
          float* own = means_gradient + 3 * (begin + n);
          if (corners.column.inside) own[kColumnAxis[plane]] += column * per_unit;
          if (corners.row.inside) own[kRowAxis[plane]] += row * per_unit;
        }
      }
  }
}

template <typename Body>
void with_channels(int C, const Body& body) {
  switch (C) {
    case 8: return body(std::integral_constant<int, 8>{});
    case 16: return body(std::integral_constant<int, 16>{});
    case 64: return body(std::integral_constant<int, 64>{});
    default: return body(C);
  }
}

}  // namespace

extern "C" {

// out [scales*C, N]; samples [scales, N, 3, C], or null when no backward will follow.
void planes_forward(const float* const* grids, const int* sides, int scales, int C,
                    const float* means, float inverse_bound, int64_t N, float* out, float* samples,
                    int threads) {
  const Problem p{grids, sides, scales, means, inverse_bound, N};
  with_channels(C, [&](auto channels) { forward(p, channels, out, samples, threads); });
}

// Gradients of the grids, and of the means [N, 3] unless null, from that of out [scales*C, N].
void planes_backward(const float* const* grids, const int* sides, int scales, int C,
                     const float* means, float inverse_bound, int64_t N, const float* samples,
                     const float* gradient, float* const* grid_gradients, float* means_gradient,
                     int threads) {
  const Problem p{grids, sides, scales, means, inverse_bound, N};
  with_channels(C, [&](auto channels) {
    backward_grids(p, channels, samples, gradient, grid_gradients, threads);
    if (means_gradient) backward_means(p, channels, samples, gradient, means_gradient, threads);
  });
}

}  // extern "C"
