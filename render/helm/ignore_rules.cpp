#include "render/helm/ignore_rules.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "base/budget/budget.hpp"
#include "render/helm/path_match.hpp"
#include "render/helm/whitespace.hpp"

namespace gitopsctl::render::helm {

namespace {

constexpr std::string_view hidden_templates = "templates/.?*";
constexpr std::string_view special = "*?[\\";

}  // namespace

bool IgnoreRules::Rule::matches(std::string_view subject) const {
  const std::string_view all = pattern;
  if (is_ending) {
    const auto ending = all.substr(1);
    return subject.ends_with(ending) &&
           subject.substr(0, subject.size() - ending.size()).find('/') == std::string_view::npos;
  }
  if (!subject.starts_with(all.substr(0, plain_head))) return false;
  if (plain_head == all.size()) return subject.size() == all.size();
  return path_match(all.substr(plain_head), subject.substr(plain_head));
}

IgnoreRules::IgnoreRules() { add_rule({.pattern = std::string(hidden_templates), .whole_path = true}); }

void IgnoreRules::add_rule(Rule rule) {
  rule.plain_head = std::min(rule.pattern.find_first_of(special), rule.pattern.size());
  rule.is_ending = rule.pattern.starts_with('*') && rule.pattern.find_first_of(special, 1) == std::string::npos;
  pattern_bytes_ += rule.pattern.size();
  rules_.push_back(std::move(rule));
}

Result<IgnoreRules> IgnoreRules::parse(std::string_view text, const std::string& file) {
  IgnoreRules out;
  out.rules_.clear();
  out.pattern_bytes_ = 0;
  constexpr std::string_view bom = "\xEF\xBB\xBF";
  if (text.starts_with(bom)) text.remove_prefix(bom.size());
  int number = 0;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const auto line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    ++number;
    if (const auto added = out.add(line); !added.ok()) return added.error().at({.file = file, .line = number});
  }
  GITOPSCTL_CHECK(out.add(hidden_templates));
  return out;
}

Result<void> IgnoreRules::add(std::string_view line) {
  line = trim_space(line);
  if (line.empty() || line.front() == '#') return {};
  if (line.find("**") != std::string_view::npos) {
    return Error(ErrorCode::invalid_input, "double-star (**) syntax is not supported");
  }
  GITOPSCTL_CHECK(check_pattern(line));
  Rule rule;
  if (line.front() == '!') {
    rule.negated = true;
    line.remove_prefix(1);
  }
  if (line.ends_with('/')) {
    rule.directories_only = true;
    line.remove_suffix(1);
  }
  rule.whole_path = line.find('/') != std::string_view::npos;
  if (line.starts_with('/')) line.remove_prefix(1);
  rule.pattern = std::string(line);
  add_rule(std::move(rule));
  return {};
}

bool IgnoreRules::ignores(std::string_view path, bool is_directory) const {
  if (path.empty()) return false;
  const auto name = path.substr(path.rfind('/') + 1);
  // At worst every start in a name is compared as far as it goes.
  budget_work(16 * rules_.size() + path.size() * std::min(path.size() * rules_.size(), pattern_bytes_) / 16);
  for (const auto& rule : rules_) {
    const auto subject = rule.whole_path ? path : name;
    if (rule.negated) {
      // Helm's reading of `!`: what does not match is ignored, what matches goes on to the next rule.
      if (rule.directories_only && !is_directory) return true;
      if (!rule.matches(subject)) return true;
      continue;
    }
    if (rule.directories_only && !is_directory) continue;
    if (rule.matches(subject)) return true;
  }
  return false;
}

}  // namespace gitopsctl::render::helm
