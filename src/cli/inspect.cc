// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// `norma inspect`: which norm stands where in a model, what its gains have become, and what a text
// does to its stream.
#include "models/inspect.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/sentence_encoder.h"
#include "cli/terminal.h"
#include "lab/load/language_model.h"
#include "lab/train/evaluate.h"
#include "models/hugging_face_config.h"
#include "models/hugging_face_encoder.h"
#include "models/norma_folder.h"
#include "models/placement_info.h"
#include "text/utf8.h"
#include "weights/hugging_face.h"

namespace norma::cli {
namespace {

// Of a text, which tokenizers read character by character: enough for figures that settle early.
constexpr size_t kMostBytes = 1 << 16;
constexpr int64_t kWindow = 512;

struct Options {
  std::string model, tokenizer, text;
};

// What the model calls itself, where others have made it.
std::string architecture_of(const std::string& path, const models::ModelConfig& config) {
  if (!weights::is_hugging_face_folder(path)) return config.family;
  const std::string type = models::model_type_of(path);
  return type.empty() || type == models::kNormaModelType ? config.family : type;
}

void print_head(const std::string& path, const models::Model& model) {
  const models::ModelConfig& c = model.config();
  int64_t parameters = 0;
  for (const torch::Tensor& p : model.parameters()) parameters += p.numel();
  const bool pairs = c.family == "encdec", recurrent = models::is_recurrent(c.family);
  fmt::print("{}: {} parameters, width {}, {}{} {}, {} {}\n", architecture_of(path, c),
             parameters, c.d_model, pairs ? fmt::format("{} and ", c.encoder_layers) : "",
             c.family == "bert" ? c.encoder_layers : c.decoder_layers,
             c.family == "mlp" ? "hidden layers" : "blocks",
             c.family == "mlp" ? "classes" : "vocabulary", c.vocab_size);
  const models::PlacementInfo& info = *models::find_placement(c.placement);
  const std::string norm = models::applies_norm(c)
                               ? fmt::format("norm {}, eps {}", c.norm, c.norm_eps)
                               : "no norm operator";
  if (c.family == "mlp") {
    fmt::print("{} features, {}, placement {}\n    {}\n", c.inputs, norm, c.placement,
               c.placement == "pre"    ? "x ─ W ─ N ─ ReLU ─ x, each hidden layer"
               : c.placement == "post" ? "x ─ W ─ ReLU ─ N ─ x, each hidden layer"
                                       : "x ─ W ─ ReLU ─ x, each hidden layer");
    return;
  }
  if (!recurrent) {
    fmt::print("{} heads, {} of keys and values, feed-forward width {}, {} positions\n", c.heads,
               c.kv_heads ? c.kv_heads : c.heads, c.ffn, c.max_length);
  }
  fmt::print("{}, placement {}{}: {}{}\n", norm, c.placement,
             c.qk_norm == "none" ? "" : ", QK-norm " + c.qk_norm, info.equation,
             *info.final_norm != '\0' ? std::string("; at the end ") + info.final_norm : "");
  // Where a placement draws each recurrent family, this one's lines: from its name to the next.
  bool shown = true;
  for (std::string_view rest = info.drawing; !rest.empty();) {
    const size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    for (const auto& [name, family] : {std::pair("LSTM ", "lstm"), {"GRU ", "gru"},
                                       {"RNN ", "rnn"}}) {
      if (line.starts_with(name)) shown = c.family == family;
    }
    if (shown) fmt::print("    {}\n", line);
    rest = end == std::string_view::npos ? "" : rest.substr(end + 1);
  }
  if (c.qk_norm != "none") {
    fmt::print("    in attention: q ─ N ┐\n                  k ─ N ┴ scores\n");
  }
}

std::string block_name(const std::string& stack, int64_t layer) {
  return stack + " " + (layer == -1   ? "end"
                        : layer == -2 ? "start"
                                      : std::to_string(layer + 1));
}

std::string listed(const std::vector<int64_t>& channels) {
  constexpr size_t kNamed = 4;
  std::string out = std::to_string(channels.size());
  for (size_t i = 0; i < channels.size() && i < kNamed; ++i) {
    out += (i == 0 ? ": " : ", ") + std::to_string(channels[i]);
  }
  return out + (channels.size() > kNamed ? ", ..." : "");
}

void print_blocks(const models::Model& model) {
  fmt::print("\n{:<12} {:<14} {:>9} {:>9} {:>9}  {}\n", "block", "gain of", "min", "median", "max",
             "outlier channels");
  const std::vector<models::BlockSummary> blocks = models::inspect_blocks(model);
  for (const models::BlockSummary& block : blocks) {
    for (const models::GainSummary& gain : block.gains) {
      fmt::print("{:<12} {:<14} {:>9.4f} {:>9.4f} {:>9.4f}  {}\n",
                 block_name(block.stack, block.layer), gain.name, gain.least, gain.median,
                 gain.most, listed(gain.outliers));
    }
  }
  fmt::print("\n{:<12} {:>12} {:>12}\n", "block", "parameters", "length");
  for (const models::BlockSummary& block : blocks) {
    if (block.layer < 0) continue;
    fmt::print("{:<12} {:>12} {:>12.4f}\n", block_name(block.stack, block.layer), block.parameters,
               block.length);
  }
}

// Of an encoder-decoder each stack by itself, the encoder first.
void print_depth_table(const std::vector<models::DepthSummary>& depths, bool pairs) {
  fmt::print("{:<17} {:>12} {:>9} {:>16}\n", "depth", "stream RMS", "max/RMS", "attention logit");
  const auto print = [pairs](const models::DepthSummary& depth) {
    const std::string name = depth.layer < 0    ? "final norm"
                             : depth.layer == 0 ? "embedding"
                                                : "block " + std::to_string(depth.layer);
    fmt::print("{:<17} {:>12.4f} {:>9.2f} {:>16}\n", (pairs ? depth.stack + " " : "") + name,
               depth.rms, depth.peak,
               std::isnan(depth.attention_logit) ? "-"
                                                 : fmt::format("{:.3f}", depth.attention_logit));
  };
  for (const bool encoder : {true, false}) {
    for (const models::DepthSummary& depth : depths) {
      if ((depth.stack == "encoder") == encoder) print(depth);
    }
  }
}

// before, after: what stands around each part of the text. read: as of inspect_depths().
void print_depths(models::Model& model, const std::vector<int32_t>& ids, size_t bytes,
                  const std::vector<int32_t>& before = {}, const std::vector<int32_t>& after = {},
                  const std::function<void(const models::Batch&)>& read = {}) {
  const auto around = static_cast<int64_t>(before.size() + after.size());
  const int64_t window =
      std::max<int64_t>(std::min(kWindow, model.config().max_length) - around, 1);
  std::vector<models::Batch> batches;
  for (size_t begin = 0; begin < ids.size(); begin += static_cast<size_t>(window)) {
    const size_t end = std::min(ids.size(), begin + static_cast<size_t>(window));
    std::vector<int64_t> part(before.begin(), before.end());
    part.insert(part.end(), ids.begin() + static_cast<int64_t>(begin),
                ids.begin() + static_cast<int64_t>(end));
    part.insert(part.end(), after.begin(), after.end());
    models::Batch batch;
    batch.target_in_BT = torch::tensor(part, torch::kInt64).unsqueeze(0);
    batches.push_back(std::move(batch));
  }
  fmt::print("\n{} bytes of text, {} tokens, {} at a time\n", bytes, ids.size(), window);
  print_depth_table(models::inspect_depths(model, batches, read), /*pairs=*/false);
}

// The start of the file, whole characters.
Result<std::string> read_start(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(kMostBytes, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad() || (!file.is_open())) {
    return Status(StatusCode::kNotFound, path + " cannot be read. Give --text a text file.");
  }
  text.resize(static_cast<size_t>(file.gcount()));
  const size_t invalid = text::find_invalid_utf8(text);
  const bool cut = text.size() == kMostBytes && invalid != std::string::npos &&
                   text.size() - invalid < 4;
  if (cut) text.resize(invalid);
  if (!cut && invalid != std::string::npos) {
    return Status(StatusCode::kDataLoss,
                  fmt::format("{} is not UTF-8, at byte {}.", path, invalid));
  }
  if (text.empty()) return Status(StatusCode::kDataLoss, path + " is empty.");
  return text;
}

// Of models that read a text in other ways than one that goes on with it; "" for one that does.
Result<std::string> reader_of(const std::string& path) {
  if (weights::is_hugging_face_folder(path)) {
    return std::string(models::is_hugging_face_encoder(path) ? "bert" : "");
  }
  const auto any = lab::load_any_model(path);
  if (!any.ok()) return any.status();
  const std::string& family = any.value().model->config().family;
  return family == "bert" || family == "encdec" ? family : "";
}

int inspect_encoder(const Options& options, const std::string& text) {
  const Result<SentenceEncoder> loaded = load_sentence_encoder(options.model, options.tokenizer);
  if (!loaded.ok()) return fail_to_load(loaded.status());
  const SentenceEncoder& encoder = loaded.value();
  print_head(options.model, *encoder.model);
  print_blocks(*encoder.model);
  print_depths(*encoder.model, encoder.codec.encode(text), text.size(), encoder.codec.before,
               encoder.codec.after, [&](const models::Batch& batch) {
                 const auto layout = models::Layout::dense(1, batch.target_in_BT.size(1));
                 encoder.model->encode(batch.target_in_BT, layout);
               });
  return kDone;
}

// Sentences that the model translates itself: each takes as long as a translation.
constexpr size_t kMostTranslated = 128;

std::string too_long(const std::string& path, int64_t line, const char* what, size_t tokens,
                     int64_t positions) {
  return fmt::format("{}, line {}: its {} has {} tokens, but the model has max_length={} "
                     "positions. Split the sentence.",
                     path, line, what, tokens, positions);
}

// Lines of a source and a target with a tab between; a line without, of which the first hundred or
// so count, has the model's own translation for a target.
int inspect_pairs(const Options& options, const std::string& text) {
  if (!options.tokenizer.empty()) {
    say_error("--tokenizer is for real weights: a trained model has its own.");
    return kWrongUsage;
  }
  const auto loaded = lab::load_any_model(options.model);
  if (!loaded.ok()) return fail(loaded.status());
  const lab::TrainedModel& trained = *loaded.value().trained;
  const text::Tokenizer& tokenizer = *trained.tokenizer;
  const int64_t positions = trained.model->config().max_length;
  struct Sentence {
    int64_t line;
    std::string source, target;
    bool is_told;  // the target, by the file
  };
  std::vector<Sentence> sentences;
  std::vector<std::string> untold;  // sources without a target
  int64_t number = 0;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (line.ends_with('\r')) line.pop_back();
    const size_t tab = line.find('\t');
    if (tab == 0 || line.empty()) continue;
    if (tab == std::string::npos && untold.size() == kMostTranslated) continue;
    const bool is_told = tab != std::string::npos;
    sentences.push_back(
        {number, line.substr(0, tab), is_told ? line.substr(tab + 1) : "", is_told});
    if (!is_told) untold.push_back(line);
    const size_t tokens = tokenizer.encode(sentences.back().source).size() + 1;
    if (static_cast<int64_t>(tokens) > positions) {
      say_error(too_long(options.text, number, "source", tokens, positions));
      return kFailed;
    }
  }
  lab::BleuRecipe greedy;
  greedy.beam = 1;
  greedy.max_length = std::min(greedy.max_length, positions - 1);
  const std::vector<std::string> told =
      lab::translate_lines(*trained.model, tokenizer, untold, greedy);
  std::vector<models::Batch> batches;
  int64_t read = 0, written = 0;
  size_t next = 0;
  for (Sentence& sentence : sentences) {
    if (!sentence.is_told) sentence.target = told[next++];
    const std::vector<int32_t> source_ids = tokenizer.encode(sentence.source);
    const std::vector<int32_t> target_ids = tokenizer.encode(sentence.target);
    if (std::ssize(target_ids) >= positions) {
      say_error(too_long(options.text, sentence.line, "target", target_ids.size() + 1, positions));
      return kFailed;
    }
    std::vector<int64_t> begun = {text::kBosId};
    begun.insert(begun.end(), target_ids.begin(), target_ids.end());
    models::Batch batch;
    batch.source_BS = lab::source_tensor({source_ids});
    batch.target_in_BT = torch::tensor(begun, torch::kInt64).unsqueeze(0);
    batches.push_back(std::move(batch));
    read += std::ssize(source_ids) + 1;
    written += std::ssize(begun);
  }
  if (batches.empty()) {
    say_error(options.text + " has no sentence. Give a source a line, and after a tab its target.");
    return kFailed;
  }
  print_head(options.model, *trained.model);
  print_blocks(*trained.model);
  fmt::print("\n{} bytes of text, {} sentences, {} of them translated by the model, {} tokens read "
             "and {} written\n",
             text.size(), batches.size(), untold.size(), read, written);
  print_depth_table(models::inspect_depths(*trained.model, batches), /*pairs=*/true);
  return kDone;
}

int run(const Options& options) {
  exit_on_interrupt();
  if (options.text.empty()) {
    if (!options.tokenizer.empty()) {
      say_error("--tokenizer is for a --text.");
      return kWrongUsage;
    }
    const auto model = lab::load_any_model(options.model);
    if (!model.ok()) return fail(model.status());
    print_head(options.model, *model.value().model);
    print_blocks(*model.value().model);
    return kDone;
  }
  const Result<std::string> text = read_start(options.text);
  if (!text.ok()) return fail(text.status());
  const Result<std::string> reader = reader_of(options.model);
  if (!reader.ok()) return fail(reader.status());
  if (reader.value() == "bert") return inspect_encoder(options, text.value());
  if (reader.value() == "encdec") return inspect_pairs(options, text.value());
  const Result<lab::LanguageModel> loaded =
      lab::load_language_model(options.model, options.tokenizer, "--text");
  if (!loaded.ok()) return fail_to_load(loaded.status());
  const lab::LanguageModel& model = loaded.value();
  const Result<lab::PromptIds> encoded = model.encode(text.value());
  if (!encoded.ok()) return fail(encoded.status());
  std::vector<int32_t> ids = encoded.value().start;
  ids.insert(ids.end(), encoded.value().text.begin(), encoded.value().text.end());
  print_head(options.model, *model.model);
  print_blocks(*model.model);
  print_depths(*model.model, ids, text.value().size());
  return kDone;
}

}  // namespace

Command add_inspect(CLI::App& program) {
  CLI::App* app = program.add_subcommand(
      "inspect", "Show a model's norms: where they stand, their gains, what a text does to them");
  auto options = std::make_shared<Options>();
  app->add_option("MODEL", options->model,
                  "checkpoint.safetensors, a run folder, a folder of transformers, or a .bin of "
                  "llama2.c")
      ->required();
  app->add_option("--text", options->text,
                  "Run this text through the model (its first 64 KiB): RMS of the stream, its "
                  "peaks and the greatest attention logit by depth. Of an encoder-decoder lines "
                  "of a source, a tab and a target; without these, of the first 128, the target is "
                  "its translation")
      ->type_name("FILE");
  app->add_option("--tokenizer", options->tokenizer,
                  "Vocabulary of real weights [tok*.bin or tokenizer.json beside them]")
      ->type_name("FILE");
  app->footer("Example:\n  norma inspect stories260K.bin --text story.txt");
  return {app, [options] { return run(*options); }, "Use a shorter --text."};
}

}  // namespace norma::cli
