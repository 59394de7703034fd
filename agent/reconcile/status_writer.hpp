#pragma once

#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agent/control/control.hpp"
#include "agent/environment/environment.hpp"
#include "base/result/result.hpp"
#include "base/time/clock.hpp"
#include "channels/plan/change_set.hpp"
#include "channels/policy/guard.hpp"

namespace gitopsctl::agent {

/// What a run found and did to one release, for its Release object.
struct ReleaseStatus {
  std::string name;
  std::string namespace_;
  std::string driver;
  std::string state;           ///< Deployed, Pending, Held, Failed, Suspended, NoLongerListed
  bool deployed_known = true;  ///< false: what the status says of revision, digest and number of objects stays
  std::string revision;        ///< commit that it is at
  std::string render_digest;
  std::size_t objects = 0;
  std::vector<Error> errors;
  std::vector<std::string> warnings;
  std::string waits_for;  ///< why it is not where its branch says, when no error says it
  std::string command;    ///< what moves it
  std::size_t created = 0, updated = 0, removed = 0;
  bool drifted = false;  ///< differs from its commit by somebody else's hand (and is not healed)
};

/// One line of the channel's history.
struct HistoryLine {
  std::string commit;
  std::string render_digest;
  std::string trigger;
  std::string outcome;
  std::string message;
  TimePoint started{};
  TimePoint ended{};
  std::size_t created = 0, updated = 0, removed = 0, failed = 0;
};

/// What a run found and did to the channel, for its Channel object.
struct ChannelStatus {
  std::string environment;
  std::string tip;              ///< commit of releases/<channel>
  bool deployed_known = false;  ///< false: what the status says of what is deployed stays
  std::string deployed;         ///< commit that is deployed
  std::string render_digest;    ///< of the tip
  std::string deployed_digest;
  std::string state;  ///< Deployed, Held, Failed, Suspended, Waiting
  std::vector<Error> errors;
  std::vector<std::string> warnings;
  std::vector<channels::Verdict> verdicts;  ///< guards that do not pass
  std::optional<channels::Counts> pending;  ///< what is held
  std::string delete_digest;
  std::string approval_digest;  ///< what an approval of what the run wants to deploy names; empty: stays
  std::string approval_seal;    ///< what it covers besides, without showing it: the values of secrets, keyed
  bool counts_known = false;    ///< false: the counts of the status stay
  std::size_t releases = 0, ready_releases = 0, objects = 0;
  std::string handled_request;   ///< token of the sync that this run answered
  std::string rolled_back_from;  ///< the tip, while an earlier revision is deployed instead of it
  std::string rollback_note;     ///< why the tip counts as what was rolled back from, when nobody can tell
  std::string ended_rollback;    ///< held digest of the rollback that is over, because the branch moved on
};

/// Writes the control objects of one channel, each only when it changed, and an event for every change of state. Events of
/// write_channel() and write_releases() wait for tell(). Not thread-safe.
class StatusWriter {
 public:
  StatusWriter(Environment& environment, ChannelKey key, Clock& clock);

  /// Forgets what was written: somebody else may have written since.
  void forget() { written_.clear(); }
  /// `seen`: as of update_channel().
  Result<void> write_channel(const ChannelStatus& status, const std::optional<HistoryLine>& history,
                             const SeenObjects* seen = nullptr);
  Result<void> write_release(const ReleaseStatus& status);
  /// Those of many releases, several at once where the environment is worth it. `failed` is told, one after the other, which
  /// could not be written.
  void write_releases(const std::vector<ReleaseStatus>& all,
                      const std::function<void(const ReleaseStatus& status, const Error& error)>& failed);
  /// Deletes the Release object of a release that left the channel and owns nothing any more.
  Result<void> remove_release(const std::string& release, const std::string& namespace_);
  /// Deletes the Release objects of this channel that are not among `places`: pairs of release and namespace (empty: the
  /// home namespace).
  Result<void> keep_releases(const std::set<std::pair<std::string, std::string>>& places);
  /// What is known of the branch: `status.source` and the condition SourceReady. `hint`: what to do, when not ready.
  Result<void> write_source(bool ready, const std::string& reason, const std::string& message, const std::string& hint);
  /// Writes the events that wait, several at once where the environment is worth it. They say nothing that is not in the
  /// objects already: one that cannot be written is a line in the log.
  void tell();
  /// An event about a release, whose Release object is in `namespace_` (empty: the home namespace).
  Result<void> event(const std::string& type, const std::string& reason, const std::string& message,
                     const std::string& release, const std::string& namespace_);

 private:
  /// A status on its way to its object.
  struct Draft {
    const ReleaseStatus* status = nullptr;
    std::string message;
    Value data;
    std::string hash;
    bool wrote = false;  ///< the run wrote objects of the release
  };
  static Draft draft(const ReleaseStatus& status);
  /// True when the object does not say so already.
  [[nodiscard]] bool is_news(const Draft& draft) const;
  /// Writes the object, and tells in `event` what is to be recorded about it.
  Result<void> put_release(const Draft& draft, const SeenObjects* seen, std::optional<Event>& event) const;
  Result<void> record(const Event& event);
  /// Deletes old events when there may be many; `fresh` were just written.
  Result<void> trim(std::size_t fresh);

  Environment& environment_;
  ChannelKey key_;
  Clock& clock_;
  std::vector<Event> untold_;
  std::map<std::string, std::string> written_;  ///< release → hash of the status written last
  /// Events since the last trim; an agent that starts may have left some, so its first one trims.
  std::size_t untrimmed_events_ = std::numeric_limits<std::size_t>::max() / 2;
};

/// One error as data: code, message, location, hint.
[[nodiscard]] Value error_value(const Error& error);

}  // namespace gitopsctl::agent
