// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// `norma embed`: sentences as vectors, a line of JSON each.
#include <fmt/core.h>
#include <fmt/ranges.h>

#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/nearest.h"
#include "cli/command.h"
#include "cli/sentence_encoder.h"
#include "cli/terminal.h"
#include "text/utf8.h"

namespace norma::cli {
namespace {

struct Options {
  std::string model, tokenizer, pooling, file;
  bool normalize = false;
  std::vector<std::string> sentences;
};

std::string is_known_pooling(const std::string& text) {
  return pooling_of(text) ? "" : unknown_name("pooling", text, known_poolings());
}

// A sentence a line; an empty line is an empty sentence, so that line n of the output is line n's.
Result<std::vector<std::string>> read_lines(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    if (line.ends_with('\r')) line.pop_back();
    lines.push_back(line);
  }
  if (file.bad() || (!file.eof() && lines.empty())) {
    return Status(StatusCode::kNotFound, path + " cannot be read. Give --file a text file.");
  }
  if (lines.empty()) return Status(StatusCode::kDataLoss, path + " is empty.");
  return lines;
}

// The shortest digits that are this float32 again.
std::string row_of(const torch::Tensor& row) {
  const torch::Tensor dense = row.contiguous();
  const float* begin = dense.data_ptr<float>();
  return fmt::format("[{}]", fmt::join(begin, begin + dense.numel(), ", "));
}

void print_sentence(const std::string& text, const Embedding& embedding) {
  std::string value;
  if (embedding.value.dim() == 1) {
    value = row_of(embedding.value);
  } else {
    for (int64_t t = 0; t < embedding.value.size(0); ++t) {
      value += (t == 0 ? "[" : ", ") + row_of(embedding.value[t]);
    }
    value += "]";
  }
  fmt::print("{{\"text\": {}, \"tokens\": {}, \"embedding\": {}}}\n", nlohmann::json(text).dump(),
             embedding.tokens, value);
}

int run(const Options& options) {
  exit_on_interrupt();
  if (options.sentences.empty() == options.file.empty()) {
    say_error("give sentences, or a --file of them.");
    return kWrongUsage;
  }
  std::vector<std::string> sentences = options.sentences;
  if (!options.file.empty()) {
    Result<std::vector<std::string>> lines = read_lines(options.file);
    if (!lines.ok()) return fail(lines.status());
    sentences = std::move(lines.value());
  }
  for (size_t i = 0; i < sentences.size(); ++i) {
    const size_t invalid = text::find_invalid_utf8(sentences[i]);
    if (invalid == std::string::npos) continue;
    say_error(fmt::format("sentence {} is not UTF-8, at byte {}.", i + 1, invalid));
    return options.file.empty() ? kWrongUsage : kFailed;
  }
  Result<SentenceEncoder> loaded = load_sentence_encoder(options.model, options.tokenizer);
  if (!loaded.ok()) return fail_to_load(loaded.status());
  SentenceEncoder& encoder = loaded.value();
  if (!options.pooling.empty()) encoder.pooling = *pooling_of(options.pooling);
  if (options.normalize) encoder.normalize = true;
  if (encoder.pooling == models::Pooling::kPooler && !encoder.model->has_pooler()) {
    say_error(options.model + " has no pooler. Choose another --pooling.");
    return kFailed;
  }
  for (size_t i = 0; i < sentences.size(); ++i) {
    const Result<Embedding> embedding = encoder.embed(sentences[i]);
    if (!embedding.ok()) return fail(embedding.status());
    if (!at::isfinite(embedding.value().value).all().item<bool>()) {
      say_error(fmt::format("{}: the vector of sentence {} is not finite (nan). Use another copy.",
                            options.model, i + 1));
      return kFailed;
    }
    if (embedding.value().cut > 0) {
      fmt::print(stderr, "sentence {} is cut: it has {} tokens more than the model reads\n", i + 1,
                 embedding.value().cut);
    }
    print_sentence(sentences[i], embedding.value());
  }
  return kDone;
}

}  // namespace

Command add_embed(CLI::App& program) {
  CLI::App* app = program.add_subcommand("embed", "Turn sentences into vectors with an encoder");
  auto options = std::make_shared<Options>();
  app->add_option("MODEL", options->model,
                  "A folder of transformers or of sentence-transformers with a BERT, or the folder "
                  "or checkpoint of a run that trained one")
      ->required();
  app->add_option("SENTENCE", options->sentences, "Sentences, each of which gives a line of JSON");
  app->add_option("--file", options->file, "A file with a sentence a line")->type_name("FILE");
  app->add_option("--pooling", options->pooling,
                  "How a sentence becomes one vector: mean of its tokens, cls the first token, "
                  "pooler BERT's tanh of it, none a vector a token [what the folder says, or mean]")
      ->check(is_known_pooling)
      ->type_name("NAME");
  app->add_flag("--normalize", options->normalize,
                "Vectors of length 1 [also where the folder says so]");
  app->add_option("--tokenizer", options->tokenizer,
                  "Vocabulary [tokenizer.json or vocab.txt beside the weights]")
      ->type_name("FILE");
  app->footer(
      "Example:\n  norma embed all-MiniLM-L6-v2 'A cat sat on the mat.' 'The feline rested.'");
  return {app, [options] { return run(*options); }, "Use shorter sentences."};
}

}  // namespace norma::cli
