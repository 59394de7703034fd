#include "agent/server/answer.hpp"

#include <exception>

#include "base/log/log.hpp"
#include "base/log/redaction.hpp"

namespace gitopsctl::agent {
namespace {

constexpr std::string_view plain = "text/plain; charset=utf-8";
/// https://prometheus.io/docs/instrumenting/exposition_formats/
constexpr std::string_view exposition = "text/plain; version=0.0.4; charset=utf-8";

Answer text(unsigned status, std::string body) { return {status, std::string(plain), std::move(body), {}}; }

}  // namespace

Answer answer_request(std::string_view method, std::string_view target, const ServerQuestions& questions) {
  const std::string_view path = target.substr(0, target.find('?'));
  if (path != "/healthz" && path != "/readyz" && path != "/metrics") {
    return text(404, "there are /healthz, /readyz and /metrics\n");
  }
  if (method != "GET" && method != "HEAD") {
    Answer answer = text(405, "only GET and HEAD\n");
    answer.allow = "GET, HEAD";
    return answer;
  }
  try {
    if (path == "/healthz") return text(200, "ok\n");
    if (path == "/metrics")
      return {200, std::string(exposition), log::redact(questions.metrics ? questions.metrics() : ""), {}};
    const std::string reasons = log::redact(questions.not_ready ? questions.not_ready() : "");
    if (reasons.empty()) return text(200, "ok\n");
    return text(503, reasons.ends_with('\n') ? reasons : reasons + "\n");
  } catch (const std::exception& exception) {
    log::error("a question of the HTTP server failed", {{"path", path}, {"what", exception.what()}});
  } catch (...) {
    log::error("a question of the HTTP server failed", {{"path", path}});
  }
  return text(500, "an error here; see the log\n");
}

}  // namespace gitopsctl::agent
