#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

// Where `new` takes small blocks from in a process that does one thing and ends: without headers, without locks, and
// without looking for neighbours when they are freed. Nothing is given back to anybody but the thread that freed it.
namespace gitopsctl {

/// Has `new` take blocks of up to detail::SmallBlocks::largest bytes from a range of addresses of their own. Call it before
/// other threads are started, once. Without effect where the system lacks the addresses, and in programs that look after
/// their memory themselves (sanitizers).
void use_small_blocks() noexcept;

namespace detail {

/// The range, which is the same for all threads; empty until use_small_blocks().
struct SmallRange {
  std::uintptr_t begin = 0;
  std::uintptr_t size = 0;
};
extern constinit SmallRange small_range;

/// What one thread has of it.
struct SmallBlocks {
  static constexpr std::size_t largest = 512;
  static constexpr std::size_t step = 16;  ///< what `new` aligns to
  struct Free {
    Free* next;
  };
  std::uintptr_t at = 0;  ///< of the piece that blocks are cut from
  std::uintptr_t end = 0;
  std::array<Free*, largest / step + 1> free = {};  ///< by size in steps
};
extern thread_local constinit SmallBlocks small_blocks;

/// Cuts a block from another piece; nullptr when the range is used up.
[[nodiscard]] void* cut_small_block(std::size_t bytes) noexcept;

[[nodiscard]] inline bool is_small_block(const void* block) noexcept {
  return reinterpret_cast<std::uintptr_t>(block) - small_range.begin < small_range.size;
}

/// A block of at least `size` bytes, which is at most SmallBlocks::largest; nullptr: ask malloc.
[[nodiscard]] inline void* take_small_block(std::size_t size) noexcept {
  auto& mine = small_blocks;
  const std::size_t steps = size == 0 ? 1 : (size + SmallBlocks::step - 1) / SmallBlocks::step;
  if (auto* block = mine.free[steps]; block != nullptr) {
    mine.free[steps] = block->next;
    return block;
  }
  const std::size_t bytes = steps * SmallBlocks::step;
  if (mine.end - mine.at < bytes) return cut_small_block(bytes);
  const auto block = mine.at;
  mine.at += bytes;
  return reinterpret_cast<void*>(block);  // NOLINT(performance-no-int-to-ptr): addresses are what this is about
}

/// Keeps a block of that size for the next one of this thread.
inline void give_small_block(void* block, std::size_t size) noexcept {
  auto& mine = small_blocks;
  const std::size_t steps = size == 0 ? 1 : (size + SmallBlocks::step - 1) / SmallBlocks::step;
  auto* freed = static_cast<SmallBlocks::Free*>(block);
  freed->next = mine.free[steps];
  mine.free[steps] = freed;
}

}  // namespace detail

}  // namespace gitopsctl
