#include "tests/support/function_cases.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/text/go_format.hpp"
#include "base/yaml/yaml.hpp"
#include "render/functions/functions.hpp"
#include "render/template/engine.hpp"
#include "render/template/evaluator.hpp"

namespace gitopsctl::tests {
namespace {

const std::string cases_directory = std::string(GITOPSCTL_SOURCE_DIR) + "/tests/unit/render/functions/cases";

[[noreturn]] void give_up(const std::string& message) {
  std::fprintf(stderr, "%s\n", message.c_str());
  std::abort();
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) give_up("cannot read " + path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

/// A line with a template, and below it `=> ` with the output or `!! ` with the error.
void read_cases(const std::string& path, std::vector<FunctionCase>& cases) {
  std::istringstream lines(read_file(path));
  std::string line;
  int number = 0;
  while (std::getline(lines, line)) {
    ++number;
    if (line.empty() || line.starts_with('#')) continue;
    FunctionCase found{path.substr(path.rfind('/') + 1), number, line, {}, false};
    if (!std::getline(lines, line) || line.size() < 3) give_up(path + ": no result below line " + std::to_string(number));
    ++number;
    if (!line.starts_with("=> ") && !line.starts_with("!! "))
      give_up(path + ": no result in line " + std::to_string(number));
    found.is_error = line.starts_with("!!");
    found.expected = line.substr(3);
    cases.push_back(std::move(found));
  }
}

class CaseContext final : public render::RenderContext {
 public:
  // 2026-11-21T12:00:00Z
  [[nodiscard]] TimePoint now() const override { return TimePoint(Millis(1'795'262'400'000)); }
  [[nodiscard]] std::string random_bytes(std::string_view /*site*/, std::size_t count) override {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) {
      state_ = state_ * 6364136223846793005U + 1442695040888963407U;
      out += static_cast<char>(state_ >> 56U);
    }
    return out;
  }

 private:
  std::uint64_t state_ = 1;
};

const render::FunctionTable& case_functions() {
  static const render::FunctionTable table = [] {
    std::vector<std::span<const render::Function>> tables{render::builtin_functions()};
    tables.insert(tables.end(), render::all_functions().begin(), render::all_functions().end());
    tables.push_back(render::engine_functions());
    return render::FunctionTable(tables);
  }();
  return table;
}

}  // namespace

std::vector<FunctionCase> read_function_cases() {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(cases_directory)) {
    if (entry.path().extension() == ".txt") paths.push_back(entry.path().string());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<FunctionCase> cases;
  for (const auto& path : paths) read_cases(path, cases);
  if (cases.empty()) give_up("no cases in " + cases_directory);
  return cases;
}

std::string function_case_values() { return read_file(cases_directory + "/values.yaml"); }

FunctionOutcome evaluate_function_case(std::string_view expression, std::string_view values) {
  auto parsed = parse_yaml(values, {.numbers = YamlNumbers::float64});
  if (!parsed.ok()) give_up(parsed.error().to_string());
  const Value data = make_map({{"Values", parsed->with_map_type(MapType::values)}});
  render::TemplateSet set(case_functions());
  if (const auto added = set.add("case", expression); !added.ok()) return {true, added.error().message()};
  CaseContext context;
  render::Evaluator evaluator(set, context);
  const auto text = evaluator.execute("case", data);
  if (text.ok()) return {false, go_quote(*text)};
  const auto& failure = evaluator.last_failure();
  if (failure.is_assertion) return {true, failure.assertion};
  // From `error calling` on, or the last line: places and nodes are the engine's, and tested there.
  const auto trace = render::helm_error_text(failure);
  const auto call = trace.find("error calling ");
  const auto last = trace.rfind('\n');
  auto message = trace.substr(call != std::string::npos ? call : last == std::string::npos ? 0 : last + 1);
  message.erase(0, message.find_first_not_of(' '));
  return {true, message};
}

}  // namespace gitopsctl::tests
