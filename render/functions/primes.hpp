#pragma once

#include <openssl/bn.h>

#include "render/functions/openssl_handle.hpp"

/// Primes for keys. Pure but for the budget of the thread, which the search counts against; thread-safe.
namespace gitopsctl::render {

using Number = Handle<BIGNUM, BN_clear_free>;
using NumberContext = Handle<BN_CTX, BN_CTX_free>;

/// Whether `number`, which is odd and has at least 256 bits, is prime. For numbers that were drawn at random: such a one
/// that is none passes with a probability far below 2^-100. From 1024 bits on it is put to strong tests (Miller and Rabin)
/// with seven bases, where FIPS 186-5, table B.1, asks for five; below that OpenSSL decides.
[[nodiscard]] bool is_prime(const BIGNUM* number, BN_CTX* context);

/// The first prime of the numbers `start`, `start` + 2, …, at most `steps` of them; nullptr when there is none. `start` is
/// odd and has at least 256 bits.
[[nodiscard]] Number first_prime_from(const BIGNUM* start, int steps, BN_CTX* context);

}  // namespace gitopsctl::render
