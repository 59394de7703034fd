#include <algorithm>

#include "base/process/crash_point.hpp"
#include "base/text/escape.hpp"
#include "channels/git/remote.hpp"

// The smart protocol over HTTP (gitprotocol-http): one POST per step, no state on the server.

namespace gitopsctl::channels::git {
namespace {

/// A listing of a million refs is about 70 MB.
constexpr std::uint64_t max_listing_bytes = 128ULL << 20U;
constexpr std::uint64_t max_report_bytes = 1U << 20U;
constexpr std::string_view fetch_service = "git-upload-pack";
constexpr std::string_view push_service = "git-receive-pack";

enum class Step : std::uint8_t { list, fetch, push };

std::string_view content_type(const HttpResponse& response) {
  const auto value = response.header("content-type");
  return value.substr(0, value.find_first_of("; "));
}

class HttpRemote final : public Remote {
 public:
  explicit HttpRemote(const RemoteConfig& config)
      : client_(origin_of(config)),
        shown_(redact_url(config.url)),
        configured_(config.url),
        prefixes_(config.ref_prefixes),
        max_pack_bytes_(config.max_pack_bytes),
        stall_timeout_(std::min(HttpRequest().stall_timeout, config.timeout)) {
    while (configured_.ends_with('/')) configured_.pop_back();
    base_ = configured_;
  }

  Result<RemoteRefs> list(const Interrupt& interrupt) override;
  Result<void> fetch(const std::vector<std::string>& wants, const std::vector<std::string>& haves, const PackSink& sink,
                     const Interrupt& interrupt) override;
  Result<void> push(const PushCommand& command, const PackMaker& make_pack, const Interrupt& interrupt) override;
  [[nodiscard]] HttpCounters counters() const override { return client_.counters(); }
  [[nodiscard]] std::optional<Millis> retry_after() const override { return retry_after_; }

 private:
  static HttpOrigin origin_of(const RemoteConfig& config) {
    HttpOrigin origin = config.http;
    if (origin.url.empty()) origin.url = config.url;
    return origin;
  }

  Result<Advertisement> discover(std::string_view service, const Interrupt& interrupt);
  [[nodiscard]] HttpRequest request_to(std::string_view service, std::string body, std::uint64_t max_bytes) const;
  Result<HttpResponse> post(const HttpRequest& request, const Interrupt& interrupt, const HttpSink& sink = {});
  [[nodiscard]] Error status_error(const HttpResponse& response, Step step) const;
  [[nodiscard]] Error not_git(const HttpResponse& response) const;
  Result<RemoteRefs> list_v2(const Interrupt& interrupt, bool& stale);
  [[nodiscard]] RemoteRefs cut(std::vector<AdvertisedRef> refs) const;
  Result<std::string> remote_value(const std::string& ref, const Interrupt& interrupt);
  Result<void> judge(const PushReport& report, const PushCommand& command, const Interrupt& interrupt);
  void note_retry(const HttpResponse& response);

  HttpClient client_;
  std::string shown_;
  std::string configured_;
  std::string base_;  ///< where the server really is, after redirects
  std::vector<std::string> prefixes_;
  std::uint64_t max_pack_bytes_;
  Millis stall_timeout_;
  /// What the server can do, remembered so that a poll is one request.
  std::optional<Capabilities> known_;
  int version_ = 0;
  std::optional<Millis> retry_after_;
};

void HttpRemote::note_retry(const HttpResponse& response) {
  retry_after_.reset();
  if (response.status == 429 || response.status == 503 || response.status == 403) {
    retry_after_ = parse_retry_after(response.header("retry-after"), system_clock().now());
  }
}

Error HttpRemote::status_error(const HttpResponse& response, Step step) const {
  const std::string status = shown_ + " answers " + std::to_string(response.status);
  switch (response.status) {
    case 401:
      return Error(ErrorCode::forbidden, status + " (credentials needed or refused)")
          .with_hint("check the user name, password or token of this repository in the agent's file");
    case 403:
      return Error(ErrorCode::forbidden, status + " (forbidden)")
          .with_hint(step == Step::push ? "the credentials may not push to this repository"
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

Error HttpRemote::not_git(const HttpResponse& response) const {
  const auto type = content_type(response);
  const bool plain = type.empty() || type == "text/plain" || type == "application/octet-stream";
  if (plain && looks_like_dumb_refs(response.body)) {
    return Error(ErrorCode::unsupported, shown_ + " serves the repository as plain files (dumb HTTP)")
        .with_hint("serve it with git http-backend or a forge");
  }
  return Error(ErrorCode::unavailable, shown_ + " answers with '" + terminal_safe(type) + "', not with a Git repository")
      .with_hint("a login page, a captive portal or a wrong address; check the URL and the credentials");
}

Result<Advertisement> HttpRemote::discover(std::string_view service, const Interrupt& interrupt) {
  const bool fetching = service == fetch_service;
  HttpRequest request;
  request.url = configured_ + "/info/refs?service=" + std::string(service);
  request.headers.emplace_back("Accept", "application/x-" + std::string(service) + "-advertisement");
  if (fetching) request.headers.emplace_back("Git-Protocol", "version=2");
  request.max_response_bytes = max_listing_bytes;
  request.stall_timeout = stall_timeout_;
  GITOPSCTL_TRY(const HttpResponse response, client_.send(request, interrupt));
  note_retry(response);
  if (response.status != 200) return status_error(response, fetching ? Step::list : Step::push);
  if (content_type(response) != request.headers.front().second) return not_git(response);
  const std::string tail = "/info/refs?service=" + std::string(service);
  if (response.url.ends_with(tail)) {
    base_ = response.url.substr(0, response.url.size() - tail.size());
  } else {
    return not_git(response);
  }
  auto read = parse_advertisement(response.body, service);
  if (!read) return read.error().in(shown_);
  if (read->shallow) {
    return Error(ErrorCode::unsupported, shown_ + " is a shallow repository")
        .with_hint("fetch the rest of its history there (git fetch --unshallow)");
  }
  if (fetching) {
    known_ = read->capabilities;
    version_ = read->version;
  }
  return read;
}

HttpRequest HttpRemote::request_to(std::string_view service, std::string body, std::uint64_t max_bytes) const {
  HttpRequest request;
  request.method = "POST";
  request.url = base_ + "/" + std::string(service);
  request.headers.emplace_back("Content-Type", "application/x-" + std::string(service) + "-request");
  request.headers.emplace_back("Accept", "application/x-" + std::string(service) + "-result");
  if (service == fetch_service && version_ == 2) request.headers.emplace_back("Git-Protocol", "version=2");
  request.body = std::move(body);
  request.max_response_bytes = max_bytes;
  request.stall_timeout = stall_timeout_;
  return request;
}

Result<HttpResponse> HttpRemote::post(const HttpRequest& request, const Interrupt& interrupt, const HttpSink& sink) {
  GITOPSCTL_TRY(HttpResponse response, client_.send(request, interrupt, sink));
  note_retry(response);
  return response;
}

RemoteRefs HttpRemote::cut(std::vector<AdvertisedRef> refs) const {
  RemoteRefs out;
  for (auto& ref : refs) {
    if (ref.name == "HEAD") {
      out.head = ref.symref;
    } else if (has_prefix(ref.name, prefixes_)) {
      out.refs.push_back(std::move(ref));
    }
  }
  return out;
}

Result<RemoteRefs> HttpRemote::list_v2(const Interrupt& interrupt, bool& stale) {
  std::vector<std::string> prefixes = prefixes_;
  prefixes.emplace_back("HEAD");
  GITOPSCTL_TRY(const HttpResponse response,
                post(request_to(fetch_service, ls_refs_request(*known_, prefixes), max_listing_bytes), interrupt));
  // What a server does that lost version 2, or moved: worth one look at what it is now.
  stale = response.status >= 300 && response.status < 500 && response.status != 401 && response.status != 403 &&
          response.status != 429;
  if (response.status != 200) return status_error(response, Step::list);
  if (content_type(response) != "application/x-git-upload-pack-result") return not_git(response);
  auto refs = parse_ls_refs(response.body);
  if (!refs) return refs.error().in(shown_);
  return cut(std::move(refs).value());
}

Result<RemoteRefs> HttpRemote::list(const Interrupt& interrupt) {
  if (known_ && version_ == 2) {
    bool stale = false;
    auto listed = list_v2(interrupt, stale);
    if (!listed) known_.reset();
    if (listed.ok() || !stale) return listed;
  }
  GITOPSCTL_TRY(Advertisement advertisement, discover(fetch_service, interrupt));
  if (advertisement.version == 2) {
    bool stale = false;
    auto listed = list_v2(interrupt, stale);
    if (!listed) known_.reset();
    return listed;
  }
  return cut(std::move(advertisement.refs));
}

Result<void> HttpRemote::fetch(const std::vector<std::string>& wants, const std::vector<std::string>& haves,
                               const PackSink& sink, const Interrupt& interrupt) {
  if (!known_) GITOPSCTL_CHECK(discover(fetch_service, interrupt));
  if (version_ != 2 && !known_->contains("side-band-64k")) {
    return Error(ErrorCode::unsupported, shown_ + " cannot send packs in bands").with_hint("a newer Git server is needed");
  }
  PackDemux demux(version_, true, sink);
  std::string body = version_ == 2 ? fetch_request_v2(*known_, wants, haves) : fetch_request_v0(*known_, wants, haves);
  // Packets around the pack cost less than a thousandth; what is over that is not a pack.
  const std::uint64_t most = max_pack_bytes_ + max_pack_bytes_ / 1000 + (1U << 20U);
  const HttpSink take = [&](std::string_view piece) -> Result<void> {
    GITOPSCTL_CHECK(sink({}));
    return demux.feed(piece);
  };
  GITOPSCTL_TRY(const HttpResponse response, post(request_to(fetch_service, std::move(body), most), interrupt, take));
  if (response.status != 200) {
    known_.reset();
    return status_error(response, Step::fetch);
  }
  if (content_type(response) != "application/x-git-upload-pack-result") return not_git(response);
  if (auto finished = demux.finish(); !finished) return finished.error().in(shown_);
  return {};
}

Result<std::string> HttpRemote::remote_value(const std::string& ref, const Interrupt& interrupt) {
  GITOPSCTL_TRY(const Advertisement now, discover(push_service, interrupt));
  const auto found = std::ranges::find(now.refs, ref, &AdvertisedRef::name);
  return found == now.refs.end() ? std::string(zero_id) : found->id;
}

Error moved(const std::string& shown, const PushCommand& command) {
  return Error(ErrorCode::conflict, "somebody else moved " + terminal_safe(command.ref) + " of " + shown)
      .with_hint("nothing was pushed; it is looked at again with the next listing");
}

Result<void> HttpRemote::push(const PushCommand& command, const PackMaker& make_pack, const Interrupt& interrupt) {
  GITOPSCTL_TRY(const Advertisement now, discover(push_service, interrupt));
  const auto found = std::ranges::find(now.refs, command.ref, &AdvertisedRef::name);
  const std::string held = found == now.refs.end() ? std::string(zero_id) : found->id;
  if (held == command.to) return {};  // an earlier push got through although its answer did not
  if (held != command.from) return moved(shown_, command);
  if (!now.capabilities.contains("report-status")) {
    return Error(ErrorCode::unsupported, shown_ + " does not report what became of a push");
  }
  const bool removing = command.to == zero_id;
  if (removing && !now.capabilities.contains("delete-refs")) {
    return Error(ErrorCode::forbidden, shown_ + " does not allow deleting branches");
  }
  std::string body = push_request_head(now.capabilities, command);
  if (!removing) {
    std::vector<std::string> remote_has;
    remote_has.reserve(now.refs.size());
    for (const auto& ref : now.refs) remote_has.push_back(ref.id);
    GITOPSCTL_TRY(const std::string pack, make_pack(remote_has));
    body += pack;
  }
  HttpRequest request = request_to(push_service, std::move(body), max_report_bytes);
  request.on_upload = [](std::uint64_t /*sent*/) { crash_point(CrashPoint::candidate_push_half); };
  auto response = post(request, interrupt);
  if (response.ok()) crash_point(CrashPoint::candidate_push_answered);
  Result<PushReport> report = Error(ErrorCode::internal, "no answer");
  if (!response) {
    report = response.error();
  } else if (response->status != 200) {
    return status_error(*response, Step::push);
  } else if (content_type(*response) != "application/x-git-receive-pack-result") {
    return not_git(*response);
  } else {
    report = parse_push_report(response->body, now.capabilities.contains("side-band-64k"));
  }
  if (report.ok()) return judge(*report, command, interrupt);
  // Nobody knows whether the push got through: look.
  if (interrupt.check("push").ok()) {
    const auto after = remote_value(command.ref, interrupt);
    if (after.ok() && *after == command.to) return {};
    if (after.ok() && *after != command.from) return moved(shown_, command);
  }
  return report.error().in("push to " + shown_);
}

Result<void> HttpRemote::judge(const PushReport& report, const PushCommand& command, const Interrupt& interrupt) {
  const std::string where = terminal_safe(command.ref) + " of " + shown_;
  if (report.unpack != "ok") {
    return Error(ErrorCode::unavailable, "the objects for " + where + " were not taken: " + report.unpack);
  }
  if (report.accepted.contains(command.ref)) return {};
  const auto refused = report.refused.find(command.ref);
  if (refused == report.refused.end()) return Error(ErrorCode::unavailable, "the push of " + where + " was not answered");
  // Servers word a lost race in many ways; the ref itself tells it from a rule that says no.
  const auto after = remote_value(command.ref, interrupt);
  if (after.ok() && *after == command.to) return {};
  if (after.ok() && *after != command.from) return moved(shown_, command);
  const std::string& reason = refused->second;
  for (const auto* sign : {"lock", "failed to update ref", "stale", "already exists", "incorrect old value"}) {
    if (reason.find(sign) != std::string::npos) {
      return Error(ErrorCode::conflict, "the push of " + where + " lost a race: " + reason).with_hint("it is tried again");
    }
  }
  Error error(ErrorCode::forbidden, "the push of " + where + " was refused: " + reason);
  if (!report.progress.empty()) error = error.with_hint("the server says: " + terminal_safe(report.progress));
  return error;
}

}  // namespace

bool has_prefix(std::string_view name, const std::vector<std::string>& prefixes) {
  return std::ranges::any_of(prefixes, [name](const std::string& prefix) { return name.starts_with(prefix); });
}

std::unique_ptr<Remote> make_http_remote(const RemoteConfig& config) { return std::make_unique<HttpRemote>(config); }

}  // namespace gitopsctl::channels::git
