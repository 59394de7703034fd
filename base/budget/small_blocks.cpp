#include "base/budget/small_blocks.hpp"

#include <sys/mman.h>

#include <atomic>

namespace gitopsctl {
namespace {

// As much as a render may hold; what is beyond comes from malloc.
[[maybe_unused]] constexpr std::uintptr_t range_bytes = std::uintptr_t{256} << 20U;

// What a thread takes of the range, and the system gives, at once. That costs a third of what its pages cost one by one,
// and no program has more than this in vain.
constexpr std::uintptr_t piece_bytes = std::uintptr_t{128} << 10U;

constinit std::atomic<std::uintptr_t> next_piece = 0;

// Not for every page: a multiple of the sizes that there are.
[[maybe_unused]] constexpr std::uintptr_t alignment = std::uintptr_t{64} << 10U;

}  // namespace

namespace detail {

constinit SmallRange small_range;
thread_local constinit SmallBlocks small_blocks;

void* cut_small_block(std::size_t bytes) noexcept {
  const auto& range = small_range;
  if (range.size == 0) return nullptr;
  const auto piece = next_piece.fetch_add(piece_bytes, std::memory_order_relaxed);
  if (piece + piece_bytes > range.begin + range.size) {
    next_piece.store(range.begin + range.size, std::memory_order_relaxed);
    return nullptr;
  }
#ifdef MADV_POPULATE_WRITE
  // NOLINTNEXTLINE(performance-no-int-to-ptr): addresses are what this is about
  static_cast<void>(::madvise(reinterpret_cast<void*>(piece), piece_bytes, MADV_POPULATE_WRITE));
#endif
  auto& mine = small_blocks;
  // Pieces of a thread that is alone follow each other; what is left of another one is lost.
  if (mine.end != piece) mine.at = piece;
  mine.end = piece + piece_bytes;
  const auto block = mine.at;
  mine.at += bytes;
  return reinterpret_cast<void*>(block);  // NOLINT(performance-no-int-to-ptr)
}

}  // namespace detail

void use_small_blocks() noexcept {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !defined(__clang__)
  auto& range = detail::small_range;
  if (range.size != 0) return;
  void* const all = ::mmap(nullptr, range_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (all == MAP_FAILED) return;
  const auto first = reinterpret_cast<std::uintptr_t>(all);
  const auto begin = (first + alignment - 1) / alignment * alignment;
  next_piece.store(begin, std::memory_order_relaxed);
  range = {.begin = begin, .size = (first + range_bytes - begin) / piece_bytes * piece_bytes};
#endif
}

}  // namespace gitopsctl
