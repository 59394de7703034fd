#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "base/config/reader.hpp"
#include "invoke-compat/expression/lexer.hpp"
#include "invoke-compat/expression/syntax.hpp"

namespace gitopsctl::invoke::expression_detail {

namespace {

struct FunctionRow {
  std::string_view name;
  Function function;
  std::size_t least;
  std::size_t most;
};
constexpr std::array<FunctionRow, 7> functions{{
    {"join", Function::join, 1, 2},
    {"trim", Function::trim, 1, 1},
    {"lines", Function::lines, 1, 1},
    {"json", Function::json, 1, 1},
    {"quote", Function::quote, 1, 1},
    {"secret", Function::secret, 1, 1},
    {"raw", Function::raw, 1, 1},
}};
constexpr std::array<std::string_view, 7> roots{"args", "config", "env", "remainder", "steps", "project", "git"};

template <class Rows, class Name>
std::vector<std::string> names_of(const Rows& rows, Name&& name) {
  std::vector<std::string> out;
  out.reserve(rows.size());
  for (const auto& row : rows) out.emplace_back(name(row));
  return out;
}

/// A parser by recursive descent with one token of look-ahead. A method returns the id of the node that it made.
class Parser {
 public:
  Parser(Syntax& syntax, std::size_t offset, bool in_braces) : syntax_(syntax), at_(offset), in_braces_(in_braces) {}

  Result<NodeId> parse(std::size_t& offset) {
    GITOPSCTL_CHECK(advance());
    GITOPSCTL_TRY(const NodeId node, choice());
    if (token_.kind == TokenKind::close && in_braces_) {
      offset = token_.end;
      return node;
    }
    if (token_.kind == TokenKind::end && !in_braces_) {
      offset = token_.end;
      return node;
    }
    if (token_.kind == TokenKind::end) return fail("'}}' is missing at the end");
    return unexpected("an operator");
  }

 private:
  /// Counts how deep the recursion is.
  struct Depth {
    explicit Depth(std::uint32_t& depth) : depth_(depth) { ++depth_; }
    ~Depth() { --depth_; }
    Depth(const Depth&) = delete;
    Depth& operator=(const Depth&) = delete;
    std::uint32_t& depth_;
  };

  Error fail(const std::string& message, ErrorCode code = ErrorCode::invalid_input) const {
    return error_at(syntax_, token_.offset, message, code);
  }
  Error unexpected(std::string_view wanted) const {
    std::string found = "the end";
    if (token_.kind == TokenKind::close) found = "'}}'";
    if (token_.kind == TokenKind::name || token_.kind == TokenKind::sign) found = "'" + token_.text + "'";
    if (token_.kind == TokenKind::literal) found = token_.literal.is_string() ? "a text" : "a number";
    const Error error = fail("expected " + std::string(wanted) + ", not " + found);
    return token_.text == "=" || token_.text == "&" ? error.with_hint("there are == and &&") : error;
  }

  Result<void> advance() {
    std::size_t bad = 0;
    auto token = next_token(syntax_.text, at_, bad);
    if (!token.ok()) {
      const Error error = error_at(syntax_, bad, token.error().message());
      return token.error().hint().empty() ? error : error.with_hint(token.error().hint());
    }
    token_ = *std::move(token);
    at_ = token_.end;
    return {};
  }
  bool at_sign(std::string_view sign) const { return token_.kind == TokenKind::sign && token_.text == sign; }
  Result<void> expect(std::string_view sign) {
    if (!at_sign(sign)) return unexpected("'" + std::string(sign) + "'");
    return advance();
  }

  Result<NodeId> add(Node node) {
    if (syntax_.nodes.size() >= max_expression_nodes) {
      return fail("the expressions of one text have more than " + std::to_string(max_expression_nodes) + " parts",
                  ErrorCode::too_large);
    }
    syntax_.nodes.push_back(std::move(node));
    return static_cast<NodeId>(syntax_.nodes.size() - 1);
  }

  Result<NodeId> choice() {
    const Depth depth(depth_);
    if (depth_ > max_expression_depth) {
      return fail("this is nested deeper than " + std::to_string(max_expression_depth) + " levels", ErrorCode::too_large);
    }
    GITOPSCTL_TRY(const NodeId condition, chain("||", NodeKind::any));
    if (!at_sign("?")) return condition;
    Node node;
    node.kind = NodeKind::choice;
    node.offset = token_.offset;
    GITOPSCTL_CHECK(advance());
    GITOPSCTL_TRY(const NodeId yes, choice());
    GITOPSCTL_CHECK(expect(":"));
    GITOPSCTL_TRY(const NodeId no, choice());
    node.operands = {condition, yes, no};
    return add(std::move(node));
  }

  /// `a || b || c` as one node, so that a long row is not deep.
  Result<NodeId> chain(std::string_view sign, NodeKind kind) {
    Node node;
    node.kind = kind;
    node.offset = token_.offset;
    while (true) {
      GITOPSCTL_TRY(const NodeId operand, kind == NodeKind::any ? chain("&&", NodeKind::all) : equality());
      node.operands.push_back(operand);
      if (!at_sign(sign)) break;
      GITOPSCTL_CHECK(advance());
    }
    if (node.operands.size() == 1) return node.operands.front();
    return add(std::move(node));
  }

  Result<NodeId> equality() {
    GITOPSCTL_TRY(const NodeId left, negation());
    if (!at_sign("==") && !at_sign("!=")) return left;
    Node node;
    node.kind = at_sign("==") ? NodeKind::equal : NodeKind::not_equal;
    node.offset = token_.offset;
    GITOPSCTL_CHECK(advance());
    GITOPSCTL_TRY(const NodeId right, negation());
    // `a == b == c` compares a truth with c, which nobody means.
    if (at_sign("==") || at_sign("!=")) return fail("comparisons in a row need parentheses");
    node.operands = {left, right};
    return add(std::move(node));
  }

  Result<NodeId> negation() {
    if (!at_sign("!")) return access();
    const Depth depth(depth_);
    if (depth_ > max_expression_depth) return fail("too many '!'", ErrorCode::too_large);
    Node node;
    node.kind = NodeKind::negation;
    node.offset = token_.offset;
    GITOPSCTL_CHECK(advance());
    GITOPSCTL_TRY(const NodeId operand, negation());
    node.operands = {operand};
    return add(std::move(node));
  }

  Result<NodeId> access() {
    Node node;
    node.kind = NodeKind::access;
    node.offset = token_.offset;
    if (token_.kind == TokenKind::name) {
      const Token name = token_;
      GITOPSCTL_CHECK(advance());
      GITOPSCTL_TRY(const bool is_root, named(name, node));
      if (is_root && !at_step()) return add(std::move(node));
    } else {
      GITOPSCTL_TRY(const NodeId base, primary());
      node.operands = {base};
    }
    if (node.root.empty() && !at_step()) return node.operands.front();
    while (at_step()) {
      GITOPSCTL_TRY(Step step, at_sign(".") ? written_step() : computed_step());
      node.steps.push_back(std::move(step));
    }
    return add(std::move(node));
  }

  bool at_step() const { return at_sign(".") || at_sign("["); }

  /// A name: a root, which becomes `node` itself, or else a word or a call, which becomes its operand.
  Result<bool> named(const Token& name, Node& node) {
    if (at_sign("(")) {
      GITOPSCTL_TRY(const NodeId made, call(name));
      node.operands = {made};
      return false;
    }
    if (name.text == "true" || name.text == "false" || name.text == "null") {
      Node literal;
      literal.offset = name.offset;
      if (name.text != "null") literal.literal = Value::boolean(name.text == "true");
      GITOPSCTL_TRY(const NodeId made, add(std::move(literal)));
      node.operands = {made};
      return false;
    }
    if (std::find(roots.begin(), roots.end(), name.text) == roots.end()) {
      return error_at(syntax_, name.offset, "unknown name '" + name.text + "'")
          .with_hint(suggest(name.text, names_of(roots, [](auto row) { return row; }), "names"));
    }
    node.root = name.text;
    return true;
  }

  Result<Step> written_step() {
    // Other than every other name a key may begin with a digit: `config.regions.2x`.
    std::size_t end = token_.end;
    const auto part = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    };
    while (end < syntax_.text.size() && part(syntax_.text[end])) ++end;
    Step step;
    step.name = syntax_.text.substr(token_.end, end - token_.end);
    if (step.name.empty()) {
      GITOPSCTL_CHECK(advance());
      return unexpected("a name behind '.'");
    }
    at_ = end;
    GITOPSCTL_CHECK(advance());
    return step;
  }

  Result<Step> computed_step() {
    GITOPSCTL_CHECK(advance());
    Step step;
    GITOPSCTL_TRY(step.computed, choice());
    GITOPSCTL_CHECK(expect("]"));
    return step;
  }

  Result<NodeId> primary() {
    if (token_.kind == TokenKind::literal) {
      Node node;
      node.offset = token_.offset;
      node.literal = token_.literal;
      GITOPSCTL_CHECK(advance());
      return add(std::move(node));
    }
    if (!at_sign("(")) return unexpected("a value");
    GITOPSCTL_CHECK(advance());
    GITOPSCTL_TRY(const NodeId inner, choice());
    GITOPSCTL_CHECK(expect(")"));
    return inner;
  }

  Result<NodeId> call(const Token& name) {
    const auto row = std::find_if(functions.begin(), functions.end(), [&](const auto& r) { return r.name == name.text; });
    if (row == functions.end()) {
      return error_at(syntax_, name.offset, "unknown function '" + name.text + "'")
          .with_hint(suggest(name.text, names_of(functions, [](const auto& r) { return r.name; }), "functions"));
    }
    Node node;
    node.kind = NodeKind::call;
    node.offset = name.offset;
    node.function = row->function;
    GITOPSCTL_CHECK(advance());
    while (!at_sign(")")) {
      if (!node.operands.empty()) GITOPSCTL_CHECK(expect(","));
      GITOPSCTL_TRY(const NodeId argument, choice());
      node.operands.push_back(argument);
      if (!at_sign(")") && !at_sign(",")) return unexpected("',' or ')'");
    }
    GITOPSCTL_CHECK(advance());
    if (node.operands.size() >= row->least && node.operands.size() <= row->most) return add(std::move(node));
    const std::string most = std::to_string(row->most);
    const std::string wanted = row->least == row->most ? most : std::to_string(row->least) + " or " + most;
    return error_at(syntax_, name.offset,
                    "'" + name.text + "' takes " + wanted + (row->most == 1 ? " value" : " values") + ", not " +
                        std::to_string(node.operands.size()));
  }

  Syntax& syntax_;
  std::size_t at_;
  bool in_braces_;
  Token token_;
  std::uint32_t depth_ = 0;
};

}  // namespace

Result<NodeId> parse_expression(Syntax& syntax, std::size_t& offset, bool in_braces) {
  return Parser(syntax, offset, in_braces).parse(offset);
}

Usage usage_of(const Syntax& syntax) {
  Usage out;
  for (const Node& node : syntax.nodes) {
    if (node.kind == NodeKind::call && node.function == Function::raw) out.raw.push_back(place_of(syntax.text, node.offset));
    if (node.kind == NodeKind::call && node.function == Function::secret) out.secret = true;
    if (node.kind != NodeKind::access || node.root.empty()) continue;
    Reference reference{node.root, {}, place_of(syntax.text, node.offset)};
    for (const Step& step : node.steps) {
      const Node* computed = step.computed ? &syntax.nodes[*step.computed] : nullptr;
      const bool known = computed == nullptr || (computed->kind == NodeKind::literal && computed->literal.is_string());
      if (!known) break;
      reference.path.emplace_back(computed == nullptr ? step.name : std::string(computed->literal.as_string()));
    }
    out.references.push_back(std::move(reference));
  }
  return out;
}

}  // namespace gitopsctl::invoke::expression_detail
