#include "agent/cli/render_flags.hpp"

#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace gitopsctl::agent::cli {

namespace {

/// A whole number above 0, also as `64Ki`, `256Mi`, `1Gi`.
std::optional<std::uint64_t> whole(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, unsigned>, 3> units{{{"Ki", 10}, {"Mi", 20}, {"Gi", 30}}};
  unsigned shift = 0;
  for (const auto& [unit, bits] : units) {
    if (!text.ends_with(unit)) continue;
    text.remove_suffix(unit.size());
    shift = bits;
    break;
  }
  std::uint64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  constexpr std::uint64_t largest = 1ULL << 50U;
  if (problem != std::errc() || end != text.data() + text.size() || number == 0 || number > largest >> shift) {
    return std::nullopt;
  }
  return number << shift;
}

bool set(render::RenderLimits& limits, std::string_view name, std::string_view text) {
  if (name == "cpu") {
    const auto span = parse_duration(text);
    if (!span.ok() || *span < Millis(1)) return false;
    limits.cpu_time = *span;
    return true;
  }
  const auto number = whole(text);
  if (!number) return false;
  if (name == "memory") {
    limits.memory_bytes = *number;
  } else if (name == "output") {
    limits.output_bytes = *number;
  } else if (name == "steps") {
    limits.steps = *number;
  } else if (name == "include-depth" && *number <= 10'000) {
    limits.include_depth = static_cast<std::uint32_t>(*number);
  } else {
    return false;
  }
  return true;
}

}  // namespace

Result<RenderRules> render_rules(const Invocation& invocation) {
  RenderRules rules;
  // What only looks at a chart has no such flag.
  rules.isolate = invocation.given("isolate") && invocation.is_set("isolate");
  for (const auto& text : invocation.list("render-limit")) {
    const auto equals = text.find('=');
    const std::string_view all = text;
    if (equals != std::string::npos && set(rules.limits, all.substr(0, equals), all.substr(equals + 1))) continue;
    return Error(ErrorCode::invalid_input, "--render-limit does not take '" + text + "'")
        .with_hint("write memory=512Mi, output=512Mi, cpu=30s, steps=100000000 or include-depth=2000");
  }
  return rules;
}

}  // namespace gitopsctl::agent::cli
