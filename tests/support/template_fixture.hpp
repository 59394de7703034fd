#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/value/value.hpp"
#include "render/template/engine.hpp"
#include "render/template/evaluator.hpp"

namespace gitopsctl::render::testing {

/// A context whose clock stands still and whose random bytes count up.
class FixedContext : public RenderContext {
 public:
  TimePoint now() const override { return TimePoint{}; }
  std::string random_bytes(std::string_view site, std::size_t count) override {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) out += static_cast<char>('a' + (drawn_++ + site.size()) % 26);
    return out;
  }
  void warn(std::string_view message) override { warnings.emplace_back(message); }

  std::vector<std::string> warnings;

 private:
  std::size_t drawn_ = 0;
};

/// Functions that templates in tests need beyond Go's own: dict, list and set with Helm's meaning, `boom` that fails,
/// typed parameters, and values that templates cannot make by themselves.
[[nodiscard]] std::span<const Function> test_functions();

/// Go's, the engine's and the test functions.
[[nodiscard]] const FunctionTable& test_table();

/// The data of Appendix A of the specification; integers are int64 there.
[[nodiscard]] Value appendix_data();

/// What one template gives: its text, or the error.
struct Outcome {
  bool ok = false;
  std::string text;
  std::string error;
  Location where;
  TemplateFailure failure;
};

/// Plain Go: missing keys are nothing, `<no value>` stays, comparison errors do not name types.
[[nodiscard]] EvaluatorOptions plain_go();

/// Parses and runs one template named `output`.
[[nodiscard]] Outcome run(std::string_view text, const Value& data, const EvaluatorOptions& options = {});

/// Parses the files in order and runs the first.
struct File {
  std::string name;
  std::string text;
};
[[nodiscard]] Outcome run_files(const std::vector<File>& files, const Value& data, const EvaluatorOptions& options = {});

}  // namespace gitopsctl::render::testing
