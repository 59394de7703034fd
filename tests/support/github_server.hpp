#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/time/clock.hpp"

namespace gitopsctl::support {

/// A strict stand-in for GitHub's token endpoint on 127.0.0.1, with one app and one installation: it verifies the signature
/// of each JWT with the app's public key, its algorithm, and that iat, exp and iss are as GitHub wants them. Thread-safe.
class GitHubServer {
 public:
  GitHubServer();
  ~GitHubServer();
  GitHubServer(const GitHubServer&) = delete;
  GitHubServer& operator=(const GitHubServer&) = delete;

  [[nodiscard]] std::string url() const;
  [[nodiscard]] std::string app_id() const { return "123456"; }
  [[nodiscard]] std::string installation_id() const { return "7890"; }
  /// Of the app, PEM.
  [[nodiscard]] std::string private_key() const;
  /// The time that it believes in; the machine's by default.
  void set_clock(std::function<TimePoint()> now);
  /// Answers everything with this from now on; 0: as it should be.
  void answer_with(int status, const std::string& body = "{}");
  [[nodiscard]] int issued() const;
  /// A token that was issued and neither ended nor was revoked.
  [[nodiscard]] bool is_valid(const std::string& token) const;
  void revoke_all();
  /// Issues tokens on, but none is valid.
  void refuse_all();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gitopsctl::support
