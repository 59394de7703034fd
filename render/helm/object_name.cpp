#include "render/helm/object_name.hpp"

#include <algorithm>

namespace gitopsctl::render::helm {
namespace {

constexpr bool is_small(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

/// A label of DNS, of any length: RFC 1123.
bool is_label(std::string_view text) {
  return !text.empty() && is_small(text.front()) && is_small(text.back()) &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_small(c) || c == '-'; });
}

bool is_subdomain(std::string_view text) {
  for (;;) {
    const auto dot = text.find('.');
    if (!is_label(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

std::string too_long(std::size_t most) { return "must be no more than " + std::to_string(most) + " characters"; }

constexpr const char* subdomain_rule =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end "
    "with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    R"('[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*'))";
constexpr const char* label_rule =
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an "
    "alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
constexpr const char* old_label_rule =
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and "
    "end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
    "'[a-z]([-a-z0-9]*[a-z0-9])?')";

std::vector<std::string> label_mistakes(std::string_view name) {
  std::vector<std::string> out;
  if (name.size() > 63) out.push_back(too_long(63));
  if (!is_label(name)) out.emplace_back(is_subdomain(name) ? "must not contain dots" : label_rule);
  return out;
}

std::vector<std::string> old_label_mistakes(std::string_view name) {
  std::vector<std::string> out;
  if (name.size() > 63) out.push_back(too_long(63));
  if (!is_label(name) || (name.front() >= '0' && name.front() <= '9')) out.emplace_back(old_label_rule);
  return out;
}

std::vector<std::string> subdomain_mistakes(std::string_view name) {
  std::vector<std::string> out;
  if (name.size() > 253) out.push_back(too_long(253));
  if (!is_subdomain(name)) out.emplace_back(subdomain_rule);
  return out;
}

std::vector<std::string> segment_mistakes(std::string_view name) {
  if (name == "." || name == "..") return {"may not be '" + std::string(name) + "'"};
  std::vector<std::string> out;
  for (const char c : {'/', '%'}) {
    if (name.find(c) != std::string_view::npos) out.push_back(std::string("may not contain '") + c + "'");
  }
  return out;
}

}  // namespace

std::vector<std::string> object_name_mistakes(std::string_view kind, std::string_view name) {
  std::string lower(kind);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (lower == "service") return old_label_mistakes(name);
  if (lower == "namespace") return label_mistakes(name);
  if (lower == "certificatesigningrequest") return {};
  if (lower == "role" || lower == "clusterrole" || lower == "rolebinding" || lower == "clusterrolebinding") {
    return segment_mistakes(name);
  }
  return subdomain_mistakes(name);
}

}  // namespace gitopsctl::render::helm
