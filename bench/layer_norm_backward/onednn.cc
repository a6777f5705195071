// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// oneDNN's layer_normalization_backward. It takes the saved variance where others take rstd, so the
// peer has variances of its own.

#include "bench/harness/onednn.h"

namespace norma::bench {
namespace {

class OnednnBackward : public Onednn {
 public:
  explicit OnednnBackward(const Problem& p) : Onednn(p) {
    using Forward = dnnl::layer_normalization_forward;
    using Backward = dnnl::layer_normalization_backward;
    const auto eps = static_cast<float>(p.eps);
    const Forward::primitive_desc hint(
        {dnnl::prop_kind::forward_training, rows_desc(), statistics_desc(), eps, flags()}, engine_);
    const Backward::desc desc(dnnl::prop_kind::backward, rows_desc(), rows_desc(),
                              statistics_desc(), eps, flags());
    primitive_ = Backward(Backward::primitive_desc(desc, engine_, hint));
    for (const RowSet& s : p.sets) {
      variances_.emplace_back(p.rows);
      for (int64_t r = 0; r < p.rows; ++r) {
        const double rstd = s.rstd.data()[r];
        variances_.back().data()[r] = static_cast<float>(1 / (rstd * rstd) - p.eps);
      }
      add_set({{DNNL_ARG_SRC, memory(rows_desc(), s.x)},
               {DNNL_ARG_DIFF_DST, memory(rows_desc(), s.dy)},
               {DNNL_ARG_MEAN, memory(statistics_desc(), s.mean_hi)},
               {DNNL_ARG_VARIANCE, memory(statistics_desc(), variances_.back())},
               {DNNL_ARG_SCALE, memory(vector_desc(), p.weight)},
               {DNNL_ARG_SHIFT, memory(vector_desc(), p.bias)},
               {DNNL_ARG_DIFF_SRC, memory(rows_desc(), s.dx)},
               {DNNL_ARG_DIFF_SCALE, memory(vector_desc(), p.dweight)},
               {DNNL_ARG_DIFF_SHIFT, memory(vector_desc(), p.dbias)}});
    }
  }
  Answer answer(size_t set) override {
    return {.dx = p_.sets[set].dx.bytes(), .dweight = p_.dweight.data(), .dbias = p_.dbias.data()};
  }

 private:
  std::vector<Buffer> variances_;
};

}  // namespace

std::unique_ptr<Peer> layer_norm_backward::make_onednn(const Problem& problem) {
  return make_if_there<OnednnBackward>(problem);
}

}  // namespace norma::bench
