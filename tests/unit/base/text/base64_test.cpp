#include <doctest/doctest.h>

#include <string>

#include "base/text/base64.hpp"

using namespace gitopsctl;

TEST_SUITE("base/text/base64") {
  TEST_CASE("the vectors of RFC 4648") {
    const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                           {"f", "Zg=="},
                                                           {"fo", "Zm8="},
                                                           {"foo", "Zm9v"},
                                                           {"foob", "Zm9vYg=="},
                                                           {"fooba", "Zm9vYmE="},
                                                           {"foobar", "Zm9vYmFy"}};
    for (const auto& [plain, coded] : vectors) {
      CHECK(encode_base64(plain) == coded);
      std::string out = "left";
      CHECK(decode_base64(coded, out));
      CHECK(out == plain);
    }
  }

  TEST_CASE("line breaks are skipped, everything else is an error that leaves the result alone") {
    std::string out;
    CHECK(decode_base64("Zm9v\r\nYg==\n", out));
    CHECK(out == "foob");
    for (const char* bad : {"Z", "Zg", "Zg=", "Zg===", "=", "Zg==Zg==", "Z=g=", "Zm9v Yg==", "Zm9-", "Zm9vY==="}) {
      CHECK_FALSE(decode_base64(bad, out));
    }
    CHECK(out == "foob");
  }
}
