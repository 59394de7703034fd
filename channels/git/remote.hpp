#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result/result.hpp"
#include "base/time/clock.hpp"
#include "channels/git/mirror.hpp"
#include "channels/git/protocol.hpp"

namespace gitopsctl::channels::git {

/// The refs of a remote as it names them, already cut to the prefixes.
struct RemoteRefs {
  std::vector<AdvertisedRef> refs;
  std::string head;  ///< full name of the default branch; empty when the remote does not say
};

/// Gets the bytes of a pack; none when something else arrived (progress), so that it can tell when to give up.
using PackSink = std::function<Result<void>(std::string_view piece)>;
/// Makes the pack of a push: what the new tip needs beyond the objects that the remote said it has.
using PackMaker = std::function<Result<std::string>(const std::vector<std::string>& remote_has)>;

/// The other side of a mirror. Not thread-safe.
class Remote {
 public:
  virtual ~Remote() = default;
  virtual Result<RemoteRefs> list(const Interrupt& interrupt) = 0;
  /// Sends the objects that `wants` need and `haves` do not have as one self-contained pack.
  virtual Result<void> fetch(const std::vector<std::string>& wants, const std::vector<std::string>& haves,
                             const PackSink& sink, const Interrupt& interrupt) = 0;
  /// Moves one ref by compare-and-swap: `conflict` when it does not hold `command.from`.
  virtual Result<void> push(const PushCommand& command, const PackMaker& make_pack, const Interrupt& interrupt) = 0;
  [[nodiscard]] virtual HttpCounters counters() const = 0;
  /// What the server asked for with its last answer.
  [[nodiscard]] virtual std::optional<Millis> retry_after() const { return std::nullopt; }
};

/// A remote behind http or https.
[[nodiscard]] std::unique_ptr<Remote> make_http_remote(const RemoteConfig& config);
/// A remote behind ssh. `invalid_input` when the address is none.
[[nodiscard]] Result<std::unique_ptr<Remote>> make_ssh_remote(const RemoteConfig& config);
/// A repository on this machine's disk.
[[nodiscard]] std::unique_ptr<Remote> make_local_remote(std::string path, const RemoteConfig& config);

/// True when `name` begins with one of `prefixes`.
[[nodiscard]] bool has_prefix(std::string_view name, const std::vector<std::string>& prefixes);

}  // namespace gitopsctl::channels::git
