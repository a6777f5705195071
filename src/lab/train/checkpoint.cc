// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/train/checkpoint.h"

#include <ATen/CPUGeneratorImpl.h>
#include <fmt/core.h>
#include <fmt/ranges.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>

#include "base/io_error.h"
#include "lab/train/run_folder.h"
#include "weights/safetensors.h"

namespace norma::lab {
namespace {

using weights::SafetensorsFile;
using weights::TensorInfo;
using Metadata = std::map<std::string, std::string>;

constexpr char kFormat[] = "norma-checkpoint-1";
constexpr char kStateFormat[] = "norma-state-1";

const char* dtype_name(const torch::Tensor& tensor) {
  switch (tensor.scalar_type()) {
    case torch::kFloat32: return "F32";
    case torch::kFloat64: return "F64";
    case torch::kUInt8: return "U8";
    default: return "unknown";
  }
}

// REQUIRES: tensor is contiguous and lives as long as the result is used.
TensorInfo info_of(const torch::Tensor& tensor) {
  return {dtype_name(tensor), tensor.sizes().vec(), tensor.data_ptr(), tensor.nbytes()};
}

Status damaged(const std::string& path, const std::string& what) {
  return Status(StatusCode::kDataLoss, path + ": " + what);
}

std::string remedy() { return " Use a checkpoint of this model, or train again."; }

// The tensor `name`, of the shape and type of `like`: where it lies in the mapped file, or a copy
// where that is no place for its type.
Result<torch::Tensor> tensor_of(const SafetensorsFile& file, const std::string& path,
                                const std::string& name, const torch::Tensor& like) {
  const auto found = file.tensors().find(name);
  if (found == file.tensors().end()) {
    return damaged(path, "tensor \"" + name + "\" is missing." + remedy());
  }
  const TensorInfo& info = found->second;
  if (info.shape != like.sizes().vec() || info.dtype != dtype_name(like)) {
    return damaged(path, fmt::format("tensor \"{}\" is {} [{}] but the model needs {} [{}].{}",
                                     name, info.dtype, fmt::join(info.shape, ", "),
                                     dtype_name(like), fmt::join(like.sizes().vec(), ", "),
                                     remedy()));
  }
  if (info.bytes == 0 || reinterpret_cast<uintptr_t>(info.data) % like.element_size() != 0) {
    const torch::Tensor copy = torch::empty(info.shape, like.scalar_type());
    if (info.bytes > 0) std::memcpy(copy.data_ptr(), info.data, info.bytes);
    return copy;
  }
  // The mapping is private and writable (base/mapped_file.h).
  return torch::from_blob(const_cast<void*>(info.data), info.shape, [owner = file](void*) {},
                          like.scalar_type());
}

Status copy_into(const SafetensorsFile& file, const std::string& path, const std::string& name,
                 const torch::Tensor& target) {
  torch::NoGradGuard no_grad;
  const Result<torch::Tensor> found = tensor_of(file, path, name, target);
  if (!found.ok()) return found.status();
  target.copy_(found.value());
  return Status();
}

Result<std::string> entry(const SafetensorsFile& file, const std::string& path,
                          const std::string& key) {
  const auto found = file.metadata().find(key);
  if (found == file.metadata().end()) {
    return damaged(path, "not a checkpoint of norma: \"" + key + "\" is missing." + remedy());
  }
  return found->second;
}

template <typename Number>
Status read_number(const SafetensorsFile& file, const std::string& path, const std::string& key,
                   Number* value) {
  Result<std::string> text = entry(file, path, key);
  if (!text.ok()) return text.status();
  const std::string& t = text.value();
  const auto [stop, error] = std::from_chars(t.data(), t.data() + t.size(), *value);
  if (error != std::errc() || stop != t.data() + t.size()) {
    return damaged(path, "\"" + key + "\" is no number." + remedy());
  }
  return Status();
}

Status check_format(const SafetensorsFile& file, const std::string& path, const char* format) {
  Result<std::string> found = entry(file, path, "format");
  if (!found.ok()) return found.status();
  if (found.value() != format) {
    return damaged(path, fmt::format("format is \"{}\" but must be \"{}\".{}", found.value(),
                                     format, remedy()));
  }
  return Status();
}

// A model is made before its tensors are read, so what a file says of its size is believed only as
// far as the file bears it out: a few hostile bytes must not ask for all memory there is.
Status check_size(const SafetensorsFile& file, const std::string& path,
                  const models::ModelConfig& config) {
  constexpr int64_t kMostPositions = 1 << 26;  // elements of a table that is in no file
  // Query, key, value and output of attention; both matrices of the feed-forward network. Or the
  // two matrices and the bias of a recurrent cell, or the one of a perceptron's layer.
  const bool recurrent = models::is_recurrent(config.family), mlp = config.family == "mlp";
  const double matrices_of_a_layer = recurrent ? 3 : mlp ? 2 : 6;
  double elements = 0;
  for (const auto& [name, info] : file.tensors()) elements += static_cast<double>(info.bytes) / 4;
  const auto width = static_cast<double>(config.d_model);
  const bool encoder = config.family == "encdec" || config.family == "bert";
  const auto layers =
      static_cast<double>(config.family == "bert" ? 0 : config.decoder_layers) +
      static_cast<double>(encoder ? config.encoder_layers : 0);
  // Keys and values may be of fewer heads.
  const double ffn = recurrent || mlp ? 0 : static_cast<double>(config.ffn);
  double least = width * (static_cast<double>(config.vocab_size) + layers * 2 * (width + ffn));
  if (mlp) {
    least = width * (static_cast<double>(config.vocab_size) + static_cast<double>(config.inputs) +
                     (layers - 1) * width);
  } else if (recurrent && config.norm == "batchnorm" && config.placement != "none") {
    // Two running statistics of 9 H features for each position.
    least += layers * 18 * width * static_cast<double>(config.max_length);
  }
  const auto tensors = static_cast<double>(file.tensors().size());
  if (least > elements || layers * matrices_of_a_layer > tensors) {
    return damaged(path, fmt::format("the model that it describes is larger than the file: at "
                                     "least {:.0f} parameters in {:.0f} tensors, but it has {:.0f} "
                                     "in {:.0f}.{}",
                                     least, layers * matrices_of_a_layer, elements, tensors,
                                     remedy()));
  }
  if (config.max_length > kMostPositions / config.d_model) {
    return damaged(path, fmt::format("max_length={} times d_model={} must be at most {}.{}",
                                     config.max_length, config.d_model, kMostPositions, remedy()));
  }
  return Status();
}

Result<std::optional<text::Tokenizer>> read_tokenizer(const SafetensorsFile& file,
                                                      const std::string& path,
                                                      const models::ModelConfig& config) {
  if (config.family == "mlp") return std::optional<text::Tokenizer>();
  Result<std::string> json = entry(file, path, "tokenizer");
  if (!json.ok()) return json.status();
  Result<text::Tokenizer> tokenizer = text::Tokenizer::from_json(json.value());
  if (!tokenizer.ok()) return damaged(path, tokenizer.status().message());
  if (tokenizer.value().vocab_size() != config.vocab_size) {
    return damaged(path, fmt::format("the vocabulary has {} entries but the model needs {}.{}",
                                     tokenizer.value().vocab_size(), config.vocab_size,
                                     remedy()));
  }
  return std::optional<text::Tokenizer>(tokenizer.value());
}

bool is_finished(const std::filesystem::path& folder) {
  Result<Json> summary = read_json((folder / "summary.json").string());
  return summary.ok() && summary.value().is_object() &&
         summary.value().value("status", Json()) == "done";
}

// There is no file `path`: perhaps none yet, perhaps no longer.
Status no_checkpoint(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  std::string remedy = "Give the path of a checkpoint.safetensors, or of the folder of a run.";
  if (std::filesystem::exists(folder / "members")) {
    remedy = "It is a comparison's folder: give one of the runs in " +
             (folder / "members").string() + ".";
  } else if (is_finished(folder)) {
    remedy = "The run is finished and had one: put it back, or train again into another folder.";
  } else if (std::filesystem::exists(folder / "config.toml")) {
    remedy = "The run has not come to one yet: go on with norma train --resume --out " +
             folder.string() + ".";
  }
  return io_error("read", path, ENOENT, remedy);
}

}  // namespace

Status save_model(const std::string& path, const models::Model& model,
                  const std::optional<text::Tokenizer>& tokenizer, int64_t step) {
  std::vector<torch::Tensor> alive;
  std::map<std::string, TensorInfo> tensors;
  for (const auto& items : {model.named_parameters(), model.named_buffers()}) {
    for (const auto& item : items) {
      alive.push_back(item.value().detach().contiguous());
      tensors[item.key()] = info_of(alive.back());
    }
  }
  Metadata metadata = {{"format", kFormat},
                       {"model", models::to_json(model.config())},
                       {"step", std::to_string(step)}};
  if (tokenizer) metadata["tokenizer"] = tokenizer->to_json();
  return weights::write_safetensors(path, tensors, metadata);
}

Result<TrainedModel> load_model(const std::string& path) {
  Result<SafetensorsFile> opened = SafetensorsFile::open(path);
  if (opened.status().code() == StatusCode::kNotFound) return no_checkpoint(path);
  if (!opened.ok()) return opened.status();
  const SafetensorsFile& file = opened.value();
  NORMA_RETURN_IF_ERROR(check_format(file, path, kFormat));
  int64_t step = 0;
  NORMA_RETURN_IF_ERROR(read_number(file, path, "step", &step));
  Result<std::string> config_json = entry(file, path, "model");
  if (!config_json.ok()) return config_json.status();
  Result<models::ModelConfig> config = models::model_config_from_json(config_json.value());
  if (!config.ok()) return damaged(path, config.status().message() + remedy());
  Result<std::optional<text::Tokenizer>> tokenizer = read_tokenizer(file, path, config.value());
  if (!tokenizer.ok()) return tokenizer.status();
  if (Status valid = models::validate(config.value()); !valid.ok()) {
    return damaged(path, valid.message() + remedy());
  }
  NORMA_RETURN_IF_ERROR(check_size(file, path, config.value()));
  Result<std::shared_ptr<models::Model>> model =
      models::make_model(config.value(), std::nullopt);
  if (!model.ok()) return damaged(path, model.status().message());
  torch::NoGradGuard no_grad;
  for (auto& items : {model.value()->named_parameters(), model.value()->named_buffers()}) {
    for (const auto& item : items) {
      const Result<torch::Tensor> found = tensor_of(file, path, item.key(), item.value());
      if (!found.ok()) return found.status();
      torch::Tensor mine = item.value();
      mine.set_data(found.value());
    }
  }
  model.value()->eval();
  return TrainedModel{model.value(), tokenizer.value(), step};
}

Status save_state(const std::string& path, const models::Model& model, const Adam& adam,
                  const TrainState& state, const StateOrigin& origin) {
  std::vector<torch::Tensor> alive;
  std::map<std::string, TensorInfo> tensors;
  const auto add = [&](const std::string& name, const torch::Tensor& tensor) {
    alive.push_back(tensor.detach().contiguous());
    tensors[name] = info_of(alive.back());
  };
  for (const Adam::Parameter& p : adam.parameters()) {
    add("parameter." + p.name, p.value);
    add("exp_avg." + p.name, p.exp_avg);
    add("exp_avg_sq." + p.name, p.exp_avg_sq);
  }
  for (const auto& item : model.named_buffers()) add("buffer." + item.key(), item.value());
  add("generator", at::detail::getDefaultCPUGenerator().get_state());
  return weights::write_safetensors(
      path, tensors,
      {{"format", kStateFormat},
       {"recipe", origin.recipe},
       {"data_sha256", origin.data_sha256},
       {"step", std::to_string(state.step)},
       {"tokens", std::to_string(state.tokens)},
       {"seconds", fmt::format("{}", state.seconds)},
       {"loss_sum", fmt::format("{}", state.loss_sum)},
       {"loss_steps", std::to_string(state.loss_steps)},
       {"valid_loss", fmt::format("{}", state.valid_loss)},
       {"metrics_bytes", std::to_string(state.metrics_bytes)}});
}

Result<TrainState> load_state(const std::string& path, models::Model& model, Adam& adam,
                              const StateOrigin& origin) {
  Result<SafetensorsFile> opened = SafetensorsFile::open(path);
  if (!opened.ok()) return opened.status();
  const SafetensorsFile& file = opened.value();
  NORMA_RETURN_IF_ERROR(check_format(file, path, kStateFormat));
  Result<std::string> saved_recipe = entry(file, path, "recipe");
  if (!saved_recipe.ok()) return saved_recipe.status();
  if (saved_recipe.value() != origin.recipe) {
    return invalid_argument(path + " belongs to another recipe than the one asked for. Resume "
                                   "without flags, or choose another --out.");
  }
  Result<std::string> saved_data = entry(file, path, "data_sha256");
  if (!saved_data.ok()) return saved_data.status();
  if (saved_data.value() != origin.data_sha256) {
    return invalid_argument(fmt::format(
        "{} was trained on other data (sha256 {}) than the data set has now ({}). Restore the "
        "data, or choose another --out.",
        path, saved_data.value().substr(0, 12), origin.data_sha256.substr(0, 12)));
  }
  TrainState state;
  NORMA_RETURN_IF_ERROR(read_number(file, path, "step", &state.step));
  NORMA_RETURN_IF_ERROR(read_number(file, path, "tokens", &state.tokens));
  NORMA_RETURN_IF_ERROR(read_number(file, path, "seconds", &state.seconds));
  NORMA_RETURN_IF_ERROR(read_number(file, path, "loss_sum", &state.loss_sum));
  NORMA_RETURN_IF_ERROR(read_number(file, path, "loss_steps", &state.loss_steps));
  NORMA_RETURN_IF_ERROR(read_number(file, path, "valid_loss", &state.valid_loss));
  NORMA_RETURN_IF_ERROR(read_number(file, path, "metrics_bytes", &state.metrics_bytes));
  for (const Adam::Parameter& p : adam.parameters()) {
    NORMA_RETURN_IF_ERROR(copy_into(file, path, "parameter." + p.name, p.value));
    NORMA_RETURN_IF_ERROR(copy_into(file, path, "exp_avg." + p.name, p.exp_avg));
    NORMA_RETURN_IF_ERROR(copy_into(file, path, "exp_avg_sq." + p.name, p.exp_avg_sq));
  }
  for (const auto& item : model.named_buffers()) {
    NORMA_RETURN_IF_ERROR(copy_into(file, path, "buffer." + item.key(), item.value()));
  }
  adam.set_steps(state.step);
  at::Generator generator = at::detail::getDefaultCPUGenerator();
  const torch::Tensor generator_state = generator.get_state();
  NORMA_RETURN_IF_ERROR(copy_into(file, path, "generator", generator_state));
  generator.set_state(generator_state);
  return state;
}

}  // namespace norma::lab
