#pragma once

#include <map>
#include <memory>
#include <string>

namespace gitopsctl::support {

/// A strict stand-in for Vault on 127.0.0.1: key-value engines `kv` (version 2) and `old` (version 1), logins by token,
/// `kubernetes` (role `ci`) and `approle`. Thread-safe.
class VaultServer {
 public:
  VaultServer();
  ~VaultServer();
  VaultServer(const VaultServer&) = delete;
  VaultServer& operator=(const VaultServer&) = delete;

  [[nodiscard]] std::string url() const;
  [[nodiscard]] std::string root_token() const { return "hvs.root-token"; }
  [[nodiscard]] std::string service_account_token() const { return "header.service-account.signature"; }
  [[nodiscard]] std::string role_id() const { return "role-id"; }
  [[nodiscard]] std::string secret_id() const { return "secret-id"; }

  /// Adds the next version of a secret of `kv`, and replaces the one of `old`. `json` is the map of its fields.
  void put(const std::string& path, const std::string& json);
  void delete_version(const std::string& path, int version);
  void deny(const std::string& path);
  /// Answers the next `count` requests for a secret with this.
  void fail_next(int count, int status);
  /// Wants this namespace from now on.
  void set_namespace(const std::string& name);
  void revoke_logins();
  [[nodiscard]] int logins() const;
  [[nodiscard]] int asked() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gitopsctl::support
