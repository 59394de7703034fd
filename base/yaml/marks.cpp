#include "base/yaml/marks.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>
#include <utility>

#include "base/text/json_pointer.hpp"

namespace gitopsctl::yaml_detail {
std::uint32_t MarkTable::add(std::uint32_t parent, SharedString key, Mark key_mark, Mark value_mark) {
  if (parent == none && !nodes_.empty()) return none;
  nodes_.push_back({parent, std::move(key), key_mark, value_mark});
  return static_cast<std::uint32_t>(nodes_.size() - 1);
}

void MarkTable::seal() {
  by_parent_and_key_.resize(nodes_.size());
  std::iota(by_parent_and_key_.begin(), by_parent_and_key_.end(), 0U);
  // Of equal keys the last one counts, as in the value; it sorts last.
  std::sort(by_parent_and_key_.begin(), by_parent_and_key_.end(), [&](std::uint32_t a, std::uint32_t b) {
    return std::make_tuple(nodes_[a].parent, nodes_[a].key.view(), a) <
           std::make_tuple(nodes_[b].parent, nodes_[b].key.view(), b);
  });
}

MarkTable::Found MarkTable::find(std::string_view pointer) const {
  std::uint32_t at = 0;
  while (!pointer.empty()) {
    if (pointer.front() == '/') pointer.remove_prefix(1);
    const std::size_t end = std::min(pointer.find('/'), pointer.size());
    const std::string key = pointer_key(pointer.substr(0, end));
    pointer.remove_prefix(end);
    const auto after =
        std::upper_bound(by_parent_and_key_.begin(), by_parent_and_key_.end(), std::make_pair(at, std::string_view(key)),
                         [&](const auto& wanted, std::uint32_t node) {
                           return wanted < std::make_pair(nodes_[node].parent, nodes_[node].key.view());
                         });
    if (after == by_parent_and_key_.begin()) return {&nodes_[at], false};
    const std::uint32_t candidate = *(after - 1);
    if (nodes_[candidate].parent != at || nodes_[candidate].key.view() != key) return {&nodes_[at], false};
    at = candidate;
  }
  return {&nodes_[at], true};
}

Location MarkTable::value(std::string_view pointer) const {
  if (nodes_.empty()) return {file_, 1, 1};
  return place(find(pointer).node->value_mark);
}

Location MarkTable::key(std::string_view pointer) const {
  if (nodes_.empty()) return {file_, 1, 1};
  const Found found = find(pointer);
  return place(found.whole ? found.node->key_mark : found.node->value_mark);
}

}  // namespace gitopsctl::yaml_detail
