// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// channel_norms FILE: a hash of every result of many seeded calls of BatchNorm and GroupNorm, by
// the reference and by every target of this machine, compared with those in FILE (hashes.h).
// Spans: core/ref, core/cpu, core/plan.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <iterator>
#include <string>
#include <vector>

#include "base/executor.h"
#include "base/hash.h"
#include "base/random.h"
#include "core/channel_norm.h"
#include "core/cpu/targets.h"
#include "core/plan/channel_norm.h"
#include "core/ref/batch_norm.h"
#include "core/ref/group_norm.h"
#include "tests/golden/hashes.h"
#include "tests/golden/memory.h"

namespace norma::test {
namespace {

enum class What { kBatchTraining, kBatchMasked, kBatchEvaluation, kGroupNchw, kGroupNhwc };
constexpr const char* kNames[] = {"batch_norm training", "batch_norm masked",
                                  "batch_norm evaluation", "group_norm nchw", "group_norm nhwc"};

// What the numbers are that are normalized together.
enum class Values { kPlain, kOffset, kTiny, kHuge, kConstant, kInfinite, kNan };
constexpr const char* kValues[] = {"plain", "offset", "tiny", "huge", "constant", "infinite",
                                   "nan"};

struct Types {
  DType rows, parameters, gradients;
};

// BatchNorm: samples is the rows, channels the columns, groups and positions 1.
struct Shape {
  int64_t samples, channels, groups, positions;
  int64_t size() const { return samples * channels * positions; }
};

struct Case {
  What what;
  Values values;
  Types types;
  Shape shape;
  bool weight, bias;

  bool is_batch() const { return what <= What::kBatchEvaluation; }
  std::string name() const {
    char text[200];
    std::snprintf(text, sizeof text,
                  "%s [%d, %d, %d] groups=%d %s %s parameters=%s gradients=%s weight=%d bias=%d",
                  kNames[static_cast<int>(what)], static_cast<int>(shape.samples),
                  static_cast<int>(shape.channels), static_cast<int>(shape.positions),
                  static_cast<int>(shape.groups), kValues[static_cast<int>(values)],
                  name_of(types.rows), name_of(types.parameters), name_of(types.gradients), weight,
                  bias);
    return text;
  }
};

// Rows around the column block of 32 and the block of 1024; groups that are a channel
// (InstanceNorm), a sample, and some of either, around the same lengths.
constexpr Shape kBatches[] = {{2, 1, 1, 1},    {5, 17, 1, 1},   {31, 3, 1, 1},   {32, 8, 1, 1},
                              {33, 70, 1, 1},  {100, 3, 1, 1},  {257, 20, 1, 1}, {1024, 5, 1, 1},
                              {1100, 9, 1, 1}, {3000, 2, 1, 1}};
constexpr Shape kImages[] = {{1, 1, 1, 1},      {2, 6, 3, 5},    {3, 32, 8, 49},   {33, 4, 2, 9},
                             {70, 3, 1, 2},     {1, 6, 6, 1100}, {2, 17, 17, 257}, {1, 64, 16, 16},
                             {2, 48, 1, 64},    {5, 300, 5, 1},  {4, 8, 8, 7}};

std::vector<Case> all_cases() {
  std::vector<Types> types{{DType::kF64, DType::kF64, DType::kF64},
                           {DType::kF32, DType::kF32, DType::kF32}};
  for (const DType rows : {DType::kBF16, DType::kF16}) {
    for (const DType parameters : {rows, DType::kF32}) {
      for (const DType gradients : {rows, DType::kF32}) {
        types.push_back({rows, parameters, gradients});
      }
    }
  }
  std::vector<Case> cases;
  const auto add = [&](What what, const auto& shapes) {
    for (const Shape& shape : shapes) {
      for (size_t v = 0; v < std::size(kValues); ++v) {
        // Four of the ten mixes of types; all ten meet each shape and each kind of values.
        for (int of_four = 0; of_four < 4; ++of_four) {
          const size_t i = cases.size();
          cases.push_back({what, static_cast<Values>(v), types[i % types.size()], shape,
                           i % 7 != 3, i % 9 != 1});
        }
      }
    }
  };
  for (const What what : {What::kBatchTraining, What::kBatchMasked, What::kBatchEvaluation}) {
    add(what, kBatches);
  }
  add(What::kGroupNchw, kImages);
  add(What::kGroupNhwc, kImages);
  return cases;
}

// Multiples of 2^-6 in [-2, 2), which every type holds.
double next_value(uint64_t* seed) {
  *seed += 0x9e3779b97f4a7c15ull;
  return static_cast<double>(static_cast<int64_t>(mix64(*seed) >> 56) - 128) / 64.0;
}

// Element i of all, by operations that are exact or the same everywhere.
double element(Values values, int64_t i, uint64_t* seed) {
  const double v = next_value(seed);
  switch (values) {
    case Values::kOffset:
      return v + 1024;
    case Values::kTiny:
      return v * 0x1p-135;
    case Values::kHuge:
      return v * 0x1p125;
    case Values::kConstant:
      return 3.25;
    case Values::kInfinite:
      return i % 101 == 7 ? HUGE_VAL : v;
    case Values::kNan:
      return i % 103 == 5 ? std::nan("") : v;
    default:
      return v;
  }
}

// What a call works on.
class Run {
 public:
  Run(const Case& c, uint64_t seed)
      : c_(c),
        saved_type_(dtype_of_statistics(c.types.rows)),
        statistics_(c.is_batch() ? c.shape.channels : c.shape.samples * c.shape.groups),
        x_(c.shape.size(), c.types.rows),
        dy_(x_),
        y_(x_),
        dx_(x_),
        weight_(c.shape.channels, c.types.parameters),
        bias_(weight_),
        dweight_(c.shape.channels, c.types.gradients),
        dbias_(dweight_),
        hi_(statistics_, saved_type_),
        lo_(hi_),
        rstd_(hi_),
        mean_(c.shape.channels, saved_type_),
        var_(mean_) {
    for (int64_t i = 0; i < c.shape.size(); ++i) {
      x_.set(i, element(c.values, i, &seed));
      dy_.set(i, next_value(&seed) / 16);
    }
    for (int64_t i = 0; i < c.shape.channels; ++i) {
      weight_.set(i, next_value(&seed));
      bias_.set(i, next_value(&seed));
      mean_.set(i, next_value(&seed));
      const double root = next_value(&seed);
      var_.set(i, root * root);
    }
    for (int64_t r = 0; c.what == What::kBatchMasked && r < c.shape.samples; ++r) {
      mask_.push_back(r % 5 != 3);
    }
  }

  // target: null for the reference.
  uint64_t hash(const char* target) {
    const Status forced = target == nullptr ? Status() : cpu::force_target(target);
    const Status done = !forced.ok()                     ? forced
                        : c_.is_batch() && target == nullptr ? batch_by_reference()
                        : c_.is_batch()                  ? batch()
                        : target == nullptr              ? group_by_reference()
                                                         : group();
    if (!done.ok()) std::printf("%s: %s\n", c_.name().c_str(), done.message().c_str());
    std::string bytes;
    for (const Memory* each :
         {&y_, &hi_, &lo_, &rstd_, &mean_, &var_, &dx_, &dweight_, &dbias_}) {
      each->append_to(&bytes);
    }
    return fnv1a_64(bytes);
  }

 private:
  struct alignas(64) Line {
    char bytes[64];
  };

  static ConstVectorView vector(Memory& memory, bool is_there) {
    const VectorView view = memory.vector();
    return is_there ? ConstVectorView{view.data, view.dtype, view.size} : ConstVectorView{};
  }
  RowsView rows(Memory& memory) const { return memory.rows(c_.shape.samples, c_.shape.channels); }
  ImagesView images(Memory& memory) const {
    return {memory.data(), c_.types.rows,
            c_.what == What::kGroupNchw ? Layout::kNchw : Layout::kNhwc, c_.shape.samples,
            c_.shape.channels, c_.shape.positions};
  }
  ConstStatistics saved() { return {hi_.data(), lo_.data(), rstd_.data()}; }
  void* work(size_t bytes) {
    work_.resize(bytes / sizeof(Line) + 1);
    return work_.data();
  }

  BatchNormSpec batch_spec() const {
    BatchNormSpec spec;
    spec.training = c_.what != What::kBatchEvaluation;
    return spec;
  }
  BatchNormForward batch_forward() {
    return {rows(x_),
            mask_.empty() ? nullptr : mask_.data(),
            vector(weight_, c_.weight),
            vector(bias_, c_.bias),
            rows(y_),
            mean_.vector(),
            var_.vector(),
            {hi_.data(), lo_.data(), rstd_.data()}};
  }
  BatchNormBackward batch_backward() {
    return {rows(x_), rows(dy_), mask_.empty() ? nullptr : mask_.data(),
            vector(weight_, c_.weight), saved(), rows(dx_), dweight_.vector(), dbias_.vector()};
  }
  Status batch_by_reference() {
    ref::batch_norm_forward(batch_spec(), batch_forward());
    ref::batch_norm_backward(batch_spec(), batch_backward());
    return {};
  }
  Status batch() {
    const Executor executor = std_thread_executor(2);
    const BatchNormSpec spec = batch_spec();
    const BatchNormForward f = batch_forward();
    const BatchNormBackward b = batch_backward();
    size_t bytes = 0;
    NORMA_RETURN_IF_ERROR(batch_norm_forward_workspace_size(spec, f, &bytes));
    NORMA_RETURN_IF_ERROR(batch_norm_forward(spec, f, work(bytes), bytes, executor));
    NORMA_RETURN_IF_ERROR(batch_norm_backward_workspace_size(spec, b, &bytes));
    return batch_norm_backward(spec, b, work(bytes), bytes, executor);
  }

  GroupNormSpec group_spec() const { return {c_.shape.groups, 1e-5}; }
  GroupNormForward group_forward() {
    return {images(x_),
            vector(weight_, c_.weight),
            vector(bias_, c_.bias),
            images(y_),
            {hi_.data(), lo_.data(), rstd_.data()}};
  }
  GroupNormBackward group_backward() {
    return {images(x_), images(dy_), vector(weight_, c_.weight), saved(), images(dx_),
            dweight_.vector(), dbias_.vector()};
  }
  Status group_by_reference() {
    ref::group_norm_forward(group_spec(), group_forward());
    ref::group_norm_backward(group_spec(), group_backward());
    return {};
  }
  Status group() {
    const Executor executor = std_thread_executor(2);
    const GroupNormSpec spec = group_spec();
    const GroupNormForward f = group_forward();
    const GroupNormBackward b = group_backward();
    size_t bytes = 0;
    NORMA_RETURN_IF_ERROR(group_norm_forward_workspace_size(spec, f, executor, &bytes));
    NORMA_RETURN_IF_ERROR(group_norm_forward(spec, f, work(bytes), bytes, executor));
    NORMA_RETURN_IF_ERROR(group_norm_backward_workspace_size(spec, b, executor, &bytes));
    return group_norm_backward(spec, b, work(bytes), bytes, executor);
  }

  const Case& c_;
  const DType saved_type_;
  const int64_t statistics_;
  Memory x_, dy_, y_, dx_, weight_, bias_, dweight_, dbias_, hi_, lo_, rstd_, mean_, var_;
  std::vector<uint8_t> mask_;
  std::vector<Line> work_;
};

uint64_t hash_of(const Case& c, const char* target, uint64_t seed) {
  return Run(c, seed).hash(target);
}

}  // namespace
}  // namespace norma::test

int main(int argc, char** argv) {
  if (argc != 2) return std::fprintf(stderr, "usage: channel_norms FILE\n"), 2;
  return norma::test::check_cases(argv[1], norma::test::all_cases(), norma::test::hash_of);
}
