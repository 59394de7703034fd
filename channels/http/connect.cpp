#include "channels/http/connect.hpp"

#include <curl/curl.h>
#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <memory>

#include "base/text/escape.hpp"

// libcurl connects for protocols that it does not speak, too: names are looked up without blocking, all addresses of a host
// are tried side by side, and proxies are asked.

namespace gitopsctl::channels {
namespace {

struct FreeEasy {
  void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
};
struct FreeMulti {
  void operator()(CURLM* multi) const noexcept { curl_multi_cleanup(multi); }
};

constexpr long long look_every_ms = 500;

/// Runs the transfer to its end.
Result<CURLcode> run(CURLM* multi, const std::string& what, const Interrupt& interrupt) {
  const std::stop_callback wake(interrupt.stop, [multi] { curl_multi_wakeup(multi); });
  for (;;) {
    int running = 0;
    if (curl_multi_perform(multi, &running) != CURLM_OK) return Error(ErrorCode::internal, "libcurl fails");
    if (running == 0) break;
    GITOPSCTL_CHECK(interrupt.check(what));
    const auto wait = std::min<long long>(look_every_ms, interrupt.deadline.left().count());
    curl_multi_poll(multi, nullptr, 0, static_cast<int>(std::max(wait, 1LL)), nullptr);
  }
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi, &left)) {
    if (message->msg == CURLMSG_DONE) return message->data.result;
  }
  return Error(ErrorCode::internal, "libcurl fails");
}

Error cannot_connect(CURLcode code, const std::string& what, std::string_view detail) {
  Error error(code == CURLE_OPERATION_TIMEDOUT ? ErrorCode::timeout : ErrorCode::unavailable,
              what + " fails: " + terminal_safe(truncate_utf8(detail, 300)));
  if (code == CURLE_COULDNT_RESOLVE_HOST) return error.with_hint("check the host name and the name server");
  return error.with_hint("check that the server runs and that a proxy or firewall lets it through");
}

}  // namespace

Result<int> connect_socket(const std::string& host, const std::string& port, const std::string& proxy, Millis patience,
                           const Interrupt& interrupt) {
  const std::string shown_host = host.find(':') == std::string::npos ? host : "[" + host + "]";
  const std::string what = "connection to " + terminal_safe(shown_host + ":" + port);
  GITOPSCTL_CHECK(interrupt.check(what));
  const std::unique_ptr<CURLM, FreeMulti> multi(curl_multi_init());
  const std::unique_ptr<CURL, FreeEasy> easy(curl_easy_init());
  if (multi == nullptr || easy == nullptr) return Error(ErrorCode::internal, "libcurl cannot start");
  std::array<char, CURL_ERROR_SIZE> error_text{};
  const auto set = [&easy](CURLoption option, auto value) { curl_easy_setopt(easy.get(), option, value); };
  const std::string url = "http://" + shown_host + ":" + port + "/";
  set(CURLOPT_URL, url.c_str());
  set(CURLOPT_ERRORBUFFER, error_text.data());
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_QUICK_EXIT, 1L);
  set(CURLOPT_CONNECT_ONLY, 1L);
  set(CURLOPT_TCP_KEEPALIVE, 1L);
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(patience.count()));
  set(CURLOPT_PROXY, proxy.c_str());
  if (!proxy.empty()) set(CURLOPT_HTTPPROXYTUNNEL, 1L);
  if (curl_multi_add_handle(multi.get(), easy.get()) != CURLM_OK) return Error(ErrorCode::internal, "libcurl refuses work");
  struct Leave {
    CURLM* multi;
    CURL* easy;
    ~Leave() { curl_multi_remove_handle(multi, easy); }
  } leave{multi.get(), easy.get()};
  GITOPSCTL_TRY(const CURLcode code, run(multi.get(), what, interrupt));
  if (code != CURLE_OK) {
    return cannot_connect(code, what, error_text[0] != '\0' ? error_text.data() : curl_easy_strerror(code));
  }
  curl_socket_t found = CURL_SOCKET_BAD;
  if (curl_easy_getinfo(easy.get(), CURLINFO_ACTIVESOCKET, &found) != CURLE_OK || found == CURL_SOCKET_BAD) {
    return Error(ErrorCode::unavailable, what + " is gone");
  }
  // libcurl closes its own descriptor; this one stays.
  const int own = fcntl(found, F_DUPFD_CLOEXEC, 0);
  if (own < 0) return Error(ErrorCode::unavailable, "no descriptor is left for the " + what);
  return own;
}

}  // namespace gitopsctl::channels
