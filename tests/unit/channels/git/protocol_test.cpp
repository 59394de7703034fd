#include "channels/git/protocol.hpp"

#include <doctest/doctest.h>

#include "channels/git/ref_name.hpp"

using namespace gitopsctl;
using namespace gitopsctl::channels::git;

namespace {

const std::string id_a(40, 'a');
const std::string id_b(40, 'b');
const std::string id_c(40, 'c');

std::string lines(const std::vector<std::string>& payloads, bool flush = true) {
  std::string out;
  for (const auto& payload : payloads) append_pkt(out, payload);
  if (flush) append_flush(out);
  return out;
}

std::string advertised(const std::vector<std::string>& payloads) {
  return lines({"# service=git-upload-pack\n"}) + lines(payloads);
}

}  // namespace

TEST_SUITE("git/protocol") {
  TEST_CASE("a version 2 advertisement gives capabilities with their values") {
    const auto read = parse_advertisement(advertised({"version 2\n", "agent=git/2.39\n", "ls-refs=unborn\n",
                                                      "fetch=shallow filter\n", "object-format=sha1\n"}),
                                          "git-upload-pack");
    REQUIRE(read.ok());
    CHECK(read->version == 2);
    CHECK(read->capabilities.at("fetch") == "shallow filter");
    CHECK(read->refs.empty());
  }

  TEST_CASE("a version 0 advertisement gives refs, peeled tags and the default branch") {
    const auto read = parse_advertisement(
        advertised({id_a + " HEAD" + std::string(1, '\0') + "side-band-64k symref=HEAD:refs/heads/main ofs-delta\n",
                    id_a + " refs/heads/main\n", id_b + " refs/tags/v1\n", id_c + " refs/tags/v1^{}\n"}),
        "git-upload-pack");
    REQUIRE(read.ok());
    CHECK(read->version == 0);
    REQUIRE(read->refs.size() == 3);
    CHECK(read->refs[0].symref == "refs/heads/main");
    CHECK(read->refs[2].name == "refs/tags/v1");
    CHECK(read->refs[2].peeled == id_c);
    CHECK(read->capabilities.contains("ofs-delta"));
  }

  TEST_CASE("an empty version 0 repository has no refs") {
    const auto read = parse_advertisement(
        advertised({std::string(zero_id) + " capabilities^{}" + std::string(1, '\0') + "report-status delete-refs\n"}),
        "git-upload-pack");
    REQUIRE(read.ok());
    CHECK(read->refs.empty());
    CHECK(read->capabilities.contains("delete-refs"));
  }

  TEST_CASE("SHA-256 repositories are refused as unsupported, in both versions") {
    const auto v2 = parse_advertisement(advertised({"version 2\n", "ls-refs\n", "fetch\n", "object-format=sha256\n"}),
                                        "git-upload-pack");
    REQUIRE_FALSE(v2.ok());
    CHECK(v2.error().code() == ErrorCode::unsupported);
    const auto v0 = parse_advertisement(
        advertised({std::string(64, 'a') + " HEAD" + std::string(1, '\0') + "object-format=sha256\n"}), "git-upload-pack");
    REQUIRE_FALSE(v0.ok());
    CHECK(v0.error().code() == ErrorCode::unsupported);
  }

  TEST_CASE("every proper beginning of an advertisement or a listing is an error, never a shorter list") {
    const std::string whole =
        advertised({id_a + " refs/heads/a" + std::string(1, '\0') + "ofs-delta\n", id_b + " refs/heads/b\n"});
    REQUIRE(parse_advertisement(whole, "git-upload-pack").ok());
    for (std::size_t size = 0; size < whole.size(); ++size) {
      CHECK_FALSE(parse_advertisement(std::string_view(whole).substr(0, size), "git-upload-pack").ok());
    }
    const std::string listing = lines({id_a + " refs/heads/a\n", id_b + " refs/heads/b\n"});
    REQUIRE(parse_ls_refs(listing).ok());
    for (std::size_t size = 0; size < listing.size(); ++size) {
      CHECK_FALSE(parse_ls_refs(std::string_view(listing).substr(0, size)).ok());
    }
  }

  TEST_CASE("ls-refs: attributes are read, and an unborn HEAD has no id") {
    const auto refs =
        parse_ls_refs(lines({"unborn HEAD symref-target:refs/heads/main\n", id_a + " refs/tags/v1 peeled:" + id_b + "\n"}));
    REQUIRE(refs.ok());
    REQUIRE(refs->size() == 2);
    CHECK((*refs)[0].id.empty());
    CHECK((*refs)[0].symref == "refs/heads/main");
    CHECK((*refs)[1].peeled == id_b);
    CHECK_FALSE(parse_ls_refs(lines({"nonsense\n"})).ok());
    CHECK_FALSE(parse_ls_refs(lines({id_a + " refs/tags/v1 peeled:xyz\n"})).ok());
  }

  TEST_CASE("ls-refs: what the server itself reports is shown without control characters") {
    const auto refs = parse_ls_refs(lines({"ERR \x1b[31mno\n"}));
    REQUIRE_FALSE(refs.ok());
    CHECK(refs.error().message().find('\x1b') == std::string::npos);
    CHECK(refs.error().message().find("no") != std::string::npos);
  }

  TEST_CASE("requests ask only for what the server offers") {
    const std::string old_server = ls_refs_request({{"ls-refs", ""}, {"fetch", ""}}, {"refs/heads/"});
    CHECK(old_server == "0014command=ls-refs\n00010009peel\n000csymrefs\n001bref-prefix refs/heads/\n0000");
    const std::string fetch = fetch_request_v0({{"side-band-64k", ""}}, {id_a, id_b}, {id_c});
    CHECK(fetch == "0040want " + id_a + " side-band-64k\n0032want " + id_b + "\n00000032have " + id_c + "\n0009done\n");
  }

  TEST_CASE("the pack is taken out of what wraps it") {
    std::string got;
    const auto take = [&got](std::string_view piece) -> Result<void> {
      got += piece;
      return {};
    };
    const std::string v2 = lines({"packfile\n", "\x02progress", "\x01PACK", "\x01 rest"});
    for (const std::size_t step : {std::size_t{1}, std::size_t{7}, v2.size()}) {
      got.clear();
      PackDemux demux(2, true, take);
      for (std::size_t at = 0; at < v2.size(); at += step) CHECK(demux.feed(std::string_view(v2).substr(at, step)).ok());
      CHECK(demux.finish().ok());
      CHECK(got == "PACK rest");
    }
    got.clear();
    PackDemux v0(0, true, take);
    CHECK(v0.feed(lines({"ACK " + id_a + "\n", "\x01PACK"})).ok());
    CHECK(v0.finish().ok());
    CHECK(got == "PACK");

    PackDemux early(2, true, take);
    CHECK(early.feed(lines({"packfile\n", "\x01PACK"}, false)).ok());
    CHECK_FALSE(early.finish().ok());
    PackDemux fatal(2, true, take);
    CHECK_FALSE(fatal
                    .feed(lines({"packfile\n",
                                 "\x03"
                                 "disk on fire\n"}))
                    .ok());
    PackDemux shallow(2, true, take);
    const auto refused = shallow.feed(lines({"shallow-info\n"}));
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code() == ErrorCode::unsupported);
  }

  TEST_CASE("bytes after the end of a pack are refused and not kept") {
    std::string got;
    const auto take = [&got](std::string_view piece) -> Result<void> {
      got += piece;
      return {};
    };
    const std::string whole = lines({"packfile\n", "\x01PACK"});
    PackDemux later(2, true, take);
    REQUIRE(later.feed(whole).ok());
    CHECK(later.feed("").ok());
    CHECK(later.finish().ok());
    // One piece is enough to say no; without that a server could fill the memory behind the sink's limits.
    const auto refused = later.feed(std::string(std::size_t{1} << 20U, '\0'));
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code() == ErrorCode::unavailable);
    PackDemux together(2, true, take);
    CHECK_FALSE(together.feed(whole + "0").ok());
    CHECK(got == "PACKPACK");
  }

  TEST_CASE("the report of a push is read with and without bands") {
    const std::string plain = lines({"unpack ok\n", "ok refs/heads/a\n", "ng refs/heads/b failed to update ref\n"});
    std::string banded;
    append_pkt(banded, "\x02hook says no\n");
    append_pkt(banded, "\x01" + plain);
    append_flush(banded);
    for (const bool sideband : {false, true}) {
      const auto report = parse_push_report(sideband ? banded : plain, sideband);
      REQUIRE(report.ok());
      CHECK(report->unpack == "ok");
      CHECK(report->accepted.contains("refs/heads/a"));
      CHECK(report->refused.at("refs/heads/b") == "failed to update ref");
      CHECK((report->progress == (sideband ? "hook says no\n" : "")));
    }
    CHECK_FALSE(parse_push_report(lines({"ok refs/heads/a\n"}), false).ok());
    CHECK_FALSE(parse_push_report("", true).ok());
  }

  TEST_CASE("the head of a push carries one command") {
    const std::string head = push_request_head({{"report-status", ""}, {"atomic", ""}}, {"refs/heads/x", id_a, id_b});
    CHECK(head == "0071" + id_a + " " + id_b + " refs/heads/x" + std::string(1, '\0') + " report-status" + "0000");
  }

  TEST_CASE("names that could do harm are not safe") {
    for (const auto* good :
         {"refs/heads/main", "refs/heads/feature/x-1", "refs/heads/ünï", "refs/pull/1/head", "refs/heads/a@b"}) {
      CHECK_MESSAGE(is_safe_ref_name(good), good);
    }
    for (const auto* bad : {"",
                            "HEAD",
                            "refs",
                            "refs/",
                            "refs/heads/",
                            "refs/heads//x",
                            "refs/heads/-x",
                            "refs/heads/a/-x",
                            "refs/heads/.x",
                            "refs/heads/x.",
                            "refs/heads/x.lock",
                            "refs/heads/x.lock/y",
                            "refs/heads/a..b",
                            "refs/heads/a b",
                            "refs/heads/a~1",
                            "refs/heads/a:b",
                            "refs/heads/a\nb",
                            "refs/heads/\x1b[2J",
                            "refs/heads/a\\b",
                            "refs/heads/@{u}",
                            "refs/heads/@",
                            "refs/heads/\xff\xfe",
                            ("refs/heads/a\xe2\x80\xae"
                             "b"),
                            "refs/heads/*",
                            "../refs/heads/x",
                            "refs/../x"}) {
      CHECK_FALSE_MESSAGE(is_safe_ref_name(bad), bad);
    }
    CHECK_FALSE(is_safe_ref_name("refs/heads/" + std::string(1000, 'x')));
    CHECK_FALSE(is_safe_ref_name(std::string("refs/heads/a\0b", 14)));
  }
}
