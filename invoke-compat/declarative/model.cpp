#include "invoke-compat/declarative/model.hpp"

#include <charconv>

namespace gitopsctl::invoke::declarative {

namespace {

/// The part of `root` that `path` leads to; it is there.
Value* part(Value& root, const std::vector<std::string>& path) {
  Value* at = &root;
  for (const auto& key : path) {
    if (at->is_list()) {
      std::size_t index = 0;
      std::from_chars(key.data(), key.data() + key.size(), index);
      at = &at->mutable_list()[index];
      continue;
    }
    for (auto& member : at->mutable_members()) {
      if (member.key.view() == key) {
        at = &member.value;
        break;
      }
    }
  }
  return at;
}

}  // namespace

Result<Value> Input::evaluate(const Scope& scope) const {
  Value out = literal_.deep_copy();
  for (const auto& [path, text] : texts_) {
    GITOPSCTL_TRY(const Value value, text.evaluate(scope));
    *part(out, path) = value.deep_copy();
  }
  return out;
}

bool Arg::is_positional() const noexcept {
  const bool may = kind == ArgKind::text || kind == ArgKind::integer || kind == ArgKind::floating;
  return positional.value_or(may && !has_default);
}

}  // namespace gitopsctl::invoke::declarative
