// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "bench/accuracy/channels.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "bench/accuracy/memory.h"
#include "bench/accuracy/oracle.h"
#include "core/plan/channel_norm.h"

namespace norma::accuracy {
namespace {

constexpr int64_t kElements = 256, kGroups = 2, kChannelsOfGroup = 4, kPositions = 64;
constexpr int64_t kChannels = kGroups * kChannelsOfGroup;
constexpr double kLeast = 0x1p-149;

double size(Quad v) { return static_cast<double>(magnitude(v)); }

// Where element i of row r lies in memory, and whose weight it has.
struct Place {
  size_t at, channel;
};

struct Job {
  const char* what;
  double y_tau, dx_tau;  // docs/channel-norms.md
  Place (*place)(int64_t r, int64_t i, int64_t rows);
  Status (*run)(const Inputs& in, Memory& x, Memory& dy, Memory& y, Memory& dx);
};

Place in_column(int64_t r, int64_t i, int64_t rows) {
  return {static_cast<size_t>(i * rows + r), static_cast<size_t>(r)};
}
Place in_nchw(int64_t r, int64_t i, int64_t) {
  return {static_cast<size_t>(r * kElements + i),
          static_cast<size_t>(r % kGroups * kChannelsOfGroup + i / kPositions)};
}
Place in_nhwc(int64_t r, int64_t i, int64_t) {
  const size_t channel = in_nchw(r, i, 0).channel;
  const int64_t position = r / kGroups * kPositions + i % kPositions;
  return {static_cast<size_t>(position * kChannels) + channel, channel};
}

struct Statistics3 {
  explicit Statistics3(int64_t count)
      : hi(DType::kF32, static_cast<size_t>(count)), lo(hi), rstd(hi) {}
  Statistics saved() { return {hi.vector().data, lo.vector().data, rstd.vector().data}; }
  ConstStatistics given() { return {hi.vector().data, lo.vector().data, rstd.vector().data}; }
  Memory hi, lo, rstd;
};

Status run_batch_norm(const Inputs& in, Memory& x, Memory& dy, Memory& y, Memory& dx) {
  const BatchNormSpec spec{.eps = in.spec.eps};
  Memory weight(in.dtype, in.weight), bias(in.dtype, in.bias);
  Statistics3 s(in.rows);
  const BatchNormForward forward{x.rows(in.rows), nullptr, weight.constants(), bias.constants(),
                                 y.rows(in.rows), {}, {}, s.saved()};
  size_t bytes = 0;
  NORMA_RETURN_IF_ERROR(batch_norm_forward_workspace_size(spec, forward, &bytes));
  std::vector<Line> workspace(bytes / sizeof(Line) + 1);
  NORMA_RETURN_IF_ERROR(
      batch_norm_forward(spec, forward, workspace.data(), bytes, serial_executor()));
  const BatchNormBackward backward{x.rows(in.rows), dy.rows(in.rows), nullptr, weight.constants(),
                                   s.given(), dx.rows(in.rows), {}, {}};
  NORMA_RETURN_IF_ERROR(batch_norm_backward_workspace_size(spec, backward, &bytes));
  workspace.resize(bytes / sizeof(Line) + 1);
  return batch_norm_backward(spec, backward, workspace.data(), bytes, serial_executor());
}

Status run_group_norm(Layout layout, const Inputs& in, Memory& x, Memory& dy, Memory& y,
                      Memory& dx) {
  const GroupNormSpec spec{kGroups, in.spec.eps};
  Memory weight(in.dtype, in.weight), bias(in.dtype, in.bias);
  Statistics3 s(in.rows);
  const auto images = [&](Memory& memory) -> ImagesView {
    return {memory.vector().data, in.dtype, layout, in.rows / kGroups, kChannels, kPositions};
  };
  const GroupNormForward forward{images(x), weight.constants(), bias.constants(), images(y),
                                 s.saved()};
  size_t bytes = 0;
  NORMA_RETURN_IF_ERROR(
      group_norm_forward_workspace_size(spec, forward, serial_executor(), &bytes));
  std::vector<Line> workspace(bytes / sizeof(Line) + 1);
  NORMA_RETURN_IF_ERROR(
      group_norm_forward(spec, forward, workspace.data(), bytes, serial_executor()));
  const GroupNormBackward backward{images(x), images(dy), weight.constants(), s.given(),
                                   images(dx), {}, {}};
  NORMA_RETURN_IF_ERROR(
      group_norm_backward_workspace_size(spec, backward, serial_executor(), &bytes));
  workspace.resize(bytes / sizeof(Line) + 1);
  return group_norm_backward(spec, backward, workspace.data(), bytes, serial_executor());
}

constexpr Job kJobs[] = {
    {"BatchNorm, training", 0x1p-16, 0x1p-14, in_column, run_batch_norm},
    {"GroupNorm, NCHW", 0x1p-17, 0x1p-15, in_nchw,
     [](const Inputs& in, Memory& x, Memory& dy, Memory& y, Memory& dx) {
       return run_group_norm(Layout::kNchw, in, x, dy, y, dx);
     }},
    {"GroupNorm, NHWC", 0x1p-17, 0x1p-15, in_nhwc,
     [](const Inputs& in, Memory& x, Memory& dy, Memory& y, Memory& dx) {
       return run_group_norm(Layout::kNhwc, in, x, dy, y, dx);
     }},
};

// Row r of the job, whose values lie in `in` as rows.
void judge_row(const Job& job, const Inputs& in, int64_t r, const std::vector<float>& y,
               const std::vector<float>& dx, ElementEntry* entry) {
  const size_t first = static_cast<size_t>(r * kElements);
  const ExactRow row = exact_row(in.spec, in.x.data() + first, kElements);
  std::vector<Quad> gain(kElements);
  std::vector<Place> places(kElements);
  double mean = 0;
  for (size_t i = 0; i < kElements; ++i) {
    places[i] = job.place(r, static_cast<int64_t>(i), in.rows);
    gain[i] = in.weight[places[i].channel];
    mean += size(in.dy[first + i] * gain[i]) * (1 + size(row.xhat[i])) / kElements;
  }
  const std::vector<Quad> exact = exact_dx(in.spec, row, in.dy.data() + first, gain);
  const double rstd = size(row.rstd);
  for (size_t i = 0; i < kElements; ++i) {
    const double xhat = size(row.xhat[i]), bias = in.bias[places[i].channel];
    const auto column = static_cast<int64_t>(i);
    const Quad want = row.xhat[i] * gain[i] + bias;
    entry->y.add(y[places[i].at], want, in.dtype,
                 {ulp_of(in.dtype, want) / 2, size(gain[i]) * (1 + xhat) + std::fabs(bias),
                  job.y_tau},
                 r, column);
    const double scale = rstd * (size(in.dy[first + i] * gain[i]) + (1 + xhat) * mean);
    const double floor = kLeast * (1 + rstd * (2 + xhat));
    const double error = floor + job.dx_tau * scale;
    const double store =
        in.dtype == DType::kF32 ? 0 : ulp_of(in.dtype, size(exact[i]) + error) / 2;
    entry->gradient.add(dx[places[i].at], exact[i], in.dtype, {floor + store, scale, job.dx_tau}, r,
                        column);
  }
}

}  // namespace

Status survey_channels(DType dtype, Family family, int64_t rows,
                       std::vector<ElementEntry>* entries) {
  constexpr NormKind kKind = NormKind::kLayerNorm;
  Inputs in =
      make_inputs(kKind, dtype, variants_of(kKind, dtype)[0], family, rows, kElements);
  for (const Job& job : kJobs) {
    // A batch has a column a row, an image eight channels: as many weights as are there, again.
    const size_t channels = job.place == in_column ? static_cast<size_t>(rows) : kChannels;
    Inputs own = in;
    own.weight.resize(channels), own.bias.resize(channels);
    for (size_t c = 0; c < channels; ++c) {
      own.weight[c] = in.weight[c % kElements], own.bias[c] = in.bias[c % kElements];
    }
    std::vector<float> x(in.x.size()), dy(in.x.size());
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t i = 0; i < kElements; ++i) {
        const size_t at = job.place(r, i, rows).at, from = static_cast<size_t>(r * kElements + i);
        x[at] = in.x[from], dy[at] = in.dy[from];
      }
    }
    Memory x_memory(dtype, x), dy_memory(dtype, dy), y(dtype, x.size()), dx = y;
    NORMA_RETURN_IF_ERROR(job.run(own, x_memory, dy_memory, y, dx));
    ElementEntry entry{job.what, dtype, family, {}, {}};
    const std::vector<float> got_y = y.values(), got_dx = dx.values();
    for (int64_t r = 0; r < rows; ++r) judge_row(job, own, r, got_y, got_dx, &entry);
    entries->push_back(entry);
  }
  return Status();
}

}  // namespace norma::accuracy
