// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The vocabulary of SeeDNorm (Cai et al. 2025, arXiv 2510.22777), an RMSNorm whose weight depends
// on the row: with xhat = x / sqrt(mean(x^2) + eps)
//
//   dot = sum(x * beta);  y = (tanh(dot) * alpha + gamma) * xhat
//
// and backwards, with t = tanh(dot), w = dy * (t * alpha + gamma),
// e = (1 - t^2) * sum(dy * xhat * alpha):
//
//   dx = (w - xhat * mean(w * xhat)) * rstd + e * beta
//   dalpha = sum of t * dy * xhat, dbeta = sum of e * x, dgamma = sum of dy * xhat, over the rows.
//
// Every rounding is fixed (docs/seed-norm.md).
#pragma once

#include "base/rows_view.h"
#include "core/norm_spec.h"

namespace norma {

// Types: y has x's. alpha, beta and gamma are [cols] and have one type, x's or f32 (f64 rows: f64).
// What is saved for the backward pass is [rows], f32 (f64 rows: f64), and may be null.
struct SeedNormForward {
  double eps = 1e-6;  // as NormSpec's, inside the root
  ConstRowsView x;
  ConstVectorView alpha;
  ConstVectorView beta;
  ConstVectorView gamma;
  RowsView y;  // may be x itself (same data and stride); any other overlap is refused
  void* dot = nullptr;
  void* rstd = nullptr;
};

// Each gradient is computed where its data is not null, and overwritten, never added to. Types: dy
// and dx have x's; each of dalpha, dbeta and dgamma x's or f32 (f64 rows: f64).
struct SeedNormBackward {
  ConstRowsView x;
  ConstRowsView dy;
  ConstVectorView alpha;
  ConstVectorView beta;
  ConstVectorView gamma;
  const void* dot = nullptr;
  const void* rstd = nullptr;
  RowsView dx;  // may be dy itself
  VectorView dalpha;
  VectorView dbeta;
  VectorView dgamma;
};

}  // namespace norma
