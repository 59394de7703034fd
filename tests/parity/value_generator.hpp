#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <random>
#include <span>
#include <string>
#include <string_view>

namespace gitopsctl::tests {

/// Writes YAML values files from a seed: the same seed gives the same bytes on every machine (no distribution of the
/// standard library is used, since those differ).
class ValueGenerator {
 public:
  explicit ValueGenerator(std::uint64_t seed) : engine_(seed) {}

  [[nodiscard]] std::uint64_t below(std::uint64_t bound) { return engine_() % bound; }
  /// True in `percent` of 100 cases.
  [[nodiscard]] bool chance(unsigned percent) { return below(100) < percent; }
  [[nodiscard]] std::string_view pick(std::span<const std::string_view> from) { return from[below(from.size())]; }
  [[nodiscard]] std::string_view pick(std::initializer_list<std::string_view> from) {
    return pick(std::span(from.begin(), from.size()));
  }

  /// A scalar as YAML text that is easily misread: numbers in all notations, words that are booleans, quotes, Unicode.
  [[nodiscard]] std::string_view odd_scalar();
  /// A map of odd scalars in block style, indented by `indent`; or `{}` and the like.
  [[nodiscard]] std::string odd_map(int indent);
  /// Resources of a container.
  [[nodiscard]] std::string resources(int indent);
  [[nodiscard]] std::string tolerations(int indent);

  /// Values for a chart as `helm create` makes it, for the shop, and for the greeter.
  [[nodiscard]] std::string create_values();
  [[nodiscard]] std::string storefront_values();
  [[nodiscard]] std::string greeter_values();
  /// Values for the chart that prints its values: nulls, tables over scalars and back, globals, conditions, tags.
  [[nodiscard]] std::string coalesce_values();

 private:
  std::string ingress(std::string_view class_key);
  std::string table(int depth, int indent);
  std::mt19937_64 engine_;
};

}  // namespace gitopsctl::tests
