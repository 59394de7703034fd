#include "channels/secrets/secret.hpp"

#include <algorithm>

#include "base/text/escape.hpp"

namespace gitopsctl::channels::secrets {
namespace {

constexpr std::size_t max_name_bytes = 512;

Error bad(const std::string& what) {
  return Error(ErrorCode::invalid_input, what).with_hint("write NAME, or PROVIDER:NAME, PROVIDER:NAME@VERSION#FIELD");
}

/// What is wrong with one piece of a reference; nothing when it can be used and printed.
Result<void> check_piece(std::string_view text, std::string_view what) {
  if (text.size() > max_name_bytes) {
    return bad("the " + std::string(what) + " of a secret has more than " + std::to_string(max_name_bytes) + " bytes");
  }
  if (terminal_safe(text) != text)
    return bad("the " + std::string(what) + " of a secret has characters that cannot be printed");
  return {};
}

Result<void> check_ref(const SecretRef& ref) {
  if (ref.name.empty()) return bad("a secret has no name");
  GITOPSCTL_CHECK(check_piece(ref.provider, "provider"));
  GITOPSCTL_CHECK(check_piece(ref.name, "name"));
  GITOPSCTL_CHECK(check_piece(ref.version, "version"));
  return check_piece(ref.field, "field");
}

}  // namespace

std::string SecretRef::to_string() const {
  std::string out = provider.empty() ? name : provider + ":" + name;
  if (!version.empty()) out += "@" + version;
  if (!field.empty()) out += "#" + field;
  return terminal_safe(out);
}

Result<SecretRef> parse_secret_ref(std::string_view text) {
  SecretRef ref;
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) {
    ref.name = text;
    GITOPSCTL_CHECK(check_ref(ref));
    return ref;
  }
  ref.provider = text.substr(0, colon);
  auto rest = text.substr(colon + 1);
  if (ref.provider.empty()) return bad("a secret has no provider before the colon");
  if (const std::size_t mark = rest.rfind('#'); mark != std::string_view::npos) {
    ref.field = rest.substr(mark + 1);
    rest = rest.substr(0, mark);
    if (ref.field.empty()) return bad("a secret has no field behind '#'");
  }
  if (const std::size_t mark = rest.rfind('@'); mark != std::string_view::npos) {
    ref.version = rest.substr(mark + 1);
    rest = rest.substr(0, mark);
    if (ref.version.empty()) return bad("a secret has no version behind '@'");
  }
  ref.name = rest;
  GITOPSCTL_CHECK(check_ref(ref));
  return ref;
}

ConfigShape secret_ref_shape() {
  using namespace shape;
  return either("A secret: NAME, PROVIDER:NAME[@VERSION][#FIELD], or the same as a map.", text("Name or reference."),
                object("The same in pieces.", {
                                                  optional("provider", text("One of those that are configured.")),
                                                  required("name", text("As the provider knows it.")),
                                                  optional("version", any("A version, where the provider has several.")),
                                                  optional("field", text("One key of the secret.")),
                                              }));
}

SecretRef read_secret_ref(const ConfigNode& node) {
  check_config(node, secret_ref_shape());
  if (node.value().is_string()) {
    auto ref = parse_secret_ref(node.value().as_string());
    if (ref.ok()) return *std::move(ref);
    // check_config() has told about an empty text.
    if (!node.value().as_string().empty()) node.fail(ref.error());
    return {};
  }
  SecretRef ref;
  ref.provider = node.text("provider");
  ref.name = node.text("name");
  ref.field = node.text("field");
  const Value version = node.at("version").value();
  if (version.is_int()) {
    ref.version = std::to_string(version.as_int());
  } else if (version.is_string()) {
    ref.version = version.as_string();
  } else if (node.has("version")) {
    node.at("version").fail(Error(ErrorCode::invalid_input, "a version is a number or a text"));
  }
  if (ref.name.empty()) return ref;
  if (auto checked = check_ref(ref); !checked.ok()) node.fail(checked.error());
  return ref;
}

std::string SecretContext::variable(std::string_view name) const {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string() : found->second;
}

std::string SecretContext::resolve(const std::string& path) const {
  return path.starts_with('/') ? path : directory + "/" + path;
}

}  // namespace gitopsctl::channels::secrets
