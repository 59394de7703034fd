#include "agent/kube/credentials.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>

#include "agent/config/credential_file.hpp"
#include "agent/kube/pem.hpp"
#include "base/log/log.hpp"
#include "base/log/redaction.hpp"
#include "base/result/no_throw.hpp"

namespace gitopsctl::agent {
namespace {

constexpr std::size_t max_pem_bytes = 4U << 20U;
/// A token is not used any more so long before its end: it must still be valid when the request arrives.
constexpr Millis expiry_margin{5'000};

Result<std::string> read_pem_file(const std::string& path, bool (*valid)(std::string_view)) {
  GITOPSCTL_TRY(auto text, detail::read_small_file(path, max_pem_bytes));
  if (!valid(text)) return Error(ErrorCode::invalid_input, "'" + path + "' holds no PEM of the right kind");
  return text;
}

bool same_login(const KubeCredential& a, const KubeCredential& b) {
  return a.bearer == b.bearer && a.username == b.username && a.password == b.password;
}

bool same_tls(const KubeCredential& a, const KubeCredential& b) {
  return a.client_certificate_pem == b.client_certificate_pem && a.client_key_pem == b.client_key_pem &&
         a.ca_pem == b.ca_pem;
}

}  // namespace

struct CredentialSource::State {
  State(KubeTarget given, Clock& the_clock) : target(std::move(given)), clock(the_clock) {}

  [[nodiscard]] bool reads_files() const {
    const KubeLogin& login = target.login;
    return !target.ca_file.empty() || !login.token_file.empty() || !login.client_certificate_file.empty() ||
           !login.client_key_file.empty();
  }
  [[nodiscard]] bool fresh() const;
  Result<KubeCredential> renew(const std::shared_ptr<const KubeCredential>& before, bool run_plugin,
                               const Interrupt& interrupt, std::optional<TimePoint>& expires) const;
  Result<void> read_files(KubeCredential& next) const;
  void take(KubeCredential next);

  const KubeTarget target;
  Clock& clock;

  std::mutex mutex;
  std::condition_variable_any renewed;
  bool renewing = false;
  bool refused = false;  ///< the current one got a 401
  bool complained = false;
  std::shared_ptr<const KubeCredential> credential;
  Millis read_at{0};
  std::optional<TimePoint> expires;
  std::optional<Millis> plugin_ran_at;
  std::optional<Error> failure;  ///< of the last renewal, while there is nothing else to give
  Millis failed_at{0};
};

bool CredentialSource::State::fresh() const {
  if (credential == nullptr) return false;
  const Millis now = clock.monotonic();
  if (refused) {
    // A plugin that hands out what the server refuses must not run with every request.
    if (target.login.exec && plugin_ran_at) return now - *plugin_ran_at < plugin_pause;
    return !reads_files();
  }
  if (expires && clock.now() + expiry_margin >= *expires) {
    // An answer is used for a moment even if it comes expired: a clock that is wrong must not start plugins without end.
    return plugin_ran_at && now - *plugin_ran_at < plugin_pause;
  }
  return !reads_files() || now - read_at < file_age;
}

Result<void> CredentialSource::State::read_files(KubeCredential& next) const {
  const KubeLogin& login = target.login;
  if (!target.ca_file.empty()) {
    GITOPSCTL_TRY(next.ca_pem, read_pem_file(target.ca_file, detail::has_certificate));
  }
  if (!login.token_file.empty()) {
    GITOPSCTL_TRY(next.bearer, detail::read_credential(login.token_file));
    log::register_secret(next.bearer);
  }
  if (!login.client_certificate_file.empty()) {
    GITOPSCTL_TRY(next.client_certificate_pem, read_pem_file(login.client_certificate_file, detail::has_certificate));
  }
  if (!login.client_key_file.empty()) {
    GITOPSCTL_TRY(next.client_key_pem, read_pem_file(login.client_key_file, detail::has_private_key));
    log::register_secret(next.client_key_pem);
  }
  return {};
}

Result<KubeCredential> CredentialSource::State::renew(const std::shared_ptr<const KubeCredential>& before, bool run_plugin,
                                                      const Interrupt& interrupt, std::optional<TimePoint>& until) const {
  const KubeLogin& login = target.login;
  KubeCredential next = before != nullptr ? *before : KubeCredential{};
  if (before == nullptr) {
    next.bearer = login.token;
    next.username = login.username;
    next.password = login.password;
    next.client_certificate_pem = login.client_certificate_pem;
    next.client_key_pem = login.client_key_pem;
    next.ca_pem = target.ca_pem;
  }
  GITOPSCTL_CHECK(read_files(next));
  if (!login.exec || !run_plugin) return next;
  ExecClusterInfo about;
  about.server = target.server;
  about.tls_server_name = target.tls_server_name;
  about.insecure_skip_tls_verify = target.insecure_skip_tls_verify;
  about.ca_pem = next.ca_pem;
  about.proxy_url = target.proxy_url;
  about.disable_compression = target.disable_compression;
  about.config = target.exec_config;
  GITOPSCTL_TRY(auto answer, run_exec_plugin(*login.exec, about, interrupt));
  next.bearer = std::move(answer.token);
  if (!answer.client_key_pem.empty()) {
    next.client_certificate_pem = std::move(answer.client_certificate_pem);
    next.client_key_pem = std::move(answer.client_key_pem);
  }
  until = answer.expires;
  return next;
}

void CredentialSource::State::take(KubeCredential next) {
  refused = false;
  complained = false;
  failure.reset();
  read_at = clock.monotonic();
  if (credential != nullptr && same_login(*credential, next) && same_tls(*credential, next)) return;
  next.version = credential == nullptr ? 1 : credential->version + 1;
  next.tls_version = credential == nullptr ? 1 : credential->tls_version + (same_tls(*credential, next) ? 0 : 1);
  credential = std::make_shared<const KubeCredential>(std::move(next));
}

CredentialSource::CredentialSource(KubeTarget target, Clock& clock)
    : state_(std::make_unique<State>(std::move(target), clock)) {}
CredentialSource::~CredentialSource() = default;

void CredentialSource::rejected(std::uint64_t version) {
  State& state = *state_;
  const std::lock_guard lock(state.mutex);
  if (state.credential != nullptr && state.credential->version == version) state.refused = true;
}

Result<std::shared_ptr<const KubeCredential>> CredentialSource::current(const Interrupt& interrupt) {
  State& state = *state_;
  std::unique_lock lock(state.mutex);
  while (state.renewing) {
    const Millis wait = std::min(interrupt.deadline.left(), Millis(500));
    state.renewed.wait_for(lock, interrupt.stop, wait, [&] { return !state.renewing; });
    if (state.renewing) GITOPSCTL_CHECK(interrupt.check("waiting for credentials of " + state.target.name));
  }
  if (state.fresh()) return state.credential;
  const Millis now = state.clock.monotonic();
  if (state.failure && now - state.failed_at < plugin_pause) return *state.failure;

  const bool due =
      state.credential == nullptr || state.refused || (state.expires && state.clock.now() + expiry_margin >= *state.expires);
  const bool run_plugin = state.target.login.exec.has_value() && due;
  std::optional<TimePoint> until = state.expires;
  state.renewing = true;
  if (run_plugin) state.plugin_ran_at = now;
  const auto before = state.credential;
  lock.unlock();
  auto next = no_throw("renewing credentials", [&] { return state.renew(before, run_plugin, interrupt, until); });
  lock.lock();
  state.renewing = false;
  state.renewed.notify_all();
  if (next) {
    state.take(*std::move(next));
    state.expires = until;
    return state.credential;
  }

  const Error error = next.error().in("credentials of " + state.target.name);
  const bool given_up = error.code() == ErrorCode::cancelled || interrupt.deadline.passed();
  // What a file held stays in use: it is written anew at some moments, and the server has the last word. A plugin's answer
  // that has expired does not.
  if (before != nullptr && !run_plugin) {
    if (!state.complained)
      log::warning("credentials cannot be read again; those known are used", {{"error", error.to_string()}});
    state.complained = true;
    state.refused = false;
    state.read_at = state.clock.monotonic();
    return before;
  }
  if (!given_up) {
    state.failure = error;
    state.failed_at = state.clock.monotonic();
  }
  return error;
}

}  // namespace gitopsctl::agent
