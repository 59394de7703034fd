#include "channels/git/pkt_line.hpp"

#include <doctest/doctest.h>

using namespace gitopsctl;
using namespace gitopsctl::channels::git;

TEST_SUITE("git/pkt_line") {
  TEST_CASE("what is written is read back, in pieces of any size") {
    std::string bytes;
    append_pkt(bytes, "first\n");
    append_delimiter(bytes);
    append_pkt(bytes, "");
    append_pkt(bytes, std::string(max_pkt_bytes - 4, 'x'));
    append_flush(bytes);
    for (const std::size_t step : {std::size_t{1}, std::size_t{3}, std::size_t{1000}, bytes.size()}) {
      PktReader reader;
      std::string seen;
      for (std::size_t at = 0; at < bytes.size(); at += step) {
        reader.feed(std::string_view(bytes).substr(at, step));
        for (;;) {
          const auto pkt = reader.next();
          REQUIRE(pkt.ok());
          if (!*pkt) break;
          seen += std::to_string(static_cast<int>((*pkt)->kind)) + ":" + std::to_string((*pkt)->payload.size()) + " ";
        }
      }
      CHECK(seen == "0:6 2:0 0:0 0:65516 1:0 ");
      CHECK(reader.drained());
    }
  }

  TEST_CASE("a line gives up one newline only") {
    CHECK(Pkt{PktKind::line, "a\n\n"}.text() == "a\n");
    CHECK(Pkt{PktKind::line, "a"}.text() == "a");
  }

  TEST_CASE("what is no packet is an error that shows the bytes safely") {
    for (const auto* bad : {"<html>", "0003", "fff1x", "-001", "\x1b[2Jxx"}) {
      PktReader reader;
      reader.feed(bad);
      const auto pkt = reader.next();
      REQUIRE_FALSE(pkt.ok());
      CHECK(pkt.error().code() == ErrorCode::unavailable);
      CHECK(pkt.error().message().find('\x1b') == std::string::npos);
      CHECK_FALSE(reader.next().ok());
    }
  }
}
