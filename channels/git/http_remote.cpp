#include <algorithm>

#include "base/text/escape.hpp"
#include "channels/git/smart_remote.hpp"

// The smart protocol over HTTP (gitprotocol-http): one POST per step, no state on the server.

namespace gitopsctl::channels::git {
namespace {

std::string_view content_type(const HttpResponse& response) {
  const auto value = response.header("content-type");
  return value.substr(0, value.find_first_of("; "));
}

class HttpTransport final : public SmartTransport {
 public:
  explicit HttpTransport(const RemoteConfig& config)
      : origin_(origin_of(config)),
        client_(std::make_unique<HttpClient>(origin_)),
        source_(config.credentials),
        shown_(redact_url(config.url)),
        configured_(config.url),
        stall_timeout_(std::min(HttpRequest().stall_timeout, config.timeout)) {
    while (configured_.ends_with('/')) configured_.pop_back();
    base_ = configured_;
  }

  Result<Advertisement> discover(Service service, const Interrupt& interrupt) override;
  Result<void> ask(Question& question, Refusal& refusal, const Interrupt& interrupt) override;
  [[nodiscard]] bool stateless() const override { return true; }
  [[nodiscard]] const std::string& shown() const override { return shown_; }
  [[nodiscard]] HttpCounters counters() const override;
  [[nodiscard]] std::optional<Millis> retry_after() const override { return retry_after_; }

 private:
  static HttpOrigin origin_of(const RemoteConfig& config) {
    HttpOrigin origin = config.http;
    if (origin.url.empty()) origin.url = config.url;
    return origin;
  }

  Result<void> refresh(const Interrupt& interrupt);
  Result<HttpResponse> send(const HttpRequest& request, const Interrupt& interrupt, const HttpSink& sink = {});
  [[nodiscard]] HttpRequest request_for(Question& question) const;
  [[nodiscard]] Error status_error(const HttpResponse& response, Service service) const;
  [[nodiscard]] Error not_git(const HttpResponse& response) const;

  HttpOrigin origin_;
  std::unique_ptr<HttpClient> client_;
  HttpCounters before_;  ///< of the clients before this one
  std::shared_ptr<CredentialSource> source_;
  Credentials used_;
  std::string shown_;
  std::string configured_;
  std::string base_;  ///< where the server really is, after redirects
  Millis stall_timeout_;
  std::optional<Millis> retry_after_;
};

HttpCounters HttpTransport::counters() const {
  const HttpCounters now = client_->counters();
  return {before_.requests + now.requests, before_.bytes_sent + now.bytes_sent, before_.bytes_received + now.bytes_received};
}

/// Takes over credentials that changed. Connections of the old ones are closed: what was said on them was said by those.
Result<void> HttpTransport::refresh(const Interrupt& interrupt) {
  if (!source_) return {};
  GITOPSCTL_TRY(Credentials now, source_->current(interrupt));
  if (now == used_) return {};
  used_ = std::move(now);
  origin_.username = used_.username;
  origin_.password = used_.password;
  origin_.bearer = used_.bearer;
  origin_.ca_pem = used_.ca_pem;
  before_ = counters();
  client_ = std::make_unique<HttpClient>(origin_);
  return {};
}

Result<HttpResponse> HttpTransport::send(const HttpRequest& request, const Interrupt& interrupt, const HttpSink& sink) {
  GITOPSCTL_CHECK(refresh(interrupt));
  GITOPSCTL_TRY(HttpResponse response, client_->send(request, interrupt, sink));
  if (response.status == 401 && source_ && source_->refused(used_)) {
    GITOPSCTL_CHECK(refresh(interrupt));
    GITOPSCTL_TRY(response, client_->send(request, interrupt, sink));
  }
  retry_after_.reset();
  if (response.status == 429 || response.status == 503 || response.status == 403) {
    retry_after_ = parse_retry_after(response.header("retry-after"), system_clock().now());
  }
  return response;
}

Error HttpTransport::status_error(const HttpResponse& response, Service service) const {
  const std::string status = shown_ + " answers " + std::to_string(response.status);
  switch (response.status) {
    case 401:
      return Error(ErrorCode::forbidden, status + " (credentials needed or refused)")
          .with_hint("check the user name, password or token of this repository in the agent's file");
    case 403:
      return Error(ErrorCode::forbidden, status + " (forbidden)")
          .with_hint(service == Service::push ? "the credentials may not push to this repository"
                                              : "the credentials may not read this repository, or a rate limit is reached");
    case 404:
    case 410:
      return Error(ErrorCode::not_found, status + " (no repository there)")
          .with_hint("check the address; a private repository looks like this without credentials");
    case 429: return Error(ErrorCode::unavailable, status + " (too many requests)").with_hint("it is tried again later");
    default: break;
  }
  if (response.status >= 500)
    return Error(ErrorCode::unavailable, status).with_hint("the server is in trouble; it is tried again");
  if (response.status >= 300 && response.status < 400) {
    return Error(ErrorCode::unavailable, status + " and leads elsewhere")
        .with_hint("configure the repository's new address");
  }
  return {ErrorCode::unavailable, status};
}

Error HttpTransport::not_git(const HttpResponse& response) const {
  const auto type = content_type(response);
  const bool plain = type.empty() || type == "text/plain" || type == "application/octet-stream";
  if (plain && looks_like_dumb_refs(response.body)) {
    return Error(ErrorCode::unsupported, shown_ + " serves the repository as plain files (dumb HTTP)")
        .with_hint("serve it with git http-backend or a forge");
  }
  return Error(ErrorCode::unavailable, shown_ + " answers with '" + terminal_safe(type) + "', not with a Git repository")
      .with_hint("a login page, a captive portal or a wrong address; check the URL and the credentials");
}

Result<Advertisement> HttpTransport::discover(Service service, const Interrupt& interrupt) {
  HttpRequest request;
  const std::string name(service_name(service));
  const std::string tail = "/info/refs?service=" + name;
  request.url = configured_ + tail;
  request.headers.emplace_back("Accept", "application/x-" + name + "-advertisement");
  if (service == Service::fetch) request.headers.emplace_back("Git-Protocol", "version=2");
  request.max_response_bytes = max_listing_bytes;
  request.stall_timeout = stall_timeout_;
  GITOPSCTL_TRY(const HttpResponse response, send(request, interrupt));
  if (response.status != 200) return status_error(response, service);
  if (content_type(response) != request.headers.front().second) return not_git(response);
  if (!response.url.ends_with(tail)) return not_git(response);
  base_ = response.url.substr(0, response.url.size() - tail.size());
  auto read = parse_advertisement(response.body, name);
  if (!read) return read.error().in(shown_);
  return read;
}

HttpRequest HttpTransport::request_for(Question& question) const {
  HttpRequest request;
  const std::string name(service_name(question.service));
  request.method = "POST";
  request.url = base_ + "/" + name;
  request.headers.emplace_back("Content-Type", "application/x-" + name + "-request");
  request.headers.emplace_back("Accept", "application/x-" + name + "-result");
  if (question.service == Service::fetch && question.version == 2) {
    request.headers.emplace_back("Git-Protocol", "version=2");
  }
  request.body = std::move(question.body);
  request.max_response_bytes = question.max_answer_bytes;
  request.stall_timeout = stall_timeout_;
  request.on_upload = question.on_upload;
  return request;
}

Result<void> HttpTransport::ask(Question& question, Refusal& refusal, const Interrupt& interrupt) {
  const HttpRequest request = request_for(question);
  HttpSink sink;
  if (question.streamed) {
    sink = [&question](std::string_view piece) -> Result<void> {
      GITOPSCTL_CHECK(question.take(piece));
      return {};
    };
  }
  GITOPSCTL_TRY(const HttpResponse response, send(request, interrupt, sink));
  if (response.status != 200) {
    // What a server does that lost version 2, or moved: worth one look at what it is now.
    const bool outdated = response.status >= 300 && response.status < 500 && response.status != 401 &&
                          response.status != 403 && response.status != 429;
    refusal = outdated ? Refusal::outdated : Refusal::answered;
    return status_error(response, question.service);
  }
  if (content_type(response) != request.headers[1].second) {
    refusal = Refusal::answered;
    return not_git(response);
  }
  if (!question.streamed) {
    if (auto taken = question.take(response.body); !taken) return taken.error().in(shown_);
  }
  return {};
}

}  // namespace

std::unique_ptr<Remote> make_http_remote(const RemoteConfig& config) {
  return make_smart_remote(std::make_unique<HttpTransport>(config), config);
}

}  // namespace gitopsctl::channels::git
