#include "render/functions/merge.hpp"

#include <utility>
#include <vector>

#include "render/functions/arguments.hpp"

namespace gitopsctl::render {
namespace {

class Merger {
 public:
  Merger(MergeMode mode, const std::function<void(const Value&)>& changed)
      : overwrite_(mode == MergeMode::overwrite), changed_(changed) {}

  Result<void> merge(Value destination, const Value& source, std::size_t depth) {
    if (depth > max_tree_depth || ++maps_ > max_tree_nodes) {
      return Error(ErrorCode::too_large, "merge: the maps are nested deeper than " + std::to_string(max_tree_depth) +
                                             " levels or have too many members");
    }
    // A map nested in itself may be on both sides, so that the source grows while it is read.
    // NOLINTNEXTLINE(performance-unnecessary-copy-initialization): just that, see above
    const Value::Members members = source.as_map();
    bool written = false;
    for (const auto& member : members) {
      GITOPSCTL_TRY(const bool set, merge_member(destination, member, depth));
      written = written || set;
    }
    if (written) changed_(destination);
    return {};
  }

 private:
  Result<bool> merge_member(Value& destination, const Value::Member& member, std::size_t depth) {
    const auto key = member.key;
    const Value& wanted = member.value;
    if (wanted.is_nothing()) {
      if (overwrite_) destination.set(key, Value::null());
      return overwrite_;
    }
    const Value* found = destination.find(key.view());
    const bool both_maps = found != nullptr && found->is_map() && wanted.is_map();
    if (both_maps && !found->is_nil_container()) {
      const Value held = *found;
      GITOPSCTL_CHECK(merge(held, wanted, depth + 1));
      // An empty map that the source filled keeps its identity; two empty ones end as the source's.
      if (!is_empty(held)) return false;
    } else if (found != nullptr && !is_empty(*found) && !overwrite_) {
      return false;
    }
    destination.set(key, wanted);
    return true;
  }

  bool overwrite_;
  const std::function<void(const Value&)>& changed_;
  std::size_t maps_ = 0;
};

}  // namespace

Result<void> merge_maps(const Value& destination, const Value& source, MergeMode mode,
                        const std::function<void(const Value&)>& changed) {
  return Merger(mode, changed).merge(destination, source, 0);
}

}  // namespace gitopsctl::render
