#include "agent/cluster/cluster_environment.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <tuple>
#include <utility>

#include "agent/cluster/change_feed.hpp"
#include "agent/cluster/conflict_policy.hpp"
#include "agent/cluster/explanation.hpp"
#include "agent/cluster/field_owners.hpp"
#include "agent/cluster/immutable.hpp"
#include "agent/cluster/lease_book.hpp"
#include "agent/cluster/look_up.hpp"
#include "agent/cluster/normal_form.hpp"
#include "agent/cluster/owned_fields.hpp"
#include "agent/cluster/parallel.hpp"
#include "agent/cluster/rollout_watch.hpp"
#include "agent/cluster/scalers.hpp"
#include "agent/cluster/shared_look.hpp"
#include "agent/cluster/trial.hpp"
#include "agent/cluster/version_lists.hpp"
#include "agent/health/health.hpp"
#include "base/result/no_throw.hpp"
#include "channels/model/channel.hpp"
#include "channels/plan/reserved.hpp"
#include "render/manifest/redact.hpp"

namespace gitopsctl::agent {
namespace {

using detail::ChangeFeed;
using detail::ConflictVerdict;
using render::ObjectId;
using Class = KubeErrorClass;

/// Requests at once for one call; more do not make an API server any faster.
constexpr std::size_t max_parallel = 16;
/// From so many objects of one kind in one namespace on, one list is cheaper than a request for each.
constexpr std::size_t list_from = 8;
/// How often an apply that loses against another writer looks again.
constexpr int max_tries = 5;
/// How long a new definition is waited for.
constexpr Millis definition_patience{60'000};
constexpr Millis definition_poll{100};
/// How long an apply waits for an object of the same name that is being deleted: well within a lease.
constexpr Millis gone_patience{10'000};
constexpr Millis gone_poll{200};
/// How long a look at the lease is good for: less than a group of objects takes to write. Whoever takes a lease over has
/// waited for its whole span before, so this is for a lease that somebody deletes or edits by hand.
constexpr Millis confirmed_for{250};
/// Without watches, how often somebody else may have written.
constexpr Millis look_every{1'000};

/// An apply with this version creates, or fails: no object has it (a server's versions begin higher), and for an object that
/// is not there it does not count.
constexpr std::string_view no_version = "1";
/// On a namespace that was made for an inventory: the ApplySet whose release may take it over.
constexpr std::string_view made_for = "gitopsctl.dev/made-for";
constexpr std::string_view set_label = "applyset.kubernetes.io/id";

const FieldPath replicas_path{"f:spec", "f:replicas"};
/// Of fields in one warning.
constexpr std::size_t max_named = 5;

std::string left_to(const ObjectId& id, const std::string& scaler) {
  return id.to_string() + ": .spec.replicas is left to " + scaler;
}

Error without_definitions(const KubeError& error) {
  return Error(ErrorCode::unavailable, "the cluster does not have the kinds of gitopsctl.dev: " + error.message())
      .with_hint("run `gitopsctl install` against this cluster first");
}

/// What a shared look at a lease is about.
std::string look_at(const std::string& lease, std::int64_t fence) { return lease + ' ' + std::to_string(fence); }

bool is_definition(const ObjectId& id) {
  return id.group == "apiextensions.k8s.io" && id.kind == "CustomResourceDefinition";
}

bool has_condition(const Value& body, std::string_view type) {
  const Value* conditions = body.find_path({"status", "conditions"});
  if (conditions == nullptr) return false;
  return std::ranges::any_of(conditions->as_list(), [&](const Value& condition) {
    return condition.string_at({"type"}) == type && condition.string_at({"status"}) == "True";
  });
}

/// What gitopsctl keeps for itself, as far as a name can tell: its kinds, its namespace, inventories.
bool is_own(const ObjectId& id) {
  return id.group == channels::api_group || id.namespace_ == channels::home_namespace || detail::is_named_as_ours(id);
}

std::set<std::pair<std::string, std::string>> kinds_of(const std::vector<ObjectId>& ids) {
  std::set<std::pair<std::string, std::string>> out;
  for (const auto& id : ids) out.emplace(id.group, id.kind);
  return out;
}

class ClusterEnvironment final : public Environment {
 public:
  /// `client` is who we are, `actor` whom the releases' objects are looked at and written as.
  ClusterEnvironment(KubeClient client, KubeClient actor, ClusterSettings settings, Clock& clock)
      : client_(std::move(client)),
        actor_(std::move(actor)),
        settings_(std::move(settings)),
        clock_(clock),
        leases_(client_, clock, settings_.field_manager),
        rollouts_(actor_, clock),
        explanation_(client_, settings_.field_manager, settings_.cache_directory, clock),
        feed_(client_, actor_, settings_.namespaces),
        confirmations_(clock, confirmed_for),
        opened_(clock.monotonic()) {}

  Result<std::optional<LiveObject>> get(const ObjectId& id) override;
  Result<std::vector<LiveObject>> list(const ListQuery& query) override;
  Result<std::vector<ObjectVersion>> list_versions(const ListQuery& query) override;
  Result<std::vector<std::optional<LiveObject>>> get_many(const std::vector<ObjectId>& ids) override;
  Result<KnownVersions> known_versions(const std::vector<ObjectId>& ids) override;
  Result<Value> look_up(const render::LookupQuestion& question, const Interrupt& interrupt) override {
    if (settings_.impersonate.empty()) return detail::no_account(question);
    auto found = detail::look_up(actor_, question, interrupt);
    const bool refused = !found.ok() && found.error().code() == ErrorCode::forbidden;
    // That somebody may not act as the account is another matter, and has its own hint.
    if (!refused || found.error().message().find("impersonate") != std::string::npos) return found;
    return found.error().with_hint("give service account " + settings_.impersonate + " of the binding the right to " +
                                   (question.name.empty() ? "list" : "get") + " it");
  }
  std::size_t writers() const noexcept override { return max_parallel; }
  Result<ApplyOutcome> apply(const render::Object& object, const ApplyOptions& options) override;
  Result<void> apply_many(const std::vector<PlannedApply>& objects, const ApplyOptions& options,
                          std::vector<ApplyOutcome>& outcomes) override;
  Result<std::vector<Prediction>> predict(const std::vector<const render::Object*>& objects,
                                          const ApplyOptions& options) override;
  Result<std::vector<Trial>> try_new(const std::vector<const render::Object*>& objects, const ApplyOptions& options,
                                     const std::set<ObjectId>& coming) override {
    return detail::try_new_objects(actor_, settings_.field_manager, max_parallel, objects, options, coming);
  }
  std::vector<std::optional<std::vector<channels::FieldCause>>> explain(const std::vector<Difference>& differences) override;
  std::string owned_fields(const LiveObject& object) const override {
    return detail::owned_fields(object.body, settings_.field_manager);
  }
  Result<LiveObject> put(const render::Object& object, const std::string& expected, const ApplyOptions& options) override;
  Result<void> remove(const ObjectId& id, const DeletePreconditions& preconditions, const ApplyOptions& options) override;
  Health health(const LiveObject& object) override { return rollouts_.judge(object.body); }
  Result<Lease> acquire_lease(const std::string& name, const std::string& holder, Millis span) override {
    const Millis asked = clock_.monotonic();
    auto lease = leases_.acquire(name, holder, span);
    // Who has just written it knows whose it is.
    if (lease.ok()) confirmations_.saw(look_at(lease->name, lease->fence), asked);
    return lease;
  }
  Result<void> release_lease(const Lease& lease) override {
    confirmations_.forget(look_at(lease.name, lease.fence));
    auto released = leases_.release(lease);
    if (settings_.watches) feed_.catch_up();
    return released;
  }
  void note_leases(const std::vector<std::string>& names) override { leases_.note(names); }
  Result<std::uint64_t> version() override { return settings_.watches ? feed_.version() : looks(); }
  Result<std::uint64_t> content_version() override { return settings_.watches ? feed_.content_version() : looks(); }
  Result<bool> changed_by_others(std::uint64_t since) override {
    return settings_.watches ? feed_.changed_by_others(since) : looks() > since;
  }
  Result<std::uint64_t> wait_for_change(std::uint64_t seen, Millis span, std::stop_token stop) override;
  bool forgets_events() const noexcept override { return true; }
  bool hashes_secrets() const noexcept override { return false; }
  Value as_stored(const render::Object& object, const std::vector<render::SensitivePath>& /*sensitive*/) const override {
    return detail::normal_form(object);
  }

 private:
  /// Where a list without a namespace looks, when not everything may be listed.
  [[nodiscard]] Result<std::vector<std::string>> places(const ListQuery& query) const;
  Result<std::vector<Value>> list_bodies(const ListQuery& query, bool metadata_only);
  /// Whether a kind that could not be found is known not to be there.
  Result<void> check_absent(const ObjectId& id, const KubeError& error) const;
  Result<std::optional<Value>> find(const ObjectId& id, bool metadata_only) const;
  [[nodiscard]] const KubeClient& reader_of(const ObjectId& id) const { return is_own(id) ? client_ : actor_; }
  Result<const KubeClient*> remover_of(const ObjectId& id) const;
  using Found = std::vector<std::optional<LiveObject>>;
  Result<void> find_listed(const std::vector<ObjectId>& ids, const std::vector<std::size_t>& which, Found& out) const;

  Result<ApplyOutcome> apply_one(const PlannedApply& planned, const ApplyOptions& options, detail::ScalerBook& scalers);
  Result<bool> settle_owners(const ObjectId& id, const ApplyOptions& options, const std::string& scaler, const Value& live,
                             Value& wish, std::vector<std::string>& warnings);
  Result<void> leave_scale(const ObjectId& id, detail::ScalerBook& scalers, Value& wish,
                           std::vector<std::string>& warnings) const;
  Result<void> foresee_owners(const render::Object& object, const KubeCall& call, Prediction& out) const;
  Result<void> expect_seen(const PlannedApply& planned, const ApplyOptions& options, const Value& live, Value& wish) const;
  Result<std::optional<Value>> find_settled(const ObjectId& id, bool metadata_only) const;
  /// A server-side apply that follows the policy about other managers' fields.
  KubeResult<KubeWritten> send(const ObjectId& id, Value wish, const ApplyOptions& options, const KubeCall& call,
                               std::vector<std::string>& warnings) const;
  Result<void> wait_for_definition(const ObjectId& id);
  KubeResult<KubeWritten> write_whole(const Value& body, bool create, const ApplyOptions& options) const;
  Result<void> make_namespace(const std::string& name, const std::string& for_set);
  /// True once for a namespace that was not there when many objects were looked at.
  bool was_missing(const std::string& name_space);
  [[nodiscard]] KubeWriteOptions write_options(bool dry_run) const;
  /// Without watches: every look_every since the start may be a change by others.
  [[nodiscard]] std::uint64_t looks() const {
    return 1 + static_cast<std::uint64_t>((clock_.monotonic() - opened_) / look_every);
  }
  /// Null where nobody watches.
  [[nodiscard]] ChangeFeed* watching_feed() { return settings_.watches ? &feed_ : nullptr; }
  void follow(const std::set<std::pair<std::string, std::string>>& kinds) {
    if (settings_.watches) feed_.follow(kinds, leases_.holds_any());
  }

  KubeClient client_;
  KubeClient actor_;
  ClusterSettings settings_;
  Clock& clock_;
  detail::LeaseBook leases_;
  detail::RolloutWatch rollouts_;
  detail::Explanation explanation_;
  ChangeFeed feed_;
  detail::SharedLook confirmations_;  ///< of leases
  Millis opened_;                     ///< by the monotonic clock
  std::mutex missing_mutex_;
  std::set<std::string> missing_namespaces_;  ///< when they were looked at last: they are made before the server asks for it
};

Result<std::uint64_t> ClusterEnvironment::wait_for_change(std::uint64_t seen, Millis span, std::stop_token stop) {
  if (settings_.watches) return feed_.wait(seen, span, stop);
  const Deadline deadline(clock_, span);
  while (looks() <= seen && !deadline.passed() && !stop.stop_requested()) {
    clock_.sleep(std::min(deadline.left(), look_every / 4), stop);
  }
  return looks();
}

// ---- reading

Result<void> ClusterEnvironment::check_absent(const ObjectId& id, const KubeError& error) const {
  if (!error.is(Class::no_match)) return error;
  const auto mapped = client_.discovery().map(id.group, "", id.kind, {});
  // It is listed, and still not served: nobody knows what is there.
  if (mapped.ok()) {
    return Error(ErrorCode::unavailable, error.message())
        .with_hint("the server lists the kind and does not serve it: look at its APIService, and at what stands between")
        .in(id.to_string());
  }
  if (!mapped.error().is(Class::no_match)) return mapped.error();
  if (id.group == channels::api_group) return without_definitions(error);
  return {};
}

Result<std::optional<Value>> ClusterEnvironment::find(const ObjectId& id, bool metadata_only) const {
  auto found = reader_of(id).find(id, {"", metadata_only}, {});
  if (found.ok()) return std::move(found).value();
  GITOPSCTL_CHECK(check_absent(id, found.error()));
  return std::optional<Value>();
}

Result<std::optional<LiveObject>> ClusterEnvironment::get(const ObjectId& id) {
  GITOPSCTL_TRY(auto found, find(id, false));
  if (!found) return std::optional<LiveObject>();
  return std::optional<LiveObject>(detail::live_object(*std::move(found)));
}

Result<std::vector<std::string>> ClusterEnvironment::places(const ListQuery& query) const {
  if (!query.namespace_.empty() || settings_.namespaces.empty()) return std::vector<std::string>{query.namespace_};
  const auto resource = client_.discovery().map(query.group, "", query.kind, {});
  if (!resource.ok()) return resource.error();
  if (!resource->namespaced) return std::vector<std::string>{""};
  std::set<std::string> out(settings_.namespaces.begin(), settings_.namespaces.end());
  out.insert(std::string(channels::home_namespace));
  return std::vector<std::string>(out.begin(), out.end());
}

Result<std::vector<Value>> ClusterEnvironment::list_bodies(const ListQuery& query, bool metadata_only) {
  if (query.kind.empty()) return Error(ErrorCode::internal, "a list of objects needs a kind");
  if (!query.label.empty() && query.label.find('=') == std::string::npos) {
    return Error(ErrorCode::invalid_input, "'" + query.label + "' is no label query").with_hint("write it as key=value");
  }
  const auto listed_in = places(query);
  KubeListOptions options;
  options.label_selector = query.label;
  options.metadata_only = metadata_only;
  std::vector<Value> out;
  if (!listed_in.ok()) return listed_in.error();
  for (const auto& place : *listed_in) {
    options.namespace_ = place;
    auto page = client_.list({query.group, "", query.kind}, options, {});
    if (!page.ok()) {
      GITOPSCTL_CHECK(check_absent({query.group, query.kind, place, ""}, page.error()));
      return std::vector<Value>();
    }
    std::ranges::move(page->items, std::back_inserter(out));
  }
  return out;
}

Result<std::vector<LiveObject>> ClusterEnvironment::list(const ListQuery& query) {
  GITOPSCTL_TRY(auto bodies, list_bodies(query, false));
  std::vector<LiveObject> out;
  out.reserve(bodies.size());
  for (auto& body : bodies) out.push_back(detail::live_object(std::move(body)));
  std::ranges::sort(out, {}, &LiveObject::id);
  return out;
}

Result<std::vector<ObjectVersion>> ClusterEnvironment::list_versions(const ListQuery& query) {
  GITOPSCTL_TRY(auto bodies, list_bodies(query, true));
  std::vector<ObjectVersion> out;
  out.reserve(bodies.size());
  for (auto& body : bodies) {
    LiveObject object = detail::live_object(std::move(body));
    out.push_back({std::move(object.id), std::move(object.resource_version)});
  }
  std::ranges::sort(out, {}, &ObjectVersion::id);
  return out;
}

Result<void> ClusterEnvironment::find_listed(const std::vector<ObjectId>& ids, const std::vector<std::size_t>& which,
                                             Found& out) const {
  const ObjectId& first = ids[which.front()];
  KubeListOptions options;
  options.namespace_ = first.namespace_;
  auto listed = reader_of(first).list({first.group, "", first.kind}, options, {});
  if (!listed.ok()) return check_absent(first, listed.error());
  std::map<std::string, std::size_t, std::less<>> wanted;
  for (const std::size_t i : which) wanted.emplace(ids[i].name, i);
  for (auto& item : listed->items) {
    const auto place = wanted.find(item.string_at({"metadata", "name"}));
    if (place != wanted.end()) out[place->second] = detail::live_object(std::move(item));
  }
  return {};
}

Result<std::vector<std::optional<LiveObject>>> ClusterEnvironment::get_many(const std::vector<ObjectId>& ids) {
  std::map<std::tuple<std::string, std::string, std::string>, std::vector<std::size_t>> groups;
  for (std::size_t i = 0; i < ids.size(); ++i) groups[{ids[i].group, ids[i].kind, ids[i].namespace_}].push_back(i);
  follow(kinds_of(ids));
  std::vector<std::vector<std::size_t>> tasks;
  for (auto& [kind, which] : groups) {
    if (which.size() >= list_from) {
      tasks.push_back(std::move(which));
    } else {
      for (const std::size_t i : which) tasks.push_back({i});
    }
  }
  Found out(ids.size());
  std::vector<Result<void>> results(tasks.size());
  detail::in_parallel(tasks.size(), max_parallel, [&](std::size_t i) {
    results[i] = no_throw("reading objects", [&]() -> Result<void> {
      if (tasks[i].size() > 1) return find_listed(ids, tasks[i], out);
      GITOPSCTL_TRY(out[tasks[i].front()], get(ids[tasks[i].front()]));
      return {};
    });
    return results[i].ok();
  });
  for (const auto& result : results) {
    if (!result.ok()) return result.error();
  }
  return out;
}

Result<KnownVersions> ClusterEnvironment::known_versions(const std::vector<ObjectId>& ids) {
  auto kinds = kinds_of(ids);
  kinds.erase({"", "Namespace"});
  follow(kinds);  // from before the look on
  auto known = detail::versions_by_lists(
      ids, [this](const ObjectId& id) -> const KubeClient& { return reader_of(id); }, settings_.namespaces.empty());
  const std::lock_guard lock(missing_mutex_);
  for (const auto& [id, version] : known) {
    if (id.group.empty() && id.kind == "Namespace" && !version) missing_namespaces_.insert(id.name);
  }
  return known;
}

// ---- applying

KubeWriteOptions ClusterEnvironment::write_options(bool dry_run) const {
  KubeWriteOptions out;
  out.field_manager = settings_.field_manager;
  out.dry_run = dry_run;
  return out;
}

KubeResult<KubeWritten> ClusterEnvironment::send(const ObjectId& id, Value wish, const ApplyOptions& options,
                                                 const KubeCall& call, std::vector<std::string>& warnings) const {
  KubeApplyOptions how;
  static_cast<KubeWriteOptions&>(how) = write_options(options.dry_run);
  auto result = actor_.apply(wish, how, call);
  if (result.ok() || !result.error().is(Class::field_conflict)) return result;
  const KubeError refused = result.error();
  std::set<std::string> given_up;
  for (const auto& conflict : refused.conflicts()) {
    const auto verdict = detail::judge(conflict, settings_.field_manager);
    if (verdict == ConflictVerdict::yield) continue;
    const auto path = resolve(wish, conflict.field);
    const bool forced = options.force != nullptr && path && detail::is_forced(*options.force, id, *path);
    if (verdict == ConflictVerdict::stop && !forced) return refused;
    how.force = true;
    if (conflict.manager == settings_.field_manager) continue;
    warnings.push_back(id.to_string() + ": " + scrub(conflict.field) +
                       (verdict == ConflictVerdict::take
                            ? " is taken back from " + scrub(conflict.manager)
                            : " is taken from " + scrub(conflict.manager) + ", as the release's `force` says"));
  }
  for (const auto& conflict : refused.conflicts()) {
    if (detail::judge(conflict, settings_.field_manager) != ConflictVerdict::yield) continue;
    if (!given_up.insert(conflict.field).second) continue;
    // Not ours and left out of what we send: it stays as its owner wants it.
    if (!detail::erase_field(wish, conflict.field)) return refused;
    warnings.push_back(id.to_string() + ": " + scrub(conflict.field) + " is left to " + scrub(conflict.manager));
  }
  if (refused.conflicts().empty()) return refused;
  return actor_.apply(wish, how, call);
}

/// The object that is there must be the one that the plan saw, or ours already; then nothing else may come in between.
Result<void> ClusterEnvironment::expect_seen(const PlannedApply& planned, const ApplyOptions& options, const Value& live,
                                             Value& wish) const {
  const auto uid = live.string_at({"metadata", "uid"});
  const auto owner = live.string_at({"metadata", "labels", detail::owner_label});
  const bool ours = !owner.empty() && owner == options.owner;
  const bool made_for_us =
      owner.empty() && !options.owner.empty() && live.string_at({"metadata", "annotations", made_for}) == options.owner;
  if (planned.seen && !ours && !made_for_us && (planned.seen->uid != uid || planned.seen->owner != owner)) {
    std::string message = planned.seen->uid.empty() ? "was made by somebody else since it was planned"
                                                    : "is not the object any more that was planned for";
    if (!owner.empty()) message += "; it belongs to '" + std::string(owner) + "'";
    return Error(ErrorCode::conflict, message).with_hint("the next run plans with what is there now");
  }
  if (!live.string_at({"metadata", "deletionTimestamp"}).empty()) {
    return Error(ErrorCode::unavailable, "is being deleted; it is made anew when it is gone")
        .with_hint("finalizers that never end keep it: look at its metadata.finalizers");
  }
  Value& metadata = wish.child_map("metadata");
  metadata.set("uid", Value::string(uid));
  metadata.set("resourceVersion", Value::string(live.string_at({"metadata", "resourceVersion"})));
  return {};
}

/// find(), but what is being deleted is waited for: it is not there soon, and cannot be written to.
Result<std::optional<Value>> ClusterEnvironment::find_settled(const ObjectId& id, bool metadata_only) const {
  const Deadline deadline(clock_, gone_patience);
  for (;;) {
    GITOPSCTL_TRY(auto live, find(id, metadata_only));
    if (!live || live->string_at({"metadata", "deletionTimestamp"}).empty() || deadline.passed()) return live;
    clock_.sleep(gone_poll, settings_.client.stop);
  }
}

/// Before an object that is there is applied: takes in what kubectl left behind, and lets go of the replicas that `scaler`
/// (empty: nobody) sets. False when somebody wrote meanwhile.
Result<bool> ClusterEnvironment::settle_owners(const ObjectId& id, const ApplyOptions& options, const std::string& scaler,
                                               const Value& live, Value& wish, std::vector<std::string>& warnings) {
  FieldSet give_up;
  if (!scaler.empty()) {
    give_up.insert(replicas_path);
    erase_at(wish, replicas_path);
  }
  GITOPSCTL_TRY(const auto change, detail::settle_owners(live, settings_.field_manager, give_up));
  if (!change) return true;
  GITOPSCTL_CHECK(leases_.check(options.lease, options.fence));
  ChangeFeed::OwnWrite own(watching_feed(), id);
  const auto operations = detail::owner_patch(change->entries, live.string_at({"metadata", "resourceVersion"}));
  auto patched = actor_.patch(id, operations, write_options(false), {});
  if (!patched.ok()) {
    if (patched.error().is(Class::stale_write)) return false;
    return patched.error().in("taking over the fields of others");
  }
  const std::string version(patched->object.string_at({"metadata", "resourceVersion"}));
  own.done(version);
  wish.child_map("metadata").set("resourceVersion", Value::string(version));
  if (!scaler.empty() && change->from.empty()) warnings.push_back(left_to(id, scaler));
  for (const auto& manager : change->other_versions) {
    warnings.push_back(id.to_string() + ": fields that " + scrub(manager) +
                       " wrote in another version of the API stay its own");
  }
  return true;
}

/// In a dry run replicas of which an autoscaler decides are sent as they are.
Result<void> ClusterEnvironment::leave_scale(const ObjectId& id, detail::ScalerBook& scalers, Value& wish,
                                             std::vector<std::string>& warnings) const {
  GITOPSCTL_TRY(const std::string scaler, scalers.scaler_of(id));
  if (scaler.empty()) return {};
  GITOPSCTL_TRY(const auto live, find(id, false));
  const Value* there = live ? value_at(*live, replicas_path) : nullptr;
  if (there == nullptr) return {};
  const Value* wanted = value_at(wish, replicas_path);
  if (wanted != nullptr && !json_equal(*wanted, *there)) warnings.push_back(left_to(id, scaler));
  wish.child_map("spec").set("replicas", *there);
  return {};
}

/// A dry run does not know that fields of kubectl become ours first: what then goes is taken out of its answer.
Result<void> ClusterEnvironment::foresee_owners(const render::Object& object, const KubeCall& call, Prediction& out) const {
  GITOPSCTL_TRY(const FieldSet stale, detail::stale_fields(*out.body, settings_.field_manager));
  if (stale.empty()) return {};
  // What the server fills in comes back: as it would be in a new object of the same manifest.
  Value fresh = detail::normal_form(object).deep_copy();
  fresh.child_map("metadata").set("name", Value::string("gitopsctl-dry-run"));
  KubeApplyOptions how;
  static_cast<KubeWriteOptions&>(how) = write_options(true);
  auto made = actor_.apply(fresh, how, call);
  if (!made.ok() && made.error().is_outage()) return made.error();
  std::string names;
  const auto gone = detail::foresee(*out.body, stale, made.ok() ? made->object : fresh);
  for (std::size_t i = 0; i < gone.size() && i < max_named; ++i) names += (i == 0 ? "" : ", ") + path_text(gone[i]);
  if (gone.size() > max_named) names += " and " + std::to_string(gone.size() - max_named) + " more";
  if (!gone.empty()) {
    out.warnings.push_back(object.id.to_string() + ": kubectl's fields become ours; the manifest does not have " +
                           scrub(names));
  }
  return {};
}

Result<ApplyOutcome> ClusterEnvironment::apply_one(const PlannedApply& planned, const ApplyOptions& options,
                                                   detail::ScalerBook& scalers) {
  const render::Object& object = *planned.object;
  Value plain = detail::normal_form(object);
  detail::set_owner(plain, options.owner);
  KubeCall call;
  call.sensitive = options.sensitive != nullptr && render::holds_secrets(object.body, *options.sensitive);
  bool look = !planned.seen || !planned.seen->uid.empty();
  for (int i = 0;; ++i) {
    ApplyOutcome outcome;
    std::string before;
    Value wish = plain.deep_copy();
    if (!options.dry_run) wish.child_map("metadata").set("resourceVersion", Value::string(no_version));
    if (look && !options.dry_run) {
      GITOPSCTL_TRY(const auto live, find_settled(object.id, true));
      if (live) {
        before = live->string_at({"metadata", "resourceVersion"});
        GITOPSCTL_CHECK(expect_seen(planned, options, *live, wish));
        GITOPSCTL_TRY(const std::string scaler, scalers.scaler_of(object.id));
        GITOPSCTL_TRY(const bool settled, settle_owners(object.id, options, scaler, *live, wish, outcome.warnings));
        if (!settled && i + 1 < max_tries) continue;
      }
    }
    GITOPSCTL_CHECK(leases_.check(options.lease, options.fence));
    ChangeFeed::OwnWrite own(watching_feed(), object.id);
    auto written = send(object.id, std::move(wish), options, call, outcome.warnings);
    if (!written.ok()) {
      const KubeError& error = written.error();
      const bool lost = error.is(Class::stale_write) || error.is(Class::precondition);
      if (!lost || i + 1 == max_tries) return error;
      look = true;
      continue;
    }
    outcome.object = detail::live_object(std::move(written->object));
    if (!options.dry_run) own.done(outcome.object.resource_version, &outcome.object.body);
    outcome.warnings.insert(outcome.warnings.end(), written->warnings.begin(), written->warnings.end());
    if (!options.dry_run) {
      auto overridden = explanation_.overridden(plain, outcome.object.body, call.sensitive);
      std::ranges::move(overridden, std::back_inserter(outcome.warnings));
    }
    outcome.state = written->created                            ? ApplyState::created
                    : outcome.object.resource_version == before ? ApplyState::unchanged
                                                                : ApplyState::configured;
    if (outcome.object.deleting) {
      return Error(ErrorCode::unavailable, "is being deleted; it is made anew when it is gone");
    }
    return outcome;
  }
}

Result<ApplyOutcome> ClusterEnvironment::apply(const render::Object& object, const ApplyOptions& options) {
  std::vector<ApplyOutcome> outcomes;
  GITOPSCTL_CHECK(apply_many({{&object, std::nullopt}}, options, outcomes));
  return std::move(outcomes.front());
}

Result<void> ClusterEnvironment::apply_many(const std::vector<PlannedApply>& objects, const ApplyOptions& options,
                                            std::vector<ApplyOutcome>& outcomes) {
  outcomes.clear();
  // Groups of several releases begin together: one look at the lease is enough for them.
  GITOPSCTL_CHECK(confirmations_.ask(look_at(options.lease, options.fence),
                                     [&] { return leases_.confirm(options.lease, options.fence); }));
  std::set<std::pair<std::string, std::string>> kinds;
  for (const auto& planned : objects) kinds.emplace(planned.object->id.group, planned.object->id.kind);
  follow(kinds);
  std::vector<std::optional<Result<ApplyOutcome>>> results(objects.size());
  detail::ScalerBook scalers(actor_, options.scaled);
  detail::in_parallel(objects.size(), max_parallel, [&](std::size_t i) {
    results[i] = no_throw("an apply", [&] {
      auto outcome = apply_one(objects[i], options, scalers);
      if (outcome.ok() && options.written) options.written(i, *outcome);
      return outcome;
    });
    return results[i]->ok();
  });
  // What was handed out after the first that failed may be written as well; it is applied again, and found to be there.
  for (auto& result : results) {
    if (!result) return Error(ErrorCode::internal, "an apply was not begun although none failed before it");
    if (!result->ok()) return result->error();
    outcomes.push_back(std::move(*result).value());
  }
  for (const auto& planned : objects) {
    if (!options.dry_run && is_definition(planned.object->id)) GITOPSCTL_CHECK(wait_for_definition(planned.object->id));
  }
  return {};
}

/// What the definition defines can be written when this returns.
Result<void> ClusterEnvironment::wait_for_definition(const ObjectId& id) {
  const Deadline deadline(clock_, definition_patience);
  for (;;) {
    GITOPSCTL_TRY(const auto live, find(id, false));
    if (!live) return Error(ErrorCode::conflict, id.to_string() + " was deleted by somebody else");
    if (has_condition(*live, "Established")) {
      const auto group = live->string_at({"spec", "group"});
      const auto kind = live->string_at({"spec", "names", "kind"});
      const auto mapped = client_.discovery().map(group, "", kind, {});
      if (mapped.ok()) return {};
      if (!mapped.error().is(Class::no_match) && !mapped.error().is(Class::unavailable)) return mapped.error();
    }
    if (deadline.passed()) {
      return Error(ErrorCode::timeout, id.to_string() + " is not served after " + format_duration(definition_patience))
          .with_hint("look at its conditions: kubectl describe crd " + id.name);
    }
    clock_.sleep(definition_poll, settings_.client.stop);
  }
}

Result<std::vector<Prediction>> ClusterEnvironment::predict(const std::vector<const render::Object*>& objects,
                                                            const ApplyOptions& options) {
  ApplyOptions asked = options;
  asked.dry_run = true;
  std::vector<Prediction> out(objects.size());
  std::vector<Result<void>> outages(objects.size());
  detail::ScalerBook scalers(actor_, options.scaled);
  detail::in_parallel(objects.size(), max_parallel, [&](std::size_t i) {
    outages[i] = no_throw("a dry run", [&]() -> Result<void> {
      const render::Object& object = *objects[i];
      Value wish = detail::normal_form(object);
      detail::set_owner(wish, options.owner);
      KubeCall call;
      call.sensitive = options.sensitive != nullptr && render::holds_secrets(object.body, *options.sensitive);
      GITOPSCTL_CHECK(leave_scale(object.id, scalers, wish, out[i].warnings));
      auto answer = send(object.id, std::move(wish), asked, call, out[i].warnings);
      if (answer.ok()) {
        out[i].body = std::move(answer->object);
        return foresee_owners(object, call, out[i]);
      }
      if (answer.error().is_outage()) return answer.error();
      out[i].refused = answer.error();
      out[i].immutable = detail::immutable_fields(object.id, answer.error());
      return {};
    });
    return outages[i].ok();
  });
  for (const auto& outage : outages) {
    if (!outage.ok()) return outage.error();
  }
  return out;
}

std::vector<std::optional<std::vector<channels::FieldCause>>> ClusterEnvironment::explain(
    const std::vector<Difference>& differences) {
  std::vector<std::optional<std::vector<channels::FieldCause>>> out;
  out.reserve(differences.size());
  for (const auto& difference : differences) out.emplace_back(explanation_.of(difference));
  return out;
}

// ---- whole objects

KubeResult<KubeWritten> ClusterEnvironment::write_whole(const Value& body, bool create, const ApplyOptions& options) const {
  const KubeWriteOptions how = write_options(options.dry_run);
  // Inventories, and what people are told, are true also after a run that is stopped.
  KubeCall call;
  call.last_word = true;
  return create ? client_.create(body, how, call) : client_.put(body, how, call);
}

/// A namespace for the inventory that stands in it: nothing of a release can be written before its inventory, and its own
/// Namespace object is one of those things. It is marked, so that this release may take it over.
Result<void> ClusterEnvironment::make_namespace(const std::string& name, const std::string& for_set) {
  const Value body = make_map({{"apiVersion", Value::string("v1")},
                               {"kind", Value::string("Namespace")},
                               {"metadata", make_map({{"name", Value::string(name)},
                                                      {"resourceVersion", Value::string(no_version)},
                                                      {"annotations", make_map({{made_for, Value::string(for_set)}})}})}});
  KubeApplyOptions how;
  static_cast<KubeWriteOptions&>(how) = write_options(false);
  ChangeFeed::OwnWrite own(watching_feed(), {"", "Namespace", "", name});
  auto made = actor_.apply(body, how, {});
  if (made.ok()) {
    own.done(std::string(made->object.string_at({"metadata", "resourceVersion"})));
    return {};
  }
  if (made.error().is(Class::stale_write)) return {};  // somebody was quicker
  return made.error().with_hint("the release needs the namespace '" + name + "', and the agent may not create it");
}

bool ClusterEnvironment::was_missing(const std::string& name_space) {
  const std::lock_guard lock(missing_mutex_);
  return missing_namespaces_.erase(name_space) > 0;
}

Result<LiveObject> ClusterEnvironment::put(const render::Object& object, const std::string& expected,
                                           const ApplyOptions& options) {
  GITOPSCTL_CHECK(leases_.check(options.lease, options.fence));
  Value body = detail::normal_form(object);
  detail::set_owner(body, options.owner);
  if (!expected.empty()) body.child_map("metadata").set("resourceVersion", Value::string(expected));
  ChangeFeed::OwnWrite own(watching_feed(), object.id);
  const auto set = body.string_at({"metadata", "labels", set_label});
  if (expected.empty() && !set.empty() && !options.dry_run && was_missing(object.id.namespace_)) {
    GITOPSCTL_CHECK(make_namespace(object.id.namespace_, std::string(set)));
  }
  auto written = write_whole(body, expected.empty(), options);
  if (!written.ok() && written.error().is(Class::namespace_missing) && !set.empty() && !options.dry_run) {
    GITOPSCTL_CHECK(make_namespace(object.id.namespace_, std::string(set)));
    written = write_whole(body, true, options);
  }
  if (!written.ok()) {
    const KubeError& error = written.error();
    if (error.is(Class::not_found) && !expected.empty()) {
      return Error(ErrorCode::conflict, object.id.to_string() + ": is gone")
          .with_hint("somebody else deleted it; the next run goes on with what is there");
    }
    if (error.is(Class::no_match) && object.id.group == channels::api_group) return without_definitions(error);
    return error;
  }
  LiveObject out = detail::live_object(std::move(written->object));
  if (!options.dry_run) own.done(out.resource_version);
  return out;
}

/// Who deletes an object. A ConfigMap of a release may be named as inventories are, but must not have their label.
Result<const KubeClient*> ClusterEnvironment::remover_of(const ObjectId& id) const {
  if (settings_.impersonate.empty()) return &client_;
  if (!is_own(id)) return &actor_;
  if (id.kind != "ConfigMap" || id.namespace_ == channels::home_namespace) return &client_;
  GITOPSCTL_TRY(const auto live, find(id, true));
  return live && live->string_at({"metadata", "labels", set_label}).empty() ? &actor_ : &client_;
}

Result<void> ClusterEnvironment::remove(const ObjectId& id, const DeletePreconditions& preconditions,
                                        const ApplyOptions& options) {
  GITOPSCTL_CHECK(leases_.check(options.lease, options.fence));
  KubeDeleteOptions how;
  how.uid = preconditions.uid;
  how.resource_version = preconditions.resource_version;
  if (preconditions.foreground) how.propagation = KubeDeleteOptions::Propagation::foreground;
  how.dry_run = options.dry_run;
  ChangeFeed::OwnWrite own(watching_feed(), id);
  GITOPSCTL_TRY(const KubeClient* const remover, remover_of(id));
  auto deleted = remover->remove(id, how, {});
  if (!deleted.ok()) {
    if (deleted.error().is(Class::namespace_missing)) return {};  // and with it everything in it
    return check_absent(id, deleted.error());
  }
  if (!deleted->was_absent && !options.dry_run) own.removed(preconditions.uid);
  return {};
}

}  // namespace

Result<std::unique_ptr<Environment>> open_cluster_environment(ClusterSettings settings, Clock& clock) {
  settings.client.clock = &clock;
  const KubeClient client(settings.target, settings.client);
  KubeClient actor = client;
  if (!settings.impersonate.empty()) {
    const auto slash = settings.impersonate.find('/');
    if (slash == std::string::npos || slash == 0 || slash + 1 == settings.impersonate.size()) {
      return Error(ErrorCode::invalid_input, "'" + settings.impersonate + "' is no service account")
          .with_hint("write it as namespace/name");
    }
    actor = client.as(
        Impersonation::service_account(settings.impersonate.substr(0, slash), settings.impersonate.substr(slash + 1)));
  }
  return std::unique_ptr<Environment>(
      std::make_unique<ClusterEnvironment>(client, std::move(actor), std::move(settings), clock));
}

}  // namespace gitopsctl::agent
