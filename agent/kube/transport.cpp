#include "agent/kube/transport.hpp"

#include <algorithm>
#include <mutex>
#include <random>

#include "agent/kube/kubeconfig_target.hpp"
#include "agent/kube/status_words.hpp"
#include "base/text/escape.hpp"
#include "base/time/either_stop.hpp"

namespace gitopsctl::agent {
namespace {

constexpr std::size_t max_warnings = 50;
/// A 429 without Retry-After is waited out at least so long.
constexpr Millis least_throttle_pause{1'000};
/// An object is read or written in milliseconds; a server that needs so long for it has too much to do.
constexpr Millis slow_answer{5'000};

double machine_random() {
  static std::mutex mutex;
  static std::mt19937 generator{std::random_device{}()};
  const std::lock_guard lock(mutex);
  return std::uniform_real_distribution<double>(0, 1)(generator);
}

KubeClientOptions complete(KubeClientOptions options) {
  if (options.clock == nullptr) options.clock = &system_clock();
  if (!options.random) options.random = machine_random;
  options.max_connections = std::clamp(options.max_connections, 1U, 16U);
  return options;
}

/// A 5xx of which nobody knows whether the request was carried out before. A webhook is asked before anything is stored.
bool ambiguous(const KubeError& error) {
  return error.is(KubeErrorClass::unavailable) || error.is(KubeErrorClass::future_version);
}

/// What may stand in a header as it is: nothing that HTTP's rules leave out, cut off or end the header at.
bool plain_value(std::string_view text) {
  const auto plain = [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7F; };
  return !text.empty() && text.front() != ' ' && text.back() != ' ' && std::ranges::all_of(text, plain);
}

/// Left out or changed on the way, it would be a request with other rights than those that are meant, such as our own.
Result<void> check_impersonation(const Impersonation& as) {
  const bool anything = !as.uid.empty() || !as.groups.empty() || !as.extra.empty();
  if (as.user.empty() && anything) {
    return Error(ErrorCode::invalid_input, "groups, a uid or extra values are to be impersonated without a user");
  }
  const bool nameless = std::ranges::any_of(as.extra, [](const auto& extra) { return extra.first.empty(); });
  if (nameless || std::ranges::any_of(as.headers(), [](const auto& header) { return !plain_value(header.second); })) {
    return Error(ErrorCode::invalid_input,
                 "whom to impersonate is empty, or begins, ends or goes on with blanks or controls");
  }
  return {};
}

/// Where the caller's own patience ended it is still the server that hangs.
Error hint_at_silence(Error error) {
  if (error.code() != ErrorCode::timeout || !error.hint().empty()) return error;
  return error.with_hint(std::string(class_hint(KubeErrorClass::no_answer)));
}

bool is_write(KubeTraffic traffic) {
  return traffic == KubeTraffic::apply || traffic == KubeTraffic::create || traffic == KubeTraffic::put ||
         traffic == KubeTraffic::patch || traffic == KubeTraffic::remove;
}

/// Whether how long it takes says how much the server has to do.
bool is_quick(KubeTraffic traffic) {
  return traffic != KubeTraffic::list && traffic != KubeTraffic::discovery && traffic != KubeTraffic::watch;
}

}  // namespace

std::string_view traffic_name(KubeTraffic which) noexcept {
  constexpr std::array<std::string_view, kube_traffic_classes> names{"discovery", "get",    "list", "watch", "apply",
                                                                     "dry_run",   "create", "put",  "patch", "delete"};
  return names[static_cast<std::size_t>(which)];
}

std::string url_encode(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
                       c == '_' || c == '~';
    const auto byte = static_cast<unsigned char>(c);
    if (plain) {
      out += c;
    } else {
      out += {'%', digits[byte >> 4U], digits[byte & 15U]};
    }
  }
  return out;
}

std::vector<std::string> read_warnings(const std::vector<std::pair<std::string, std::string>>& headers) {
  std::vector<std::string> out;
  for (const auto& [name, value] : headers) {
    if (name != "warning" || out.size() >= max_warnings) continue;
    // `299 - "text"`, with backslashes before quotes and backslashes; several may stand in one header.
    std::string_view rest = value;
    for (auto at = rest.find('"'); at != std::string_view::npos; at = rest.find('"')) {
      rest.remove_prefix(at + 1);
      std::string text;
      std::size_t i = 0;
      for (; i < rest.size() && rest[i] != '"'; ++i) {
        if (rest[i] == '\\' && i + 1 < rest.size()) ++i;
        text += rest[i];
      }
      rest.remove_prefix(std::min(i + 1, rest.size()));
      // Behind the text may stand a date in quotes, which is no warning.
      if (const auto comma = rest.find(','); comma != std::string_view::npos) {
        rest.remove_prefix(comma + 1);
      } else {
        rest = {};
      }
      if (!text.empty() && out.size() < max_warnings) out.push_back(scrub(text));
    }
  }
  return out;
}

KubeTransport::KubeTransport(KubeTarget target, KubeClientOptions options)
    : target_(std::move(target)),
      options_(complete(std::move(options))),
      credentials_(target_, *options_.clock),
      pool_(options_.max_connections, *options_.clock) {}

KubeCounters KubeTransport::counters(KubeTraffic which) const noexcept {
  const Counting& counting = counting_[static_cast<std::size_t>(which)];
  return {counting.requests, counting.repeats, counting.refused, counting.bytes_sent, counting.bytes_received};
}

Millis KubeTransport::pause(unsigned repeat) const {
  const auto doubled = options_.first_pause * (std::int64_t{1} << std::min(repeat - 1, 20U));
  const auto longest = std::min<Millis>(doubled, options_.longest_pause);
  // Between half and all of it, so that what failed together does not come back together.
  return Millis(static_cast<std::int64_t>(static_cast<double>(longest.count()) * (0.5 + random() / 2)));
}

bool KubeTransport::sleep(Millis span, const Interrupt& interrupt) const {
  const EitherStop stop(interrupt.stop, options_.stop);
  return clock().sleep(span, stop.token());
}

Result<void> KubeTransport::may_send(const KubeRequest& request, const KubeCall& call) const {
  if (!options_.stop.stop_requested() || (call.last_word && !unheard_)) return {};
  const Error stopped(ErrorCode::cancelled, call.last_word ? "was stopped, and the server does not answer" : "was stopped");
  return request.facts.what.empty() ? stopped : stopped.in(request.facts.what);
}

std::shared_ptr<channels::HttpSessions> KubeTransport::sessions_for(const KubeCredential& credential) {
  const std::lock_guard lock(sessions_mutex_);
  if (sessions_ == nullptr || sessions_of_ != credential.tls_version) {
    sessions_ = std::make_shared<channels::HttpSessions>();
    sessions_of_ = credential.tls_version;
  }
  return sessions_;
}

std::unique_ptr<channels::HttpClient> KubeTransport::connect(const KubeCredential& credential, bool http2) {
  channels::HttpOrigin origin;
  origin.url = target_.server;
  origin.client_certificate_pem = credential.client_certificate_pem;
  origin.client_key_pem = credential.client_key_pem;
  origin.ca_pem = credential.ca_pem;
  origin.tls_server_name = target_.tls_server_name;
  origin.insecure_skip_tls_verify = target_.insecure_skip_tls_verify;
  origin.http2 = http2;
  origin.sessions = sessions_for(credential);
  origin.proxy = target_.proxy_url;
  // As Go's client does it: nobody means the machine itself with HTTPS_PROXY.
  origin.direct = target_.proxy_url.empty() && detail::on_loopback(target_.server);
  origin.username = credential.username;
  origin.password = credential.password;
  return std::make_unique<channels::HttpClient>(std::move(origin));
}

channels::HttpRequest KubeTransport::wire_request(const KubeRequest& request, const Impersonation& as,
                                                  const KubeCredential& credential) const {
  channels::HttpRequest wire;
  wire.method = request.method;
  wire.url = target_.server + request.path;
  wire.body = request.body;
  wire.headers = as.headers();
  wire.headers.emplace_back("Accept", request.accept);
  wire.headers.emplace_back("User-Agent", options_.user_agent);
  if (!request.content_type.empty()) wire.headers.emplace_back("Content-Type", request.content_type);
  if (!request.etag.empty()) wire.headers.emplace_back("If-None-Match", request.etag);
  if (!credential.bearer.empty()) wire.headers.emplace_back("Authorization", "Bearer " + credential.bearer);
  wire.max_response_bytes = request.max_answer_bytes;
  wire.max_redirects = 0;  // an API server answers itself; where a proxy wants to lead is not followed with objects
  wire.compressed = !target_.disable_compression;
  wire.resend = request.repeatable;
  return wire;
}

void KubeTransport::count(KubeTraffic which, const channels::HttpCounters& before, const channels::HttpCounters& after,
                          int status) {
  Counting& counting = counting_[static_cast<std::size_t>(which)];
  counting.requests += after.requests - before.requests;
  counting.bytes_sent += after.bytes_sent - before.bytes_sent;
  counting.bytes_received += after.bytes_received - before.bytes_received;
  if (status >= 400) counting.refused += 1;
}

KubeError KubeTransport::refusal(const channels::HttpResponse& response, const KubeRequest& request) const {
  RawRefusal raw;
  raw.code = response.status;
  raw.content_type = response.header("content-type");
  raw.retry_after = response.header("retry-after");
  raw.body = response.body;
  return read_refusal(raw, request.facts, clock().now());
}

KubeTransport::Outcome KubeTransport::attempt(const KubeRequest& request, const Impersonation& as,
                                              const KubeCredential& credential, const Interrupt& interrupt, Millis limit) {
  const bool http2 = options_.http2 && options_.http2_requests;
  auto leased = pool_.acquire(credential.tls_version, [&] { return connect(credential, http2); }, interrupt);
  if (!leased) return {hint_at_silence(leased.error())};
  ConnectionPool::Lease lease = std::move(leased).value();
  channels::HttpRequest wire = wire_request(request, as, credential);
  wire.stall_timeout = limit;
  if (is_write(request.traffic)) wire.linger = options_.last_patience;
  // The machine's clock: what the network takes is real time, whatever clock the caller has.
  const Interrupt bounded{interrupt.stop, interrupt.deadline.at_most(system_clock(), limit)};
  const auto before = lease.http().counters();
  const Millis begin = system_clock().monotonic();
  const auto response = lease.http().send(wire, bounded);
  const bool slow = is_quick(request.traffic) && system_clock().monotonic() - begin >= slow_answer;
  const auto came_back = [&] {
    if (slow) {
      lease.was_slow();
    } else {
      lease.went_well();
    }
  };
  count(request.traffic, before, lease.http().counters(), response.ok() ? response->status : 0);
  if (!response) {
    const bool left = lease.http().sent();
    if (slow && response.error().code() == ErrorCode::timeout) lease.was_slow();
    // After a transfer that was broken off nobody knows what is still to come on this connection.
    lease.drop();
    Error error = response.error();
    if (!request.facts.what.empty()) error = error.in(request.facts.what);
    const bool ours = error.code() == ErrorCode::cancelled || error.code() == ErrorCode::too_large ||
                      error.code() == ErrorCode::invalid_input || error.code() == ErrorCode::internal ||
                      error.code() == ErrorCode::forbidden || interrupt.deadline.passed();
    if (!ours && error.hint().empty()) error = error.with_hint(std::string(class_hint(KubeErrorClass::no_answer)));
    error = hint_at_silence(std::move(error));
    return {KubeError(ours ? KubeErrorClass::local : KubeErrorClass::no_answer, error), left};
  }
  if (response->status == 304 && !request.etag.empty()) {
    came_back();
    return {KubeAnswer{304, request.etag, {}, {}, response->version}};
  }
  if (response->status >= 300 || response->status < 200) {
    KubeError error = refusal(*response, request);
    if (error.is(KubeErrorClass::throttled)) {
      lease.was_too_much();
    } else if (slow || !ambiguous(error)) {
      came_back();
    }
    const bool maybe_done = ambiguous(error);
    return {std::move(error), maybe_done};
  }
  came_back();
  KubeAnswer answer;
  answer.status = response->status;
  answer.etag = response->header("etag");
  answer.body = response->body;
  answer.warnings = read_warnings(response->headers);
  if (request.facts.sensitive && !answer.warnings.empty()) {
    // A policy that only warns may quote what it looked at.
    answer.warnings = {"the server has warnings, whose words may quote secret content"};
  }
  answer.http_version = response->version;
  return {std::move(answer)};
}

KubeResult<KubeAnswer> KubeTransport::send(const KubeRequest& request, const Impersonation& as, const KubeCall& call) {
  GITOPSCTL_CHECK(check_impersonation(as));
  GITOPSCTL_CHECK(may_send(request, call));
  const bool last_word = call.last_word && options_.stop.stop_requested();
  const EitherStop stop(call.interrupt.stop, last_word ? std::stop_token() : options_.stop);
  const Interrupt interrupt{stop.token(), call.interrupt.deadline};
  const Millis repeat_for = request.repeat_for > Millis(0) ? request.repeat_for : options_.repeat_for;
  const bool bounded = interrupt.deadline.left() < Millis(std::int64_t{1} << 50U);
  const Deadline last_repeat =
      request.repeat_for > Millis(0) || !bounded ? interrupt.deadline.at_most(clock(), repeat_for) : interrupt.deadline;
  Millis limit = request.attempt_limit > Millis(0) ? request.attempt_limit : options_.attempt_limit;
  if (last_word) limit = std::min(limit, options_.last_patience);
  const bool writes = is_write(request.traffic);
  const Deadline last_reach =
      options_.reach_for > Millis(0) ? last_repeat.at_most(clock(), options_.reach_for) : last_repeat;
  bool lost = false;
  // What a repeat is told says nothing about the attempt before it whose answer got lost.
  const auto failed = [&lost](const KubeError& error) { return lost ? error.with_outcome_unknown() : error; };
  bool renewed = false;
  for (unsigned repeats = 0;;) {
    if (const auto go_on = interrupt.check(request.facts.what); !go_on) return failed(hint_at_silence(go_on.error()));
    const auto credential = credentials_.current(interrupt);
    if (!credential) return failed(credential.error());
    Outcome outcome = attempt(request, as, **credential, interrupt, limit);
    const bool unreached = !outcome.answer && outcome.answer.error().is(KubeErrorClass::no_answer) && !outcome.maybe_done;
    if (!unreached) reached_ = true;
    if (outcome.answer) return outcome.answer;
    lost = lost || (outcome.maybe_done && writes);
    const KubeError error = failed(outcome.answer.error());
    if (error.is(KubeErrorClass::unauthorized) && !renewed) {
      renewed = true;
      credentials_.rejected((*credential)->version);
      const auto next = credentials_.current(interrupt);
      if (!next) return failed(next.error());
      if ((*next)->version == (*credential)->version) return error;
      continue;
    }
    if (last_word && error.is(KubeErrorClass::no_answer)) unheard_ = true;
    if (!error.transient() || (lost && !request.repeatable) || last_word) return error;
    ++repeats;
    Millis wait = pause(repeats);
    if (const auto asked = error.status().retry_after; asked) {
      // A little more by chance: those that were sent away together must not come back together.
      wait = std::max(wait, *asked + Millis(static_cast<std::int64_t>(static_cast<double>(asked->count()) * random() / 4)));
    } else if (error.is(KubeErrorClass::throttled)) {
      wait = std::max(wait, least_throttle_pause);
    }
    const Deadline& last = unreached && !reached_ ? last_reach : last_repeat;
    if (last.left() <= wait) return repeats > 1 ? error.in("after " + std::to_string(repeats) + " attempts") : error;
    if (call.on_repeat) call.on_repeat(error, wait);
    (void)clock().sleep(wait, interrupt.stop);  // why it ended early is looked at above
    counting_[static_cast<std::size_t>(request.traffic)].repeats += 1;
  }
}

KubeResult<void> KubeTransport::stream(const KubeRequest& request, const Impersonation& as, const KubeCall& call,
                                       Millis stall_limit, const channels::HttpSink& sink) {
  GITOPSCTL_CHECK(check_impersonation(as));
  GITOPSCTL_CHECK(may_send(request, call));
  const EitherStop stop(call.interrupt.stop, options_.stop);
  const Interrupt interrupt{stop.token(), call.interrupt.deadline};
  struct Place {
    std::atomic<unsigned>& taken;
    const unsigned before = taken.fetch_add(1);
    ~Place() { taken.fetch_sub(1); }
  } place{watches_};
  if (place.before >= options_.max_watches) return Error(ErrorCode::too_large, "too many watches at once");
  for (bool renewed = false;; renewed = true) {
    GITOPSCTL_TRY(const auto credential, credentials_.current(interrupt));
    const auto http = connect(*credential, options_.http2);
    channels::HttpRequest wire = wire_request(request, as, *credential);
    wire.stall_timeout = stall_limit;
    wire.max_response_bytes = UINT64_MAX;
    bool sink_failed = false;
    const auto response = http->send(wire, interrupt, [&](std::string_view piece) {
      auto taken = sink(piece);
      sink_failed = !taken.ok();
      return taken;
    });
    count(request.traffic, {}, http->counters(), response.ok() ? response->status : 0);
    if (!response) {
      const auto code = response.error().code();
      const bool ours = sink_failed || code == ErrorCode::cancelled || call.interrupt.deadline.passed();
      return KubeError(ours ? KubeErrorClass::local : KubeErrorClass::no_answer, response.error().in(request.facts.what));
    }
    if (response->status >= 200 && response->status < 300) return {};
    KubeError error = refusal(*response, request);
    if (!error.is(KubeErrorClass::unauthorized) || renewed) return error;
    credentials_.rejected(credential->version);
    GITOPSCTL_TRY(const auto next, credentials_.current(interrupt));
    if (next->version == credential->version) return error;
  }
}

}  // namespace gitopsctl::agent
