#include "channels/git/ref_name.hpp"

#include "base/text/escape.hpp"

namespace gitopsctl::channels::git {
namespace {

constexpr std::size_t max_bytes = 1000;

bool is_safe_component(std::string_view text) {
  return !text.empty() && text.front() != '.' && text.front() != '-' && !text.ends_with(".lock") && text.back() != '.' &&
         text != "@";
}

}  // namespace

bool is_safe_ref_name(std::string_view name) noexcept {
  if (!name.starts_with("refs/") || name.size() > max_bytes) return false;
  if (name.find_first_of(" ~^:?*[\\\x7f") != std::string_view::npos) return false;
  if (name.find("..") != std::string_view::npos || name.find("@{") != std::string_view::npos) return false;
  for (const char c : name) {
    if (static_cast<unsigned char>(c) < 0x20) return false;
  }
  std::string_view rest = name;
  std::size_t components = 0;
  for (;;) {
    const auto slash = rest.find('/');
    if (!is_safe_component(rest.substr(0, slash))) return false;
    ++components;
    if (slash == std::string_view::npos) break;
    rest.remove_prefix(slash + 1);
  }
  if (components < 2) return false;
  try {
    return terminal_safe(name) == name;
  } catch (...) {
    return false;
  }
}

}  // namespace gitopsctl::channels::git
