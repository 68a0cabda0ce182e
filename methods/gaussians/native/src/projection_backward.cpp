// Stage 1, backward: gradients of means, quaternions and scales from those of the ellipses.
//
// With L = J R_camera R_gaussian S the covariance in the image is L L^T, so that one pair of
// 2x3 products replaces the 3x3 covariance of the textbook form.
// Semantics: gsplat 1.5.3, csrc/ProjectionEWA3DGSFused.cu and cuda/include/Utils.cuh.
#include <vector>

#include "stages.h"
#include "threads.h"

namespace splat {
namespace {

struct Incoming {
  alignas(64) float mean2d[2][Float::kLanes], depth[Float::kLanes], conic[3][Float::kLanes];
  alignas(64) float v_conic[3][Float::kLanes], compensation[Float::kLanes];
  alignas(64) float v_compensation[Float::kLanes];
  alignas(64) int32_t seen[Float::kLanes];
};

struct Outgoing {
  alignas(64) float mean[3][Float::kLanes], quat[4][Float::kLanes], scale[3][Float::kLanes];
};

SPLAT_INLINE void gather(const Projection& p, const ProjectionGradients& grads, int64_t first,
                         int count, Incoming& in) {
  for (int lane = 0; lane < Float::kLanes; lane++) {
    const int64_t g = first + lane;
    const bool seen = lane < count && p.radii[2 * g] > 0;
    in.seen[lane] = seen ? 1 : 0;
    for (int i = 0; i < 2; i++)
      in.mean2d[i][lane] = seen && grads.v_means2d ? grads.v_means2d[2 * g + i] : 0.0f;
    in.depth[lane] = seen && grads.v_depths ? grads.v_depths[g] : 0.0f;
    for (int i = 0; i < 3; i++) {
      in.conic[i][lane] = seen ? p.conics[3 * g + i] : 0.0f;
      in.v_conic[i][lane] = seen && grads.v_conics ? grads.v_conics[3 * g + i] : 0.0f;
    }
    const bool compensated = seen && grads.v_compensations;
    in.compensation[lane] = compensated ? p.compensations[g] : 1.0f;
    in.v_compensation[lane] = compensated ? grads.v_compensations[g] : 0.0f;
  }
}

// Gradient of the 3x3 matrix M = R_gaussian S, row-major, to the raw quaternion.
SPLAT_INLINE void quaternion_gradient(const Geometry& g, const Float* e, Float* v_quat) {
  const Float two = 2.0f, zero = 0.0f;
  const Float w = g.qw, x = g.qx, y = g.qy, z = g.qz;
  const Float e_wx = e[7] - e[5], e_wy = e[2] - e[6], e_wz = e[3] - e[1];
  const Float e_xy = e[3] + e[1], e_xz = e[6] + e[2], e_yz = e[7] + e[5];
  const Float nw = two * (x * e_wx + y * e_wy + z * e_wz);
  const Float nx = two * (y * e_xy + z * e_xz + w * e_wx - two * x * (e[4] + e[8]));
  const Float ny = two * (x * e_xy + z * e_yz + w * e_wy - two * y * (e[0] + e[8]));
  const Float nz = two * (x * e_xz + y * e_yz + w * e_wz - two * z * (e[0] + e[4]));
  // Normalisation removes the part along the quaternion.
  const Float along = zero - (nw * w + nx * x + ny * y + nz * z);
  v_quat[0] = fma(along, w, nw) * g.inverse_norm;
  v_quat[1] = fma(along, x, nx) * g.inverse_norm;
  v_quat[2] = fma(along, y, ny) * g.inverse_norm;
  v_quat[3] = fma(along, z, nz) * g.inverse_norm;
}

template <bool WITH_CAMERA>
SPLAT_INLINE void backward_block(const Camera& camera, const Block& block, const Incoming& in,
                                 Outgoing& out, Float* v_view /* [3, 4] */) {
  const Geometry g = project_geometry(camera, block);
  const Float two = 2.0f, half = 0.5f, zero = 0.0f;
  const float* R = camera.rotation;
  const Mask seen = Int::load(in.seen) >= Int(1);

  // Covariance from conic: -P vP P, with vP's off-diagonal shared between its two entries.
  const Float P0 = Float::load(in.conic[0]), P1 = Float::load(in.conic[1]),
              P2 = Float::load(in.conic[2]);
  const Float g0 = Float::load(in.v_conic[0]), g1 = half * Float::load(in.v_conic[1]),
              g2 = Float::load(in.v_conic[2]);
  const Float t00 = P0 * g0 + P1 * g1, t01 = P0 * g1 + P1 * g2;
  const Float t10 = P1 * g0 + P2 * g1, t11 = P1 * g1 + P2 * g2;
  Float G0 = zero - (t00 * P0 + t01 * P1), G1 = zero - (t00 * P1 + t01 * P2),
        G2 = zero - (t10 * P1 + t11 * P2);
  if (camera.antialiased) {
    // Covariance from compensation (add_blur_vjp): the 1e-6 is gsplat's guard against zero.
    const Float c = Float::load(in.compensation);
    const Float v_square = half * Float::load(in.v_compensation) / (c + 1e-6f);
    const Float rest = Float(1.0f) - c * c;
    const Float blur = Float(camera.eps2d) * (P0 * P2 - P1 * P1);
    G0 = fma(v_square, rest * P0 - blur, G0);
    G1 = fma(v_square, rest * P1, G1);
    G2 = fma(v_square, rest * P2 - blur, G2);
  }

  // L = [u; v] from its square, then the two factors of L: (p; q) = J R_camera, and M.
  Float vu[3], vv[3], vm[9], vp[3], vq[3];
  for (int i = 0; i < 3; i++) {
    vu[i] = two * (G0 * g.u[i] + G1 * g.v[i]);
    vv[i] = two * (G1 * g.u[i] + G2 * g.v[i]);
  }
  for (int row = 0; row < 3; row++) {
    for (int i = 0; i < 3; i++) vm[3 * row + i] = g.p[row] * vu[i] + g.q[row] * vv[i];
    vp[row] = dot3(vu, g.m + 3 * row);
    vq[row] = dot3(vv, g.m + 3 * row);
  }

  // Jacobian, then the centre in camera space.
  const Float vj00 = vp[0] * R[0] + vp[1] * R[1] + vp[2] * R[2];
  const Float vj02 = vp[0] * R[6] + vp[1] * R[7] + vp[2] * R[8];
  const Float vj11 = vq[0] * R[3] + vq[1] * R[4] + vq[2] * R[5];
  const Float vj12 = vq[0] * R[6] + vq[1] * R[7] + vq[2] * R[8];
  const Float rz = g.inverse_z, fx_z = g.j00, fy_z = g.j11;
  const Float fx_zz = fx_z * rz, fy_zz = fy_z * rz;
  const Float slide_x = fx_zz * vj02, slide_y = fy_zz * vj12;
  const Float v_x2d = Float::load(in.mean2d[0]), v_y2d = Float::load(in.mean2d[1]);
  const Mask free_x = both(g.slope_x <= camera.right, g.slope_x >= camera.left);
  const Mask free_y = both(g.slope_y <= camera.bottom, g.slope_y >= camera.top);
  const Float vx = fx_z * v_x2d - zero_unless(free_x, slide_x);
  const Float vy = fy_z * v_y2d - zero_unless(free_y, slide_y);
  const Float tilt_x = slide_x * g.clamped_x * rz, tilt_y = slide_y * g.clamped_y * rz;
  Float vz = Float::load(in.depth) - (fx_z * g.slope_x * v_x2d + fy_z * g.slope_y * v_y2d);
  vz = vz - fx_zz * vj00 - fy_zz * vj11;
  // d(-f t/z^2)/dz is 2 f t/z^3 where the slope is free, and f t/z^3 where it is clamped.
  vz = vz + select(free_x, tilt_x + tilt_x, tilt_x) + select(free_y, tilt_y + tilt_y, tilt_y);

  for (int i = 0; i < 3; i++)
    zero_unless(seen, vx * R[i] + vy * R[3 + i] + vz * R[6 + i]).store(out.mean[i]);
  Float e[9], v_quat[4];
  for (int i = 0; i < 3; i++) {
    const Float v_scale =
        g.rotation[i] * vm[i] + g.rotation[3 + i] * vm[3 + i] + g.rotation[6 + i] * vm[6 + i];
    zero_unless(seen, v_scale).store(out.scale[i]);
    const Float scale = Float::load(block.scale[i]);
    for (int row = 0; row < 3; row++) e[3 * row + i] = vm[3 * row + i] * scale;
  }
  quaternion_gradient(g, e, v_quat);
  for (int i = 0; i < 4; i++) zero_unless(seen, v_quat[i]).store(out.quat[i]);

  if (WITH_CAMERA) {
    const Float v_camera[3] = {vx, vy, vz};
    for (int row = 0; row < 3; row++) {
      for (int i = 0; i < 3; i++) {
        // Row 0 enters p, row 1 enters q, row 2 enters both; all three move the centre.
        Float v = v_camera[row] * Float::load(block.mean[i]);
        if (row == 0) v = fma(g.j00, vp[i], v);
        if (row == 1) v = fma(g.j11, vq[i], v);
        if (row == 2) v = fma(g.j02, vp[i], fma(g.j12, vq[i], v));
        v_view[4 * row + i] = v_view[4 * row + i] + zero_unless(seen, v);
      }
      v_view[4 * row + 3] = v_view[4 * row + 3] + zero_unless(seen, v_camera[row]);
    }
  }
}

template <bool WITH_CAMERA>
void run(const Camera& camera, const Gaussians& gaussians, const Projection& projection,
         const ProjectionGradients& grads, int threads) {
  const int64_t n = gaussians.count, lanes = Float::kLanes, blocks = (n + lanes - 1) / lanes;
  // One row per thread, added in order: the same sum every time for a given thread count.
  std::vector<double> partial(WITH_CAMERA ? 12 * static_cast<size_t>(threads) : 0, 0.0);
#pragma omp parallel num_threads(threads)
  {
    double* mine = WITH_CAMERA ? &partial[12 * omp_get_thread_num()] : nullptr;
#pragma omp for schedule(static)
    for (int64_t b = 0; b < blocks; b++) {
      const int64_t first = b * lanes;
      const int count = static_cast<int>(n - first < lanes ? n - first : lanes);
      Incoming in;
      gather(projection, grads, first, count, in);
      if (bits(Int::load(in.seen) >= Int(1)) == 0) continue;
      Block block;
      Outgoing out;
      Float v_view[12];
      for (int i = 0; i < 12; i++) v_view[i] = 0.0f;
      block.load(first, count, gaussians.means, gaussians.quats, gaussians.scales);
      backward_block<WITH_CAMERA>(camera, block, in, out, v_view);
      if (WITH_CAMERA)
        for (int i = 0; i < 12; i++) mine[i] += sum(v_view[i]);
      for (int lane = 0; lane < count; lane++) {
        const int64_t g = first + lane;
        for (int i = 0; i < 3; i++) grads.v_means[3 * g + i] += out.mean[i][lane];
        for (int i = 0; i < 4; i++) grads.v_quats[4 * g + i] += out.quat[i][lane];
        for (int i = 0; i < 3; i++) grads.v_scales[3 * g + i] += out.scale[i][lane];
      }
    }
  }
  if (WITH_CAMERA)
    for (int t = 0; t < threads; t++)
      for (int i = 0; i < 12; i++) grads.v_viewmat[i] += partial[12 * t + i];
}

}  // namespace

void project_backward(const Camera& camera, const Gaussians& gaussians,
                      const Projection& projection, const ProjectionGradients& grads,
                      int threads) {
  if (grads.v_viewmat)
    run<true>(camera, gaussians, projection, grads, threads);
  else
    run<false>(camera, gaussians, projection, grads, threads);
}

}  // namespace splat
