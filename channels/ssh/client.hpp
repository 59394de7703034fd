#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result/result.hpp"
#include "base/time/clock.hpp"
#include "channels/ssh/address.hpp"
#include "channels/ssh/login.hpp"

namespace gitopsctl::channels {

/// Where and how long.
struct SshEndpoint {
  SshAddress address;
  std::string proxy;               ///< an HTTP proxy; empty: none (the environment is not asked)
  Millis connect_timeout{10'000};  ///< until the TCP connection stands
  Millis login_timeout{30'000};    ///< from there until the login
  Millis stall_timeout{30'000};    ///< no byte for so long: given up
};

/// What went over the wire since the client was made: payload of the commands, without SSH's own.
struct SshCounters {
  std::uint64_t commands = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
};

/// A blocking SSH client over libssh that runs one command after the other on one connection, which it keeps. It believes
/// the host keys of the login's known_hosts and no others, logs in with the login's key and nothing else (no agent, no
/// password, no keyboard-interactive, no RSA with SHA-1), and reads no file: neither the user's nor the machine's
/// configuration.
///
/// Errors: `unavailable`, `timeout`, `cancelled`, `forbidden` for a host key that is not believed and for a login that is
/// refused (then refused_login() is true). They show no credentials, and of what the server says only a little, made safe to
/// print. Not thread-safe: one per thread; two may be used at the same time. A set stop token ends everything at once.
class SshClient {
 public:
  explicit SshClient(SshEndpoint endpoint);
  ~SshClient();
  SshClient(const SshClient&) = delete;
  SshClient& operator=(const SshClient&) = delete;

  /// Connects and logs in; nothing when that was done with the same login and the connection is still there.
  [[nodiscard]] Result<void> connect(const SshLogin& login, const Interrupt& interrupt);
  /// The server refused the key of the last connect().
  [[nodiscard]] bool refused_login() const noexcept;
  /// Closes the connection.
  void disconnect() noexcept;

  /// Starts `command` (for the shell of the other side), asking for one variable of its environment when `variable` is not
  /// empty; many servers refuse those, which is no error. A command that still runs is ended first. When a connection that
  /// was kept turns out to be gone, a new one is made, once.
  [[nodiscard]] Result<void> start(const SshLogin& login, const std::string& command, const std::string& variable,
                                   const std::string& value, const Interrupt& interrupt);
  /// Writes all of `bytes`. `on_sent` is called once, when half of them have left this machine. Must not throw.
  [[nodiscard]] Result<void> write(std::string_view bytes, const std::function<void(std::uint64_t)>& on_sent,
                                   const Interrupt& interrupt);
  /// The next bytes of the command's output, valid until the next call; empty at its end.
  [[nodiscard]] Result<std::string_view> read(const Interrupt& interrupt);
  /// What the command wrote to its error output so far: one line, safe to print, at most 500 bytes.
  [[nodiscard]] std::string complaint() const;
  /// Ends the command without waiting for it. `farewell` is sent first as far as that is possible at once.
  void finish(std::string_view farewell) noexcept;

  [[nodiscard]] SshCounters counters() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gitopsctl::channels
