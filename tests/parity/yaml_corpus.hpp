#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "base/value/value.hpp"

namespace gitopsctl::tests {

/// Makes texts and values that a YAML reader or writer is likely to get wrong; the same ones for the same seed.
class YamlCorpus {
 public:
  explicit YamlCorpus(std::uint64_t seed) : random_(seed) {}

  /// Every text of a fixed list of quoting hazards.
  static const std::vector<std::string>& hazards();
  /// Documents that stress one rule of the reader each, valid and not.
  static const std::vector<std::string>& documents();

  /// A text out of hazards, words, blanks, breaks, indicators and characters of all planes.
  std::string text();
  /// A value of lists, maps, numbers and text().
  Value value(int depth);
  /// YAML source: block and flow collections, scalars of all styles, anchors, tags, comments; mostly valid.
  std::string source();
  /// `source` with a few characters changed, dropped or doubled.
  std::string mutate(std::string source);

 private:
  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
  bool one_in(std::uint64_t n) { return below(n) == 0; }
  template <class List>
  const auto& pick(const List& list) {
    return list[below(list.size())];
  }
  std::string scalar_source(int indent, bool flow, bool key);
  std::string flow_source(int depth);
  void block_source(std::string& out, int indent, int depth);

  std::mt19937_64 random_;
};

}  // namespace gitopsctl::tests
