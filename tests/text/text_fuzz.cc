// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The readers of tokenizers with libFuzzer's bytes: what is refused is refused in one line, and
// what is accepted encodes and decodes any text without reading out of bounds.

#include <algorithm>
#include <climits>

#include "tests/support/fuzz.h"
#include "tests/support/llama2c_files.h"
#include "text/bpe.h"
#include "text/byte_level_bpe.h"
#include "text/codec.h"
#include "text/utf8.h"
#include "text/word_piece.h"

namespace norma::text {
namespace {

using test::must;
using test::must_be_a_refusal;

enum Reader : char { kLlama2c, kJson, kVocabulary, kCased, kLab, kText, kReaders };

const char* const kTexts[] = {
    "", " ", "the small cat", "\u20AC 'll  \r\n\r\n it's 12345 \u00E9\u4E2D\u6587 \U0001F600",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "<s> \u2581 [CLS] \x7F"};

void check_ids(const std::vector<int32_t>& ids, int64_t vocab_size) {
  for (const int32_t id : ids) must(id >= 0 && id < vocab_size, "an id of the vocabulary");
}

void check_codec(const Result<Codec>& parsed, int64_t vocab_size) {
  if (!parsed.ok()) return must_be_a_refusal(parsed.status());
  ++test::accepted;
  const Codec& codec = parsed.value();
  for (const char* text : kTexts) {
    std::vector<int32_t> ids = codec.encode(text);
    // More than a token a byte: the space in front, of each part between added tokens, and [UNK]
    // for what is nothing.
    must(ids.size() <= 2 * std::string_view(text).size() + 2, "few tokens");
    check_ids(ids, vocab_size);
    ids.insert(ids.end(), {-1, INT_MIN, INT_MAX, static_cast<int32_t>(vocab_size)});
    const NextText next = codec.decoder();
    for (const int32_t id : ids) next(id);
  }
  check_ids(codec.before, vocab_size);
  check_ids(codec.after, vocab_size);
  if (codec.start) check_ids(*codec.start, vocab_size);
  if (codec.unk) check_ids({*codec.unk}, vocab_size);
}

// That of the lab keeps its form, and its texts are valid whatever the ids.
void check_lab(std::string_view json) {
  const Result<Tokenizer> parsed = Tokenizer::from_json(json);
  if (!parsed.ok()) return must_be_a_refusal(parsed.status());
  ++test::accepted;
  const Tokenizer& tokenizer = parsed.value();
  const std::string form = tokenizer.to_json();
  const Result<Tokenizer> again = Tokenizer::from_json(form);
  must(again.ok() && again.value().to_json() == form, "the same tokenizer");
  for (const char* text : kTexts) {
    const std::vector<int32_t> ids = tokenizer.encode(text);
    check_ids(ids, tokenizer.vocab_size());
    must(find_invalid_utf8(tokenizer.decode(ids)) == std::string::npos, "valid UTF-8");
  }
}

// What is done to a text before any vocabulary has a say.
void check_text(std::string_view text) {
  if (find_invalid_utf8(text) != std::string_view::npos) return;
  ++test::accepted;
  for (const WordPattern pattern : {WordPattern::kGpt2, WordPattern::kLlama3}) {
    std::string whole;
    for (const std::string_view word : split_by_pattern(pattern, text)) {
      must(!word.empty(), "no empty word");
      whole += word;
    }
    must(whole == text, "the pieces are the text");
  }
  for (int flags = 0; flags < 16; ++flags) {
    const BertNormalization options{(flags & 1) != 0, (flags & 2) != 0, (flags & 4) != 0,
                                    (flags & 8) != 0};
    must(find_invalid_utf8(bert_normalized(options, text)) == std::string::npos, "valid UTF-8");
  }
}

// Vocabulary sizes are the model's, not the file's: two bytes of the input.
void check(Reader reader, std::string_view bytes) {
  if (reader == kLab) return check_lab(bytes);
  if (reader == kText) return check_text(bytes);
  if (bytes.size() < 2) return;
  const int64_t vocab_size =
      1 + static_cast<unsigned char>(bytes[0]) + 256 * (static_cast<unsigned char>(bytes[1]) % 4);
  bytes.remove_prefix(2);
  const CodecFile kind = reader == kLlama2c ? CodecFile::kLlama2c
                         : reader == kJson  ? CodecFile::kJson
                                            : CodecFile::kVocabulary;
  check_codec(parse_codec(kind, bytes, vocab_size, 1, reader != kCased), vocab_size);
}

void write_seeds(const std::string& folder) {
  const auto write = [&](const std::string& name, Reader reader, int vocab_size,
                         const std::string& bytes) {
    const std::string size = {static_cast<char>((vocab_size - 1) % 256),
                              static_cast<char>((vocab_size - 1) / 256)};
    test::write_seed(folder, name, reader, vocab_size > 0 ? size + bytes : bytes);
  };
  for (const bool with_bytes : {true, false}) {
    test::ScoredTokens tokens = test::first_tokens(with_bytes);
    for (const char* token : {" ", "a", "b", " a", "ab"}) tokens.emplace_back(token, -1.0f);
    write(with_bytes ? "tok-bytes" : "tok", kLlama2c, static_cast<int>(tokens.size()),
          test::tokenizer_file(tokens));
  }
  for (const std::string name : {"llama/tokenizer", "llama/metaspace", "byte_level/gpt2",
                                 "byte_level/llama3", "bert/tokenizer", "bert/cased"}) {
    std::string file = name;
    std::replace(file.begin(), file.end(), '/', '-');
    write(file, kJson, 400, test::fixture(name + ".json"));
  }
  write("vocabulary", kVocabulary, 400, test::fixture("bert/tokenizer.txt"));
  write("cased", kCased, 400, test::fixture("bert/cased.txt"));
  write("lab-bpe", kLab, 0, Tokenizer::train_bpe({"the cat the cat catcat", "a\nb"}, 40)
                                .value().to_json());
  write("lab-characters", kLab, 0, Tokenizer::train_characters({"ab\u20AC"}).value().to_json());
  for (int i = 0; i < 6; ++i) write("text" + std::to_string(i), kText, 0, kTexts[i]);
}

}  // namespace
}  // namespace norma::text

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  const std::string seeds = norma::test::seeds_folder(*argc, *argv);
  if (!seeds.empty()) norma::text::write_seeds(seeds);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  using norma::text::Reader;
  norma::text::check(static_cast<Reader>(data[0] % norma::text::kReaders),
                     {reinterpret_cast<const char*>(data) + 1, size - 1});
  return 0;
}
