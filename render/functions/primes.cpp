#include "render/functions/primes.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/budget/budget.hpp"
#include "base/crypto/digest.hpp"

namespace gitopsctl::render {
namespace {

// A search takes some milliseconds, and nothing of it is allocated by us.
constexpr std::uint64_t look_at_clock = 1ULL << 20U;

constexpr int strong_tests = 7;  // the first one alone, the others in pairs

// Numbers that a prime below this divides are not tried: eight of nine. A larger sieve costs what it saves.
constexpr std::uint32_t sieve_end = 1U << 14U;

std::vector<std::uint32_t> odd_primes_below(std::uint32_t end) {
  std::vector<bool> composite(end, false);
  std::vector<std::uint32_t> out;
  for (std::uint32_t n = 3; n < end; n += 2) {
    if (composite[n]) continue;
    out.push_back(n);
    for (std::uint64_t multiple = std::uint64_t{n} * n; multiple < end; multiple += std::uint64_t{2} * n)
      composite[multiple] = true;
  }
  return out;
}

const std::vector<std::uint32_t>& small_primes() {
  static const std::vector<std::uint32_t> primes = odd_primes_below(sieve_end);
  return primes;
}

/// One number in the strong test of Miller and Rabin.
class StrongTest {
 public:
  /// `number` is odd.
  StrongTest(const BIGNUM* number, BN_CTX* context)
      : number_(BN_dup(number)), before_(BN_dup(number)), exponent_(BN_new()), montgomery_(BN_MONT_CTX_new()) {
    BN_sub_word(before_.get(), 1);
    while (BN_is_bit_set(before_.get(), halvings_) == 0) ++halvings_;
    BN_rshift(exponent_.get(), before_.get(), halvings_);
    BN_MONT_CTX_set(montgomery_.get(), number, context);
  }

  struct Verdicts {
    bool first;
    bool second;
  };
  /// Test `a` of one number and test `b` of another one (or the same), which takes the time of one where the processor can.
  [[nodiscard]] static Verdicts two(const StrongTest& one, int a, const StrongTest& other, int b, BN_CTX* context) {
    budget_work(look_at_clock);
    const Number first(BN_new());
    const Number second(BN_new());
    const Number base = one.base(a, context);
    const Number other_base = other.base(b, context);
    // The function for secrets: what is tested becomes one.
    BN_mod_exp_mont_consttime_x2(first.get(), base.get(), one.exponent_.get(), one.number_.get(), one.montgomery_.get(),
                                 second.get(), other_base.get(), other.exponent_.get(), other.number_.get(),
                                 other.montgomery_.get(), context);
    return {.first = one.passes(first.get(), context), .second = other.passes(second.get(), context)};
  }

  /// The tests from `first` on.
  [[nodiscard]] bool passes_all(int first, BN_CTX* context) const {
    for (int test = first; test < strong_tests; test += 2) {
      const auto [one, other] = two(*this, test, *this, test + 1, context);
      if (!one || !other) return false;
    }
    return true;
  }

  [[nodiscard]] Number take() { return std::move(number_); }

 private:
  /// A number below this one that depends on it and on `index` alone: the same question has the same answer everywhere.
  [[nodiscard]] Number base(int index, BN_CTX* context) const {
    std::string bytes(static_cast<std::size_t>(BN_num_bytes(number_.get())), '\0');
    BN_bn2bin(number_.get(), reinterpret_cast<unsigned char*>(bytes.data()));
    std::string drawn;
    for (char part = 0; drawn.size() < bytes.size() + 8; ++part) {
      drawn += sha256(bytes + static_cast<char>(index) + part);
    }
    const Number wide(
        BN_bin2bn(reinterpret_cast<const unsigned char*>(drawn.data()), static_cast<int>(drawn.size()), nullptr));
    Number out(BN_new());
    BN_mod(out.get(), wide.get(), number_.get(), context);
    if (BN_is_zero(out.get()) == 1) BN_set_word(out.get(), 2);
    return out;
  }

  /// Whether `power`, a base to the power of the exponent, is what it is for primes.
  [[nodiscard]] bool passes(BIGNUM* power, BN_CTX* context) const {
    bool passed = BN_is_one(power) == 1 || BN_cmp(power, before_.get()) == 0;
    for (int i = 1; i < halvings_ && !passed; ++i) {
      BN_mod_sqr(power, power, number_.get(), context);
      passed = BN_cmp(power, before_.get()) == 0;
    }
    return passed;
  }

  Number number_;
  Number before_;  ///< the number less one: an odd exponent, doubled some times
  Number exponent_;
  int halvings_ = 0;
  Handle<BN_MONT_CTX, BN_MONT_CTX_free> montgomery_;
};

bool few_tests_will_do(const BIGNUM* number) {
  constexpr int enough_bits = 1024;
  return BN_num_bits(number) >= enough_bits;
}

/// For short numbers.
bool openssl_finds_prime(const BIGNUM* number, BN_CTX* context) {
  budget_work(look_at_clock);
  return BN_check_prime(number, context, nullptr) == 1;
}

/// The steps of a walk that no small prime divides.
std::vector<std::uint64_t> sieve(const BIGNUM* start, int steps) {
  std::vector<bool> composite(static_cast<std::size_t>(steps), false);
  for (const auto prime : small_primes()) {
    const auto rest = static_cast<std::uint32_t>(BN_mod_word(start, prime));
    // The smallest step s with start + 2 s divisible by the prime.
    const std::uint32_t missing = rest == 0 ? 0 : prime - rest;
    for (std::size_t step = missing % 2 == 0 ? missing / 2 : (missing + prime) / 2; step < composite.size(); step += prime) {
      composite[step] = true;
    }
  }
  std::vector<std::uint64_t> out;
  for (std::size_t step = 0; step < composite.size(); ++step) {
    if (!composite[step]) out.push_back(step);
  }
  return out;
}

Number step_from(const BIGNUM* start, std::uint64_t step) {
  Number out(BN_dup(start));
  BN_add_word(out.get(), 2 * step);
  return out;
}

}  // namespace

bool is_prime(const BIGNUM* number, BN_CTX* context) {
  for (const auto prime : small_primes()) {
    if (BN_mod_word(number, prime) == 0) return false;
  }
  if (!few_tests_will_do(number)) return openssl_finds_prime(number, context);
  return StrongTest(number, context).passes_all(0, context);
}

Number first_prime_from(const BIGNUM* start, int steps, BN_CTX* context) {
  const auto candidates = sieve(start, steps);
  for (std::size_t i = 0; i < candidates.size();) {
    Number candidate = step_from(start, candidates[i]);
    if (!few_tests_will_do(start)) {
      if (openssl_finds_prime(candidate.get(), context)) return candidate;
      ++i;
      continue;
    }
    StrongTest one(candidate.get(), context);
    StrongTest next(step_from(start, candidates[std::min(i + 1, candidates.size() - 1)]).get(), context);
    const auto [first, second] = StrongTest::two(one, 0, next, 0, context);
    if (first && one.passes_all(1, context)) return one.take();
    if (second && next.passes_all(1, context)) return next.take();
    i += 2;
  }
  return nullptr;
}

}  // namespace gitopsctl::render
