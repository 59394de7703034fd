#include "tests/support/vault_server.hpp"

#include <charconv>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

#include "agent/demo/http_wire.hpp"
#include "base/crypto/digest.hpp"
#include "base/json/json.hpp"
#include "base/text/percent.hpp"

namespace gitopsctl::support {
namespace {

std::string answer(int status, const std::string& body) {
  return "HTTP/1.1 " + std::to_string(status) +
         " X\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string fault(int status) { return answer(status, R"({"errors":["canary-message"]})"); }

}  // namespace

struct VaultServer::State {
  struct Version {
    std::string json;
    bool deleted = false;
  };

  mutable std::mutex mutex;
  std::map<std::string, std::vector<Version>> secrets;
  std::set<std::string> denied;
  std::set<std::string> tokens{"hvs.root-token"};
  std::string wanted_namespace;
  int failing = 0;
  int failing_status = 0;
  int logins = 0;
  int asked = 0;
  std::optional<agent::demo::WireServer> server;

  std::string respond_login(const std::string& path, const std::string& body) {
    const auto words = parse_json(body);
    if (!words.ok()) return fault(400);
    const bool pod = path == "/v1/auth/kubernetes/login" && words->string_at({"role"}) == "ci" &&
                     words->string_at({"jwt"}) == "header.service-account.signature";
    const bool role = path == "/v1/auth/approle/login" && words->string_at({"role_id"}) == "role-id" &&
                      words->string_at({"secret_id"}) == "secret-id";
    if (!pod && !role) return fault(path == "/v1/auth/approle/login" ? 400 : 403);
    const std::string token = "hvs." + hex_encode(random_bytes(16));
    tokens.insert(token);
    ++logins;
    return answer(200, R"({"auth":{"client_token":")" + token + R"(","lease_duration":600,"renewable":true}})");
  }

  std::string respond_secret(const std::string& target) {
    ++asked;
    if (failing > 0) {
      --failing;
      return fault(failing_status);
    }
    const std::size_t query = target.find('?');
    const std::string path = percent_decode(target.substr(0, query));
    const bool second = path.starts_with("/v1/kv/data/");
    if (!second && !path.starts_with("/v1/old/")) return fault(404);
    const std::string name = path.substr(second ? 12 : 8);
    if (denied.contains(name)) return fault(403);
    const auto found = secrets.find(name);
    if (found == secrets.end()) return fault(404);
    if (!second) return answer(200, R"({"lease_duration":0,"data":)" + found->second.back().json + "}");
    std::size_t number = found->second.size();
    if (query != std::string::npos) {
      const std::string words = target.substr(query + 1);
      if (!words.starts_with("version=")) return fault(400);
      if (std::from_chars(words.data() + 8, words.data() + words.size(), number).ec != std::errc()) number = 0;
    }
    if (number == 0 || number > found->second.size()) return fault(404);
    const Version& version = found->second[number - 1];
    const std::string metadata = R"("metadata":{"version":)" + std::to_string(number) + "}";
    if (version.deleted) return answer(404, R"({"data":{"data":null,)" + metadata + "}}");
    return answer(200, R"({"data":{"data":)" + version.json + "," + metadata + "}}");
  }

  std::string respond(const agent::demo::WireHead& head, const std::string& body) {
    const std::lock_guard lock(mutex);
    const std::size_t first = head.first_line.find(' ');
    const std::string method = head.first_line.substr(0, first);
    const std::string target = head.first_line.substr(first + 1, head.first_line.rfind(' ') - first - 1);
    if (head.header("x-vault-request") != "true") return fault(412);
    if (head.header("x-vault-namespace") != wanted_namespace) return fault(403);
    if (method == "POST" && target.starts_with("/v1/auth/")) return respond_login(target, body);
    if (method != "GET") return fault(405);
    if (!tokens.contains(std::string(head.header("x-vault-token")))) return fault(403);
    return respond_secret(target);
  }

  void serve(agent::demo::Wire& wire) {
    agent::demo::WireHead head;
    std::string body;
    while (wire.read_head(head) && wire.read_body(head, body, 1 << 20)) {
      if (!wire.write(respond(head, body))) return;
    }
  }
};

VaultServer::VaultServer() : state_(std::make_unique<State>()) {
  state_->server.emplace(std::uint16_t{0}, "", "", [state = state_.get()](agent::demo::Wire& wire) { state->serve(wire); });
}

VaultServer::~VaultServer() { state_->server.reset(); }

std::string VaultServer::url() const { return "http://127.0.0.1:" + std::to_string(state_->server->port()); }

void VaultServer::put(const std::string& path, const std::string& json) {
  const std::lock_guard lock(state_->mutex);
  state_->secrets[path].push_back({json});
}

void VaultServer::delete_version(const std::string& path, int version) {
  const std::lock_guard lock(state_->mutex);
  state_->secrets[path].at(static_cast<std::size_t>(version - 1)).deleted = true;
}

void VaultServer::deny(const std::string& path) {
  const std::lock_guard lock(state_->mutex);
  state_->denied.insert(path);
}

void VaultServer::fail_next(int count, int status) {
  const std::lock_guard lock(state_->mutex);
  state_->failing = count;
  state_->failing_status = status;
}

void VaultServer::set_namespace(const std::string& name) {
  const std::lock_guard lock(state_->mutex);
  state_->wanted_namespace = name;
}

void VaultServer::revoke_logins() {
  const std::lock_guard lock(state_->mutex);
  state_->tokens = {"hvs.root-token"};
}

int VaultServer::logins() const {
  const std::lock_guard lock(state_->mutex);
  return state_->logins;
}

int VaultServer::asked() const {
  const std::lock_guard lock(state_->mutex);
  return state_->asked;
}

}  // namespace gitopsctl::support
