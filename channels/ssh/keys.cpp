#include "channels/ssh/keys.hpp"

#include <libssh/libssh.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/text/escape.hpp"

namespace gitopsctl::channels {
namespace ssh {
namespace {

constexpr std::size_t max_known_hosts_bytes = 4U << 20U;

struct FreeText {
  void operator()(char* text) const noexcept { ssh_string_free_char(text); }
};
using Text = std::unique_ptr<char, FreeText>;

/// What we agree on, by kind of key, the best first.
struct Kind {
  ssh_keytypes_e type;
  std::string_view algorithms;
};
constexpr std::array<Kind, 5> kinds{{{SSH_KEYTYPE_ED25519, "ssh-ed25519"},
                                     {SSH_KEYTYPE_ECDSA_P521, "ecdsa-sha2-nistp521"},
                                     {SSH_KEYTYPE_ECDSA_P384, "ecdsa-sha2-nistp384"},
                                     {SSH_KEYTYPE_ECDSA_P256, "ecdsa-sha2-nistp256"},
                                     {SSH_KEYTYPE_RSA, "rsa-sha2-512,rsa-sha2-256"}}};

bool is_usable(ssh_keytypes_e type) {
  return std::ranges::any_of(kinds, [type](const Kind& kind) { return kind.type == type; });
}

/// libssh asks this for a passphrase. Without one of its own it would open the terminal.
int ask_nobody(const char* /*prompt*/, char* /*buffer*/, std::size_t /*size*/, int /*echo*/, int /*verify*/, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

Error bad_key(const std::string& what, const std::string& hint) {
  return Error(ErrorCode::invalid_input, "the private key " + what).with_hint(hint);
}

Error unreadable_key(const std::string& text, bool asked, bool has_passphrase) {
  if (asked) return bad_key("is encrypted", "name the file with its passphrase as sshKeyPassphraseFile");
  if (text.starts_with("PuTTY-User-Key-File")) {
    return bad_key("is in PuTTY's format", "convert it: puttygen KEY -O private-openssh -o NEW");
  }
  if (text.starts_with("ssh-") || text.starts_with("ecdsa-")) {
    return bad_key("is a public key", "name the private one, the file without .pub");
  }
  if (has_passphrase && text.starts_with("-----BEGIN")) {
    return bad_key("cannot be read", "its passphrase may be another one");
  }
  return bad_key("cannot be read", "it must be ed25519, RSA or ECDSA, in OpenSSH's format or PEM, and whole");
}

std::string public_base64(const ssh_key_struct* key) {
  char* raw = nullptr;
  if (ssh_pki_export_pubkey_base64(const_cast<ssh_key>(key), &raw) != SSH_OK) return {};
  const Text text(raw);
  return text.get();
}

std::string kind_name(const ssh_key_struct* key) {
  const char* name = ssh_key_type_to_char(ssh_key_type(const_cast<ssh_key>(key)));
  return name == nullptr ? "unknown" : name;
}

/// libssh finds a name in a list of patterns, but does not know that `!pattern` takes it out again.
bool is_excluded(const std::string& name, std::string_view line) {
  auto hosts = line.substr(0, line.find(' '));
  while (!hosts.empty()) {
    const auto comma = hosts.find(',');
    const auto pattern = hosts.substr(0, comma);
    if (pattern.starts_with('!')) {
      ssh_knownhosts_entry* raw = nullptr;
      const int rc = ssh_known_hosts_parse_line(name.c_str(), std::string(pattern.substr(1)).c_str(), &raw);
      SSH_KNOWNHOSTS_ENTRY_FREE(raw);
      if (rc != SSH_AGAIN) return true;
    }
    if (comma == std::string_view::npos) break;
    hosts.remove_prefix(comma + 1);
  }
  return false;
}

bool same_key(const ssh_key_struct* a, const ssh_key_struct* b) {
  return ssh_key_cmp(const_cast<ssh_key>(a), const_cast<ssh_key>(b), SSH_KEY_CMP_PUBLIC) == 0;
}

}  // namespace

void FreeKey::operator()(ssh_key_struct* key) const noexcept { ssh_key_free(key); }

std::string describe_key(const ssh_key_struct* key) {
  unsigned char* hash = nullptr;
  std::size_t size = 0;
  if (ssh_get_publickey_hash(const_cast<ssh_key>(key), SSH_PUBLICKEY_HASH_SHA256, &hash, &size) != 0) return "(no key)";
  const Text text(ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, size));
  ssh_clean_pubkey_hash(&hash);
  return kind_name(key) + " " + (text ? text.get() : "(no fingerprint)");
}

Result<KeyHandle> read_private_key(const std::string& text, const std::string& passphrase) {
  std::string clean;
  clean.reserve(text.size());
  std::ranges::copy_if(text, std::back_inserter(clean), [](char c) { return c != '\r'; });
  clean.erase(0, std::min(clean.find_first_not_of(" \t\n"), clean.size()));
  if (clean.empty()) return bad_key("is empty", "name a file that holds it");
  bool asked = false;
  ssh_key raw = nullptr;
  const char* secret = passphrase.empty() ? nullptr : passphrase.c_str();
  const int rc = ssh_pki_import_privkey_base64(clean.c_str(), secret, &ask_nobody, &asked, &raw);
  KeyHandle key(raw);
  if (rc != SSH_OK || key == nullptr) return unreadable_key(clean, asked, secret != nullptr);
  if (!is_usable(ssh_key_type(key.get()))) {
    return bad_key("is of the kind " + kind_name(key.get()), "make a new one: ssh-keygen -t ed25519");
  }
  return key;
}

Result<void> KnownHosts::take(std::string line) {
  std::ranges::replace(line, '\t', ' ');
  line.erase(0, std::min(line.find_first_not_of(' '), line.size()));
  if (line.empty() || line.front() == '#') return {};
  bool revoked = false;
  bool authority = false;
  if (line.front() == '@') {
    const auto mark = line.substr(0, line.find(' '));
    revoked = mark == "@revoked";
    authority = mark == "@cert-authority";
    line.erase(0, std::min(line.find_first_not_of(' ', mark.size()), line.size()));
    if (!revoked && !authority) return {};
  }
  if (is_excluded(name_, line)) return {};
  ssh_knownhosts_entry* raw = nullptr;
  const int rc = ssh_known_hosts_parse_line(name_.c_str(), line.c_str(), &raw);
  if (rc == SSH_AGAIN) return {};  // of another server
  KeyHandle key;
  if (rc == SSH_OK && raw != nullptr) {
    key.reset(raw->publickey);
    raw->publickey = nullptr;
  }
  SSH_KNOWNHOSTS_ENTRY_FREE(raw);
  if (authority) {
    authority_ = true;
  } else if (revoked) {
    if (!key) {
      return Error(ErrorCode::invalid_input, "known_hosts has a @revoked line for " + name_ + " that cannot be read")
          .with_hint("mend or remove the line; until then no key of this server is believed");
    }
    revoked_.push_back(std::move(key));
  } else if (!key || !is_usable(ssh_key_type(key.get()))) {
    unread_ = true;
  } else {
    known_.push_back(std::move(key));
  }
  return {};
}

Result<KnownHosts> KnownHosts::read(const std::string& text, const std::string& name) {
  if (text.size() > max_known_hosts_bytes || text.find('\0') != std::string::npos) {
    return Error(ErrorCode::invalid_input, "known_hosts is larger than 4 MiB or holds a NUL");
  }
  KnownHosts out;
  out.name_ = name;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at, end - at);
    if (line.ends_with('\r')) line.pop_back();
    GITOPSCTL_CHECK(out.take(std::move(line)));
    at = end + 1;
  }
  return out;
}

std::string KnownHosts::algorithms() const {
  std::string first;
  std::string rest;
  for (const auto& kind : kinds) {
    const bool is_known =
        std::ranges::any_of(known_, [&kind](const KeyHandle& key) { return ssh_key_type(key.get()) == kind.type; });
    std::string& list = is_known ? first : rest;
    if (!list.empty()) list += ',';
    list += kind.algorithms;
  }
  // The others stay on the list so that a server that has only those can be told what it offers.
  return first.empty() ? rest : rest.empty() ? first : first + "," + rest;
}

Error KnownHosts::nothing_known() const {
  Error error(ErrorCode::invalid_input, "known_hosts has no key of " + name_);
  if (authority_) return error.with_hint("host certificates (@cert-authority) are not supported: add the server's own key");
  if (unread_) return error.with_hint("the line that it has cannot be read or is of a kind that is not supported");
  std::string scan = "ssh-keyscan " + name_;
  if (name_.starts_with('[')) {
    const auto close = name_.find("]:");
    scan = "ssh-keyscan -p " + name_.substr(close + 2) + " " + name_.substr(1, close - 1);
  }
  return error.with_hint("get it with `" + scan + "`, compare its fingerprint with the one that the server's operator " +
                         "publishes, and add the line");
}

Result<void> KnownHosts::check(const ssh_key_struct* offered) const {
  const std::string what = "the host key of " + name_;
  const std::string fingerprint = describe_key(offered);
  const auto is_offered = [offered](const KeyHandle& key) { return same_key(key.get(), offered); };
  if (std::ranges::any_of(revoked_, is_offered)) {
    return Error(ErrorCode::forbidden, what + " is revoked: " + fingerprint)
        .with_hint("known_hosts marks it @revoked: the server must get a new key, or it is not the right server");
  }
  if (std::ranges::any_of(known_, is_offered)) return {};
  const std::string line = name_ + " " + kind_name(offered) + " " + public_base64(offered);
  if (known_.empty()) {
    return Error(ErrorCode::forbidden, what + " is not known: " + fingerprint)
        .with_hint("if the server's operator confirms this fingerprint, add to known_hosts: " + line);
  }
  std::string have;
  for (const auto& key : known_) have += (have.empty() ? "" : ", ") + describe_key(key.get());
  return Error(ErrorCode::forbidden, what + " has changed: it is " + fingerprint + ", known_hosts has " + have)
      .with_hint("somebody may pose as the server. Only if its operator confirms the new fingerprint, replace the line in " +
                 ("known_hosts by: " + line));
}

}  // namespace ssh

Result<void> check_private_key(const std::string& text, const std::string& passphrase) {
  GITOPSCTL_CHECK(ssh::read_private_key(text, passphrase));
  return {};
}

Result<void> check_known_hosts(const std::string& text, const std::string& name) {
  GITOPSCTL_TRY(const auto known, ssh::KnownHosts::read(text, name));
  if (known.empty()) return known.nothing_known();
  return {};
}

}  // namespace gitopsctl::channels
