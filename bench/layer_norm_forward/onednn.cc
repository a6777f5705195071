// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// oneDNN's layer_normalization_forward for training: it stores the mean and the variance, not rstd.

#include "bench/harness/onednn.h"

namespace norma::bench {
namespace {

class OnednnForward : public Onednn {
 public:
  explicit OnednnForward(const Problem& p) : Onednn(p) {
    using Forward = dnnl::layer_normalization_forward;
    const Forward::desc desc(dnnl::prop_kind::forward_training, rows_desc(), statistics_desc(),
                             static_cast<float>(p.eps), flags());
    primitive_ = Forward(Forward::primitive_desc(desc, engine_));
    for (const RowSet& s : p.sets) {
      add_set({{DNNL_ARG_SRC, memory(rows_desc(), s.x)},
               {DNNL_ARG_SCALE, memory(vector_desc(), p.weight)},
               {DNNL_ARG_SHIFT, memory(vector_desc(), p.bias)},
               {DNNL_ARG_DST, memory(rows_desc(), s.y)},
               {DNNL_ARG_MEAN, memory(statistics_desc(), s.mean_hi)},
               {DNNL_ARG_VARIANCE, memory(statistics_desc(), s.rstd)}});
    }
  }
  Answer answer(size_t set) override { return {.y = p_.sets[set].y.bytes()}; }
};

}  // namespace

std::unique_ptr<Peer> layer_norm_forward::make_onednn(const Problem& problem) {
  return make_if_there<OnednnForward>(problem);
}

}  // namespace norma::bench
