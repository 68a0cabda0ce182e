// The stages of a frame, in the order in which they run. `c_abi.cpp` strings them together.
//
// All arrays are float32, contiguous, and belong to the caller; N Gaussians, D channels.
#pragma once

#include <cstdint>

#include "frame.h"
#include "geometry.h"

namespace splat {

struct Gaussians {
  int64_t count;           // N
  const float* means;      // [N, 3]
  const float* quats;      // [N, 4] wxyz, any length
  const float* scales;     // [N, 3]
  const float* opacities;  // [N]
};

struct Projection {
  int32_t* radii;          // [N, 2], zero when culled
  float* means2d;          // [N, 2]
  float* depths;           // [N]
  float* conics;           // [N, 3]
  float* compensations;    // [N], or null unless antialiased
};

// Null where a gradient is absent (inputs) or unwanted (v_viewmat).
struct ProjectionGradients {
  const float* v_means2d;
  const float* v_depths;
  const float* v_conics;
  const float* v_compensations;
  float* v_means;          // added to
  float* v_quats;
  float* v_scales;
  double* v_viewmat;       // [3, 4]
};

// False when an input is not a finite number.
bool project_forward(const Camera&, const Gaussians&, const Projection&, Frame&, int threads);
void project_backward(const Camera&, const Gaussians&, const Projection&,
                      const ProjectionGradients&, int threads);

struct Harmonics {
  int64_t count;         // N
  int64_t bases;         // K, of which (degree + 1)^2 are used
  int32_t degree;        // 0..3
  const float* means;    // [N, 3]
  const float* centre;   // [3], the camera's
  const float* coefficients;  // [N, K, 3]
  const int32_t* radii;  // [N, 2]: culled Gaussians are left out
};

void harmonics_forward(const Harmonics&, float* colors, int threads);
// Adds to v_means and v_coefficients.
void harmonics_backward(const Harmonics&, const float* v_colors, float* v_means,
                        float* v_coefficients, int threads);

// False when the lists would not fit 31 bits.
bool bin(Frame&, const float* depths /* [N] */, int threads);

struct Image {
  const float* colors;      // [N, D'], without depth; null when there are none
  const float* depths;      // [N]
  int32_t color_channels;   // D'
  int32_t with_depth;       // depth is the last channel: D = D' + 1
  const float* background;  // [D], or null
  float* pixels;            // [H, W, D]
  float* alphas;            // [H, W]
  int32_t keep;             // for a backward pass
};

// False when a channel of a visible Gaussian is not a finite number.
bool render_forward(Frame&, const Image&, int threads);

struct ImageGradients {
  const float* v_pixels;    // [H, W, D]
  const float* v_alphas;    // [H, W], or null
  const float* background;  // [D], or null
  const float* conics;      // [N, 3]
  float* v_means2d;         // [N, 2]; these are written, not added to
  float* v_means2d_abs;     // [N, 2], or null
  float* v_conics;          // [N, 3]
  float* v_opacities;       // [N]
  float* v_colors;          // [N, D'], or null
  float* v_depths;          // [N], or null
  int32_t color_channels;
};

void render_backward(Frame&, const ImageGradients&, int threads);

}  // namespace splat
