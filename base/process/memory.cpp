#include "base/process/memory.hpp"

#include <cstdlib>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace gitopsctl {
namespace {

// One would make threads that render at the same time wait for each other; the default (8 per processor) gives every
// thread its own, each with its own leftovers.
[[maybe_unused]] constexpr int pools = 2;

}  // namespace

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
