// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Recipes from TOML text.
#include <fmt/core.h>
#include <toml++/toml.h>

#include <algorithm>
#include <optional>

#include "base/atomic_file.h"
#include "base/nearest.h"
#include "lab/recipes/recipe.h"

namespace norma::lab {
namespace {

std::string where(const std::string& path, const toml::source_region& source) {
  return fmt::format("{}:{}: ", path, source.begin.line);
}

// The text that set_from_text() takes; nothing where the value is a table, an array or a date.
std::optional<std::string> scalar_text(const toml::node& node) {
  if (const auto* v = node.as_string()) return v->get();
  if (const auto* v = node.as_integer()) return std::to_string(v->get());
  if (const auto* v = node.as_floating_point()) return fmt::format("{}", v->get());
  if (const auto* v = node.as_boolean()) return v->get() ? "true" : "false";
  return std::nullopt;
}

// "adam" for a string, 3 for a number: TOML's types must fit the field's.
bool same_kind(const Field& field, const toml::node& node) {
  if (std::holds_alternative<std::string*>(field.value)) return node.is_string();
  if (std::holds_alternative<bool*>(field.value)) return node.is_boolean();
  if (std::holds_alternative<int64_t*>(field.value)) return node.is_integer();
  return node.is_number();
}

Status set_field(const Field& field, const toml::node& node, const std::string& at) {
  const std::optional<std::string> text = scalar_text(node);
  if (!text || !same_kind(field, node)) {
    const char* type = std::holds_alternative<std::string*>(field.value) ? "a string in quotes"
                       : std::holds_alternative<bool*>(field.value)      ? "true or false"
                       : std::holds_alternative<int64_t*>(field.value)   ? "a whole number"
                                                                         : "a number";
    return invalid_argument(fmt::format("{}{} must be {}.", at, field.key, type));
  }
  return set_from_text(field, *text, at);
}

const Field* find_field(const std::vector<Field>& fields, std::string_view section,
                        std::string_view key) {
  for (const Field& field : fields) {
    if (field.section == section && field.key == key) return &field;
  }
  return nullptr;
}

Status read_section(const std::string& path, const std::string& section, const toml::table& table,
                    const std::vector<Field>& fields) {
  for (const auto& [key, node] : table) {
    const std::string at = where(path, key.source());
    const Field* field = find_field(fields, section, key.str());
    if (field == nullptr) {
      std::vector<std::string> known;
      for (const Field& f : fields) {
        if (f.section == section) known.push_back(f.key);
      }
      return invalid_argument(at + unknown_name("key of [" + section + "]", key.str(), known));
    }
    NORMA_RETURN_IF_ERROR(set_field(*field, node, at));
  }
  return Status();
}

// `key = value` or `key = [values]` of an axis. Each value must be one that its field takes.
Status read_axis(const std::string& at, const std::string& key, const toml::node& node,
                 Axes* axes) {
  TrainRecipe scratch;
  const std::vector<Field> fields = fields_of(scratch);
  const auto field = std::find_if(fields.begin(), fields.end(),
                                  [&key](const Field& f) { return f.key == key; });
  std::vector<std::string>& values = (*axes)[key];
  const toml::array* array = node.as_array();
  if (array != nullptr && array->empty()) {
    return invalid_argument(fmt::format("{}{} must not be an empty list.", at, key));
  }
  for (size_t i = 0; i < (array ? array->size() : 1); ++i) {
    NORMA_RETURN_IF_ERROR(set_field(*field, array ? (*array)[i] : node, at));
    NORMA_RETURN_IF_ERROR(add_to_axis(*field, at, &values));
  }
  return Status();
}

bool is_axis(std::string_view key) {
  const auto& keys = axis_keys();
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

Status read_configurations(const std::string& path, const toml::key& key, const toml::node& node,
                           CompareRecipe* recipe) {
  if (!node.is_array_of_tables()) {
    return invalid_argument(where(path, key.source()) +
                            "write each configuration as [[compare.configuration]].");
  }
  for (const toml::node& element : *node.as_array()) {
    Axes axes;
    for (const auto& [axis, values] : *element.as_table()) {
      const std::string at = where(path, axis.source());
      if (!is_axis(axis.str())) {
        return invalid_argument(
            at + unknown_name("key of [[compare.configuration]]", axis.str(), axis_keys()));
      }
      NORMA_RETURN_IF_ERROR(read_axis(at, std::string(axis.str()), values, &axes));
    }
    recipe->configurations.push_back(std::move(axes));
  }
  return Status();
}

Status read_compare_key(const std::string& path, const toml::key& key, const toml::node& node,
                        CompareRecipe* recipe) {
  const std::string at = where(path, key.source());
  if (is_axis(key.str())) return read_axis(at, std::string(key.str()), node, &recipe->axes);
  if (key == "configuration") return read_configurations(path, key, node, recipe);
  const std::vector<Field> own = {
      {"compare", "jobs", &recipe->jobs, "Members that train side by side", 1, 256},
      {"compare", "probe", &recipe->probe, "Probe gradients at initialisation"},
      {"compare", "timing", &recipe->timing, "Time the norms alone"},
      {"compare", "note", &recipe->note, "Said beside BLEU"}};
  if (const Field* field = find_field(own, "compare", key.str())) {
    return set_field(*field, node, at);
  }
  std::vector<std::string> known = axis_keys();
  known.insert(known.end(), {"configuration", "jobs", "probe", "timing", "note"});
  return invalid_argument(at + unknown_name("key of [compare]", key.str(), known));
}

Status read_document(const std::string& path, const toml::table& document, bool comparison,
                     CompareRecipe* recipe) {
  const std::vector<Field> fields = fields_of(recipe->base);
  for (const auto& [key, node] : document) {
    const std::string at = where(path, key.source());
    const std::string name(key.str());
    if (name == "name") {
      const Field field = {"", "name", &recipe->base.name, ""};
      NORMA_RETURN_IF_ERROR(set_field(field, node, at));
      continue;
    }
    if (name != "data" && name != "model" && name != "train" && name != "bleu" &&
        name != "compare") {
      return invalid_argument(
          at + unknown_name("section", name, {"data", "model", "train", "bleu", "compare"}));
    }
    if (!node.is_table()) return invalid_argument(at + name + " must be a section [" + name + "].");
    if (name != "compare") {
      NORMA_RETURN_IF_ERROR(read_section(path, name, *node.as_table(), fields));
    } else if (!comparison) {
      return invalid_argument(at + "this is the recipe of a comparison; use norma compare " + path +
                              ".");
    } else {
      for (const auto& [k, v] : *node.as_table()) {
        NORMA_RETURN_IF_ERROR(read_compare_key(path, k, v, recipe));
      }
    }
  }
  if (comparison && !document.contains("compare")) {
    return invalid_argument(path + " has no [compare] section; use norma train --recipe " + path +
                            ", or add the section.");
  }
  return Status();
}

Result<CompareRecipe> read_recipe(const std::string& path, bool comparison) {
  Result<std::string> text =
      read_file(path, "Give the path of a TOML recipe, such as those in recipes/.");
  if (!text.ok()) return text.status();
  toml::table document;
  try {
    document = toml::parse(text.value(), path);
  } catch (const toml::parse_error& error) {
    return invalid_argument(where(path, error.source()) + std::string(error.description()) +
                            " (not TOML; see recipes/ for examples)");
  }
  CompareRecipe recipe;
  NORMA_RETURN_IF_ERROR(read_document(path, document, comparison, &recipe));
  return recipe;
}

}  // namespace

Result<TrainRecipe> read_train_recipe(const std::string& path) {
  Result<CompareRecipe> recipe = read_recipe(path, false);
  if (!recipe.ok()) return recipe.status();
  return std::move(recipe.value().base);
}

Result<CompareRecipe> read_compare_recipe(const std::string& path) {
  return read_recipe(path, true);
}

}  // namespace norma::lab
