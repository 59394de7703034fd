#include "render/helm/user_values.hpp"

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "base/json/json.hpp"
#include "render/helm/strvals.hpp"
#include "render/helm/values_text.hpp"
#include "render/helm/whitespace.hpp"

namespace gitopsctl::render::helm {

namespace {

struct Flag {
  SetValue::Kind kind;
  SetStyle style;
  std::string_view name;
};

// In the order that Helm applies them.
constexpr std::array<Flag, 5> flags = {{
    {SetValue::Kind::json, SetStyle::json, "--set-json"},
    {SetValue::Kind::typed, SetStyle::typed, "--set"},
    {SetValue::Kind::string, SetStyle::string, "--set-string"},
    {SetValue::Kind::file, SetStyle::file, "--set-file"},
    {SetValue::Kind::literal, SetStyle::literal, "--set-literal"},
}};

Result<Value> read_value_file(const FileTree& tree, const TreePath& path, const HelmProfile& profile, bool quote_content) {
  const auto name = tree.display(path);
  auto text = tree.read(path);
  if (!text.ok()) {
    const auto& error = text.error();
    if (error.code() != ErrorCode::not_found) return error.at({.file = name});
    return Error(ErrorCode::not_found, "values file " + name + " does not exist")
        .at({.file = name})
        .with_hint("correct the path in the channel file, or add the file to the same commit");
  }
  auto values = read_values(*text, name, profile, quote_content);
  if (values.ok()) return values;
  const auto& error = values.error();
  return Error(error.code(), "failed to parse " + name + ": " + error.message()).at(error.where()).with_hint(error.hint());
}

/// Values that somebody found for this render; what they say is not quoted, wherever they are from.
Result<Value> read_given(const GivenValues& given, const HelmProfile& profile) {
  if (given.target_path.empty()) {
    auto values = read_values(given.text, given.source, profile, false);
    if (values.ok()) return values;
    const auto& error = values.error();
    return Error(error.code(), "failed to parse " + given.source + ": " + error.message()).with_hint(error.hint());
  }
  Value value = Value::string(given.text);
  for (auto key = given.target_path.rbegin(); key != given.target_path.rend(); ++key) {
    Value table = Value::map();
    table.set(*key, std::move(value));
    value = std::move(table);
  }
  return value;
}

Result<void> apply(const RenderInputs& inputs, const HelmProfile& profile, const Flag& flag, const std::string& text,
                   Value& values) {
  if (flag.style == SetStyle::json && profile.set_json_objects) {
    const auto trimmed = trim_space(text);
    if (trimmed.starts_with('{')) {
      const auto whole = parse_json(trimmed, {}, false);
      if (!whole.ok()) return Error(ErrorCode::invalid_input, "failed parsing --set-json data JSON: " + text);
      values = merge_tables(values, *whole);
      return {};
    }
  }
  const auto read_file = [&](const std::string& path) -> Result<std::string> {
    const auto& given = inputs.helm.set_files;
    if (const auto found = given.find(path); found != given.end()) return found->second;
    GITOPSCTL_TRY(const auto at, TreePath::parse(path));
    return inputs.tree->read(at);
  };
  const auto open_index = profile.ends_open_index_quietly ? OpenIndex::ends_quietly : OpenIndex::is_error;
  const auto done = parse_set(text, flag.style, values, read_file, open_index);
  if (done.ok()) return {};
  if (flag.style == SetStyle::json) return Error(ErrorCode::invalid_input, "failed parsing --set-json data " + text);
  const auto& error = done.error();
  return Error(error.code(), "failed parsing " + std::string(flag.name) + " data: " + error.message()).at(error.where());
}

}  // namespace

Result<Value> user_values(const RenderInputs& inputs, const HelmProfile& profile) {
  Value values = Value::map();
  for (const auto& path : inputs.helm.value_files) {
    GITOPSCTL_TRY(const auto file, read_value_file(*inputs.tree, path, profile, inputs.quote_content));
    values = merge_tables(values, file);
  }
  for (const auto& given : inputs.helm.given) {
    GITOPSCTL_TRY(const auto found, read_given(given, profile));
    values = merge_tables(values, found);
  }
  values = merge_tables(values, with_float_numbers(inputs.helm.values));
  // Overrides change tables in place; the files' values may be shared.
  values = values.deep_copy();
  for (const auto& flag : flags) {
    for (const auto& set : inputs.helm.set_values) {
      if (set.kind == flag.kind) GITOPSCTL_CHECK(apply(inputs, profile, flag, set.text, values));
    }
  }
  return values;
}

}  // namespace gitopsctl::render::helm
