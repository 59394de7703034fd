#include "tests/support/spy_environment.hpp"

#include <algorithm>

namespace gitopsctl::support {

using agent::ApplyOptions;
using agent::ApplyOutcome;
using agent::LiveObject;

std::string short_name(const render::ObjectId& id) { return id.kind + '/' + id.namespace_ + '/' + id.name; }

std::vector<std::string> SpyEnvironment::take_object_writes() {
  auto out = take_writes();
  std::erase_if(out, [](const std::string& write) {
    return write.find(" Event/") != std::string::npos || write.find(" Channel/") != std::string::npos ||
           write.find(" Release/") != std::string::npos;
  });
  return out;
}

std::optional<Error> SpyEnvironment::ask(const std::string& write) { return hook_ ? hook_(write) : std::nullopt; }

Result<void> SpyEnvironment::may_read(const std::vector<render::ObjectId>& ids) const {
  for (const auto& id : ids) {
    if (auto refused = refuse_read ? refuse_read(id) : std::nullopt) return *refused;
  }
  return {};
}

Result<std::optional<LiveObject>> SpyEnvironment::get(const render::ObjectId& id) {
  GITOPSCTL_CHECK(may_read({id}));
  auto out = real_.get(id);
  if (look_hook_) look_hook_();
  return out;
}

Result<std::vector<LiveObject>> SpyEnvironment::list(const agent::ListQuery& query) { return real_.list(query); }

Result<std::vector<std::optional<LiveObject>>> SpyEnvironment::get_many(const std::vector<render::ObjectId>& ids) {
  GITOPSCTL_CHECK(may_read(ids));
  auto out = real_.get_many(ids);
  if (look_hook_) look_hook_();
  return out;
}

Result<agent::KnownVersions> SpyEnvironment::known_versions(const std::vector<render::ObjectId>& ids) {
  GITOPSCTL_CHECK(may_read(ids));
  return real_.known_versions(ids);
}

Result<ApplyOutcome> SpyEnvironment::apply(const render::Object& object, const ApplyOptions& options) {
  std::vector<ApplyOutcome> outcomes;
  GITOPSCTL_CHECK(apply_many({{&object, std::nullopt}}, options, outcomes));
  return std::move(outcomes.front());
}

Result<void> SpyEnvironment::apply_many(const std::vector<agent::PlannedApply>& objects, const ApplyOptions& options,
                                        std::vector<ApplyOutcome>& outcomes) {
  std::vector<agent::PlannedApply> allowed;
  std::optional<Error> refused;
  for (const auto& planned : objects) {
    refused = ask("apply " + short_name(planned.object->id));
    if (refused) break;
    allowed.push_back(planned);
  }
  outcomes.clear();
  if (!allowed.empty()) {
    auto done = real_.apply_many(allowed, options, outcomes);
    for (const auto& outcome : outcomes) {
      if (outcome.state != agent::ApplyState::unchanged) writes_.push_back("apply " + short_name(outcome.object.id));
    }
    if (!done.ok()) return done;
  }
  if (refused) return *refused;
  return {};
}

Result<LiveObject> SpyEnvironment::put(const render::Object& object, const std::string& expected,
                                       const ApplyOptions& options) {
  if (auto refused = ask("put " + short_name(object.id))) return *refused;
  auto out = real_.put(object, expected, options);
  if (out.ok() && out->resource_version != expected) writes_.push_back("put " + short_name(object.id));
  return out;
}

Result<void> SpyEnvironment::remove(const render::ObjectId& id, const agent::DeletePreconditions& preconditions,
                                    const ApplyOptions& options) {
  if (auto refused = ask("remove " + short_name(id))) return *refused;
  auto out = real_.remove(id, preconditions, options);
  if (out.ok()) writes_.push_back("remove " + short_name(id));
  return out;
}

agent::Health SpyEnvironment::health(const LiveObject& object) {
  if (health_of) {
    if (auto answer = health_of(object)) return *answer;
  }
  return real_.health(object);
}

Result<agent::Lease> SpyEnvironment::acquire_lease(const std::string& name, const std::string& holder, Millis span) {
  if (auto refused = ask("lease " + name)) return *refused;
  return real_.acquire_lease(name, holder, span);
}

}  // namespace gitopsctl::support
