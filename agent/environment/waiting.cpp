#include <mutex>
#include <utility>

#include "agent/environment/environment.hpp"

namespace gitopsctl::agent {

namespace {

// One look costs less than a millisecond, and a file that a newer version wrote stays so for minutes at least.
constexpr Millis try_again{1'000};

/// Stands for an environment that cannot be opened yet; see wait_for_embedded_environment().
class WaitingEnvironment final : public Environment {
 public:
  WaitingEnvironment(std::string path, Clock& clock, Error why)
      : path_(std::move(path)), clock_(clock), why_(std::move(why)), next_(clock.monotonic() + try_again) {}

  Result<std::optional<LiveObject>> get(const render::ObjectId& id) override {
    GITOPSCTL_TRY(Environment* const real, open());
    return real->get(id);
  }
  Result<std::vector<LiveObject>> list(const ListQuery& query) override {
    GITOPSCTL_TRY(Environment* const real, open());
    return real->list(query);
  }
  Result<std::vector<ObjectVersion>> list_versions(const ListQuery& query) override {
    GITOPSCTL_TRY(Environment* const real, open());
    return real->list_versions(query);
  }
  Result<std::vector<std::optional<LiveObject>>> get_many(const std::vector<render::ObjectId>& ids) override {
    GITOPSCTL_TRY(Environment* const real, open());
    return real->get_many(ids);
  }
  Result<ApplyOutcome> apply(const render::Object& object, const ApplyOptions& options) override {
    GITOPSCTL_TRY(Environment* const real, open());
    return real->apply(object, options);
  }
  Result<void> apply_many(const std::vector<PlannedApply>& objects, const ApplyOptions& options,
                          std::vector<ApplyOutcome>& outcomes) override {
    outcomes.clear();
    GITOPSCTL_TRY(Environment* const real, open());
    return real->apply_many(objects, options, outcomes);
  }
  Result<LiveObject> put(const render::Object& object, const std::string& expected, const ApplyOptions& options) override {
    GITOPSCTL_TRY(Environment* const real, open());
    return real->put(object, expected, options);
  }
  Result<void> remove(const render::ObjectId& id, const DeletePreconditions& preconditions,
                      const ApplyOptions& options) override {
    GITOPSCTL_TRY(Environment* const real, open());
    return real->remove(id, preconditions, options);
  }
  Health health(const LiveObject& object) override {
    const auto real = open();
    return real.ok() ? (*real)->health(object) : Health{Health::State::unknown, real.error().message()};
  }
  Result<Lease> acquire_lease(const std::string& name, const std::string& holder, Millis span) override {
    GITOPSCTL_TRY(Environment* const real, open());
    return real->acquire_lease(name, holder, span);
  }
  Result<void> release_lease(const Lease& lease) override {
    GITOPSCTL_TRY(Environment* const real, open());
    return real->release_lease(lease);
  }
  Result<std::uint64_t> version() override {
    GITOPSCTL_TRY(Environment* const real, open());
    return real->version();
  }
  Result<std::uint64_t> content_version() override {
    GITOPSCTL_TRY(Environment* const real, open());
    return real->content_version();
  }
  Result<bool> changed_by_others(std::uint64_t since) override {
    GITOPSCTL_TRY(Environment* const real, open());
    return real->changed_by_others(since);
  }
  Result<std::uint64_t> wait_for_change(std::uint64_t seen, Millis span, std::stop_token stop) override {
    GITOPSCTL_TRY(Environment* const real, open());
    return real->wait_for_change(seen, span, std::move(stop));
  }
  bool hashes_secrets() const noexcept override { return true; }
  // Only of use to who has read something before, and then it is open.
  Value as_stored(const render::Object& object, const std::vector<render::SensitivePath>& sensitive) const override {
    const std::lock_guard lock(mutex_);
    return real_ ? real_->as_stored(object, sensitive) : Value::null();
  }

 private:
  Result<Environment*> open() {
    const std::lock_guard lock(mutex_);
    if (real_) return real_.get();
    if (clock_.monotonic() < next_) return why_;
    auto opened = open_embedded_environment(path_, clock_);
    if (!opened.ok()) {
      why_ = opened.error();
      next_ = clock_.monotonic() + try_again;
      return why_;
    }
    real_ = *std::move(opened);
    return real_.get();
  }

  std::string path_;
  Clock& clock_;
  mutable std::mutex mutex_;
  Error why_;
  Millis next_;
  std::unique_ptr<Environment> real_;  ///< set once; never replaced
};

}  // namespace

std::unique_ptr<Environment> wait_for_embedded_environment(const std::string& path, Clock& clock, const Error& why) {
  return std::make_unique<WaitingEnvironment>(path, clock, why);
}

}  // namespace gitopsctl::agent
