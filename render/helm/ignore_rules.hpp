#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result/result.hpp"

namespace gitopsctl::render::helm {

/// The rules of a `.helmignore` file, with Helm's own rule for hidden templates at the end.
class IgnoreRules {
 public:
  /// Reads the rules in `text`, of the file called `file`. Errors: `double-star (**) syntax is not supported`,
  /// `syntax error in pattern`, located.
  static Result<IgnoreRules> parse(std::string_view text, const std::string& file);
  /// Only the built-in rule.
  IgnoreRules();

  /// True when the chart is to be loaded without `path` (relative to the chart). An ignored directory is left out whole.
  [[nodiscard]] bool ignores(std::string_view path, bool is_directory) const;

 private:
  struct Rule {
    /// Whether the pattern matches `subject`.
    [[nodiscard]] bool matches(std::string_view subject) const;

    std::string pattern;
    std::size_t plain_head = 0;  ///< bytes of the pattern that stand for themselves
    bool is_ending = false;      ///< `*` and what stands for itself
    bool whole_path = false;     ///< matched against the path, not the last component
    bool negated = false;
    bool directories_only = false;
  };
  Result<void> add(std::string_view line);
  void add_rule(Rule rule);

  std::vector<Rule> rules_;
  std::size_t pattern_bytes_ = 0;  ///< of all rules
};

}  // namespace gitopsctl::render::helm
