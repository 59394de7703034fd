#include "agent/reconcile/take_down.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include "agent/apply/apply.hpp"
#include "agent/control/lease_names.hpp"
#include "agent/inventory/inventory.hpp"
#include "agent/reconcile/plan_stage.hpp"
#include "agent/reconcile/status_writer.hpp"
#include "base/crypto/digest.hpp"

namespace gitopsctl::agent {

namespace {

constexpr Millis lease_span{30'000};
constexpr Millis lease_renewal{10'000};
constexpr Millis lease_look{250};

/// What there is to do for one release.
struct Work {
  channels::LiveReleaseInput input;
  channels::ReleaseChanges changes;
};

Result<std::vector<Inventory>> inventories_of(Environment& environment, const ChannelKey& key) {
  GITOPSCTL_TRY(auto list, list_inventories(environment, key.installation, key.repository, key.channel));
  if (list.unreadable.empty()) return std::move(list.readable);
  std::vector<Error> errors;
  for (const auto& one : list.unreadable) errors.insert(errors.end(), one.errors.begin(), one.errors.end());
  return combine(std::move(errors));
}

Result<Work> plan(Environment& environment, const Inventory& inventory, const std::string& installation_key) {
  const std::vector<std::string> everywhere;
  PlanSubject subject;
  subject.inventory = &inventory;
  subject.namespaces = &everywhere;
  Work out;
  out.input = make_plan_input(environment, subject, installation_key);
  out.input.settings.prune = true;
  std::map<render::ObjectId, std::string> observed;
  GITOPSCTL_TRY(const auto live, look_up_live(environment, out.input, observed, installation_key));
  out.changes = channels::plan_release_live(out.input, live);
  if (!out.changes.errors.empty()) return combine(out.changes.errors);
  return out;
}

/// The channel's lease, held while it is worked on.
class HeldLease {
 public:
  HeldLease(Environment& environment, const TakeDownRequest& request, Clock& clock)
      : environment_(environment), name_(channel_lease_name(request.key)), holder_(request.holder), clock_(clock) {}
  ~HeldLease() {
    if (lease_) static_cast<void>(environment_.release_lease(*lease_).ok());  // an error only means that it ends by itself
  }
  HeldLease(const HeldLease&) = delete;
  HeldLease& operator=(const HeldLease&) = delete;

  /// Waits for whoever has it now.
  Result<void> take(const Interrupt& interrupt) {
    for (;;) {
      const Millis asked = clock_.monotonic();
      auto lease = environment_.acquire_lease(name_, holder_, lease_span);
      if (lease.ok()) {
        lease_ = *std::move(lease);
        taken_ = asked;
        return {};
      }
      if (lease.error().code() != ErrorCode::conflict) return lease.error();
      if (const auto go_on = interrupt.check("waiting for the channel"); !go_on.ok()) {
        return go_on.error().with_hint(lease.error().to_string());
      }
      clock_.sleep(lease_look, interrupt.stop);
    }
  }
  Result<void> keep() {
    if (clock_.monotonic() - taken_ <= lease_renewal) return {};
    const Millis asked = clock_.monotonic();
    GITOPSCTL_TRY(const auto renewed, environment_.acquire_lease(name_, holder_, lease_span));
    if (renewed.fence != lease_->fence) return Error(ErrorCode::conflict, "somebody else works on the channel by now");
    taken_ = asked;
    return {};
  }
  [[nodiscard]] const Lease& lease() const { return *lease_; }

 private:
  Environment& environment_;
  const std::string name_;
  const std::string holder_;
  Clock& clock_;
  std::optional<Lease> lease_;
  Millis taken_{0};
};

Result<void> suspend(Environment& environment, const TakeDownRequest& request) {
  const auto written = update_channel(environment, request.key, [&](Value& body) {
    Value& spec = body.child_map("spec");
    spec.set("suspend", Value::boolean(true));
    spec.set("suspendedBy", Value::string(request.by));
    spec.set("suspendReason", Value::string("taken down"));
  });
  return written.ok() ? Result<void>() : Result<void>(written.error());
}

std::vector<TakenObject> outcome(const std::string& release, const Work& work) {
  std::vector<TakenObject> out;
  for (const auto& change : work.changes.changes) {
    const bool goes = change.action == channels::Action::remove;
    if (goes || change.action == channels::Action::keep) out.push_back({release, change.id, !goes, change.why});
  }
  return out;
}

}  // namespace

Result<std::vector<TakenObject>> plan_take_down(Environment& environment, const TakeDownRequest& request) {
  GITOPSCTL_TRY(const auto inventories, inventories_of(environment, request.key));
  std::vector<TakenObject> out;
  for (const auto& inventory : inventories) {
    GITOPSCTL_TRY(const auto work, plan(environment, inventory, request.installation_key));
    std::ranges::move(outcome(inventory.identity.release, work), std::back_inserter(out));
  }
  return out;
}

Result<void> take_down(Environment& environment, const TakeDownRequest& request, Clock& clock, const Interrupt& interrupt,
                       const std::function<void(const TakenObject&)>& done) {
  GITOPSCTL_CHECK(suspend(environment, request));
  HeldLease held(environment, request, clock);
  GITOPSCTL_CHECK(held.take(interrupt));
  // Only now nobody else writes them.
  GITOPSCTL_TRY(auto inventories, inventories_of(environment, request.key));
  const WriteContext context{environment,
                             clock,
                             held.lease().name,
                             held.lease().fence,
                             request.installation_key,
                             make_ulid(clock.now().time_since_epoch().count()),
                             [&]() -> Result<void> {
                               GITOPSCTL_CHECK((Interrupt{interrupt.stop, {}}.check("taking the channel down")));
                               return held.keep();
                             },
                             interrupt.stop};
  StatusWriter status(environment, request.key, clock);
  for (auto& inventory : inventories) {
    const std::string release = inventory.identity.release;
    GITOPSCTL_CHECK(context.may_continue());
    GITOPSCTL_TRY(const auto work, plan(environment, inventory, request.installation_key));
    const auto report = prune_release(context, inventory, work.input, work.changes);
    if (!report.errors.empty()) return combine(report.errors);
    for (const auto& object : outcome(release, work)) done(object);
    // What stays is no deployment of any rendering: whoever deploys the release again looks at all of it.
    inventory.render_key.clear();
    inventory.render_digest.clear();
    inventory.seal_digest.clear();
    GITOPSCTL_CHECK(settle_removed(context, inventory));
    if (inventory.entries.empty()) GITOPSCTL_CHECK(status.remove_release(release, inventory.release_namespace));
  }
  return {};
}

}  // namespace gitopsctl::agent
