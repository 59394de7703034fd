// Sets of fields come from objects of others, and who owns what is decided by them. What is read must be what is written
// again, and taking a set apart and putting it together must give the set.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "agent/cluster/field_set.hpp"
#include "base/json/json.hpp"

using namespace gitopsctl;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 16 << 10) return 0;
  const auto value = parse_json(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!value.ok()) return 0;
  const auto set = agent::FieldSet::parse(*value);
  if (!set.ok()) return 0;
  const auto again = agent::FieldSet::parse(set->print());
  if (!again.ok() || !(*again == *set)) std::abort();
  const auto leaves = set->leaves();
  if (!(set->without(leaves).united(leaves) == *set) || !set->without(*set).empty()) std::abort();
  if (!(set->without_whole(agent::FieldSet()) == *set)) std::abort();
  agent::FieldSet rebuilt;
  for (const auto& path : set->paths()) {
    if (!set->contains(path) || !set->covers(path)) std::abort();
    (void)agent::conflict_text(path);
    (void)agent::path_text(path);
    (void)agent::value_at(*value, path);
    rebuilt.insert(path);
  }
  if (!(rebuilt == *set)) std::abort();
  (void)set->present_in(*value);
  return 0;
}
