#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/time/clock.hpp"

namespace gitopsctl::support {

/// A strict stand-in for what of Google's cloud hands out secrets, on 127.0.0.1: Secret Manager, the token endpoint (it
/// verifies signature and claims of each JWT, and every word of a refresh), and the metadata server. Thread-safe.
class GcpServer {
 public:
  GcpServer();
  ~GcpServer();
  GcpServer(const GcpServer&) = delete;
  GcpServer& operator=(const GcpServer&) = delete;

  [[nodiscard]] std::string url() const;
  [[nodiscard]] std::string host() const;
  [[nodiscard]] std::string project() const { return "1005246706141"; }
  /// Files of credentials that it believes: the key of a service account, and a login of a person.
  [[nodiscard]] std::string service_account_json() const;
  [[nodiscard]] std::string authorized_user_json() const;
  /// A token that it believes.
  [[nodiscard]] std::string new_token();

  void set_clock(std::function<TimePoint()> now);
  /// Adds the next version of a secret.
  void add_version(const std::string& name, const std::string& bytes);
  void disable_version(const std::string& name, int version);
  /// Nobody may read it.
  void deny(const std::string& name);
  /// Answers the next `count` requests for a secret with this.
  void fail_next(int count, int status);
  /// The checksums of the next `count` answers are wrong.
  void falsify_sums(int count);
  void leave_out_sums();
  /// Answers requests for tokens with this; 0: as it should.
  void fail_tokens(int status);
  /// The metadata server answers as anything else would.
  void pretend_metadata();
  void revoke_tokens();

  [[nodiscard]] int tokens_issued() const;
  /// Requests for secrets.
  [[nodiscard]] int asked() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gitopsctl::support
