#include "agent/config/credential_source.hpp"

#include <sys/stat.h>

#include <utility>

#include "agent/config/credential_file.hpp"
#include "base/log/log.hpp"
#include "base/log/redaction.hpp"
#include "channels/ssh/keys.hpp"

namespace gitopsctl::agent {
namespace {

constexpr std::size_t max_file_bytes = 4 << 20;
constexpr std::size_t max_key_bytes = 64 << 10;
/// How often files that change while they are read are read anew.
constexpr int max_tries = 3;

std::int64_t nanoseconds(const timespec& time) { return time.tv_sec * 1'000'000'000LL + time.tv_nsec; }

Result<std::string> read_filled(const std::string& path, std::size_t max_bytes) {
  GITOPSCTL_TRY(std::string text, detail::read_small_file(path, max_bytes));
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) {
    return Error(ErrorCode::invalid_input, "'" + path + "' is empty");
  }
  return text;
}

}  // namespace

FileCredentials::FileCredentials(CredentialFiles files, const Clock& clock) : files_(std::move(files)), clock_(clock) {}
FileCredentials::~FileCredentials() = default;

const std::string& FileCredentials::path(Part part) const {
  switch (part) {
    case Part::password: return files_.password_file;
    case Part::token: return files_.token_file;
    case Part::ca: return files_.ca_file;
    case Part::ssh_key: return files_.ssh_key_file;
    case Part::passphrase: return files_.ssh_passphrase_file;
    case Part::known_hosts: return files_.known_hosts_file;
    case Part::app_key: break;
  }
  return files_.app_key_file;
}

std::string FileCredentials::key_of(Part part) {
  switch (part) {
    case Part::password: return "passwordFile";
    case Part::token: return "tokenFile";
    case Part::ca: return "caFile";
    case Part::ssh_key: return "sshKeyFile";
    case Part::passphrase: return "sshKeyPassphraseFile";
    case Part::known_hosts: return "knownHostsFile";
    case Part::app_key: break;
  }
  return "privateKeyFile";
}

std::array<FileCredentials::Stamp, FileCredentials::parts> FileCredentials::look() const {
  std::array<Stamp, parts> out;
  for (std::size_t i = 0; i < parts; ++i) {
    const std::string& file = path(static_cast<Part>(i));
    struct stat info{};
    if (file.empty() || ::stat(file.c_str(), &info) != 0) continue;
    out[i] = {info.st_dev, info.st_ino, info.st_size, nanoseconds(info.st_mtim), nanoseconds(info.st_ctim)};
  }
  return out;
}

FileCredentials::State FileCredentials::read(std::vector<Problem>& problems) const {
  State out;
  for (int tries = 0; tries < max_tries; ++tries) {
    problems.clear();
    out.stamps = look();
    for (std::size_t i = 0; i < parts; ++i) {
      const auto part = static_cast<Part>(i);
      if (path(part).empty()) continue;
      const bool one_line = part == Part::password || part == Part::token || part == Part::passphrase;
      const std::size_t limit = part == Part::ca || part == Part::known_hosts ? max_file_bytes : max_key_bytes;
      auto text = one_line ? detail::read_credential(path(part)) : read_filled(path(part), limit);
      if (text.ok()) {
        out.texts[i] = std::move(text).value();
      } else {
        problems.push_back({key_of(part), text.error()});
      }
    }
    if (look() == out.stamps) break;  // nothing was replaced in between: what was read belongs together
  }
  return out;
}

/// Says what cannot be used, so that it is known before it is needed and never takes the place of what works.
void FileCredentials::check(const State& state, std::vector<Problem>& problems) const {
  const channels::Credentials all = credentials_of(state);
  const auto note = [&problems](std::string key, const Result<void>& checked, const std::string& where) {
    if (!checked.ok()) problems.push_back({std::move(key), where.empty() ? checked.error() : checked.error().in(where)});
  };
  if (!files_.ssh_key_file.empty()) {
    note("sshKeyFile", channels::check_private_key(all.ssh.private_key, all.ssh.passphrase), files_.ssh_key_file);
  }
  if (!all.ssh.known_hosts.empty()) {
    note(files_.known_hosts_file.empty() ? "knownHosts" : "knownHostsFile",
         channels::check_known_hosts(all.ssh.known_hosts, files_.known_hosts_name), files_.known_hosts_file);
  }
  if (!files_.app_key_file.empty()) {
    note("privateKeyFile", channels::check_app_key(state.texts[static_cast<std::size_t>(Part::app_key)]),
         files_.app_key_file);
  }
}

channels::Credentials FileCredentials::credentials_of(const State& state) const {
  const auto text = [&state](Part part) { return state.texts[static_cast<std::size_t>(part)]; };
  channels::Credentials out;
  out.username = files_.username;
  out.password = text(Part::password);
  out.bearer = text(Part::token);
  out.ca_pem = text(Part::ca);
  out.ssh.private_key = text(Part::ssh_key);
  out.ssh.passphrase = text(Part::passphrase);
  out.ssh.known_hosts = files_.known_hosts_file.empty() ? files_.known_hosts : text(Part::known_hosts);
  return out;
}

/// From now on no log line and no answer of the HTTP server shows them, whatever way they took there.
void FileCredentials::take(State state) {
  const std::string& app_key = state.texts[static_cast<std::size_t>(Part::app_key)];
  const bool new_app = !tokens_ || app_key != state_.texts[static_cast<std::size_t>(Part::app_key)] ||
                       state.texts[static_cast<std::size_t>(Part::ca)] != credentials_.ca_pem;
  credentials_ = credentials_of(state);
  const channels::Credentials& now = credentials_;
  for (const auto* secret : {&now.password, &now.bearer, &now.ssh.private_key, &now.ssh.passphrase, &app_key}) {
    if (!secret->empty()) log::register_secret(*secret);
  }
  // As the header of a request has it.
  if (!credentials_.password.empty()) log::register_secret(credentials_.username + ':' + credentials_.password);
  if (!files_.app_key_file.empty() && new_app) {
    channels::GitHubApp app = files_.app;
    app.private_key = app_key;
    app.ca_pem = credentials_.ca_pem;
    tokens_ = std::make_unique<channels::AppTokens>(std::move(app), clock_);
  }
  state_ = std::move(state);
}

std::vector<FileCredentials::Problem> FileCredentials::load() {
  const std::lock_guard lock(mutex_);
  std::vector<Problem> problems;
  State state = read(problems);
  if (problems.empty()) check(state, problems);
  take(std::move(state));
  return problems;
}

channels::Credentials FileCredentials::loaded() const {
  const std::lock_guard lock(mutex_);
  return credentials_;
}

void FileCredentials::reload() {
  if (look() == state_.stamps) {
    warned_.clear();
    return;
  }
  std::vector<Problem> problems;
  State state = read(problems);
  if (problems.empty()) check(state, problems);
  if (!problems.empty()) {
    std::string text = problems.front().key + ": " + problems.front().error.to_string();
    if (text == std::exchange(warned_, text)) return;
    log::warning(files_.owner + " keeps the credentials that it has: " + text);
    return;
  }
  warned_.clear();
  const bool other = state.texts != state_.texts;
  take(std::move(state));
  if (other) log::info(files_.owner + " has new credentials: their files changed");
}

Result<channels::Credentials> FileCredentials::current(const Interrupt& interrupt) {
  const std::lock_guard lock(mutex_);
  reload();
  if (!tokens_) return credentials_;
  channels::Credentials out = credentials_;
  out.username = "x-access-token";
  GITOPSCTL_TRY(out.password, tokens_->token(interrupt));
  return out;
}

bool FileCredentials::refused(const channels::Credentials& used) {
  const std::lock_guard lock(mutex_);
  reload();
  if (tokens_) {
    tokens_->discard(used.password);
    return true;
  }
  return !(used == credentials_);
}

}  // namespace gitopsctl::agent
