#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result/result.hpp"
#include "channels/git/pkt_line.hpp"

// The smart protocol's messages as pure functions over bytes: gitprotocol-v2, gitprotocol-pack, gitprotocol-http. Nothing
// here touches the network; everything read is untrusted. Errors: `unavailable` for nonsense and for what the server itself
// reports, `unsupported` for another object format, `too_large` past a limit.

namespace gitopsctl::channels::git {

inline constexpr std::string_view zero_id = "0000000000000000000000000000000000000000";

/// True for 40 lower-case hexadecimal digits.
[[nodiscard]] bool is_object_id(std::string_view text) noexcept;

/// Capabilities by name; the value is empty for one without.
using Capabilities = std::map<std::string, std::string, std::less<>>;

/// One ref as a server names it. The name is raw: see ref_name.hpp before using it.
struct AdvertisedRef {
  std::string name;
  std::string id;      ///< what the ref holds: a commit, or the tag object of an annotated tag
  std::string peeled;  ///< what an annotated tag leads to, when the server said so
  std::string symref;  ///< full name that a symbolic ref points to
};

/// The answer to `GET info/refs`.
struct Advertisement {
  int version = 0;  ///< 0 (also for version 1) or 2
  Capabilities capabilities;
  std::vector<AdvertisedRef> refs;  ///< empty with version 2
  bool shallow = false;             ///< the server's repository lacks history
};

/// More refs than this in one answer are refused.
inline constexpr std::size_t max_refs = 1'000'000;

/// Reads the whole body of `info/refs?service=SERVICE`.
[[nodiscard]] Result<Advertisement> parse_advertisement(std::string_view body, std::string_view service);

/// True when `body` looks like the file `info/refs` that the dumb protocol serves.
[[nodiscard]] bool looks_like_dumb_refs(std::string_view body) noexcept;

/// Body of a version 2 `ls-refs`.
[[nodiscard]] std::string ls_refs_request(const Capabilities& server, const std::vector<std::string>& prefixes);
/// Reads the whole answer to it. An answer without its closing mark is an error, never a shorter list.
[[nodiscard]] Result<std::vector<AdvertisedRef>> parse_ls_refs(std::string_view body);

/// Body of a fetch in one round: wants, haves, done.
[[nodiscard]] std::string fetch_request_v2(const Capabilities& server, const std::vector<std::string>& wants,
                                           const std::vector<std::string>& haves);
[[nodiscard]] std::string fetch_request_v0(const Capabilities& server, const std::vector<std::string>& wants,
                                           const std::vector<std::string>& haves);

/// Takes the pack out of the answer to a fetch, piece by piece, whatever wraps it.
class PackDemux {
 public:
  using Sink = std::function<Result<void>(std::string_view)>;

  /// `version` 0 or 2; `sideband`: version 0 answers in bands (version 2 always does).
  PackDemux(int version, bool sideband, Sink sink) : version_(version), sideband_(sideband), sink_(std::move(sink)) {}
  /// Holds at most one packet and one piece; bytes after the pack's closing mark are an error.
  [[nodiscard]] Result<void> feed(std::string_view piece);
  /// Called at the end of the answer: an error when it ended early.
  [[nodiscard]] Result<void> finish() const;

 private:
  enum class State : std::uint8_t { head, skip_section, pack, done };
  Result<void> take(const Pkt& pkt);
  Result<void> take_head_v0(const Pkt& pkt);
  Result<void> take_head_v2(const Pkt& pkt);
  Result<void> take_band(std::string_view payload);

  int version_;
  bool sideband_;
  Sink sink_;
  State state_ = State::head;
  PktReader reader_;
};

/// One command of a push. `from` or `to` is zero_id for creation or deletion.
struct PushCommand {
  std::string ref;
  std::string from;
  std::string to;
};

/// The part of a receive-pack request that goes before the pack.
[[nodiscard]] std::string push_request_head(const Capabilities& server, const PushCommand& command);

/// What a server said about a push.
struct PushReport {
  std::string unpack;                                       ///< `ok`, or the reason it could not store the objects
  std::map<std::string, std::string, std::less<>> refused;  ///< ref → reason
  std::map<std::string, bool, std::less<>> accepted;        ///< refs that moved
  std::string progress;                                     ///< what hooks printed; printable, at most 4 KiB
};

/// Reads the whole answer to a push that asked for `report-status`.
[[nodiscard]] Result<PushReport> parse_push_report(std::string_view body, bool sideband);

}  // namespace gitopsctl::channels::git
