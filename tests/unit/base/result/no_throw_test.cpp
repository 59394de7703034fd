#include "base/result/no_throw.hpp"

#include <doctest/doctest.h>

#include <new>
#include <stdexcept>
#include <string>
#include <system_error>

using namespace gitopsctl;

TEST_SUITE("base/result/no_throw") {
  TEST_CASE("what is thrown becomes an error, what is returned stays") {
    const auto code_of = [](auto&& work) {
      const auto result = no_throw("the work", [&]() -> Result<int> {
        work();
        return 7;
      });
      return result.ok() ? std::to_string(*result) : std::string(code_name(result.error().code()));
    };
    CHECK(code_of([] {}) == "7");
    CHECK(code_of([] { throw std::bad_alloc(); }) == code_name(ErrorCode::unavailable));
    CHECK(code_of([] { throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again)); }) ==
          code_name(ErrorCode::unavailable));
    CHECK(code_of([] { throw std::logic_error("x"); }) == code_name(ErrorCode::internal));
    CHECK(code_of([] { throw 5; }) == code_name(ErrorCode::internal));
    const auto result = no_throw("the work", []() -> Result<void> { throw std::logic_error("because"); });
    CHECK(result.error().message() == "the work failed: because");
  }
}
