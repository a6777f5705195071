// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "bench/harness/onednn3.h"

#include <fmt/format.h>

#include <optional>
#include <stdexcept>
#include <type_traits>
#include <vector>

#include "bench/harness/torch_onednn.h"

namespace norma::bench {
namespace {

struct Refused {
  dnnl_status_t status;
};

void check_status(dnnl_status_t status) {
  if (status != dnnl_success) throw Refused{status};
}

// A handle that is destroyed with its owner.
template <typename Handle>
class Owned {
 public:
  using Destroy = dnnl_status_t (*)(Handle);
  Owned(Handle handle, Destroy destroy) : handle_(handle, destroy) {}
  Handle get() const { return handle_.get(); }

 private:
  std::unique_ptr<std::remove_pointer_t<Handle>, Destroy> handle_;
};

dnnl_data_type_t type_of(DType dtype) {
  return dtype == DType::kF32 ? dnnl_f32 : dtype == DType::kBF16 ? dnnl_bf16 : dnnl_f16;
}

class Onednn3 : public Peer {
 public:
  void run(size_t set) override {
    const std::vector<dnnl_exec_arg_t>& arguments = arguments_[set];
    const dnnl_status_t status = lib_.execute(
        primitive_->get(), stream_.get(), static_cast<int>(arguments.size()), arguments.data());
    if (status != dnnl_success) {
      throw std::runtime_error(fmt::format("oneDNN refuses to execute: {}", int{status}));
    }
  }

 protected:
  using Desc = Owned<dnnl_memory_desc_t>;
  using PrimitiveDesc = Owned<dnnl_primitive_desc_t>;

  Onednn3(const TorchOnednn& lib, const Problem& problem) : lib_(lib), p_(problem) {}

  unsigned flags() const {
    return dnnl_use_scale | (p_.layer() ? dnnl_use_shift : dnnl_rms_norm);
  }

  PrimitiveDesc forward_desc() const {
    dnnl_primitive_desc_t desc;
    check_status(lib_.forward_create(&desc, engine_.get(), dnnl_forward_training, rows_.get(),
                                     rows_.get(), statistics_.get(), static_cast<float>(p_.eps),
                                     flags(), nullptr));
    return {desc, lib_.primitive_desc_destroy};
  }
  PrimitiveDesc backward_desc() const {
    const PrimitiveDesc hint = forward_desc();
    dnnl_primitive_desc_t desc;
    check_status(lib_.backward_create(&desc, engine_.get(), dnnl_backward, rows_.get(),
                                      rows_.get(), rows_.get(), statistics_.get(),
                                      static_cast<float>(p_.eps), flags(), hint.get(), nullptr));
    return {desc, lib_.primitive_desc_destroy};
  }
  void make(const PrimitiveDesc& desc) {
    dnnl_primitive_t primitive;
    check_status(lib_.primitive_create(&primitive, desc.get()));
    primitive_.emplace(primitive, lib_.primitive_destroy);
  }

  // Of the set that add_set() began.
  void add_rows(int kind, const Buffer& buffer) { add(kind, rows_, buffer); }
  void add_statistics(int kind, const Buffer& buffer) { add(kind, statistics_, buffer); }
  void add_vector(int kind, const Buffer& buffer) { add(kind, vector_, buffer); }
  void add_set() { arguments_.emplace_back(); }

  const TorchOnednn& lib_;
  const Problem& p_;

 private:
  Owned<dnnl_engine_t> make_engine() const {
    dnnl_engine_t engine;
    check_status(lib_.engine_create(&engine, dnnl_cpu, 0));
    return {engine, lib_.engine_destroy};
  }
  Owned<dnnl_stream_t> make_stream() const {
    dnnl_stream_t stream;
    check_status(lib_.stream_create(&stream, engine_.get(), dnnl_stream_default_flags));
    return {stream, lib_.stream_destroy};
  }
  Desc desc(std::vector<int64_t> sizes, dnnl_data_type_t type) const {
    dnnl_memory_desc_t desc;
    const auto tag = sizes.size() == 2 ? dnnl_ab : dnnl_a;
    check_status(
        lib_.desc_create(&desc, static_cast<int>(sizes.size()), sizes.data(), type, tag));
    return {desc, lib_.desc_destroy};
  }
  void add(int kind, const Desc& desc, const Buffer& buffer) {
    dnnl_memory_t memory;
    check_status(lib_.memory_create(&memory, desc.get(), engine_.get(), buffer.bytes()));
    memories_.emplace_back(memory, lib_.memory_destroy);
    arguments_.back().push_back({kind, memory});
  }

  const Owned<dnnl_engine_t> engine_ = make_engine();
  const Owned<dnnl_stream_t> stream_ = make_stream();
  const Desc rows_ = desc({p_.rows, p_.cols}, type_of(p_.dtype));
  // Of f32, as weight, bias and their gradients are.
  const Desc statistics_ = desc({p_.rows}, dnnl_f32), vector_ = desc({p_.cols}, dnnl_f32);
  std::vector<Owned<dnnl_memory_t>> memories_;
  std::vector<std::vector<dnnl_exec_arg_t>> arguments_;
  std::optional<Owned<dnnl_primitive_t>> primitive_;
};

class Forward : public Onednn3 {
 public:
  Forward(const TorchOnednn& lib, const Problem& p) : Onednn3(lib, p) {
    make(forward_desc());
    for (const RowSet& s : p.sets) {
      add_set();
      add_rows(DNNL_ARG_SRC, s.x);
      add_vector(DNNL_ARG_SCALE, p.weight);
      add_rows(DNNL_ARG_DST, s.y);
      // The variance, or the mean of squares, where others store rstd.
      add_statistics(DNNL_ARG_VARIANCE, s.rstd);
      if (!p.layer()) continue;
      add_vector(DNNL_ARG_SHIFT, p.bias);
      add_statistics(DNNL_ARG_MEAN, s.mean_hi);
    }
  }
  Answer answer(size_t set) override { return {.y = p_.sets[set].y.bytes()}; }
};

class Backward : public Onednn3 {
 public:
  Backward(const TorchOnednn& lib, const Problem& p) : Onednn3(lib, p) {
    make(backward_desc());
    for (const RowSet& s : p.sets) {
      variances_.emplace_back(p.rows);
      for (int64_t r = 0; r < p.rows; ++r) {
        const double rstd = s.rstd.data()[r];
        variances_.back().data()[r] = static_cast<float>(1 / (rstd * rstd) - p.eps);
      }
      add_set();
      add_rows(DNNL_ARG_SRC, s.x);
      add_rows(DNNL_ARG_DIFF_DST, s.dy);
      add_vector(DNNL_ARG_SCALE, p.weight);
      add_statistics(DNNL_ARG_VARIANCE, variances_.back());
      add_rows(DNNL_ARG_DIFF_SRC, s.dx);
      add_vector(DNNL_ARG_DIFF_SCALE, p.dweight);
      if (!p.layer()) continue;
      add_statistics(DNNL_ARG_MEAN, s.mean_hi);
      add_vector(DNNL_ARG_DIFF_SHIFT, p.dbias);
    }
  }
  Answer answer(size_t set) override {
    return {.dx = p_.sets[set].dx.bytes(),
            .dweight = p_.dweight.data(),
            .dbias = p_.layer() ? p_.dbias.data() : nullptr};
  }

 private:
  std::vector<Buffer> variances_;
};

template <typename P>
std::unique_ptr<Peer> make_if_there(const Problem& problem) {
  const TorchOnednn* const lib = torch_onednn();
  if (lib == nullptr) return nullptr;
  try {
    return std::make_unique<P>(*lib, problem);
  } catch (const Refused& refused) {
    if (refused.status == dnnl_unimplemented) return nullptr;
    throw std::runtime_error(fmt::format("oneDNN refuses: {}", int{refused.status}));
  }
}

}  // namespace

std::string onednn3_version() {
  const TorchOnednn* const lib = torch_onednn();
  if (lib == nullptr) return "";
  const dnnl_version_t& v = *lib->version();
  return fmt::format("{}.{}.{}", v.major, v.minor, v.patch);
}

std::unique_ptr<Peer> make_onednn3_forward(const Problem& problem) {
  return make_if_there<Forward>(problem);
}
std::unique_ptr<Peer> make_onednn3_backward(const Problem& problem) {
  return make_if_there<Backward>(problem);
}

}  // namespace norma::bench
