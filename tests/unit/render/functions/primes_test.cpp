#include "render/functions/primes.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace gitopsctl::render;

namespace {

/// 2^power - minus
Number below_power(int power, BN_ULONG minus) {
  Number out(BN_new());
  BN_set_bit(out.get(), power);
  BN_sub_word(out.get(), minus);
  return out;
}

std::string hex(const BIGNUM* value) {
  char* text = BN_bn2hex(value);
  std::string out(text);
  OPENSSL_free(text);
  return out;
}

/// An odd number of that length, a different one for each seed.
Number odd(int bits, BN_ULONG seed) {
  Number out = below_power(bits, 1);
  BN_sub_word(out.get(), 0x9e3779b97f4a7c15UL * (seed + 1));
  Number factor(BN_new());
  BN_set_word(factor.get(), 0xbf58476d1ce4e5b9UL + seed);
  const NumberContext context(BN_CTX_new());
  BN_mul(out.get(), out.get(), factor.get(), context.get());
  BN_mask_bits(out.get(), bits);
  BN_set_bit(out.get(), bits - 1);
  BN_set_bit(out.get(), 0);
  return out;
}

}  // namespace

TEST_SUITE("primes") {
  TEST_CASE("a walk ends where one number after the other would") {
    const NumberContext context(BN_CTX_new());
    for (const int bits : {256, 512, 1024, 2048}) {
      for (BN_ULONG seed = 0; seed < (bits > 1024 ? 1U : 4U); ++seed) {
        CAPTURE(bits);
        const Number start = odd(bits, seed);
        Number expected(BN_dup(start.get()));
        while (BN_check_prime(expected.get(), context.get(), nullptr) != 1) BN_add_word(expected.get(), 2);
        const Number found = first_prime_from(start.get(), 20 * bits, context.get());
        REQUIRE(found != nullptr);
        CHECK(hex(found.get()) == hex(expected.get()));
        CHECK(is_prime(found.get(), context.get()));
        // It begins with the start itself.
        CHECK(hex(first_prime_from(found.get(), 1, context.get()).get()) == hex(found.get()));
        BN_add_word(expected.get(), 2);
        CHECK(first_prime_from(expected.get(), 0, context.get()) == nullptr);
      }
    }
  }

  TEST_CASE("known primes, and numbers that look like some") {
    const NumberContext context(BN_CTX_new());
    // 2^521 - 1, 2^1279 - 1 and 2^2203 - 1 are prime; one bit more or less is not.
    for (const int power : {521, 1279, 2203}) CHECK(is_prime(below_power(power, 1).get(), context.get()));
    for (const int power : {523, 1277, 2205}) CHECK_FALSE(is_prime(below_power(power, 1).get(), context.get()));
    // 2^1024 - 105 is the largest prime of 1024 bits.
    const Number largest = below_power(1024, 105);
    CHECK(is_prime(largest.get(), context.get()));
    for (BN_ULONG minus = 1; minus < 105; minus += 2) {
      CHECK_FALSE(is_prime(below_power(1024, minus).get(), context.get()));
    }
    // A product of two large primes has no small factor.
    Number product(BN_new());
    BN_mul(product.get(), largest.get(), below_power(521, 1).get(), context.get());
    CHECK_FALSE(is_prime(product.get(), context.get()));
    BN_sqr(product.get(), largest.get(), context.get());
    CHECK_FALSE(is_prime(product.get(), context.get()));
  }

  TEST_CASE("numbers that pass Fermat's test to every base do not pass") {
    const NumberContext context(BN_CTX_new());
    // (6k+1)(12k+1)(18k+1) with all three prime: a number of Carmichael.
    Number k = below_power(350, 1);
    Number one(BN_new());
    Number two(BN_new());
    Number three(BN_new());
    const auto times = [&](Number& out, BN_ULONG factor) {
      BN_copy(out.get(), k.get());
      BN_mul_word(out.get(), factor);
      BN_add_word(out.get(), 1);
      return BN_check_prime(out.get(), context.get(), nullptr) == 1;
    };
    while (!(times(one, 6) && times(two, 12) && times(three, 18))) BN_add_word(k.get(), 1);
    Number product(BN_new());
    BN_mul(product.get(), one.get(), two.get(), context.get());
    BN_mul(product.get(), product.get(), three.get(), context.get());
    REQUIRE(BN_num_bits(product.get()) >= 1024);
    CHECK_FALSE(is_prime(product.get(), context.get()));
  }
}
