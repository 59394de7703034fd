#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/result/result.hpp"
#include "base/time/clock.hpp"
#include "channels/git/credentials.hpp"
#include "channels/github/app_tokens.hpp"

namespace gitopsctl::agent {

/// The files that the credentials of a repository, or of a host that charts come from, are in, and what stands beside them
/// in the agent's file. Empty: not given.
struct CredentialFiles {
  std::string owner;  ///< whose they are, for messages: `repository shop`
  std::string username;
  std::string password_file;
  std::string token_file;
  std::string ca_file;
  std::string ssh_key_file;
  std::string ssh_passphrase_file;
  std::string known_hosts_file;
  std::string known_hosts;       ///< the text itself, instead of the file
  std::string known_hosts_name;  ///< what has to be found in it
  std::string app_key_file;      ///< with `app`: of a GitHub App
  channels::GitHubApp app;
};

/// Credentials as their files have them now: looked at before every use, read again when one was replaced (in a pod a Secret
/// changes behind a symbolic link), all at once, so that a key and its passphrase fit. While a file is missing, empty or of
/// no use the old credentials stay, with one warning. All that is read is registered for redaction. Thread-safe.
class FileCredentials final : public channels::CredentialSource {
 public:
  FileCredentials(CredentialFiles files, const Clock& clock);
  ~FileCredentials() override;

  /// A file that could not be read, or holds nothing of use.
  struct Problem {
    std::string key;  ///< of the agent's file, such as `passwordFile`
    Error error;
  };
  /// Reads them for the first time; empty when all is well.
  [[nodiscard]] std::vector<Problem> load();
  /// What was read; of a GitHub App without its token.
  [[nodiscard]] channels::Credentials loaded() const;

  [[nodiscard]] Result<channels::Credentials> current(const Interrupt& interrupt) override;
  [[nodiscard]] bool refused(const channels::Credentials& used) override;

 private:
  /// What tells one state of a file from another.
  struct Stamp {
    dev_t device = 0;
    ino_t inode = 0;
    off_t size = -1;
    std::int64_t modified = 0;
    std::int64_t changed = 0;
    friend bool operator==(const Stamp&, const Stamp&) = default;
  };
  enum class Part : std::uint8_t { password, token, ca, ssh_key, passphrase, known_hosts, app_key };
  static constexpr std::size_t parts = 7;
  struct State {
    std::array<Stamp, parts> stamps;
    std::array<std::string, parts> texts;
  };

  [[nodiscard]] const std::string& path(Part part) const;
  [[nodiscard]] static std::string key_of(Part part);
  [[nodiscard]] std::array<Stamp, parts> look() const;
  [[nodiscard]] State read(std::vector<Problem>& problems) const;
  void check(const State& state, std::vector<Problem>& problems) const;
  [[nodiscard]] channels::Credentials credentials_of(const State& state) const;
  void take(State state);
  void reload();

  CredentialFiles files_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  State state_;
  channels::Credentials credentials_;
  std::unique_ptr<channels::AppTokens> tokens_;
  std::string warned_;  ///< the last warning, so that it comes once
};

}  // namespace gitopsctl::agent
