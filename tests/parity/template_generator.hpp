#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace gitopsctl::tests {

/// Templates over all functions that give the same in every run, mostly with arguments of the kinds that the functions take.
/// The same seed gives the same templates on every machine.
class TemplateGenerator {
 public:
  explicit TemplateGenerator(std::uint64_t seed) : engine_(seed) {}
  /// One template over `.Values` of template_values(): actions, control structures, variables.
  [[nodiscard]] std::string statement();

 private:
  std::uint64_t below(std::uint64_t count) { return engine_() % count; }
  bool chance(std::uint64_t percent) { return below(100) < percent; }
  template <class List>
  auto pick(const List& list) {
    return list[below(std::size(list))];
  }
  std::string expression(char kind, int depth);
  std::string literal(char kind);
  std::string call(char kind, int depth);
  std::string call_of(std::string_view name, std::string_view arguments, int depth);
  std::string argument(char kind, int depth);
  std::string format_call(int depth);
  std::string path(char kind);
  std::string block(int depth);

  std::mt19937_64 engine_;
};

/// The values that the templates of a TemplateGenerator read.
[[nodiscard]] std::string template_values();

}  // namespace gitopsctl::tests
