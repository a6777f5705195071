// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "torch_ops/lstm_pass.h"

#include <algorithm>

#include "core/plan/lstm.h"
#include "core/plan/plan.h"
#include "core/plan/pointwise.h"
#include "torch_ops/executor.h"
#include "torch_ops/views.h"

namespace norma::torch_ops {
namespace {

using torch::Tensor;

constexpr const char* kName = "lstm";

// Rows [first, first + count) of a contiguous tensor whose last dimension is a row; absent where it
// is undefined.
RowsView rows(const Tensor& t, int64_t first, int64_t count) {
  if (!t.defined()) return {};
  const int64_t cols = t.size(-1);
  char* data = static_cast<char*>(t.data_ptr());
  return {data + first * cols * static_cast<int64_t>(t.element_size()), dtype_of(kName, "x", t),
          count, cols, cols};
}
RowsView rows(const Tensor& t) { return rows(t, 0, t.numel() / std::max<int64_t>(t.size(-1), 1)); }
ConstVectorView vector(const Tensor& t) {
  if (!t.defined()) return {};
  return {t.const_data_ptr(), dtype_of(kName, "a parameter", t), t.numel()};
}
VectorView vector_out(const Tensor& t) { return output_vector(kName, "a gradient", t); }

Tensor statistics_for(const LstmNorm& norm, const Tensor& like, int64_t count) {
  if (!norm.weight.defined()) return {};
  return at::empty({norm.spec.kind == NormKind::kLayerNorm ? 3 : 1, count}, like.options());
}

template <class Target>
Target statistics_at(const LstmNorm& norm, const Tensor& statistics, int64_t first) {
  if (!statistics.defined()) return {};
  const auto row = [&](int64_t i) {
    return static_cast<char*>(statistics.data_ptr()) +
           (i * statistics.size(1) + first) * static_cast<int64_t>(statistics.element_size());
  };
  if (norm.spec.kind == NormKind::kLayerNorm) return {row(0), row(1), row(2)};
  return {nullptr, nullptr, row(0)};
}

void normalize(const LstmNorm& norm, const RowsView& x, const RowsView& y,
               const Tensor& statistics, int64_t first, const Executor& executor) {
  throw_if_error(norm_forward(norm.spec,
                              {.x = x,
                               .weight = vector(norm.weight),
                               .bias = vector(norm.bias),
                               .y = y,
                               .statistics = statistics_at<Statistics>(norm, statistics, first)},
                              executor));
}

// dx alone, without a workspace: the weight is of the rows' type and one a column.
void normalize_backward(const LstmNorm& norm, const RowsView& x, const RowsView& dy,
                        const RowsView& dx, const Tensor& statistics, int64_t first) {
  throw_if_error(
      norm_backward(norm.spec,
                    {.x = x,
                     .dy = dy,
                     .weight = vector(norm.weight),
                     .statistics = statistics_at<ConstStatistics>(norm, statistics, first),
                     .dx = dx,
                     .dweight = {},
                     .dbias = {}},
                    nullptr, 0, serial_executor()));
}

// Over all positions at once, in place over dy where its own gradient is wanted too.
void parameter_gradients(const LstmNorm& norm, const Tensor& x, const Tensor& dy, bool in_place,
                         const Tensor& statistics, Tensor* dweight, Tensor* dbias) {
  *dweight = at::empty_like(norm.weight);
  *dbias = at::empty_like(norm.weight);
  const NormBackward args{.x = rows(x),
                          .dy = rows(dy),
                          .weight = vector(norm.weight),
                          .statistics = statistics_at<ConstStatistics>(norm, statistics, 0),
                          .dx = in_place ? rows(dy) : RowsView(),
                          .dweight = vector_out(*dweight),
                          .dbias = vector_out(*dbias)};
  size_t bytes = 0;
  throw_if_error(norm_backward_workspace_size(norm.spec, args, torch_executor(), &bytes));
  const Tensor workspace =
      bytes == 0 ? Tensor() : at::empty({static_cast<int64_t>(bytes)}, torch::kUInt8);
  throw_if_error(norm_backward(norm.spec, args, bytes == 0 ? nullptr : workspace.data_ptr(), bytes,
                               torch_executor()));
}

// Sums down the columns in the order of the norms' own; DyT's pass, asked for this alone, reads
// nothing else.
Tensor column_sums(const Tensor& dy) {
  const Tensor sums = at::empty({dy.size(-1)}, dy.options());
  PointwiseBackward args;
  args.dy = rows(dy);
  args.dbias = vector_out(sums);
  size_t bytes = 0;
  throw_if_error(pointwise_backward_workspace_size({}, args, torch_executor(), &bytes));
  const Tensor workspace =
      bytes == 0 ? Tensor() : at::empty({static_cast<int64_t>(bytes)}, torch::kUInt8);
  throw_if_error(pointwise_backward({}, args, bytes == 0 ? nullptr : workspace.data_ptr(), bytes,
                                    torch_executor()));
  return sums;
}

// Rows that are worth a thread of their own: about 20 microseconds of norms and gates.
int64_t grain_of(int64_t units) { return std::max<int64_t>(1, 4096 / units); }

// Torch's products split a long inner dimension among their threads, whose number then shows in the
// last bits: with MKL from 384 on. In pieces of these lengths they did not, for two rows or more
// and 1, 2, 4 and 16 threads; and pieces are as quick (docs/performance.md).
constexpr int64_t kInnerOfPosition = 256, kInnerOfWeight = 512;

// out = a b, or with add out += a b.
void multiply(Tensor out, const Tensor& a, const Tensor& b, int64_t inner, bool add = false) {
  for (int64_t k = 0; k < a.size(1); k += inner) {
    const int64_t count = std::min(inner, a.size(1) - k);
    const Tensor left = a.narrow(1, k, count), right = b.narrow(0, k, count);
    add || k > 0 ? out.addmm_(left, right) : at::mm_out(out, left, right);
  }
}

class Forward {
 public:
  Forward(const Tensor& x, const Tensor& h, const Tensor& c, const LstmParameters& p,
          LstmKept* kept)
      : p_(p), length_(x.size(0)), batch_(x.size(1)), units_(c.size(1)), keeps_(kept),
        h0_(h.detach()), kept_(keeps_ ? *kept : own_),
        y_(at::empty({length_, batch_, units_}, x.options())) {
    const int64_t gates = kLstmGates * units_, slots = keeps_ ? length_ : 1;
    const auto all = [&](int64_t count, int64_t width) {
      return at::empty({count, batch_, width}, x.options());
    };
    kept_.gates_TBG = all(slots, gates);
    kept_.t_TBH = all(slots, units_);
    kept_.c_TBH = all(keeps_ ? length_ + 1 : 1, units_);
    kept_.c_TBH.select(0, 0).copy_(c);
    r_ = all(keeps_ && p.h.weight.defined() ? length_ : 1, gates);
    if (p.h.weight.defined()) {
      n_ = all(1, gates);
      if (keeps_) kept_.r_TBG = r_;
    }
    x_ = x;
    if (p.x.weight.defined()) {
      x_ = at::empty_like(x);
      if (keeps_) {
        kept_.x_TBG = x;
        kept_.statistics_x = statistics_for(p.x, x, length_ * batch_);
      }
      normalize(p.x, rows(x), rows(x_), kept_.statistics_x, 0, torch_executor());
    }
    if (keeps_) {
      kept_.statistics_h = statistics_for(p.h, x, length_ * batch_);
      kept_.statistics_c = statistics_for(p.c, x, length_ * batch_);
    }
  }

  LstmOutput run() {
    // 32 rows times W_h^T take 0.6 ms where it is dense and 0.8 where it is a transpose
    // (docs/performance.md); the copy is worth it from a few positions on.
    constexpr int64_t kWorthACopy = 8;
    const Tensor transposed = p_.weight_GH.detach().t();
    const Tensor weight = length_ < kWorthACopy ? transposed : transposed.contiguous();
    for (int64_t t = 0; t < length_; ++t) {
      multiply(r_.select(0, r_.size(0) > 1 ? t : 0), t == 0 ? h0_ : y_.select(0, t - 1), weight,
               kInnerOfPosition);
      parallel_for(torch_executor(), batch_, grain_of(units_),
                   [&](int64_t begin, int64_t end) { position(t, begin, end - begin); });
    }
    return {y_, kept_.c_TBH.select(0, kept_.c_TBH.size(0) - 1).clone()};
  }

 private:
  void position(int64_t t, int64_t first, int64_t count) {
    const int64_t row = t * batch_ + first, slot = keeps_ ? row : first;
    const RowsView product = rows(r_, r_.size(0) > 1 ? row : first, count);
    if (n_.defined()) {
      normalize(p_.h, product, rows(n_, first, count), kept_.statistics_h, row, serial_executor());
    }
    const RowsView gates = rows(kept_.gates_TBG, slot, count);
    const RowsView c_next = rows(kept_.c_TBH, keeps_ ? row + batch_ : first, count);
    const RowsView tanh = rows(kept_.t_TBH, slot, count);
    throw_if_error(lstm_gates_forward({.x = rows(x_, row, count),
                                       .h = n_.defined() ? rows(n_, first, count) : product,
                                       .bias = vector(p_.bias_G),
                                       .c = rows(kept_.c_TBH, slot, count),
                                       .gates = gates,
                                       .c_next = c_next}));
    const bool norm = p_.c.weight.defined();
    if (norm) normalize(p_.c, c_next, tanh, kept_.statistics_c, row, serial_executor());
    throw_if_error(lstm_output_forward(
        {.gates = gates, .u = norm ? tanh : c_next, .t = tanh, .y = rows(y_, row, count)}));
  }

  const LstmParameters& p_;
  const int64_t length_, batch_, units_;
  const bool keeps_;
  const Tensor h0_;
  LstmKept own_;
  LstmKept& kept_;
  Tensor x_, r_, n_, y_;
};

class Backward {
 public:
  Backward(const LstmParameters& p, const LstmKept& kept, const Tensor& dh, const Tensor& dc)
      : p_(p), kept_(kept), length_(kept.t_TBH.size(0)), batch_(kept.t_TBH.size(1)),
        units_(kept.t_TBH.size(2)),
        dy_(dh.defined() ? dh.contiguous() : at::zeros_like(kept.t_TBH)),
        dc_last_(dc.defined() ? dc.contiguous() : dc) {
    const auto options = kept.t_TBH.options();
    dgates_ = at::empty({length_, batch_, kLstmGates * units_}, options);
    dr_ = p.h.weight.defined() ? at::empty_like(dgates_) : dgates_;
    du_ = at::empty({p.c.weight.defined() ? length_ : 1, batch_, units_}, options);
    du_in_ = p.c.weight.defined() ? at::empty({1, batch_, units_}, options) : du_;
    dh_ = at::empty({batch_, units_}, options);
    dc_ = at::empty({batch_, units_}, options);
  }

  LstmGradients run(const Tensor& h_TBH, const Tensor& h_BH, bool weights) {
    for (int64_t t = length_ - 1; t >= 0; --t) {
      parallel_for(torch_executor(), batch_, grain_of(units_),
                   [&](int64_t begin, int64_t end) { position(t, begin, end - begin); });
      multiply(dh_, dr_.select(0, t), p_.weight_GH.detach(), kInnerOfPosition);
    }
    LstmGradients g;
    g.h_BH = dh_;
    g.c_BH = dc_;
    if (weights) {
      // dr^T h over all positions, h standing one position behind.
      const auto flat = [](const Tensor& t) { return t.flatten(0, -2); };
      g.weight_GH = at::empty_like(p_.weight_GH);
      multiply(g.weight_GH, dr_[0].t(), h_BH.detach(), kInnerOfWeight);
      if (length_ > 1) {
        multiply(g.weight_GH, flat(dr_.narrow(0, 1, length_ - 1)).t(),
                 flat(h_TBH.detach().narrow(0, 0, length_ - 1)), kInnerOfWeight, true);
      }
      parameters(&g);
    } else if (p_.x.weight.defined()) {
      Tensor unused_weight, unused_bias;
      parameter_gradients(p_.x, kept_.x_TBG, dgates_, true, kept_.statistics_x, &unused_weight,
                          &unused_bias);
    }
    g.x_TBG = dgates_;
    return g;
  }

 private:
  void position(int64_t t, int64_t first, int64_t count) {
    const int64_t row = t * batch_ + first;
    const bool last = t == length_ - 1, norm = p_.c.weight.defined();
    const RowsView gates = rows(kept_.gates_TBG, row, count), dgates = rows(dgates_, row, count);
    const RowsView du = rows(du_, norm ? row : first, count), dc = rows(dc_, first, count);
    const RowsView through = rows(du_in_, first, count);
    throw_if_error(
        lstm_output_backward({.gates = gates,
                              .t = rows(kept_.t_TBH, row, count),
                              .dy = rows(dy_, row, count),
                              .dy_later = last ? RowsView() : rows(dh_, first, count),
                              .dgates = dgates,
                              .du = du}));
    if (norm) {
      normalize_backward(p_.c, rows(kept_.c_TBH, row + batch_, count), du, through,
                         kept_.statistics_c, row);
    }
    throw_if_error(lstm_gates_backward({.gates = gates,
                                        .c = rows(kept_.c_TBH, row, count),
                                        .dc = through,
                                        .dc_later = last ? rows(dc_last_, first, count) : dc,
                                        .dgates = dgates,
                                        .dc_before = dc}));
    if (p_.h.weight.defined()) {
      normalize_backward(p_.h, rows(kept_.r_TBG, row, count), dgates, rows(dr_, row, count),
                         kept_.statistics_h, row);
    }
  }

  // The input's norm comes last: its gradient takes the place of the gates'.
  void parameters(LstmGradients* g) {
    if (p_.c.weight.defined()) {
      parameter_gradients(p_.c, kept_.c_TBH.narrow(0, 1, length_), du_, false, kept_.statistics_c,
                          &g->weight_c, &g->bias_c);
    }
    // Three biases are added to the gates, and have one gradient.
    Tensor of_gates;
    if (p_.h.weight.defined()) {
      parameter_gradients(p_.h, kept_.r_TBG, dgates_, false, kept_.statistics_h, &g->weight_h,
                          &of_gates);
      g->bias_h = of_gates;
    }
    if (p_.x.weight.defined()) {
      parameter_gradients(p_.x, kept_.x_TBG, dgates_, true, kept_.statistics_x, &g->weight_x,
                          &of_gates);
      g->bias_x = of_gates;
    }
    if (p_.bias_G.defined()) {
      g->bias_G = of_gates.defined() ? of_gates.clone() : column_sums(dgates_);
    }
  }

  const LstmParameters& p_;
  const LstmKept& kept_;
  const int64_t length_, batch_, units_;
  const Tensor dy_, dc_last_;
  Tensor dgates_, dr_, du_, du_in_, dh_, dc_;
};

}  // namespace

LstmOutput lstm_forward(const Tensor& x_TBG, const Tensor& h_BH, const Tensor& c_BH,
                        const LstmParameters& p, LstmKept* kept) {
  return Forward(x_TBG, h_BH, c_BH, p, kept).run();
}

LstmGradients lstm_backward(const LstmParameters& p, const LstmKept& kept, const Tensor& h_TBH,
                            const Tensor& h_BH, const Tensor& dh_TBH, const Tensor& dc_BH,
                            bool weights) {
  return Backward(p, kept, dh_TBH, dc_BH).run(h_TBH, h_BH, weights);
}

}  // namespace norma::torch_ops
