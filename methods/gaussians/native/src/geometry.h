// The chain from a Gaussian in the world to its ellipse in the image, `Float::kLanes`
// Gaussians at a time. Forward and backward projection both start from it.
//
// Semantics: gsplat 1.5.3, cuda/include/Utils.cuh (quat_to_rotmat, persp_proj, add_blur).
#pragma once

#include "simd.h"

namespace splat {

struct Camera {
  float rotation[9];     // world to camera, row-major
  float translation[3];
  float fx, fy, cx, cy;  // pixels
  int width, height;
  float near_plane, far_plane, radius_clip;
  float eps2d;           // pixels^2, added to the ellipse's diagonal
  bool antialiased;
  // Bounds of x/z and y/z for the Jacobian alone: far outside the image the linearisation
  // of the projection explodes. They follow the principal point.
  float right, left, bottom, top;
};

// Inputs of one block, already one array per component.
struct Block {
  alignas(64) float mean[3][Float::kLanes];
  alignas(64) float quat[4][Float::kLanes];
  alignas(64) float scale[3][Float::kLanes];

  // Gaussians past the end repeat the last one; their results are never stored.
  SPLAT_MEMBER void load(int64_t first, int count, const float* means, const float* quats,
                         const float* scales) {
    for (int lane = 0; lane < Float::kLanes; lane++) {
      const int64_t g = first + (lane < count ? lane : count - 1);
      for (int i = 0; i < 3; i++) mean[i][lane] = means[3 * g + i];
      for (int i = 0; i < 4; i++) quat[i][lane] = quats[4 * g + i];
      for (int i = 0; i < 3; i++) scale[i][lane] = scales[3 * g + i];
    }
  }
};

struct Geometry {
  Float x, y, depth;              // centre in camera space
  Float z, inverse_z;             // depth, or 1 where it is outside the planes
  Float qw, qx, qy, qz, inverse_norm;
  Float rotation[9];              // of the Gaussian
  Float slope_x, slope_y;         // x/z and y/z
  Float clamped_x, clamped_y;     // z times the clamped slopes
  Float j00, j02, j11, j12;       // Jacobian of the projection
  Float p[3], q[3];               // its two rows times the camera's rotation
  Float m[9];                     // rotation times scale
  Float u[3], v[3];               // rows of L, with covariance in the image L L^T
  Mask in_range;                  // between the near and the far plane
};

SPLAT_INLINE Geometry project_geometry(const Camera& camera, const Block& block) {
  const float* R = camera.rotation;
  const Float mx = Float::load(block.mean[0]), my = Float::load(block.mean[1]),
              mz = Float::load(block.mean[2]);
  Geometry g;
  g.x = fma(R[0], mx, fma(R[1], my, fma(R[2], mz, camera.translation[0])));
  g.y = fma(R[3], mx, fma(R[4], my, fma(R[5], mz, camera.translation[1])));
  g.depth = fma(R[6], mx, fma(R[7], my, fma(R[8], mz, camera.translation[2])));
  g.in_range = both(g.depth >= camera.near_plane, g.depth <= camera.far_plane);
  g.z = select(g.in_range, g.depth, 1.0f);
  g.inverse_z = Float(1.0f) / g.z;

  const Float w = Float::load(block.quat[0]), x = Float::load(block.quat[1]),
              y = Float::load(block.quat[2]), z = Float::load(block.quat[3]);
  g.inverse_norm = Float(1.0f) / sqrt(fma(w, w, fma(x, x, fma(y, y, z * z))));
  g.qw = w * g.inverse_norm;
  g.qx = x * g.inverse_norm;
  g.qy = y * g.inverse_norm;
  g.qz = z * g.inverse_norm;
  const Float x2 = g.qx + g.qx, y2 = g.qy + g.qy, z2 = g.qz + g.qz, one = 1.0f;
  const Float xx = x2 * g.qx, yy = y2 * g.qy, zz = z2 * g.qz;
  const Float xy = x2 * g.qy, xz = x2 * g.qz, yz = y2 * g.qz;
  const Float wx = x2 * g.qw, wy = y2 * g.qw, wz = z2 * g.qw;
  g.rotation[0] = one - (yy + zz), g.rotation[1] = xy - wz, g.rotation[2] = xz + wy;
  g.rotation[3] = xy + wz, g.rotation[4] = one - (xx + zz), g.rotation[5] = yz - wx;
  g.rotation[6] = xz - wy, g.rotation[7] = yz + wx, g.rotation[8] = one - (xx + yy);
  for (int row = 0; row < 3; row++)
    for (int i = 0; i < 3; i++)
      g.m[3 * row + i] = g.rotation[3 * row + i] * Float::load(block.scale[i]);

  g.slope_x = g.x * g.inverse_z;
  g.slope_y = g.y * g.inverse_z;
  g.clamped_x = g.z * min(camera.right, max(camera.left, g.slope_x));
  g.clamped_y = g.z * min(camera.bottom, max(camera.top, g.slope_y));
  g.j00 = Float(camera.fx) * g.inverse_z;
  g.j11 = Float(camera.fy) * g.inverse_z;
  g.j02 = Float(0.0f) - g.j00 * g.clamped_x * g.inverse_z;
  g.j12 = Float(0.0f) - g.j11 * g.clamped_y * g.inverse_z;
  for (int i = 0; i < 3; i++) {
    g.p[i] = fma(g.j00, R[i], g.j02 * R[6 + i]);
    g.q[i] = fma(g.j11, R[3 + i], g.j12 * R[6 + i]);
  }
  for (int i = 0; i < 3; i++) {
    g.u[i] = fma(g.p[0], g.m[i], fma(g.p[1], g.m[3 + i], g.p[2] * g.m[6 + i]));
    g.v[i] = fma(g.q[0], g.m[i], fma(g.q[1], g.m[3 + i], g.q[2] * g.m[6 + i]));
  }
  return g;
}

SPLAT_INLINE Float dot3(const Float* a, const Float* b) {
  return fma(a[0], b[0], fma(a[1], b[1], a[2] * b[2]));
}

}  // namespace splat
