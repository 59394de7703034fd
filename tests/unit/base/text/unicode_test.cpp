#include "base/text/unicode.hpp"

#include <doctest/doctest.h>

using namespace gitopsctl;

TEST_SUITE("text/unicode") {
  TEST_CASE("properties and mappings of every character equal Go's") {
    // FNV-1a over the properties and mappings of all characters, computed by a Go 1.27 program with packages unicode and
    // strconv.
    std::uint64_t hash = 14695981039346656037U;
    const auto add = [&](std::uint32_t value) {
      for (unsigned i = 0; i < 4; ++i) {
        hash ^= (value >> (8 * i)) & 255U;
        hash *= 1099511628211U;
      }
    };
    for (char32_t rune = 0; rune <= 0x10FFFF; ++rune) {
      if (rune >= 0xD800 && rune <= 0xDFFF) continue;
      unsigned bits = 0;
      unsigned bit = 1;
      for (const bool has : {is_letter(rune), is_upper(rune), is_lower(rune), is_title(rune), is_number(rune),
                             is_digit(rune), is_punct(rune), is_space(rune), is_print(rune)}) {
        if (has) bits |= bit;
        bit <<= 1U;
      }
      add(bits);
      add(to_upper(rune));
      add(to_lower(rune));
      add(to_title(rune));
    }
    CHECK(hash == 1087547082910222705U);
  }

  TEST_CASE("texts") {
    CHECK(to_upper(std::string_view("straße ñ ǆ")) == "STRAßE Ñ Ǆ");
    CHECK(to_lower(std::string_view("ÀÉ ΑΣ")) == "àé ασ");
    CHECK(to_upper(std::string_view("a\xff")) == "A\xef\xbf\xbd");
    CHECK(trim_space(" \t\xc2\xa0x y\xe3\x80\x80\n") == "x y");
    CHECK(trim_space("\xc2\xa0").empty());
    CHECK(trim_space("x\x80") == "x\x80");
    CHECK(from_runes(to_runes("a\xffé")) == "a\xef\xbf\xbdé");
  }
}
