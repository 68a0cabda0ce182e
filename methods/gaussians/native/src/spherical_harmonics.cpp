// Colours from spherical harmonics of degree 0 to 3, and their gradients.
//
// Real basis in the order and sign of gsplat 1.5.3 (csrc/SphericalHarmonicsCUDA.cu), after
// P.-P. Sloan, "Efficient Spherical Harmonic Evaluation", JCGT 2013. The basis is evaluated
// for `Float::kLanes` Gaussians at once; the product with the coefficients, which reads
// [N, K, 3] in its own order, goes Gaussian by Gaussian.
#include "simd.h"
#include "stages.h"
#include "threads.h"

namespace splat {
namespace {

constexpr int kMaxBases = 16;

struct Directions {
  alignas(64) float offset[3][Float::kLanes];  // centre of the Gaussian minus the camera's
};

struct Basis {
  alignas(64) float value[kMaxBases][Float::kLanes];
  alignas(64) float dx[kMaxBases][Float::kLanes];
  alignas(64) float dy[kMaxBases][Float::kLanes];
  alignas(64) float dz[kMaxBases][Float::kLanes];
};

SPLAT_INLINE void set(float* target, Float value) { value.store(target); }

// Values, and with GRADIENT the partial derivatives by the unit direction.
template <bool GRADIENT>
SPLAT_INLINE void evaluate(int degree, Float x, Float y, Float z, Basis& out) {
  const auto gradient = [&](int k, Float dx, Float dy, Float dz) {
    if (!GRADIENT) return;
    set(out.dx[k], dx), set(out.dy[k], dy), set(out.dz[k], dz);
  };
  const Float zero = 0.0f;
  set(out.value[0], 0.2820947917738781f);
  gradient(0, zero, zero, zero);
  if (degree < 1) return;

  const Float a = 0.48860251190292f;
  set(out.value[1], zero - a * y), gradient(1, zero, zero - a, zero);
  set(out.value[2], a * z), gradient(2, zero, zero, a);
  set(out.value[3], zero - a * x), gradient(3, zero - a, zero, zero);
  if (degree < 2) return;

  const Float b = 1.092548430592079f, c = 0.9461746957575601f, d = 0.5462742152960395f;
  const Float c0 = 0.3153915652525201f, two = 2.0f;
  const Float xy2 = two * x * y, x2_y2 = x * x - y * y, zz = z * z;
  set(out.value[4], d * xy2), gradient(4, two * d * y, two * d * x, zero);
  set(out.value[5], zero - b * y * z), gradient(5, zero, zero - b * z, zero - b * y);
  set(out.value[6], c * zz - c0), gradient(6, zero, zero, two * c * z);
  set(out.value[7], zero - b * x * z), gradient(7, zero - b * z, zero, zero - b * x);
  set(out.value[8], d * x2_y2), gradient(8, two * d * x, zero - two * d * y, zero);
  if (degree < 3) return;

  const Float e = 0.5900435899266435f, f = 1.445305721320277f, h = 2.285228997322329f;
  const Float h0 = 0.4570457994644658f, i = 1.865881662950577f, i0 = 1.119528997770346f;
  const Float three = 3.0f;
  const Float m = h0 - h * zz;  // of the bases that go as x or y
  set(out.value[9], zero - e * (x * xy2 + y * x2_y2));
  gradient(9, zero - three * e * xy2, zero - three * e * x2_y2, zero);
  set(out.value[10], f * z * xy2), gradient(10, two * f * y * z, two * f * x * z, f * xy2);
  set(out.value[11], m * y), gradient(11, zero, m, zero - two * h * y * z);
  set(out.value[12], z * (i * zz - i0)), gradient(12, zero, zero, three * i * zz - i0);
  set(out.value[13], m * x), gradient(13, m, zero, zero - two * h * x * z);
  set(out.value[14], f * z * x2_y2);
  gradient(14, two * f * x * z, zero - two * f * y * z, f * x2_y2);
  set(out.value[15], zero - e * (x * x2_y2 - y * xy2));
  gradient(15, zero - three * e * x2_y2, three * e * xy2, zero);
}

struct Unit {
  Float x, y, z, inverse_length;
};

SPLAT_INLINE Unit load_directions(const Harmonics& in, int64_t first, int count) {
  Directions directions;
  for (int lane = 0; lane < Float::kLanes; lane++) {
    const int64_t g = first + (lane < count ? lane : count - 1);
    for (int i = 0; i < 3; i++)
      directions.offset[i][lane] = in.means[3 * g + i] - in.centre[i];
  }
  const Float x = Float::load(directions.offset[0]), y = Float::load(directions.offset[1]),
              z = Float::load(directions.offset[2]);
  const Float inverse = Float(1.0f) / sqrt(fma(x, x, fma(y, y, z * z)));
  return {x * inverse, y * inverse, z * inverse, inverse};
}

SPLAT_INLINE bool seen(const Harmonics& in, int64_t g) {
  return in.radii[2 * g] > 0 && in.radii[2 * g + 1] > 0;
}

}  // namespace

void harmonics_forward(const Harmonics& in, float* colors, int threads) {
  const int64_t n = in.count, lanes = Float::kLanes, blocks = (n + lanes - 1) / lanes;
  const int used = (in.degree + 1) * (in.degree + 1);
#pragma omp parallel for schedule(static) num_threads(threads)
  for (int64_t b = 0; b < blocks; b++) {
    const int64_t first = b * lanes;
    const int count = static_cast<int>(n - first < lanes ? n - first : lanes);
    Basis basis;
    const Unit u = load_directions(in, first, count);
    evaluate<false>(in.degree, u.x, u.y, u.z, basis);
    for (int lane = 0; lane < count; lane++) {
      const int64_t g = first + lane;
      const float* coefficient = in.coefficients + g * in.bases * 3;
      float red = 0.0f, green = 0.0f, blue = 0.0f;
      if (seen(in, g)) {
        for (int k = 0; k < used; k++) {
          red += basis.value[k][lane] * coefficient[3 * k];
          green += basis.value[k][lane] * coefficient[3 * k + 1];
          blue += basis.value[k][lane] * coefficient[3 * k + 2];
        }
      }
      colors[3 * g] = red;
      colors[3 * g + 1] = green;
      colors[3 * g + 2] = blue;
    }
  }
}

void harmonics_backward(const Harmonics& in, const float* v_colors, float* v_means,
                        float* v_coefficients, int threads) {
  const int64_t n = in.count, lanes = Float::kLanes, blocks = (n + lanes - 1) / lanes;
  const int used = (in.degree + 1) * (in.degree + 1);
#pragma omp parallel for schedule(static) num_threads(threads)
  for (int64_t b = 0; b < blocks; b++) {
    const int64_t first = b * lanes;
    const int count = static_cast<int>(n - first < lanes ? n - first : lanes);
    Basis basis;
    const Unit u = load_directions(in, first, count);
    evaluate<true>(in.degree, u.x, u.y, u.z, basis);
    alignas(64) float v_unit[3][Float::kLanes] = {};
    for (int lane = 0; lane < count; lane++) {
      const int64_t g = first + lane;
      if (!seen(in, g)) continue;
      const float* coefficient = in.coefficients + g * in.bases * 3;
      const float* v = v_colors + 3 * g;
      for (int k = 0; k < used; k++) {
        float product = 0.0f;
        for (int i = 0; i < 3; i++) {
          v_coefficients[(g * in.bases + k) * 3 + i] += basis.value[k][lane] * v[i];
          product += coefficient[3 * k + i] * v[i];
        }
        v_unit[0][lane] += basis.dx[k][lane] * product;
        v_unit[1][lane] += basis.dy[k][lane] * product;
        v_unit[2][lane] += basis.dz[k][lane] * product;
      }
    }
    if (in.degree == 0) continue;
    // Through the normalisation: only what is across the direction remains.
    const Float vx = Float::load(v_unit[0]), vy = Float::load(v_unit[1]),
                vz = Float::load(v_unit[2]);
    const Float along = vx * u.x + vy * u.y + vz * u.z;
    set(v_unit[0], (vx - along * u.x) * u.inverse_length);
    set(v_unit[1], (vy - along * u.y) * u.inverse_length);
    set(v_unit[2], (vz - along * u.z) * u.inverse_length);
    for (int lane = 0; lane < count; lane++)
      if (seen(in, first + lane))
        for (int i = 0; i < 3; i++) v_means[3 * (first + lane) + i] += v_unit[i][lane];
  }
}

}  // namespace splat
