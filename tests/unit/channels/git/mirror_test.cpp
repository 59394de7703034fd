#include "channels/git/mirror.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <thread>

#include "channels/git/connectivity.hpp"
#include "channels/git/pkt_line.hpp"
#include "tests/support/fault_proxy.hpp"
#include "tests/support/git_server.hpp"

using namespace gitopsctl;
using namespace gitopsctl::channels;
using namespace gitopsctl::support;

namespace {

/// What every failure should show: an error's text.
std::string why(const Result<void>& result) { return result.ok() ? "ok" : result.error().to_string(); }

std::unique_ptr<Mirror> open_mirror(const std::string& directory, const std::string& url, const RemoteConfig& base = {}) {
  RemoteConfig config = base;
  config.name = "shop";
  config.url = url;
  config.timeout = Millis(20'000);
  auto mirror = Mirror::open(directory, config);
  REQUIRE_MESSAGE(mirror.ok(), (mirror.ok() ? "" : mirror.error().to_string()));
  return std::move(mirror).value();
}

RefListing pull(Mirror& mirror) {
  auto listing = mirror.list_remote({});
  REQUIRE_MESSAGE(listing.ok(), (listing.ok() ? "" : listing.error().to_string()));
  const auto fetched = mirror.fetch(*listing, {}, {});
  REQUIRE_MESSAGE(fetched.ok(), why(fetched));
  return std::move(listing).value();
}

/// The three roads to one repository.
enum class Road { http_v2, http_v0, local };

struct Fixture {
  explicit Fixture(Road road)
      : server(options(road)), repository(server.repository("shop.git")), local(road == Road::local) {}
  static GitServerOptions options(Road road) {
    GitServerOptions out;
    out.protocol_v2 = road == Road::http_v2;
    return out;
  }
  [[nodiscard]] std::string url() const { return local ? "file://" + repository.path() : server.url() + "/shop.git"; }
  GitServer server;
  ScratchRepo repository;
  bool local;
  ScratchDir scratch;
};

/// The ids of everything that `tip` needs, one to a line, without the object that `lost` names.
std::string objects_without(const ScratchRepo& repository, const std::string& tip, const std::string& lost) {
  const auto all = repository.git({"rev-list", "--objects", "--no-object-names", tip});
  const auto id = repository.git({"rev-parse", lost});
  std::string out;
  for (std::size_t at = 0; at < all.size(); at += 41) {
    if (all.substr(at, 40) != id) out += all.substr(at, 40) + "\n";
  }
  return out;
}

/// A pack that lacks one object.
std::string pack_without(const ScratchRepo& repository, const std::string& tip, const std::string& lost) {
  return run_program({"git", "-C", repository.path(), "pack-objects", "-q", "--stdout"}, {},
                     objects_without(repository, tip, lost));
}

/// Replaces the packs of a mirror by one that lacks one object.
void take_from_packs(const ScratchRepo& repository, const std::string& mirror, const std::string& lost) {
  const std::string packs = mirror + "/objects/pack";
  for (const auto& entry : std::filesystem::directory_iterator(packs)) std::filesystem::remove(entry.path());
  repository.git({"pack-objects", "-q", packs + "/pack"}, objects_without(repository, "main", lost));
}

/// What a server of protocol version 2 answers to a fetch.
std::string fetch_answer(const std::string& pack) {
  std::string out;
  channels::git::append_pkt(out, "packfile\n");
  constexpr std::size_t step = 60'000;
  for (std::size_t at = 0; at < pack.size(); at += step) channels::git::append_pkt(out, '\1' + pack.substr(at, step));
  channels::git::append_flush(out);
  return out;
}

}  // namespace

TEST_SUITE("git/mirror") {
  TEST_CASE("branches move, appear, vanish and are rewound, and the mirror follows") {
    for (const Road road : {Road::http_v2, Road::http_v0, Road::local}) {
      CAPTURE(static_cast<int>(road));
      Fixture f(road);
      const auto first = f.repository.commit("main", {{"a.txt", "one"}, {"dir/b.txt", "two"}});
      f.repository.commit("feature/x", {{"c.txt", "three"}});
      auto mirror = open_mirror(f.scratch / "mirror", f.url());
      CHECK(mirror->refs().empty());
      auto listing = pull(*mirror);
      CHECK(listing.head == "refs/heads/main");
      CHECK(mirror->refs() == listing.refs);
      CHECK(mirror->refs().size() == 2);
      CHECK(mirror->refs().at("refs/heads/main") == first);

      const auto second = f.repository.commit("main", {{"a.txt", "changed"}});
      f.repository.git({"update-ref", "-d", "refs/heads/feature/x"});
      f.repository.commit("other", {{"d.txt", "four"}});
      pull(*mirror);
      CHECK(mirror->refs().at("refs/heads/main") == second);
      CHECK(mirror->refs().size() == 2);
      CHECK(mirror->refs().contains("refs/heads/other"));

      // Rewound, then forced to something unrelated.
      f.repository.git({"update-ref", "refs/heads/main", first});
      pull(*mirror);
      CHECK(mirror->refs().at("refs/heads/main") == first);
      const auto forced = f.repository.git({"commit-tree", "-m", "forced", first + "^{tree}"});
      f.repository.git({"update-ref", "refs/heads/main", forced});
      pull(*mirror);
      CHECK(mirror->refs().at("refs/heads/main") == forced);
      CHECK(mirror->resolve("main").value_or("") == forced);
      CHECK(mirror->resolve("HEAD").value_or("") == forced);

      // A new process sees the same.
      mirror.reset();
      mirror = open_mirror(f.scratch / "mirror", f.url());
      CHECK(mirror->refs().at("refs/heads/main") == forced);
      CHECK(mirror->notes().empty());
      run_program({"git", "-C", f.scratch / "mirror", "fsck", "--strict"});
    }
  }

  TEST_CASE("an empty repository has an empty listing, and may fill later") {
    for (const Road road : {Road::http_v2, Road::http_v0, Road::local}) {
      CAPTURE(static_cast<int>(road));
      Fixture f(road);
      auto mirror = open_mirror(f.scratch / "mirror", f.url());
      CHECK(pull(*mirror).refs.empty());
      const auto id = f.repository.commit("main", {{"a", "1"}});
      pull(*mirror);
      CHECK(mirror->refs().at("refs/heads/main") == id);
    }
  }

  TEST_CASE("annotated tags are their commits; tags of other things are left out") {
    for (const Road road : {Road::http_v2, Road::http_v0, Road::local}) {
      CAPTURE(static_cast<int>(road));
      Fixture f(road);
      const auto commit = f.repository.commit("main", {{"a", "1"}});
      f.repository.git({"tag", "light", commit});
      f.repository.git({"tag", "-a", "-m", "release", "v1", commit});
      f.repository.git({"tag", "-a", "-m", "twice", "v1-signed", "v1"});
      f.repository.git({"tag", "tree", commit + "^{tree}"});
      f.repository.git({"pack-refs", "--all"});
      RemoteConfig config;
      config.ref_prefixes = {"refs/heads/", "refs/tags/"};
      auto mirror = open_mirror(f.scratch / "mirror", f.url(), config);
      const auto listing = pull(*mirror);
      CHECK(listing.refs.at("refs/tags/v1") == commit);
      CHECK(mirror->refs().at("refs/tags/v1") == commit);
      CHECK(mirror->refs().at("refs/tags/v1-signed") == commit);
      CHECK(mirror->refs().at("refs/tags/light") == commit);
      CHECK_FALSE(mirror->refs().contains("refs/tags/tree"));
      CHECK(mirror->resolve("v1").value_or("") == commit);
      const auto fetched = mirror->fetch(listing, {}, {});
      CHECK_MESSAGE(fetched.ok(), why(fetched));
    }
  }

  TEST_CASE("a steady poll is one request whose bytes do not grow with refs outside of the prefixes") {
    GitServer server;
    FaultProxy proxy(server.port());
    ScratchDir scratch;
    auto repository = server.repository("shop.git");
    const auto id = repository.commit("main", {{"a", "1"}});
    auto mirror = open_mirror(scratch / "mirror", proxy.url() + "/shop.git");
    CHECK(mirror->list_remote({})->requests == 2);  // what the server can do, once
    const auto before = mirror->list_remote({});
    REQUIRE(before.ok());
    CHECK(before->requests == 1);

    std::string updates;
    for (int i = 0; i < 10'000; ++i) updates += "create refs/pull/" + std::to_string(i) + "/head " + id + "\n";
    repository.git({"update-ref", "--stdin"}, updates);
    repository.git({"pack-refs", "--all"});
    proxy.forget_seen();
    const auto after = mirror->list_remote({});
    REQUIRE(after.ok());
    CHECK(after->requests == 1);
    CHECK(after->bytes == before->bytes);
    REQUIRE(proxy.seen().size() == 1);
    CHECK(proxy.seen()[0].method == "POST");
    CHECK(proxy.seen()[0].git_protocol == "version=2");
    REQUIRE(mirror->fetch(*after, {}, {}).ok());
    CHECK(mirror->refs().size() == 1);
    proxy.forget_seen();
    REQUIRE(mirror->fetch(*after, {}, {}).ok());
    CHECK(proxy.seen().empty());  // nothing moved, nothing asked
  }

  TEST_CASE("after one commit only what is new is transferred") {
    for (const bool v2 : {true, false}) {
      CAPTURE(v2);
      GitServerOptions options;
      options.protocol_v2 = v2;
      GitServer server(options);
      FaultProxy proxy(server.port());
      ScratchDir scratch;
      auto repository = server.repository("shop.git");
      std::map<std::string, std::string> files;
      std::string noise;
      unsigned state = 1;
      for (int i = 0; i < 200'000; ++i) {
        state = state * 1664525U + 1013904223U;
        noise += static_cast<char>(state >> 24U);
      }
      repository.commit("main", {{"large.bin", noise}, {"a.txt", "one"}});
      auto mirror = open_mirror(scratch / "mirror", proxy.url() + "/shop.git");
      pull(*mirror);
      repository.commit("main", {{"a.txt", "two"}});
      const auto listing = mirror->list_remote({});
      REQUIRE(listing.ok());
      proxy.forget_seen();
      REQUIRE(mirror->fetch(*listing, {}, {}).ok());
      REQUIRE(proxy.seen().size() == 1);
      CHECK(proxy.seen()[0].response_bytes < 2'000);
    }
  }

  TEST_CASE("only the wanted refs are fetched, and only they move") {
    Fixture f(Road::http_v2);
    f.repository.commit("main", {{"a", "1"}});
    f.repository.commit("other", {{"b", "1"}});
    auto mirror = open_mirror(f.scratch / "mirror", f.url());
    const auto listing = mirror->list_remote({});
    REQUIRE(listing.ok());
    REQUIRE(mirror->fetch(*listing, {"refs/heads/main"}, {}).ok());
    CHECK(mirror->refs().size() == 1);
    CHECK_FALSE(mirror->has_commit(listing->refs.at("refs/heads/other")));
    REQUIRE(mirror->fetch(*listing, {"refs/heads/other"}, {}).ok());
    CHECK(mirror->refs().size() == 2);
    f.repository.git({"update-ref", "-d", "refs/heads/main"});
    f.repository.git({"update-ref", "-d", "refs/heads/other"});
    const auto gone = mirror->list_remote({});
    REQUIRE(gone.ok());
    REQUIRE(mirror->fetch(*gone, {"refs/heads/other"}, {}).ok());
    CHECK(mirror->refs().size() == 1);
    CHECK(mirror->refs().contains("refs/heads/main"));
  }

  TEST_CASE("names with control characters, a leading dash or bad UTF-8 are ignored with a printable note") {
    for (const Road road : {Road::http_v2, Road::http_v0}) {
      CAPTURE(static_cast<int>(road));
      Fixture f(road);
      const auto id = f.repository.commit("main", {{"a", "1"}});
      // Git refuses to make most of these, so they are written where it keeps its refs.
      std::ofstream packed(f.repository.path() + "/packed-refs", std::ios::binary);
      packed << "# pack-refs with: peeled fully-peeled sorted \n";
      packed << id << " refs/heads/-dash\n" << id << " refs/heads/bad\xff\n" << id << " refs/heads/e\xe2\x80\xaevil\n";
      packed.close();
      auto mirror = open_mirror(f.scratch / "mirror", f.url());
      const auto listing = pull(*mirror);
      CHECK(listing.refs.size() == 1);
      CHECK(listing.ignored.size() == 3);
      for (const auto& name : listing.ignored) {
        CHECK(name.find('\xff') == std::string::npos);
        CHECK(name.find("\xe2\x80\xae") == std::string::npos);
      }
      CHECK(mirror->refs().size() == 1);
      CHECK_FALSE(mirror->push("refs/heads/-dash", "", id, {}).ok());
    }
  }

  TEST_CASE("credentials are needed, and shown nowhere") {
    GitServerOptions options;
    options.username = "robot";
    options.password = "s3cret-canary";
    GitServer server(options);
    ScratchDir scratch;
    auto repository = server.repository("shop.git");
    const auto id = repository.commit("main", {{"a", "1"}});
    RemoteConfig config;
    config.http.username = "robot";
    config.http.password = "s3cret-canary";
    auto good = open_mirror(scratch / "good", server.url() + "/shop.git", config);
    pull(*good);
    CHECK(good->refs().at("refs/heads/main") == id);

    std::string in_url = server.url() + "/shop.git";
    in_url.insert(7, "robot:s3cret-canary@");
    auto url_mirror = open_mirror(scratch / "url", in_url);
    pull(*url_mirror);

    in_url = server.url() + "/shop.git";
    in_url.insert(7, "robot:wrong-canary@");
    auto bad = open_mirror(scratch / "bad", in_url);
    const auto refused = bad->list_remote({});
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code() == ErrorCode::forbidden);
    CHECK(refused.error().to_string().find("canary") == std::string::npos);
    CHECK(refused.error().hint().find("canary") == std::string::npos);
  }

  TEST_CASE("TLS is checked against the configured authority") {
    GitServerOptions options;
    options.tls = true;
    GitServer server(options);
    ScratchDir scratch;
    auto repository = server.repository("shop.git");
    repository.commit("main", {{"a", "1"}});
    auto stranger = open_mirror(scratch / "stranger", server.url() + "/shop.git");
    const auto refused = stranger->list_remote({});
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code() == ErrorCode::unavailable);
    CHECK(refused.error().hint().find("CA") != std::string::npos);
    RemoteConfig config;
    config.http.ca_pem = server.ca_pem();
    auto mirror = open_mirror(scratch / "mirror", server.url() + "/shop.git", config);
    pull(*mirror);
    CHECK(mirror->refs().size() == 1);
  }

  TEST_CASE("a repository of another kind is a clean error") {
    ScratchDir scratch;
    const ScratchRepo sha256(scratch / "sha256.git", true, {"--object-format=sha256"});
    auto local = open_mirror(scratch / "m1", sha256.path());
    auto listed = local->list_remote({});
    REQUIRE_FALSE(listed.ok());
    CHECK(listed.error().code() == ErrorCode::unsupported);

    for (const bool v2 : {true, false}) {
      GitServerOptions options;
      options.protocol_v2 = v2;
      GitServer server(options);
      ScratchRepo repository(server.root() + "/sha256.git", true, {"--object-format=sha256"});
      // An empty one cannot be told from any other empty one by version 0.
      if (!v2) repository.commit("main", {{"a", "1"}});
      auto mirror = open_mirror(scratch / (v2 ? "m2" : "m3"), server.url() + "/sha256.git");
      listed = mirror->list_remote({});
      REQUIRE_FALSE(listed.ok());
      CHECK(listed.error().code() == ErrorCode::unsupported);
    }

    for (const auto* url : {"ftp://x/y", "git://x/y", "relative/path"}) {
      RemoteConfig config;
      config.url = url;
      const auto opened = Mirror::open(scratch / "none", config);
      REQUIRE_FALSE(opened.ok());
      CHECK(opened.error().code() == ErrorCode::unsupported);
    }
    auto nothing = open_mirror(scratch / "m4", scratch / "nothing.git");
    listed = nothing->list_remote({});
    REQUIRE_FALSE(listed.ok());
    CHECK(listed.error().code() == ErrorCode::not_found);
  }

  TEST_CASE("a pack above the limit is refused, and nothing of it stays") {
    for (const Road road : {Road::http_v2, Road::local}) {
      Fixture f(road);
      f.repository.commit("main", {{"a", std::string(1000, 'a')}});
      RemoteConfig config;
      config.max_pack_bytes = 100;
      auto mirror = open_mirror(f.scratch / "mirror", f.url(), config);
      const auto listing = mirror->list_remote({});
      REQUIRE(listing.ok());
      const auto fetched = mirror->fetch(*listing, {}, {});
      REQUIRE_FALSE(fetched.ok());
      CHECK(fetched.error().code() == ErrorCode::too_large);
      CHECK(mirror->refs().empty());
      CHECK(std::filesystem::is_empty(f.scratch / "mirror/objects/pack"));
    }
  }

  TEST_CASE("a whole commit id is never a branch or tag of that name") {
    Fixture f(Road::local);
    const auto first = f.repository.commit("main", {{"a", "1"}});
    const auto evil = f.repository.commit("evil", {{"a", "evil"}});
    const std::string absent(40, 'a');
    const std::string sha256(64, 'b');
    for (const auto& name : {first, absent, sha256}) f.repository.git({"update-ref", "refs/heads/" + name, evil});
    f.repository.git({"update-ref", "refs/tags/" + first, evil});
    RemoteConfig config;
    config.ref_prefixes = {"refs/"};
    auto mirror = open_mirror(f.scratch / "mirror", f.url(), config);
    pull(*mirror);
    std::string loud = first;
    std::ranges::transform(loud, loud.begin(), [](char c) { return c >= 'a' && c <= 'f' ? static_cast<char>(c - 32) : c; });
    CHECK(mirror->resolve(first).value_or("") == first);
    CHECK(mirror->resolve(loud).value_or("") == first);
    CHECK(mirror->resolve(first + "~0").value_or("") == first);
    for (const auto& name : {absent, sha256}) {
      const auto resolved = mirror->resolve(name);
      REQUIRE_FALSE(resolved.ok());
      CHECK(resolved.error().code() == ErrorCode::not_found);
    }
    CHECK(mirror->resolve("refs/heads/" + first).value_or("") == evil);
    // The beginning of an id is a name first, as in Git.
    f.repository.git({"update-ref", "refs/heads/" + first.substr(0, 10), evil});
    pull(*mirror);
    CHECK(mirror->resolve(first.substr(0, 10)).value_or("") == evil);
  }

  TEST_CASE("revisions are understood by the remote's names") {
    Fixture f(Road::local);
    const auto first = f.repository.commit("main", {{"a", "1"}});
    const auto second = f.repository.commit("main", {{"a", "2"}});
    auto mirror = open_mirror(f.scratch / "mirror", f.url());
    pull(*mirror);
    for (const auto& [text, id] : std::vector<std::pair<std::string, std::string>>{{"main", second},
                                                                                   {"heads/main", second},
                                                                                   {"refs/heads/main", second},
                                                                                   {"HEAD", second},
                                                                                   {"HEAD~1", first},
                                                                                   {"main^", first},
                                                                                   {second, second},
                                                                                   {second.substr(0, 10), second},
                                                                                   {first.substr(0, 12) + "~0", first}}) {
      CAPTURE(text);
      const auto resolved = mirror->resolve(text);
      REQUIRE_MESSAGE(resolved.ok(), (resolved.ok() ? "" : resolved.error().to_string()));
      CHECK(*resolved == id);
    }
    for (const auto& [text, code] : std::vector<std::pair<std::string, ErrorCode>>{{"nope", ErrorCode::not_found},
                                                                                   {"main~7", ErrorCode::not_found},
                                                                                   {"main:a", ErrorCode::not_found},
                                                                                   {"main^{/x}", ErrorCode::invalid_input},
                                                                                   {"", ErrorCode::invalid_input},
                                                                                   {"HEAD@{1}", ErrorCode::not_found}}) {
      CAPTURE(text);
      const auto resolved = mirror->resolve(text);
      REQUIRE_FALSE(resolved.ok());
      CHECK(resolved.error().code() == code);
    }
    CHECK(mirror->is_ancestor(first, second).value_or(false));
    CHECK(mirror->is_ancestor(second, second).value_or(false));
    CHECK_FALSE(mirror->is_ancestor(second, first).value_or(true));
    CHECK_FALSE(mirror->is_ancestor(std::string(40, 'a'), first).ok());
    const auto info = mirror->commit(second);
    REQUIRE(info.ok());
    CHECK(info->author_email == "ada@example.org");
    CHECK(info->parents == std::vector<std::string>{first});
    CHECK(info->message == "change");
    CHECK(format_time(info->committed) == "2026-01-01T00:00:02Z");
    CHECK(mirror->commit(info->tree).error().code() == ErrorCode::not_found);
  }

  TEST_CASE("a mirror is never made of a directory that holds something else") {
    Fixture f(Road::local);
    f.repository.commit("main", {{"a", "1"}});
    std::filesystem::create_directories(f.scratch / "mine");
    std::ofstream(f.scratch / "mine/letter.txt") << "dear";
    RemoteConfig config;
    config.url = f.url();
    const auto opened = Mirror::open(f.scratch / "mine", config);
    REQUIRE_FALSE(opened.ok());
    CHECK(opened.error().code() == ErrorCode::invalid_input);
    CHECK(std::filesystem::exists(f.scratch / "mine/letter.txt"));
  }

  TEST_CASE("a damaged mirror is set aside and fetched anew") {
    namespace fs = std::filesystem;
    const std::vector<std::pair<std::string, std::function<void(const std::string&)>>> damages{
        {"no config and head", [](const std::string& dir) { fs::remove(dir + "/HEAD"); }},
        {"half a refs file", [](const std::string& dir) { fs::resize_file(dir + "/packed-refs", 70); }},
        {"garbage refs", [](const std::string& dir) { std::ofstream(dir + "/packed-refs") << "rubbish\n"; }},
        {"no objects", [](const std::string& dir) { fs::remove_all(dir + "/objects"); }},
        {"no packs", [](const std::string& dir) { fs::remove_all(dir + "/objects/pack"); }},
        {"empty packs",
         [](const std::string& dir) {
           for (const auto& entry : fs::directory_iterator(dir + "/objects/pack")) {
             fs::permissions(entry.path(), fs::perms::owner_all);
             fs::resize_file(entry.path(), 0);
           }
         }},
    };
    Fixture f(Road::http_v2);
    const auto id = f.repository.commit("main", {{"a", "1"}});
    for (const auto& [name, damage] : damages) {
      CAPTURE(name);
      const std::string directory = f.scratch / "mirror";
      {
        auto mirror = open_mirror(directory, f.url());
        pull(*mirror);
        REQUIRE(mirror->refs().at("refs/heads/main") == id);
      }
      damage(directory);
      auto mirror = open_mirror(directory, f.url());
      REQUIRE(mirror->notes().size() == 1);
      CHECK(mirror->refs().empty());
      pull(*mirror);
      CHECK(mirror->refs().at("refs/heads/main") == id);
      std::size_t kept = 0;
      for (const auto& entry : fs::directory_iterator(f.scratch.path())) {
        if (entry.path().filename().string().find(".broken-") != std::string::npos) ++kept;
      }
      CHECK(kept == 1);
    }
  }

  TEST_CASE("a file whose bytes are gone is an error, not a missing file, and is fetched again") {
    Fixture f(Road::http_v2);
    const auto id = f.repository.commit("main", {{"a.txt", "hello"}});
    auto mirror = open_mirror(f.scratch / "mirror", f.url());
    pull(*mirror);
    mirror.reset();
    take_from_packs(f.repository, f.scratch / "mirror", "main:a.txt");
    mirror = open_mirror(f.scratch / "mirror", f.url());
    REQUIRE(mirror->notes().empty());
    const auto tree = mirror->tree(id);
    REQUIRE(tree.ok());
    const auto path = TreePath::parse("a.txt");
    const auto read = (*tree)->read(*path);
    REQUIRE_FALSE(read.ok());
    CHECK(read.error().code() == ErrorCode::unavailable);
    CHECK((*tree)->exists(*path));
    pull(*mirror);
    const auto again = (*tree)->read(*path);
    REQUIRE_MESSAGE(again.ok(), (again.ok() ? "" : again.error().to_string()));
    CHECK(*again == "hello");
  }

  TEST_CASE("what another holder of the mirror cannot read is fetched again while both have it open") {
    namespace fs = std::filesystem;
    Fixture f(Road::http_v2);
    const auto id = f.repository.commit("main", {{"a.txt", "hello"}});
    const std::string directory = f.scratch / "mirror";
    auto watcher = open_mirror(directory, f.url());
    pull(*watcher);
    take_from_packs(f.repository, directory, "main:a.txt");
    auto worker = open_mirror(directory, f.url());
    const auto path = *TreePath::parse("a.txt");
    CHECK_FALSE((*worker->tree(id))->read(path).ok());
    CHECK(fs::exists(directory + "/gitopsctl-suspect"));
    // Nothing moved at the remote, and the watcher itself did not read the file.
    pull(*watcher);
    CHECK_FALSE(fs::exists(directory + "/gitopsctl-suspect"));
    worker = open_mirror(directory, f.url());
    CHECK((*worker->tree(id))->read(path).value_or("") == "hello");
    CHECK(worker->notes().empty());
  }

  TEST_CASE("a pack that lacks something is asked for again, and nothing of the mirror is suspected") {
    Fixture f(Road::http_v2);
    FaultProxy proxy(f.server.port());
    const auto first = f.repository.commit("main", {{"a.txt", "one"}});
    f.repository.commit("next", {{"a.txt", "two"}, {"dir/b.txt", "three"}});
    const auto id = f.repository.tip("next");
    for (const std::string lost : {"next:dir/b.txt", "next:dir", "next^{tree}"}) {
      CAPTURE(lost);
      const std::string directory = f.scratch / std::to_string(lost.size());
      proxy.clear();
      f.repository.git({"update-ref", "refs/heads/main", first});
      auto mirror = open_mirror(directory, proxy.url() + "/shop.git");
      const auto before = mirror->list_remote({});
      REQUIRE(before.ok());
      REQUIRE(mirror->fetch(*before, {"refs/heads/main"}, {}).ok());
      f.repository.git({"update-ref", "refs/heads/main", id});
      const auto listing = mirror->list_remote({});
      REQUIRE(listing.ok());
      Fault fault;
      fault.kind = Fault::Kind::answer;
      fault.method = "POST";
      fault.status = 200;
      fault.headers = {{"Content-Type", "application/x-git-upload-pack-result"}};
      fault.body = fetch_answer(pack_without(f.repository, "next", lost));
      proxy.set({fault});
      const auto fetched = mirror->fetch(*listing, {"refs/heads/main"}, {});
      REQUIRE_FALSE(fetched.ok());
      CHECK(fetched.error().code() == ErrorCode::unavailable);
      CHECK_MESSAGE(fetched.error().message().find("incomplete history") != std::string::npos, why(fetched));
      CHECK(mirror->refs().at("refs/heads/main") == first);
      CHECK_FALSE(std::filesystem::exists(directory + "/gitopsctl-suspect"));
      CHECK(open_mirror(directory, f.url())->refs() == mirror->refs());
      // The tip has not moved, and what came of it is stored: it is asked for nevertheless.
      proxy.clear();
      const auto again = mirror->fetch(*listing, {"refs/heads/main"}, {});
      REQUIRE_MESSAGE(again.ok(), why(again));
      CHECK(mirror->refs().at("refs/heads/main") == id);
      CHECK((*mirror->tree(id))->read(*TreePath::parse("dir/b.txt")).value_or("") == "three");
    }
  }

  TEST_CASE("an entry that becomes a directory of the same id is checked") {
    Fixture f(Road::local);
    f.repository.commit("main", {{"a.txt", "one"}});
    auto mirror = open_mirror(f.scratch / "mirror", f.url());
    pull(*mirror);
    // A submodule's id says nothing about what is here; as a directory's it has to be.
    const std::string id(40, 'e');
    const auto commit = [&](const std::string& mode) {
      const auto tree = f.repository.git({"mktree", "--missing"}, mode + " " + id + "\tx\n");
      return f.repository.git({"commit-tree", "-m", mode, tree});
    };
    const auto reader = channels::git::ObjectReader::open(f.repository.path(), "shop");
    REQUIRE(reader.ok());
    const auto submodule = commit("160000 commit");
    const auto directory = commit("040000 tree");
    CHECK(channels::git::check_complete(**reader, submodule, {}, {}).ok());
    CHECK_FALSE(channels::git::check_complete(**reader, directory, {}, {}).ok());
    CHECK_FALSE(channels::git::check_complete(**reader, directory, submodule, {}).ok());
    // Nor does a file of that id say that the directory was looked at.
    const auto inner = f.repository.git({"mktree", "--missing"}, "100644 blob " + id + "\tghost\n");
    using channels::git::EntryKind;
    const auto both = f.repository.git(
        {"hash-object", "-t", "tree", "-w", "--literally", "--stdin"},
        channels::git::write_tree_bytes({{"a", EntryKind::file, inner}, {"b", EntryKind::directory, inner}}));
    const auto twice = f.repository.git({"commit-tree", "-m", "twice", both});
    CHECK_FALSE(channels::git::check_complete(**reader, twice, {}, {}).ok());
  }

  TEST_CASE("a local ref that cannot be read is an error and not a deleted branch") {
    Fixture f(Road::local);
    const auto id = f.repository.commit("releases/prod", {{"a", "1"}});
    f.repository.commit("main", {{"a", "1"}});
    auto mirror = open_mirror(f.scratch / "mirror", f.url());
    pull(*mirror);
    // What a crashed machine leaves of a file that was not synced.
    const std::string file = f.repository.path() + "/refs/heads/releases/prod";
    REQUIRE(std::filesystem::exists(file));
    for (const auto* text : {"", "rubbish\n"}) {
      std::ofstream(file, std::ios::trunc) << text;
      const auto listing = mirror->list_remote({});
      REQUIRE_FALSE(listing.ok());
      CHECK_MESSAGE(listing.error().to_string().find("refs/heads/releases/prod") != std::string::npos,
                    listing.error().to_string());
    }
    std::ofstream(file, std::ios::trunc) << id << "\n";
    // Names that are no refs, symbolic refs that lead nowhere and refs outside of the prefixes keep nobody.
    std::ofstream(f.repository.path() + "/refs/heads/main.lock") << "";
    std::ofstream(f.repository.path() + "/refs/heads/.DS_Store") << "x";
    std::ofstream(f.repository.path() + "/refs/odd") << "rubbish";
    f.repository.git({"symbolic-ref", "refs/heads/nowhere", "refs/heads/none"});
    const auto listing = mirror->list_remote({});
    REQUIRE_MESSAGE(listing.ok(), (listing.ok() ? "" : listing.error().to_string()));
    CHECK(listing->refs.size() == 2);
    std::ofstream(f.repository.path() + "/refs/heads/ring") << "ref: refs/heads/ring\n";
    CHECK_FALSE(mirror->list_remote({}).ok());
  }

  TEST_CASE("many fetches do not leave many packs") {
    Fixture f(Road::local);
    auto mirror = open_mirror(f.scratch / "mirror", f.url());
    std::string last;
    for (int i = 0; i < 40; ++i) {
      last = f.repository.commit("main", {{"a", std::to_string(i)}});
      pull(*mirror);
    }
    const auto count = [&] {
      const std::filesystem::directory_iterator packs(f.scratch / "mirror/objects/pack");
      return std::ranges::count_if(packs, [](const auto& entry) { return entry.path().extension() == ".pack"; });
    };
    CHECK(count() == 40);
    const auto tree = mirror->tree(last);
    REQUIRE(tree.ok());
    mirror->trim();
    CHECK(count() == 1);
    CHECK((*tree)->read(*TreePath::parse("a")).value_or("") == "39");
    run_program({"git", "-C", f.scratch / "mirror", "fsck", "--strict", "--full"});
    last = f.repository.commit("main", {{"a", "more"}});
    pull(*mirror);
    CHECK(mirror->resolve("main~20").ok());
  }
}

TEST_SUITE("concurrency: git mirror") {
  TEST_CASE("two mirrors on one directory do not disturb each other") {
    Fixture f(Road::http_v2);
    f.repository.commit("main", {{"a", "1"}});
    auto one = open_mirror(f.scratch / "mirror", f.url());
    auto two = open_mirror(f.scratch / "mirror", f.url());
    const auto work = [](Mirror& mirror) {
      for (int i = 0; i < 10; ++i) {
        const auto listing = mirror.list_remote({});
        if (!listing.ok() || !mirror.fetch(*listing, {}, {}).ok()) return false;
      }
      return true;
    };
    bool other_good = false;
    std::thread other([&] { other_good = work(*two); });
    bool good = true;
    for (int i = 0; i < 5; ++i) {
      f.repository.commit("main", {{"a", std::to_string(i)}});
      good = work(*one) && good;
    }
    other.join();
    CHECK(good);
    CHECK(other_good);
    CHECK(one->refs().at("refs/heads/main") == f.repository.tip("main"));
  }
}
