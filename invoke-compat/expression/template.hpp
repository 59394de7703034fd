#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result/result.hpp"
#include "base/value/value.hpp"
#include "invoke-compat/expression/scope.hpp"

namespace gitopsctl::invoke {

// The language of `${{ … }}` in task files:
//
//   args.name, config.a.b, env.HOME, remainder[0], steps.id.stdout, project.dir, git.sha
//   'text' "text" (escapes \\ \' \" \n \t), 12, -1.5, true, false, null
//   a == b, a != b, a && b, a || b, !a, a ? b : c, (a), a[b]
//   join(list, sep), trim(x), lines(x), json(x), quote(x), secret(name), raw(x)
//
// `&&` and `||` give the operand that decided. `==` compares kind and value; whole and other numbers are one kind. A name
// that leads nowhere is nothing in a comparison, a condition, and on the left of `&&` and `||`; used as a value it is an
// error, but for `env`, where it is null. Parsed expressions are immutable and may be evaluated by several threads.

/// Longest text with expressions in bytes; deepest nesting; most parts of the expressions of one text.
inline constexpr std::size_t max_expression_bytes = 64UL << 10U;
inline constexpr std::uint32_t max_expression_depth = 64;
inline constexpr std::size_t max_expression_nodes = 4096;
/// Longest result in bytes, and the sum of what one evaluation makes on the way.
inline constexpr std::size_t max_result_bytes = 16UL << 20U;
inline constexpr std::size_t max_evaluation_bytes = 64UL << 20U;

namespace expression_detail {
struct Syntax;
}

/// A name that an expression uses, for checks when a file is loaded.
struct Reference {
  std::string root;               ///< `args`, `config`, …
  std::vector<std::string> path;  ///< the keys behind it, up to the first that is computed
  std::string place;              ///< `column 5`
};

/// What is told about an expression without evaluating it.
struct Usage {
  std::vector<Reference> references;
  std::vector<std::string> raw;  ///< places of calls of `raw`
  bool secret = false;           ///< `secret` is called
};

/// One expression without `${{` and `}}` around it, though both may be there.
class Expression {
 public:
  /// Errors: `invalid_input` or `too_large` with `where`, and the column in `text` in the message.
  [[nodiscard]] static Result<Expression> parse(std::string_view text, const Location& where = {});

  [[nodiscard]] Result<Value> evaluate(const Scope& scope) const;
  /// Whether it holds, see holds().
  [[nodiscard]] Result<bool> truth(const Scope& scope) const;
  [[nodiscard]] const Usage& usage() const noexcept;
  /// As it is written, and where.
  [[nodiscard]] const std::string& text() const noexcept;
  [[nodiscard]] const Location& where() const noexcept;

 private:
  explicit Expression(std::shared_ptr<const expression_detail::Syntax> syntax) : syntax_(std::move(syntax)) {}
  std::shared_ptr<const expression_detail::Syntax> syntax_;
};

/// A text in which `${{ … }}` stands for the value of an expression.
class Template {
 public:
  enum class Use : std::uint8_t {
    literal,  ///< values are put in as they print
    command,  ///< for a shell: a value becomes one quoted word, a list several, unless it is `raw(…)`
  };

  /// The empty text.
  Template();
  /// Errors as Expression::parse(). For a command also where quoting could not protect the shell from the value: inside of
  /// quotes, backticks or a comment, behind a backslash or `$`, and after a here-document began.
  [[nodiscard]] static Result<Template> parse(std::string_view text, Use use, const Location& where = {});

  /// The text with its values.
  [[nodiscard]] Result<std::string> render(const Scope& scope) const;
  /// The value itself, when the whole text is one expression; else what render() gives. Without quoting.
  [[nodiscard]] Result<Value> evaluate(const Scope& scope) const;

  /// True when there is no expression in it.
  [[nodiscard]] bool is_literal() const noexcept;
  [[nodiscard]] const Usage& usage() const noexcept;
  /// As it is written.
  [[nodiscard]] const std::string& text() const noexcept;
  [[nodiscard]] const Location& where() const noexcept;

 private:
  explicit Template(std::shared_ptr<const expression_detail::Syntax> syntax) : syntax_(std::move(syntax)) {}
  std::shared_ptr<const expression_detail::Syntax> syntax_;
};

}  // namespace gitopsctl::invoke
