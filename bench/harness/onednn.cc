// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "bench/harness/onednn.h"

#include <fmt/format.h>

#include <stdexcept>

namespace norma::bench {

std::string onednn_version() {
  const dnnl_version_t& v = *dnnl::version();
  return fmt::format("{}.{}.{}", v.major, v.minor, v.patch);
}

dnnl::memory::data_type onednn_type(DType dtype) {
  switch (dtype) {
    case DType::kF32:
      return dnnl::memory::data_type::f32;
    case DType::kBF16:
      return dnnl::memory::data_type::bf16;
    default:
      throw std::runtime_error(fmt::format("oneDNN has no {} here", name_of(dtype)));
  }
}

void Onednn::run(size_t set) {
  const Set& s = sets_[set];
  // The C++ wrapper would copy the map of arguments into such a list on every call.
  const dnnl_status_t status = dnnl_primitive_execute(
      primitive_.get(), stream_.get(), static_cast<int>(s.arguments.size()), s.arguments.data());
  dnnl::error::wrap_c_api(status, "oneDNN refuses to execute");
}

dnnl::memory::desc Onednn::rows_desc() const {
  return {{p_.rows, p_.cols}, onednn_type(p_.dtype), dnnl::memory::format_tag::ab};
}
dnnl::memory::desc Onednn::statistics_desc() const {
  return {{p_.rows}, dnnl::memory::data_type::f32, dnnl::memory::format_tag::a};
}
// Of weight, bias and their gradients, which oneDNN 2 keeps in f32 whatever the rows are.
dnnl::memory::desc Onednn::vector_desc() const {
  return {{p_.cols}, dnnl::memory::data_type::f32, dnnl::memory::format_tag::a};
}

dnnl::memory Onednn::memory(const dnnl::memory::desc& desc, const Buffer& buffer) const {
  return {desc, engine_, buffer.bytes()};
}

void Onednn::add_set(const Arguments& arguments) {
  Set set;
  for (const auto& [kind, memory] : arguments) {
    set.owners.push_back(memory);
    set.arguments.push_back({kind, memory.get()});
  }
  sets_.push_back(std::move(set));
}

}  // namespace norma::bench
