#include "channels/registry/chart_source.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <thread>

#include "base/crypto/digest.hpp"
#include "tests/support/chart_archive.hpp"
#include "tests/support/chart_server.hpp"
#include "tests/support/scratch.hpp"

using namespace gitopsctl;
using namespace gitopsctl::channels;
using namespace gitopsctl::support;

namespace {

const std::string password = "hunter22-of-the-registry";
const std::string login = "Basic " + base64_encode("bot:" + password);

struct Fixture {
  ChartServer server;
  ScratchDir directory;
  HostAccess access;
  ChartSource::Options options;

  Fixture() {
    options.cache_directory = directory / "charts";
    options.timeout = Millis(5'000);
    access.plain_http = true;
  }
  ChartSource source(PinUse pins = PinUse::never) {
    options.pins = pins;
    options.access = [this](const std::string& host) -> Result<HostAccess> {
      HostAccess out;
      if (host == server.host()) out = access;
      out.plain_http = true;
      return out;
    };
    return ChartSource(options, system_clock());
  }
  [[nodiscard]] RemoteChart web(const std::string& version, const std::string& digest = "") const {
    return {server.url(), "web", version, digest};
  }
  [[nodiscard]] RemoteChart oci(const std::string& version, const std::string& digest = "") const {
    return {"oci://" + server.host() + "/charts/web", "", version, digest};
  }
};

ErrorCode code_of(const Result<FetchedChart>& fetched) {
  REQUIRE_FALSE(fetched.ok());
  CHECK(fetched.error().to_string().find(password) == std::string::npos);
  CHECK(fetched.error().hint().find(password) == std::string::npos);
  CHECK_FALSE(fetched.error().hint().empty());
  return fetched.error().code();
}

std::string authorization_of(const std::vector<SeenRequest>& seen, const std::string& target) {
  const auto found = std::find_if(seen.begin(), seen.end(), [&](const auto& one) { return one.target == target; });
  REQUIRE(found != seen.end());
  return found->authorization;
}

const std::string one = chart_archive("web", "1.0.0");
const std::string two = chart_archive("web", "1.1.0");
std::string digest_of(const std::string& bytes) { return "sha256:" + sha256_hex(bytes); }

}  // namespace

TEST_SUITE("registry/chart source") {
  TEST_CASE_FIXTURE(Fixture, "a repository: the newest in the range, checked against the index") {
    server.add_chart("web", "1.0.0", one);
    server.add_chart("web", "1.1.0", two);
    auto fetcher = source();
    const auto newest = fetcher.fetch(web(""), {});
    REQUIRE(newest.ok());
    CHECK(newest->version == "1.1.0");
    CHECK(*newest->bytes == two);
    CHECK(newest->digest == digest_of(two));
    CHECK(newest->file_name == "web-1.1.0.tgz");
    const auto older = fetcher.fetch(web("~1.0"), {});
    REQUIRE(older.ok());
    CHECK(older->version == "1.0.0");
    // The index was read once for both.
    CHECK(server.targets() == std::vector<std::string>{"/index.yaml", "/web-1.1.0.tgz", "/web-1.0.0.tgz"});
    CHECK(fetcher.resolve(web("^1"), {}).value_or("") == "1.1.0");
    // What was published since is found.
    server.add_chart("web", "1.2.0", one);
    const auto later = fetcher.fetch(web("1.2.0"), {});
    REQUIRE(later.ok());
    CHECK(later->version == "1.2.0");
    CHECK(code_of(fetcher.fetch(web("9.9.9"), {})) == ErrorCode::not_found);
  }

  TEST_CASE_FIXTURE(Fixture, "a chart is named in errors by where it is from") {
    server.add_chart("web", "1.0.0", one);
    auto fetcher = source();
    const auto fetched = fetcher.fetch(web("1.0.0"), {});
    REQUIRE(fetched.ok());
    const auto tree = fetched->tree();
    CHECK(tree->display(TreePath::parse("web-1.0.0.tgz").value_or(TreePath())) == "web 1.0.0 of " + server.url());
    CHECK(tree->read(TreePath::parse("web-1.0.0.tgz").value_or(TreePath())).value_or("") == one);
  }

  TEST_CASE_FIXTURE(Fixture, "another archive than the index or the caller says is refused") {
    server.add_chart("web", "1.0.0", one);
    server.answer("/web-1.0.0.tgz", two);
    CHECK(code_of(source().fetch(web("1.0.0"), {})) == ErrorCode::conflict);
    server.answer("/web-1.0.0.tgz", one);
    CHECK(code_of(source().fetch(web("1.0.0", digest_of(two)), {})) == ErrorCode::conflict);
    const auto right = source().fetch(web("1.0.0", digest_of(one)), {});
    CHECK(right.ok());
  }

  TEST_CASE_FIXTURE(Fixture, "what is no archive, or none that is bounded, is refused") {
    server.add_chart("web", "1.0.0", "<html>not found, with 200</html>", false);
    CHECK(code_of(source().fetch(web("1.0.0"), {})) == ErrorCode::invalid_input);
    const std::string zeros(101ULL << 20U, '\0');
    server.answer("/web-1.0.0.tgz", pack_tgz({{"web/x", zeros}}).value_or(""));
    CHECK(code_of(source().fetch(web("1.0.0"), {})) == ErrorCode::too_large);
  }

  TEST_CASE_FIXTURE(Fixture, "credentials go to the host they are of, and nowhere else") {
    ChartServer elsewhere;
    elsewhere.answer("/web-1.0.0.tgz", one);
    access.username = "bot";
    access.password = password;
    SUBCASE("an address of another host in the index") {
      server.answer("/index.yaml", "apiVersion: v1\nentries: {web: [{name: web, version: 1.0.0, urls: ['" + elsewhere.url() +
                                       "/web-1.0.0.tgz']}]}\n");
    }
    SUBCASE("a redirect to another host") {
      server.add_chart("web", "1.0.0", one);
      server.answer("/web-1.0.0.tgz", "", 302, {{"Location", elsewhere.url() + "/web-1.0.0.tgz"}});
    }
    SUBCASE("a redirect of the index itself") {
      elsewhere.answer("/index.yaml", "apiVersion: v1\nentries: {web: [{name: web, version: 1.0.0, urls: ['" +
                                          elsewhere.url() + "/web-1.0.0.tgz']}]}\n");
      server.answer("/index.yaml", "", 302, {{"Location", elsewhere.url() + "/index.yaml"}});
    }
    const auto fetched = source().fetch(web("1.0.0"), {});
    REQUIRE(fetched.ok());
    CHECK(authorization_of(server.seen(), "/index.yaml") == login);
    for (const auto& request : elsewhere.seen()) CHECK(request.authorization.empty());
    CHECK_FALSE(elsewhere.seen().empty());
  }

  TEST_CASE_FIXTURE(Fixture, "credentials go over http only where that was allowed beside them") {
    server.add_chart("web", "1.0.0", one);
    options.access = [](const std::string&) -> Result<HostAccess> {
      HostAccess out;
      out.username = "bot";
      out.password = password;
      return out;
    };
    ChartSource fetcher(options, system_clock());
    CHECK(fetcher.fetch(web("1.0.0"), {}).ok());
    for (const auto& request : server.seen()) CHECK(request.authorization.empty());
  }

  TEST_CASE_FIXTURE(Fixture, "a version and a digest that do not belong together are refused where both are written down") {
    const auto second = server.add_oci_chart("charts/web", "1.1.0", two);
    CHECK(code_of(source(PinUse::trust).fetch(oci("1.0.0", second), {})) == ErrorCode::conflict);
    CHECK(source(PinUse::trust).fetch(oci("1.1.0", second), {}).ok());
    CHECK(source(PinUse::trust).fetch(oci("", second), {}).ok());
  }

  TEST_CASE_FIXTURE(Fixture, "a wrong password is said without it") {
    access.username = "bot";
    access.password = password;
    server.answer("/index.yaml", password, 401, {{"WWW-Authenticate", "Basic realm=x"}});
    CHECK(code_of(source().fetch(web("1.0.0"), {})) == ErrorCode::forbidden);
    server.answer("/index.yaml", password, 403);
    CHECK(code_of(source().fetch(web("1.0.0"), {})) == ErrorCode::forbidden);
  }

  TEST_CASE_FIXTURE(Fixture, "a registry: by tag, by range, by digest") {
    const auto first = server.add_oci_chart("charts/web", "1.0.0", one);
    const auto second = server.add_oci_chart("charts/web", "1.1.0_build.1", two);
    server.answer("/v2/charts/web/tags/list", R"({"name":"charts/web","tags":["1.0.0","latest"]})", 200,
                  {{"Link", "</v2/charts/web/tags/list?last=latest>; rel=\"next\""}});
    server.answer("/v2/charts/web/tags/list?last=latest", R"({"name":"charts/web","tags":["1.1.0_build.1","2.0.0-rc.1"]})");
    auto fetcher = source();
    const auto tagged = fetcher.fetch(oci("1.0.0"), {});
    REQUIRE(tagged.ok());
    CHECK(*tagged->bytes == one);
    CHECK(tagged->digest == first);
    CHECK(tagged->archive == digest_of(one));
    CHECK(tagged->file_name == "web-1.0.0.tgz");
    const auto newest = fetcher.fetch(oci(""), {});
    REQUIRE(newest.ok());
    CHECK(newest->version == "1.1.0+build.1");
    CHECK(newest->digest == second);
    const auto pinned = fetcher.fetch(oci("", first), {});
    REQUIRE(pinned.ok());
    CHECK(*pinned->bytes == one);
    CHECK(code_of(fetcher.fetch(oci("3.0.0"), {})) == ErrorCode::not_found);
    CHECK(code_of(fetcher.fetch(oci("~9"), {})) == ErrorCode::not_found);
  }

  TEST_CASE_FIXTURE(Fixture, "a registry that serves something else is refused") {
    const auto digest = server.add_oci_chart("charts/web", "1.0.0", one);
    server.add_oci_chart("charts/web", "2.0.0", two);
    SUBCASE("another manifest for a digest") {
      server.answer("/v2/charts/web/manifests/" + digest, "{}");
      CHECK(code_of(source().fetch(oci("", digest), {})) == ErrorCode::conflict);
    }
    SUBCASE("another manifest than its header says") {
      server.answer("/v2/charts/web/manifests/1.0.0", "{}", 200, {{"Docker-Content-Digest", digest}});
      CHECK(code_of(source().fetch(oci("1.0.0"), {})) == ErrorCode::conflict);
    }
    SUBCASE("another blob") {
      server.answer("/v2/charts/web/blobs/" + digest_of(one), std::string(one.size(), 'x'));
      CHECK(code_of(source().fetch(oci("1.0.0"), {})) == ErrorCode::conflict);
    }
    SUBCASE("no chart") {
      server.answer("/v2/charts/web/manifests/1.0.0", R"({"schemaVersion":2,"layers":[]})");
      CHECK(code_of(source().fetch(oci("1.0.0"), {})) == ErrorCode::invalid_input);
    }
    SUBCASE("pages of tags on another server") {
      server.answer("/v2/charts/web/tags/list", R"({"tags":["1.0.0"]})", 200,
                    {{"Link", "<http://127.0.0.1:1/v2/charts/web/tags/list>; rel=\"next\""}});
      CHECK(code_of(source().fetch(oci(""), {})) == ErrorCode::forbidden);
    }
    SUBCASE("pages of tags without end") {
      server.answer("/v2/charts/web/tags/list", R"({"tags":["1.0.0"]})", 200,
                    {{"Link", "</v2/charts/web/tags/list>; rel=\"next\""}});
      options.timeout = Millis(60'000);
      CHECK(source().fetch(oci(""), {}).error().code() == ErrorCode::too_large);
    }
  }

  TEST_CASE_FIXTURE(Fixture,
                    "a registry with a token server: the password goes there, the token to the registry, nothing on") {
    ChartServer tokens;
    ChartServer storage;
    access.username = "bot";
    access.password = password;
    server.add_oci_chart("charts/web", "1.0.0", one);
    const std::string challenge =
        "Bearer realm=\"" + tokens.url() + "/token\",service=\"reg\",scope=\"repository:charts/web:push\"";
    const auto manifests = "/v2/charts/web/manifests/1.0.0";
    std::string manifest;
    {
      // What the server without a login would answer.
      const auto plain = source().fetch(oci("1.0.0"), {});
      REQUIRE(plain.ok());
      manifest = ChartCache(options.cache_directory).get(plain->digest).value_or("");
      REQUIRE_FALSE(manifest.empty());
    }
    options.cache_directory = directory / "other";
    server.answer_with_login(manifests, manifest, "Bearer t0ken-of-the-server", challenge);
    const std::string blob = "/v2/charts/web/blobs/" + digest_of(one);
    storage.answer("/data", one);
    server.answer(blob, "", 307, {{"Location", storage.url() + "/data"}});
    const std::string scope = "/token?service=reg&scope=repository%3Acharts%2Fweb%3Apull";
    tokens.answer_with_login(scope, R"({"token":"t0ken-of-the-server"})", login, "Basic");
    server.forget_seen();

    const auto fetched = source().fetch(oci("1.0.0"), {});
    if (!fetched.ok()) FAIL(fetched.error().to_string());
    CHECK(*fetched->bytes == one);
    CHECK(authorization_of(tokens.seen(), scope) == login);
    for (const auto& request : server.seen()) CHECK(request.authorization.find("Basic") == std::string::npos);
    CHECK(authorization_of(server.seen(), blob) == "Bearer t0ken-of-the-server");
    CHECK(authorization_of(storage.seen(), "/data").empty());
  }

  TEST_CASE_FIXTURE(Fixture, "a registry with basic authentication") {
    access.username = "bot";
    access.password = password;
    server.add_oci_chart("charts/web", "1.0.0", one);
    const auto plain = source().fetch(oci("1.0.0"), {});
    REQUIRE(plain.ok());
    const auto manifest = ChartCache(options.cache_directory).get(plain->digest).value_or("");
    options.cache_directory = directory / "other";
    server.answer_with_login("/v2/charts/web/manifests/1.0.0", manifest, login, "Basic realm=\"x\"");
    CHECK(source().fetch(oci("1.0.0"), {}).ok());
    access.password = "wrong-" + password;
    options.cache_directory = directory / "third";
    CHECK(code_of(source().fetch(oci("1.0.0"), {})) == ErrorCode::forbidden);
  }

  TEST_CASE_FIXTURE(Fixture, "a version that was fetched stays what it was, without a network") {
    server.add_chart("web", "1.0.0", one, false);
    auto first = source(PinUse::trust);
    REQUIRE(first.fetch(web("1.0.0"), {}).ok());
    server.forget_answers();
    server.forget_seen();
    const auto again = source(PinUse::trust).fetch(web("1.0.0"), {});
    REQUIRE(again.ok());
    CHECK(*again->bytes == one);
    CHECK(source(PinUse::trust).cached(web("1.0.0")).ok());
    CHECK(server.seen().empty());
    // Who does not trust what was fetched before asks again.
    CHECK_FALSE(source().fetch(web("1.0.0"), {}).ok());
    CHECK(code_of(source(PinUse::trust).cached(web("1.1.0"))) == ErrorCode::needs_source);
    CHECK(source(PinUse::trust).fetch({server.url(), "web", "1.0.0", digest_of(one)}, {}).ok());
  }

  TEST_CASE_FIXTURE(Fixture, "another chart under a known version waits for somebody who names its digest") {
    server.add_chart("web", "1.0.0", one, false);
    auto fetched = source(PinUse::trust).fetch(web("1.0.0"), {});
    REQUIRE(fetched.ok());
    // The archive was evicted, and the server has another one meanwhile.
    ChartCache(options.cache_directory, 1).put("x");
    const std::string changed = chart_archive("web", "1.0.0", {{"README.md", "new"}});
    server.answer("/web-1.0.0.tgz", changed);
    auto refused = source(PinUse::trust).fetch(web("1.0.0"), {});
    CHECK(code_of(refused) == ErrorCode::conflict);
    CHECK(refused.error().hint().find(digest_of(changed)) != std::string::npos);
    CHECK(source(PinUse::trust).fetch(web("1.0.0", digest_of(changed)), {}).ok());
    CHECK(source(PinUse::trust).fetch(web("1.0.0"), {}).ok());
  }

  TEST_CASE_FIXTURE(Fixture, "a damaged cache is fetched anew") {
    server.add_chart("web", "1.0.0", one);
    REQUIRE(source(PinUse::trust).fetch(web("1.0.0"), {}).ok());
    const auto hex = sha256_hex(one);
    run_program({"sh", "-c", "echo damaged > " + options.cache_directory + "/blobs/sha256/" + hex.substr(0, 2) + "/" + hex});
    const auto again = source(PinUse::trust).fetch(web("1.0.0"), {});
    REQUIRE(again.ok());
    CHECK(*again->bytes == one);
  }

  TEST_CASE_FIXTURE(Fixture, "a server that does not answer costs its time once") {
    server.hang();
    options.timeout = Millis(700);
    auto fetcher = source();
    const auto begin = system_clock().monotonic();
    CHECK(code_of(fetcher.fetch(web("1.0.0"), {})) == ErrorCode::timeout);
    CHECK(code_of(fetcher.fetch(web("1.1.0"), {})) == ErrorCode::timeout);
    CHECK(code_of(fetcher.fetch({server.url(), "other", "1.1.0", ""}, {})) == ErrorCode::timeout);
    CHECK(system_clock().monotonic() - begin < Millis(2'000));
    CHECK(code_of(source().fetch({"http://127.0.0.1:1", "web", "1.0.0", ""}, {})) == ErrorCode::unavailable);
  }

  TEST_CASE_FIXTURE(Fixture, "a stop ends it, and is not held against the server") {
    server.hang();
    std::stop_source stop;
    std::jthread later([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
      stop.request_stop();
    });
    auto fetcher = source();
    const auto stopped = fetcher.fetch(web("1.0.0"), {stop.get_token(), {}});
    REQUIRE_FALSE(stopped.ok());
    CHECK(stopped.error().code() == ErrorCode::cancelled);
    server.forget_answers();
    server.add_chart("web", "1.0.0", one);
    CHECK(fetcher.fetch(web("1.0.0"), {}).ok());
  }

  TEST_CASE_FIXTURE(Fixture, "hosts that may not be asked are not") {
    server.add_chart("web", "1.0.0", one);
    options.access = [](const std::string& host) -> Result<HostAccess> {
      return Error(ErrorCode::forbidden, "charts may not come from host '" + host + "'").with_hint("list it");
    };
    ChartSource fetcher(options, system_clock());
    CHECK(code_of(fetcher.fetch(web("1.0.0"), {})) == ErrorCode::forbidden);
    CHECK(code_of(fetcher.fetch(oci("1.0.0"), {})) == ErrorCode::forbidden);
    CHECK(server.seen().empty());
  }

  TEST_CASE_FIXTURE(Fixture, "provenance is fetched where there is one") {
    server.add_chart("web", "1.0.0", one);
    server.answer("/web-1.0.0.tgz.prov", "-----BEGIN PGP SIGNED MESSAGE-----");
    auto fetcher = source();
    const auto fetched = fetcher.fetch(web("1.0.0"), {});
    REQUIRE(fetched.ok());
    CHECK(fetcher.provenance(*fetched, {}).value_or("") == "-----BEGIN PGP SIGNED MESSAGE-----");
    server.answer("/web-1.0.0.tgz.prov", "", 404);
    CHECK(fetcher.provenance(*fetched, {}).error().code() == ErrorCode::not_found);
  }
}
