#include "render/helm/values_text.hpp"

#include <cstddef>
#include <utility>
#include <vector>

#include "base/budget/content_cache.hpp"
#include "base/yaml/yaml.hpp"
#include "render/helm/go_struct.hpp"
#include "render/helm/whitespace.hpp"

namespace gitopsctl::render::helm {

namespace {

struct Part {
  std::string_view text;
  int first_line = 1;
};

// Cuts a stream into documents at lines that start with `---`; only blanks and a comment may follow on such a line. A
// separator before any content belongs to the document that it opens.
Result<std::vector<Part>> split_stream(std::string_view text, const std::string& file, bool quote_content) {
  std::vector<Part> parts;
  std::size_t start = 0;
  int start_line = 1;
  int line = 0;
  for (std::size_t at = 0; at < text.size();) {
    ++line;
    const auto newline = text.find('\n', at);
    const auto next = newline == std::string_view::npos ? text.size() : newline + 1;
    const auto content = text.substr(at, next - at);
    if (content.starts_with("---")) {
      const auto rest = trim_space(content.substr(3));
      if (!rest.empty() && rest.front() != '#') {
        return Error(ErrorCode::invalid_input, "error reading yaml document: invalid Yaml document separator" +
                                                   (quote_content ? ": " + std::string(rest) : std::string()))
            .at({.file = file, .line = line});
      }
      if (at > start) {
        parts.push_back({text.substr(start, at - start), start_line});
        start = next;
        start_line = line + 1;
      }
    }
    at = next;
  }
  if (start < text.size()) parts.push_back({text.substr(start), start_line});
  return parts;
}

// What a reader with a buffer of 4,096 bytes loses: a last line of that many bytes, or several times as many, without its
// end.
std::string_view without_lost_line(std::string_view text) {
  constexpr std::size_t buffer = 4096;
  const auto newline = text.rfind('\n');
  const auto start = newline == std::string_view::npos ? 0 : newline + 1;
  const auto length = text.size() - start;
  return length > 0 && length % buffer == 0 ? text.substr(0, start) : text;
}

}  // namespace

Result<Value> read_values(std::string_view text, const std::string& file, const HelmProfile& profile, bool quote_content) {
  std::vector<Part> parts{{text, 1}};
  if (profile.joins_value_documents) {
    GITOPSCTL_TRY(parts, split_stream(profile.reads_last_line ? text : without_lost_line(text), file, quote_content));
  }
  const std::string what = profile.joins_value_documents ? "cannot unmarshal yaml document: " : "";
  Value values = Value::map();
  for (const auto& part : parts) {
    const auto place = [&](int line, int column) {
      return Location{.file = file, .line = line == 0 ? 0 : line + part.first_line - 1, .column = column};
    };
    auto document = parse_yaml(part.text, {.numbers = YamlNumbers::float64, .quote_content = quote_content});
    if (!document.ok()) {
      const auto& error = document.error();
      return Error(error.code(), what + "error converting YAML to JSON: " + error.message())
          .at(place(error.where().line, error.where().column));
    }
    if (document->is_nothing()) continue;
    if (!document->is_map()) {
      return Error(ErrorCode::invalid_input, what + "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal " +
                                                 std::string(json_kind(*document)) +
                                                 " into Go value of type map[string]interface {}")
          .at(place(1, 0))
          .with_hint("a values file is a map of keys");
    }
    values = values.size() == 0 ? *std::move(document) : merge_tables(values, *document);
  }
  return values;
}

Result<Value> read_default_values(std::string_view text, const std::string& file, const HelmProfile& profile,
                                  bool quote_content) {
  // What decides how a text is read.
  using Key = std::pair<bool, bool>;
  // The tree takes up to ten times the text. What users give is not kept: it may be secret.
  static ContentCache<Key, Value> cache(64, std::size_t{512} << 10U);
  const Key key(profile.joins_value_documents, profile.reads_last_line);
  if (auto known = cache.find(text, key)) return *std::move(known);
  GITOPSCTL_TRY(auto values, read_values(text, file, profile, quote_content));
  cache.insert(text, key, values);
  return values;
}

Value merge_tables(const Value& base, const Value& over) {
  Value out = base.is_nil_container() ? Value::map() : base.shallow_copy();
  for (const auto& member : over.as_map()) {
    const auto* under = out.find(member.key.view());
    if (member.value.is_map() && under != nullptr && under->is_map()) {
      out.set(member.key, merge_tables(*under, member.value));
    } else {
      out.set(member.key, member.value);
    }
  }
  return out;
}

Value with_float_numbers(const Value& value) {
  if (value.is_int()) return Value::float64(static_cast<double>(value.as_int()));
  if (value.is_list() && !value.is_nil_container()) {
    Value::List items;
    items.reserve(value.size());
    for (const auto& item : value.as_list()) items.push_back(with_float_numbers(item));
    return Value::list(std::move(items));
  }
  if (value.is_map() && !value.is_nil_container()) {
    Value::Members members;
    members.reserve(value.size());
    for (const auto& member : value.as_map()) members.push_back({member.key, with_float_numbers(member.value)});
    return Value::map(std::move(members));
  }
  return value;
}

}  // namespace gitopsctl::render::helm
