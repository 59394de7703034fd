#include "agent/config/credential_source.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <mutex>

#include "agent/config/agent_config.hpp"
#include "base/log/log.hpp"
#include "base/log/redaction.hpp"
#include "tests/support/github_server.hpp"
#include "tests/support/not_run.hpp"
#include "tests/support/ssh_server.hpp"

using namespace gitopsctl;
using namespace gitopsctl::agent;
using namespace gitopsctl::support;

namespace {

namespace fs = std::filesystem;

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

/// Files as a kubelet projects a Secret: `name` leads through `..data` to a directory that is replaced as a whole.
class Projected {
 public:
  explicit Projected(std::string directory) : directory_(std::move(directory)) { fs::create_directories(directory_); }
  void set(const std::map<std::string, std::string>& files) {
    const std::string name = "..version_" + std::to_string(++version_);
    fs::create_directory(directory_ + "/" + name);
    for (const auto& [file, text] : files) {
      std::ofstream(directory_ + "/" + name + "/" + file) << text;
      const std::string link = directory_ + "/" + file;
      if (!fs::is_symlink(link)) fs::create_symlink("..data/" + file, link);
    }
    fs::create_symlink(name, directory_ + "/..data_tmp");
    fs::rename(directory_ + "/..data_tmp", directory_ + "/..data");
    if (version_ > 1) fs::remove_all(directory_ + "/..version_" + std::to_string(version_ - 1));
  }
  [[nodiscard]] std::string path(const std::string& file) const { return directory_ + "/" + file; }

 private:
  std::string directory_;
  int version_ = 0;
};

/// Gathers the log.
struct Lines {
  Lines() {
    log::set_destination([this](std::string_view line) {
      const std::lock_guard lock(mutex);
      text += std::string(line) + "\n";
    });
  }
  ~Lines() {
    log::set_destination({});
    log::forget_secrets();
  }
  Lines(const Lines&) = delete;
  Lines& operator=(const Lines&) = delete;
  [[nodiscard]] std::size_t count(const std::string& part) {
    const std::lock_guard lock(mutex);
    std::size_t out = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++out;
    return out;
  }
  std::mutex mutex;
  std::string text;
};

}  // namespace

TEST_SUITE("agent/credentials") {
  TEST_CASE("a file that is replaced is read again, and one that is of no use changes nothing") {
    const ScratchDir scratch;
    Lines lines;
    Projected secret(scratch / "secret");
    secret.set({{"password", "canary-one\n"}, {"ca", "-----BEGIN CERTIFICATE-----\none\n"}});
    CredentialFiles files;
    files.owner = "repository shop";
    files.username = "bot";
    files.password_file = secret.path("password");
    files.ca_file = secret.path("ca");
    FileCredentials source(files, system_clock());
    REQUIRE(source.load().empty());
    const auto now = [&] { return *source.current({}); };
    const auto first = now();
    CHECK(first.password == "canary-one");
    CHECK_FALSE(source.refused(first));
    secret.set({{"password", "canary-two\n"}, {"ca", "-----BEGIN CERTIFICATE-----\ntwo\n"}});
    CHECK(source.refused(first));
    CHECK(now().password == "canary-two");
    CHECK(has(now().ca_pem, "two"));
    CHECK(lines.count("has new credentials") == 1);
    CHECK(log::redact("canary-two") != "canary-two");

    // Empty, of several lines, without the file, without all of it: what there was stays, and one line says so.
    for (const std::string text : {"", "\n", "a\nb\n"}) {
      const auto before = lines.count("keeps the credentials");
      secret.set({{"password", text}, {"ca", "-----BEGIN CERTIFICATE-----\nthree\n"}});
      for (int i = 0; i < 3; ++i) {
        CHECK(now().password == "canary-two");
        CHECK(has(now().ca_pem, "two"));
      }
      CHECK(lines.count("keeps the credentials") <= before + 1);
    }
    CHECK(lines.count("is empty") == 1);
    fs::remove(secret.path("..data"));
    CHECK(now().password == "canary-two");
    CHECK(lines.count("cannot read") == 1);
    secret.set({{"password", "canary-two\n"}, {"ca", "-----BEGIN CERTIFICATE-----\ntwo\n"}});
    CHECK(now().password == "canary-two");
    CHECK(lines.count("has new credentials") == 1);  // they are the same
    secret.set({{"password", "canary-four\n"}, {"ca", ""}});
    CHECK(now().password == "canary-two");
    secret.set({{"password", "canary-four\n"}, {"ca", "-----BEGIN CERTIFICATE-----\nfour\n"}});
    CHECK(now().password == "canary-four");
    CHECK(lines.count("has new credentials") == 2);
    CHECK_FALSE(has(lines.text, "canary"));

    // Written in place, as people do.
    std::ofstream(scratch / "plain") << "canary-five";
    files.password_file = scratch / "plain";
    FileCredentials plain(files, system_clock());
    REQUIRE(plain.load().empty());
    std::ofstream(scratch / "plain") << "canary-six!";
    CHECK(plain.current({})->password == "canary-six!");
  }

  TEST_CASE("the agent's file: keys of SSH are looked at when it is read, and its mistakes have places") {
    if (!has_ssh_server()) return tests::not_run("credentials for SSH", "there is no ssh-keygen: ./dev setup");
    const ScratchDir scratch;
    Lines lines;
    const auto key = make_ssh_key(scratch / "key", {"-t", "ed25519"}, "canary-phrase");
    const auto host = make_ssh_key(scratch / "host", {"-t", "ed25519"});
    std::ofstream(scratch / "phrase") << "canary-phrase\n";
    std::ofstream(scratch / "wrong") << "canary-wrong\n";
    std::ofstream(scratch / "hosts") << "[h]:2222 " << host.public_text() << "\n";
    std::ofstream(scratch / "others") << "other " << host.public_text() << "\n";
    const auto load = [&](const std::string& credentials) {
      std::ofstream(scratch / "agent.yaml")
          << "repositories:\n- name: a\n  url: ssh://git@h:2222/a\n  credentials: {" << credentials << "}\n"
          << "environments: [{name: e, kind: embedded, path: e.db}]\n"
          << "bindings: [{repository: a, channel: prod, environment: e}]\n";
      return load_agent_config(scratch / "agent.yaml");
    };
    const auto good = load("sshKeyFile: key, sshKeyPassphraseFile: phrase, knownHostsFile: hosts");
    REQUIRE_MESSAGE(good.ok(), (good.ok() ? "" : good.error().to_string()));
    const auto& remote = good->repositories[0].remote;
    CHECK(remote.ssh.passphrase == "canary-phrase");
    REQUIRE(remote.credentials != nullptr);
    CHECK(remote.credentials->current({})->ssh == remote.ssh);
    CHECK(log::redact("x canary-phrase y") == "x [redacted] y");
    CHECK(load("sshKeyFile: key, sshKeyPassphraseFile: phrase, knownHosts: '[h]:2222 " + host.public_text() + "'").ok());
    const auto said = [&](const std::string& credentials) {
      const auto bad = load(credentials);
      REQUIRE_FALSE(bad.ok());
      CHECK(bad.error().where().line == 4);
      CHECK_FALSE(has(bad.error().to_string(), "canary"));
      return bad.error().to_string() + bad.error().hint();
    };
    CHECK(has(said("sshKeyFile: key, knownHostsFile: hosts"), "sshKeyPassphraseFile"));
    CHECK(has(said("sshKeyFile: key, sshKeyPassphraseFile: wrong, knownHostsFile: hosts"), "passphrase may be another"));
    CHECK(has(said("sshKeyFile: key.pub, knownHostsFile: hosts"), "public key"));
    CHECK(has(said("sshKeyFile: none, knownHostsFile: hosts"), "cannot read"));
    CHECK(has(said("sshKeyFile: key, sshKeyPassphraseFile: phrase, knownHostsFile: others"), "ssh-keyscan -p 2222 h"));
    // A pair that does not fit is not taken over.
    std::ofstream(scratch / "phrase") << "canary-other\n";
    CHECK(remote.credentials->current({})->ssh == remote.ssh);
    CHECK(lines.count("keeps the credentials") == 1);
    fs::remove(scratch / "key");
    fs::remove(scratch / "key.pub");
    const auto next = make_ssh_key(scratch / "key", {"-t", "ed25519"}, "canary-other");
    CHECK(remote.credentials->current({})->ssh.private_key == next.private_text());
    CHECK_FALSE(has(lines.text, "canary"));
  }

  TEST_CASE("the agent's file: a GitHub App, whose key is replaced while the program runs") {
    const ScratchDir scratch;
    Lines lines;
    GitHubServer github;
    GitHubServer stranger;
    std::ofstream(scratch / "app.pem") << github.private_key();
    std::ofstream(scratch / "agent.yaml")
        << "repositories:\n- name: a\n  url: https://h/a\n  credentials: {githubApp: {appId: " << github.app_id()
        << ", installationId: " << github.installation_id() << ", privateKeyFile: app.pem, apiUrl: '" << github.url()
        << "/'}}\nenvironments: [{name: e, kind: embedded, path: e.db}]\n"
        << "bindings: [{repository: a, channel: prod, environment: e}]\n";
    const auto config = load_agent_config(scratch / "agent.yaml");
    REQUIRE_MESSAGE(config.ok(), (config.ok() ? "" : config.error().to_string()));
    CHECK(github.issued() == 0);  // nothing goes out before it is needed
    const auto source = config->repositories[0].remote.credentials;
    const auto first = source->current({});
    REQUIRE_MESSAGE(first.ok(), (first.ok() ? "" : first.error().to_string()));
    CHECK(first->username == "x-access-token");
    CHECK(github.is_valid(first->password));
    CHECK(source->current({})->password == first->password);
    CHECK(source->refused(*first));
    CHECK(source->current({})->password != first->password);
    CHECK(github.issued() == 2);
    std::ofstream(scratch / "app.pem") << "nonsense";
    CHECK(source->current({}).ok());
    CHECK(lines.count("keeps the credentials") == 1);
    std::ofstream(scratch / "app.pem") << stranger.private_key();
    const auto refused = source->current({});
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code() == ErrorCode::forbidden);
    std::ofstream(scratch / "app.pem") << github.private_key();
    CHECK(source->current({}).ok());
    CHECK(github.issued() == 3);
    CHECK_FALSE(has(lines.text, "ghs_"));
  }
}
