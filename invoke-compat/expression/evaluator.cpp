#include <algorithm>
#include <string>
#include <utility>

#include "base/config/reader.hpp"
#include "base/json/json.hpp"
#include "base/text/escape.hpp"
#include "base/text/unicode.hpp"
#include "invoke-compat/expression/printing.hpp"
#include "invoke-compat/expression/syntax.hpp"

namespace gitopsctl::invoke::expression_detail {

namespace {

/// Names are shown in messages; a computed one can be of any length.
std::string shown(std::string_view name) {
  constexpr std::size_t longest = 80;
  const auto cut = truncate_utf8(name, longest);
  return terminal_safe(cut) + (cut.size() < name.size() ? "…" : "");
}

std::vector<Value> split_lines(std::string_view text) {
  std::vector<Value> out;
  while (!text.empty()) {
    const auto end = text.find('\n');
    auto line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    out.push_back(Value::string(line));
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  }
  return out;
}

}  // namespace

Error Evaluator::located(const Error& error, const Node& node) const {
  std::string message;
  for (const auto& one : error.flatten()) {
    if (!message.empty()) message += "; ";
    for (const auto& step : one.trail()) message += step + ": ";
    message += one.message();
  }
  const Error out = error_at(syntax_, node.offset, message, error.code());
  return error.hint().empty() ? out : out.with_hint(error.hint());
}

Result<void> Evaluator::spend(std::size_t bytes) {
  spent_ += bytes;
  if (bytes <= max_result_bytes && spent_ <= max_evaluation_bytes) return {};
  return Error(ErrorCode::too_large, "the result is too large").at(syntax_.where);
}

Result<Evaluated> Evaluator::value(NodeId node) {
  GITOPSCTL_TRY(Evaluated out, evaluate(node));
  if (!out.value.is_absent()) return out;
  return error_at(syntax_, syntax_.nodes[node].offset, "'" + missing_ + "' is not set", ErrorCode::not_found)
      .with_hint("give a value for the case that it is not: " + missing_ + " || 'value'");
}

Result<Evaluated> Evaluator::evaluate(NodeId id) {
  const Node& node = syntax_.nodes[id];
  switch (node.kind) {
    case NodeKind::literal: return Evaluated{node.literal};
    case NodeKind::access: {
      GITOPSCTL_TRY(Value found, access(node));
      return Evaluated{std::move(found)};
    }
    case NodeKind::call: return call(node);
    case NodeKind::negation: {
      GITOPSCTL_TRY(const Evaluated operand, evaluate(node.operands[0]));
      return Evaluated{Value::boolean(!holds(operand.value))};
    }
    case NodeKind::equal:
    case NodeKind::not_equal: {
      GITOPSCTL_TRY(const Evaluated left, evaluate(node.operands[0]));
      GITOPSCTL_TRY(const Evaluated right, evaluate(node.operands[1]));
      const auto comparable = [](const Value& value) { return value.is_absent() ? Value() : value; };
      const bool same = json_equal(comparable(left.value), comparable(right.value));
      return Evaluated{Value::boolean(same == (node.kind == NodeKind::equal))};
    }
    case NodeKind::all:
    case NodeKind::any: {
      const bool stops_at = node.kind == NodeKind::any;
      for (std::size_t i = 0; i + 1 < node.operands.size(); ++i) {
        GITOPSCTL_TRY(Evaluated operand, evaluate(node.operands[i]));
        if (holds(operand.value) != stops_at) continue;
        // `config.flag && '--flag'` is about whether there is a flag.
        if (operand.value.is_absent()) operand.value = Value();
        return operand;
      }
      return evaluate(node.operands.back());
    }
    case NodeKind::choice: {
      GITOPSCTL_TRY(const Evaluated condition, evaluate(node.operands[0]));
      return evaluate(node.operands[holds(condition.value) ? 1 : 2]);
    }
  }
  return Error(ErrorCode::internal, "unknown kind of expression");
}

Result<Value> Evaluator::root(const Node& node) {
  if (node.root == "args") return scope_.args;
  if (node.root == "config") return scope_.config;
  if (node.root == "env") return scope_.env;
  if (node.root == "remainder") return scope_.remainder;
  if (node.root == "steps") return scope_.steps;
  if (node.root == "project") return scope_.project;
  if (!scope_.git) return error_at(syntax_, node.offset, "there is nothing known of git here", ErrorCode::unsupported);
  auto git = scope_.git();
  if (!git.ok()) return located(git.error(), node);
  return *std::move(git);
}

Result<Value> Evaluator::access(const Node& node) {
  std::string path = node.root;
  Value at;
  if (node.root.empty()) {
    GITOPSCTL_TRY(Evaluated base, value(node.operands[0]));
    at = std::move(base.value);
    path = "the value";
  } else {
    GITOPSCTL_TRY(at, root(node));
  }
  for (const Step& step : node.steps) {
    Value key = Value::string(step.name);
    if (step.computed) {
      GITOPSCTL_TRY(Evaluated computed, value(*step.computed));
      key = std::move(computed.value);
    }
    if (path.size() < 200)
      path += key.is_string() ? "." + shown(key.as_string()) : "[" + shown(printed(key).value_or("?")) + "]";
    GITOPSCTL_TRY(at, step_into(at, key, node));
  }
  // A variable that is not set is as common as one that is.
  if (at.is_absent() && node.root == "env" && node.steps.size() == 1) return Value();
  if (at.is_absent()) missing_ = path;
  return at;
}

Result<Value> Evaluator::step_into(const Value& value, const Value& key, const Node& node) const {
  const auto fail = [&](const std::string& message) { return error_at(syntax_, node.offset, message); };
  if (value.is_nothing()) return Value::absent();
  if (value.is_map()) {
    if (!key.is_string()) return fail("a key of a map is a text, not " + std::string(type_words(key)));
    const Value* found = value.find(key.as_string());
    return found == nullptr ? Value::absent() : *found;
  }
  if (value.is_list()) {
    if (!key.is_int()) return fail("an item of a list is named by a whole number, as in [0]");
    const auto index = key.as_int();
    if (index < 0 || static_cast<std::size_t>(index) >= value.size()) return Value::absent();
    return value.as_list()[static_cast<std::size_t>(index)];
  }
  return fail(std::string(type_words(value)) + " has no parts" +
              (key.is_string() ? " ('" + shown(key.as_string()) + "')" : ""));
}

Result<std::string> Evaluator::text_of(const Value& value, const Node& node) const {
  auto text = printed(value);
  if (!text.ok()) return located(text.error(), node);
  return *std::move(text);
}

Result<std::string> Evaluator::join(const std::vector<Value>& arguments, const Node& node) {
  const Value& list = arguments[0];
  if (!list.is_list() && !list.is_null()) {
    return error_at(syntax_, node.offset, "'join' wants a list, not " + std::string(type_words(list)));
  }
  std::string separator = " ";
  if (arguments.size() > 1) {
    GITOPSCTL_TRY(separator, text_of(arguments[1], node));
  }
  std::string out;
  bool first = true;
  for (const auto& item : list.as_list()) {
    GITOPSCTL_TRY(const std::string text, text_of(item, node));
    if (!first) out += separator;
    first = false;
    out += text;
    if (out.size() > max_result_bytes) break;  // spend() tells it
  }
  return out;
}

Result<Evaluated> Evaluator::call(const Node& node) {
  std::vector<Value> arguments;
  arguments.reserve(node.operands.size());
  for (const NodeId operand : node.operands) {
    GITOPSCTL_TRY(Evaluated argument, value(operand));
    arguments.push_back(std::move(argument.value));
  }
  const auto made = [&](std::string_view text) -> Result<Evaluated> {
    GITOPSCTL_CHECK(spend(text.size()));
    return Evaluated{Value::string(text)};
  };
  const Value& argument = arguments[0];
  switch (node.function) {
    case Function::join: {
      GITOPSCTL_TRY(const std::string text, join(arguments, node));
      return made(text);
    }
    case Function::json: {
      auto text = to_json(argument, {.escape_html = false});
      if (!text.ok()) return located(text.error(), node);
      return made(*text);
    }
    case Function::quote: {
      auto words = shell_words(argument);
      if (!words.ok()) return located(words.error(), node);
      return made(*words);
    }
    case Function::secret: {
      if (!argument.is_string()) return error_at(syntax_, node.offset, "the name of a secret is a text");
      if (scope_.secrets == nullptr)
        return error_at(syntax_, node.offset, "there are no secrets here", ErrorCode::unsupported);
      const Value* section = scope_.config.find("secrets");
      auto text = scope_.secrets->get({.name = std::string(argument.as_string()),
                                       .section = section == nullptr ? Value() : *section,
                                       .directory = std::string(scope_.project.string_at({"dir"}))});
      if (!text.ok()) return located(text.error(), node);
      return made(*text);
    }
    case Function::raw: {
      GITOPSCTL_TRY(const std::string text, text_of(argument, node));
      GITOPSCTL_CHECK(spend(text.size()));
      return Evaluated{argument, true};
    }
    case Function::trim: {
      GITOPSCTL_TRY(const std::string text, text_of(argument, node));
      return made(trim_space(text));
    }
    case Function::lines: {
      GITOPSCTL_TRY(const std::string text, text_of(argument, node));
      auto lines = split_lines(text);
      // An empty line is one byte of text and some of a list.
      GITOPSCTL_CHECK(spend(std::max(text.size(), lines.size() * sizeof(Value))));
      return Evaluated{Value::list(std::move(lines))};
    }
  }
  return Error(ErrorCode::internal, "unknown function");
}

Result<std::string> shell_words(const Value& value) {
  if (!value.is_list()) {
    GITOPSCTL_TRY(const std::string text, printed(value));
    return shell_word(text);
  }
  std::string out;
  for (const auto& item : value.as_list()) {
    GITOPSCTL_TRY(const std::string text, printed(item));
    GITOPSCTL_TRY(const std::string word, shell_word(text));
    out += (out.empty() ? "" : " ") + word;
    if (out.size() > max_result_bytes) return Error(ErrorCode::too_large, "the result is too large");
  }
  return out;
}

}  // namespace gitopsctl::invoke::expression_detail
