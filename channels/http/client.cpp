#include "channels/http/client.hpp"

#include <curl/curl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <utility>

#include "base/text/escape.hpp"
#include "channels/http/url.hpp"

// libcurl uses OpenSSL for what we ask of it, but brings GnuTLS along for LDAP and RTMP. GnuTLS prepares itself when it is
// loaded, in every start of every program (a megabyte, most of it its own tests), unless the program has this function: the
// documented way to say that it is not used (GNUTLS_SKIP_GLOBAL_INIT in gnutls/gnutls.h).
extern "C" {
__attribute__((used, visibility("default"))) int _gnutls_global_init_skip();  // NOLINT(bugprone-reserved-identifier)
int _gnutls_global_init_skip() { return 1; }                                  // NOLINT(bugprone-reserved-identifier)
}

namespace gitopsctl::channels {
namespace {

/// Seconds of silence after which the kernel asks whether the other side is still there, and between its questions.
constexpr long keep_alive_idle = 30;
constexpr long keep_alive_interval = 10;
/// What was sent and nobody acknowledged for so long is lost together with its connection (tcp(7): TCP_USER_TIMEOUT).
constexpr unsigned unacknowledged_ms = 30'000;
/// Of an answer that the sink does not get (an error page): enough to read a reason from.
constexpr std::size_t max_error_body = 64U << 10U;
constexpr std::size_t max_header_bytes = 256U << 10U;
/// How often a transfer looks at its deadline when nothing arrives; the stop token needs no look, it wakes the loop.
constexpr long look_every_ms = 500;

struct FreeEasy {
  void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
};
struct FreeMulti {
  void operator()(CURLM* multi) const noexcept { curl_multi_cleanup(multi); }
};
struct FreeShare {
  void operator()(CURLSH* share) const noexcept { curl_share_cleanup(share); }
};
struct FreeList {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, FreeList>;

void start_curl() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

std::string_view trim(std::string_view text) {
  const auto from = text.find_first_not_of(" \t\r\n");
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(" \t\r\n") - from + 1);
}

bool is_redirect(int status) { return status == 301 || status == 302 || status == 303 || status == 307 || status == 308; }

bool may_leave_origin(std::string_view lower_case_name) {
  constexpr std::array<std::string_view, 4> allowed{"accept", "content-type", "user-agent", "git-protocol"};
  return std::ranges::find(allowed, lower_case_name) != allowed.end();
}

/// What one exchange (a request and its answer, no redirects) needs in curl's callbacks.
struct Exchange {
  CURL* easy = nullptr;
  const HttpRequest* request = nullptr;
  const HttpSink* sink = nullptr;
  HttpResponse response;
  std::uint64_t received = 0;
  std::size_t given = 0;  ///< of the request's body, to curl
  std::size_t header_bytes = 0;
  bool begun = false;            ///< the request was, or is being, sent
  std::optional<Error> failure;  ///< of a callback; curl itself only learns that it should stop
};

std::size_t refuse(Exchange& exchange, Error error) {
  exchange.failure = std::move(error);
  return 0;
}

std::size_t take_header(char* bytes, std::size_t size, std::size_t count, void* user) noexcept {
  auto& exchange = *static_cast<Exchange*>(user);
  try {
    const std::string_view line(bytes, size * count);
    exchange.header_bytes += line.size();
    if (exchange.header_bytes > max_header_bytes) {
      return refuse(exchange, Error(ErrorCode::too_large, "the answer's headers are larger than 256 KiB"));
    }
    if (line.starts_with("HTTP/")) {
      exchange.response.headers.clear();
      return line.size();
    }
    if (const auto colon = line.find(':'); colon != std::string_view::npos) {
      exchange.response.headers.emplace_back(lower(trim(line.substr(0, colon))), trim(line.substr(colon + 1)));
    }
    return line.size();
  } catch (...) {
    return 0;
  }
}

std::size_t take_body(char* bytes, std::size_t size, std::size_t count, void* user) noexcept {
  auto& exchange = *static_cast<Exchange*>(user);
  try {
    const std::string_view piece(bytes, size * count);
    long status = 0;
    curl_easy_getinfo(exchange.easy, CURLINFO_RESPONSE_CODE, &status);
    exchange.received += piece.size();
    const bool sunk = *exchange.sink && status >= 200 && status < 300;
    if (status >= 300 && *exchange.sink) {
      auto& body = exchange.response.body;
      body.append(piece.substr(0, max_error_body - std::min(max_error_body, body.size())));
      return piece.size();
    }
    if (exchange.received > exchange.request->max_response_bytes) {
      return refuse(exchange,
                    Error(ErrorCode::too_large,
                          "the answer is larger than " + std::to_string(exchange.request->max_response_bytes) + " bytes"));
    }
    if (!sunk) {
      exchange.response.body.append(piece);
      return piece.size();
    }
    if (auto taken = (*exchange.sink)(piece); !taken) return refuse(exchange, taken.error());
    return piece.size();
  } catch (const std::exception&) {
    return refuse(exchange, Error(ErrorCode::internal, "out of memory while taking an answer"));
  }
}

/// Hands out the body; curl asks for more when what it got before was sent.
std::size_t give_body(char* into, std::size_t size, std::size_t count, void* user) noexcept {
  auto& exchange = *static_cast<Exchange*>(user);
  const HttpRequest& request = *exchange.request;
  const std::string_view rest = std::string_view(request.body).substr(exchange.given);
  const bool first = exchange.given == 0;
  const bool watched = static_cast<bool>(request.on_upload);
  if (watched && !first && !rest.empty()) request.on_upload(exchange.given);
  const auto piece = rest.substr(0, std::min(size * count, watched && first ? (rest.size() + 1) / 2 : rest.size()));
  std::copy(piece.begin(), piece.end(), into);
  exchange.given += piece.size();
  return piece.size();
}

/// For a request that must be sent again because the connection turned out to be closed.
int seek_body(void* user, curl_off_t offset, int origin) noexcept {
  auto& exchange = *static_cast<Exchange*>(user);
  if (origin != SEEK_SET || offset < 0 || static_cast<std::uint64_t>(offset) > exchange.request->body.size()) {
    return CURL_SEEKFUNC_CANTSEEK;
  }
  if (!exchange.request->resend && exchange.given > 0) return CURL_SEEKFUNC_FAIL;
  exchange.given = static_cast<std::size_t>(offset);
  return CURL_SEEKFUNC_OK;
}

/// Asked before the request goes out, also when curl wants to send it again because the connection turned out to be closed:
/// what may not be sent twice ends there.
int begin_once(void* user, char* /*local_address*/, char* /*address*/, int /*local_port*/, int /*port*/) noexcept {
  auto& exchange = *static_cast<Exchange*>(user);
  if (!std::exchange(exchange.begun, true)) return CURL_PREREQFUNC_OK;
  try {
    refuse(exchange, Error(ErrorCode::unavailable, "the connection was closed while the request was on its way"));
  } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch)
    // No memory for words: curl has some of its own.
  }
  return CURL_PREREQFUNC_ABORT;
}

/// A hint for the failures that people can do something about.
Error with_advice(Error error, CURLcode code) {
  switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
      return error.with_hint(
          "if it comes from an own authority, configure its CA certificate; else see that the name and this machine's clock "
          "are right");
    case CURLE_COULDNT_RESOLVE_HOST: return error.with_hint("check the host name and the name server");
    case CURLE_COULDNT_CONNECT:
      return error.with_hint("check that the server runs and that a proxy or firewall lets it through");
    default: return error;
  }
}

/// A peer that is gone without a word is noticed while an answer is waited for.
int bound_silence(void* /*user*/, curl_socket_t socket, curlsocktype /*purpose*/) noexcept {
  ::setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacknowledged_ms, sizeof unacknowledged_ms);
  return CURL_SOCKOPT_OK;
}

int version_of(CURL* easy) {
  long version = 0;
  curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version);
  switch (version) {
    case CURL_HTTP_VERSION_1_0: return 10;
    case CURL_HTTP_VERSION_1_1: return 11;
    case CURL_HTTP_VERSION_2_0: return 20;
    default: return 0;
  }
}

ErrorCode code_of(CURLcode code) {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT: return ErrorCode::timeout;
    case CURLE_FILESIZE_EXCEEDED: return ErrorCode::too_large;
    // Trying again makes no certificate any better.
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM: return ErrorCode::forbidden;
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT: return ErrorCode::invalid_input;
    case CURLE_OUT_OF_MEMORY:
    case CURLE_FAILED_INIT: return ErrorCode::internal;
    default: return ErrorCode::unavailable;
  }
}

}  // namespace

std::string_view HttpResponse::header(std::string_view lower_case_name) const noexcept {
  for (const auto& [name, value] : headers) {
    if (name == lower_case_name) return value;
  }
  return {};
}

struct HttpSessions::State {
  static void lock(CURL* /*easy*/, curl_lock_data what, curl_lock_access /*access*/, void* user) noexcept {
    static_cast<State*>(user)->mutexes.at(what).lock();
  }
  static void unlock(CURL* /*easy*/, curl_lock_data what, void* user) noexcept {
    static_cast<State*>(user)->mutexes.at(what).unlock();
  }
  std::array<std::mutex, CURL_LOCK_DATA_LAST> mutexes;
  std::unique_ptr<CURLSH, FreeShare> share;
};

HttpSessions::HttpSessions() : state_(std::make_unique<State>()) {
  start_curl();
  state_->share.reset(curl_share_init());
  CURLSH* const share = state_->share.get();
  if (share == nullptr) return;  // then nothing is shared
  curl_share_setopt(share, CURLSHOPT_USERDATA, static_cast<void*>(state_.get()));
  curl_share_setopt(share, CURLSHOPT_LOCKFUNC, &State::lock);
  curl_share_setopt(share, CURLSHOPT_UNLOCKFUNC, &State::unlock);
  curl_share_setopt(share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
}
HttpSessions::~HttpSessions() = default;

struct HttpClient::State {
  explicit State(HttpOrigin given) : origin(std::move(given)) { start_curl(); }
  ~State() {
    // The easy handle must leave before the multi handle that holds its connections.
    easy.reset();
    multi.reset();
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  Result<void> bind(const HttpUrl& first);
  Result<HttpResponse> exchange(const HttpRequest& request, const HttpUrl& url, const Interrupt& interrupt,
                                const HttpSink& sink);
  void set_up(Exchange& exchange, const HttpUrl& url, curl_slist* headers);
  void set_up_tls(const HttpUrl& url, bool at_home);
  void set_up_body(Exchange& exchange);
  [[nodiscard]] List headers_for(const HttpRequest& request, const HttpUrl& url) const;
  Result<void> run(const Exchange& exchange, const HttpUrl& url, const Interrupt& interrupt);
  void count(const HttpRequest& request);
  [[nodiscard]] std::string without_secrets(std::string text) const;

  HttpOrigin origin;
  std::optional<HttpUrl> home;   ///< where the credentials belong
  std::optional<HttpUrl> known;  ///< of the first request: most others go to the same place
  std::unique_ptr<CURLM, FreeMulti> multi;
  std::unique_ptr<CURL, FreeEasy> easy;
  std::array<char, CURL_ERROR_SIZE> error_text{};
  List connect_to;  ///< where to connect instead of the URL's host; curl keeps the pointer
  HttpCounters counters;
  bool sent = false;
};

Result<void> HttpClient::State::bind(const HttpUrl& first) {
  if (multi == nullptr) {
    multi.reset(curl_multi_init());
    easy.reset(curl_easy_init());
    if (multi == nullptr || easy == nullptr) return Error(ErrorCode::internal, "libcurl cannot start");
    curl_multi_setopt(multi.get(), CURLMOPT_MAXCONNECTS, 4L);
    // Stays with the handle when that is made ready for the next request.
    if (origin.sessions != nullptr) curl_easy_setopt(easy.get(), CURLOPT_SHARE, origin.sessions->state_->share.get());
  }
  if (home) return {};
  if (origin.url.empty()) {
    home = first;
  } else {
    GITOPSCTL_TRY(home, HttpUrl::parse(origin.url));
  }
  if (origin.username.empty() && origin.password.empty() && origin.bearer.empty()) {
    origin.username = home->user;
    origin.password = home->password;
  }
  return {};
}

std::string HttpClient::State::without_secrets(std::string text) const {
  for (const auto* secret : {&origin.password, &origin.bearer, &origin.proxy}) {
    if (secret->size() < 4) continue;
    for (auto at = text.find(*secret); at != std::string::npos; at = text.find(*secret, at + 3)) {
      text.replace(at, secret->size(), "***");
    }
  }
  return terminal_safe(text);
}

List HttpClient::State::headers_for(const HttpRequest& request, const HttpUrl& url) const {
  const bool at_home = url.same_origin(*home);
  List list;
  const auto add = [&list](const std::string& line) {
    curl_slist* const before = list.release();
    curl_slist* const longer = curl_slist_append(before, line.c_str());
    list.reset(longer != nullptr ? longer : before);
  };
  add("Expect:");  // no extra round trip for `100 Continue`
  // With another name in the handshake, the request still names the host that it is meant for.
  if (at_home && !origin.tls_server_name.empty()) {
    const bool usual = url.port == (url.scheme == "https" ? "443" : "80");
    add("Host: " + url.host + (usual ? "" : ":" + url.port));
  }
  for (const auto& [name, value] : request.headers) {
    const bool plain = (name + value).find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos;
    if (plain && (at_home || may_leave_origin(lower(name)))) add(value.empty() ? name + ";" : name + ": " + value);
  }
  if (at_home && !origin.bearer.empty() && origin.bearer.find_first_of("\r\n") == std::string::npos) {
    add("Authorization: Bearer " + origin.bearer);
  }
  return list;
}

void HttpClient::State::set_up(Exchange& exchange, const HttpUrl& url, curl_slist* headers) {
  const HttpRequest& request = *exchange.request;
  CURL* handle = easy.get();
  curl_easy_reset(handle);
  error_text.fill('\0');
  const auto set = [handle](CURLoption option, auto value) { curl_easy_setopt(handle, option, value); };
  set(CURLOPT_URL, url.plain.c_str());
  set(CURLOPT_ERRORBUFFER, error_text.data());
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_QUICK_EXIT, 1L);  // do not wait for a hanging name server when giving up
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connect_timeout.count()));
  if (request.compressed) set(CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
  set(CURLOPT_TCP_KEEPALIVE, 1L);
  set(CURLOPT_TCP_KEEPIDLE, keep_alive_idle);
  set(CURLOPT_TCP_KEEPINTVL, keep_alive_interval);
  set(CURLOPT_SOCKOPTFUNCTION, &bound_silence);
  if (!origin.http2) set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_BUFFERSIZE, 32L << 10U);
  set(CURLOPT_USERAGENT, "gitopsctl");
  set(CURLOPT_HTTPHEADER, headers);
  set(CURLOPT_HEADERFUNCTION, &take_header);
  set(CURLOPT_HEADERDATA, static_cast<void*>(&exchange));
  set(CURLOPT_WRITEFUNCTION, &take_body);
  set(CURLOPT_WRITEDATA, static_cast<void*>(&exchange));
  if (origin.direct) {
    set(CURLOPT_PROXY, "");
  } else if (!origin.proxy.empty()) {
    set(CURLOPT_PROXY, origin.proxy.c_str());
  }
  set_up_tls(url, url.same_origin(*home));
  if (url.same_origin(*home) && origin.bearer.empty() && (!origin.username.empty() || !origin.password.empty())) {
    set(CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
    set(CURLOPT_USERNAME, origin.username.c_str());
    set(CURLOPT_PASSWORD, origin.password.c_str());
  }
  set_up_body(exchange);
}

void HttpClient::State::set_up_tls(const HttpUrl& url, bool at_home) {
  CURL* handle = easy.get();
  const auto set = [handle](CURLoption option, auto value) { curl_easy_setopt(handle, option, value); };
  const auto set_blob = [&set](CURLoption option, std::string& pem) {
    curl_blob blob{pem.data(), pem.size(), CURL_BLOB_NOCOPY};  // `origin` lives as long as the handle
    set(option, &blob);
  };
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!origin.ca_pem.empty()) {
    set_blob(CURLOPT_CAINFO_BLOB, origin.ca_pem);
    // The system's directory of certificates is searched besides the blob unless it is taken away.
    set(CURLOPT_CAPATH, static_cast<char*>(nullptr));
  }
  connect_to.reset();
  if (!at_home) return;
  if (!origin.client_certificate_pem.empty()) {
    set_blob(CURLOPT_SSLCERT_BLOB, origin.client_certificate_pem);
    set_blob(CURLOPT_SSLKEY_BLOB, origin.client_key_pem);
  }
  if (origin.insecure_skip_tls_verify) {
    set(CURLOPT_SSL_VERIFYPEER, 0L);
    set(CURLOPT_SSL_VERIFYHOST, 0L);
  }
  if (!origin.tls_server_name.empty()) {
    // curl takes the name for the handshake from the URL: it gets that name, and is told where to connect.
    const std::string name = origin.tls_server_name + ":" + url.port;
    connect_to.reset(curl_slist_append(nullptr, (name + ":" + url.host + ":" + url.port).c_str()));
    const auto path = url.plain.find_first_of("/?", url.plain.find("://") + 3);
    const auto rest = path == std::string::npos ? std::string() : url.plain.substr(path);
    set(CURLOPT_URL, (url.scheme + "://" + name + rest).c_str());
    set(CURLOPT_CONNECT_TO, connect_to.get());
  }
}

void HttpClient::State::set_up_body(Exchange& exchange) {
  const HttpRequest& request = *exchange.request;
  CURL* handle = easy.get();
  const auto set = [handle](CURLoption option, auto value) { curl_easy_setopt(handle, option, value); };
  if (request.method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
  } else if (request.method != "GET" || !request.body.empty()) {
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    if (request.on_upload) {
      set(CURLOPT_READFUNCTION, &give_body);
      set(CURLOPT_READDATA, static_cast<void*>(&exchange));
      set(CURLOPT_SEEKFUNCTION, &seek_body);
      set(CURLOPT_SEEKDATA, static_cast<void*>(&exchange));
    } else {
      // Goes out together with the headers.
      set(CURLOPT_POSTFIELDS, request.body.data());
      if (!request.resend) {
        set(CURLOPT_PREREQFUNCTION, &begin_once);
        set(CURLOPT_PREREQDATA, static_cast<void*>(&exchange));
      }
    }
    if (request.method != "POST") set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
}

Result<void> HttpClient::State::run(const Exchange& exchange, const HttpUrl& url, const Interrupt& interrupt) {
  if (curl_multi_add_handle(multi.get(), easy.get()) != CURLM_OK) return Error(ErrorCode::internal, "libcurl refuses work");
  struct Leave {
    State& state;
    ~Leave() { curl_multi_remove_handle(state.multi.get(), state.easy.get()); }
  } leave{*this};
  const std::stop_callback wake(interrupt.stop, [this] { curl_multi_wakeup(multi.get()); });

  const Clock& clock = system_clock();
  Millis last_byte = clock.monotonic();
  std::uint64_t last_sum = 0;
  std::optional<Millis> end;  // of lingering
  for (;;) {
    int running = 0;
    if (curl_multi_perform(multi.get(), &running) != CURLM_OK) return Error(ErrorCode::internal, "libcurl fails");
    if (running == 0) break;
    if (!end && interrupt.stop.stop_requested()) end = clock.monotonic() + exchange.request->linger;
    const Millis lingers = end ? *end - clock.monotonic() : Millis::max();
    if (lingers <= Millis(0) || interrupt.deadline.passed()) {
      GITOPSCTL_CHECK(interrupt.check("request to " + url.origin()));
    }

    curl_off_t up = 0;
    curl_easy_getinfo(easy.get(), CURLINFO_SIZE_UPLOAD_T, &up);
    const auto sum = exchange.received + exchange.header_bytes + static_cast<std::uint64_t>(up);
    const Millis now = clock.monotonic();
    if (sum != last_sum) {
      last_sum = sum;
      last_byte = now;
    } else if (now - last_byte >= exchange.request->stall_timeout) {
      return Error(ErrorCode::timeout,
                   "nothing came from " + url.origin() + " for " + format_duration(exchange.request->stall_timeout))
          .with_hint("the server or something on the way hangs; it is tried again");
    }
    const auto wait = std::min<long long>({look_every_ms, (exchange.request->stall_timeout - (now - last_byte)).count(),
                                           interrupt.deadline.left().count(), lingers.count()});
    curl_multi_poll(multi.get(), nullptr, 0, static_cast<int>(std::max(wait, 1LL)), nullptr);
  }

  CURLcode code = CURLE_OK;
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi.get(), &left)) {
    if (message->msg == CURLMSG_DONE) code = message->data.result;
  }
  if (exchange.failure) return exchange.failure->in(url.origin());
  if (code == CURLE_OK) return {};
  const std::string detail = error_text[0] != '\0' ? error_text.data() : curl_easy_strerror(code);
  if (code == CURLE_PEER_FAILED_VERIFICATION) {
    return with_advice(
        Error(code_of(code), "the certificate of " + url.origin() + " is not trusted: " + without_secrets(detail)), code);
  }
  return with_advice(Error(code_of(code), "no complete answer from " + url.origin() + ": " + without_secrets(detail)), code);
}

void HttpClient::State::count(const HttpRequest& request) {
  curl_off_t down = 0;
  curl_off_t up = 0;
  long head = 0;
  long head_sent = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_SIZE_DOWNLOAD_T, &down);
  curl_easy_getinfo(easy.get(), CURLINFO_SIZE_UPLOAD_T, &up);
  curl_easy_getinfo(easy.get(), CURLINFO_HEADER_SIZE, &head);
  curl_easy_getinfo(easy.get(), CURLINFO_REQUEST_SIZE, &head_sent);
  counters.requests += 1;
  counters.bytes_received += static_cast<std::uint64_t>(down) + static_cast<std::uint64_t>(head);
  // A body that went out together with the headers is in REQUEST_SIZE already.
  const auto body = static_cast<std::uint64_t>(up);
  const bool together = !request.on_upload && body > 0 && static_cast<std::uint64_t>(head_sent) > request.body.size();
  counters.bytes_sent += static_cast<std::uint64_t>(head_sent) + (together ? 0 : body);
  sent = sent || head_sent > 0 || up > 0;
}

Result<HttpResponse> HttpClient::State::exchange(const HttpRequest& request, const HttpUrl& url, const Interrupt& interrupt,
                                                 const HttpSink& sink) {
  Exchange exchange;
  exchange.easy = easy.get();
  exchange.request = &request;
  exchange.sink = &sink;
  const List headers = headers_for(request, url);
  set_up(exchange, url, headers.get());
  const auto ran = run(exchange, url, interrupt);
  count(request);
  if (!ran) return ran.error();
  long status = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
  exchange.response.status = static_cast<int>(status);
  exchange.response.url = url.plain;
  exchange.response.version = version_of(easy.get());
  return std::move(exchange.response);
}

HttpClient::HttpClient(HttpOrigin origin) : state_(std::make_unique<State>(std::move(origin))) {}
HttpClient::~HttpClient() = default;

Result<HttpResponse> HttpClient::send(const HttpRequest& request, const Interrupt& interrupt, const HttpSink& sink) {
  state_->sent = false;
  std::optional<HttpUrl>& known = state_->known;
  GITOPSCTL_TRY(HttpUrl url, known ? HttpUrl::parse_like(*known, request.url) : HttpUrl::parse(request.url));
  if (!known) known = url;
  GITOPSCTL_CHECK(state_->bind(url));
  const bool reading = (request.method == "GET" || request.method == "HEAD") && request.body.empty();
  for (int hops = 0;; ++hops) {
    GITOPSCTL_CHECK(interrupt.check("request to " + url.origin()));
    GITOPSCTL_TRY(HttpResponse response, state_->exchange(request, url, interrupt, sink));
    const auto location = response.header("location");
    const bool keeps_method = response.status == 307 || response.status == 308;
    if (!is_redirect(response.status) || location.empty() || (!reading && !keeps_method)) return response;
    if (request.max_redirects == 0) return response;
    if (hops == request.max_redirects) {
      return Error(ErrorCode::unavailable,
                   url.origin() + " redirects more than " + std::to_string(request.max_redirects) + " times");
    }
    auto target = url.resolve(location);
    if (!target) return target.error().in("redirect of " + url.origin());
    if (url.scheme == "https" && target->scheme == "http") {
      return Error(ErrorCode::forbidden, "redirect from " + url.origin() + " to unencrypted " + target->origin())
          .with_hint("not followed: what is sent there could be read and changed on the way");
    }
    if (!reading && !url.same_origin(*target)) {
      return Error(ErrorCode::forbidden,
                   "redirect of a " + request.method + " from " + url.origin() + " to " + target->origin())
          .with_hint("not followed: configure the new address if it is the right one");
    }
    url = std::move(target).value();
  }
}

HttpCounters HttpClient::counters() const noexcept { return state_->counters; }
bool HttpClient::sent() const noexcept { return state_->sent; }

std::optional<Millis> parse_retry_after(std::string_view value, TimePoint now) {
  constexpr std::int64_t day_ms = 24LL * 3600 * 1000;
  value = trim(value);
  if (value.empty() || value.size() > 64) return std::nullopt;
  if (std::ranges::all_of(value, [](char c) { return c >= '0' && c <= '9'; })) {
    if (value.size() > 9) return Millis(day_ms);
    return Millis(std::min<std::int64_t>(std::stoll(std::string(value)) * 1000, day_ms));
  }
  const time_t at = curl_getdate(std::string(value).c_str(), nullptr);
  if (at < 0) return std::nullopt;
  const auto wait = static_cast<std::int64_t>(at) * 1000 - now.time_since_epoch().count();
  return Millis(std::clamp<std::int64_t>(wait, 0, day_ms));
}

}  // namespace gitopsctl::channels
