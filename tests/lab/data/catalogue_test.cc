// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/data/catalogue.h"

#include <gtest/gtest.h>

#include <set>

#include "lab/data/images.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tiny_pictures.h"

namespace norma::lab {
namespace {

using test::TempFolder;

TEST(Catalogue, KnowsTheBuiltInSets) {
  std::set<std::string> names;
  for (const DataSet& set : known_data_sets()) {
    names.insert(set.name);
    for (const std::string& field : {set.file, set.description, set.source, set.licence}) {
      EXPECT_FALSE(field.empty()) << set.name;
    }
    EXPECT_EQ(set.how_to_get, "make data");
  }
  EXPECT_EQ(names, (std::set<std::string>{"en-de", "fashion-mnist", "kjv"}));
}

TEST(Catalogue, CountsWhatIsThere) {
  const TempFolder folder;
  const DataSet& set = known_data_sets()[0];
  EXPECT_FALSE(inspect_data_set(set, folder.path()).present);
  const std::string path = folder.write(set.file, "a\tb\nc\td\n");
  const DataSetState state = inspect_data_set(set, folder.path());
  EXPECT_TRUE(state.present);
  EXPECT_EQ(state.path, path);
  EXPECT_EQ(state.bytes, 8);
  EXPECT_EQ(state.lines, 2);
}

TEST(Catalogue, PicturesAreThereWithAllTheirFiles) {
  const TempFolder folder;
  const DataSet& set = known_data_sets()[2];
  const std::string path = folder.path() + "/fashion-mnist";
  test::write_tiny_pictures(path);
  const DataSetState state = inspect_data_set(set, folder.path());
  EXPECT_TRUE(state.present);
  EXPECT_EQ(state.lines, 120);
  int64_t bytes = 0;
  for (const std::string& name : image_files()) {
    bytes += static_cast<int64_t>(std::filesystem::file_size(path + "/" + name));
  }
  EXPECT_EQ(state.bytes, bytes);
  EXPECT_EQ(resolve_data("fashion-mnist", folder.path()).value(), path);
  std::filesystem::remove(path + "/" + image_files()[1]);
  EXPECT_FALSE(inspect_data_set(set, folder.path()).present);
  EXPECT_NE(resolve_data("fashion-mnist", folder.path()).status().message().find("make data"),
            std::string::npos);
}

TEST(Catalogue, EachFamilyLearnsFromOneKind) {
  EXPECT_EQ(kind_of_family("mlp"), DataKind::kImages);
  EXPECT_EQ(kind_of_family("encdec"), DataKind::kPairs);
  for (const char* family : {"gpt", "llama", "bert", "rnn", "gru", "lstm"}) {
    EXPECT_EQ(kind_of_family(family), DataKind::kText) << family;
  }
}

TEST(Catalogue, ResolvesNamesAndPaths) {
  const TempFolder folder;
  const auto message = [&](const std::string& name) {
    const Status status = resolve_data(name, folder.path()).status();
    EXPECT_EQ(status.code(), StatusCode::kNotFound);
    return status.message();
  };
  EXPECT_NE(message("kjv").find("Fetch it with: make data"), std::string::npos);
  EXPECT_NE(message("en-ed").find("\"en-de\""), std::string::npos) << message("en-ed");
  EXPECT_EQ(message("my/missing.tsv"),
            "there is no file \"my/missing.tsv\". Give another path, or a data set: en-de, kjv, "
            "fashion-mnist.");
  const std::string bible = folder.write("kjv/kjv.txt", "x");
  EXPECT_EQ(resolve_data("kjv", folder.path()).value(), bible);
  const std::string own = folder.write("own.tsv", "x");
  EXPECT_EQ(resolve_data(own, "nowhere").value(), own);
}

}  // namespace
}  // namespace norma::lab
