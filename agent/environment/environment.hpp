#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/environment/scaling.hpp"
#include "base/result/result.hpp"
#include "base/time/clock.hpp"
#include "channels/model/channel.hpp"
#include "channels/plan/field_cause.hpp"
#include "render/inputs/inputs.hpp"
#include "render/manifest/object.hpp"

namespace gitopsctl::agent {

/// An object as the environment has it. `body` is complete for a cluster; in the embedded environment the values of Secrets,
/// and those that a release marks as sensitive, are keyed hashes.
struct LiveObject {
  render::ObjectId id;
  std::string uid;
  std::string resource_version;
  Value body;
  bool deleting = false;  ///< a delete was accepted and finalizers remain
  /// What was applied last by us, as stored and without the owner label, where the environment remembers it; null
  /// otherwise, and in the answers of list().
  Value applied;

  [[nodiscard]] std::string_view label(std::string_view key) const;
  [[nodiscard]] std::string_view annotation(std::string_view key) const;
};

/// Which objects to list. Empty fields do not limit.
struct ListQuery {
  std::string group;
  std::string kind;  ///< required
  std::string namespace_;
  std::string label;  ///< `key=value`
};

/// Which object, and in which state: what tells that nothing has changed since it was read.
struct ObjectVersion {
  render::ObjectId id;
  std::string resource_version;
};

/// What is known of objects without having read them.
using KnownVersions = std::map<render::ObjectId, std::optional<std::string>>;

struct ApplyOutcome;

struct ApplyOptions {
  std::string owner;  ///< ApplySet id, written as the label applyset.kubernetes.io/part-of
  bool dry_run = false;
  /// Values that an environment which hides those of Secrets hides as well; must outlive the call.
  const std::vector<render::SensitivePath>* sensitive = nullptr;
  std::int64_t fence = 0;  ///< of the channel's lease; 0: not fenced (command line)
  std::string lease;       ///< name of that lease
  // About the set that an object belongs to; null: nothing is known. They must outlive the call.
  const std::vector<channels::ForcedField>* force = nullptr;  ///< fields that may be taken from whoever owns them
  const ScaledWorkloads* scaled = nullptr;                    ///< what autoscalers of the set scale
  /// What apply_many() may call with the place of an object that it wrote, on the thread that wrote it and while others are
  /// written: for work that need not wait for them. Places are told once at most. What it takes out of the outcome is not
  /// there in the end either.
  std::function<void(std::size_t, ApplyOutcome&)> written = {};
};

enum class ApplyState : std::uint8_t { created, configured, unchanged };

struct ApplyOutcome {
  ApplyState state = ApplyState::unchanged;
  LiveObject object;                       ///< after the write (with dry_run: as it would be)
  std::vector<std::string> warnings = {};  ///< for people: of the server, and what was taken from or left to others
};

/// What an apply would make of an object, by the word of an environment that does more than keep what it is given.
struct Prediction {
  std::optional<Value> body = {};     ///< nullopt: as_stored() says it all
  std::optional<Error> refused = {};  ///< why the apply would be refused
  std::string immutable = {};         ///< the fields, when it is because they cannot be changed in an object that is there
  std::vector<std::string> warnings = {};  ///< for people
};

/// What an environment says of an object that is not there yet.
struct Trial {
  std::optional<Error> refused = {};  ///< why it would not take it
  std::string unchecked = {};         ///< why it could not say so yet; empty: it would take it, or was not asked
};

/// An object whose apply would change something: what it is to be, what is there and what would come.
struct Difference {
  const render::Object* object = nullptr;
  const LiveObject* live = nullptr;
  const Value* predicted = nullptr;         ///< by the environment's own word
  bool as_before = false;                   ///< what was applied last is the very same object
  bool untouched = false;                   ///< nobody changed what was applied last, whatever that was
  bool new_to_us = false;                   ///< it was not ours so far
  const render::Object* applied = nullptr;  ///< what was applied last, where that is known and needed; else null
};

/// What a plan saw where an object is to be applied: another plan may have been quicker since.
struct ApplyPreconditions {
  std::string uid;    ///< empty: there was no object
  std::string owner;  ///< value of the owner label; empty: none
};

/// One object of an apply_many.
struct PlannedApply {
  const render::Object* object = nullptr;
  /// The object that is there must be this one, or the writer's own already; nullopt: whichever it is.
  std::optional<ApplyPreconditions> seen;
};

/// What must still be true of an object when it is deleted.
struct DeletePreconditions {
  std::string uid;
  std::string resource_version;  ///< empty: in whatever state
  bool foreground = false;       ///< it is only gone when what it made is gone: for who makes it anew
};

/// Readiness as kstatus words it.
struct Health {
  enum class State : std::uint8_t { ready, progressing, failed, unknown };
  State state = State::unknown;
  std::string reason;
};

/// The right to write a channel. `fence` grows with every new holder.
struct Lease {
  std::string name;
  std::string holder;
  std::int64_t fence = 0;
};

/// Where a channel lands: a cluster, or the embedded environment. Every call may fail with `unavailable`; an error is never
/// an empty answer. Writes of an old fence fail with `conflict`.
/// Thread-safe.
class Environment {
 public:
  virtual ~Environment() = default;

  /// nullopt: the object does not exist (and that is known).
  [[nodiscard]] virtual Result<std::optional<LiveObject>> get(const render::ObjectId& id) = 0;
  [[nodiscard]] virtual Result<std::vector<LiveObject>> list(const ListQuery& query) = 0;
  /// The same objects as list(), without what is in them: many times cheaper for who remembers most of them.
  [[nodiscard]] virtual Result<std::vector<ObjectVersion>> list_versions(const ListQuery& query) = 0;
  /// Many gets at once, in the order of `ids`.
  [[nodiscard]] virtual Result<std::vector<std::optional<LiveObject>>> get_many(
      const std::vector<render::ObjectId>& ids) = 0;

  /// The resource versions of those of `ids` of which they could be told at a fraction of what get_many() costs, nullopt for
  /// what is known not to be there; of the others nothing. For who asks for hundreds of objects.
  [[nodiscard]] virtual Result<KnownVersions> known_versions(const std::vector<render::ObjectId>& ids) {
    (void)ids;
    return KnownVersions();
  }
  /// Answers what a render asks for (`valuesFrom`, `lookup`): an object, a list with `items`, or an empty map when the
  /// environment itself says that there is nothing. It is asked with the rights of the service account that the binding
  /// names and with nobody else's, whatever the object is: a commit must not read what its binding cannot. `forbidden`
  /// where the binding names none, `unsupported` where there are no such accounts.
  [[nodiscard]] virtual Result<Value> look_up(const render::LookupQuestion& question, const Interrupt& interrupt) {
    (void)interrupt;
    return Error(ErrorCode::unsupported, "the embedded environment keeps no values that " + question.to_string() +
                                             " could be read from: secrets are kept there as hashes")
        .with_hint("valuesFrom and lookup work in clusters; write the values into the repository");
  }
  /// How many releases it is worth to write at once.
  [[nodiscard]] virtual std::size_t writers() const noexcept { return 1; }

  /// Makes the fields that `object` has equal to it and sets the owner label (server-side apply in a cluster). Fields that
  /// other writers added and `object` does not have stay.
  virtual Result<ApplyOutcome> apply(const render::Object& object, const ApplyOptions& options) = 0;
  /// Several applies; the embedded environment does them in one transaction. Stops at the first error, whose index is
  /// outcomes.size(): `conflict` when the preconditions of that object do not hold.
  virtual Result<void> apply_many(const std::vector<PlannedApply>& objects, const ApplyOptions& options,
                                  std::vector<ApplyOutcome>& outcomes) = 0;
  /// What apply() would make of objects that are there, in their order; a dry run in a cluster. An Error means that nobody
  /// could be asked.
  [[nodiscard]] virtual Result<std::vector<Prediction>> predict(const std::vector<const render::Object*>& objects,
                                                                const ApplyOptions& options) {
    (void)options;
    return std::vector<Prediction>(objects.size());
  }
  /// Whether objects that are not there would be taken, in their order; writes nothing. What one of `coming`, which the same
  /// run makes, may cure is no refusal. An Error means that nobody could be asked.
  [[nodiscard]] virtual Result<std::vector<Trial>> try_new(const std::vector<const render::Object*>& objects,
                                                           const ApplyOptions& options,
                                                           const std::set<render::ObjectId>& coming) {
    (void)options;
    (void)coming;
    return std::vector<Trial>(objects.size());
  }
  /// Where each difference comes from, field by field and in the order of `differences`; nullopt where the environment
  /// cannot tell. The steps of the causes may hold secrets. Without an answer of whom it asks it says less, and does not
  /// fail.
  [[nodiscard]] virtual std::vector<std::optional<std::vector<channels::FieldCause>>> explain(
      const std::vector<Difference>& differences) {
    return std::vector<std::optional<std::vector<channels::FieldCause>>>(differences.size());
  }
  /// What we own in `object` as a text that is the same as long as nobody changed any of it, whatever others do to the rest
  /// of the object. It may hold secrets. Empty: only comparing tells.
  [[nodiscard]] virtual std::string owned_fields(const LiveObject& object) const {
    (void)object;
    return {};
  }
  /// Writes a whole object if its resource version is still `expected` (empty: it must not exist). `conflict` otherwise.
  virtual Result<LiveObject> put(const render::Object& object, const std::string& expected, const ApplyOptions& options) = 0;
  /// Deletes if the preconditions hold; `conflict` when they do not, success when it is gone already.
  virtual Result<void> remove(const render::ObjectId& id, const DeletePreconditions& preconditions,
                              const ApplyOptions& options) = 0;

  [[nodiscard]] virtual Health health(const LiveObject& object) = 0;

  /// Takes or renews the lease for `span`; `conflict` while somebody else holds it. A takeover raises the fence.
  virtual Result<Lease> acquire_lease(const std::string& name, const std::string& holder, Millis span) = 0;
  virtual Result<void> release_lease(const Lease& lease) = 0;
  /// Looks at leases of others, where one has ended when it was seen unchanged for its span: a later acquire_lease() need
  /// not begin to wait then. What goes wrong is met again there.
  virtual void note_leases(const std::vector<std::string>& names) { (void)names; }

  /// Grows with every change by anybody; cheap (no listing).
  [[nodiscard]] virtual Result<std::uint64_t> version() = 0;
  /// The version of the last change of anything but what people say about channels: Channel, Release and Approval objects.
  /// version() where nobody tells them apart.
  [[nodiscard]] virtual Result<std::uint64_t> content_version() { return version(); }
  /// False only when it is certain that everything after version `since` was written through this very object; so a run
  /// can tell its own writes from those that came in between.
  [[nodiscard]] virtual Result<bool> changed_by_others(std::uint64_t since) {
    GITOPSCTL_TRY(const std::uint64_t now, version());
    return now != since;
  }
  /// Waits until version() is beyond `seen`, `stop` is set or `span` passed; returns the version.
  virtual Result<std::uint64_t> wait_for_change(std::uint64_t seen, Millis span, std::stop_token stop) = 0;

  /// True when events go away by themselves after a while, as they do from an API server.
  [[nodiscard]] virtual bool forgets_events() const noexcept { return false; }
  /// True when a secret value is known here only by its hash, so that plans compare hashes.
  [[nodiscard]] virtual bool hashes_secrets() const noexcept = 0;
  /// How `object` looks in this environment once applied with these `sensitive` paths (secret values hashed where it does
  /// so): what plans compare with.
  [[nodiscard]] virtual Value as_stored(const render::Object& object,
                                        const std::vector<render::SensitivePath>& sensitive = {}) const = 0;
};

/// The embedded environment: one SQLite file (WAL) that several processes may open at once. Refuses a file of a newer schema
/// (`newer_schema`). The key for hashing secret values is made once and kept in the file's own directory with mode 0600; one
/// that is gone while the file has objects is an error (`conflict`), never made anew.
[[nodiscard]] Result<std::unique_ptr<Environment>> open_embedded_environment(const std::string& path, Clock& clock);

/// An embedded environment that could not be opened (a newer version wrote its file): every call is the error `why`, or what
/// has come of it since, until the file opens; that is tried again at most once a second. So one such environment keeps
/// nobody from working on the others, and comes back without a person. `clock` must outlive it.
[[nodiscard]] std::unique_ptr<Environment> wait_for_embedded_environment(const std::string& path, Clock& clock,
                                                                         const Error& why);

/// The installation's key beside an embedded environment: 32 bytes in `<directory>/installation.key`, made at the first
/// call, mode 0600.
[[nodiscard]] Result<std::string> load_installation_key(const std::string& directory);

}  // namespace gitopsctl::agent
