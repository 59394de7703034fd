#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/kube/connection_pool.hpp"
#include "agent/kube/credentials.hpp"
#include "agent/kube/kubeconfig.hpp"
#include "agent/kube/status_error.hpp"
#include "base/time/clock.hpp"

namespace gitopsctl::agent {

/// What a request is for, as traffic is counted.
enum class KubeTraffic : std::uint8_t { discovery, get, list, watch, apply, dry_run, create, put, patch, remove };
constexpr std::size_t kube_traffic_classes = 10;
/// `discovery`, `get`, …, `delete`.
[[nodiscard]] std::string_view traffic_name(KubeTraffic which) noexcept;

/// What went over the wire for one class of requests since the client was made.
struct KubeCounters {
  std::uint64_t requests = 0;  ///< every attempt is one
  std::uint64_t repeats = 0;   ///< attempts after the first of a call
  std::uint64_t refused = 0;   ///< answers of 400 and more
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
};

/// What the caller of any operation says about it.
struct KubeCall {
  Interrupt interrupt;
  /// The object is secret beyond its kind: texts of the server that may quote it are not shown. Secrets always are.
  bool sensitive = false;
  /// Told before each pause after which a request is repeated, in the caller's thread; so a status can say why it takes
  /// long.
  std::function<void(const KubeError& why, Millis pause)> on_repeat;
  /// Also sent when the client was told to stop (KubeClientOptions::stop): what leaves things in order.
  bool last_word = false;
};

struct KubeClientOptions {
  unsigned max_connections = 16;  ///< for requests; each watch has one of its own
  unsigned max_watches = 256;
  bool http2 = true;  ///< for watches, over TLS, where the server speaks it
  /// For requests too. They have a connection each, which gains nothing from it, and an API server spends a third more
  /// processor time on each (./dev bench cluster_apply_bench).
  bool http2_requests = false;
  std::string user_agent = "gitopsctl";
  /// A watch of which nothing came for so long is begun anew. API servers send a bookmark every minute; where none ever
  /// came, the span that was asked for counts instead.
  Millis watch_silence{100'000};
  /// An attempt ends after so long, and is repeated where that can do no harm. API servers give up after 60 s.
  Millis attempt_limit{65'000};
  /// Calls without a deadline give up repeating after so long.
  Millis repeat_for{60'000};
  /// Until the server was reached for the first time, all give up after so long; 0: as ever. Who sits at a terminal wants to
  /// know soon that an address is wrong: see reach_for_command.
  Millis reach_for{0};
  Millis first_pause{250};  ///< doubled with every repeat, halved or not by chance
  Millis longest_pause{10'000};
  /// Ends the client, whatever its callers do. From then on reads and watches are `cancelled` at once, writes that are under
  /// way when their answer does not come within `last_patience`, and nothing new is sent but last words. Each of those gets
  /// as long and is not repeated; when one is not answered, no further one is sent.
  std::stop_token stop;
  Millis last_patience{1'000};
  Clock* clock = nullptr;          ///< nullptr: system_clock()
  std::function<double()> random;  ///< in [0, 1), thread-safe; empty: the machine's
};

/// KubeClientOptions::reach_for of a command: a server that is just restarted is waited for, one that is not there is not.
constexpr Millis reach_for_command{3'000};

/// One request as it goes out.
struct KubeRequest {
  std::string method = "GET";
  std::string path;  ///< with its query, from `/` on, behind the server's prefix
  std::string accept = "application/json";
  std::string content_type;
  std::string body;
  std::string etag;  ///< 304 is an answer then
  KubeTraffic traffic = KubeTraffic::get;
  /// Carrying it out twice is as good as once. Otherwise it is repeated only when it cannot have been carried out.
  bool repeatable = true;
  std::uint64_t max_answer_bytes = 8ULL << 20U;
  Millis repeat_for{0};  ///< less than the options' value; 0: that
  Millis attempt_limit{0};
  RequestFacts facts;
};

struct KubeAnswer {
  int status = 0;
  std::string etag;
  std::string body;
  std::vector<std::string>
      warnings;  ///< texts of the Warning headers, scrubbed; of a secret one that says no more than that
  int http_version = 0;
};

/// Requests to one API server: connections, credentials, repeats and their pauses. Thread-safe.
///
/// A 401 renews the credentials and repeats once. Repeated within the deadline: 429 after what Retry-After asks for, and
/// failures that pass (no answer, 5xx but schema errors) with growing pauses. A request that is not `repeatable` is repeated
/// only when it cannot have been carried out. The error of a write says outcome_unknown() when any attempt may have been
/// carried out.
class KubeTransport {
 public:
  KubeTransport(KubeTarget target, KubeClientOptions options);

  [[nodiscard]] KubeResult<KubeAnswer> send(const KubeRequest& request, const Impersonation& as, const KubeCall& call);

  /// One attempt whose answer is given to `sink` as it comes, over a connection of its own; 401 as above. `stall_limit`:
  /// so long without a byte ends it. The error of the sink is the result.
  [[nodiscard]] KubeResult<void> stream(const KubeRequest& request, const Impersonation& as, const KubeCall& call,
                                        Millis stall_limit, const channels::HttpSink& sink);

  [[nodiscard]] const KubeTarget& target() const noexcept { return target_; }
  [[nodiscard]] const KubeClientOptions& options() const noexcept { return options_; }
  [[nodiscard]] Clock& clock() const noexcept { return *options_.clock; }
  /// Sleeps until `span` has passed, or the caller or the client is stopped; true when the whole span passed.
  bool sleep(Millis span, const Interrupt& interrupt) const;
  /// In [0, 1).
  [[nodiscard]] double random() const { return options_.random(); }
  [[nodiscard]] KubeCounters counters(KubeTraffic which) const noexcept;
  [[nodiscard]] const ConnectionPool& connections() const noexcept { return pool_; }
  /// The pause before the repeat number `repeat` (from 1).
  [[nodiscard]] Millis pause(unsigned repeat) const;

 private:
  struct Counting {
    std::atomic<std::uint64_t> requests{0};
    std::atomic<std::uint64_t> repeats{0};
    std::atomic<std::uint64_t> refused{0};
    std::atomic<std::uint64_t> bytes_sent{0};
    std::atomic<std::uint64_t> bytes_received{0};
  };
  /// What came of one attempt.
  struct Outcome {
    KubeResult<KubeAnswer> answer;
    bool maybe_done = false;  ///< the server may have acted on it, though it did not say so
  };

  [[nodiscard]] std::unique_ptr<channels::HttpClient> connect(const KubeCredential& credential, bool http2);
  /// Those of all connections with these certificates.
  [[nodiscard]] std::shared_ptr<channels::HttpSessions> sessions_for(const KubeCredential& credential);
  [[nodiscard]] channels::HttpRequest wire_request(const KubeRequest& request, const Impersonation& as,
                                                   const KubeCredential& credential) const;
  [[nodiscard]] Outcome attempt(const KubeRequest& request, const Impersonation& as, const KubeCredential& credential,
                                const Interrupt& interrupt, Millis limit);
  [[nodiscard]] KubeError refusal(const channels::HttpResponse& response, const KubeRequest& request) const;
  /// Whether anything may still be sent for this call.
  [[nodiscard]] Result<void> may_send(const KubeRequest& request, const KubeCall& call) const;
  void count(KubeTraffic which, const channels::HttpCounters& before, const channels::HttpCounters& after, int status);

  KubeTarget target_;
  KubeClientOptions options_;
  CredentialSource credentials_;
  std::mutex sessions_mutex_;
  std::shared_ptr<channels::HttpSessions> sessions_;
  std::uint64_t sessions_of_ = 0;  ///< KubeCredential::tls_version
  ConnectionPool pool_;
  std::atomic<unsigned> watches_{0};
  std::atomic<bool> unheard_{false};  ///< a last word was not answered
  std::atomic<bool> reached_{false};  ///< something was answered, or may have been heard
  std::array<Counting, kube_traffic_classes> counting_;
};

/// `text` with everything but unreserved characters percent-encoded, for a segment or a value of a query.
[[nodiscard]] std::string url_encode(std::string_view text);

/// The texts of `Warning: 299 - "text"` headers, scrubbed; at most 50.
[[nodiscard]] std::vector<std::string> read_warnings(const std::vector<std::pair<std::string, std::string>>& headers);

}  // namespace gitopsctl::agent
