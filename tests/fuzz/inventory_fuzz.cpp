// Deletes are decided from inventories, and anybody with an editor can change one. Whatever is read must be what is
// written again, entry for entry; everything else must be an error.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "agent/inventory/compression.hpp"
#include "agent/inventory/inventory.hpp"

using namespace gitopsctl;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 64 << 10) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto inventory = agent::decode_inventory(text);
  if (inventory.ok()) {
    const auto again = agent::decode_inventory(agent::encode_inventory(*inventory));
    if (!again.ok() || again->entries.size() != inventory->entries.size()) std::abort();
    if (agent::encode_inventory(*again) != agent::encode_inventory(*inventory)) std::abort();
    const auto& entries = inventory->entries;
    if (!std::is_sorted(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.id < b.id; }))
      std::abort();
  }
  constexpr std::size_t max_unfolded = 1 << 20;
  if (const auto unfolded = agent::gunzip(text, max_unfolded); unfolded.ok() && unfolded->size() > max_unfolded)
    std::abort();
  return 0;
}
