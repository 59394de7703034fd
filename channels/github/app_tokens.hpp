#pragma once

#include <string>

#include "base/result/result.hpp"
#include "base/time/clock.hpp"

namespace gitopsctl::channels {

/// An installation of a GitHub App.
struct GitHubApp {
  std::string app_id;           ///< or client id
  std::string installation_id;  ///< digits
  std::string private_key;      ///< RSA, PEM
  std::string api_url = "https://api.github.com";
  std::string ca_pem;  ///< see HttpOrigin
  std::string proxy;   ///< see HttpOrigin
};

/// Says whether a text is an RSA key in PEM that can sign; shows nothing of it.
[[nodiscard]] Result<void> check_app_key(const std::string& private_key);

/// The JWT that an app proves itself with (RS256): from a minute before `now`, for clocks that differ, to nine minutes after
/// it, since GitHub takes at most ten.
[[nodiscard]] Result<std::string> app_jwt(const GitHubApp& app, TimePoint now);

/// The installation's token, asked for when there is none and renewed five minutes before it ends. Every token is registered
/// for redaction of the log, and none is ever in an error. Not thread-safe.
class AppTokens {
 public:
  AppTokens(GitHubApp app, const Clock& clock) : app_(std::move(app)), clock_(clock) {}
  ~AppTokens();
  AppTokens(const AppTokens&) = delete;
  AppTokens& operator=(const AppTokens&) = delete;

  /// A token that holds for a while. When no new one can be had, the old one as long as it holds. `forbidden` when GitHub
  /// does not believe the app, `not_found` when it does not know the installation, else as HttpClient.
  [[nodiscard]] Result<std::string> token(const Interrupt& interrupt);
  /// Forgets `token`, which a server refused. True when it was the one that token() gave last.
  bool discard(const std::string& token);

 private:
  Result<void> renew(const Interrupt& interrupt);
  GitHubApp app_;
  const Clock& clock_;
  std::string token_;
  TimePoint ends_{};
  std::string previous_;  ///< still redacted: it may be on its way
};

}  // namespace gitopsctl::channels
