#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result/result.hpp"
#include "base/text/go_release.hpp"
#include "base/value/value.hpp"

namespace gitopsctl::render::schema {

struct Program;

/// What differs between the versions of helm that check schemas.
struct Habits {
  GoRelease release = GoRelease::go_1_27;  ///< decides what is said of a schema that is not JSON
  /// False: as jsonschema 6.0.2 does it, before helm 3.22 and 4.3. A number of the values then equals a text of the schema
  /// that means it, places of items behind `prefixItems` count from the first of them, and what is wrong with the name of a
  /// property is told at the root.
  bool corrected = true;

  bool operator==(const Habits&) const = default;
};

/// A compiled JSON Schema (drafts 4, 6, 7, 2019-09 and 2020-12; 2020-12 without `$schema`). Immutable; const calls may run
/// on several threads.
///
/// Answers and texts are those of the library that helm uses, but for the order of properties, which is random there and
/// bytewise here. Nothing is ever fetched: a reference to a file or to the web is the error `unsupported`, one to a `urn:`
/// accepts everything, as helm has it.
class Schema {
 public:
  /// Reads a schema. Errors (`invalid_input`, `unsupported`, `too_large`) have the texts that helm prints.
  static Result<Schema> compile(std::string_view json, Habits habits = {});

  /// What is wrong with `value`: lines `- at '/a/b': …`, causes indented below them, without a newline at the end. Empty
  /// when nothing is. Without `quote_values` nothing of the value is repeated but its keys: it may be a secret. Fails with
  /// `too_large` when the schema asks for more than max_steps steps or max_depth levels.
  [[nodiscard]] Result<std::string> problems(const Value& value, bool quote_values = true) const;

  /// References to `urn:` names, which were not resolved, in the order in which they were met.
  [[nodiscard]] const std::vector<std::string>& unresolved() const noexcept;

  /// How many schemas are applied to parts of a value at most, and how deep within each other. Schemas of real charts take
  /// some thousand steps.
  static constexpr std::size_t max_steps = 5'000'000;
  static constexpr std::size_t max_depth = 10'000;
  /// Longest text of problems in bytes.
  static constexpr std::size_t max_text = 1U << 20U;

 private:
  Schema(std::shared_ptr<const Program> program, Habits habits) : program_(std::move(program)), habits_(habits) {}
  std::shared_ptr<const Program> program_;
  Habits habits_;
};

}  // namespace gitopsctl::render::schema
