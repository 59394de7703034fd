#include "channels/model/channel.hpp"

namespace gitopsctl::channels {

bool valid_channel_name(std::string_view name) noexcept {
  if (name.empty() || name.size() > 63) return false;
  const auto alphanumeric = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  if (!alphanumeric(name.front()) || !alphanumeric(name.back())) return false;
  for (const char c : name) {
    if (!alphanumeric(c) && c != '-') return false;
  }
  return true;
}

bool valid_branch_name(std::string_view name) noexcept {
  if (name.empty() || name.size() > 1024 || name.front() == '-' || name.front() == '/' || name.back() == '/' ||
      name.back() == '.') {
    return false;
  }
  char previous = '/';
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte == 0x7F) return false;
    if (std::string_view("~^:?*[\\").find(c) != std::string_view::npos) return false;
    if ((c == '.' && (previous == '.' || previous == '/')) || (c == '/' && previous == '/') ||
        (c == '{' && previous == '@')) {
      return false;
    }
    previous = c;
  }
  return name != "@" && name.find(".lock/") == std::string_view::npos && !name.ends_with(".lock");
}

}  // namespace gitopsctl::channels
