#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result/result.hpp"
#include "base/time/clock.hpp"
#include "channels/git/mirror.hpp"
#include "channels/git/protocol.hpp"
#include "channels/git/remote.hpp"

// Git's smart protocol is the same over HTTP and SSH; what differs is how bytes get to the server and back. SmartRemote is
// the former, a SmartTransport the latter.

namespace gitopsctl::channels::git {

/// The two programs of the other side.
enum class Service : std::uint8_t { fetch, push };

/// `git-upload-pack` or `git-receive-pack`.
[[nodiscard]] std::string_view service_name(Service service) noexcept;

/// A listing of a million refs is about 70 MB.
inline constexpr std::uint64_t max_listing_bytes = 128ULL << 20U;

/// One message to a service and what becomes of its answer.
struct Question {
  Service service = Service::fetch;
  int version = 0;  ///< of the protocol, as discover() found it
  std::string body;
  std::uint64_t max_answer_bytes = 0;
  /// Gets the answer; true when that was all of it, so that a road whose end is not the answer's end stops reading.
  std::function<Result<bool>(std::string_view piece)> take;
  /// The answer goes to `take` as it comes, and not at once when all of it is there and known to be an answer.
  bool streamed = false;
  std::function<void(std::uint64_t sent)> on_upload;  ///< see HttpRequest::on_upload
};

/// What kind of no a failed question met.
enum class Refusal : std::uint8_t {
  none,      ///< no whole answer came: nobody knows what the server did
  answered,  ///< the server said no, or something that is not Git's
  outdated,  ///< it does not know the question: discover() may find out what it is now
};

/// The road to one repository. Not thread-safe. Errors: as Remote's, naming shown().
class SmartTransport {
 public:
  virtual ~SmartTransport() = default;
  /// What the server has and can do. Where a conversation is one connection this begins a new one.
  virtual Result<Advertisement> discover(Service service, const Interrupt& interrupt) = 0;
  /// Sends a message, using up its body, and hands out its answer. An answer that ends early is no error here: whoever takes
  /// it knows when it is complete.
  virtual Result<void> ask(Question& question, Refusal& refusal, const Interrupt& interrupt) = 0;
  /// True when a question needs no discover() before it, once the server's capabilities are known.
  [[nodiscard]] virtual bool stateless() const = 0;
  /// Ends the conversation, if there is one.
  virtual void end() noexcept {}
  /// The address, safe to print.
  [[nodiscard]] virtual const std::string& shown() const = 0;
  [[nodiscard]] virtual HttpCounters counters() const = 0;
  [[nodiscard]] virtual std::optional<Millis> retry_after() const { return std::nullopt; }
};

/// A remote that speaks the smart protocol (versions 0 to 2) over `transport`.
[[nodiscard]] std::unique_ptr<Remote> make_smart_remote(std::unique_ptr<SmartTransport> transport,
                                                        const RemoteConfig& config);

}  // namespace gitopsctl::channels::git
