// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The rules that the channel norms' arguments share. A check that passes allocates nothing; the
// first that does not gives the call's Status.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>

#include "base/status.h"
#include "core/channel_norm.h"
#include "core/plan/overlap.h"

namespace norma {

// Memory of an argument by name; without elements it overlaps nothing.
struct NamedMemory {
  const char* name;
  ByteRows bytes;
};

class ChannelChecker {
 public:
  // function: "group_norm", "group_norm_backward", ..
  explicit constexpr ChannelChecker(const char* function) : function_(function) {}

  Status eps(double eps) const;
  Status groups(int64_t groups, int64_t channels) const;
  Status images(const char* name, const ConstImagesView& v) const;
  Status same_images(const char* name, const ConstImagesView& v, const char* as,
                     const ConstImagesView& w) const;
  Status rows(const char* name, const ConstRowsView& v) const;
  Status output_rows(const char* name, const ConstRowsView& v) const;
  Status same_rows(const char* name, const ConstRowsView& v, const char* as,
                   const ConstRowsView& w) const;
  // A parameter, or its gradient, of `size` elements, which are called `what`; absent is right. Its
  // type is that of `as`, or f32 where that has 16 bits.
  Status vector(const char* name, const ConstVectorView& v, const char* what, int64_t size,
                const char* as, DType as_dtype) const;
  Status same_parameters(const ConstVectorView& weight, const ConstVectorView& bias) const;
  // Statistics of elements of `dtype`.
  Status statistic(const char* name, const void* data, DType dtype, bool required) const;
  Status running_statistic(const char* name, const ConstVectorView& v, int64_t cols,
                           DType dtype) const;
  Status present(const char* name, const void* data, DType dtype) const;
  Status dtype(const char* name, DType dtype) const;
  Status same_dtype(const char* name, DType dtype, const char* as, DType as_dtype) const;

  // Every output apart from every input and every other output; one: but for the first output and
  // the first input.
  Status apart(std::initializer_list<NamedMemory> outputs,
               std::initializer_list<NamedMemory> inputs, bool one, const char* remedy) const;
  // size_function: who says how large it must be.
  Status workspace(const void* workspace, size_t bytes, size_t needed, const char* size_function,
                   std::initializer_list<NamedMemory> others) const;

  Status invalid(const std::string& text) const;
  Status unsupported(const std::string& text) const;

 private:
  Status vector_of(const char* name, const ConstVectorView& v, const char* what,
                   int64_t size) const;

  const char* function_;
};

NamedMemory memory_of(const char* name, const ConstImagesView& v);
NamedMemory memory_of(const char* name, const ConstRowsView& v);
NamedMemory memory_of_mask(const uint8_t* mask, int64_t rows);
NamedMemory memory_of(const char* name, const ConstVectorView& v);
inline NamedMemory memory_of(const char* name, const VectorView& v) {
  return memory_of(name, ConstVectorView{v.data, v.dtype, v.size});
}
// `size` statistics of elements of `dtype`.
NamedMemory memory_of_statistic(const char* name, const void* data, DType dtype, int64_t size);

}  // namespace norma
