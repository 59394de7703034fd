#include "channels/registry/oci_manifest.hpp"

#include <doctest/doctest.h>

using namespace gitopsctl;
using namespace gitopsctl::channels;

namespace {

const std::string digest = "sha256:" + std::string(64, 'a');

std::string layer(const std::string& type, const std::string& of = digest, const std::string& size = "12") {
  return R"({"mediaType":")" + type + R"(","digest":")" + of + R"(","size":)" + size + "}";
}

std::string manifest(const std::string& layers) { return R"({"schemaVersion":2,"layers":[)" + layers + "]}"; }

}  // namespace

TEST_SUITE("registry/oci manifest") {
  TEST_CASE("the layers of a chart are found by their media types") {
    const auto parsed = parse_oci_manifest(manifest(layer("application/vnd.cncf.helm.chart.provenance.v1.prov") + "," +
                                                    layer("application/vnd.cncf.helm.chart.content.v1.tar+gzip")));
    REQUIRE(parsed.ok());
    REQUIRE(parsed->chart() != nullptr);
    CHECK(parsed->chart()->size == 12);
    CHECK(parsed->provenance() != nullptr);
    const auto old = parse_oci_manifest(manifest(layer("application/tar+gzip")));
    REQUIRE(old.ok());
    CHECK(old->chart() != nullptr);
    const auto other = parse_oci_manifest(manifest(layer("application/vnd.oci.image.layer.v1.tar+gzip")));
    REQUIRE(other.ok());
    CHECK(other->chart() == nullptr);
  }

  TEST_CASE("what cannot be trusted is refused") {
    std::string many;
    for (int i = 0; i < 101; ++i) many += (i == 0 ? "" : ",") + layer("x");
    for (const auto& text :
         {std::string("not json"), std::string("[]"), std::string(R"({"schemaVersion":1})"),
          manifest(layer("x", "sha512:" + std::string(64, 'a'))), manifest(layer("x", "sha256:../../etc")),
          manifest(layer("x", "sha256:" + std::string(64, 'A'))), manifest(layer("x", digest, "-1")),
          manifest(layer("x", digest, "\"1\"")), manifest(many)}) {
      CAPTURE(text.substr(0, 80));
      CHECK_FALSE(parse_oci_manifest(text).ok());
    }
  }

  TEST_CASE("challenges are read as RFC 9110 writes them") {
    const auto bearer = parse_challenge(
        R"(Negotiate, Bearer realm="https://auth.example/token?a=b, c",service="reg \"x\"" , scope=repository:a:pull, Basic realm=x)");
    REQUIRE(bearer);
    CHECK(bearer->scheme == "bearer");
    CHECK(bearer->realm == "https://auth.example/token?a=b, c");
    CHECK(bearer->service == "reg \"x\"");
    CHECK(bearer->scope == "repository:a:pull");
    const auto basic = parse_challenge("BASIC realm=\"r\"");
    REQUIRE(basic);
    CHECK(basic->scheme == "basic");
    CHECK_FALSE(parse_challenge("Digest realm=\"x\", nonce=\"y\""));
    CHECK_FALSE(parse_challenge(""));
    CHECK_FALSE(parse_challenge(",,, \""));
    CHECK(parse_challenge("Bearer realm=\"unended"));
  }

  TEST_CASE("the next page is the one of the relation") {
    CHECK(next_link(R"(</v2/a/tags/list?last=x&n=2>; rel="next")") == "/v2/a/tags/list?last=x&n=2");
    CHECK(next_link(R"(<a>; rel="prev", <b>; rel="next")") == "b");
    CHECK(next_link("<a>; rel=\"prev\"").empty());
    CHECK(next_link("<a").empty());
    CHECK(next_link("").empty());
  }

  TEST_CASE("tags") {
    const auto tags = parse_oci_tags(R"({"name":"a","tags":["1.0.0","1.1.0_x",null,3]})");
    REQUIRE(tags.ok());
    CHECK(*tags == std::vector<std::string>{"1.0.0", "1.1.0_x"});
    CHECK(parse_oci_tags(R"({"tags":null})").ok());
    CHECK_FALSE(parse_oci_tags("<html>").ok());
  }
}
