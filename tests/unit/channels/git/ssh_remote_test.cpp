#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "channels/git/mirror.hpp"
#include "tests/support/not_run.hpp"
#include "tests/support/ssh_server.hpp"

using namespace gitopsctl;
using namespace gitopsctl::channels;
using namespace gitopsctl::support;

namespace {

bool cannot_run() {
  if (has_ssh_server()) return false;
  tests::not_run("git over ssh", "there is no sshd: ./dev setup installs openssh-server");
  return true;
}

template <class T>
std::string why(const Result<T>& result) {
  return result.ok() ? "ok" : result.error().to_string() + " [" + result.error().hint() + "]";
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

/// Everything for one repository behind a server.
struct Fixture {
  explicit Fixture(SshServerOptions options = {}, const std::string& name = "shop.git")
      : server(std::move(options)), repository(server.repository(name)), key(server.user_key()) {
    config.name = "shop";
    config.url = server.url(name);
    config.timeout = Millis(120'000);
    config.ssh = {key.private_text(), "", server.known_hosts()};
  }
  std::unique_ptr<Mirror> open(const std::string& name = "mirror") {
    auto mirror = Mirror::open(scratch / name, config);
    REQUIRE_MESSAGE(mirror.ok(), why(mirror));
    return std::move(mirror).value();
  }
  /// What a listing says.
  std::string listing_error(ErrorCode code) {
    const auto mirror = open("mirror-of-error");
    const auto listing = mirror->list_remote({});
    REQUIRE_FALSE(listing.ok());
    CHECK_MESSAGE(listing.error().code() == code, why(listing));
    return why(listing);
  }
  SshServer server;
  ScratchRepo repository;
  SshKeyPair key;
  RemoteConfig config;
  ScratchDir scratch;
};

RefListing pull(Mirror& mirror) {
  auto listing = mirror.list_remote({});
  REQUIRE_MESSAGE(listing.ok(), why(listing));
  const auto fetched = mirror.fetch(*listing, {}, {});
  REQUIRE_MESSAGE(fetched.ok(), why(fetched));
  return std::move(listing).value();
}

CommitId write(Mirror& mirror, const CommitId& parent, const std::string& message) {
  std::vector<std::string> missing;
  const auto tree = mirror.write_subset(parent, {"kept"}, missing);
  REQUIRE(tree.ok());
  NewCommit commit;
  commit.tree = *tree;
  commit.parents = {parent};
  commit.message = message;
  const auto id = mirror.write_commit(commit);
  REQUIRE(id.ok());
  return *id;
}

std::string noise(std::size_t bytes, unsigned state) {
  std::string out;
  for (std::size_t i = 0; i < bytes; ++i) {
    state = state * 1664525U + 1013904223U;
    out += static_cast<char>(state >> 24U);
  }
  return out;
}

}  // namespace

TEST_SUITE("git/ssh") {
  TEST_CASE("branches move, appear and vanish, and the mirror follows, with either version of the protocol") {
    if (cannot_run()) return;
    for (const bool v2 : {true, false}) {
      CAPTURE(v2);
      SshServerOptions options;
      options.protocol_v2 = v2;
      Fixture f(options);
      const auto first = f.repository.commit("main", {{"kept/a", "1"}, {"kept/b!", "2"}, {"link@", "kept/a"}});
      f.repository.git({"tag", "-a", "-m", "v1", "v1", first});
      f.repository.commit("other", {{"kept/a", "x"}});
      f.config.ref_prefixes = {"refs/heads/", "refs/tags/"};
      auto mirror = f.open();
      auto listing = pull(*mirror);
      CHECK(listing.head == "refs/heads/main");
      CHECK(listing.refs.at("refs/heads/main") == first);
      CHECK(listing.refs.at("refs/tags/v1") == first);
      CHECK(mirror->has_commit(first));
      const auto second = f.repository.commit("main", {{"kept/a", "2"}});
      f.repository.git({"branch", "-D", "other"});
      pull(*mirror);
      CHECK(mirror->refs().at("refs/heads/main") == second);
      CHECK_FALSE(mirror->refs().contains("refs/heads/other"));
      const auto before = mirror->counters();
      CHECK(before.requests > 0);
      CHECK(pull(*mirror).requests == 1);  // nothing moved: one command, no fetch
      // Prefixes are asked for, so refs beyond them cost nothing with version 2.
      CHECK(has(f.server.log(), "Accepted publickey"));
    }
  }

  TEST_CASE("polls share a connection, and a server that restarted is found again") {
    if (cannot_run()) return;
    Fixture f;
    f.repository.commit("main", {{"kept/a", "1"}});
    Relay relay(f.server.port());
    f.config.url = f.server.url("shop.git", relay.port());
    f.config.ssh.known_hosts = f.server.known_hosts("", relay.port());
    auto mirror = f.open();
    for (int i = 0; i < 5; ++i) {
      f.repository.commit("main", {{"kept/a", std::to_string(i)}});
      pull(*mirror);
    }
    CHECK(relay.connections() == 1);
    relay.cut_after(0);  // what is open now ends with the next byte
    CHECK_FALSE(mirror->list_remote({}).ok());
    relay.cut_after(-1);
    pull(*mirror);
    CHECK(relay.connections() >= 2);
  }

  TEST_CASE("a push creates, moves and deletes, and only from what is expected") {
    if (cannot_run()) return;
    Fixture f;
    const auto source = f.repository.commit("main", {{"kept/a", "1"}, {"dropped", "2"}});
    auto mirror = f.open();
    pull(*mirror);
    const auto one = write(*mirror, source, "one");
    const auto two = write(*mirror, one, "two");
    const std::string ref = "refs/heads/candidates/main";
    const auto pushed = mirror->push(ref, "", one, {});
    REQUIRE_MESSAGE(pushed.ok(), why(pushed));
    CHECK(f.repository.tip(ref) == one);
    CHECK(mirror->push(ref, "", one, {}).ok());
    const auto lost = mirror->push(ref, "", two, {});
    REQUIRE_FALSE(lost.ok());
    CHECK(lost.error().code() == ErrorCode::conflict);
    REQUIRE(mirror->push(ref, one, two, {}).ok());
    CHECK(f.repository.tip(ref) == two);
    REQUIRE(mirror->push(ref, two, "", {}).ok());
    CHECK(f.repository.git({"for-each-ref", ref}).empty());
    f.repository.git({"fsck", "--strict"});
  }

  TEST_CASE("of two that push at once one wins and the other is told") {
    if (cannot_run()) return;
    Fixture f;
    const auto source = f.repository.commit("main", {{"kept/a", "1"}});
    const std::string ref = "refs/heads/candidates/main";
    std::atomic<int> won{0};
    std::atomic<int> lost{0};
    std::vector<std::jthread> threads;
    for (int i = 0; i < 2; ++i) {
      threads.emplace_back([&, i] {
        auto mirror = f.open("m" + std::to_string(i));
        pull(*mirror);
        CommitId held;
        for (int round = 0; round < 6; ++round) {
          const auto next = write(*mirror, source, "of " + std::to_string(i) + " in " + std::to_string(round));
          const auto pushed = mirror->push(ref, held, next, {});
          if (pushed.ok()) {
            ++won;
          } else {
            CHECK_MESSAGE(pushed.error().code() == ErrorCode::conflict, why(pushed));
            ++lost;
          }
          const auto listing = pull(*mirror);
          const auto now = listing.refs.find(ref);
          held = now == listing.refs.end() ? "" : now->second;
        }
      });
    }
    threads.clear();
    CHECK(won + lost == 12);
    CHECK(won >= 6);
    f.repository.git({"fsck", "--strict"});
  }

  TEST_CASE("a hook's no and a key that may only read are forbidden, and say why") {
    if (cannot_run()) return;
    {
      Fixture f;
      const auto source = f.repository.commit("main", {{"kept/a", "1"}});
      const std::string hook = f.repository.path() + "/hooks/pre-receive";
      std::filesystem::create_directories(f.repository.path() + "/hooks");
      std::ofstream(hook) << "#!/bin/sh\necho 'branch is protected' >&2\nexit 1\n";
      std::filesystem::permissions(hook, std::filesystem::perms::owner_all);
      auto mirror = f.open();
      pull(*mirror);
      const auto pushed = mirror->push("refs/heads/x", "", write(*mirror, source, "x"), {});
      REQUIRE_FALSE(pushed.ok());
      CHECK(pushed.error().code() == ErrorCode::forbidden);
      CHECK(has(pushed.error().hint(), "branch is protected"));
    }
    SshServerOptions options;
    options.allow_push = false;
    Fixture f(options);
    const auto source = f.repository.commit("main", {{"kept/a", "1"}});
    auto mirror = f.open();
    pull(*mirror);
    const auto pushed = mirror->push("refs/heads/x", "", write(*mirror, source, "x"), {});
    REQUIRE_FALSE(pushed.ok());
    CHECK(pushed.error().code() == ErrorCode::forbidden);
    CHECK(has(pushed.error().to_string(), "marked as read only"));
  }

  TEST_CASE("a larger repository comes whole") {
    if (cannot_run()) return;
    Fixture f;
    std::map<std::string, std::string> files;
    for (unsigned i = 0; i < 40; ++i) files["data/" + std::to_string(i)] = noise(500'000, i);
    const auto id = f.repository.commit("main", files);
    auto mirror = f.open();
    pull(*mirror);
    const auto tree = mirror->tree(id);
    REQUIRE(tree.ok());
    const auto path = TreePath::parse("data/39");
    REQUIRE(path.ok());
    const auto read = (*tree)->read(*path, 1 << 20);
    REQUIRE(read.ok());
    CHECK(*read == noise(500'000, 39));
    CHECK(mirror->counters().bytes_received > 20'000'000);
  }

  TEST_CASE("a path with blanks, quotes, dollars and exclamation marks is one word for git-shell and for a shell") {
    if (cannot_run()) return;
    for (const bool shell : {false, true}) {
      CAPTURE(shell);
      const std::string name = "it's \"a\" $HOME `x` !y; echo #%zz\\ é.git";
      SshServerOptions options;
      options.shell = shell;
      Fixture f(options, name);
      const auto first = f.repository.commit("main", {{"kept/a", "1"}});
      auto mirror = f.open();
      CHECK(pull(*mirror).refs.at("refs/heads/main") == first);
      CHECK(mirror->push("refs/heads/x", "", write(*mirror, first, "x"), {}).ok());
    }
  }

  TEST_CASE("host keys: unknown, changed and revoked ones are refused with their fingerprint") {
    if (cannot_run()) return;
    Fixture f;
    f.repository.commit("main", {{"kept/a", "1"}});
    const std::string good = f.config.ssh.known_hosts;
    const std::string at = "[127.0.0.1]:" + std::to_string(f.server.port());
    const auto other = make_ssh_key(f.scratch / "other", {"-t", "ed25519"});
    const std::string fingerprint = run_program({"ssh-keygen", "-l", "-f", f.server.root() + "/../host_ed25519.pub"});
    const std::string sha = fingerprint.substr(fingerprint.find("SHA256:"), 50);

    f.config.ssh.known_hosts = "# nobody\nexample.org " + f.server.host_key("ed25519") + "\n";
    auto said = f.listing_error(ErrorCode::forbidden);
    CHECK(has(said, "is not known"));
    CHECK(has(said, sha));
    CHECK(has(said, at + " " + f.server.host_key("ed25519")));
    // The port counts, too: a key of the server at port 22 says nothing about this one.
    f.config.ssh.known_hosts = "127.0.0.1 " + f.server.host_key("ed25519") + "\n";
    CHECK(has(f.listing_error(ErrorCode::forbidden), "is not known"));

    f.config.ssh.known_hosts = at + " " + other.public_text() + "\n";
    said = f.listing_error(ErrorCode::forbidden);
    CHECK(has(said, "has changed"));
    CHECK(has(said, sha));

    f.config.ssh.known_hosts = good + "@revoked * " + f.server.host_key("ed25519") + "\n";
    said = f.listing_error(ErrorCode::forbidden);
    CHECK(has(said, "is revoked"));
    CHECK(has(said, sha));
    f.config.ssh.known_hosts = good + "@revoked " + at + " ssh-ed25519 AAAAnonsense\n";
    CHECK(has(f.listing_error(ErrorCode::invalid_input), "@revoked line"));
    CHECK_FALSE(has(f.server.log(), "Accepted publickey"));  // nobody logged in anywhere

    // Only one kind known: that one is agreed on, whatever the server likes best.
    for (const auto* kind : {"rsa", "ecdsa", "ed25519"}) {
      f.config.ssh.known_hosts = f.server.known_hosts(kind);
      pull(*f.open(std::string("of-") + kind));
    }
    // Hashed, with patterns, with a negation, and among lines of others.
    std::ofstream(f.scratch / "hashed") << f.server.known_hosts("ed25519");
    run_program({"ssh-keygen", "-q", "-H", "-f", f.scratch / "hashed"});
    f.config.ssh.known_hosts = SshKeyPair{f.scratch / "hashed"}.private_text();
    CHECK(f.config.ssh.known_hosts.starts_with("|1|"));
    pull(*f.open("hashed-mirror"));
    const std::string key = f.server.host_key("ed25519");
    f.config.ssh.known_hosts = "\n \t# a comment\nbroken\n[127.0.0.*]:*\t" + key + " comment here\r\n";
    pull(*f.open("pattern-mirror"));
    f.config.ssh.known_hosts = "[127.0.0.*]:*,!" + at + " " + key + "\n";
    CHECK(has(f.listing_error(ErrorCode::forbidden), "is not known"));
    f.config.ssh.known_hosts = "@cert-authority * " + key + "\n";
    CHECK(has(f.listing_error(ErrorCode::forbidden), "is not known"));
  }

  TEST_CASE("keys of every kind and form log in") {
    if (cannot_run()) return;
    Fixture f;
    f.repository.commit("main", {{"kept/a", "1"}});
    const std::vector<std::vector<std::string>> kinds{{"-t", "ed25519"},
                                                      {"-t", "rsa", "-b", "2048"},
                                                      {"-t", "rsa", "-b", "3072", "-m", "PEM"},
                                                      {"-t", "rsa", "-b", "2048", "-m", "PKCS8"},
                                                      {"-t", "ecdsa", "-b", "256"},
                                                      {"-t", "ecdsa", "-b", "384", "-m", "PEM"},
                                                      {"-t", "ecdsa", "-b", "521", "-m", "PKCS8"}};
    int count = 0;
    for (const auto& kind : kinds) {
      for (const std::string passphrase : {"", "a pass phrase"}) {
        CAPTURE(count);
        const auto key = f.server.user_key(kind, passphrase);
        f.config.ssh.private_key = key.private_text();
        f.config.ssh.passphrase = passphrase;
        pull(*f.open("m" + std::to_string(count++)));
        if (passphrase.empty()) continue;
        f.config.ssh.passphrase = "";
        CHECK(has(f.listing_error(ErrorCode::invalid_input), "is encrypted"));
        f.config.ssh.passphrase = "another one";
        CHECK(has(f.listing_error(ErrorCode::invalid_input), "passphrase"));
      }
    }
    CHECK_FALSE(has(f.server.log(), "ssh-rsa signature"));
    f.config.ssh = {f.key.public_text(), "", f.server.known_hosts()};
    CHECK(has(f.listing_error(ErrorCode::invalid_input), "public key"));
    f.config.ssh.private_key = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n";
    CHECK(has(f.listing_error(ErrorCode::invalid_input), "cannot be read"));
  }

  TEST_CASE("a key that the server does not know is refused and named") {
    if (cannot_run()) return;
    Fixture f;
    const auto stranger = make_ssh_key(f.scratch / "stranger", {"-t", "ed25519"});
    f.config.ssh.private_key = stranger.private_text();
    const auto said = f.listing_error(ErrorCode::forbidden);
    CHECK(has(said, "refuses the key ssh-ed25519 SHA256:"));
    CHECK(has(said, "deploy key"));
    CHECK_FALSE(has(said, stranger.private_text().substr(60, 40)));
  }

  TEST_CASE("no signature with SHA-1 is made, also not for a server that takes nothing else") {
    if (cannot_run()) return;
    SshServerOptions options;
    options.configuration = {"PubkeyAcceptedAlgorithms ssh-rsa"};
    Fixture f(options);
    f.config.ssh.private_key = f.server.user_key({"-t", "rsa", "-b", "2048"}).private_text();
    const auto said = f.listing_error(ErrorCode::forbidden);
    CHECK_MESSAGE(has(said, "only with SHA-1"), said);
    SshServerOptions hosts;
    hosts.host_keys = {"rsa"};
    hosts.configuration = {"HostKeyAlgorithms ssh-rsa"};
    Fixture g(hosts);
    CHECK(has(g.listing_error(ErrorCode::unavailable), "host key algo"));
  }

  TEST_CASE("a repository that is not there is said to be") {
    if (cannot_run()) return;
    Fixture f;
    f.config.url = f.server.url("none.git");
    CHECK(has(f.listing_error(ErrorCode::not_found), "does not appear to be a git repository"));
    SshServerOptions options;
    options.preamble = "echo 'Welcome!'";
    Fixture g(options);
    CHECK(has(g.listing_error(ErrorCode::unavailable), "must print nothing of its own"));
  }

  TEST_CASE("a connection that breaks in the middle is an error, and the next try gets everything") {
    if (cannot_run()) return;
    Fixture f;
    const auto id = f.repository.commit("main", {{"kept/a", noise(3'000'000, 1)}});
    Relay relay(f.server.port());
    f.config.url = f.server.url("shop.git", relay.port());
    f.config.ssh.known_hosts = f.server.known_hosts("", relay.port());
    auto mirror = f.open();
    int failures = 0;
    for (const std::int64_t bytes : {0, 20, 500, 1500, 3000, 4000, 100'000, 1'000'000, 2'900'000}) {
      relay.cut_after(bytes);
      const auto listing = mirror->list_remote({});
      const auto fetched = listing.ok() ? mirror->fetch(*listing, {}, {}) : Result<void>(listing.error());
      CAPTURE(bytes);
      REQUIRE_FALSE(fetched.ok());
      CHECK_MESSAGE(fetched.error().code() == ErrorCode::unavailable, why(fetched));
      CHECK(mirror->refs().empty());
      ++failures;
    }
    CHECK(failures == 9);
    relay.cut_after(-1);
    CHECK(pull(*mirror).refs.at("refs/heads/main") == id);
    // In the middle of a push: nobody knows, so it is looked at again.
    int broken = 0;
    for (const std::int64_t bytes : {0, 1500, 2600, 2800, 3000, 3200, 3400, 3600, 4000}) {
      const std::string ref = "refs/heads/x" + std::to_string(bytes);
      const auto next = write(*mirror, id, ref);
      relay.cut_after(bytes);
      broken += mirror->push(ref, "", next, {}).ok() ? 0 : 1;
      relay.cut_after(-1);
      const auto pushed = mirror->push(ref, "", next, {});
      CHECK_MESSAGE(pushed.ok(), why(pushed));
      CHECK(f.repository.tip(ref) == next);
    }
    CHECK(broken >= 3);
    f.repository.git({"fsck", "--strict"});
  }

  TEST_CASE("a server that hangs is given up, and a stop ends every step within a second") {
    if (cannot_run()) return;
    Fixture f;
    f.repository.commit("main", {{"kept/a", noise(3'000'000, 1)}});
    Relay relay(f.server.port());
    f.config.url = f.server.url("shop.git", relay.port());
    f.config.ssh.known_hosts = f.server.known_hosts("", relay.port());
    for (const std::int64_t bytes : {0, 1000, 2500, 3500, 1'000'000}) {
      CAPTURE(bytes);
      relay.hang_after(bytes);
      f.config.timeout = Millis(1500);
      const auto begin = std::chrono::steady_clock::now();
      {
        auto mirror = f.open("hang-" + std::to_string(bytes));
        const auto listing = mirror->list_remote({});
        const auto fetched = listing.ok() ? mirror->fetch(*listing, {}, {}) : Result<void>(listing.error());
        REQUIRE_FALSE(fetched.ok());
        CHECK_MESSAGE(fetched.error().code() == ErrorCode::timeout, why(fetched));
      }
      CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(8));
      f.config.timeout = Millis(60'000);
      std::stop_source stop;
      std::atomic<std::int64_t> stopped{0};
      const auto now_ms = [] {
        return std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now().time_since_epoch()).count();
      };
      std::jthread waiter([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(700));
        stopped = now_ms();
        stop.request_stop();
      });
      const Interrupt interrupt{stop.get_token(), {}};
      auto mirror = f.open("stop-" + std::to_string(bytes));
      const auto listing = mirror->list_remote(interrupt);
      const auto fetched = listing.ok() ? mirror->fetch(*listing, {}, interrupt) : Result<void>(listing.error());
      REQUIRE_FALSE(fetched.ok());
      CHECK_MESSAGE(fetched.error().code() == ErrorCode::cancelled, why(fetched));
      mirror.reset();
      CHECK(stopped > 0);
      CHECK(now_ms() - stopped < 1000);
    }
  }

  TEST_CASE("nothing listens, or something that is no SSH server") {
    if (cannot_run()) return;
    Fixture f;
    std::uint16_t port = 0;
    {
      const Relay gone(1);
      port = gone.port();
    }
    f.config.url = f.server.url("shop.git", port);
    f.config.ssh.known_hosts = f.server.known_hosts("", port);
    CHECK(has(f.listing_error(ErrorCode::unavailable), "check that the server runs"));
  }

  TEST_CASE("a proxy is asked for the way when one is given, and never one of the environment") {
    if (cannot_run()) return;
    Fixture f;
    f.repository.commit("main", {{"kept/a", "1"}});
    Relay proxy(f.server.port(), true);
    ::setenv("http_proxy", ("http://127.0.0.1:" + std::to_string(proxy.port())).c_str(), 1);
    pull(*f.open());
    ::unsetenv("http_proxy");
    CHECK(proxy.connections() == 0);
    f.config.http.proxy = "http://127.0.0.1:" + std::to_string(proxy.port());
    pull(*f.open("other"));
    CHECK(proxy.connections() == 1);
    CHECK(proxy.asked() == "CONNECT 127.0.0.1:" + std::to_string(f.server.port()) + " HTTP/1.1");
  }

  TEST_CASE("a key that is replaced while the program runs is used from then on") {
    if (cannot_run()) return;
    struct Source final : CredentialSource {
      Result<Credentials> current(const Interrupt&) override { return now; }
      bool refused(const Credentials& used) override {
        ++refusals;
        now = later;
        return !(used == now);
      }
      Credentials now;
      Credentials later;
      int refusals = 0;
    };
    Fixture f;
    f.repository.commit("main", {{"kept/a", "1"}});
    const auto source = std::make_shared<Source>();
    source->now.ssh = f.config.ssh;
    source->later = source->now;
    f.config.credentials = source;
    auto mirror = f.open();
    pull(*mirror);
    const auto next = make_ssh_key(f.scratch / "next", {"-t", "ed25519"});
    f.server.authorize({next.public_text()});
    // Told in advance: the next command logs in anew.
    source->now.ssh.private_key = next.private_text();
    pull(*mirror);
    CHECK(source->refusals == 0);
    // Told by the refusal.
    const auto third = make_ssh_key(f.scratch / "third", {"-t", "ed25519"});
    f.server.authorize({third.public_text()});
    source->later.ssh.private_key = third.private_text();
    auto other = f.open("other");
    pull(*other);
    CHECK(source->refusals == 1);
    f.server.authorize({});
    const auto refused = f.open("last")->list_remote({});
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code() == ErrorCode::forbidden);
    CHECK(source->refusals == 2);
  }

  TEST_CASE("no descriptor and no connection is left behind") {
    if (cannot_run()) return;
    Fixture f;
    f.repository.commit("main", {{"kept/a", "1"}});
    const auto count = [] {
      std::string open;
      for (const auto& file : std::filesystem::directory_iterator("/proc/self/fd")) {
        std::error_code gone;
        open += std::filesystem::read_symlink(file, gone).string() + "\n";
      }
      return std::count(open.begin(), open.end(), '\n');
    };
    pull(*f.open());
    const auto before = count();
    for (int i = 0; i < 3; ++i) pull(*f.open());
    f.config.ssh.known_hosts.clear();
    for (int i = 0; i < 3; ++i) CHECK_FALSE(f.open()->list_remote({}).ok());
    CHECK(count() == before);
  }
}
