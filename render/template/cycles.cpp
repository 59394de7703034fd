#include "render/template/cycles.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace gitopsctl::render::detail {
namespace {

bool held_elsewhere(const Value& container) {
  // Lists and maps begin with their reference count.
  const auto* rep =
      container.is_map()
          ? static_cast<const gitopsctl::detail::Rep*>(static_cast<const gitopsctl::detail::MapRep*>(container.identity()))
          : static_cast<const gitopsctl::detail::Rep*>(static_cast<const gitopsctl::detail::ListRep*>(container.identity()));
  return rep->refs.load(std::memory_order_relaxed) > 1;
}

enum class Mark : unsigned char { on_path, done };

/// One container on the path of the walk, and the member to look at next. A walk of our own, because such values can be
/// nested deeper than any stack.
struct Step {
  Value container;
  std::size_t next = 0;
};

Value* member_at(Value& container, std::size_t index) {
  if (container.is_map()) {
    auto& members = container.mutable_members();
    return index < members.size() ? &members[index].value : nullptr;
  }
  auto& items = container.mutable_list();
  return index < items.size() ? &items[index] : nullptr;
}

}  // namespace

void MutatedContainers::add(const Value& container) {
  if (container.identity() == nullptr || !known_.insert(container.identity()).second) return;
  noted_.push_back(container);
  if (noted_.size() >= sweep_at_) sweep();
}

void MutatedContainers::sweep() {
  const auto forgotten = std::stable_partition(noted_.begin(), noted_.end(), held_elsewhere);
  for (auto it = forgotten; it != noted_.end(); ++it) known_.erase(it->identity());
  noted_.erase(forgotten, noted_.end());
  sweep_at_ = std::max<std::size_t>(1024, noted_.size() * 2);
}

void MutatedContainers::release_cycles() {
  std::unordered_map<const void*, Mark> marks;
  std::vector<Step> path;
  for (const auto& root : noted_) {
    if (!marks.emplace(root.identity(), Mark::on_path).second) continue;
    path.push_back({root});
    while (!path.empty()) {
      Step& step = path.back();
      Value* const member = member_at(step.container, step.next++);
      if (member == nullptr) {
        marks[step.container.identity()] = Mark::done;
        path.pop_back();
        continue;
      }
      if (member->identity() == nullptr) continue;
      const auto [mark, fresh] = marks.emplace(member->identity(), Mark::on_path);
      if (fresh) {
        path.push_back({*member});
      } else if (mark->second == Mark::on_path) {
        *member = Value::null();
      }
    }
  }
  noted_.clear();
  known_.clear();
}

}  // namespace gitopsctl::render::detail
