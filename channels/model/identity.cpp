#include "base/crypto/digest.hpp"
#include "channels/model/channel.hpp"

namespace gitopsctl::channels {

namespace {

// Of a DNS subdomain, the longest name of a ConfigMap.
constexpr std::size_t max_object_name = 253;

/// `text` as part of an object name: lower-case letters, digits and single dashes.
std::string slug(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    const bool plain = (lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9');
    if (plain) {
      out += lower;
    } else if (!out.empty() && out.back() != '-') {
      out += '-';
    }
  }
  while (!out.empty() && out.back() == '-') out.pop_back();
  return out;
}

/// RFC 4648 §5, without padding.
std::string base64url(std::string_view bytes) {
  std::string out = base64_encode(bytes);
  for (char& c : out) {
    if (c == '+') c = '-';
    if (c == '/') c = '_';
  }
  while (!out.empty() && out.back() == '=') out.pop_back();
  return out;
}

}  // namespace

std::string ReleaseIdentity::to_string() const { return installation + "/" + repository + "/" + channel + "/" + release; }

std::string ReleaseIdentity::object_name() const {
  Sha256 sum;
  for (const auto* part : {&installation, &repository, &channel, &release}) sum.add_field(*part);
  const std::string hash = sum.hex().substr(0, 8);
  const std::string channel_part = slug(channel).substr(0, 63);
  const std::string fixed = "gitopsctl-" + channel_part + (channel_part.empty() ? "" : "-");
  std::string release_part = slug(release).substr(0, max_object_name - fixed.size() - hash.size() - 1);
  while (!release_part.empty() && release_part.back() == '-') release_part.pop_back();
  return fixed + release_part + (release_part.empty() ? "" : "-") + hash;
}

std::string ReleaseIdentity::apply_set_id(std::string_view namespace_) const {
  // NAME.NAMESPACE.KIND.GROUP; the core group is empty and leaves its dot.
  return "applyset-" + base64url(sha256(object_name() + "." + std::string(namespace_) + ".ConfigMap.")) + "-v1";
}

}  // namespace gitopsctl::channels
