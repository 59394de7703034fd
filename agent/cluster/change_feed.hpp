#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "agent/kube/client.hpp"
#include "base/time/clock.hpp"
#include "render/manifest/object.hpp"

namespace gitopsctl::agent::detail {

/// Counts what changes in a cluster, as watches tell it: objects of our own kinds, inventories and records, and those with
/// an owner label of every kind that follow() named. Changes of a status alone, and our own writes, are no changes by
/// others. Of an object marks of its version and content are kept, nothing of what they are marks of. Only for this room.
/// Thread-safe.
class ChangeFeed {
 public:
  /// `actor` watches objects with an owner label, `client` all else. `namespaces`: where to look; empty: everywhere.
  /// No thread runs before the first version().
  ChangeFeed(KubeClient client, KubeClient actor, std::vector<std::string> namespaces);
  /// Ends the watches and waits for their threads.
  ~ChangeFeed();
  ChangeFeed(const ChangeFeed&) = delete;
  ChangeFeed& operator=(const ChangeFeed&) = delete;

  /// Counts changes of this kind's objects from here on: when it returns, they have been listed, or that failed or took too
  /// long, which counts as a change once it is done. With `writing`, a kind of which nothing has an owner label yet is
  /// listed and watched from catch_up() on: what is about to be written of it would cost the server and us an event each.
  void follow(const std::set<std::pair<std::string, std::string>>& kinds, bool writing = false);
  /// Begins what follow() put off. What was written, changed or deleted by others since then counts as a change now.
  void catch_up();

  [[nodiscard]] std::uint64_t version();
  /// The version of the last change of anything but Channel, Release and Approval objects, by anybody.
  [[nodiscard]] std::uint64_t content_version();
  [[nodiscard]] bool changed_by_others(std::uint64_t since);
  std::uint64_t wait(std::uint64_t seen, Millis span, const std::stop_token& stop);

  /// Half a SHA-256: a fraction of the memory of an identity or a hash in digits, and the same only for the same text.
  struct Mark {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    [[nodiscard]] bool empty() const noexcept { return high == 0 && low == 0; }
    friend auto operator<=>(const Mark&, const Mark&) = default;
  };

  /// One write of ours. Between its making and done() or removed(), what is told of the object waits; when it goes without
  /// either, whatever was told counts as somebody else's.
  class OwnWrite {
   public:
    /// `feed` is null where nobody watches; then nothing is noted.
    OwnWrite(ChangeFeed* feed, const render::ObjectId& id);
    ~OwnWrite();
    OwnWrite(const OwnWrite&) = delete;
    OwnWrite& operator=(const OwnWrite&) = delete;
    /// `body`: the object as the server answered it, which tells later whether more than a status changed since.
    void done(const std::string& resource_version, const Value* body = nullptr);
    void removed(const std::string& uid);

   private:
    ChangeFeed* feed_;
    render::ObjectId id_;
    Mark key_;
    bool open_;
  };

 private:
  class Watch;
  struct Known {
    Mark version;
    Mark hash;
    Mark uid;
  };
  struct Change {
    Known now;
    bool deleted = false;
    bool deleting = false;
  };
  /// Is forgotten once a watch told of all of it.
  struct Own {
    render::ObjectId id;
    unsigned open = 0;
    std::vector<Mark> versions;  ///< of our writes that no watch told yet
    Mark removed;                ///< uid of what we deleted
    Known written;               ///< of a kind that was put off: what we wrote last
    std::vector<std::pair<Watch*, Change>> waiting;
  };
  struct Scope {
    KubeKind kind;
    std::string namespace_;
    std::string selector;
    friend bool operator<(const Scope& a, const Scope& b) {
      return std::tie(a.kind.group, a.kind.kind, a.namespace_, a.selector) <
             std::tie(b.kind.group, b.kind.kind, b.namespace_, b.selector);
    }
  };

  // All of these are called with the lock held.
  void watch(const KubeKind& kind, const std::string& selector, bool anywhere, std::vector<Watch*>& begun,
             bool after_writes = false);
  void tell(Watch& watch, const Mark& key, const Change& change);
  void settle(Watch& watch, const Mark& key, const Change& change);
  void close(const Mark& key, const Mark& version, const Mark& removed);
  void forget_if_told(const Mark& key);
  void foreign(bool is_switch);
  void own(bool is_switch);

  void begin(const std::vector<std::pair<std::string, std::string>>& kinds, bool after_writes);
  /// True when the server says that no object of the kind has an owner label.
  [[nodiscard]] bool has_none(const std::string& group, const std::string& kind) const;
  /// Takes the lock.
  [[nodiscard]] bool is_put_off(const render::ObjectId& id);
  /// Who watches it.
  [[nodiscard]] const KubeClient& watcher(const Scope& scope) const;

  KubeClient client_;
  KubeClient actor_;
  std::vector<std::string> namespaces_;
  std::stop_source stop_;
  std::mutex follow_mutex_;  ///< held over a whole follow(); taken before the lock
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool started_ = false;
  bool primed_ = false;  ///< what version() begins with has begun
  std::uint64_t version_ = 1;
  std::uint64_t last_foreign_ = 0;
  std::uint64_t last_content_ = 1;
  std::set<std::pair<std::string, std::string>> followed_;  ///< those put off as well
  std::set<std::pair<std::string, std::string>> put_off_;
  std::map<Mark, Own> own_;
  std::map<Scope, std::unique_ptr<Watch>> watches_;
};

}  // namespace gitopsctl::agent::detail
