#pragma once

#include <cstddef>

namespace gitopsctl {

/// For a process that lives long and mostly waits: its threads share a few pools of memory instead of keeping one each.
/// Call it before other threads are started. Does nothing where the C library is not glibc.
void share_memory_pools() noexcept;

/// For a process that does one thing and ends: all its threads take from one pool, which grows in large steps and is never
/// made smaller. Call it before other threads are started. Does nothing where the C library is not glibc.
void use_one_memory_pool() noexcept;

/// Takes `bytes` from the system in one step, for work that will need as much anyway and that would have them page by page;
/// what is needed beyond them (up to 64 MiB) comes in large pages where Linux allows it. For after use_one_memory_pool().
/// Does nothing where the system cannot do it.
void prepare_memory(std::size_t bytes) noexcept;

/// Gives memory that was freed back to the system, which the C library by itself does only at the end of a pool. For after
/// a piece of work, when nothing is to be done for a while: takes up to some milliseconds. Thread-safe.
void return_free_memory() noexcept;

}  // namespace gitopsctl
