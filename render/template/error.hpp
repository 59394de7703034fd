#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result/error.hpp"
#include "base/value/value.hpp"

namespace gitopsctl::render {

/// One level of a template that failed while executing: the place in the file, the template and the node.
struct TemplateFrame {
  std::string file;         ///< file the failing node was parsed in
  int line = 0;             ///< from 1
  int column = 0;           ///< bytes from 0, as Go prints it
  std::string name;         ///< template that was executed: file path or name of a `define`
  std::string node;         ///< the failing node in its printed form, not shortened
  std::string description;  ///< what stands after the node and before the next level: `error calling include: `
};

/// A failed execution in structured form, outermost level first. Go wraps errors, and Helm 4 prints one block per wrapped
/// error; `sizes` keeps that chain.
struct TemplateFailure {
  std::vector<TemplateFrame> frames;
  /// Go's whole message: the text of the outermost error.
  std::string text;
  /// How much of the end of `text` is the text of each error in the chain of wrapped errors, outermost first. Each adds
  /// something in front of the one below: kept as texts, a thousand levels would be a thousand times as large.
  std::vector<std::size_t> sizes;
  /// What the innermost level says: `nil pointer evaluating interface {}.x`.
  std::string message;
  /// The message of `required` or `fail` when the chain begins with one of them; `is_assertion` says so.
  std::string assertion;
  bool is_assertion = false;
  ErrorCode code = ErrorCode::invalid_input;

  [[nodiscard]] bool empty() const noexcept { return sizes.empty(); }
};

/// How a Helm version prints errors of templates.
enum class HelmErrorStyle : std::uint8_t {
  line,   ///< Helm 3: Go's message on one line
  trace,  ///< Helm 4: one block for each nested error
};

/// The text that Helm prints for a failed execution, without its `Error: ` prefix.
[[nodiscard]] std::string helm_error_text(const TemplateFailure& failure, HelmErrorStyle style = HelmErrorStyle::trace);

/// A function's message without what it shows of its arguments: every piece in quotes (`"…"`, `'…'`, backquotes) and every
/// text of at least four bytes among `arguments`, however deep, becomes `(redacted)`.
[[nodiscard]] std::string without_content(std::string_view message, std::span<const Value> arguments);

/// The text that Helm prints for a template that does not parse: `parse error at (FILE:LINE): LAST`. `go_message` is the
/// message of the Error from TemplateSet::add.
[[nodiscard]] std::string helm_parse_error_text(std::string_view go_message);

}  // namespace gitopsctl::render
