#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "base/value/value.hpp"
#include "tests/parity/value_generator.hpp"

namespace gitopsctl::tests {

/// Drafts of JSON Schema by their numbers, as `$schema` names them; "" for others.
[[nodiscard]] std::string draft_url(int draft);

/// Writes JSON Schemas and values that meet them about as often as not, from a seed. References, alternatives and what is
/// left over are among them, each draft with the keywords that it has.
class SchemaGenerator {
 public:
  explicit SchemaGenerator(std::uint64_t seed) : random_(seed) {}
  /// A schema with its `$schema`, and values for it.
  std::pair<Value, Value> next();

 private:
  Value schema(int depth);
  void add_nested_keyword(Value& out, int depth);
  void add_later_keyword(Value& out, int depth);
  Value value(int depth);
  std::string name();
  Value list_of_schemas(int depth);
  void add_scalar_keyword(Value& out);
  ValueGenerator random_;
  int draft_ = 7;
};

}  // namespace gitopsctl::tests
