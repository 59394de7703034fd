#include "tests/scripts/script.hpp"

#include <algorithm>
#include <charconv>

namespace gitopsctl::tests {
namespace {

constexpr std::string_view file_mark = "--- file ";

/// `[2]` → 2.
bool is_exit_code(std::string_view line, int* code = nullptr) {
  if (line.size() < 3 || line.front() != '[' || line.back() != ']') return false;
  int number = 0;
  const char* last = line.data() + line.size() - 1;
  const auto [end, failure] = std::from_chars(line.data() + 1, last, number);
  if (failure != std::errc{} || end != last) return false;
  if (code != nullptr) *code = number;
  return true;
}

bool starts_step(std::string_view line) {
  return line.starts_with("$ ") || line.starts_with("# ") || line.starts_with(file_mark);
}

bool needs_backslash(std::string_view line) {
  return starts_step(line) || line.starts_with("! ") || line == "!" || line.starts_with('\\') || is_exit_code(line);
}

/// One line against one expected line with `<*>`: each piece between must come in its order.
bool line_matches(std::string_view expected, std::string_view actual) {
  const std::size_t star = expected.find("<*>");
  if (star == std::string_view::npos) return expected == actual;
  if (!actual.starts_with(expected.substr(0, star))) return false;
  const std::string_view rest = expected.substr(star + 3);
  for (std::size_t at = star; at <= actual.size(); ++at) {
    if (line_matches(rest, actual.substr(at))) return true;
  }
  return false;
}

bool match_from(const std::vector<std::string>& expected, std::size_t e, const std::vector<std::string>& actual,
                std::size_t a) {
  for (; e < expected.size(); ++e, ++a) {
    if (expected[e] == "<...>") {
      for (std::size_t skip = a; skip <= actual.size(); ++skip) {
        if (match_from(expected, e + 1, actual, skip)) return true;
      }
      return false;
    }
    if (a >= actual.size() || !line_matches(expected[e], actual[a])) return false;
  }
  return a == actual.size();
}

void read_expected(Script& script, ScriptStep& step, std::size_t& at) {
  step.begin = at;
  while (at < script.lines.size() && !starts_step(script.lines[at])) ++at;
  step.end = at;
  while (step.end > step.begin && script.lines[step.end - 1].empty()) --step.end;
  for (std::size_t i = step.begin; i < step.end; ++i) {
    const std::string& line = script.lines[i];
    if (is_exit_code(line, &step.exit_code)) continue;
    if (line.starts_with("! ") || line == "!") {
      step.err.push_back(line.size() > 2 ? line.substr(2) : std::string{});
    } else {
      step.out.push_back(line.starts_with('\\') ? line.substr(1) : line);
    }
  }
}

}  // namespace

std::vector<std::string> split_lines(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    out.emplace_back(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  }
  return out;
}

Script parse_script(std::string_view text) {
  Script script;
  script.lines = split_lines(text);
  for (std::size_t at = 0; at < script.lines.size();) {
    const std::string& line = script.lines[at];
    ScriptStep step;
    step.line = static_cast<int>(at) + 1;
    ++at;
    if (line.empty() || line == "#" || line.starts_with("# ")) continue;
    if (line.starts_with(file_mark)) {
      step.file = line.substr(file_mark.size());
      while (at < script.lines.size() && script.lines[at] != "---") step.content += script.lines[at++] + '\n';
      if (at == script.lines.size()) script.mistake = "line " + std::to_string(step.line) + ": the file has no closing ---";
      ++at;
    } else if (line.starts_with("$ ")) {
      step.command = line.substr(2);
      read_expected(script, step, at);
    } else {
      script.mistake = "line " + std::to_string(step.line) + ": neither a command, a file nor a comment";
    }
    if (!script.mistake.empty()) return script;
    script.steps.push_back(std::move(step));
  }
  return script;
}

bool lines_match(const std::vector<std::string>& expected, const std::vector<std::string>& actual) {
  return match_from(expected, 0, actual, 0);
}

std::vector<std::string> expected_lines(const std::vector<std::string>& out, const std::vector<std::string>& err,
                                        int exit_code) {
  std::vector<std::string> lines;
  for (const auto& line : out) lines.push_back(needs_backslash(line) ? '\\' + line : line);
  for (const auto& line : err) lines.push_back(line.empty() ? "!" : "! " + line);
  if (exit_code != 0) lines.push_back("[" + std::to_string(exit_code) + "]");
  return lines;
}

}  // namespace gitopsctl::tests
