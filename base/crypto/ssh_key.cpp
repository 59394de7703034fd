#include "base/crypto/ssh_key.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>

#include "base/crypto/digest.hpp"

namespace gitopsctl {

namespace {

constexpr std::string_view key_type = "ssh-ed25519";
constexpr std::size_t half_bytes = 32;       // RFC 8032: both halves of Ed25519
constexpr std::size_t block_bytes = 8;       // PROTOCOL.key of OpenSSH: block size of the cipher `none`
constexpr std::size_t line_characters = 70;  // as ssh-keygen breaks its lines

using Bytes = std::array<unsigned char, half_bytes>;

/// RFC 4251: four bytes, the largest first.
void add_number(std::string& out, std::uint32_t number) {
  for (const unsigned shift : {24U, 16U, 8U, 0U}) out += static_cast<char>((number >> shift) & 0xFFU);
}

/// RFC 4251: a length and the bytes.
void add_string(std::string& out, std::string_view bytes) {
  add_number(out, static_cast<std::uint32_t>(bytes.size()));
  out += bytes;
}

std::string_view view(const Bytes& bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

/// RFC 8709: what stands behind `ssh-ed25519 ` and in the private text.
std::string public_blob(const Bytes& public_half) {
  std::string out;
  add_string(out, key_type);
  add_string(out, view(public_half));
  return out;
}

/// PROTOCOL.key of OpenSSH, with neither cipher nor passphrase.
std::string private_bytes(const Bytes& public_half, const Bytes& private_half, std::string_view comment) {
  std::string inner;
  // Twice the same number: with a cipher it would tell a wrong passphrase.
  const std::string check = random_bytes(4);
  inner += check;
  inner += check;
  add_string(inner, key_type);
  add_string(inner, view(public_half));
  std::string both(view(private_half));
  both += view(public_half);
  add_string(inner, both);
  OPENSSL_cleanse(both.data(), both.size());
  add_string(inner, comment);
  for (char pad = 1; inner.size() % block_bytes != 0; ++pad) inner += pad;

  std::string out("openssh-key-v1");
  out += '\0';
  add_string(out, "none");
  add_string(out, "none");
  add_string(out, "");
  add_number(out, 1);
  add_string(out, public_blob(public_half));
  add_string(out, inner);
  OPENSSL_cleanse(inner.data(), inner.size());
  return out;
}

}  // namespace

Result<SshKey> make_ssh_key(std::string_view comment) {
  const bool printable = std::all_of(comment.begin(), comment.end(), [](char c) { return c >= ' ' && c <= '~'; });
  if (!printable || comment.size() > 256) {
    return Error(ErrorCode::invalid_input, "the comment of a key must be at most 256 printable characters");
  }
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"),
                                                                &EVP_PKEY_free);
  Bytes public_half{};
  Bytes private_half{};
  std::size_t public_size = public_half.size();
  std::size_t private_size = private_half.size();
  if (!key || EVP_PKEY_get_raw_public_key(key.get(), public_half.data(), &public_size) != 1 ||
      EVP_PKEY_get_raw_private_key(key.get(), private_half.data(), &private_size) != 1 || public_size != half_bytes ||
      private_size != half_bytes) {
    return Error(ErrorCode::internal, "OpenSSL cannot make an Ed25519 key");
  }
  std::string bytes = private_bytes(public_half, private_half, comment);
  OPENSSL_cleanse(private_half.data(), private_half.size());
  const std::string encoded = base64_encode(bytes);
  OPENSSL_cleanse(bytes.data(), bytes.size());

  SshKey out;
  out.private_text = "-----BEGIN OPENSSH PRIVATE KEY-----\n";
  for (std::size_t at = 0; at < encoded.size(); at += line_characters) {
    out.private_text += encoded.substr(at, line_characters) + '\n';
  }
  out.private_text += "-----END OPENSSH PRIVATE KEY-----\n";
  out.public_text = std::string(key_type) + ' ' + base64_encode(public_blob(public_half));
  if (!comment.empty()) out.public_text += ' ' + std::string(comment);
  return out;
}

}  // namespace gitopsctl
