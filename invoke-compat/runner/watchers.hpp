#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result/result.hpp"
#include "base/text/regex.hpp"
#include "invoke-compat/runner/options.hpp"

namespace gitopsctl::invoke {

/// The watchers of one command: what each has seen of both streams. Not thread-safe.
class WatcherSet {
 public:
  /// How much of a stream that nothing matched yet is looked at again when more comes.
  static constexpr std::size_t max_window = std::size_t{64} << 10U;

  /// `invalid_input` for a pattern that is none, naming it.
  [[nodiscard]] static Result<WatcherSet> make(const std::vector<Response>& responses);

  /// What one new piece of a stream (0: output, 1: errors) asks for.
  struct Reaction {
    std::string answer;                 ///< to be written to the command
    std::optional<std::size_t> failed;  ///< the watcher that saw its sentinel
  };
  [[nodiscard]] Reaction see(std::size_t stream, std::string_view text);
  [[nodiscard]] bool empty() const noexcept { return watchers_.empty(); }

 private:
  /// One pattern on both streams: what it has not matched yet.
  struct Search {
    std::shared_ptr<const Regex> pattern;
    std::string unmatched[2];
    /// How often it is in what is there now; then all of that counts as matched.
    [[nodiscard]] std::size_t matches(std::size_t stream, std::string_view text);
  };
  struct Watcher {
    Search prompt;
    Search sentinel;
    std::string response;
    bool answered = false;
  };
  std::vector<Watcher> watchers_;
};

}  // namespace gitopsctl::invoke
