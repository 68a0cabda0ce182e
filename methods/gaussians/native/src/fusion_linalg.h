// Small dense algebra on SIMD lanes: every scalar of a textbook formula is a Vec.
//
// A matrix with D columns is kept in panels of kTile columns, [panel][row][kTile], so that
// the tile products below walk memory in order. D is a multiple of kTile (the caller pads).
// A lower Cholesky factor C [D, D] keeps panel I of C^T: rows (the columns of C) up to the
// diagonal only, kTile * (I + 1) of them. In place of its diagonal stand the inverses, which
// is what every solve needs.
#pragma once

#include "fusion_simd.h"

namespace fusion {

constexpr int kTile = 4;

// A pivot below this part (32 epsilons) of what it was subtracted from holds only rounding
// error. Raising it to that keeps the factor finite; in exact arithmetic it changes nothing.
constexpr float kRounding = 32 * 1.1920929e-7f;

inline int padded(int size) { return (size + kTile - 1) / kTile * kTile; }

// Vecs of a packed factor of order D.
inline int factor_size(int D) { return kTile * kTile * (D / kTile) * (D / kTile + 1) / 2; }

// Start of panel I of a packed factor.
inline int factor_panel(int I) { return kTile * kTile * I * (I + 1) / 2; }

struct Tile {
  Vec at[kTile][kTile];

  // Subtract sum_k left[k][i] * right[k][j]: the loop that most of the time goes to.
  void subtract_products(const Vec* left, const Vec* right, int count) {
    for (int k = 0; k < count; ++k, left += kTile, right += kTile)
      for (int i = 0; i < kTile; ++i)
        for (int j = 0; j < kTile; ++j) at[i][j] -= left[i] * right[j];
  }
};

// Factorise P = diag(diagonal) - W^T W, W [rows, D] in panels, without ever storing P: the
// rows of W enter each tile's sum exactly as the finished columns of the factor do.
// Assumed: P is positive definite in exact arithmetic. `left` falls to the smallest part of a
// diagonal entry that was left as a pivot.
inline void factorise(const Vec* diagonal, const Vec* W, int rows, int D, Vec* factor,
                      Vec& left) {
  for (int I = 0; I < D / kTile; ++I) {
    Vec* panel = factor + factor_panel(I);
    const Vec* W_row = W + I * rows * kTile;
    for (int J = 0; J <= I; ++J) {
      const Vec* corner_panel = factor + factor_panel(J);
      Tile tile = {};
      if (I == J)
        for (int i = 0; i < kTile; ++i) tile.at[i][i] = diagonal[I * kTile + i];
      tile.subtract_products(W_row, W + J * rows * kTile, rows);
      tile.subtract_products(panel, corner_panel, J * kTile);
      Vec* column = panel + J * kTile * kTile;
      const Vec* corner = corner_panel + J * kTile * kTile;
      for (int j = 0; j < kTile; ++j) {
        for (int i = I == J ? j : 0; i < kTile; ++i) {
          Vec value = tile.at[i][j];
          for (int k = 0; k < j; ++k) value -= column[k * kTile + i] * corner[k * kTile + j];
          if (I == J && i == j) {
            const Vec scale = diagonal[I * kTile + i];
            left = smaller(value / scale, left);
            column[j * kTile + j] = 1.0f / square_root(at_least(value, scale * kRounding));
          } else {
            column[j * kTile + i] = value * corner[j * kTile + j];
          }
        }
      }
    }
  }
}

// x = (C C^T)^-1 x in place.
inline void solve(const Vec* factor, int D, Vec* x) {
  for (int I = 0; I < D / kTile; ++I) {
    const Vec* panel = factor + factor_panel(I);
    Vec* own = x + I * kTile;
    Vec sum[kTile] = {own[0], own[1], own[2], own[3]};
    for (int k = 0; k < I * kTile; ++k)
      for (int i = 0; i < kTile; ++i) sum[i] -= panel[k * kTile + i] * x[k];
    const Vec* corner = panel + I * kTile * kTile;
    for (int i = 0; i < kTile; ++i) {
      for (int k = 0; k < i; ++k) sum[i] -= corner[k * kTile + i] * own[k];
      own[i] = sum[i] * corner[i * kTile + i];
    }
  }
  for (int I = D / kTile - 1; I >= 0; --I) {
    const Vec* panel = factor + factor_panel(I);
    Vec* own = x + I * kTile;
    const Vec* corner = panel + I * kTile * kTile;
    for (int i = kTile - 1; i >= 0; --i) {
      for (int k = i + 1; k < kTile; ++k) own[i] -= corner[i * kTile + k] * own[k];
      own[i] *= corner[i * kTile + i];
    }
    for (int k = 0; k < I * kTile; ++k) {
      Vec value = x[k];
      for (int i = 0; i < kTile; ++i) value -= panel[k * kTile + i] * own[i];
      x[k] = value;
    }
  }
}

}  // namespace fusion
