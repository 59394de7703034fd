#include "tests/support/gcp_server.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <vector>

#include "agent/demo/http_wire.hpp"
#include "base/crypto/digest.hpp"
#include "base/json/json.hpp"
#include "base/text/percent.hpp"
#include "tests/support/signed_token.hpp"

namespace gitopsctl::support {
namespace {

constexpr std::string_view email = "deployer@example.iam.gserviceaccount.com";

/// Bit by bit, so that it is not the code that it is compared with.
std::uint32_t slow_crc32c(std::string_view bytes) {
  std::uint32_t sum = 0xFFFFFFFFU;
  for (const char byte : bytes) {
    sum ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) sum = (sum & 1U) != 0 ? (sum >> 1U) ^ 0x82F63B78U : sum >> 1U;
  }
  return ~sum;
}

std::string answer(int status, const std::string& body, const std::string& header = {}) {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Type: application/json\r\n" + header +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string fault(int status, const std::string& word) {
  return answer(status, R"({"error":{"code":)" + std::to_string(status) + R"(,"message":"canary-message","status":")" +
                            word + R"("}})");
}

std::map<std::string, std::string> form_of(const std::string& body) {
  std::map<std::string, std::string> out;
  std::size_t at = 0;
  while (at < body.size()) {
    const std::size_t end = std::min(body.find('&', at), body.size());
    const std::string pair = body.substr(at, end - at);
    const std::size_t sign = pair.find('=');
    out[percent_decode(pair.substr(0, sign))] = sign == std::string::npos ? "" : percent_decode(pair.substr(sign + 1));
    at = end + 1;
  }
  return out;
}

}  // namespace

struct GcpServer::State {
  struct Version {
    std::string bytes;
    bool enabled = true;
  };

  Key key{EVP_RSA_gen(2048), &EVP_PKEY_free};
  mutable std::mutex mutex;
  std::function<TimePoint()> now = [] { return system_clock().now(); };
  std::map<std::string, std::vector<Version>> secrets;
  std::set<std::string> denied;
  std::map<std::string, TimePoint> tokens;
  int failing = 0;
  int failing_status = 0;
  int falsified = 0;
  bool sums = true;
  int token_status = 0;
  bool metadata = true;
  int issued = 0;
  int asked = 0;
  std::optional<agent::demo::WireServer> server;

  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(server->port()); }

  std::string issue() {
    const std::string token = "ya29." + hex_encode(random_bytes(20));
    tokens[token] = now() + std::chrono::hours(1);
    ++issued;
    return token;
  }
  std::string token_answer(const std::string& header = {}) {
    return answer(200, R"({"access_token":")" + issue() + R"(","expires_in":3600,"token_type":"Bearer"})", header);
  }

  bool believes(const std::string& jwt) const {
    const auto first = jwt.find('.');
    const auto second = jwt.find('.', first + 1);
    if (first == std::string::npos || second == std::string::npos) return false;
    const auto head = base64_url_decoded(jwt.substr(0, first));
    const auto body = base64_url_decoded(jwt.substr(first + 1, second - first - 1));
    const auto signature = base64_url_decoded(jwt.substr(second + 1));
    if (!head || !body || !signature || !is_signed_by(key.get(), jwt.substr(0, second), *signature)) return false;
    const auto header = parse_json(*head);
    const auto claims = parse_json(*body);
    if (!header.ok() || !claims.ok()) return false;
    const Value* iat = claims->find("iat");
    const Value* exp = claims->find("exp");
    const auto at = std::chrono::floor<std::chrono::seconds>(now().time_since_epoch()).count();
    return header->string_at({"alg"}) == "RS256" && header->string_at({"kid"}) == "key-1" &&
           claims->string_at({"iss"}) == email && claims->string_at({"aud"}) == url() + "/token" &&
           claims->string_at({"scope"}) == "https://www.googleapis.com/auth/cloud-platform" && iat != nullptr &&
           exp != nullptr && iat->as_int() <= at + 60 && exp->as_int() > at && exp->as_int() <= iat->as_int() + 3600;
  }

  std::string respond_token(const agent::demo::WireHead& head, const std::string& body) {
    if (token_status != 0) return answer(token_status, R"({"error":"canary-message"})");
    if (head.header("content-type") != "application/x-www-form-urlencoded")
      return answer(400, R"({"error":"invalid_request"})");
    const auto form = form_of(body);
    const auto word = [&form](const char* name) {
      const auto found = form.find(name);
      return found == form.end() ? std::string() : found->second;
    };
    const bool jwt = word("grant_type") == "urn:ietf:params:oauth:grant-type:jwt-bearer" && believes(word("assertion"));
    const bool refresh = word("grant_type") == "refresh_token" && word("client_id") == "client" &&
                         word("client_secret") == "client secret&=" && word("refresh_token") == "1//refresh";
    return jwt || refresh ? token_answer() : answer(400, R"({"error":"invalid_grant"})");
  }

  std::string respond_metadata(const agent::demo::WireHead& head) {
    if (!metadata) return answer(200, "<html>");
    if (head.header("metadata-flavor") != "Google") return answer(403, "{}");
    return token_answer("Metadata-Flavor: Google\r\n");
  }

  std::string respond_secret(const agent::demo::WireHead& head, std::string path) {
    ++asked;
    if (failing > 0) {
      --failing;
      return fault(failing_status, "UNAVAILABLE");
    }
    const std::string authorization(head.header("authorization"));
    const auto token = authorization.starts_with("Bearer ") ? tokens.find(authorization.substr(7)) : tokens.end();
    if (token == tokens.end() || token->second <= now()) return fault(401, "UNAUTHENTICATED");
    const std::string prefix = "/v1/projects/1005246706141/secrets/";
    constexpr std::string_view access = ":access";
    if (!path.starts_with(prefix) || !path.ends_with(access)) return fault(404, "NOT_FOUND");
    path = path.substr(prefix.size(), path.size() - prefix.size() - access.size());
    const std::size_t middle = path.find("/versions/");
    const std::string name = path.substr(0, middle);
    if (denied.contains(name)) return fault(403, "PERMISSION_DENIED");
    const auto found = secrets.find(name);
    if (middle == std::string::npos || found == secrets.end()) return fault(404, "NOT_FOUND");
    const std::string version = path.substr(middle + 10);
    std::size_t number = found->second.size();
    if (version != "latest" && std::from_chars(version.data(), version.data() + version.size(), number).ec != std::errc())
      number = 0;
    if (number == 0 || number > found->second.size()) return fault(404, "NOT_FOUND");
    const Version& wanted = found->second[number - 1];
    if (!wanted.enabled) return fault(400, "FAILED_PRECONDITION");
    std::uint32_t sum = slow_crc32c(wanted.bytes);
    if (falsified > 0) {
      --falsified;
      ++sum;
    }
    return answer(200, R"({"name":")" + prefix.substr(4) + name + "/versions/" + std::to_string(number) +
                           R"(","payload":{"data":")" + base64_encode(wanted.bytes) + "\"" +
                           (sums ? R"(,"dataCrc32c":")" + std::to_string(sum) + "\"" : std::string()) + "}}");
  }

  std::string respond(const agent::demo::WireHead& head, const std::string& body) {
    const std::lock_guard lock(mutex);
    const std::size_t first = head.first_line.find(' ');
    const std::string method = head.first_line.substr(0, first);
    const std::string path = head.first_line.substr(first + 1, head.first_line.rfind(' ') - first - 1);
    if (method == "POST" && path == "/token") return respond_token(head, body);
    if (method != "GET") return fault(405, "X");
    if (path == "/computeMetadata/v1/instance/service-accounts/default/token") return respond_metadata(head);
    return respond_secret(head, path);
  }

  void serve(agent::demo::Wire& wire) {
    agent::demo::WireHead head;
    std::string body;
    while (wire.read_head(head) && wire.read_body(head, body, 1 << 20)) {
      if (!wire.write(respond(head, body))) return;
    }
  }
};

GcpServer::GcpServer() : state_(std::make_unique<State>()) {
  if (state_->key == nullptr) throw std::runtime_error("no RSA key");
  state_->server.emplace(std::uint16_t{0}, "", "", [state = state_.get()](agent::demo::Wire& wire) { state->serve(wire); });
}

GcpServer::~GcpServer() { state_->server.reset(); }

std::string GcpServer::url() const { return state_->url(); }

std::string GcpServer::host() const { return url().substr(7); }

std::string GcpServer::service_account_json() const {
  BIO* memory = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(memory, state_->key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(memory, &bytes);
  const std::string pem(bytes, static_cast<std::size_t>(size));
  BIO_free(memory);
  const auto json = to_json(make_map({{"type", Value::string("service_account")},
                                      {"client_email", Value::string(email)},
                                      {"private_key_id", Value::string("key-1")},
                                      {"private_key", Value::string(pem)},
                                      {"token_uri", Value::string(url() + "/token")}}));
  return *json;
}

std::string GcpServer::authorized_user_json() const {
  return R"({"type":"authorized_user","client_id":"client","client_secret":"client secret&=","refresh_token":"1//refresh",)"
         R"("quota_project_id":"billed","token_uri":")" +
         url() + R"(/token"})";
}

std::string GcpServer::new_token() {
  const std::lock_guard lock(state_->mutex);
  return state_->issue();
}

void GcpServer::set_clock(std::function<TimePoint()> now) {
  const std::lock_guard lock(state_->mutex);
  state_->now = std::move(now);
}

void GcpServer::add_version(const std::string& name, const std::string& bytes) {
  const std::lock_guard lock(state_->mutex);
  state_->secrets[name].push_back({bytes});
}

void GcpServer::disable_version(const std::string& name, int version) {
  const std::lock_guard lock(state_->mutex);
  state_->secrets[name].at(static_cast<std::size_t>(version - 1)).enabled = false;
}

void GcpServer::deny(const std::string& name) {
  const std::lock_guard lock(state_->mutex);
  state_->denied.insert(name);
}

void GcpServer::fail_next(int count, int status) {
  const std::lock_guard lock(state_->mutex);
  state_->failing = count;
  state_->failing_status = status;
}

void GcpServer::falsify_sums(int count) {
  const std::lock_guard lock(state_->mutex);
  state_->falsified = count;
}

void GcpServer::leave_out_sums() {
  const std::lock_guard lock(state_->mutex);
  state_->sums = false;
}

void GcpServer::fail_tokens(int status) {
  const std::lock_guard lock(state_->mutex);
  state_->token_status = status;
}

void GcpServer::pretend_metadata() {
  const std::lock_guard lock(state_->mutex);
  state_->metadata = false;
}

void GcpServer::revoke_tokens() {
  const std::lock_guard lock(state_->mutex);
  state_->tokens.clear();
}

int GcpServer::tokens_issued() const {
  const std::lock_guard lock(state_->mutex);
  return state_->issued;
}

int GcpServer::asked() const {
  const std::lock_guard lock(state_->mutex);
  return state_->asked;
}

}  // namespace gitopsctl::support
