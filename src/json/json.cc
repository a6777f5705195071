// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "json/json.h"

#include <set>
#include <vector>

namespace norma {
namespace {

struct Refused {
  std::string reason;
};

}  // namespace

template <typename Json>
Result<Json> parse_json(std::string_view text, int max_depth, JsonKeys keys) {
  std::vector<std::set<std::string>> seen;  // keys of the objects that are open
  const auto look = [&](int depth, typename Json::parse_event_t event, Json& value) {
    if (depth > max_depth) throw Refused{"is nested too deeply"};
    if (keys == JsonKeys::kLastOfEqual) return true;
    if (event == Json::parse_event_t::object_start) seen.emplace_back();
    if (event == Json::parse_event_t::object_end) seen.pop_back();
    if (event == Json::parse_event_t::key &&
        !seen.back().insert(value.template get_ref<const std::string&>()).second) {
      throw Refused{"has the key " + json_shown(value.template get<std::string>()) + " twice"};
    }
    return true;
  };
  try {
    if (text.find('\0') != text.npos) throw Refused{"has a zero byte in it"};
    return Json::parse(text, look);
  } catch (const nlohmann::json::exception&) {
    return Status(StatusCode::kDataLoss, "is not valid JSON");
  } catch (const Refused& refused) {
    return Status(StatusCode::kDataLoss, refused.reason);
  }
}

template Result<nlohmann::json> parse_json(std::string_view, int, JsonKeys);
template Result<nlohmann::ordered_json> parse_json(std::string_view, int, JsonKeys);

const nlohmann::json& json_at(const nlohmann::json& object, const char* key) {
  static const nlohmann::json null;
  if (!object.is_object()) return null;
  const auto found = object.find(key);
  return found == object.end() ? null : *found;
}

std::string json_shown(const nlohmann::json& value) {
  constexpr size_t kMaxShown = 80;
  std::string text = value.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  if (text.size() > kMaxShown) text.replace(kMaxShown, std::string::npos, "...");
  return text;
}

}  // namespace norma
