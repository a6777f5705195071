// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "models/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "models/model.h"

namespace norma::models {
namespace {

using testing::HasSubstr;

ModelConfig valid() {
  ModelConfig config;
  config.vocab_size = 100;
  config.norm = known_norms().front();
  return config;
}

TEST(ModelConfig, AnUnknownNameIsAnsweredWithTheNearestAndAllKnownOnes) {
  ModelConfig config = valid();
  config.placement = "pots";
  const Status status = validate(config);
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("unknown placement \"pots\"; did you mean \"post\"?"));
  EXPECT_THAT(status.message(), HasSubstr("none, post, pre"));
}

TEST(ModelConfig, EveryNamedChoiceIsChecked) {
  for (std::string ModelConfig::*field :
       {&ModelConfig::family, &ModelConfig::norm, &ModelConfig::placement, &ModelConfig::init}) {
    ModelConfig config = valid();
    ASSERT_TRUE(validate(config).ok()) << validate(config).message();
    config.*field = "";
    EXPECT_THAT(validate(config).message(), HasSubstr("did you mean"));
  }
}

TEST(ModelConfig, OfAPerceptronWhatItHasNoUseForIsRefused) {
  ModelConfig config = valid();
  config.family = "mlp";
  EXPECT_THAT(validate(config).message(), HasSubstr("inputs must be from 1 to 16777216 but is 0"));
  config.inputs = 9;
  EXPECT_TRUE(validate(config).ok()) << validate(config).message();
  config.heads = 3;  // means nothing
  EXPECT_TRUE(validate(config).ok()) << validate(config).message();
  config.placement = "peri";
  EXPECT_THAT(validate(config).message(),
              HasSubstr("placement must be none, pre (before the activation) or post"));
  config.placement = "post";
  config.init = "packed-xavier";
  EXPECT_THAT(validate(config).message(),
              HasSubstr("init must be xavier, gpt2, normal or truncated"));
  config.init = "gpt2";
  config.qk_norm = "head";
  EXPECT_THAT(validate(config).message(), HasSubstr("qk_norm must be \"none\""));
}

TEST(ModelConfig, SizesSayTheirRule) {
  struct Case {
    void (*spoil)(ModelConfig&);
    const char* message;
  };
  const Case cases[] = {
      {[](ModelConfig& c) { c.vocab_size = 0; }, "vocab_size must be from 1 to"},
      {[](ModelConfig& c) { c.heads = 3; }, "heads=3 must divide d_model=64"},
      {[](ModelConfig& c) { c.kv_heads = 3; }, "kv_heads=3 must divide heads=4"},
      {[](ModelConfig& c) { c.kv_heads = 2; },
       "kv_heads must be 0 or heads=4 in the family encdec but is 2."},
      {[](ModelConfig& c) { c.ffn = -1; }, "ffn must be from 1"},
      {[](ModelConfig& c) { c.encoder_layers = 0; }, "encoder_layers must be from 1"},
      {[](ModelConfig& c) { c.max_length = 0; }, "max_length must be from 1"},
      {[](ModelConfig& c) { c.dropout = 1.0; },
       "dropout must be at least 0 and below 1 but is 1.0"},
      {[](ModelConfig& c) { c.dropout = std::nan(""); }, "dropout must be"},
      {[](ModelConfig& c) { c.norm_eps = -1e-5; }, "norm_eps must be"},
  };
  for (const Case& one : cases) {
    ModelConfig config = valid();
    one.spoil(config);
    EXPECT_THAT(validate(config).message(), HasSubstr(one.message));
    EXPECT_THAT(make_model(config, 1).status().message(), HasSubstr(one.message));
  }
}

TEST(ModelConfig, WhereThereAreGroupedQueriesTheirHeadsAreFree) {
  ModelConfig config = valid();
  config.kv_heads = config.heads;
  EXPECT_TRUE(validate(config).ok()) << validate(config).message();
  for (const char* family : {"gpt", "llama"}) {
    config.family = family;
    config.kv_heads = 2;
    EXPECT_TRUE(validate(config).ok()) << validate(config).message();
  }
}

TEST(ModelConfig, JsonKeepsEveryField) {
  ModelConfig config = valid();
  config.placement = "post";
  config.init = "gpt2";
  config.heads = 8;
  config.kv_heads = 2;
  config.norm_eps = 1.0 / 3.0;
  config.tie_embeddings = false;
  const std::string text = to_json(config);
  const Result<ModelConfig> back = model_config_from_json(text);
  ASSERT_TRUE(back.ok()) << back.status().message();
  EXPECT_EQ(to_json(back.value()), text);
  EXPECT_EQ(back.value().norm_eps, 1.0 / 3.0);
  EXPECT_EQ(back.value().kv_heads, 2);
  EXPECT_FALSE(back.value().tie_embeddings);
}

TEST(ModelConfig, BadJsonIsRefused) {
  EXPECT_THAT(model_config_from_json("{").status().message(), HasSubstr("not a JSON object"));
  EXPECT_THAT(model_config_from_json("[1]").status().message(), HasSubstr("not a JSON object"));
  EXPECT_THAT(model_config_from_json(std::string(1000000, '[')).status().message(),
              HasSubstr("not a JSON object"));
  EXPECT_THAT(model_config_from_json(R"({"layer": 3})").status().message(),
              HasSubstr("unknown model setting \"layer\""));
  EXPECT_THAT(model_config_from_json(R"({"heads": "four"})").status().message(),
              HasSubstr("heads cannot be \"four\""));
}

}  // namespace
}  // namespace norma::models
