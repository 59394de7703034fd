#include "agent/cluster/lease_book.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "channels/plan/reserved.hpp"

namespace gitopsctl::agent::detail {
namespace {

// Of a lease that says nothing about its span.
constexpr std::int64_t default_seconds = 30;
// A lease of somebody who asks for more is not waited for any longer.
constexpr std::int64_t max_seconds = 3600;
constexpr Millis note_limit{5'000};

render::ObjectId lease_id(const std::string& name) {
  return {"coordination.k8s.io", "Lease", std::string(channels::home_namespace), name};
}

/// MicroTime: the server wants exactly six fractional digits.
std::string micro_time(TimePoint at) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(at);
  std::string out = format_time(seconds);
  out.pop_back();  // the Z
  std::string fraction = std::to_string((at - seconds).count() * 1000);
  fraction.insert(0, 6 - std::min<std::size_t>(6, fraction.size()), '0');
  return out + '.' + fraction + 'Z';
}

std::int64_t number(const Value& lease, std::string_view field, std::int64_t otherwise) {
  const Value* value = lease.find_path({"spec", field});
  return value != nullptr && value->is_int() ? value->as_int() : otherwise;
}

Error lost(const std::string& name, const std::string& why) {
  return Error(ErrorCode::conflict, "lease '" + name + "' is lost: " + why)
      .with_hint("another agent may write this channel now; nothing more is written by this one");
}

/// Losing a race for a lease, in words of leases.
Error somebody_else(const std::string& name) {
  return Error(ErrorCode::conflict, "lease '" + name + "' was taken by somebody else at this moment")
      .with_hint("one agent at a time works on a channel; this one tries again");
}

}  // namespace

Value LeaseBook::body_of(const std::string& name, const std::string& holder, std::int64_t transitions, Millis span,
                         const Value& before) const {
  const std::string now = micro_time(clock_.now());
  const bool same =
      before.string_at({"spec", "holderIdentity"}) == holder && number(before, "leaseTransitions", 0) == transitions;
  const auto since = before.string_at({"spec", "acquireTime"});
  const auto id = lease_id(name);
  Value metadata = make_map({{"name", Value::string(name)},
                             {"namespace", Value::string(id.namespace_)},
                             {"labels", make_map({{"app.kubernetes.io/managed-by", Value::string("gitopsctl")}})}});
  if (const auto version = before.string_at({"metadata", "resourceVersion"}); !version.empty()) {
    metadata.set("resourceVersion", Value::string(version));
  }
  const std::int64_t seconds = std::max<std::int64_t>(1, (span.count() + 999) / 1000);
  return make_map({{"apiVersion", Value::string("coordination.k8s.io/v1")},
                   {"kind", Value::string("Lease")},
                   {"metadata", metadata},
                   {"spec", make_map({{"holderIdentity", Value::string(holder)},
                                      {"leaseDurationSeconds", Value::int64(seconds)},
                                      {"leaseTransitions", Value::int64(transitions)},
                                      {"acquireTime", Value::string(same && !since.empty() ? std::string(since) : now)},
                                      {"renewTime", Value::string(now)}})}});
}

Result<Lease> LeaseBook::remember(const std::string& name, const std::string& holder, std::int64_t fence, Millis until,
                                  Value body) {
  const std::lock_guard lock(mutex_);
  foreign_.erase(name);
  held_[name] = {holder, fence, until, std::move(body)};
  return Lease{name, holder, fence};
}

void LeaseBook::forget(const std::string& name) {
  const std::lock_guard lock(mutex_);
  held_.erase(name);
}

Millis LeaseBook::unchanged(const std::string& name, const Value& live) {
  const auto version = live.string_at({"metadata", "resourceVersion"});
  const Millis now = clock_.monotonic();
  Foreign& seen = foreign_[name];
  if (seen.resource_version != version) seen = {std::string(version), number(live, "leaseTransitions", 0) + 1, now};
  return now - seen.since;
}

void LeaseBook::note(const std::vector<std::string>& names) {
  KubeListOptions options;
  options.namespace_ = std::string(channels::home_namespace);
  options.label_selector = "app.kubernetes.io/managed-by=gitopsctl";
  KubeCall call;
  call.interrupt.deadline = Deadline(clock_, note_limit);
  const auto leases = client_.list({"coordination.k8s.io", "", "Lease"}, options, call);
  if (!leases.ok()) return;
  const std::lock_guard lock(mutex_);
  for (const auto& lease : leases->items) {
    const std::string name(lease.string_at({"metadata", "name"}));
    if (std::ranges::find(names, name) != names.end() && !held_.contains(name)) static_cast<void>(unchanged(name, lease));
  }
}

std::int64_t LeaseBook::last_seen(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto seen = foreign_.find(name);
  return seen == foreign_.end() ? 0 : seen->second.fence;
}

Result<void> LeaseBook::wait_for_end(const std::string& name, const Value& live, const std::string& holder) {
  const std::string current(live.string_at({"spec", "holderIdentity"}));
  if (current.empty() || current == holder) return {};
  const std::int64_t seconds =
      std::clamp<std::int64_t>(number(live, "leaseDurationSeconds", default_seconds), 1, max_seconds);
  const std::lock_guard lock(mutex_);
  if (unchanged(name, live) > Millis(seconds * 1000)) return {};
  return Error(ErrorCode::conflict, "lease '" + name + "' is held by '" + current + "'")
      .with_hint("it is taken over once its holder has not renewed it for " + std::to_string(seconds) + " s");
}

Result<Lease> LeaseBook::acquire(const std::string& name, const std::string& holder, Millis span) {
  if (name.empty() || holder.empty()) return Error(ErrorCode::internal, "a lease needs a name and a holder");
  std::optional<Held> mine;
  {
    const std::lock_guard lock(mutex_);
    if (const auto held = held_.find(name); held != held_.end() && held->second.holder == holder) mine = held->second;
  }
  KubeWriteOptions options;
  options.field_manager = field_manager_;
  // An answer that comes when much of the span is over is not worth its wait: time is to be left for another try.
  KubeCall call;
  call.interrupt.deadline = Deadline(clock_, span / 3);
  if (mine) {
    const Millis sent = clock_.monotonic();
    auto renewed = client_.put(body_of(name, holder, mine->fence - 1, span, mine->body), options, call);
    if (renewed.ok()) return remember(name, holder, mine->fence, sent + span, std::move(renewed->object));
    // Whoever wrote it meanwhile decides below; an answer that never came decides nothing.
    if (!renewed.error().is(KubeErrorClass::stale_write) && !renewed.error().is(KubeErrorClass::not_found)) {
      return renewed.error();
    }
    forget(name);
  }
  GITOPSCTL_TRY(const auto live, client_.find(lease_id(name), {}, call));
  const Millis sent = clock_.monotonic();
  if (!live) {
    // One that was deleted by hand begins anew, and so above what we had or saw.
    const std::int64_t transitions = std::max(mine ? mine->fence : 0, last_seen(name));
    auto made = client_.create(body_of(name, holder, transitions, span, {}), options, call);
    if (made.ok()) return remember(name, holder, transitions + 1, sent + span, std::move(made->object));
    if (made.error().is(KubeErrorClass::already_exists)) return somebody_else(name);
    return made.error();
  }
  GITOPSCTL_CHECK(wait_for_end(name, *live, holder));
  // Also when it has our name: what another process of that name began is not ours to go on with.
  const std::int64_t transitions = number(*live, "leaseTransitions", 0) + 1;
  auto taken = client_.put(body_of(name, holder, transitions, span, *live), options, call);
  if (taken.ok()) return remember(name, holder, transitions + 1, sent + span, std::move(taken->object));
  if (taken.error().is(KubeErrorClass::stale_write) || taken.error().is(KubeErrorClass::not_found))
    return somebody_else(name);
  return taken.error();
}

Result<void> LeaseBook::release(const Lease& lease) {
  Value body;
  {
    const std::lock_guard lock(mutex_);
    const auto held = held_.find(lease.name);
    if (held == held_.end() || held->second.holder != lease.holder || held->second.fence != lease.fence) return {};
    body = held->second.body;
    held_.erase(held);
  }
  // The object stays, so that the fence of the next holder is greater.
  Value given = body_of(lease.name, lease.holder, lease.fence - 1, Millis(1000), body);
  given.child_map("spec").set("holderIdentity", Value::string(""));
  KubeWriteOptions options;
  options.field_manager = field_manager_;
  KubeCall call;
  call.last_word = true;
  const auto written = client_.put(given, options, call);
  if (written.ok() || written.error().is(KubeErrorClass::stale_write) || written.error().is(KubeErrorClass::not_found))
    return {};
  return written.error();
}

Result<void> LeaseBook::check(const std::string& name, std::int64_t fence) {
  if (fence == 0) return {};
  const std::lock_guard lock(mutex_);
  const auto held = held_.find(name);
  if (held == held_.end()) return lost(name, "it is not ours any more");
  if (held->second.fence != fence) {
    return lost(name, "its fence is " + std::to_string(held->second.fence) + ", ours is " + std::to_string(fence));
  }
  if (clock_.monotonic() >= held->second.until) return lost(name, "it was not renewed in time");
  return {};
}

Result<void> LeaseBook::confirm(const std::string& name, std::int64_t fence) {
  if (fence == 0) return {};
  GITOPSCTL_CHECK(check(name, fence));
  GITOPSCTL_TRY(const auto live, client_.find(lease_id(name), {}, {}));
  std::string holder;
  {
    const std::lock_guard lock(mutex_);
    if (const auto held = held_.find(name); held != held_.end()) holder = held->second.holder;
  }
  if (!live) return lost(name, "it was deleted");
  const std::int64_t there = number(*live, "leaseTransitions", 0) + 1;
  if (live->string_at({"spec", "holderIdentity"}) == holder && there == fence) return check(name, fence);
  return lost(name, "its fence is " + std::to_string(there) + ", ours is " + std::to_string(fence));
}

}  // namespace gitopsctl::agent::detail
