#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result/result.hpp"
#include "base/text/go_release.hpp"

namespace gitopsctl::render {

/// A URL as Go's net/url takes it apart. Parts are unescaped, but for the query and the opaque part.
struct GoUrl {
  std::string scheme;
  std::string opaque;
  struct User {
    std::string name;
    std::optional<std::string> password;
  };
  std::optional<User> user;
  std::string host;  ///< with its port
  std::string path;
  std::string query;
  std::string fragment;

  /// url.Parse. Errors: `parse "TEXT": missing ']' in host`.
  static Result<GoUrl> parse(std::string_view text, GoRelease release = GoRelease::go_1_27);
  /// The host without port and brackets.
  [[nodiscard]] std::string hostname() const;
  /// `name:password`, escaped; "" without user.
  [[nodiscard]] std::string userinfo() const;
  /// URL.String of a URL that was put together from its parts.
  [[nodiscard]] std::string to_string() const;
  /// URL.ResolveReference: `reference` as seen from this URL. An opaque URL (`urn:a:b`) stays the base of relative ones.
  [[nodiscard]] GoUrl resolve(const GoUrl& reference) const;
};

/// url.PathEscape
[[nodiscard]] std::string go_path_escape(std::string_view text);
/// url.PathUnescape. Errors: `invalid URL escape "%zz"`.
[[nodiscard]] Result<std::string> go_path_unescape(std::string_view text);

}  // namespace gitopsctl::render
