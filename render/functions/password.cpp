#include "render/functions/password.hpp"

#include <crypt.h>
#include <openssl/evp.h>

#include <array>
#include <memory>
#include <span>

#include "base/budget/budget.hpp"
#include "base/crypto/digest.hpp"
#include "render/functions/arguments.hpp"
#include "render/functions/openssl_handle.hpp"

namespace gitopsctl::render {
namespace {

// To be looked at before each: a tenth of a second in which nothing is allocated.
constexpr std::uint64_t slow_hash = 1ULL << 20U;

const unsigned char* bytes_of(std::string_view text) noexcept { return reinterpret_cast<const unsigned char*>(text.data()); }

std::string big_endian(std::uint64_t number) {
  std::string out;
  for (const unsigned shift : {24U, 16U, 8U, 0U}) out += static_cast<char>(number >> shift & 0xFFU);
  return out;
}

/// Which kinds of characters a password of a type has, in several patterns each (masterpassword.app, version 3).
struct PasswordType {
  std::string_view name;
  std::span<const std::string_view> patterns;
};
constexpr std::string_view maximum_patterns[] = {"anoxxxxxxxxxxxxxxxxx", "axxxxxxxxxxxxxxxxxno"};
constexpr std::string_view long_patterns[] = {
    "CvcvnoCvcvCvcv", "CvcvCvcvnoCvcv", "CvcvCvcvCvcvno", "CvccnoCvcvCvcv", "CvccCvcvnoCvcv", "CvccCvcvCvcvno",
    "CvcvnoCvccCvcv", "CvcvCvccnoCvcv", "CvcvCvccCvcvno", "CvcvnoCvcvCvcc", "CvcvCvcvnoCvcc", "CvcvCvcvCvccno",
    "CvccnoCvccCvcv", "CvccCvccnoCvcv", "CvccCvccCvcvno", "CvcvnoCvccCvcc", "CvcvCvccnoCvcc", "CvcvCvccCvccno",
    "CvccnoCvcvCvcc", "CvccCvcvnoCvcc", "CvccCvcvCvccno"};
constexpr std::string_view medium_patterns[] = {"CvcnoCvc", "CvcCvcno"};
constexpr std::string_view short_patterns[] = {"Cvcn"};
constexpr std::string_view basic_patterns[] = {"aaanaaan", "aannaaan", "aaannaaa"};
constexpr std::string_view pin_patterns[] = {"nnnn"};
constexpr PasswordType password_types[] = {
    {"maximum", maximum_patterns}, {"long", long_patterns},   {"medium", medium_patterns},
    {"short", short_patterns},     {"basic", basic_patterns}, {"pin", pin_patterns},
};

std::string_view characters_of(char kind) noexcept {
  switch (kind) {
    case 'V': return "AEIOU";
    case 'C': return "BCDFGHJKLMNPQRSTVWXYZ";
    case 'v': return "aeiou";
    case 'c': return "bcdfghjklmnpqrstvwxyz";
    case 'a': return "AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz";
    case 'n': return "0123456789";
    case 'o': return "@&%?,=[]_:-+*$#!'^~;()/.";
    default: return "AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()";
  }
}

std::string aes_key(std::string_view password) {
  std::string key(password.substr(0, 32));
  key.resize(32, '\0');
  return key;
}

/// One pass of AES-256-CBC over whole blocks.
Result<std::string> aes_cbc(const std::string& key, std::string_view iv, std::string_view in, bool encrypt) {
  const Handle<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free> context(EVP_CIPHER_CTX_new());
  std::string out(in.size() + 16, '\0');
  int length = 0;
  int last = 0;
  auto* target = reinterpret_cast<unsigned char*>(out.data());
  if (EVP_CipherInit_ex2(context.get(), EVP_aes_256_cbc(), bytes_of(key), bytes_of(iv), encrypt ? 1 : 0, nullptr) != 1 ||
      EVP_CIPHER_CTX_set_padding(context.get(), 0) != 1 ||
      EVP_CipherUpdate(context.get(), target, &length, bytes_of(in), static_cast<int>(in.size())) != 1 ||
      EVP_CipherFinal_ex(context.get(), target + length, &last) != 1) {
    return Error(ErrorCode::internal, "AES failed");
  }
  out.resize(static_cast<std::size_t>(length) + static_cast<std::size_t>(last));
  return out;
}

constexpr std::size_t aes_block = 16;

}  // namespace

Result<std::string> bcrypt_hash(std::string_view password, std::string_view salt) {
  // Only the first 72 bytes would count.
  if (password.size() > 72) return failure("bcrypt: password length exceeds 72 bytes");
  if (password.find('\0') != std::string_view::npos) {
    return Error(ErrorCode::unsupported, "bcrypt: passwords with a NUL byte are not supported");
  }
  budget_work(slow_hash);
  std::array<char, CRYPT_GENSALT_OUTPUT_SIZE> setting{};
  const auto data = std::make_unique<crypt_data>();
  const std::string text(password);
  if (crypt_gensalt_rn("$2a$", 10, salt.data(), static_cast<int>(salt.size()), setting.data(),
                       static_cast<int>(setting.size())) == nullptr) {
    return Error(ErrorCode::internal, "bcrypt: the salt was refused");
  }
  const char* hash = crypt_r(text.c_str(), setting.data(), data.get());
  if (hash == nullptr || hash[0] == '*') return Error(ErrorCode::internal, "bcrypt failed");
  return std::string(hash);
}

Result<std::string> derive_password(std::uint32_t counter, std::string_view type, std::string_view password,
                                    std::string_view user, std::string_view site) {
  const PasswordType* found = nullptr;
  for (const auto& candidate : password_types) {
    if (candidate.name == type) found = &candidate;
  }
  if (found == nullptr) return "cannot find password template " + std::string(type);

  const std::string scope = "com.lyndir.masterpassword";
  const std::string salt = scope + big_endian(user.size()) + std::string(user);
  std::string key(64, '\0');
  budget_work(slow_hash);
  constexpr std::uint64_t max_memory = 64ULL << 20U;  // N · r · 128 bytes are 32 MiB
  if (EVP_PBE_scrypt(password.data(), password.size(), bytes_of(salt), salt.size(), 32768, 8, 2, max_memory,
                     reinterpret_cast<unsigned char*>(key.data()), key.size()) != 1) {
    return Error(ErrorCode::internal, "scrypt failed");
  }
  const std::string seed = hmac_sha256(key, scope + big_endian(site.size()) + std::string(site) + big_endian(counter));
  const auto byte = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(seed[i])); };
  const auto pattern = found->patterns[byte(0) % found->patterns.size()];
  std::string out;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const auto characters = characters_of(pattern[i]);
    out += characters[byte(i + 1) % characters.size()];
  }
  return out;
}

Result<std::string> encrypt_aes(std::string_view password, std::string_view text, std::string_view iv) {
  std::string padded(text);
  const auto padding = aes_block - text.size() % aes_block;
  padded.append(padding, static_cast<char>(padding));
  GITOPSCTL_TRY(const auto encrypted, aes_cbc(aes_key(password), iv, padded, true));
  return base64_encode(std::string(iv) + encrypted);
}

Result<std::string> decrypt_aes(std::string_view password, std::string_view encoded) {
  GITOPSCTL_TRY(const auto bytes, base64_decode(encoded));
  if (bytes.size() < aes_block) {
    // Go decodes into as much as the text could hold.
    return failure("runtime error: slice bounds out of range [:16] with capacity " + std::to_string(encoded.size() / 4 * 3));
  }
  const std::string_view content = std::string_view(bytes).substr(aes_block);
  if (content.size() % aes_block != 0) return failure("crypto/cipher: input not full blocks");
  if (content.empty()) return failure("runtime error: index out of range [-1]");
  GITOPSCTL_TRY(auto text, aes_cbc(aes_key(password), std::string_view(bytes).substr(0, aes_block), content, false));
  // The padding is believed, as upstream does.
  const auto padding = static_cast<std::size_t>(static_cast<unsigned char>(text.back()));
  if (padding > text.size()) {
    return failure("runtime error: slice bounds out of range [:-" + std::to_string(padding - text.size()) + "]");
  }
  text.resize(text.size() - padding);
  return text;
}

}  // namespace gitopsctl::render
