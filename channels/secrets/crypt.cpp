#include "channels/secrets/crypt.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <memory>

#include "base/crypto/digest.hpp"

namespace gitopsctl::channels::secrets {
namespace {

struct FreeKey {
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
};
struct FreeKeyContext {
  void operator()(EVP_PKEY_CTX* context) const noexcept { EVP_PKEY_CTX_free(context); }
};
struct FreeCipher {
  void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }
};
struct FreeDigest {
  void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};
struct FreeBio {
  void operator()(BIO* bio) const noexcept { BIO_free(bio); }
};
using Key = std::unique_ptr<EVP_PKEY, FreeKey>;

constexpr std::size_t curve_bytes = 32;
constexpr std::size_t tag_bytes = 16;

const unsigned char* raw(std::string_view bytes) noexcept { return reinterpret_cast<const unsigned char*>(bytes.data()); }
unsigned char* raw(std::string& bytes) noexcept { return reinterpret_cast<unsigned char*>(bytes.data()); }

/// Without it OpenSSL would ask the terminal.
int no_passphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*user*/) { return -1; }

struct Sealed {
  std::string_view key;
  std::string_view iv;
  std::string_view data;
  std::string_view tag;
  std::string_view additional;
};

std::optional<SecretBytes> open_sealed(const EVP_CIPHER* cipher, const Sealed& sealed) {
  if (sealed.key.size() != 32 || sealed.tag.size() != tag_bytes || sealed.data.size() > (1U << 30U)) return std::nullopt;
  const std::unique_ptr<EVP_CIPHER_CTX, FreeCipher> context(EVP_CIPHER_CTX_new());
  std::string tag(sealed.tag);
  std::string out(sealed.data.size() + 1, '\0');
  int size = 0;
  int rest = 0;
  bool good =
      context != nullptr && EVP_DecryptInit_ex(context.get(), cipher, nullptr, nullptr, nullptr) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_IVLEN, static_cast<int>(sealed.iv.size()), nullptr) == 1 &&
      EVP_DecryptInit_ex(context.get(), nullptr, nullptr, raw(sealed.key), raw(sealed.iv)) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, tag_bytes, tag.data()) == 1;
  if (good && !sealed.additional.empty()) {
    good = EVP_DecryptUpdate(context.get(), nullptr, &size, raw(sealed.additional),
                             static_cast<int>(sealed.additional.size())) == 1;
  }
  size = 0;
  if (good && !sealed.data.empty()) {
    good = EVP_DecryptUpdate(context.get(), raw(out), &size, raw(sealed.data), static_cast<int>(sealed.data.size())) == 1;
  }
  good = good && EVP_DecryptFinal_ex(context.get(), raw(out) + size, &rest) == 1;
  if (!good) {
    wipe(out);
    return std::nullopt;
  }
  out.resize(static_cast<std::size_t>(size) + static_cast<std::size_t>(rest));
  return SecretBytes(std::move(out));
}

constexpr std::array<std::uint32_t, 256> crc_table = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value & 1U) != 0 ? (value >> 1U) ^ 0x82F63B78U : value >> 1U;
    table[i] = value;
  }
  return table;
}();

int base64_digit(char c) noexcept {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  return c == '/' ? 63 : -1;
}

}  // namespace

Result<std::string> x25519_public(std::string_view scalar) {
  const Key key(scalar.size() == curve_bytes
                    ? EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, raw(scalar), scalar.size())
                    : nullptr);
  std::string out(curve_bytes, '\0');
  std::size_t size = out.size();
  if (key == nullptr || EVP_PKEY_get_raw_public_key(key.get(), raw(out), &size) != 1 || size != curve_bytes) {
    return Error(ErrorCode::internal, "no X25519 key can be made");
  }
  return out;
}

std::optional<SecretBytes> x25519_shared(std::string_view scalar, std::string_view point) {
  if (scalar.size() != curve_bytes || point.size() != curve_bytes) return std::nullopt;
  const Key ours(EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, raw(scalar), scalar.size()));
  const Key theirs(EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nullptr, raw(point), point.size()));
  if (ours == nullptr || theirs == nullptr) return std::nullopt;
  const std::unique_ptr<EVP_PKEY_CTX, FreeKeyContext> context(EVP_PKEY_CTX_new(ours.get(), nullptr));
  std::string out(curve_bytes, '\0');
  std::size_t size = out.size();
  // OpenSSL refuses a result that is all zero.
  if (context == nullptr || EVP_PKEY_derive_init(context.get()) != 1 ||
      EVP_PKEY_derive_set_peer(context.get(), theirs.get()) != 1 || EVP_PKEY_derive(context.get(), raw(out), &size) != 1 ||
      size != curve_bytes) {
    wipe(out);
    return std::nullopt;
  }
  SecretBytes shared(std::move(out));
  if (constant_time_equal(shared.view(), std::string(curve_bytes, '\0'))) return std::nullopt;
  return shared;
}

SecretBytes hkdf_sha256(std::string_view key, std::string_view salt, std::string_view info) {
  const std::string no_salt(32, '\0');
  const SecretBytes extracted(hmac_sha256(salt.empty() ? std::string_view(no_salt) : salt, key));
  return SecretBytes(hmac_sha256(extracted.view(), std::string(info) + '\x01'));
}

std::optional<SecretBytes> open_chacha20_poly1305(std::string_view key, std::string_view nonce, std::string_view sealed) {
  if (nonce.size() != 12 || sealed.size() < tag_bytes) return std::nullopt;
  const std::size_t size = sealed.size() - tag_bytes;
  return open_sealed(EVP_chacha20_poly1305(), {key, nonce, sealed.substr(0, size), sealed.substr(size), {}});
}

std::optional<SecretBytes> open_aes256_gcm(std::string_view key, std::string_view iv, std::string_view data,
                                           std::string_view tag, std::string_view additional) {
  if (iv.empty() || iv.size() > 64 || additional.size() > (1U << 20U)) return std::nullopt;
  return open_sealed(EVP_aes_256_gcm(), {key, iv, data, tag, additional});
}

Result<std::string> sign_rs256(std::string_view private_key_pem, std::string_view text) {
  const std::unique_ptr<BIO, FreeBio> bio(
      private_key_pem.size() < (1U << 20U)
          ? BIO_new_mem_buf(private_key_pem.data(), static_cast<int>(private_key_pem.size()))
          : nullptr);
  const Key key(bio == nullptr ? nullptr : PEM_read_bio_PrivateKey(bio.get(), nullptr, &no_passphrase, nullptr));
  if (key == nullptr || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA) {
    return Error(ErrorCode::invalid_input, "the private key cannot be read")
        .with_hint("it must be an RSA key in PEM, not encrypted, whole");
  }
  const std::unique_ptr<EVP_MD_CTX, FreeDigest> context(EVP_MD_CTX_new());
  std::size_t size = 0;
  bool good = context != nullptr && EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
              EVP_DigestSign(context.get(), nullptr, &size, raw(text), text.size()) == 1;
  std::string out(size, '\0');
  good = good && EVP_DigestSign(context.get(), raw(out), &size, raw(text), text.size()) == 1;
  if (!good) return Error(ErrorCode::internal, "the request for a token cannot be signed");
  out.resize(size);
  return out;
}

std::uint32_t crc32c(std::string_view bytes) noexcept {
  std::uint32_t sum = 0xFFFFFFFFU;
  for (const char byte : bytes) sum = crc_table[(sum ^ static_cast<unsigned char>(byte)) & 0xFFU] ^ (sum >> 8U);
  return sum ^ 0xFFFFFFFFU;
}

std::optional<std::string> strict_base64(std::string_view text, bool padded) {
  if (padded) {
    if (text.size() % 4 != 0) return std::nullopt;
    for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  }
  if (text.size() % 4 == 1) return std::nullopt;
  std::string out;
  out.reserve(text.size() / 4 * 3 + 2);
  unsigned bits = 0;
  unsigned held = 0;
  for (const char c : text) {
    const int digit = base64_digit(c);
    if (digit < 0) return std::nullopt;
    held = (held << 6U) | static_cast<unsigned>(digit);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out += static_cast<char>((held >> bits) & 0xFFU);
    }
    held &= (1U << bits) - 1;
  }
  if (held != 0) return std::nullopt;
  return out;
}

}  // namespace gitopsctl::channels::secrets
