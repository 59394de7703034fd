#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result/result.hpp"
#include "channels/git/tree_object.hpp"

namespace gitopsctl::channels::git {

/// Below a mirror's directory: left by whoever could not read something that has to be there.
inline constexpr std::string_view suspect_file = "/gitopsctl-suspect";

enum class ObjectType : std::uint8_t { commit, tree, blob, tag };

struct ObjectHeader {
  ObjectType type = ObjectType::blob;
  std::uint64_t size = 0;
};

/// Reads objects of one object database by their ids, and remembers parsed trees (which never change).
/// Thread-safe: calls take turns. Shared by a mirror and every tree that it handed out, so it may outlive the mirror.
///
/// expect(), read(), commit(), tree() and has_links() are for objects that have to be there since something names them: a
/// missing or damaged one is `unavailable`, never `not_found` (nothing may look removed because it cannot be read), and
/// makes the database suspect, for this reader and by a file in the directory for everybody who has it open. Failures of the
/// machine do not. What may be absent is asked for with exists() and header().
class ObjectReader {
 public:
  /// Opens `directory`/objects. `name` is how errors call the repository.
  static Result<std::shared_ptr<ObjectReader>> open(std::string directory, std::string name);
  ~ObjectReader();
  ObjectReader(const ObjectReader&) = delete;
  ObjectReader& operator=(const ObjectReader&) = delete;

  [[nodiscard]] bool exists(std::string_view id);
  /// `not_found` when it is not there.
  [[nodiscard]] Result<ObjectHeader> header(std::string_view id);
  /// The same for an object that has to be there.
  [[nodiscard]] Result<ObjectHeader> expect(std::string_view id);
  /// The bytes of an object of this type. `too_large` over `max_bytes`.
  [[nodiscard]] Result<std::string> read(std::string_view id, ObjectType type, std::uint64_t max_bytes);
  [[nodiscard]] Result<CommitObject> commit(std::string_view id);
  /// The entries of a tree in bytewise order. Never null on success.
  [[nodiscard]] Result<std::shared_ptr<const std::vector<TreeEntry>>> tree(std::string_view id);
  /// True when there is a symbolic link anywhere below the tree (or when it is too deep to know).
  [[nodiscard]] Result<bool> has_links(std::string_view tree_id);
  /// Writes an object unless it is there already, and returns its id.
  [[nodiscard]] Result<std::string> write(ObjectType type, std::string_view bytes);

  /// Something that had to be there could not be read since the reader was made.
  [[nodiscard]] bool suspect() const noexcept { return suspect_; }
  void clear_suspicion() noexcept { suspect_ = false; }

  /// Gives back caches and mapped files; the next call opens them again.
  void trim();
  /// Looks at the disk again, for packs that others added.
  void refresh();

 private:
  struct State;
  ObjectReader(std::string directory, std::string name);
  [[nodiscard]] Result<bool> has_links_at(std::string_view tree_id, int depth);
  [[nodiscard]] Error failed(int code, std::string_view id, std::string_view what);
  void grow_suspicious();

  std::string directory_;
  std::string name_;
  std::mutex mutex_;
  std::unique_ptr<State> state_;
  std::atomic<bool> suspect_{false};
};

}  // namespace gitopsctl::channels::git
