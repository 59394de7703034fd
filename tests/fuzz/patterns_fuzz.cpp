// The patterns of charts: .helmignore, .Files.Glob, --show-only, regular expressions and versions. The first byte chooses;
// the pattern ends at the first NUL, and behind it stands what it is held against.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/text/regex.hpp"
#include "base/text/semver.hpp"
#include "render/helm/glob.hpp"
#include "render/helm/ignore_rules.hpp"
#include "render/helm/path_match.hpp"

using namespace gitopsctl;

namespace {

void must(bool condition) {
  if (!condition) std::abort();
}

void regex(std::string_view pattern, std::string_view subject) {
  const auto compiled = Regex::compile(pattern);
  if (!compiled.ok()) {
    must(!compiled.error().message().empty());
    return;
  }
  const bool matches = (*compiled)->matches(subject);
  const auto found = (*compiled)->find(subject);
  must(matches == found.has_value());
  if (found) must(found->begin <= found->end && found->end <= subject.size());
  const auto all = (*compiled)->find_all(subject, -1);
  must(all.empty() == !matches);
  for (std::size_t i = 1; i < all.size(); ++i) must(all[i - 1].end <= all[i].begin);
  for (const auto piece : (*compiled)->split(subject, -1)) must(piece.size() <= subject.size());
  const auto replaced = (*compiled)->replace_all(subject, "<$0$1${name}$$>", 1U << 16U);
  must(replaced.ok() || replaced.error().code() == ErrorCode::too_large);
  (void)(*compiled)->replace_all_literal(subject, "$0", 1U << 16U);
}

void version(std::string_view range, std::string_view text) {
  const auto parsed = parse_semver(text);
  if (parsed.ok()) {
    const auto again = parse_semver(parsed->to_string());
    must(again.ok() && compare(*parsed, *again) == 0);
  }
  const auto constraint = SemVerConstraint::parse(range);
  if (constraint.ok() && parsed.ok()) (void)constraint->matches(*parsed);
  const auto bound = parse_semver(range);
  if (bound.ok() && parsed.ok()) must(compare(*bound, *parsed) == -compare(*parsed, *bound));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 4096) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto end = text.find('\0');
  const auto pattern = text.substr(0, end);
  const auto subject = end == std::string_view::npos ? std::string_view("templates/a.yaml") : text.substr(end + 1);
  switch (data[0] % 5) {
    case 0: {
      const auto rules = render::helm::IgnoreRules::parse(pattern, ".helmignore");
      if (!rules.ok()) must(rules.error().where().line > 0);
      if (rules.ok()) (void)(rules->ignores(subject, false) != rules->ignores(subject, true));
      break;
    }
    case 1: {
      const auto made = render::helm::glob_regex(pattern);
      if (made) regex(*made, subject);
      break;
    }
    case 2:
      if (render::helm::check_pattern(pattern).ok()) (void)render::helm::path_match(pattern, subject);
      break;
    case 3: regex(pattern, subject); break;
    default: version(pattern, subject); break;
  }
  return 0;
}
