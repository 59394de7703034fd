#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result/result.hpp"
#include "base/value/value.hpp"

namespace gitopsctl::agent {

/// A way into an object, from its top: steps as `metadata.managedFields` spells them. `f:NAME` a field or map key,
/// `k:{"name":"web"}` the item of a list that has these keys (JSON, compact, keys sorted), `v:"x"` the item of a set,
/// `i:0` a place in a list.
using FieldPath = std::vector<std::string>;

/// A set of fields of an object: what FieldsV1 writes down. A tree of steps in which every node may be a member; a member
/// may have others below it, and one without is the whole of what is there (a scalar, or a list or map that is owned as
/// one). No node is without a member at or below it, so equal sets have one form. A value; reading it is thread-safe.
class FieldSet {
 public:
  // Of sets in objects of others. Servers keep objects under 1.5 MiB, and 64 levels are more than any schema has.
  static constexpr std::size_t max_depth = 128;
  static constexpr std::size_t max_steps = 200'000;

  /// The empty set.
  FieldSet() = default;
  /// Reads a `fieldsV1`. `invalid_input` for what is none, `too_large` beyond the limits.
  [[nodiscard]] static Result<FieldSet> parse(const Value& fields);
  /// As a `fieldsV1`, keys in bytewise order. parse(print()) is the set itself.
  [[nodiscard]] Value print() const;

  /// No member.
  [[nodiscard]] bool empty() const noexcept { return !member_ && branches_.empty(); }
  /// How many members.
  [[nodiscard]] std::size_t size() const noexcept;
  void insert(const FieldPath& path);
  /// Whether `path` itself is a member.
  [[nodiscard]] bool contains(const FieldPath& path) const noexcept;
  /// Whether who owns this set owns what is at `path`: it is a member, or lies in a member that has none below it.
  [[nodiscard]] bool covers(const FieldPath& path) const noexcept;
  /// What is below one step, for walking along an object; nullptr when nothing is.
  [[nodiscard]] const FieldSet* below(std::string_view step) const noexcept;
  /// For what below() gives: whether the node that it stands for is a member.
  [[nodiscard]] bool is_member() const noexcept { return member_; }
  /// All members, each before those below it.
  [[nodiscard]] std::vector<FieldPath> paths() const;
  /// The member that a conflict would call `text` (see conflict_text()).
  [[nodiscard]] std::optional<FieldPath> find(std::string_view text) const;

  [[nodiscard]] FieldSet united(const FieldSet& other) const;
  [[nodiscard]] FieldSet intersected(const FieldSet& other) const;
  /// Without the members of `other`; what is below them stays.
  [[nodiscard]] FieldSet without(const FieldSet& other) const;
  /// Without the members of `other` and everything below them.
  [[nodiscard]] FieldSet without_whole(const FieldSet& other) const;
  /// The same fields under `prefix`.
  [[nodiscard]] FieldSet with_prefix(const FieldPath& prefix) const;
  /// The members that have none below them.
  [[nodiscard]] FieldSet leaves() const;
  /// The members that `body` has.
  [[nodiscard]] FieldSet present_in(const Value& body) const;

  friend bool operator==(const FieldSet& a, const FieldSet& b);

 private:
  struct Branch;
  [[nodiscard]] const FieldSet* find_branch(std::string_view step) const noexcept;
  FieldSet& make_branch(std::string_view step);
  void keep(std::string_view step, FieldSet&& below);
  void collect(FieldPath& path, std::vector<FieldPath>& out) const;
  [[nodiscard]] Value print_below() const;
  static Result<FieldSet> parse_below(const Value& fields, bool root, std::size_t depth, std::size_t& steps);

  bool member_ = false;
  std::vector<Branch> branches_;  ///< in bytewise order of their steps
};

struct FieldSet::Branch {
  std::string step;
  FieldSet below;
};

/// A path as an API server names it in a conflict: `.spec.containers[name="web"].image`, `.metadata.finalizers[="x"]`.
/// Dots in keys stay as they are, so it cannot be read back without the object or set that it is about.
[[nodiscard]] std::string conflict_text(const FieldPath& path);
/// A path as people read it: the same, but keys with dots in brackets, `.metadata.labels["app.kubernetes.io/name"]`.
[[nodiscard]] std::string path_text(const FieldPath& path);

/// The path that `text` names in `body`, where that has it: the reverse of conflict_text().
[[nodiscard]] std::optional<FieldPath> resolve(const Value& body, std::string_view text);

/// The step of a field or map key.
[[nodiscard]] std::string field_step(std::string_view name);
/// What `step` leads to in `node`, or nullptr. An item that lacks the key `protocol` counts as TCP, which is the one key
/// that servers fill in.
[[nodiscard]] const Value* step_into(const Value& node, std::string_view step);
/// What is at `path` in `body`, or nullptr.
[[nodiscard]] const Value* value_at(const Value& body, const FieldPath& path);
/// Takes what is at `path` out of `body`, which must share nothing with others. False when there is nothing.
bool erase_at(Value& body, const FieldPath& path);

}  // namespace gitopsctl::agent
