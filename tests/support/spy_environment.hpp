#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/environment/environment.hpp"

namespace gitopsctl::support {

/// A real environment with somebody looking over its shoulder: it notes every write that the one who holds it makes, and a
/// test may step in before each of them. Not thread-safe.
class SpyEnvironment final : public agent::Environment {
 public:
  /// What is about to be written, as `apply ConfigMap/web/settings` or `lease NAME`; an error is given instead of doing it.
  using Hook = std::function<std::optional<Error>(const std::string& write)>;

  explicit SpyEnvironment(agent::Environment& real) : real_(real) {}

  /// Writes since the last call, each as `apply|put|remove Kind/namespace/name`. What changed nothing is not among
  /// them, nor are leases.
  std::vector<std::string> take_writes() { return std::exchange(writes_, {}); }
  /// The same without those of control objects and events: what the channel itself is made of.
  std::vector<std::string> take_object_writes();
  void before_write(Hook hook) { hook_ = std::move(hook); }
  /// Called after every look at live objects.
  void after_look(std::function<void()> hook) { look_hook_ = std::move(hook); }

  Result<std::optional<agent::LiveObject>> get(const render::ObjectId& id) override;
  Result<std::vector<agent::LiveObject>> list(const agent::ListQuery& query) override;
  Result<std::vector<agent::ObjectVersion>> list_versions(const agent::ListQuery& query) override {
    return real_.list_versions(query);
  }
  Result<std::vector<std::optional<agent::LiveObject>>> get_many(const std::vector<render::ObjectId>& ids) override;
  Result<Value> look_up(const render::LookupQuestion& question, const Interrupt& interrupt) override {
    return answer_look_up ? answer_look_up(question) : real_.look_up(question, interrupt);
  }
  Result<agent::KnownVersions> known_versions(const std::vector<render::ObjectId>& ids) override;
  Result<agent::ApplyOutcome> apply(const render::Object& object, const agent::ApplyOptions& options) override;
  Result<void> apply_many(const std::vector<agent::PlannedApply>& objects, const agent::ApplyOptions& options,
                          std::vector<agent::ApplyOutcome>& outcomes) override;
  Result<std::vector<agent::Prediction>> predict(const std::vector<const render::Object*>& objects,
                                                 const agent::ApplyOptions& options) override {
    return real_.predict(objects, options);
  }
  Result<std::vector<agent::Trial>> try_new(const std::vector<const render::Object*>& objects,
                                            const agent::ApplyOptions& options,
                                            const std::set<render::ObjectId>& coming) override {
    return real_.try_new(objects, options, coming);
  }
  std::vector<std::optional<std::vector<channels::FieldCause>>> explain(
      const std::vector<agent::Difference>& differences) override {
    return real_.explain(differences);
  }
  [[nodiscard]] std::string owned_fields(const agent::LiveObject& object) const override {
    return real_.owned_fields(object);
  }
  Result<agent::LiveObject> put(const render::Object& object, const std::string& expected,
                                const agent::ApplyOptions& options) override;
  Result<void> remove(const render::ObjectId& id, const agent::DeletePreconditions& preconditions,
                      const agent::ApplyOptions& options) override;
  agent::Health health(const agent::LiveObject& object) override;
  Result<agent::Lease> acquire_lease(const std::string& name, const std::string& holder, Millis span) override;
  Result<void> release_lease(const agent::Lease& lease) override { return real_.release_lease(lease); }
  Result<std::uint64_t> version() override { return real_.version(); }
  Result<std::uint64_t> content_version() override { return real_.content_version(); }
  Result<bool> changed_by_others(std::uint64_t since) override { return real_.changed_by_others(since); }
  Result<std::uint64_t> wait_for_change(std::uint64_t seen, Millis span, std::stop_token stop) override {
    return real_.wait_for_change(seen, span, stop);
  }
  [[nodiscard]] bool hashes_secrets() const noexcept override { return real_.hashes_secrets(); }
  [[nodiscard]] Value as_stored(const render::Object& object,
                                const std::vector<render::SensitivePath>& sensitive) const override {
    return real_.as_stored(object, sensitive);
  }

  /// An error instead of an answer about that object, of whatever question names it.
  std::function<std::optional<Error>(const render::ObjectId&)> refuse_read;

  /// What look_up() answers instead of the real one; may be called from several threads.
  std::function<Result<Value>(const render::LookupQuestion&)> answer_look_up;

  /// What health() answers instead of the real one, by `Kind/namespace/name`.
  std::function<std::optional<agent::Health>(const agent::LiveObject&)> health_of;

 private:
  std::optional<Error> ask(const std::string& write);
  [[nodiscard]] Result<void> may_read(const std::vector<render::ObjectId>& ids) const;
  agent::Environment& real_;
  std::vector<std::string> writes_;
  Hook hook_;
  std::function<void()> look_hook_;
};

/// `Kind/namespace/name`, as the spy writes objects.
[[nodiscard]] std::string short_name(const render::ObjectId& id);

}  // namespace gitopsctl::support
