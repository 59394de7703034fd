#include "invoke-compat/expression/template.hpp"

#include <utility>

#include "base/text/unicode.hpp"
#include "base/text/utf8.hpp"
#include "invoke-compat/expression/printing.hpp"
#include "invoke-compat/expression/syntax.hpp"

namespace gitopsctl::invoke {

namespace expression_detail {

std::string place_of(std::string_view text, std::size_t offset) {
  offset = std::min(offset, text.size());
  std::size_t line = 1;
  std::size_t column = 1;
  for (std::size_t at = 0; at < offset;) {
    const auto rune = decode_utf8(text.substr(at));
    at += rune.length;
    if (rune.value == '\n') {
      ++line;
      column = 1;
    } else {
      ++column;
    }
  }
  const std::string in_line = "column " + std::to_string(column);
  return text.find('\n') == std::string_view::npos ? in_line : "line " + std::to_string(line) + ", " + in_line;
}

Error error_at(const Syntax& syntax, std::size_t offset, const std::string& message, ErrorCode code) {
  return Error(code, place_of(syntax.text, offset) + ": " + message).at(syntax.where);
}

namespace {

Result<std::shared_ptr<Syntax>> begin(std::string_view text, const Location& where) {
  auto syntax = std::make_shared<Syntax>();
  syntax->where = where;
  if (text.size() > max_expression_bytes) {
    return Error(ErrorCode::too_large, "this text has more than " + std::to_string(max_expression_bytes) + " bytes")
        .at(where);
  }
  syntax->text = text;
  return syntax;
}

Result<void> parse_parts(Syntax& syntax) {
  const std::string_view text = syntax.text;
  std::size_t at = 0;
  while (at < text.size()) {
    const auto open = text.find("${{", at);
    if (open != at) syntax.parts.push_back({std::string(text.substr(at, open - at)), std::nullopt, at});
    if (open == std::string_view::npos) break;
    at = open + 3;
    GITOPSCTL_TRY(const NodeId node, parse_expression(syntax, at, true));
    syntax.parts.push_back({{}, node, open});
  }
  return {};
}

}  // namespace

}  // namespace expression_detail

using namespace expression_detail;

Result<Expression> Expression::parse(std::string_view text, const Location& where) {
  GITOPSCTL_TRY(auto syntax, begin(text, where));
  std::size_t at = 0;
  // With braces it may be all that the text is.
  const bool braces = trim_space(text).starts_with("${{");
  if (braces) at = text.find("${{") + 3;
  GITOPSCTL_TRY(const NodeId node, parse_expression(*syntax, at, braces));
  if (braces && !trim_space(text.substr(at)).empty()) {
    return error_at(*syntax, at, "nothing can stand behind '}}' here").with_hint("write one expression, without ${{ }}");
  }
  syntax->parts.push_back({{}, node, 0});
  syntax->usage = usage_of(*syntax);
  return Expression(std::move(syntax));
}

Result<Value> Expression::evaluate(const Scope& scope) const {
  GITOPSCTL_TRY(Evaluated out, Evaluator(*syntax_, scope).value(*syntax_->parts.front().node));
  return std::move(out.value);
}

Result<bool> Expression::truth(const Scope& scope) const {
  GITOPSCTL_TRY(const Evaluated out, Evaluator(*syntax_, scope).evaluate(*syntax_->parts.front().node));
  return holds(out.value);
}

const Usage& Expression::usage() const noexcept { return syntax_->usage; }
const std::string& Expression::text() const noexcept { return syntax_->text; }
const Location& Expression::where() const noexcept { return syntax_->where; }

Template::Template() : syntax_(std::make_shared<Syntax>()) {}

Result<Template> Template::parse(std::string_view text, Use use, const Location& where) {
  GITOPSCTL_TRY(auto syntax, begin(text, where));
  syntax->use = use;
  GITOPSCTL_CHECK(parse_parts(*syntax));
  if (use == Use::command) GITOPSCTL_CHECK(check_quoting(*syntax));
  syntax->usage = usage_of(*syntax);
  return Template(std::move(syntax));
}

Result<std::string> Template::render(const Scope& scope) const {
  Evaluator evaluator(*syntax_, scope);
  std::string out;
  for (const Part& part : syntax_->parts) {
    if (!part.node) {
      out += part.text;
      continue;
    }
    GITOPSCTL_TRY(const Evaluated evaluated, evaluator.value(*part.node));
    const bool quoted = syntax_->use == Use::command && !evaluated.raw;
    auto text = quoted ? shell_words(evaluated.value) : printed(evaluated.value);
    if (!text.ok()) {
      const Error error = error_at(*syntax_, part.offset, text.error().message(), text.error().code());
      return text.error().hint().empty() ? error : error.with_hint(text.error().hint());
    }
    GITOPSCTL_CHECK(evaluator.spend(text->size()));
    out += *text;
  }
  if (out.size() > max_result_bytes) return Error(ErrorCode::too_large, "the result is too large").at(syntax_->where);
  return out;
}

Result<Value> Template::evaluate(const Scope& scope) const {
  if (syntax_->parts.size() == 1 && syntax_->parts.front().node) {
    GITOPSCTL_TRY(Evaluated out, Evaluator(*syntax_, scope).value(*syntax_->parts.front().node));
    return std::move(out.value);
  }
  if (syntax_->use == Use::command) {
    return Error(ErrorCode::internal, "the value of a command is its text").at(syntax_->where);
  }
  GITOPSCTL_TRY(const std::string text, render(scope));
  return Value::string(text);
}

bool Template::is_literal() const noexcept {
  return syntax_->parts.empty() || (syntax_->parts.size() == 1 && !syntax_->parts.front().node);
}
const Usage& Template::usage() const noexcept { return syntax_->usage; }
const std::string& Template::text() const noexcept { return syntax_->text; }
const Location& Template::where() const noexcept { return syntax_->where; }

}  // namespace gitopsctl::invoke
