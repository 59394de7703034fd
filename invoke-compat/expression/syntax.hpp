#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result/result.hpp"
#include "base/value/value.hpp"
#include "invoke-compat/expression/template.hpp"

namespace gitopsctl::invoke::expression_detail {

enum class Function : std::uint8_t { join, trim, lines, json, quote, secret, raw };

enum class NodeKind : std::uint8_t { literal, access, call, negation, equal, not_equal, all, any, choice };

using NodeId = std::uint32_t;

/// One key behind a name: written (`.a`) or computed (`[x]`).
struct Step {
  std::string name;
  std::optional<NodeId> computed;
};

struct Node {
  NodeKind kind = NodeKind::literal;
  std::size_t offset = 0;  ///< in the text
  Value literal;
  Function function = Function::join;
  std::string root;                ///< access of a name; empty: of the first operand
  std::vector<Step> steps;         ///< access
  std::vector<NodeId> operands{};  ///< of a choice: condition, then, else
};

/// A piece of a template: a literal text, or the expression `node`.
struct Part {
  std::string text;
  std::optional<NodeId> node;
  std::size_t offset = 0;
};

/// A parsed text. Operands have lower ids than what they are part of.
struct Syntax {
  std::string text;
  Location where;
  Template::Use use = Template::Use::literal;
  std::vector<Node> nodes;
  std::vector<Part> parts;
  Usage usage;
};

/// The place of a byte in a text as messages name it: `column 5`, and with more lines `line 2, column 5`. Columns count
/// characters, from 1.
[[nodiscard]] std::string place_of(std::string_view text, std::size_t offset);

/// The error `PLACE: MESSAGE` at the place of the whole text.
[[nodiscard]] Error error_at(const Syntax& syntax, std::size_t offset, const std::string& message,
                             ErrorCode code = ErrorCode::invalid_input);

/// Reads one expression of `syntax.text` from `offset` on, adding its nodes. It ends at `}}` or, unless `in_braces`, at the
/// end of the text; `offset` is then behind it.
[[nodiscard]] Result<NodeId> parse_expression(Syntax& syntax, std::size_t& offset, bool in_braces);

/// What the expressions of `syntax` use.
[[nodiscard]] Usage usage_of(const Syntax& syntax);

/// Fails where the shell would not take a quoted value for one word.
[[nodiscard]] Result<void> check_quoting(const Syntax& syntax);

/// Always the value of a call of `raw`.
[[nodiscard]] bool always_raw(const Syntax& syntax, NodeId node);

struct Evaluated {
  Value value;  ///< absent for a name that leads nowhere
  bool raw = false;
};

/// Evaluates expressions of one text. Not thread-safe.
class Evaluator {
 public:
  Evaluator(const Syntax& syntax, const Scope& scope) : syntax_(syntax), scope_(scope) {}
  /// The value of a node; a name that leads nowhere is an error.
  [[nodiscard]] Result<Evaluated> value(NodeId node);
  /// The same, with absent for a name that leads nowhere.
  [[nodiscard]] Result<Evaluated> evaluate(NodeId node);
  /// Counts bytes that were made.
  [[nodiscard]] Result<void> spend(std::size_t bytes);

 private:
  [[nodiscard]] Result<Value> root(const Node& node);
  [[nodiscard]] Result<Value> access(const Node& node);
  [[nodiscard]] Result<Value> step_into(const Value& value, const Value& key, const Node& node) const;
  [[nodiscard]] Result<Evaluated> call(const Node& node);
  [[nodiscard]] Result<std::string> text_of(const Value& value, const Node& node) const;
  [[nodiscard]] Result<std::string> join(const std::vector<Value>& arguments, const Node& node);
  [[nodiscard]] Error located(const Error& error, const Node& node) const;

  const Syntax& syntax_;
  const Scope& scope_;
  std::size_t spent_ = 0;
  std::string missing_;  ///< the name that led nowhere last
};

/// `value` as words of a shell: one, or for a list one for each item.
[[nodiscard]] Result<std::string> shell_words(const Value& value);

}  // namespace gitopsctl::invoke::expression_detail
