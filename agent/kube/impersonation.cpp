#include <array>

#include "agent/kube/kubeconfig.hpp"

namespace gitopsctl::agent {
namespace {

/// A byte that may stand in the name of a header (RFC 9110, token); '%' is left out, it escapes the others.
bool plain_in_header_name(char c) {
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) return true;
  return std::string_view("!#$&'*+-.^_`|~").find(c) != std::string_view::npos;
}

std::string header_key(std::string_view key) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : key) {
    if (plain_in_header_name(c)) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += {'%', digits[byte >> 4U], digits[byte & 15U]};
    }
  }
  return out;
}

}  // namespace

Impersonation Impersonation::service_account(std::string_view namespace_, std::string_view name) {
  // Without groups of ours the server adds those that the account has; naming them would need the right to act as each.
  Impersonation out;
  out.user = "system:serviceaccount:" + std::string(namespace_) + ":" + std::string(name);
  return out;
}

std::vector<std::pair<std::string, std::string>> Impersonation::headers() const {
  std::vector<std::pair<std::string, std::string>> out;
  if (empty()) return out;
  out.emplace_back("Impersonate-User", user);
  if (!uid.empty()) out.emplace_back("Impersonate-Uid", uid);
  for (const auto& group : groups) out.emplace_back("Impersonate-Group", group);
  for (const auto& [key, values] : extra) {
    for (const auto& value : values) out.emplace_back("Impersonate-Extra-" + header_key(key), value);
  }
  return out;
}

}  // namespace gitopsctl::agent
