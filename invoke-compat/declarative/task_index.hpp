#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result/error.hpp"
#include "invoke-compat/declarative/model.hpp"

namespace gitopsctl::invoke::declarative::detail {

/// All tasks of a file by the names that people type. Points into the file, which must stay as it is.
class TaskIndex {
 public:
  struct Entry {
    Task* task;
    std::string path;    ///< dotted, dashed
    std::string prefix;  ///< of its namespace: empty, or ending in a point
  };

  /// Notes names that are taken twice in `mistakes`.
  TaskIndex(Namespace& root, std::vector<Error>& mistakes);

  [[nodiscard]] const std::vector<Entry>& entries() const noexcept { return entries_; }
  /// The task that `name` means in the namespace of `prefix`: there first, then from the root. The name of a namespace is
  /// that of its default task.
  [[nodiscard]] std::optional<std::size_t> find(std::string_view prefix, std::string_view name) const;
  /// The same in the namespace alone.
  [[nodiscard]] std::optional<std::size_t> find_below(std::string_view prefix, std::string_view name) const;
  /// What find() could have meant, for a hint.
  [[nodiscard]] std::vector<std::string> known(std::string_view prefix) const;
  [[nodiscard]] const std::map<std::string, const Namespace*>& namespaces() const noexcept { return namespaces_; }

 private:
  void add(Namespace& space, const std::string& prefix, std::vector<Error>& mistakes);
  void take(const std::string& prefix, const std::string& name, const Location& where, std::vector<Error>& mistakes);
  [[nodiscard]] std::optional<std::size_t> at(const std::string& path) const;

  std::vector<Entry> entries_;
  std::map<std::string, std::size_t> by_path_;
  std::map<std::string, const Namespace*> namespaces_;  ///< by path, the root as ""
  std::map<std::string, Location> taken_;
};

/// `a.b_c` as it is typed: every part dashed.
[[nodiscard]] std::string dashed_path(std::string_view name);

}  // namespace gitopsctl::invoke::declarative::detail
