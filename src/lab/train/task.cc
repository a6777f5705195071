// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/train/task.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>

#include "base/atomic_file.h"
#include "base/random.h"
#include "base/sha256.h"
#include "lab/data/catalogue.h"
#include "lab/data/encoded.h"
#include "lab/data/images.h"
#include "lab/data/language.h"
#include "text/special_tokens.h"

namespace norma::lab {
namespace {

static_assert(kIgnoreId == models::kIgnore);

// What hides a token: running text has no bos of its own.
constexpr int64_t kMaskId = text::kBosId;
constexpr int64_t kEvaluationRows = 64;  // pairs a batch: larger is no faster on small models
constexpr int64_t kEvaluationPictures = 1000;

torch::Tensor tensor_of(const IdMatrix& matrix) {
  return torch::tensor(matrix.ids, torch::kInt64).view({matrix.rows, matrix.cols});
}

CountedBatch pair_batch(const std::vector<EncodedPair>& pairs,
                        const std::vector<int64_t>& indices) {
  const PairBatch batch = make_batch(pairs, indices);
  return {{tensor_of(batch.source), tensor_of(batch.target_in), tensor_of(batch.target_out)},
          batch.target_tokens};
}

CountedBatch window_batch(const IdMatrix& windows) {
  const torch::Tensor ids = tensor_of(windows);
  const int64_t length = windows.cols - 1;
  return {{torch::Tensor(), ids.slice(1, 0, length).contiguous(),
           ids.slice(1, 1, length + 1).contiguous()},
          windows.rows * length};
}

// As BERT learns (Devlin et al. 2019, section 3.1): 15% of a window are to be said; of these 80%
// are hidden, 10% are another token and 10% stay. What is drawn is a function of (seed, batch).
CountedBatch masked_batch(const IdMatrix& windows, int64_t vocab_size, uint64_t seed,
                          uint64_t batch) {
  CountedBatch result = window_batch(windows);
  const torch::Tensor in = result.batch.target_in_BT;
  const torch::Tensor out = torch::full_like(in, models::kIgnore);
  int64_t* read = in.data_ptr<int64_t>();
  int64_t* said = out.data_ptr<int64_t>();
  SplitMix64 random(seed, batch);
  const auto others = static_cast<uint64_t>(vocab_size - text::kSpecialTokens);
  result.tokens = 0;
  for (int64_t i = 0; i < in.numel(); ++i) {
    // A batch without a token to say has no loss.
    if (random.below(100) >= 15 && !(i + 1 == in.numel() && result.tokens == 0)) continue;
    said[i] = read[i];
    ++result.tokens;
    const uint64_t share = random.below(10);
    if (share < 8) read[i] = kMaskId;
    if (share == 8 && others > 0) {
      read[i] = text::kSpecialTokens + static_cast<int64_t>(random.below(others));
    }
  }
  result.batch.target_out_BT = out;
  return result;
}

Result<text::Tokenizer> learn_tokenizer(const DataRecipe& data,
                                        const std::vector<std::string>& lines) {
  if (data.tokenizer == "characters") return text::Tokenizer::train_characters(lines);
  return text::Tokenizer::train_bpe(lines, data.vocab_size);
}

// `count` of `size` items, evenly spaced.
std::vector<int64_t> evenly(int64_t size, int64_t count) {
  std::vector<int64_t> picked;
  for (int64_t i = 0; i < std::min(size, count); ++i) {
    picked.push_back(i * size / std::min(size, count));
  }
  return picked;
}

std::vector<CountedBatch> pair_evaluation(const std::vector<EncodedPair>& pairs,
                                          const TrainingRecipe& train) {
  std::vector<CountedBatch> batches;
  for (const auto& indices : evaluation_batches(pairs, kEvaluationRows)) {
    batches.push_back(pair_batch(pairs, indices));
  }
  // Batches come longest first: a limited look takes some of each length.
  if (train.valid_batches > 0) {
    std::vector<CountedBatch> some;
    for (int64_t i : evenly(std::ssize(batches), train.valid_batches)) some.push_back(batches[i]);
    return some;
  }
  return batches;
}

int64_t longest(const std::vector<EncodedPair>& pairs) {
  size_t most = 0;
  for (const EncodedPair& p : pairs) most = std::max({most, p.source.size(), p.target.size()});
  return static_cast<int64_t>(most) + 1;  // bos or eos
}

Result<Task> load_pair_task(const TrainRecipe& recipe, const std::string& path) {
  PairOptions options;
  options.min_words = recipe.data.min_words;
  options.max_words = recipe.data.max_words;
  options.valid_percent = recipe.data.valid_percent;
  Result<PairSplit> loaded = load_pairs(path, options);
  if (!loaded.ok()) return loaded.status();
  const PairSplit& split = loaded.value();

  std::vector<std::string> lines;
  for (const Pair& pair : split.train) {
    lines.push_back(pair.source);
    lines.push_back(pair.target);
  }
  Result<text::Tokenizer> tokenizer = learn_tokenizer(recipe.data, lines);
  if (!tokenizer.ok()) return tokenizer.status();
  Task task(tokenizer.value());

  const auto train = std::make_shared<const std::vector<EncodedPair>>(
      encode_pairs(*task.tokenizer, split.train));
  const std::vector<EncodedPair> valid = encode_pairs(*task.tokenizer, split.valid);
  const int64_t most = std::max(longest(*train), longest(valid));
  if (most > recipe.model.max_length) {
    return invalid_argument(fmt::format(
        "{}: the longest sentence has {} tokens, more than max_length={} positions of the model. "
        "Raise max_length or lower max_words.",
        path, most, recipe.model.max_length));
  }
  task.train_items = std::ssize(split.train);
  task.valid_items = std::ssize(split.valid);
  task.valid_pairs = split.valid;
  task.valid = pair_evaluation(valid, recipe.train);
  std::vector<EncodedPair> sample;
  for (int64_t i : evenly(std::ssize(*train), std::ssize(valid))) sample.push_back((*train)[i]);
  task.train_sample = pair_evaluation(sample, recipe.train);

  task.train_counts.assign(static_cast<size_t>(task.outputs), 0);
  for (const EncodedPair& pair : *train) {
    for (int32_t id : pair.target) ++task.train_counts[id];
    ++task.train_counts[text::kEosId];
  }
  PairBatcherOptions batching;
  batching.seed = static_cast<uint64_t>(recipe.train.seed);
  batching.batch_size = recipe.train.batch_size;
  batching.max_tokens = recipe.train.max_tokens;
  const auto batcher = std::make_shared<PairBatcher>(*train, batching);
  task.train_batch = [train, batcher](int64_t step) {
    return pair_batch(*train, batcher->indices(step));
  };
  return task;
}

Result<Task> load_text_task(const TrainRecipe& recipe, const std::string& path) {
  TextOptions options;
  options.valid_percent = recipe.data.valid_percent;
  Result<TextSplit> loaded = load_text(path, options);
  if (!loaded.ok()) return loaded.status();
  Result<text::Tokenizer> tokenizer = learn_tokenizer(recipe.data, {loaded.value().train});
  if (!tokenizer.ok()) return tokenizer.status();
  Task task(tokenizer.value());

  const auto train = std::make_shared<const std::vector<int32_t>>(
      task.tokenizer->encode(loaded.value().train));
  const std::vector<int32_t> valid = task.tokenizer->encode(loaded.value().valid);
  task.train_items = std::ssize(*train);
  task.valid_items = std::ssize(valid);
  task.train_counts.assign(static_cast<size_t>(task.outputs), 0);
  for (int32_t id : *train) ++task.train_counts[id];

  const int64_t rows = recipe.train.batch_size, length = recipe.data.window;
  // Which tokens are hidden in the held-out text does not hang on a run's seed.
  constexpr uint64_t kEvaluationSeed = 0;
  const auto batch_of = [masked = recipe.model.family == "bert",
                         vocab_size = task.outputs](
                            const IdMatrix& w, uint64_t seed, int64_t number) {
    return masked ? masked_batch(w, vocab_size, seed, static_cast<uint64_t>(number))
                  : window_batch(w);
  };
  const auto windows = [&](const std::vector<int32_t>& stream) {
    std::vector<CountedBatch> batches;
    for (const IdMatrix& w :
         evaluation_windows(stream, rows, length, recipe.train.valid_batches)) {
      batches.push_back(batch_of(w, kEvaluationSeed, std::ssize(batches)));
    }
    return batches;
  };
  task.valid = windows(valid);
  if (task.valid.empty()) {
    return invalid_argument(fmt::format(
        "{}: the held-out text has {} tokens, fewer than one window of {}. Lower window or raise "
        "valid_percent.",
        path, valid.size(), length));
  }
  // The part that stands next to the held-out text, so that both are alike in content.
  task.train_sample =
      windows({train->end() - std::min(train->size(), valid.size()), train->end()});

  WindowBatcherOptions batching;
  batching.seed = static_cast<uint64_t>(recipe.train.seed);
  batching.batch_size = rows;
  batching.length = length;
  Result<WindowBatcher> created = WindowBatcher::create(*train, batching);
  if (!created.ok()) return created.status();
  const auto batcher = std::make_shared<WindowBatcher>(std::move(created.value()));
  task.train_batch = [train, batcher, batch_of, seed = batching.seed](int64_t step) {
    return batch_of(batcher->batch(*train, step), seed, step);
  };
  return task;
}

// Pixels from 0 to 1.
CountedBatch picture_batch(const Images& images, const std::vector<int64_t>& indices) {
  const int64_t rows = std::ssize(indices);
  CountedBatch result{{}, rows};
  result.batch.features_BF = torch::empty({rows, images.features});
  result.batch.target_out_BT = torch::empty({rows, 1}, torch::kInt64);
  float* feature = result.batch.features_BF.data_ptr<float>();
  int64_t* label = result.batch.target_out_BT.data_ptr<int64_t>();
  for (const int64_t i : indices) {
    const char* pixels = images.pixels.data() + i * images.features;
    for (int64_t f = 0; f < images.features; ++f) {
      *feature++ = static_cast<float>(static_cast<uint8_t>(pixels[f])) / 255.0f;
    }
    *label++ = images.label[static_cast<size_t>(i)];
  }
  return result;
}

std::vector<CountedBatch> picture_evaluation(const Images& images, int64_t count,
                                             const TrainingRecipe& train) {
  std::vector<CountedBatch> batches;
  const std::vector<int64_t> chosen = evenly(images.count, count);
  const auto most = static_cast<size_t>(kEvaluationPictures);
  for (size_t begin = 0; begin < chosen.size(); begin += most) {
    if (train.valid_batches > 0 && std::ssize(batches) == train.valid_batches) break;
    const size_t end = std::min(chosen.size(), begin + most);
    batches.push_back(picture_batch(images, {chosen.begin() + static_cast<int64_t>(begin),
                                             chosen.begin() + static_cast<int64_t>(end)}));
  }
  return batches;
}

Result<Task> load_picture_task(const TrainRecipe& recipe, const std::string& path) {
  Result<ImageSplit> loaded = load_images(path);
  if (!loaded.ok()) return loaded.status();
  const auto split = std::make_shared<const ImageSplit>(std::move(loaded.value()));
  Task task;
  task.outputs = split->classes;
  task.features = split->train.features;
  task.data_sha256 = split->sha256;
  task.train_items = split->train.count;
  task.valid_items = split->valid.count;
  task.valid = picture_evaluation(split->valid, split->valid.count, recipe.train);
  task.train_sample = picture_evaluation(split->train, split->valid.count, recipe.train);
  task.train_counts.assign(static_cast<size_t>(split->classes), 0);
  for (const uint8_t label : split->train.label) ++task.train_counts[label];

  PairBatcherOptions batching;
  batching.seed = static_cast<uint64_t>(recipe.train.seed);
  batching.batch_size = recipe.train.batch_size;
  // Batches of a fixed size are cut from permutations; what a pair is does not enter.
  const auto batcher = std::make_shared<PairBatcher>(
      std::vector<EncodedPair>(static_cast<size_t>(split->train.count)), batching);
  task.train_batch = [split, batcher](int64_t step) {
    return picture_batch(split->train, batcher->indices(step));
  };
  return task;
}

}  // namespace

models::ModelConfig model_config(const TrainRecipe& recipe, const Task& task) {
  models::ModelConfig config = recipe.model;
  config.vocab_size = task.outputs;
  config.inputs = task.features;
  return config;
}

Result<Task> load_task(const TrainRecipe& recipe, const std::string& data_root) {
  Result<std::string> path = resolve_data(recipe.data.name, data_root);
  if (!path.ok()) return path.status();
  const DataKind kind = kind_of_family(recipe.model.family);
  for (const DataSet& set : known_data_sets()) {
    if (set.name == recipe.data.name && set.kind != kind) {
      return invalid_argument(fmt::format(
          "data set \"{}\" is {} but family \"{}\" learns from {}. Choose another of either.",
          set.name, name_of(set.kind), recipe.model.family, name_of(kind)));
    }
  }
  Result<Task> loaded = kind == DataKind::kImages  ? load_picture_task(recipe, path.value())
                        : kind == DataKind::kPairs ? load_pair_task(recipe, path.value())
                                                   : load_text_task(recipe, path.value());
  if (!loaded.ok()) return loaded;
  Task& task = loaded.value();
  task.kind = kind;
  task.data_name = recipe.data.name;
  if (kind == DataKind::kImages) return loaded;
  Result<std::string> bytes = read_file(path.value());
  if (!bytes.ok()) return bytes.status();
  task.data_sha256 = sha256(bytes.value());
  return loaded;
}

double unigram_loss(const Task& task) {
  const double total =
      std::accumulate(task.train_counts.begin(), task.train_counts.end(), 0.0) +
      static_cast<double>(task.train_counts.size());
  double nats = 0, tokens = 0;
  for (const CountedBatch& b : task.valid) {
    const torch::Tensor ids = b.batch.target_out_BT.contiguous();
    for (int64_t i = 0; i < ids.numel(); ++i) {
      const int64_t id = ids.data_ptr<int64_t>()[i];
      if (id == models::kIgnore) continue;
      nats -= std::log((static_cast<double>(task.train_counts[id]) + 1) / total);
      tokens += 1;
    }
  }
  return nats / tokens;
}

torch::Tensor source_tensor(const std::vector<std::vector<int32_t>>& rows) {
  size_t cols = 0;
  for (const auto& row : rows) cols = std::max(cols, row.size() + 1);
  torch::Tensor ids = torch::full({std::ssize(rows), static_cast<int64_t>(cols)}, text::kPadId,
                                  torch::kInt64);
  for (size_t r = 0; r < rows.size(); ++r) {
    int64_t* out = ids.data_ptr<int64_t>() + r * cols;
    std::copy(rows[r].begin(), rows[r].end(), out);
    out[rows[r].size()] = text::kEosId;
  }
  return ids;
}

}  // namespace norma::lab
