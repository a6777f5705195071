// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "models/layout.h"

#include <limits>

namespace norma::models {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

torch::Tensor scatter_rows(const torch::Tensor& x, const torch::Tensor& rows_N, int64_t places) {
  std::vector<int64_t> sizes = x.sizes().vec();
  sizes[0] = places;
  return torch::zeros(sizes, x.options()).index_copy_(0, rows_N, x);
}

// Each is the other's gradient; those of index_select and index_copy would cost more.
struct Scatter : torch::autograd::Function<Scatter> {
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& x,
                               const torch::Tensor& rows_N, int64_t places) {
    context->save_for_backward({rows_N});
    return scatter_rows(x, rows_N, places);
  }
  static variable_list backward(AutogradContext* context, variable_list gradient) {
    return {gradient[0].index_select(0, context->get_saved_variables()[0]), {}, {}};
  }
};

struct Gather : torch::autograd::Function<Gather> {
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& x,
                               const torch::Tensor& rows_N) {
    context->save_for_backward({rows_N});
    context->saved_data["places"] = x.size(0);
    return x.index_select(0, rows_N);
  }
  static variable_list backward(AutogradContext* context, variable_list gradient) {
    return {scatter_rows(gradient[0], context->get_saved_variables()[0],
                         context->saved_data["places"].toInt()),
            {}};
  }
};

}  // namespace

Layout Layout::dense(int64_t batch, int64_t length) {
  Layout layout;
  layout.batch = batch;
  layout.length = length;
  return layout;
}

Layout Layout::of(const torch::Tensor& ids_BT, int64_t padding_id, torch::ScalarType type) {
  Layout layout = dense(ids_BT.size(0), ids_BT.size(1));
  const torch::Tensor real_BT = ids_BT != padding_id;
  torch::Tensor rows_N = real_BT.flatten().nonzero().squeeze(1);
  if (rows_N.size(0) == ids_BT.numel()) return layout;
  layout.rows_N = std::move(rows_N);
  layout.key_bias_B11T =
      torch::zeros(ids_BT.sizes(), type)
          .masked_fill_(real_BT.logical_not(), -std::numeric_limits<double>::infinity())
          .unsqueeze(1)
          .unsqueeze(1);
  return layout;
}

torch::Tensor Layout::pad(const torch::Tensor& x) const {
  const torch::Tensor all = rows_N.defined() ? Scatter::apply(x, rows_N, batch * length) : x;
  return all.unflatten(0, {batch, length});
}

torch::Tensor Layout::unpad(const torch::Tensor& x_BT) const {
  const torch::Tensor all = x_BT.flatten(0, 1);
  return rows_N.defined() ? Gather::apply(all, rows_N) : all;
}

}  // namespace norma::models
