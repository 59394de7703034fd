#include "base/process/memory.hpp"

#include <sys/mman.h>

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

}  // namespace

void use_one_memory_pool() noexcept {
#if defined(__GLIBC__)
  ::mallopt(M_ARENA_MAX, 1);
  ::mallopt(M_TOP_PAD, step_bytes);
  ::mallopt(M_TRIM_THRESHOLD, 64 * step_bytes);
  ::mallopt(M_MMAP_THRESHOLD, 4 * step_bytes);
#endif
}

void prepare_memory(std::size_t bytes) noexcept {
#if defined(__GLIBC__) && defined(MADV_POPULATE_WRITE)
  constexpr std::uintptr_t page = 4096;
  void* block = std::malloc(bytes + page);  // NOLINT(cppcoreguidelines-no-malloc): it is malloc's own pool that grows
  if (block == nullptr) return;
  const auto begin = (reinterpret_cast<std::uintptr_t>(block) + page - 1) / page * page;
  std::free(block);  // NOLINT(cppcoreguidelines-no-malloc)
  // What is freed at the end of the pool stays there. Linux before 5.14 does not know this advice.
  auto* const pages = reinterpret_cast<void*>(begin);  // NOLINT(performance-no-int-to-ptr): no pointer into what is freed
  static_cast<void>(::madvise(pages, bytes / page * page, MADV_POPULATE_WRITE));
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
