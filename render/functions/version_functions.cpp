#include <array>
#include <limits>
#include <string>
#include <vector>

#include "base/text/go_format.hpp"
#include "base/text/semver.hpp"
#include "render/functions/arguments.hpp"
#include "render/functions/functions.hpp"
#include "render/template/evaluator.hpp"

namespace gitopsctl::render {
namespace {

using enum ParamType;

/// *semver.Version. Segments beyond 63 bits, which uint64 would still hold, read as negative numbers.
class VersionObject final : public ValueObject {
 public:
  explicit VersionObject(SemVer version, bool pointer = true) : version_(std::move(version)), pointer_(pointer) {}
  [[nodiscard]] std::string_view go_type() const override { return pointer_ ? "*semver.Version" : "semver.Version"; }
  [[nodiscard]] std::string_view go_kind() const override { return pointer_ ? "ptr" : "struct"; }
  [[nodiscard]] std::string print() const override { return version_.to_string(); }
  [[nodiscard]] bool field(std::string_view name, Value& out) const override;
  [[nodiscard]] bool call(std::string_view name, const std::vector<Value>& arguments, Value& out,
                          std::string& error) const override;
  [[nodiscard]] Value to_plain() const override { return Value::string(print()); }

 private:
  /// The version with new segments and without prerelease and metadata.
  [[nodiscard]] Value next(std::uint64_t major, std::uint64_t minor, std::uint64_t patch) const {
    SemVer made;
    made.major = major;
    made.minor = minor;
    made.patch = patch;
    return renamed(std::move(made));
  }
  [[nodiscard]] Value renamed(SemVer made) const {
    made.original = (version_.original.starts_with('v') ? "v" : "") + made.to_string();
    return Value::object(new VersionObject(std::move(made), false));
  }
  SemVer version_;
  bool pointer_;
};

bool VersionObject::field(std::string_view name, Value& out) const {
  const auto number = [&](std::uint64_t value) { out = Value::int64(static_cast<std::int64_t>(value)); };
  if (name == "Major") {
    number(version_.major);
  } else if (name == "Minor") {
    number(version_.minor);
  } else if (name == "Patch") {
    number(version_.patch);
  } else if (name == "Prerelease") {
    out = Value::string(version_.prerelease);
  } else if (name == "Metadata") {
    out = Value::string(version_.metadata);
  } else if (name == "Original") {
    out = Value::string(version_.original);
  } else if (name == "String") {
    out = Value::string(print());
  } else if (name == "IncMajor") {
    out = next(version_.major + 1, 0, 0);
  } else if (name == "IncMinor") {
    out = next(version_.major, version_.minor + 1, 0);
  } else if (name == "IncPatch") {
    // The release of a prerelease is the next patch.
    out = next(version_.major, version_.minor, version_.patch + (version_.prerelease.empty() ? 1 : 0));
  } else {
    return false;
  }
  return true;
}

bool VersionObject::call(std::string_view name, const std::vector<Value>& arguments, Value& out, std::string& error) const {
  constexpr std::array<std::string_view, 6> comparisons{"Compare",       "Equal",       "LessThan",
                                                        "LessThanEqual", "GreaterThan", "GreaterThanEqual"};
  std::size_t which = 0;
  while (which < comparisons.size() && comparisons[which] != name) ++which;
  const bool setter = name == "SetPrerelease" || name == "SetMetadata";
  if (which == comparisons.size() && !setter) return false;
  if (arguments.size() != 1) {
    error = "wrong number of args for " + std::string(name) + ": want 1 got " + std::to_string(arguments.size());
    return true;
  }
  if (setter) {
    if (!arguments[0].is_string()) {
      error = "wrong type for value; expected string; got " + std::string(go_type_name(arguments[0]));
      return true;
    }
    SemVer made = version_;
    (name == "SetMetadata" ? made.metadata : made.prerelease) = std::string(arguments[0].as_string());
    const auto checked = parse_semver(made.to_string());
    if (!checked.ok()) {
      error = name == "SetMetadata" ? "invalid metadata string" : "invalid prerelease string";
      return true;
    }
    out = renamed(std::move(made));
    return true;
  }
  const auto* other = dynamic_cast<const VersionObject*>(arguments[0].as_object());
  if (other == nullptr) {
    error = "wrong type for value; expected *semver.Version; got " + std::string(go_type_name(arguments[0]));
    return true;
  }
  const int order = compare(version_, other->version_);
  const std::array<bool, 6> holds{false, order == 0, order < 0, order <= 0, order > 0, order >= 0};
  out = which == 0 ? Value::go_int(order) : Value::boolean(holds[which]);
  return true;
}

Result<Value> semver(CallContext& /*context*/, Arguments arguments) {
  GITOPSCTL_TRY(auto version, parse_semver(arguments[0].as_string()));
  return Value::object(new VersionObject(std::move(version)));
}

Result<Value> semver_compare(CallContext& context, Arguments arguments) {
  const bool quotes = context.evaluator.options().quotes_constraints;
  GITOPSCTL_TRY(const auto constraint, SemVerConstraint::parse(arguments[0].as_string(), quotes));
  GITOPSCTL_TRY(const auto version, parse_semver(arguments[1].as_string()));
  return Value::boolean(constraint.matches(version));
}

constexpr Function table[] = {
    {"semver", semver, params<string>},
    {"semverCompare", semver_compare, params<string, string>},
};

}  // namespace

std::span<const Function> version_functions() { return table; }

}  // namespace gitopsctl::render
