#include "tests/support/kube_faults.hpp"

#include "base/json/json.hpp"
#include "base/value/value.hpp"

namespace gitopsctl::support {
namespace {

using Kind = Fault::Kind;

Fault made_up(int code, const std::string& type, std::string body, int retry_after) {
  Fault out{.kind = Kind::answer, .status = code, .headers = {{"content-type", type}}, .body = std::move(body)};
  if (retry_after >= 0) out.headers.emplace_back("retry-after", std::to_string(retry_after));
  return out;
}

}  // namespace

Fault status_answer(int code, const std::string& reason, const std::string& message, int retry_after) {
  Value status = Value::map();
  status.set("kind", Value::string("Status"));
  status.set("apiVersion", Value::string("v1"));
  status.set("metadata", Value::map());
  status.set("status", Value::string("Failure"));
  status.set("message", Value::string(message));
  status.set("reason", Value::string(reason));
  status.set("code", Value::int64(code));
  if (retry_after >= 0) {
    Value details = Value::map();
    details.set("retryAfterSeconds", Value::int64(retry_after));
    status.set("details", details);
  }
  return made_up(code, "application/json", canonical_json(status) + "\n", retry_after);
}

Fault text_answer(int code, const std::string& text, int retry_after) {
  return made_up(code, "text/plain; charset=utf-8", text + "\n", retry_after);
}

std::vector<NamedFault> kube_refusals() {
  return {
      {"401", status_answer(401, "Unauthorized", "Unauthorized")},
      {"403", status_answer(403, "Forbidden", "this is forbidden: User \"agent\" cannot do it in this namespace")},
      {"404", status_answer(404, "NotFound", "this is not found")},
      {"404 as text", text_answer(404, "404 page not found")},
      {"409", status_answer(409, "Conflict", "the object has been modified; apply your changes to the latest version")},
      {"410", status_answer(410, "Expired", "The provided continue parameter is too old")},
      {"422", status_answer(422, "Invalid", "this is invalid: spec: Invalid value: field is immutable")},
      {"429", text_answer(429, "Too many requests, please try again later.")},
      {"429 with Retry-After", text_answer(429, "Too many requests, please try again later.", 1)},
      {"500", status_answer(500, "InternalError", "Internal error occurred: failed calling webhook \"w.example.org\"")},
      {"503", status_answer(503, "ServiceUnavailable", "the server is currently unable to handle the request")},
      {"503 with Retry-After", status_answer(503, "ServiceUnavailable", "the server is shutting down", 1)},
      {"504", status_answer(504, "Timeout", "Timeout: request did not complete within the allotted timeout")},
  };
}

std::vector<NamedFault> broken_connections() {
  using std::chrono::milliseconds;
  return {
      {"closed before forwarding", {.kind = Kind::drop}},
      {"closed after forwarding", {.kind = Kind::lose}},
      {"never answered", {.kind = Kind::hang}},
      {"stops in the body", {.kind = Kind::stop_mid, .bytes = 10}},
      {"closed in the body", {.kind = Kind::cut, .bytes = 10}},
      {"closed before the body", {.kind = Kind::cut}},
      {"shortened body", {.kind = Kind::truncate, .bytes = 10}},
      {"empty body", {.kind = Kind::truncate}},
      {"late answer", {.kind = Kind::delay, .wait = milliseconds{500}}},
      {"body in drops", {.kind = Kind::drip, .bytes = 64, .wait = milliseconds{5}}},
  };
}

}  // namespace gitopsctl::support
