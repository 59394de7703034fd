#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>

#include "channels/git/mirror.hpp"
#include "tests/support/fault_proxy.hpp"
#include "tests/support/git_server.hpp"

using namespace gitopsctl;
using namespace gitopsctl::channels;
using namespace gitopsctl::support;

// A real Git server behind a proxy that does harm. Whatever happens: one clear error, the mirror's refs as they were,
// nothing of a broken pack kept, and the next good state arrives without help.

namespace {

using Kind = Fault::Kind;

Fault fault(Kind kind, const std::string& method = {}, std::int64_t bytes = 0) {
  Fault out;
  out.kind = kind;
  out.method = method;
  out.bytes = bytes;
  return out;
}

Fault answer(int status, const std::string& body = {}, std::vector<std::pair<std::string, std::string>> headers = {}) {
  Fault out;
  out.kind = Kind::answer;
  out.status = status;
  out.body = body;
  out.headers = std::move(headers);
  return out;
}

/// Bytes that no compression makes smaller, so that offsets in a pack mean something.
std::string noise(unsigned seed) {
  std::string out;
  for (int i = 0; i < 600; ++i) {
    seed = seed * 1664525U + 1013904223U;
    out += static_cast<char>(seed >> 24U);
  }
  return out;
}

struct Fixture {
  explicit Fixture(bool v2 = true) : server(options(v2)), proxy(server.port()), repository(server.repository("shop.git")) {
    first = repository.commit("main", {{"a.txt", "one"}, {"b.txt", std::string(5000, 'b')}});
    repository.commit("side", {{"s.txt", "side"}});
    RemoteConfig config;
    config.name = "shop";
    config.url = proxy.url() + "/shop.git";
    config.timeout = Millis(30'000);
    auto opened = Mirror::open(scratch / "mirror", config);
    REQUIRE(opened.ok());
    mirror = std::move(opened).value();
  }
  static GitServerOptions options(bool v2) {
    GitServerOptions out;
    out.protocol_v2 = v2;
    return out;
  }
  /// One tick, as the agent does it.
  Result<void> tick(const Interrupt& interrupt = {}) {
    auto listing = mirror->list_remote(interrupt);
    if (!listing) return listing.error();
    return mirror->fetch(*listing, {}, interrupt);
  }
  /// The tick fails with this code, and neither refs nor packs change.
  Error fails(ErrorCode code) {
    const auto refs = mirror->refs();
    const auto before = packs();
    const auto start = std::chrono::steady_clock::now();
    // Only what is meant to hang is given little time, so that a slow machine does not fail the other rows.
    const Millis limit(code == ErrorCode::timeout ? 700 : 20'000);
    const auto result = tick({{}, Deadline(system_clock(), limit)});
    const auto took = std::chrono::steady_clock::now() - start;
    REQUIRE_FALSE(result.ok());
    CHECK_MESSAGE(code_name(result.error().code()) == code_name(code), result.error().to_string());
    CHECK(mirror->refs() == refs);
    CHECK(packs() == before);
    if (code == ErrorCode::timeout) CHECK(took < std::chrono::seconds(5));
    CHECK(result.error().to_string().find('\n') == std::string::npos);
    return result.error();
  }
  void recovers() {
    proxy.clear();
    const auto result = tick();
    REQUIRE_MESSAGE(result.ok(), (result.ok() ? "" : result.error().to_string()));
    CHECK(mirror->refs().at("refs/heads/main") == repository.tip("main"));
    run_program({"git", "-C", scratch / "mirror", "fsck", "--strict"});
  }
  [[nodiscard]] std::size_t packs() const {
    const std::filesystem::directory_iterator all(scratch / "mirror/objects/pack");
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
  }

  GitServer server;
  FaultProxy proxy;
  ScratchRepo repository;
  ScratchDir scratch;
  std::unique_ptr<Mirror> mirror;
  CommitId first;
};

}  // namespace

TEST_SUITE("faults/git") {
  TEST_CASE("a listing that goes wrong in any way changes nothing") {
    const std::string html = "<html><body>Please log in</body></html>";
    struct Row {
      const char* name;
      Fault fault;
      ErrorCode code;
    };
    const std::vector<Row> rows{
        {"drop", fault(Kind::drop), ErrorCode::unavailable},
        {"hang", fault(Kind::hang), ErrorCode::timeout},
        {"stops in the middle", fault(Kind::stop_mid, "", 20), ErrorCode::timeout},
        {"cut at the start", fault(Kind::cut, "", 0), ErrorCode::unavailable},
        {"cut in the middle", fault(Kind::cut, "", 30), ErrorCode::unavailable},
        {"empty", fault(Kind::truncate, "", 0), ErrorCode::unavailable},
        {"truncated", fault(Kind::truncate, "", 55), ErrorCode::unavailable},
        {"a length falsified", fault(Kind::flip, "", 0), ErrorCode::unavailable},
        {"400", answer(400), ErrorCode::unavailable},
        {"401", answer(401), ErrorCode::forbidden},
        {"403", answer(403), ErrorCode::forbidden},
        {"404", answer(404), ErrorCode::not_found},
        {"429", answer(429, "", {{"Retry-After", "77"}}), ErrorCode::unavailable},
        {"500", answer(500, html), ErrorCode::unavailable},
        {"503", answer(503, "", {{"Retry-After", "77"}}), ErrorCode::unavailable},
        {"captive portal", answer(200, html, {{"Content-Type", "text/html"}}), ErrorCode::unavailable},
        {"html with git's type", answer(200, html, {{"Content-Type", "application/x-git-upload-pack-advertisement"}}),
         ErrorCode::unavailable},
        {"no content", answer(204), ErrorCode::unavailable},
        {"endless redirect", answer(302, "", {{"Location", "/shop.git/info/refs?service=git-upload-pack"}}),
         ErrorCode::unavailable},
        {"slow",
         [] {
           Fault out = fault(Kind::drip, "", 1);
           out.wait = Millis(100);
           return out;
         }(),
         ErrorCode::timeout},
    };
    for (const bool v2 : {true, false}) {
      for (const bool fetched_before : {false, true}) {
        Fixture f(v2);
        if (fetched_before) f.recovers();
        for (const auto& row : rows) {
          CAPTURE(v2);
          CAPTURE(fetched_before);
          CAPTURE(row.name);
          f.proxy.set({row.fault});
          const Error error = f.fails(row.code);
          if (std::string_view(row.name) == "429" || std::string_view(row.name) == "503") {
            CHECK(f.mirror->retry_after() == Millis(77'000));
          }
          if (row.code == ErrorCode::forbidden || row.code == ErrorCode::not_found) CHECK_FALSE(error.hint().empty());
          if (fetched_before) f.recovers();
        }
        f.recovers();
      }
    }
  }

  TEST_CASE("a pack that goes wrong in any way changes nothing") {
    for (const bool v2 : {true, false}) {
      const std::string service = "/git-upload-pack";
      Fixture f(v2);
      f.recovers();
      std::vector<std::pair<std::string, Fault>> rows;
      for (const std::int64_t at : {0, 10, 100, 300})
        rows.emplace_back("cut " + std::to_string(at), fault(Kind::cut, "POST", at));
      for (const std::int64_t at : {10, 100, 300}) {
        rows.emplace_back("truncate " + std::to_string(at), fault(Kind::truncate, "POST", at));
      }
      // Behind the packets' heads: the pack's magic, its count, object bytes, and its checksum at the end.
      // (Version 0 puts `ACK ID` before it, 49 bytes in which a flipped digit harms nobody.)
      for (const std::int64_t at : {22, 30, 60, 120}) {
        rows.emplace_back("flip " + std::to_string(at), fault(Kind::flip, "POST", at + (v2 ? 0 : 49)));
      }
      for (const std::int64_t at : {-10, -20})
        rows.emplace_back("flip " + std::to_string(at), fault(Kind::flip, "POST", at));
      rows.emplace_back("drop", fault(Kind::drop, "POST"));
      rows.emplace_back("html", answer(200, "<html>", {{"Content-Type", "text/html"}}));
      rows.emplace_back("500", answer(500));
      int round = 0;
      for (auto& [name, harm] : rows) {
        CAPTURE(v2);
        CAPTURE(name);
        f.repository.commit("main", {{"a.txt", noise(static_cast<unsigned>(++round))}});
        f.proxy.clear();
        const auto listing = f.mirror->list_remote({});
        REQUIRE(listing.ok());
        harm.path = service;
        f.proxy.set({harm});
        const auto refs = f.mirror->refs();
        const auto before = f.packs();
        const auto fetched = f.mirror->fetch(*listing, {}, {});
        REQUIRE_FALSE(fetched.ok());
        CHECK_MESSAGE(fetched.error().code() == ErrorCode::unavailable, fetched.error().to_string());
        CHECK(f.mirror->refs() == refs);
        CHECK(f.packs() == before);
        f.recovers();
      }
    }
  }

  TEST_CASE("a pack that hangs ends with the deadline or the stop token") {
    Fixture f;
    f.recovers();
    f.repository.commit("main", {{"a.txt", "new"}});
    const auto listing = f.mirror->list_remote({});
    REQUIRE(listing.ok());
    for (const Kind kind : {Kind::hang, Kind::stop_mid}) {
      f.proxy.set({fault(kind, "POST", 50)});
      auto fetched = f.mirror->fetch(*listing, {}, {{}, Deadline(system_clock(), Millis(700))});
      REQUIRE_FALSE(fetched.ok());
      CHECK(fetched.error().code() == ErrorCode::timeout);
      std::stop_source stop;
      stop.request_stop();
      fetched = f.mirror->fetch(*listing, {}, {stop.get_token(), {}});
      REQUIRE_FALSE(fetched.ok());
      CHECK(fetched.error().code() == ErrorCode::cancelled);
    }
    f.recovers();
  }

  TEST_CASE("nobody listens") {
    Fixture f;
    f.recovers();
    RemoteConfig config;
    config.url = "http://127.0.0.1:1/shop.git";
    config.timeout = Millis(2'000);
    auto mirror = Mirror::open(f.scratch / "other", config);
    REQUIRE(mirror.ok());
    const auto listing = (*mirror)->list_remote({});
    REQUIRE_FALSE(listing.ok());
    CHECK(listing.error().code() == ErrorCode::unavailable);
    CHECK_FALSE(listing.error().hint().empty());
  }

  TEST_CASE("a server that lies about what it has: refs without their objects do not move") {
    Fixture f;
    f.recovers();
    const auto listing = f.mirror->list_remote({});
    REQUIRE(listing.ok());
    RefListing lie = *listing;
    lie.refs["refs/heads/main"] = std::string(40, 'c');
    const auto refs = f.mirror->refs();
    CHECK_FALSE(f.mirror->fetch(lie, {}, {}).ok());
    CHECK(f.mirror->refs() == refs);
    f.recovers();
  }

  TEST_CASE("a server whose repository lacks a file does not move the ref to it") {
    Fixture f;
    f.recovers();
    // A commit whose tree names a file that is nowhere: refused whether the server notices or we do.
    const auto tree = f.repository.git({"mktree", "--missing"}, "100644 blob " + std::string(40, 'd') + "\tghost\n");
    const auto commit = f.repository.git({"commit-tree", "-m", "ghost", tree});
    f.repository.git({"update-ref", "refs/heads/main", commit});
    const auto refs = f.mirror->refs();
    CHECK_FALSE(f.tick().ok());
    CHECK(f.mirror->refs() == refs);
    f.repository.git({"update-ref", "refs/heads/main", f.first});
    f.recovers();
  }

  TEST_CASE("branches deleted, rewound and replaced are followed, an emptied repository too") {
    Fixture f;
    f.recovers();
    const auto second = f.repository.commit("main", {{"a.txt", "two"}});
    f.recovers();
    f.repository.git({"update-ref", "refs/heads/main", f.first});
    f.recovers();
    CHECK(f.mirror->refs().at("refs/heads/main") == f.first);
    f.repository.git({"update-ref", "-d", "refs/heads/side"});
    f.recovers();
    CHECK(f.mirror->refs().size() == 1);
    // The old commits are gone from the server, the mirror's knowledge of them must not confuse it.
    f.repository.git({"reflog", "expire", "--expire=now", "--all"});
    f.repository.git({"gc", "-q", "--prune=now"});
    f.repository.commit("main", {{"a.txt", "three"}});
    f.recovers();
    CHECK(f.mirror->has_commit(second));
    f.repository.git({"update-ref", "-d", "refs/heads/main"});
    REQUIRE(f.tick().ok());
    CHECK(f.mirror->refs().empty());
    f.repository.commit("main", {{"a.txt", "anew"}});
    f.recovers();
  }

  TEST_CASE("a repository that is gone for a while is an error, not an empty set") {
    namespace fs = std::filesystem;
    Fixture f;
    f.recovers();
    fs::rename(f.server.root() + "/shop.git", f.server.root() + "/away");
    f.fails(ErrorCode::not_found);
    fs::create_directories(f.server.root() + "/shop.git");
    f.fails(ErrorCode::not_found);
    fs::remove(f.server.root() + "/shop.git");
    fs::rename(f.server.root() + "/away", f.server.root() + "/shop.git");
    f.recovers();
  }

  TEST_CASE("the dumb protocol is named, not guessed at") {
    Fixture f;
    f.proxy.set({answer(200, std::string(40, 'a') + "\trefs/heads/main\n", {{"Content-Type", "text/plain"}})});
    const auto error = f.fails(ErrorCode::unsupported);
    CHECK(error.message().find("dumb") != std::string::npos);
    f.recovers();
  }

  TEST_CASE("a redirect to another origin gets no credentials, one of the same origin does") {
    GitServerOptions options;
    options.username = "robot";
    options.password = "canary";
    GitServer server(options);
    FaultProxy home(server.port());
    FaultProxy stranger(server.port());
    ScratchDir scratch;
    auto repository = server.repository("shop.git");
    repository.commit("main", {{"a", "1"}});
    RemoteConfig config;
    config.url = home.url() + "/old.git";
    config.http.username = "robot";
    config.http.password = "canary";
    auto mirror = Mirror::open(scratch / "mirror", config);
    REQUIRE(mirror.ok());

    Fault away = answer(302, "", {{"Location", stranger.url() + "/shop.git/info/refs?service=git-upload-pack"}});
    away.path = "/old.git";
    home.set({away});
    const auto refused = (*mirror)->list_remote({});
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code() == ErrorCode::forbidden);
    CHECK(refused.error().to_string().find("canary") == std::string::npos);
    REQUIRE_FALSE(stranger.seen().empty());
    for (const auto& request : stranger.seen()) CHECK(request.authorization.empty());

    away.headers = {{"Location", "/shop.git/info/refs?service=git-upload-pack"}};
    home.set({away});
    const auto listing = (*mirror)->list_remote({});
    REQUIRE_MESSAGE(listing.ok(), (listing.ok() ? "" : listing.error().to_string()));
    REQUIRE((*mirror)->fetch(*listing, {}, {}).ok());
    CHECK((*mirror)->refs().size() == 1);
    home.forget_seen();
    CHECK((*mirror)->list_remote({})->requests == 1);  // straight to the new place
  }

  TEST_CASE("a server that loses protocol version 2 between two polls is followed") {
    Fixture f;
    f.recovers();
    GitServerOptions options;
    options.protocol_v2 = false;
    Fault gone = answer(404);
    gone.method = "POST";
    gone.times = 1;
    f.proxy.set({gone});
    const auto listing = f.mirror->list_remote({});
    REQUIRE_MESSAGE(listing.ok(), (listing.ok() ? "" : listing.error().to_string()));
    CHECK(listing->requests == 3);
    f.recovers();
  }

  TEST_CASE("a push whose answer is lost is found out, and one that never arrived is an error") {
    Fixture f;
    f.recovers();
    NewCommit commit;
    commit.tree = f.mirror->commit(f.first)->tree;
    commit.parents = {f.first};
    commit.message = "pushed";
    const auto id = f.mirror->write_commit(commit);
    REQUIRE(id.ok());
    const std::string ref = "refs/heads/candidates/main";
    for (const Kind kind : {Kind::drop, Kind::hang, Kind::cut}) {
      CAPTURE(static_cast<int>(kind));
      Fault harm = fault(kind, "POST", 3);
      harm.path = "/git-receive-pack";
      f.proxy.set({harm});
      const Millis limit(kind == Kind::hang ? 700 : 20'000);
      const auto pushed = f.mirror->push(ref, "", *id, {{}, Deadline(system_clock(), limit)});
      if (kind == Kind::cut) {
        // It went through, and only the answer was cut.
        CHECK_MESSAGE(pushed.ok(), (pushed.ok() ? "" : pushed.error().to_string()));
        CHECK(f.repository.tip(ref) == *id);
      } else {
        REQUIRE_FALSE(pushed.ok());
        CHECK((pushed.error().code() == ErrorCode::unavailable || pushed.error().code() == ErrorCode::timeout));
        CHECK(f.repository.git({"for-each-ref", ref}).empty());
      }
    }
    f.repository.git({"update-ref", "-d", ref});
    Fault lost = fault(Kind::lose, "POST");
    lost.path = "/git-receive-pack";
    f.proxy.set({lost});
    CHECK(f.mirror->push(ref, "", *id, {}).ok());
    CHECK(f.repository.tip(ref) == *id);
    for (const int status : {401, 403, 404, 500, 503}) {
      CAPTURE(status);
      Fault no = answer(status);
      no.path = "/git-receive-pack";
      f.proxy.set({no});
      const auto pushed = f.mirror->push(ref, *id, f.first, {});
      REQUIRE_FALSE(pushed.ok());
      CHECK(pushed.error().code() == (status == 404  ? ErrorCode::not_found
                                      : status < 404 ? ErrorCode::forbidden
                                                     : ErrorCode::unavailable));
      CHECK(f.repository.tip(ref) == *id);
    }
    f.proxy.clear();
    CHECK(f.mirror->push(ref, *id, f.first, {}).ok());
  }

  TEST_CASE("objects of a kind that cannot be: a damaged commit does not become a ref") {
    Fixture f;
    f.recovers();
    const auto odd = f.repository.git({"hash-object", "-t", "commit", "-w", "--stdin", "--literally"},
                                      "tree " + std::string(40, '0') + "\nauthor x\n\nodd\n");
    f.repository.git({"update-ref", "--no-deref", "refs/heads/other", f.first});
    const auto refs = f.mirror->refs();
    auto listing = f.mirror->list_remote({});
    REQUIRE(listing.ok());
    listing->refs["refs/heads/odd"] = odd;
    CHECK_FALSE(f.mirror->fetch(*listing, {}, {}).ok());
    CHECK(f.mirror->refs() == refs);
    f.recovers();
  }
}
