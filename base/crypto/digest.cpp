#include "base/crypto/digest.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/sha.h>
#include <sys/random.h>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <mutex>

namespace gitopsctl {

namespace {

const unsigned char* as_bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

constexpr std::string_view base64_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int base64_digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  if (c == '/') return 63;
  return -1;
}

Error bad_base64(std::size_t offset) {
  return {ErrorCode::invalid_input, "illegal base64 data at input byte " + std::to_string(offset)};
}

// OpenSSL finds methods by their names, for which it sets up all of its providers: a millisecond in a program that renders
// one chart in five and wants one hash. The functions below, which it calls deprecated, are the methods themselves.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

template <class Context, int (*init)(Context*), int (*update)(Context*, const void*, std::size_t),
          int (*final)(unsigned char*, Context*), std::size_t length>
std::string hash(std::string_view bytes) {
  Context context;
  std::string out(length, '\0');
  init(&context);
  update(&context, bytes.data(), bytes.size());
  final(reinterpret_cast<unsigned char*>(out.data()), &context);
  return out;
}

constexpr auto hash_sha1 = hash<SHA_CTX, SHA1_Init, SHA1_Update, SHA1_Final, SHA_DIGEST_LENGTH>;
constexpr auto hash_sha256 = hash<SHA256_CTX, SHA256_Init, SHA256_Update, SHA256_Final, SHA256_DIGEST_LENGTH>;
constexpr auto hash_sha512 = hash<SHA512_CTX, SHA512_Init, SHA512_Update, SHA512_Final, SHA512_DIGEST_LENGTH>;

void begin(SHA256_CTX& context) { SHA256_Init(&context); }
void add_to(SHA256_CTX& context, std::string_view bytes) { SHA256_Update(&context, bytes.data(), bytes.size()); }
std::string end(SHA256_CTX& context) {
  std::string out(SHA256_DIGEST_LENGTH, '\0');
  SHA256_Final(reinterpret_cast<unsigned char*>(out.data()), &context);
  return out;
}

#pragma GCC diagnostic pop

struct FreeMac {
  void operator()(EVP_MAC_CTX* context) const noexcept { EVP_MAC_CTX_free(context); }
};

/// An HMAC with SHA-256 that has no key yet.
std::unique_ptr<EVP_MAC_CTX, FreeMac> new_hmac() {
  static const EVP_MAC_CTX* const keyless = [] {
    EVP_MAC* method = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
    EVP_MAC_CTX* made = method == nullptr ? nullptr : EVP_MAC_CTX_new(method);
    std::string digest = "SHA256";
    const OSSL_PARAM settings[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), digest.size()),
                                   OSSL_PARAM_construct_end()};
    if (made == nullptr || EVP_MAC_CTX_set_params(made, settings) != 1) std::abort();
    EVP_MAC_free(method);  // the context keeps it
    return made;
  }();
  return std::unique_ptr<EVP_MAC_CTX, FreeMac>(EVP_MAC_CTX_dup(keyless));
}

}  // namespace

std::string hex_encode(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += digits[byte >> 4U];
    out += digits[byte & 15U];
  }
  return out;
}

std::string sha256(std::string_view bytes) { return hash_sha256(bytes); }

std::string sha256_hex(std::string_view bytes) { return hex_encode(sha256(bytes)); }

std::string sha1_hex(std::string_view bytes) { return hex_encode(hash_sha1(bytes)); }

std::string sha512_hex(std::string_view bytes) { return hex_encode(hash_sha512(bytes)); }

std::string hmac_sha256(std::string_view key, std::string_view bytes) {
  std::string out(SHA256_DIGEST_LENGTH, '\0');
  // An empty key must still be a pointer to something.
  static const unsigned char nothing = 0;
  const unsigned char* key_data = key.empty() ? &nothing : as_bytes(key);
  const auto context = new_hmac();
  std::size_t size = 0;
  const bool done = context && EVP_MAC_init(context.get(), key_data, key.size(), nullptr) == 1 &&
                    EVP_MAC_update(context.get(), as_bytes(bytes), bytes.size()) == 1 &&
                    EVP_MAC_final(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size, out.size()) == 1;
  if (!done) std::abort();  // only out of memory can get here
  return out;
}

std::string hmac_sha256_hex(std::string_view key, std::string_view bytes) { return hex_encode(hmac_sha256(key, bytes)); }

struct Sha256::State {
  SHA256_CTX context;
  State() { begin(context); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::add(std::string_view bytes) { add_to(state_->context, bytes); }

void Sha256::add_field(std::string_view bytes) {
  add(std::to_string(bytes.size()) + ':');
  add(bytes);
}

std::string Sha256::hex() { return hex_encode(end(state_->context)); }

std::string base64_encode(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto byte = [&](std::size_t at) -> unsigned {
      return at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0U;
    };
    const unsigned group = (byte(i) << 16U) | (byte(i + 1) << 8U) | byte(i + 2);
    out += base64_alphabet[(group >> 18U) & 63U];
    out += base64_alphabet[(group >> 12U) & 63U];
    out += i + 1 < bytes.size() ? base64_alphabet[(group >> 6U) & 63U] : '=';
    out += i + 2 < bytes.size() ? base64_alphabet[group & 63U] : '=';
  }
  return out;
}

Result<std::string> base64_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size() / 4 * 3);
  unsigned group = 0;
  int digits = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n' || c == '\r') continue;
    if (c == '=') {
      // Padding: two or three digits before it, the right number of '=', and nothing after it but line breaks.
      if (digits < 2) return bad_base64(i);
      std::size_t at = i + 1;
      const auto skip_breaks = [&] {
        while (at < text.size() && (text[at] == '\n' || text[at] == '\r')) ++at;
      };
      if (digits == 2) {
        skip_breaks();
        if (at == text.size()) return bad_base64(text.size());
        if (text[at] != '=') return bad_base64(at - 1);  // Go's own counting
        ++at;
      }
      skip_breaks();
      if (at != text.size()) return bad_base64(at);
      out += static_cast<char>((digits == 2 ? group >> 4U : group >> 10U) & 255U);
      if (digits == 3) out += static_cast<char>((group >> 2U) & 255U);
      return out;
    }
    const int digit = base64_digit(c);
    if (digit < 0) return bad_base64(i);
    group = (group << 6U) | static_cast<unsigned>(digit);
    if (++digits == 4) {
      out += static_cast<char>((group >> 16U) & 255U);
      out += static_cast<char>((group >> 8U) & 255U);
      out += static_cast<char>(group & 255U);
      group = 0;
      digits = 0;
    }
  }
  // Go names the start of the unfinished group.
  if (digits != 0) return bad_base64(text.size() - static_cast<std::size_t>(digits));
  return out;
}

std::string random_bytes(std::size_t count) {
  // The kernel's own generator: OpenSSL's, which is fed by it, takes a millisecond to begin with.
  std::string out(count, '\0');
  for (std::size_t at = 0; at < count;) {
    const auto got = ::getrandom(out.data() + at, count - at, 0);
    if (got < 0 && errno != EINTR) std::abort();  // without random numbers nothing here may go on
    if (got > 0) at += static_cast<std::size_t>(got);
  }
  return out;
}

bool constant_time_equal(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

namespace {

// Crockford's alphabet; 10 characters of time, 16 of randomness.
constexpr std::string_view ulid_alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::size_t ulid_time = 10;

/// The random digits plus one, so that the next of the same millisecond sorts behind the one before.
void count_up(std::string& ulid) {
  for (std::size_t i = ulid.size(); i-- > ulid_time;) {
    const std::size_t digit = ulid_alphabet.find(ulid[i]);
    ulid[i] = ulid_alphabet[(digit + 1) % ulid_alphabet.size()];
    if (digit + 1 < ulid_alphabet.size()) return;
  }
}

}  // namespace

std::string make_ulid(std::int64_t now_ms) {
  static std::mutex guard;
  static std::string last;
  std::string out(26, '0');
  auto time = static_cast<std::uint64_t>(now_ms);
  for (std::size_t i = ulid_time; i-- > 0;) {
    out[i] = ulid_alphabet[time & 31U];
    time >>= 5U;
  }
  const std::lock_guard lock(guard);
  if (last.compare(0, ulid_time, out, 0, ulid_time) == 0) {
    count_up(last);
    return last;
  }
  const std::string noise = random_bytes(out.size() - ulid_time);
  for (std::size_t i = 0; i < noise.size(); ++i) {
    out[ulid_time + i] = ulid_alphabet[static_cast<unsigned char>(noise[i]) & 31U];
  }
  last = out;
  return out;
}

}  // namespace gitopsctl
