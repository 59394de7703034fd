#include "tests/support/github_server.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>

#include "agent/demo/http_wire.hpp"
#include "base/crypto/digest.hpp"
#include "base/json/json.hpp"
#include "tests/support/signed_token.hpp"

namespace gitopsctl::support {
namespace {

std::string answer(int status, const std::string& body) {
  return "HTTP/1.1 " + std::to_string(status) +
         " X\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string message(const std::string& text) { return R"({"message":")" + text + R"("})"; }

}  // namespace

struct GitHubServer::State {
  Key key{EVP_RSA_gen(2048), &EVP_PKEY_free};
  mutable std::mutex mutex;
  std::function<TimePoint()> now = [] { return system_clock().now(); };
  int forced = 0;
  std::string forced_body;
  int issued = 0;
  bool refusing = false;
  std::map<std::string, TimePoint> valid;
  std::optional<agent::demo::WireServer> server;

  /// What is wrong with a JWT; empty when nothing is.
  std::string fault_of(const std::string& jwt) const {
    const auto first = jwt.find('.');
    const auto second = jwt.find('.', first + 1);
    if (first == std::string::npos || second == std::string::npos) return "A JSON web token could not be decoded";
    const auto head = base64_url_decoded(jwt.substr(0, first));
    const auto body = base64_url_decoded(jwt.substr(first + 1, second - first - 1));
    const auto signature = base64_url_decoded(jwt.substr(second + 1));
    if (!head || !body || !signature) return "A JSON web token could not be decoded";
    const auto header = parse_json(*head);
    const auto claims = parse_json(*body);
    if (!header.ok() || !claims.ok() || header->find("alg") == nullptr || header->find("alg")->as_string() != "RS256" ||
        !is_signed_by(key.get(), jwt.substr(0, second), *signature)) {
      return "A JSON web token could not be decoded";
    }
    const Value* iat = claims->find("iat");
    const Value* exp = claims->find("exp");
    const Value* iss = claims->find("iss");
    if (iat == nullptr || exp == nullptr || !iat->is_int() || !exp->is_int()) return "Missing claims";
    const auto at = std::chrono::floor<std::chrono::seconds>(now().time_since_epoch()).count();
    if (iat->as_int() > at) return "'Issued at' claim ('iat') must be an Integer representing a time in the past";
    if (exp->as_int() <= at) return "'Expiration time' claim ('exp') must be a numeric value in the future";
    if (exp->as_int() > at + 600) return "'Expiration time' claim ('exp') is too far in the future";
    if (iss == nullptr || iss->as_string() != "123456") return "Integration not found: no such app id";
    return {};
  }

  std::string respond(const agent::demo::WireHead& head) {
    const std::lock_guard lock(mutex);
    if (forced != 0) return answer(forced, forced_body);
    const std::string authorization(head.header("authorization"));
    if (!authorization.starts_with("Bearer ")) return answer(401, message("Requires authentication"));
    if (const auto fault = fault_of(authorization.substr(7)); !fault.empty()) return answer(401, message(fault));
    if (head.header("accept") != "application/vnd.github+json") return answer(415, message("Unsupported"));
    if (head.header("user-agent").empty()) return answer(403, message("Request forbidden by administrative rules"));
    if (head.first_line != "POST /app/installations/7890/access_tokens HTTP/1.1") return answer(404, message("Not Found"));
    const std::string token = "ghs_" + hex_encode(random_bytes(18));
    const TimePoint end = std::chrono::floor<std::chrono::seconds>(now()) + std::chrono::hours(1);
    valid[token] = end;
    ++issued;
    return answer(201, R"({"token":")" + token + R"(","expires_at":")" + format_time(end) + R"(","permissions":{}})");
  }

  void serve(agent::demo::Wire& wire) {
    agent::demo::WireHead head;
    std::string body;
    while (wire.read_head(head) && wire.read_body(head, body, 1 << 20)) {
      if (!wire.write(respond(head))) return;
    }
  }
};

GitHubServer::GitHubServer() : state_(std::make_unique<State>()) {
  if (state_->key == nullptr) throw std::runtime_error("no RSA key");
  state_->server.emplace(std::uint16_t{0}, "", "", [state = state_.get()](agent::demo::Wire& wire) { state->serve(wire); });
}

GitHubServer::~GitHubServer() { state_->server.reset(); }

std::string GitHubServer::url() const { return "http://127.0.0.1:" + std::to_string(state_->server->port()); }

std::string GitHubServer::private_key() const {
  BIO* memory = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey_traditional(memory, state_->key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(memory, &bytes);
  std::string out(bytes, static_cast<std::size_t>(size));
  BIO_free(memory);
  return out;
}

void GitHubServer::set_clock(std::function<TimePoint()> now) {
  const std::lock_guard lock(state_->mutex);
  state_->now = std::move(now);
}

void GitHubServer::answer_with(int status, const std::string& body) {
  const std::lock_guard lock(state_->mutex);
  state_->forced = status;
  state_->forced_body = body;
}

int GitHubServer::issued() const {
  const std::lock_guard lock(state_->mutex);
  return state_->issued;
}

bool GitHubServer::is_valid(const std::string& token) const {
  const std::lock_guard lock(state_->mutex);
  const auto found = state_->valid.find(token);
  return !state_->refusing && found != state_->valid.end() && state_->now() < found->second;
}

void GitHubServer::revoke_all() {
  const std::lock_guard lock(state_->mutex);
  state_->valid.clear();
}

void GitHubServer::refuse_all() {
  const std::lock_guard lock(state_->mutex);
  state_->refusing = true;
}

}  // namespace gitopsctl::support
