#pragma once

#include <string>

#include "base/result/result.hpp"
#include "base/time/clock.hpp"
#include "channels/ssh/login.hpp"

namespace gitopsctl::channels {

/// What a remote is logged in to with, and whom it is believed from; see HttpOrigin for the first four.
struct Credentials {
  std::string username;
  std::string password;
  std::string bearer;
  std::string ca_pem;
  SshLogin ssh;

  friend bool operator==(const Credentials&, const Credentials&) = default;
};

/// Where credentials come from that change while the program runs: files that are replaced, tokens that end. Thread-safe.
class CredentialSource {
 public:
  virtual ~CredentialSource() = default;
  /// Those of now; asked before everything that goes to the server. An error when there are none to be had.
  [[nodiscard]] virtual Result<Credentials> current(const Interrupt& interrupt) = 0;
  /// The server did not take `used`. True when current() may give others now: worth one more try.
  [[nodiscard]] virtual bool refused(const Credentials& used) = 0;
};

}  // namespace gitopsctl::channels
