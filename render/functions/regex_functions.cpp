#include <array>
#include <string>

#include "base/text/go_format.hpp"
#include "base/text/regex.hpp"
#include "render/functions/arguments.hpp"
#include "render/functions/functions.hpp"

namespace gitopsctl::render {
namespace {

using enum ParamType;

using RegexPtr = std::shared_ptr<const Regex>;
using Compile = Result<RegexPtr> (*)(std::string_view);

Result<RegexPtr> compile(std::string_view pattern) { return Regex::compile(pattern); }

/// Go's MustCompile, whose panic names the pattern again.
Result<RegexPtr> must_compile(std::string_view pattern) {
  auto regex = Regex::compile(pattern);
  if (regex.ok() || regex.error().code() == ErrorCode::too_large) return regex;
  // In backquotes where they can hold it.
  const std::string quoted = go_sprintf("%#q", std::array{Value::string(pattern)});
  return failure("regexp: Compile(" + quoted + "): " + regex.error().message());
}

Result<Value> match(CallContext& /*context*/, Arguments arguments) {
  const auto regex = Regex::compile(arguments[0].as_string());
  return Value::boolean(regex.ok() && (*regex)->matches(arguments[1].as_string()));
}
Result<Value> must_match(CallContext& /*context*/, Arguments arguments) {
  GITOPSCTL_TRY(const auto regex, compile(arguments[0].as_string()));
  return Value::boolean(regex->matches(arguments[1].as_string()));
}

template <Compile compiled>
Result<Value> find(CallContext& /*context*/, Arguments arguments) {
  GITOPSCTL_TRY(const auto regex, compiled(arguments[0].as_string()));
  const auto text = arguments[1].as_string();
  const auto span = regex->find(text);
  return Value::string(span ? text.substr(span->begin, span->end - span->begin) : std::string_view{});
}

template <Compile compiled>
Result<Value> find_all(CallContext& /*context*/, Arguments arguments) {
  GITOPSCTL_TRY(const auto regex, compiled(arguments[0].as_string()));
  const auto text = arguments[1].as_string();
  const auto spans = regex->find_all(text, arguments[2].as_int());
  if (spans.empty()) return Value::nil_list(ListType::string);
  if (spans.size() > max_list_items) return list_too_long("regexFindAll");
  Value::List items;
  items.reserve(spans.size());
  for (const auto& span : spans) items.push_back(Value::string(text.substr(span.begin, span.end - span.begin)));
  return Value::list(std::move(items), ListType::string);
}

template <Compile compiled>
Result<Value> replace_all(CallContext& /*context*/, Arguments arguments) {
  GITOPSCTL_TRY(const auto regex, compiled(arguments[0].as_string()));
  GITOPSCTL_TRY(auto text, regex->replace_all(arguments[1].as_string(), arguments[2].as_string(), max_text_bytes));
  return Value::string(text);
}

template <Compile compiled>
Result<Value> replace_all_literal(CallContext& /*context*/, Arguments arguments) {
  GITOPSCTL_TRY(const auto regex, compiled(arguments[0].as_string()));
  GITOPSCTL_TRY(auto text, regex->replace_all_literal(arguments[1].as_string(), arguments[2].as_string(), max_text_bytes));
  return Value::string(text);
}

template <Compile compiled>
Result<Value> split(CallContext& /*context*/, Arguments arguments) {
  GITOPSCTL_TRY(const auto regex, compiled(arguments[0].as_string()));
  const auto limit = arguments[2].as_int();
  if (limit == 0) return Value::nil_list(ListType::string);
  const auto pieces = regex->split(arguments[1].as_string(), limit);
  if (pieces.size() > max_list_items) return list_too_long("regexSplit");
  Value::List items;
  items.reserve(pieces.size());
  for (const auto piece : pieces) items.push_back(Value::string(piece));
  return Value::list(std::move(items), ListType::string);
}

Result<Value> quote_meta(CallContext& /*context*/, Arguments arguments) {
  return text_value("regexQuoteMeta", regex_quote_meta(arguments[0].as_string()));
}

constexpr Function table[] = {
    {"regexMatch", match, params<string, string>},
    {"mustRegexMatch", must_match, params<string, string>},
    {"regexFind", find<must_compile>, params<string, string>},
    {"mustRegexFind", find<compile>, params<string, string>},
    {"regexFindAll", find_all<must_compile>, params<string, string, integer>, false, false},
    {"mustRegexFindAll", find_all<compile>, params<string, string, integer>, false, false},
    {"regexReplaceAll", replace_all<must_compile>, params<string, string, string>},
    {"mustRegexReplaceAll", replace_all<compile>, params<string, string, string>},
    {"regexReplaceAllLiteral", replace_all_literal<must_compile>, params<string, string, string>},
    {"mustRegexReplaceAllLiteral", replace_all_literal<compile>, params<string, string, string>},
    {"regexSplit", split<must_compile>, params<string, string, integer>, false, false},
    {"mustRegexSplit", split<compile>, params<string, string, integer>, false, false},
    {"regexQuoteMeta", quote_meta, params<string>},
};

}  // namespace

std::span<const Function> regex_functions() { return table; }

}  // namespace gitopsctl::render
