// The fusion of one block of kLanes Gaussians, forward and backward; see fusion.cpp.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <vector>

#include "fusion_linalg.h"

namespace fusion {

constexpr float kLogVarianceBound = 8.0f;
constexpr float kJitter = 1e-6f;
constexpr float kFractionLeft = 1e-4f;  // FRACTION_LEFT of precision.py

struct Sizes {
  int V, T, D;
  int T4, D4;  // padded to whole tiles
  int64_t N;

  Sizes(int views, int members, int latent, int64_t gaussians)
      : V(views), T(members), D(latent), T4(padded(members)), D4(padded(latent)), N(gaussians) {}

  int rows() const { return T * 2 * D; }
  int64_t blocks() const { return (N + kLanes - 1) / kLanes; }
  int inner_size() const { return T * (T + 1) / 2; }
  // What the backward needs of a block: the factors of P and of every view's K.
  int64_t state_size() const { return factor_size(D4) + V * inner_size(); }
};

struct Free {
  void operator()(void* pointer) const { std::free(pointer); }
};

// One thread's working memory, in Vecs. It stays in the second-level cache.
struct Scratch {
  std::unique_ptr<void, Free> memory;
  std::vector<const float*> views;
  Vec *A, *slopes, *mean, *y, *W, *factor, *inner, *diagonal, *sum, *h, *fused, *u, *w, *small;
  Vec *tail_in, *tail_out;

  explicit Scratch(const Sizes& s) {
    const int64_t view = int64_t(s.T4) * s.D4, tail = std::max(s.rows(), s.D);
    const int64_t total = view * 2 + s.D4 * 9 + int64_t(s.V) * s.T * s.D4 + factor_size(s.D4) +
                          s.V * s.inner_size() + 2 * s.T4 + tail * (s.V + 1);
    memory.reset(std::aligned_alloc(64, (total * sizeof(Vec) + 63) / 64 * 64));
    if (!memory) return;
    std::memset(memory.get(), 0, total * sizeof(Vec));
    Vec* next = static_cast<Vec*>(memory.get());
    const auto take = [&](int64_t count) { return (next += count) - count; };
    A = take(view), slopes = take(view);
    mean = take(s.D4), y = take(s.D4), diagonal = take(s.D4), sum = take(s.D4), h = take(s.D4);
    fused = take(s.D4), u = take(s.D4), w = take(s.D4 * 2);
    W = take(int64_t(s.V) * s.T * s.D4), factor = take(factor_size(s.D4));
    inner = take(s.V * s.inner_size()), small = take(2 * s.T4);
    tail_in = take(tail * s.V), tail_out = take(tail);
    views.resize(s.V);
  }
};

// Read one view of a block: A [T4, D4] (centred members / sqrt(T-1)), mean [D4], and
// y = 1 / variance [D4]. With `slopes`, also d variance_t / d logvar_t [T, D4]. Padded
// channels get A = 0, mean = 0, y = 1: they are decoupled from the others.
template <bool with_slopes>
void read_view(const Sizes& s, const float* view, int64_t stride, Scratch& scratch) {
  const float per_member = 1.0f / s.T, spread = 1.0f / __builtin_sqrtf(s.T - 1.0f);
  for (int d = 0; d < s.D; ++d) {
    Vec mean = {}, variance = {};
    for (int t = 0; t < s.T; ++t) {
      const float* row = view + (t * 2 * s.D + d) * stride;
      const float* log_row = row + s.D * stride;
      // Rows lie far apart, which no hardware prefetcher follows: ask for the next block.
      __builtin_prefetch(row + kLanes);
      __builtin_prefetch(log_row + kLanes);
      const Vec member = load(row), log_variance = load(log_row);
      const Vec exponent = exponential(clamp(log_variance, kLogVarianceBound));
      scratch.A[t * s.D4 + d] = member;
      mean += member;
      variance += exponent;
      if (with_slopes) {
        const auto inside =
            (log_variance >= -kLogVarianceBound) & (log_variance <= kLogVarianceBound);
        scratch.slopes[t * s.D4 + d] = inside ? exponent : Vec{};
      }
    }
    mean *= per_member;
    for (int t = 0; t < s.T; ++t)
      scratch.A[t * s.D4 + d] = (scratch.A[t * s.D4 + d] - mean) * spread;
    scratch.mean[d] = mean;
    scratch.y[d] = 1.0f / (variance * per_member + kJitter);
  }
  for (int d = s.D; d < s.D4; ++d) {
    scratch.mean[d] = Vec{}, scratch.y[d] = broadcast(1.0f);
    // Again for each view: a NaN of the block before would have stayed here as 0 * NaN.
    for (int t = 0; t < s.T; ++t) scratch.A[t * s.D4 + d] = Vec{};
  }
}

// Cholesky factor of K = I + B B^T, B [T4, D4]; packed rows, inverse diagonal.
// B B^T is positive semi-definite, so in exact arithmetic every pivot is >= 1: raising one to 1
// mends rounding and nothing else. `left` is as in factorise, without the last pivot: the rows
// of B sum to zero, and what that pivot gets wrong vanishes in B^T K^-1 B.
inline void factorise_inner(const Sizes& s, const Vec* B, Vec* factor, Vec& left) {
  for (int t = 0; t < s.T; ++t) {
    Vec* row = factor + t * (t + 1) / 2;
    for (int first = 0; first <= t; first += kTile) {
      // Four sums at once hide the latency of one.
      Vec sum[kTile] = {};
      for (int d = 0; d < s.D4; ++d)
        for (int j = 0; j < kTile; ++j) sum[j] += B[t * s.D4 + d] * B[(first + j) * s.D4 + d];
      for (int j = 0; j < kTile && first + j <= t; ++j) row[first + j] = sum[j];
    }
    row[t] += 1.0f;
    const Vec scale = row[t], floor = at_least(scale * kRounding, broadcast(1.0f));
    for (int j = 0; j <= t; ++j) {
      const Vec* other = factor + j * (j + 1) / 2;
      Vec value = row[j];
      for (int k = 0; k < j; ++k) value -= row[k] * other[k];
      if (j < t) {
        row[j] = value * other[j];
        continue;
      }
      if (t + 1 < s.T) left = smaller(value / scale, left);
      row[t] = 1.0f / square_root(at_least(value, floor));
    }
  }
}

// x [T] = K^-1 x.
inline void solve_inner(int T, const Vec* factor, Vec* x) {
  for (int t = 0; t < T; ++t) {
    const Vec* row = factor + t * (t + 1) / 2;
    for (int k = 0; k < t; ++k) x[t] -= row[k] * x[k];
    x[t] *= row[t];
  }
  for (int t = T - 1; t >= 0; --t) {
    const Vec* row = factor + t * (t + 1) / 2;
    x[t] *= row[t];
    for (int k = 0; k < t; ++k) x[k] -= row[k] * x[t];
  }
}

// Turn B = A sqrt(y) into L^-1 A y, the root of what S^-1 lacks to diag(y), and put it into
// the panels of W, rows first_row ... first_row + T.
inline void half_solve(const Sizes& s, const Vec* inner, const Vec* root_y, Vec* B, Vec* W,
                       int first_row) {
  const int rows = s.V * s.T;
  for (int I = 0; I < s.D4 / kTile; ++I) {
    Vec* panel = W + (I * rows + first_row) * kTile;
    const Vec* scale = root_y + I * kTile;
    for (int t = 0; t < s.T; ++t) {
      const Vec* row = inner + t * (t + 1) / 2;
      Vec* own = B + t * s.D4 + I * kTile;
      Vec sum[kTile] = {own[0], own[1], own[2], own[3]};
      for (int k = 0; k < t; ++k)
        for (int i = 0; i < kTile; ++i) sum[i] -= row[k] * B[k * s.D4 + I * kTile + i];
      for (int i = 0; i < kTile; ++i) {
        own[i] = sum[i] * row[t];
        panel[t * kTile + i] = own[i] * scale[i];
      }
    }
  }
}

// Zero the factors of lanes whose pivots lost too many digits, so that their value and their
// gradient are 0 and never NaN; the caller fuses these Gaussians in double precision.
inline bool refuse(const Sizes& s, Vec* factor, Vec* inner, Vec& left) {
  const auto lost = left < broadcast(kFractionLeft);
  bool any = false;
  for (int lane = 0; lane < kLanes; ++lane) any |= lost[lane] != 0;
  if (!any) return false;
  left = lost ? Vec{} : left;
  for (int i = 0; i < factor_size(s.D4); ++i) factor[i] = lost ? Vec{} : factor[i];
  for (int i = 0; i < s.V * s.inner_size(); ++i) inner[i] = lost ? Vec{} : inner[i];
  return true;
}

inline void forward_block(const Sizes& s, const float* const* views, int64_t stride,
                          Scratch& scratch, Vec* factor, Vec* inner, float* fused,
                          int64_t fused_stride, Vec& left) {
  left = broadcast(1.0f);
  Vec *diagonal = scratch.diagonal, *sum = scratch.sum, *root_y = scratch.u;
  std::fill_n(diagonal, s.D4, Vec{});
  std::fill_n(sum, s.D4, Vec{});
  const int rows = s.V * s.T;
  for (int v = 0; v < s.V; ++v) {
    read_view<false>(s, views[v], stride, scratch);
    for (int d = 0; d < s.D4; ++d) {
      diagonal[d] += scratch.y[d];
      sum[d] += scratch.y[d] * scratch.mean[d];
      root_y[d] = square_root(scratch.y[d]);
    }
    for (int t = 0; t < s.T; ++t)
      for (int d = 0; d < s.D; ++d) scratch.A[t * s.D4 + d] *= root_y[d];
    factorise_inner(s, scratch.A, inner + v * s.inner_size(), left);
    half_solve(s, inner + v * s.inner_size(), root_y, scratch.A, scratch.W, v * s.T);
    // sum += S^-1 mean; its part y * mean is in already.
    Vec* projected = scratch.small;
    std::fill_n(projected, s.T, Vec{});
    for (int I = 0; I < s.D4 / kTile; ++I) {
      const Vec* panel = scratch.W + (I * rows + v * s.T) * kTile;
      for (int t = 0; t < s.T; ++t)
        for (int i = 0; i < kTile; ++i)
          projected[t] += panel[t * kTile + i] * scratch.mean[I * kTile + i];
    }
    for (int I = 0; I < s.D4 / kTile; ++I) {
      const Vec* panel = scratch.W + (I * rows + v * s.T) * kTile;
      for (int t = 0; t < s.T; ++t)
        for (int i = 0; i < kTile; ++i)
          sum[I * kTile + i] -= panel[t * kTile + i] * projected[t];
    }
  }
  factorise(diagonal, scratch.W, rows, s.D4, factor, left);
  if (refuse(s, factor, inner, left))
    for (int d = 0; d < s.D4; ++d) sum[d] = left == 0.0f ? Vec{} : sum[d];
  solve(factor, s.D4, sum);
  for (int d = 0; d < s.D; ++d) store(fused + d * fused_stride, sum[d]);
}

// x = S^-1 x [D4] and inner_x = A S^-1 x [T] of the view last read.
inline void solve_view(const Sizes& s, const Scratch& scratch, const Vec* inner, Vec* x,
                       Vec* inner_x) {
  for (int d = 0; d < s.D4; ++d) x[d] *= scratch.y[d];
  for (int t = 0; t < s.T; ++t) {
    Vec sums[kTile] = {};
    for (int d = 0; d < s.D4; d += kTile)
      for (int i = 0; i < kTile; ++i) sums[i] += scratch.A[t * s.D4 + d + i] * x[d + i];
    inner_x[t] = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  }
  solve_inner(s.T, inner, inner_x);
  for (int d = 0; d < s.D4; d += kTile) {
    Vec sums[kTile] = {};
    for (int t = 0; t < s.T; ++t)
      for (int i = 0; i < kTile; ++i) sums[i] += scratch.A[t * s.D4 + d + i] * inner_x[t];
    for (int i = 0; i < kTile; ++i) x[d + i] -= scratch.y[d + i] * sums[i];
  }
}

inline void backward_view(const Sizes& s, const float* view, int64_t stride, Scratch& scratch,
                          const Vec* inner, float* gradient) {
  read_view<true>(s, view, stride, scratch);
  Vec *u = scratch.u, *w = scratch.w, *a = scratch.small, *b = scratch.small + s.T4;
  for (int d = 0; d < s.D4; ++d) u[d] = scratch.h[d], w[d] = scratch.mean[d] - scratch.fused[d];
  solve_view(s, scratch, inner, u, a);
  solve_view(s, scratch, inner, w, b);
  const float spread = -1.0f / __builtin_sqrtf(s.T - 1.0f), per_member = 1.0f / s.T;
  for (int t = 0; t < s.T; ++t) {
    const Vec a_t = a[t] * spread, b_t = b[t] * spread;
    float* row = gradient + int64_t(t) * 2 * s.D * stride;
    float* log_row = row + s.D * stride;
    for (int d = 0; d < s.D; ++d) {
      store(row + d * stride, a_t * w[d] + b_t * u[d] + u[d] * per_member);
      store(log_row + d * stride, u[d] * w[d] * scratch.slopes[t * s.D4 + d] * -per_member);
    }
  }
}

}  // namespace fusion
