#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result/result.hpp"
#include "base/value/value.hpp"
#include "render/manifest/object.hpp"

namespace gitopsctl::render {

/// The marker that stands for a secret value.
inline constexpr std::string_view redacted_marker = "(redacted)";

/// Both sides of a comparison, made fit to be shown: as redact(), where a value that differs between the sides is
/// `(redacted, before)` and `(redacted, after)`, and one that is equal, added or removed is `(redacted)`. So a diff says
/// *added, removed, changed* and nothing else. Either side may be null. What is secret on one side is hidden on both.
/// `secret`: the objects are Secrets whatever their bodies say.
[[nodiscard]] std::pair<Value, Value> redact_pair(const Value& before, const Value& after,
                                                  const std::vector<SensitivePath>& sensitive, bool secret = false);

/// True when redact() has something to hide in `body`: it is (or lists) a Secret, or a sensitive path names it.
[[nodiscard]] bool holds_secrets(const Value& body, const std::vector<SensitivePath>& sensitive);

/// Takes known secret values out of texts that others wrote (messages of parsers and servers quote what they stumbled
/// over). Finds values raw, in base64 and JSON-escaped, and the lines of values of several lines. Values that look like
/// plain words (under 6 bytes, or up to 20 bytes of lower-case letters, `-`, `_`, `.` and `/` only) are not searched for:
/// replacing `default` in every message would say more than it hides.
class SecretScrubber {
 public:
  /// Notes the values that redact() would hide in `body`.
  void learn(const Value& body, const std::vector<SensitivePath>& sensitive);
  /// Notes every text and number in `value`, for messages about values of which nobody knows which are secret.
  void learn_texts(const Value& value);
  /// Notes `value`, which is known to be secret, also when it looks like a plain word; not when it has less than 4 bytes.
  void learn_exactly(std::string_view value);
  /// `text` with every noted value replaced by `(redacted)`.
  [[nodiscard]] std::string scrub(std::string_view text) const;
  /// The same for all texts of an error, its cause chain included.
  [[nodiscard]] Error scrub(const Error& error) const;
  [[nodiscard]] bool empty() const noexcept { return needles_.empty(); }

 private:
  void add(std::string_view value);
  void note(std::string_view value);
  void add_lines(std::string_view value);

  /// Longest first; a number stands for texts of that length, before all of them.
  struct LongestFirst {
    using is_transparent = void;
    bool operator()(const std::string& a, const std::string& b) const noexcept {
      return a.size() != b.size() ? a.size() > b.size() : a < b;
    }
    bool operator()(const std::string& a, std::size_t size) const noexcept { return a.size() > size; }
    bool operator()(std::size_t size, const std::string& b) const noexcept { return size >= b.size(); }
  };
  std::set<std::string, LongestFirst> needles_;
};

}  // namespace gitopsctl::render
