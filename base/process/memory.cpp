#include "base/process/memory.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace gitopsctl {
namespace {

// One would make threads that render at the same time wait for each other; the default (8 per processor) gives every
// thread its own, each with its own leftovers.
[[maybe_unused]] constexpr int pools = 2;

// A pool that is asked for a little more a hundred times costs a system call each time.
[[maybe_unused]] constexpr int step_bytes = 1 << 20;

// More than anything here holds: nothing is given back.
[[maybe_unused]] constexpr int never_bytes = 1 << 30;

// What large work has at hand beyond what was prepared. Only addresses until it is used.
[[maybe_unused]] constexpr int large_bytes = 64 << 20;

/// `address` rounded up to a multiple of `size`, which is a power of two.
[[maybe_unused]] constexpr std::uintptr_t aligned(std::uintptr_t address, std::uintptr_t size) {
  return (address + size - 1) & ~(size - 1);
}

/// Advice about whole pages of the pool, from `begin` to `end`. Linux that does not know it goes on without.
[[maybe_unused]] void advise(std::uintptr_t begin, std::uintptr_t end, int advice) noexcept {
  if (begin >= end) return;
  auto* const pages = reinterpret_cast<void*>(begin);  // NOLINT(performance-no-int-to-ptr): no pointer into what is freed
  static_cast<void>(::madvise(pages, end - begin, advice));
}

}  // namespace

void use_one_memory_pool() noexcept {
#if defined(__GLIBC__)
  ::mallopt(M_ARENA_MAX, 1);
  ::mallopt(M_TOP_PAD, step_bytes);
  ::mallopt(M_TRIM_THRESHOLD, never_bytes);
  ::mallopt(M_MMAP_THRESHOLD, 4 * step_bytes);
#endif
}

void prepare_memory(std::size_t bytes) noexcept {
#if defined(__GLIBC__) && defined(MADV_POPULATE_WRITE)
  constexpr std::uintptr_t page = 4096;
  constexpr std::uintptr_t large_page = 2 << 20;
  ::mallopt(M_TOP_PAD, large_bytes);
  void* block = std::malloc(bytes + page);  // NOLINT(cppcoreguidelines-no-malloc): it is malloc's own pool that grows
  ::mallopt(M_TOP_PAD, step_bytes);
  if (block == nullptr) return;
  const auto begin = aligned(reinterpret_cast<std::uintptr_t>(block), page);
  std::free(block);  // NOLINT(cppcoreguidelines-no-malloc)
  // What is freed at the end of the pool stays there.
  const auto end = begin + bytes / page * page;
  advise(begin, end, MADV_POPULATE_WRITE);
  const auto pool_end = reinterpret_cast<std::uintptr_t>(::sbrk(0));
  advise(aligned(end, large_page), std::min<std::uintptr_t>(pool_end, end + large_bytes) & ~(page - 1), MADV_HUGEPAGE);
#else
  static_cast<void>(bytes);
#endif
}

void share_memory_pools() noexcept {
#if defined(__GLIBC__)
  ::mallopt(M_ARENA_MAX, pools);
#endif
}

void return_free_memory() noexcept {
#if defined(__GLIBC__)
  ::malloc_trim(0);
#endif
}

}  // namespace gitopsctl
