#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include <initializer_list>
#include <utility>

#include "render/functions/arguments.hpp"
#include "render/functions/certificate.hpp"
#include "render/functions/openssl_handle.hpp"
#include "render/functions/primes.hpp"

namespace gitopsctl::render {

void FreeKey::operator()(evp_pkey_st* key) const noexcept { EVP_PKEY_free(key); }

namespace {

using Bio = Handle<BIO, BIO_free_all>;

Error key_failure(std::string_view step) {
  return {ErrorCode::internal, "making a private key failed: " + std::string(step)};
}

Number random_number(RandomSource& random, int bits) {
  const auto bytes = random.bytes(static_cast<std::size_t>(bits) / 8);
  return Number(BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()), nullptr));
}

/// A number in [1, limit), even enough: 64 bits more than the limit has are reduced.
Number random_below(RandomSource& random, const BIGNUM* limit, BN_CTX* context) {
  Number wide = random_number(random, (BN_num_bits(limit) + 7) / 8 * 8 + 64);
  Number range(BN_dup(limit));
  Number out(BN_new());
  BN_sub_word(range.get(), 1);
  BN_mod(out.get(), wide.get(), range.get(), context);
  BN_add_word(out.get(), 1);
  return out;
}

/// A prime of exactly `bits` bits with the two highest set, so that a product of two has twice the length.
Number random_prime(RandomSource& random, int bits, BN_CTX* context) {
  for (;;) {
    Number candidate = random_number(random, bits);
    BN_set_bit(candidate.get(), bits - 1);
    BN_set_bit(candidate.get(), bits - 2);
    BN_set_bit(candidate.get(), 0);
    // A walk from a random start: cheaper than fresh numbers, and the gaps between primes are short against their length.
    Number prime = first_prime_from(candidate.get(), 20 * bits, context);
    if (prime != nullptr && BN_num_bits(prime.get()) == bits) return prime;
  }
}

struct NamedNumber {
  const char* name;
  const BIGNUM* number;
};

/// A key from its numbers.
Result<PrivateKey> key_from_numbers(const char* type, const char* group, std::initializer_list<NamedNumber> numbers,
                                    const std::string& public_point = {}) {
  const Handle<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free> builder(OSSL_PARAM_BLD_new());
  if (group != nullptr) OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, group, 0);
  for (const auto& [name, number] : numbers) OSSL_PARAM_BLD_push_BN(builder.get(), name, number);
  if (!public_point.empty()) {
    OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, public_point.data(), public_point.size());
  }
  const Handle<OSSL_PARAM, OSSL_PARAM_free> parameters(OSSL_PARAM_BLD_to_param(builder.get()));
  const Handle<EVP_PKEY_CTX, EVP_PKEY_CTX_free> context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (context == nullptr || parameters == nullptr || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_KEYPAIR, parameters.get()) != 1) {
    return key_failure(type);
  }
  return PrivateKey(key);
}

Result<PrivateKey> make_rsa(RandomSource& random, int bits) {
  const NumberContext context(BN_CTX_new());
  Number e(BN_new());
  BN_set_word(e.get(), 65537);
  for (;;) {
    Number p = random_prime(random, bits / 2, context.get());
    Number q = random_prime(random, bits / 2, context.get());
    if (BN_cmp(p.get(), q.get()) == 0) continue;
    if (BN_cmp(p.get(), q.get()) < 0) std::swap(p, q);
    Number n(BN_new());
    Number p1(BN_dup(p.get()));
    Number q1(BN_dup(q.get()));
    Number phi(BN_new());
    BN_sub_word(p1.get(), 1);
    BN_sub_word(q1.get(), 1);
    BN_mul(n.get(), p.get(), q.get(), context.get());
    BN_mul(phi.get(), p1.get(), q1.get(), context.get());
    const Number d(BN_mod_inverse(nullptr, e.get(), phi.get(), context.get()));
    if (d == nullptr) continue;  // e divides p - 1 or q - 1
    Number dp(BN_new());
    Number dq(BN_new());
    BN_mod(dp.get(), d.get(), p1.get(), context.get());
    BN_mod(dq.get(), d.get(), q1.get(), context.get());
    const Number inverse(BN_mod_inverse(nullptr, q.get(), p.get(), context.get()));
    return key_from_numbers("RSA", nullptr,
                            {{OSSL_PKEY_PARAM_RSA_N, n.get()},
                             {OSSL_PKEY_PARAM_RSA_E, e.get()},
                             {OSSL_PKEY_PARAM_RSA_D, d.get()},
                             {OSSL_PKEY_PARAM_RSA_FACTOR1, p.get()},
                             {OSSL_PKEY_PARAM_RSA_FACTOR2, q.get()},
                             {OSSL_PKEY_PARAM_RSA_EXPONENT1, dp.get()},
                             {OSSL_PKEY_PARAM_RSA_EXPONENT2, dq.get()},
                             {OSSL_PKEY_PARAM_RSA_COEFFICIENT1, inverse.get()}});
  }
}

Result<PrivateKey> make_p256(RandomSource& random) {
  const NumberContext context(BN_CTX_new());
  const Handle<EC_GROUP, EC_GROUP_free> group(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1));
  const Number secret = random_below(random, EC_GROUP_get0_order(group.get()), context.get());
  const Handle<EC_POINT, EC_POINT_free> point(EC_POINT_new(group.get()));
  std::string encoded(65, '\0');
  if (EC_POINT_mul(group.get(), point.get(), secret.get(), nullptr, nullptr, context.get()) != 1 ||
      EC_POINT_point2oct(group.get(), point.get(), POINT_CONVERSION_UNCOMPRESSED,
                         reinterpret_cast<unsigned char*>(encoded.data()), encoded.size(),
                         context.get()) != encoded.size()) {
    return key_failure("P-256");
  }
  return key_from_numbers("EC", "prime256v1", {{OSSL_PKEY_PARAM_PRIV_KEY, secret.get()}}, encoded);
}

Result<PrivateKey> make_ed25519(RandomSource& random) {
  const auto seed = random.bytes(32);
  PrivateKey key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, reinterpret_cast<const unsigned char*>(seed.data()),
                                              seed.size()));
  if (key == nullptr) return key_failure("Ed25519");
  return key;
}

/// FIPS 186: a prime q of 256 bits, a prime p of 2048 bits with q dividing p - 1, and a generator of that subgroup.
Result<PrivateKey> make_dsa(RandomSource& random) {
  constexpr int p_bits = 2048;
  const NumberContext context(BN_CTX_new());
  const Number q = random_prime(random, 256, context.get());
  Number q2(BN_new());
  Number p(BN_new());
  Number rest(BN_new());
  BN_lshift1(q2.get(), q.get());
  do {
    p = random_number(random, p_bits);
    BN_set_bit(p.get(), p_bits - 1);
    BN_mod(rest.get(), p.get(), q2.get(), context.get());
    BN_sub(p.get(), p.get(), rest.get());
    BN_add_word(p.get(), 1);
  } while (BN_num_bits(p.get()) != p_bits || !is_prime(p.get(), context.get()));
  Number exponent(BN_new());
  Number g(BN_new());
  Number h(BN_new());
  BN_sub(exponent.get(), p.get(), BN_value_one());
  BN_div(exponent.get(), nullptr, exponent.get(), q.get(), context.get());
  BN_set_word(h.get(), 1);
  do {
    BN_add_word(h.get(), 1);
    BN_mod_exp(g.get(), h.get(), exponent.get(), p.get(), context.get());
  } while (BN_is_one(g.get()) == 1);
  const Number x = random_below(random, q.get(), context.get());
  Number y(BN_new());
  BN_mod_exp(y.get(), g.get(), x.get(), p.get(), context.get());
  return key_from_numbers("DSA", nullptr,
                          {{OSSL_PKEY_PARAM_FFC_P, p.get()},
                           {OSSL_PKEY_PARAM_FFC_Q, q.get()},
                           {OSSL_PKEY_PARAM_FFC_G, g.get()},
                           {OSSL_PKEY_PARAM_PUB_KEY, y.get()},
                           {OSSL_PKEY_PARAM_PRIV_KEY, x.get()}});
}

/// Answers a question for a passphrase with "none", instead of asking at the terminal.
int no_passphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*data*/) { return -1; }

}  // namespace

Result<PrivateKey> make_private_key(KeyKind kind, RandomSource& random) {
  switch (kind) {
    case KeyKind::rsa2048: return make_rsa(random, 2048);
    case KeyKind::rsa4096: return make_rsa(random, 4096);
    case KeyKind::ecdsa_p256: return make_p256(random);
    case KeyKind::ed25519: return make_ed25519(random);
    case KeyKind::dsa2048: return make_dsa(random);
  }
  return key_failure("unknown kind");
}

Result<PrivateKey> read_private_key(std::string_view pem) {
  if (pem.find("-----BEGIN ") == std::string_view::npos) return failure("no PEM data in input");
  const Bio in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  PrivateKey key(PEM_read_bio_PrivateKey(in.get(), nullptr, no_passphrase, nullptr));
  if (key == nullptr) return failure("the PEM data holds no private key that can be read");
  return key;
}

Result<std::string> write_private_key(const PrivateKey& key) {
  const Bio out(BIO_new(BIO_s_mem()));
  const bool modern = EVP_PKEY_get_base_id(key.get()) == EVP_PKEY_ED25519;
  const int written =
      modern ? PEM_write_bio_PKCS8PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr)
             : PEM_write_bio_PrivateKey_traditional(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  if (written != 1 || size <= 0) return Error(ErrorCode::internal, "writing a private key as PEM failed");
  return std::string(data, static_cast<std::size_t>(size));
}

}  // namespace gitopsctl::render
