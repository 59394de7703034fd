#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/files/file_tree.hpp"
#include "render/inputs/inputs.hpp"

// What an isolated render asks for while it runs: files of its tree, random bytes of its release, rules of a time zone,
// objects that were looked up for it. It gets these and nothing else, and a question that it has no right to is answered by
// an error.
namespace gitopsctl::render::wire {

/// Asks the other side and waits for the answer. An error when it is gone.
using Ask = std::function<Result<std::string>(std::string_view question)>;

/// The tree on the other side, with its own links, errors and notes of what is read. Thread-safe if `ask` is.
[[nodiscard]] FileTreePtr remote_tree(Ask ask);
/// RenderInputs::random of a render whose key is on the other side. Throws std::runtime_error when that is gone.
[[nodiscard]] RandomBytes remote_random(Ask ask);
/// RenderInputs::lookup of a render whose objects are on the other side.
[[nodiscard]] Lookup remote_lookup(Ask ask);
/// Lets time zones be read on the other side, for the rest of this program's life.
void use_remote_zones(const Ask& ask);

/// Answers the questions of one render. Not thread-safe.
class Answers {
 public:
  /// `inputs` must outlive it.
  explicit Answers(const RenderInputs& inputs) : inputs_(inputs) {}
  /// Of random bytes a render gets so many, which is more than it can use in its time.
  static constexpr std::uint64_t max_random_bytes = 32ULL << 20U;
  /// The answer to a question, which may be anything.
  [[nodiscard]] std::string to(std::string_view question);

 private:
  const RenderInputs& inputs_;
  std::uint64_t random_left_ = max_random_bytes;
};

}  // namespace gitopsctl::render::wire
