#pragma once

#include <string>
#include <string_view>

#include "base/result/result.hpp"

namespace gitopsctl::channels {

/// A repository behind SSH: `ssh://user@host[:port]/path`, or `user@host:path` as Git and scp write it.
struct SshAddress {
  std::string user;
  std::string host;  ///< lower case, an IPv6 address without brackets
  std::string port = "22";
  std::string path;  ///< as the server gets it: absolute, or from the user's home directory

  /// Reads `text` by Git's rules: `ssh://` is percent-decoded, and `/~` leads to a home directory. `invalid_input` names
  /// what is wrong and shows no password.
  [[nodiscard]] static Result<SshAddress> parse(std::string_view text);
  /// `ssh://user@host:port/path`; safe to print.
  [[nodiscard]] std::string shown() const;
  /// How known_hosts names the server: `host`, or `[host]:port` when the port is not 22.
  [[nodiscard]] std::string known_hosts_name() const;
};

/// True when `url` has the form of one of the two, whether or not all of it is right.
[[nodiscard]] bool looks_like_ssh(std::string_view url) noexcept;

/// `text` as one word of a Bourne shell, quoted as Git quotes it.
[[nodiscard]] std::string shell_quote(std::string_view text);

}  // namespace gitopsctl::channels
