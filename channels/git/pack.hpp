#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result/result.hpp"
#include "base/time/clock.hpp"
#include "channels/git/library.hpp"

namespace gitopsctl::channels::git {

/// Takes a pack piece by piece, checks every object in it, and stores it with its index. Until finish() has returned
/// nothing of it can be seen; a PackWriter that goes away before leaves nothing behind.
class PackWriter {
 public:
  /// `directory` is an `objects/pack`. `interrupt` also ends the work on a pack that has arrived.
  static Result<std::unique_ptr<PackWriter>> open(const std::string& directory, std::uint64_t max_bytes,
                                                  const Interrupt& interrupt);
  /// `too_large` past the limit, `unavailable` for damaged bytes.
  [[nodiscard]] Result<void> add(std::string_view piece);
  /// An error when the pack is not whole.
  [[nodiscard]] Result<void> finish();
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }

 private:
  PackWriter() = default;
  static int look(const git_indexer_progress* progress, void* user) noexcept;
  [[nodiscard]] Error failed(int code) const;

  IndexerHandle indexer_;
  git_indexer_progress progress_{};  ///< libgit2 counts in it across calls, and trusts the counts at the end
  Interrupt interrupt_;
  std::optional<Error> interrupted_;
  std::uint64_t max_bytes_ = 0;
  std::uint64_t bytes_ = 0;
};

/// Makes a pack of everything that `tips` need and `known` do not have (ids that are not in `repository` are left out of
/// `known`), and hands it out piece by piece.
[[nodiscard]] Result<void> make_pack(git_repository* repository, const std::vector<std::string>& tips,
                                     const std::vector<std::string>& known,
                                     const std::function<Result<void>(std::string_view)>& sink, const Interrupt& interrupt);

}  // namespace gitopsctl::channels::git
