#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "base/text/escape.hpp"
#include "channels/model/reading.hpp"
#include "render/manifest/object.hpp"

namespace gitopsctl::channels::detail {

namespace {

constexpr std::size_t max_name = 253;  // of objects, and of the keys of their data (Kubernetes)

std::string quoted(std::string_view text) { return "'" + terminal_safe(truncate_utf8(text, 120)) + "'"; }

bool is_lower_alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

/// A DNS name: it becomes a part of a path of the API.
bool valid_object_name(std::string_view name) {
  if (name.empty() || name.size() > max_name) return false;
  if (!is_lower_alphanumeric(name.front()) || !is_lower_alphanumeric(name.back())) return false;
  return std::ranges::all_of(name, [](char c) { return is_lower_alphanumeric(c) || c == '-' || c == '.'; });
}

bool valid_data_key(std::string_view key) {
  const auto allowed = [](char c) {
    return is_lower_alphanumeric(c) || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.';
  };
  return !key.empty() && key.size() <= max_name && std::ranges::all_of(key, allowed);
}

void read_object(const ConfigNode& node, ValuesSource& source) {
  source.name = node.text("name");
  source.key = node.text("key", source.key);
  source.optional = node.boolean("optional", false);
  if (node.at("name").value().is_string() && !valid_object_name(source.name)) {
    node.at("name").fail(Error(ErrorCode::invalid_input, quoted(source.name) + " cannot be the name of an object")
                             .with_hint("use lower-case letters, digits, dashes and dots"));
  }
  if (!valid_data_key(source.key)) {
    node.at("key").fail(Error(ErrorCode::invalid_input, quoted(source.key) + " cannot be a key of its data")
                            .with_hint("use letters, digits, dashes, underscores and dots"));
  }
  if (node.has("namespace")) {
    node.at("namespace")
        .fail_key(Error(ErrorCode::forbidden, "values come from the release's own namespace and from no other one")
                      .with_hint("leave 'namespace' out, and put a copy of the object where the release is: else a commit "
                                 "could read what its release has no business with"));
  }
  const ConfigNode target = node.at("targetPath");
  if (!target.value().is_string()) return;
  auto keys = render::parse_key_path(target.value().as_string());
  if (!keys.ok()) return target.fail(keys.error());
  source.target_path = *std::move(keys);
}

}  // namespace

void read_values_from(const ConfigNode& list, Release& release) {
  const auto items = list.items();
  if (items.size() > max_values_sources) {
    list.fail(Error(ErrorCode::too_large, "more than " + std::to_string(max_values_sources) + " entries")
                  .with_hint("put values that belong together into one object"));
    return;
  }
  for (const auto& node : items) {
    if (!node.value().is_map()) continue;  // check_config has said so
    const int named = static_cast<int>(node.has("configMap")) + static_cast<int>(node.has("secret")) +
                      static_cast<int>(node.has("provider"));
    if (named != 1) {
      node.fail(Error(ErrorCode::invalid_input, "an entry names one source of values")
                    .with_hint("write configMap: {name: …} or secret: {name: …}"));
      continue;
    }
    if (node.has("provider")) {
      node.at("provider")
          .fail_key(Error(ErrorCode::unsupported, "values of secret providers are not supported by this version")
                        .with_hint("have them in a Secret of the release's namespace, and name it with 'secret'"));
      continue;
    }
    ValuesSource source;
    source.where = node.where();
    source.kind = node.has("secret") ? ValuesSource::Kind::secret : ValuesSource::Kind::config_map;
    read_object(node.at(source.is_secret() ? "secret" : "configMap"), source);
    release.values_from.push_back(std::move(source));
  }
}

}  // namespace gitopsctl::channels::detail
