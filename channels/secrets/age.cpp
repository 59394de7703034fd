#include "channels/secrets/age.hpp"

#include <algorithm>
#include <optional>

#include "base/crypto/digest.hpp"
#include "channels/secrets/bech32.hpp"
#include "channels/secrets/crypt.hpp"

namespace gitopsctl::channels::secrets {
namespace {

// The numbers and words of this file are those of the format: age-encryption.org/v1.
constexpr std::string_view version_line = "age-encryption.org/v1\n";
constexpr std::string_view armor_begin = "-----BEGIN AGE ENCRYPTED FILE-----";
constexpr std::string_view armor_end = "-----END AGE ENCRYPTED FILE-----";
constexpr std::size_t columns = 64;
constexpr std::size_t file_key_bytes = 16;
constexpr std::size_t tag_bytes = 16;
constexpr std::size_t payload_nonce_bytes = 16;
constexpr std::size_t chunk_bytes = 65536;

Error bad(std::string_view what) { return {ErrorCode::invalid_input, "the age file cannot be read: " + std::string(what)}; }

bool is_space(char c) noexcept { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

/// Takes the next line off `rest`, without its end; nothing when no end comes.
std::optional<std::string_view> take_line(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const auto line = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return line;
}

Result<AgeStanza> take_stanza(std::string_view line, std::string_view& rest) {
  AgeStanza stanza;
  line.remove_prefix(3);
  for (;;) {
    const std::size_t blank = line.find(' ');
    const auto word = line.substr(0, blank);
    if (word.empty() || !std::ranges::all_of(word, [](char c) { return c > ' ' && c < 0x7F; })) {
      return bad("a recipient's line is malformed");
    }
    stanza.arguments.push_back(word);
    if (blank == std::string_view::npos) break;
    line.remove_prefix(blank + 1);
  }
  for (;;) {
    const auto text = take_line(rest);
    if (!text || text->size() > columns) return bad("a recipient's part is malformed");
    const auto piece = strict_base64(*text, false);
    if (!piece) return bad("a recipient's part is malformed");
    stanza.body += *piece;
    if (text->size() < columns) return stanza;
  }
}

/// The file key in a stanza for `identity`, whose secret shared with the sender is `shared`; nothing when it is for somebody
/// else.
std::optional<SecretBytes> unwrap(const AgeStanza& stanza, const std::string& share, std::string_view shared,
                                  const AgeIdentity& identity) {
  const SecretBytes key = hkdf_sha256(shared, share + std::string(identity.public_key()), "age-encryption.org/v1/X25519");
  return open_chacha20_poly1305(key.view(), std::string(12, '\0'), stanza.body);
}

Result<SecretBytes> find_file_key(const AgeHeader& header, std::span<const AgeIdentity> identities) {
  std::optional<SecretBytes> found;
  bool passphrase = false;
  for (const auto& stanza : header.stanzas) {
    passphrase = passphrase || stanza.arguments[0] == "scrypt";
    if (stanza.arguments[0] != "X25519") continue;
    const auto share = stanza.arguments.size() == 2 ? strict_base64(stanza.arguments[1], false) : std::nullopt;
    if (!share || share->size() != 32 || stanza.body.size() != file_key_bytes + tag_bytes) {
      return bad("an X25519 recipient's part is malformed");
    }
    for (const auto& identity : identities) {
      if (found) break;
      const auto shared = x25519_shared(identity.scalar(), *share);
      // Of low order: no honest sender has such a key.
      if (!shared) return bad("an X25519 recipient's part is malformed");
      found = unwrap(stanza, *share, shared->view(), identity);
    }
  }
  if (passphrase && header.stanzas.size() > 1) return bad("a passphrase is not its only recipient");
  if (passphrase) {
    return Error(ErrorCode::unsupported, "the age file is encrypted with a passphrase")
        .with_hint("encrypt it for an age1… recipient");
  }
  if (!found) {
    return Error(ErrorCode::forbidden, "no identity that is configured is a recipient of the age file")
        .with_hint("encrypt it for the recipient of this installation's key as well, or configure the key that it is for");
  }
  return *std::move(found);
}

Result<SecretBytes> open_payload(std::string_view payload, std::string_view file_key, std::uint64_t max_bytes) {
  if (payload.size() < payload_nonce_bytes) return bad("it is cut");
  const SecretBytes key = hkdf_sha256(file_key, payload.substr(0, payload_nonce_bytes), "payload");
  payload.remove_prefix(payload_nonce_bytes);
  const std::uint64_t chunks = (payload.size() + chunk_bytes + tag_bytes - 1) / (chunk_bytes + tag_bytes);
  if (payload.size() > max_bytes + chunks * tag_bytes) {
    return Error(ErrorCode::too_large, "the age file holds more than " + std::to_string(max_bytes) + " bytes");
  }
  std::string nonce(12, '\0');
  SecretBytes out;
  for (std::uint64_t counter = 0;; ++counter) {
    const auto sealed = payload.substr(0, chunk_bytes + tag_bytes);
    payload.remove_prefix(sealed.size());
    const bool last = payload.empty();
    for (unsigned i = 0; i < 8; ++i) nonce[10 - i] = static_cast<char>((counter >> (8 * i)) & 0xFFU);
    nonce[11] = last ? '\x01' : '\0';
    const auto chunk = open_chacha20_poly1305(key.view(), nonce, sealed);
    if (!chunk) return bad("it was changed or cut");
    // Only a file without content has an empty chunk.
    if (chunk->empty() && counter > 0) return bad("its last part is empty");
    out.append(chunk->view());
    if (last) return out;
  }
}

}  // namespace

Result<AgeIdentity> AgeIdentity::parse(std::string_view text) {
  if (text.starts_with("AGE-PLUGIN-") || text.starts_with("AGE-SECRET-KEY-PQ-1")) {
    return Error(ErrorCode::unsupported, "this kind of age identity is not supported")
        .with_hint("use a key that age-keygen makes without options: AGE-SECRET-KEY-1…");
  }
  auto decoded = decode_bech32(text);
  const bool good = decoded && decoded->prefix == "age-secret-key-" && text.starts_with('A') && decoded->bytes.size() == 32;
  SecretBytes scalar(decoded ? std::move(decoded->bytes) : std::string());
  if (!good) {
    return Error(ErrorCode::invalid_input, "an age identity cannot be read")
        .with_hint("it must be whole, as age-keygen wrote it: AGE-SECRET-KEY-1…");
  }
  GITOPSCTL_TRY(std::string public_key, x25519_public(scalar.view()));
  return AgeIdentity(std::move(scalar), std::move(public_key));
}

std::string AgeIdentity::recipient() const { return encode_bech32("age", public_key_); }

Result<std::vector<AgeIdentity>> parse_age_identities(std::string_view text, const std::string& file) {
  std::vector<AgeIdentity> out;
  int line = 0;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const auto word = trimmed(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    ++line;
    if (word.empty() || word.starts_with('#')) continue;
    auto identity = AgeIdentity::parse(word);
    if (!identity.ok()) return identity.error().at({file, line, 0});
    if (out.size() == max_age_identities) {
      return Error(ErrorCode::too_large, "more than " + std::to_string(max_age_identities) + " age identities")
          .at({file, line, 0});
    }
    out.push_back(std::move(identity).value());
  }
  if (out.empty()) return Error(ErrorCode::invalid_input, "there is no age identity in it").at({file, 0, 0});
  return out;
}

Result<AgeHeader> parse_age_header(std::string_view file) {
  if (!file.starts_with(version_line)) return bad("it does not begin with age-encryption.org/v1");
  AgeHeader header;
  std::string_view rest = file.substr(version_line.size());
  for (;;) {
    if (file.size() - rest.size() > max_age_header_bytes || header.stanzas.size() > max_age_stanzas) {
      return Error(ErrorCode::too_large, "the age file has more than " + std::to_string(max_age_stanzas) + " recipients");
    }
    const std::string_view before = rest;
    const auto line = take_line(rest);
    if (!line) return bad("its head is cut");
    if (line->starts_with("-> ")) {
      GITOPSCTL_TRY(AgeStanza stanza, take_stanza(*line, rest));
      header.stanzas.push_back(std::move(stanza));
      continue;
    }
    const auto mac = line->starts_with("--- ") ? strict_base64(line->substr(4), false) : std::nullopt;
    if (!mac || mac->size() != 32) return bad("its head is malformed");
    if (header.stanzas.empty()) return bad("it has no recipient");
    header.mac = *mac;
    header.authenticated = file.substr(0, file.size() - before.size() + 3);
    header.payload = rest;
    return header;
  }
}

Result<std::string> remove_age_armor(std::string_view file) {
  std::string_view rest = file;
  while (!rest.empty() && is_space(rest.front())) rest.remove_prefix(1);
  if (!rest.starts_with(armor_begin)) return std::string(file);
  std::string out;
  bool ended = false;
  for (bool first = true;; first = false) {
    const std::size_t end = rest.find('\n');
    auto line = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (first) {
      if (line != armor_begin) return bad("its armor is malformed");
      continue;
    }
    if (trimmed(line) == armor_end && line.starts_with(armor_end)) break;
    const auto piece = line.empty() || line.size() > columns || ended ? std::nullopt : strict_base64(line, true);
    if (!piece) return bad("its armor is malformed");
    // A shorter line, or one with padding, is the last one.
    ended = line.size() < columns || line.ends_with('=');
    out += *piece;
    if (end == std::string_view::npos) return bad("its armor is cut");
  }
  if (!trimmed(rest).empty()) return bad("something stands behind its armor");
  return out;
}

Result<SecretBytes> decrypt_age(std::string_view file, std::span<const AgeIdentity> identities, std::uint64_t max_bytes) {
  GITOPSCTL_TRY(const std::string binary, remove_age_armor(file));
  GITOPSCTL_TRY(const AgeHeader header, parse_age_header(binary));
  GITOPSCTL_TRY(const SecretBytes file_key, find_file_key(header, identities));
  const SecretBytes mac_key = hkdf_sha256(file_key.view(), "", "header");
  if (!constant_time_equal(hmac_sha256(mac_key.view(), header.authenticated), header.mac))
    return bad("its head was changed");
  return open_payload(header.payload, file_key.view(), max_bytes);
}

}  // namespace gitopsctl::channels::secrets
