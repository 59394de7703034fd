#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result/result.hpp"

namespace gitopsctl {

/// A semantic version as Masterminds/semver 3 reads it (loosely: optional `v`, missing parts are 0).
struct SemVer {
  std::uint64_t major = 0;
  std::uint64_t minor = 0;
  std::uint64_t patch = 0;
  std::string prerelease;
  std::string metadata;
  std::string original;

  /// `major.minor.patch[-prerelease][+metadata]`
  [[nodiscard]] std::string to_string() const;
};

/// Errors: `invalid semantic version`.
[[nodiscard]] Result<SemVer> parse_semver(std::string_view text);
/// -1, 0, 1 by the rules of precedence; metadata does not count.
[[nodiscard]] int compare(const SemVer& a, const SemVer& b) noexcept;

/// A version range: `>=1.2 <2 || ^3`, `1.x`, `1.2 - 1.4`, with Masterminds' rules for prereleases.
class SemVerConstraint {
 public:
  /// Errors: `improper constraint: "…"`, without the quotes when they are not asked for (Masterminds' library before 3.5).
  static Result<SemVerConstraint> parse(std::string_view text, bool quotes = true);
  [[nodiscard]] bool matches(const SemVer& version) const;
  ~SemVerConstraint();
  SemVerConstraint(SemVerConstraint&&) noexcept;
  SemVerConstraint& operator=(SemVerConstraint&&) noexcept;

 private:
  struct Groups;
  explicit SemVerConstraint(std::unique_ptr<Groups> groups);
  std::unique_ptr<Groups> groups_;
};

}  // namespace gitopsctl
