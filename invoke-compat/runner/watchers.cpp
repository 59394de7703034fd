#include "invoke-compat/runner/watchers.hpp"

#include <algorithm>

namespace gitopsctl::invoke {
namespace {

Result<std::shared_ptr<const Regex>> compile(const std::string& pattern) {
  auto compiled = Regex::compile("(?s)" + pattern);
  if (!compiled.ok()) {
    return Error(compiled.error().code(), "the pattern of a response is wrong: " + compiled.error().message());
  }
  return compiled;
}

}  // namespace

Result<WatcherSet> WatcherSet::make(const std::vector<Response>& responses) {
  WatcherSet set;
  for (const Response& response : responses) {
    Watcher watcher;
    watcher.response = response.response;
    GITOPSCTL_TRY(watcher.prompt.pattern, compile(response.pattern));
    if (!response.sentinel.empty()) {
      GITOPSCTL_TRY(watcher.sentinel.pattern, compile(response.sentinel));
    }
    set.watchers_.push_back(std::move(watcher));
  }
  return set;
}

std::size_t WatcherSet::Search::matches(std::size_t stream, std::string_view text) {
  if (!pattern) return 0;
  std::string& seen = unmatched[stream];
  seen += text;
  const auto found = pattern->find_all(seen, -1);
  const auto count = static_cast<std::size_t>(
      std::count_if(found.begin(), found.end(), [](const Regex::Span& span) { return span.begin != span.end; }));
  if (count > 0) {
    seen.clear();
  } else if (seen.size() > max_window) {
    // Between characters: half of one would match nothing.
    std::size_t cut = seen.size() - max_window;
    while (cut < seen.size() && (static_cast<unsigned char>(seen[cut]) & 0xC0U) == 0x80U) ++cut;
    seen.erase(0, cut);
  }
  return count;
}

WatcherSet::Reaction WatcherSet::see(std::size_t stream, std::string_view text) {
  Reaction reaction;
  for (std::size_t i = 0; i < watchers_.size(); ++i) {
    Watcher& watcher = watchers_[i];
    const bool failed = watcher.sentinel.matches(stream, text) > 0;
    if (failed && watcher.answered) {
      reaction.failed = i;
      return reaction;
    }
    const std::size_t count = watcher.prompt.matches(stream, text);
    for (std::size_t n = 0; n < count; ++n) reaction.answer += watcher.response;
    watcher.answered = watcher.answered || count > 0;
  }
  return reaction;
}

}  // namespace gitopsctl::invoke
