// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "bench/accuracy/channels.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "bench/accuracy/element_rows.h"
#include "bench/accuracy/gradient_sum.h"
#include "bench/accuracy/memory.h"
#include "core/plan/channel_norm.h"

namespace norma::accuracy {
namespace {

enum class Norm { kTraining, kEvaluation, kGroups };

// A row of a job is what it normalises together: a column of a batch, or a group of a sample.
struct Job {
  const char* what;
  Norm norm;
  Layout layout = Layout::kNchw;
  int64_t groups = 1, channels = 1;  // of a sample

  int64_t positions() const { return kElementCols * groups / channels; }
};

constexpr Job kJobs[] = {
    {"BatchNorm, training", Norm::kTraining},
    {"BatchNorm, evaluation", Norm::kEvaluation},
    {"GroupNorm, NCHW", Norm::kGroups, Layout::kNchw, 2, 8},
    {"GroupNorm, NHWC", Norm::kGroups, Layout::kNhwc, 2, 8},
    {"InstanceNorm, NCHW", Norm::kGroups, Layout::kNchw, 8, 8},
    {"InstanceNorm, NHWC", Norm::kGroups, Layout::kNhwc, 8, 8},
};

// Where element i of row r lies in memory, and whose weight it has.
struct Place {
  size_t at, channel;
};

Place place_of(const Job& job, int64_t r, int64_t i, int64_t rows) {
  if (job.norm != Norm::kGroups) {
    return {static_cast<size_t>(i * rows + r), static_cast<size_t>(r)};
  }
  const int64_t positions = job.positions(), position = i % positions;
  const int64_t channel = r % job.groups * (job.channels / job.groups) + i / positions;
  const int64_t at = job.layout == Layout::kNchw
                         ? r * kElementCols + i
                         : (r / job.groups * positions + position) * job.channels + channel;
  return {static_cast<size_t>(at), static_cast<size_t>(channel)};
}

struct Statistics3 {
  explicit Statistics3(int64_t count)
      : hi(DType::kF32, static_cast<size_t>(count)), lo(hi), rstd(hi) {}
  Statistics saved() { return {hi.vector().data, lo.vector().data, rstd.vector().data}; }
  ConstStatistics given() { return {hi.vector().data, lo.vector().data, rstd.vector().data}; }
  Memory hi, lo, rstd;
};

// The memory of a call. Evaluation reads what training on the same batch has kept.
struct Call {
  Call(const Inputs& in, const std::vector<float>& x_values, const std::vector<float>& dy_values)
      : x(in.dtype, x_values),
        dy(in.dtype, dy_values),
        y(in.dtype, x_values.size()),
        dx(y),
        weight(in.dtype, in.weight),
        bias(in.dtype, in.bias),
        dweight(weight),
        dbias(weight),
        running_mean(DType::kF32, in.weight.size()),
        running_var(running_mean),
        statistics(in.rows) {}
  Memory x, dy, y, dx, weight, bias, dweight, dbias, running_mean, running_var;
  Statistics3 statistics;
};

Status run_batch_norm(bool training, const Inputs& in, Call& c) {
  // Momentum 1 keeps nothing of what was there before.
  BatchNormSpec spec{.eps = in.spec.eps, .momentum = 1};
  const BatchNormForward forward{c.x.rows(in.rows), nullptr, c.weight.constants(),
                                 c.bias.constants(), c.y.rows(in.rows), c.running_mean.vector(),
                                 c.running_var.vector(), c.statistics.saved()};
  size_t bytes = 0;
  NORMA_RETURN_IF_ERROR(batch_norm_forward_workspace_size(spec, forward, &bytes));
  std::vector<Line> workspace(bytes / sizeof(Line) + 1);
  NORMA_RETURN_IF_ERROR(
      batch_norm_forward(spec, forward, workspace.data(), bytes, serial_executor()));
  if (!training) {
    spec.training = false;
    NORMA_RETURN_IF_ERROR(batch_norm_forward_workspace_size(spec, forward, &bytes));
    workspace.resize(bytes / sizeof(Line) + 1);
    NORMA_RETURN_IF_ERROR(
        batch_norm_forward(spec, forward, workspace.data(), bytes, serial_executor()));
  }
  const BatchNormBackward backward{c.x.rows(in.rows), c.dy.rows(in.rows), nullptr,
                                   c.weight.constants(), c.statistics.given(),
                                   c.dx.rows(in.rows), c.dweight.vector(), c.dbias.vector()};
  NORMA_RETURN_IF_ERROR(batch_norm_backward_workspace_size(spec, backward, &bytes));
  workspace.resize(bytes / sizeof(Line) + 1);
  return batch_norm_backward(spec, backward, workspace.data(), bytes, serial_executor());
}

Status run_group_norm(const Job& job, const Inputs& in, Call& c) {
  const GroupNormSpec spec{job.groups, in.spec.eps};
  const auto images = [&](Memory& memory) -> ImagesView {
    return {memory.vector().data, in.dtype,     job.layout, in.rows / job.groups,
            job.channels,         job.positions()};
  };
  const GroupNormForward forward{images(c.x), c.weight.constants(), c.bias.constants(),
                                 images(c.y), c.statistics.saved()};
  size_t bytes = 0;
  NORMA_RETURN_IF_ERROR(
      group_norm_forward_workspace_size(spec, forward, serial_executor(), &bytes));
  std::vector<Line> workspace(bytes / sizeof(Line) + 1);
  NORMA_RETURN_IF_ERROR(
      group_norm_forward(spec, forward, workspace.data(), bytes, serial_executor()));
  const GroupNormBackward backward{images(c.x),  images(c.dy),       c.weight.constants(),
                                   c.statistics.given(), images(c.dx), c.dweight.vector(),
                                   c.dbias.vector()};
  NORMA_RETURN_IF_ERROR(
      group_norm_backward_workspace_size(spec, backward, serial_executor(), &bytes));
  workspace.resize(bytes / sizeof(Line) + 1);
  return group_norm_backward(spec, backward, workspace.data(), bytes, serial_executor());
}

// docs/channel-norms.md: the bounds, and what the values of a job are judged by.
class ChannelJudge {
 public:
  ChannelJudge(const Job& job, const Inputs& in, const Call& call, ElementEntry* entry)
      : job_(job),
        in_(in),
        y_(call.y.values()),
        dx_(call.dx.values()),
        running_mean_(call.running_mean.values()),
        running_var_(call.running_var.values()),
        of_weight_(in.weight.size()),
        of_bias_(in.weight.size()),
        entry_(entry) {
    for (int64_t r = 0; r < in.rows; ++r) row(r);
    judge_columns(of_weight_, call.dweight.values(), in.dtype, &entry->parameters.weight);
    judge_columns(of_bias_, call.dbias.values(), in.dtype, &entry->parameters.bias);
  }

 private:
  struct Element {
    Place place;
    Quad dy, gain, xhat, want;
    double bias;
  };

  void row(int64_t r) {
    const size_t first = static_cast<size_t>(r * kElementCols), column = static_cast<size_t>(r);
    const float* const x = in_.x.data() + first;
    const float* const dy = in_.dy.data() + first;
    const bool is_given = job_.norm == Norm::kEvaluation;
    const ExactRow row = is_given ? exact_row_given(running_mean_[column], running_var_[column],
                                                    in_.spec.eps, x, kElementCols)
                                  : exact_row(in_.spec, x, kElementCols);
    std::vector<Element> elements;
    std::vector<Quad> gain;
    for (size_t i = 0; i < kElementCols; ++i) {
      const Place place = place_of(job_, r, static_cast<int64_t>(i), in_.rows);
      gain.push_back(in_.weight[place.channel]);
      const double bias = in_.bias[place.channel];
      elements.push_back(
          {place, dy[i], gain[i], row.xhat[i], row.xhat[i] * gain[i] + bias, bias});
    }
    if (is_given) {
      evaluated(row, first, elements);
    } else {
      normalized(row, r, elements, exact_dx(in_.spec, row, dy, gain));
    }
  }

  void normalized(const ExactRow& row, int64_t r, const std::vector<Element>& elements,
                  const std::vector<Quad>& exact_dx) {
    const bool is_batch = job_.norm == Norm::kTraining;
    const double y_tau = is_batch ? 0x1p-16 : 0x1p-17, dx_tau = is_batch ? 0x1p-14 : 0x1p-15;
    const double rstd = size_of_quad(row.rstd);
    double mean = 0;
    for (const Element& e : elements) {
      mean += size_of_quad(e.dy * e.gain) * (1 + size_of_quad(e.xhat)) / kElementCols;
    }
    for (size_t i = 0; i < elements.size(); ++i) {
      const Element& e = elements[i];
      const double xhat = size_of_quad(e.xhat), dy = size_of_quad(e.dy);
      const auto column = static_cast<int64_t>(i);
      entry_->y.add(y_[e.place.at], e.want, in_.dtype,
                    {ulp_of(in_.dtype, e.want) / 2,
                     size_of_quad(e.gain) * (1 + xhat) + std::fabs(e.bias), y_tau},
                    r, column);
      const double scale = rstd * (size_of_quad(e.dy * e.gain) + (1 + xhat) * mean);
      const double floor = kLeast * (1 + rstd * (2 + xhat));
      const double error = floor + dx_tau * scale;
      const double store =
          in_.dtype == DType::kF32 ? 0 : ulp_of(in_.dtype, size_of_quad(exact_dx[i]) + error) / 2;
      entry_->gradient.add(dx_[e.place.at], exact_dx[i], in_.dtype,
                           {floor + store, scale, dx_tau}, r, column);
      add_terms(e, dy * (1 + xhat), 0x1p-16);
    }
  }

  void evaluated(const ExactRow& row, size_t first, const std::vector<Element>& elements) {
    const double rstd = size_of_quad(row.rstd);
    for (size_t i = 0; i < elements.size(); ++i) {
      const Element& e = elements[i];
      const double product = size_of_quad(e.xhat * e.gain), dy = size_of_quad(e.dy);
      judge_element(y_[e.place.at], e.want, in_.dtype,
                    kU * (4 * product + size_of_quad(e.want)),
                    kLeast * (1 + size_of_quad(e.gain)), first + i, &entry_->y);
      const Quad dx = e.dy * e.gain * row.rstd;
      judge_element(dx_[e.place.at], dx, in_.dtype, 3 * kU * size_of_quad(dx),
                    kLeast * (1 + rstd), first + i, &entry_->gradient);
      add_terms(e, dy * size_of_quad(e.xhat), 37 * kU);
    }
  }

  void add_terms(const Element& e, double size, double tau) {
    const double dy = size_of_quad(e.dy);
    of_weight_[e.place.channel].add(e.dy * e.xhat, size, tau * size, kLeast * (1 + dy) / 2);
    // Sums of subnormal numbers are exact: nothing is lost.
    of_bias_[e.place.channel].add(e.dy, dy, 0x1p-18 * dy, 0);
  }

  const Job& job_;
  const Inputs& in_;
  const std::vector<float> y_, dx_, running_mean_, running_var_;
  std::vector<GradientSum> of_weight_, of_bias_;
  ElementEntry* const entry_;
};

}  // namespace

Status survey_channels(DType dtype, Family family, int64_t rows,
                       std::vector<ElementEntry>* entries) {
  constexpr NormKind kKind = NormKind::kLayerNorm;
  const Inputs in =
      make_inputs(kKind, dtype, variants_of(kKind, dtype)[0], family, rows, kElementCols);
  for (const Job& job : kJobs) {
    // As many weights as are there, again.
    const bool is_batch = job.norm != Norm::kGroups;
    const size_t channels = static_cast<size_t>(is_batch ? rows : job.channels);
    Inputs own = in;
    own.weight.resize(channels), own.bias.resize(channels);
    for (size_t c = 0; c < channels; ++c) {
      own.weight[c] = in.weight[c % kElementCols], own.bias[c] = in.bias[c % kElementCols];
    }
    std::vector<float> x(in.x.size()), dy(in.x.size());
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t i = 0; i < kElementCols; ++i) {
        const size_t at = place_of(job, r, i, rows).at;
        const size_t from = static_cast<size_t>(r * kElementCols + i);
        x[at] = in.x[from], dy[at] = in.dy[from];
      }
    }
    Call call(own, x, dy);
    NORMA_RETURN_IF_ERROR(is_batch ? run_batch_norm(job.norm == Norm::kTraining, own, call)
                                   : run_group_norm(job, own, call));
    ElementEntry entry{job.what, dtype, family, {}, {}, {}};
    ChannelJudge(job, own, call, &entry);
    entries->push_back(entry);
  }
  return Status();
}

}  // namespace norma::accuracy
