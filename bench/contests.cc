// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "bench/contests.h"

namespace norma::bench {

const std::vector<Contest>& contests() {
  static const std::vector<Contest> all = {
      {{"layer_norm_forward", NormKind::kLayerNorm, false},
       {{"norma", layer_norm_forward::make_norma},
        {"torch", layer_norm_forward::make_torch},
        {"onednn", layer_norm_forward::make_onednn},
        {"onednn3", layer_norm_forward::make_onednn3}}},
      {{"layer_norm_backward", NormKind::kLayerNorm, true},
       {{"norma", layer_norm_backward::make_norma},
        {"torch", layer_norm_backward::make_torch},
        {"onednn", layer_norm_backward::make_onednn},
        {"onednn3", layer_norm_backward::make_onednn3}}},
      {{"rms_norm_forward", NormKind::kRmsNorm, false},
       {{"norma", rms_norm_forward::make_norma},
        {"torch", rms_norm_forward::make_torch},
        {"onednn3", rms_norm_forward::make_onednn3}}},
      // oneDNN 3 (3.12) has this too, but subtracts the mean of dy times weight, as in LayerNorm.
      {{"rms_norm_backward", NormKind::kRmsNorm, true},
       {{"norma", rms_norm_backward::make_norma}, {"torch", rms_norm_backward::make_torch}}},
      {{"add_layer_norm_forward", NormKind::kLayerNorm, false, true},
       {{"norma", add_layer_norm_forward::make_norma},
        {"torch", add_layer_norm_forward::make_torch}}},
      {{"add_rms_norm_forward", NormKind::kRmsNorm, false, true},
       {{"norma", add_rms_norm_forward::make_norma}, {"torch", add_rms_norm_forward::make_torch}}},
  };
  return all;
}

std::vector<std::string> task_names() {
  std::vector<std::string> names;
  for (const Contest& contest : contests()) names.push_back(contest.task.name);
  return names;
}

}  // namespace norma::bench
