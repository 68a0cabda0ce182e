// Precision-weighted fusion of ensembles in low-rank form, forward and analytic backward.
//
// The algebra and its names (y, A, K, u, w, a, b) are those of
// methods/ua3dtalk/field/precision.py, which is also the float64 oracle.
//
// A view is a contiguous tensor [T, 2*D, N]: row t * 2*D + c holds channel c of member t for
// all Gaussians, means first, then log-variances. A block of kLanes neighbouring Gaussians
// is one Vec of each row. Blocks are independent and nothing is summed across Gaussians, so
// results are the same bit for bit whatever the number of threads.

#include "fusion_block.h"

namespace fusion {
namespace {

// Copy `rows` rows of `count` < kLanes Gaussians beside each other into whole Vecs.
void pack(const float* from, int64_t stride, int rows, int count, Vec* to) {
  for (int row = 0; row < rows; ++row) {
    to[row] = Vec{};
    std::memcpy(static_cast<void*>(to + row), from + row * stride, count * sizeof(float));
  }
}

void unpack(const Vec* from, int rows, int count, float* to, int64_t stride) {
  for (int row = 0; row < rows; ++row)
    std::memcpy(to + row * stride, static_cast<const void*>(from + row), count * sizeof(float));
}

// Runs `body(block, first Gaussian, count, scratch)` for every block; false without memory.
template <typename Body>
bool for_each_block(const Sizes& s, int threads, const Body& body) {
  bool enough_memory = true;
#pragma omp parallel num_threads(threads)
  {
    Scratch scratch(s);
    if (!scratch.memory) {
#pragma omp atomic write
      enough_memory = false;
    }
#pragma omp barrier
    if (enough_memory) {
#pragma omp for schedule(static)
      for (int64_t block = 0; block < s.blocks(); ++block) {
        const int64_t first = block * kLanes;
        body(block, first, int(std::min<int64_t>(kLanes, s.N - first)), scratch);
      }
    }
  }
  return enough_memory;
}

}  // namespace
}  // namespace fusion

using namespace fusion;

extern "C" {

// Floats of the state that the forward leaves for the backward.
int64_t fusion_state_size(int V, int T, int D, int64_t N) {
  const Sizes s(V, T, D, N);
  return s.blocks() * s.state_size() * kLanes;
}

// fused [D, N] from V views [T, 2*D, N], T >= 2, and `left` [N]: the smallest part of a
// diagonal entry that cancellation left as a Cholesky pivot. Below kFractionLeft float32 cannot
// hold the Gaussian: `left`, its value and its gradient are then 0. `state` (64-byte aligned) may be null when
// no backward will follow. Returns 0, or 1 when memory is short.
int fusion_forward(const float* const* views, int V, int T, int D, int64_t N, float* fused,
                   float* left, float* state, int threads) {
  const Sizes s(V, T, D, N);
  const auto body = [&](int64_t block, int64_t first, int count, Scratch& scratch) {
    Vec *factor = scratch.factor, *inner = scratch.inner;
    if (state) {
      factor = reinterpret_cast<Vec*>(state) + block * s.state_size();
      inner = factor + factor_size(s.D4);
    }
    Vec block_left;
    const float** starts = scratch.views.data();
    for (int v = 0; v < V; ++v) starts[v] = views[v] + first;
    if (count == kLanes) {
      forward_block(s, starts, N, scratch, factor, inner, fused + first, N, block_left);
      store(left + first, block_left);
      return;
    }
    for (int v = 0; v < V; ++v) {
      Vec* packed = scratch.tail_in + v * s.rows();
      pack(starts[v], N, s.rows(), count, packed);
      starts[v] = reinterpret_cast<float*>(packed);
    }
    float* out = reinterpret_cast<float*>(scratch.tail_out);
    forward_block(s, starts, kLanes, scratch, factor, inner, out, kLanes, block_left);
    std::memcpy(left + first, &block_left, count * sizeof(float));
    unpack(scratch.tail_out, s.D, count, fused + first, N);
  };
  return !for_each_block(s, threads, body);
}

// gradients[v] [T, 2*D, N] from dL/dfused [D, N] and what the forward took and left.
int fusion_backward(const float* const* views, int V, int T, int D, int64_t N, const float* fused,
                    const float* state, const float* gradient, float* const* gradients,
                    int threads) {
  const Sizes s(V, T, D, N);
  const auto body = [&](int64_t block, int64_t first, int count, Scratch& scratch) {
    const Vec* factor = reinterpret_cast<const Vec*>(state) + block * s.state_size();
    const Vec* inner = factor + factor_size(s.D4);
    pack(gradient + first, N, D, count, scratch.h);
    pack(fused + first, N, D, count, scratch.fused);
    for (int d = D; d < s.D4; ++d) scratch.h[d] = scratch.fused[d] = Vec{};
    solve(factor, s.D4, scratch.h);
    for (int v = 0; v < V; ++v) {
      const Vec* inner_factor = inner + v * s.inner_size();
      if (count == kLanes) {
        backward_view(s, views[v] + first, N, scratch, inner_factor, gradients[v] + first);
        continue;
      }
      pack(views[v] + first, N, s.rows(), count, scratch.tail_in);
      backward_view(s, reinterpret_cast<float*>(scratch.tail_in), kLanes, scratch, inner_factor,
                    reinterpret_cast<float*>(scratch.tail_out));
      unpack(scratch.tail_out, s.rows(), count, gradients[v] + first, N);
    }
  };
  return !for_each_block(s, threads, body);
}

}  // extern "C"
