#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/value/value.hpp"
#include "invoke-compat/collection/flags.hpp"
#include "tests/parity/invoke_peer.hpp"
#include "tests/parity/value_generator.hpp"

namespace gitopsctl::tests {

/// Makes up collections of tasks and command lines for them, the same from the same seed.
class TaskLineGenerator {
 public:
  explicit TaskLineGenerator(std::uint64_t seed) : random_(seed) {}

  /// A description for collection_from() and the driver, whose names and signatures like to collide.
  [[nodiscard]] Value collection();
  /// Command lines that mostly name what is in the collection.
  [[nodiscard]] TaskLine line(const invoke::Collection& root);

 private:
  struct Known;
  Value namespace_of(const std::string& name, int depth);
  Value task(const std::string& name);
  Value argument(const std::string& name, Value& lists);
  std::vector<std::string> names(std::size_t at_most);
  void add_call(std::vector<std::string>& words, const Known& known);
  void add_flag(std::vector<std::string>& words, const invoke::Flags& flags);
  void add_core_flag(std::vector<std::string>& words);
  void add_request(std::vector<std::string>& words, const Known& known);
  std::string value();

  ValueGenerator random_;
};

}  // namespace gitopsctl::tests
