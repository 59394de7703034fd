#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "invoke-compat/expression/syntax.hpp"

// A value in a command is put into single quotes. That makes one word of it only where the shell is between words or inside
// of a plain one; anywhere else the quotes would end up as text, or the value as code.
namespace gitopsctl::invoke::expression_detail {

namespace {

enum class In : std::uint8_t {
  plain,
  parentheses,  ///< plain, too; also `$(…)` inside of double quotes
  single_quotes,
  double_quotes,
  ansi_quotes,  ///< `$'…'`
  backticks,
  braces,  ///< `${…}`
  comment,
};

/// What a POSIX shell, and bash, make of the text so far. Where it cannot tell (quotes inside of `${…}`, a here-document, a
/// `case` inside of parentheses) it takes all that follows for unsafe.
class ShellText {
 public:
  void read(std::string_view text) {
    for (const char c : text) read(c);
  }
  /// A value comes next: why it must not, or "".
  [[nodiscard]] std::string_view problem() const {
    // Parentheses inside of quotes are left by the shell's rules, but it is nobody's loss to write that another way.
    for (const In in : around_) {
      switch (in) {
        case In::single_quotes:
        case In::double_quotes:
        case In::ansi_quotes: return "inside of quotes";
        case In::backticks: return "inside of backticks";
        case In::braces: return "inside of '${}'";
        case In::comment: return "inside of a comment";
        case In::plain:
        case In::parentheses: break;
      }
    }
    if (escaped_) return "behind a backslash";
    if (last_ == '$') return "behind '$'";
    if (here_document_ || angles_ == 2) return "behind '<<', where a here-document may be";
    return unsure_ ? "behind a text whose quotes are hard to tell" : "";
  }
  void value() {
    last_ = 'x';
    word_ = "x";
    angles_ = 0;
  }

 private:
  void read(char c) {
    const In in = around_.back();
    if (escaped_) {
      escaped_ = false;
      // A line that is continued joins what is before it to what is behind it.
      if (c != '\n') last_ = 'x';
      return;
    }
    if (c == '\\' && in != In::single_quotes && in != In::comment) {
      escaped_ = true;
      if (in == In::braces) unsure_ = true;
      word_ += c;
      return;
    }
    switch (in) {
      case In::plain:
      case In::parentheses: plain(c); break;
      case In::single_quotes:
      case In::ansi_quotes: leave_at(c, '\''); break;
      case In::backticks: leave_at(c, '`'); break;
      case In::comment: leave_at(c, '\n'); break;
      case In::double_quotes:
        if (!expansion(c)) leave_at(c, '"');
        break;
      case In::braces:
        if (c == '"' || c == '\'') unsure_ = true;
        if (!expansion(c)) leave_at(c, '}');
        break;
    }
    // `$$` is a number of its own.
    last_ = c == '$' && last_ == '$' ? 'x' : c;
  }

  void leave_at(char c, char end) {
    if (c == end) around_.pop_back();
  }

  /// `$(`, `${` and a backtick, which mean the same inside of double quotes and of `${…}`.
  bool expansion(char c) {
    if (c == '`') around_.push_back(In::backticks);
    if (c == '(' && last_ == '$') around_.push_back(In::parentheses);
    if (c == '{' && last_ == '$') around_.push_back(In::braces);
    return c == '`' || ((c == '(' || c == '{') && last_ == '$');
  }

  void plain(char c) {
    const bool ends_word = std::string_view(" \t\n;&|()<>").find(c) != std::string_view::npos;
    const bool begins_word = std::string_view(" \t\n;&|()<>").find(last_) != std::string_view::npos;
    // Its patterns end with a parenthesis that nothing opened.
    if (ends_word && word_ == "case" && around_.size() > 1) unsure_ = true;
    word_ = ends_word ? "" : word_ + (word_.size() < 5 ? std::string(1, c) : "");
    // `<<` and `<<-`, but not `<<<`.
    if (c != '<' && angles_ == 2) here_document_ = true;
    angles_ = c == '<' ? angles_ + 1 : 0;
    if (expansion(c)) return;
    if (c == '\'') around_.push_back(last_ == '$' ? In::ansi_quotes : In::single_quotes);
    if (c == '"') around_.push_back(In::double_quotes);
    if (c == '#' && begins_word) around_.push_back(In::comment);
    if (c == '(') around_.push_back(In::parentheses);
    if (c == ')' && around_.back() == In::parentheses) around_.pop_back();
  }

  std::vector<In> around_{In::plain};
  bool escaped_ = false;
  bool here_document_ = false;
  bool unsure_ = false;
  int angles_ = 0;
  char last_ = '\n';
  std::string word_;
};

}  // namespace

bool always_raw(const Syntax& syntax, NodeId id) {
  const Node& node = syntax.nodes[id];
  const auto raw = [&](NodeId operand) { return always_raw(syntax, operand); };
  switch (node.kind) {
    case NodeKind::call: return node.function == Function::raw;
    case NodeKind::choice: return raw(node.operands[1]) && raw(node.operands[2]);
    case NodeKind::any:
    case NodeKind::all: return std::all_of(node.operands.begin(), node.operands.end(), raw);
    default: return false;
  }
}

Result<void> check_quoting(const Syntax& syntax) {
  ShellText shell;
  for (const Part& part : syntax.parts) {
    if (!part.node) {
      shell.read(part.text);
      continue;
    }
    const auto problem = shell.problem();
    if (!problem.empty() && !always_raw(syntax, *part.node)) {
      return error_at(syntax, part.offset, "a value cannot stand " + std::string(problem) + " in a command")
          .with_hint("values are quoted by themselves: write it as a word of its own, or hand it over in 'env:'");
    }
    shell.value();
  }
  return {};
}

}  // namespace gitopsctl::invoke::expression_detail
