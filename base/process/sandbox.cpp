#include "base/process/sandbox.hpp"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <string>
#include <vector>

namespace gitopsctl {

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif
#else
constexpr bool sanitized = false;
#endif

#if defined(__x86_64__)
constexpr std::uint32_t this_machine = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t this_machine = AUDIT_ARCH_AARCH64;
#else
constexpr std::uint32_t this_machine = 0;
#endif

// What computing needs: memory, locks between threads, the clock, randomness, open descriptors, ending.
constexpr int allowed[] = {
    SYS_read,
    SYS_write,
    SYS_sendto,
    SYS_close,
    SYS_brk,
    SYS_munmap,
    SYS_mremap,
    SYS_madvise,
    SYS_futex,
    SYS_sched_yield,
    SYS_clock_gettime,
    SYS_clock_nanosleep,
    SYS_nanosleep,
    SYS_gettimeofday,
    SYS_getrandom,
    SYS_getpid,
    SYS_gettid,
    SYS_exit,
    SYS_exit_group,
    SYS_rt_sigaction,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_sigaltstack,
    SYS_restart_syscall,
    SYS_getrusage,
    SYS_sched_getaffinity,
#ifdef SYS_rseq
    SYS_rseq,
#endif
#ifdef SYS_time
    SYS_time,
#endif
};

// Allowed where the memory is not to be executed: the third argument.
constexpr int allowed_unless_executable[] = {SYS_mmap, SYS_mprotect};

// Only to itself: the first argument is the process.
constexpr int allowed_to_itself[] = {SYS_tgkill};

// Nothing of ours ever asks for these, so whoever does has taken over the process.
constexpr int deadly[] = {
    SYS_socket,
    SYS_socketpair,
    SYS_connect,
    SYS_bind,
    SYS_listen,
    SYS_accept,
    SYS_accept4,
    SYS_sendmsg,
    SYS_recvmsg,
    SYS_execve,
    SYS_execveat,
    SYS_clone,
    SYS_ptrace,
    SYS_kill,
    SYS_tkill,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_mount,
    SYS_umount2,
    SYS_setns,
    SYS_unshare,
    SYS_bpf,
    SYS_keyctl,
    SYS_add_key,
    SYS_chroot,
    SYS_init_module,
    SYS_finit_module,
    SYS_perf_event_open,
    SYS_userfaultfd,
#ifdef SYS_fork
    SYS_fork,
    SYS_vfork,
#endif
#ifdef SYS_clone3
    SYS_clone3,
#endif
#ifdef SYS_io_uring_setup
    SYS_io_uring_setup,
#endif
#ifdef SYS_pidfd_getfd
    SYS_pidfd_getfd,
#endif
};

/// A program of classic BPF (seccomp(2), linux/filter.h).
class Filter {
 public:
  Filter() {
    // Numbers mean other calls on other machines.
    load(offsetof(seccomp_data, arch));
    skip_unless_equal(this_machine, 1, 0);
    answer(SECCOMP_RET_KILL_PROCESS);
    load(offsetof(seccomp_data, nr));
#if defined(__x86_64__)
    // x32 has the same machine and other numbers.
    constexpr std::uint32_t x32_bit = 0x40000000;
    add(BPF_JMP | BPF_JGE | BPF_K, x32_bit, 0, 1);
    answer(SECCOMP_RET_KILL_PROCESS);
#endif
    for (const int call : allowed) {
      skip_unless_equal(static_cast<std::uint32_t>(call), 0, 1);
      answer(SECCOMP_RET_ALLOW);
    }
    for (const int call : deadly) {
      skip_unless_equal(static_cast<std::uint32_t>(call), 0, 1);
      answer(SECCOMP_RET_KILL_PROCESS);
    }
    for (const int call : allowed_unless_executable) {
      skip_unless_equal(static_cast<std::uint32_t>(call), 0, 4);
      load(argument(2));
      add(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 1, 0);
      answer(SECCOMP_RET_ALLOW);
      answer(SECCOMP_RET_ERRNO | EPERM);
    }
    for (const int call : allowed_to_itself) {
      skip_unless_equal(static_cast<std::uint32_t>(call), 0, 4);
      load(argument(0));
      skip_unless_equal(static_cast<std::uint32_t>(::getpid()), 0, 1);
      answer(SECCOMP_RET_ALLOW);
      answer(SECCOMP_RET_KILL_PROCESS);
    }
    answer(SECCOMP_RET_ERRNO | EPERM);
  }

  Result<void> install() {
    const sock_fprog program{static_cast<unsigned short>(code_.size()), code_.data()};
    if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0) return {};
    return Error(ErrorCode::unsupported, std::string("the kernel takes no seccomp filter: ") + std::strerror(errno));
  }

 private:
  /// The lower half of an argument: the upper ones of flags and process numbers do not count in the kernel.
  static std::uint32_t argument(std::size_t index) {
    return static_cast<std::uint32_t>(offsetof(seccomp_data, args) + index * sizeof(std::uint64_t));
  }
  void add(unsigned code, std::uint32_t value, std::uint8_t if_true = 0, std::uint8_t if_false = 0) {
    code_.push_back({static_cast<std::uint16_t>(code), if_true, if_false, value});
  }
  void load(std::size_t offset) { add(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset)); }
  void skip_unless_equal(std::uint32_t value, std::uint8_t if_equal, std::uint8_t if_not) {
    add(BPF_JMP | BPF_JEQ | BPF_K, value, if_equal, if_not);
  }
  void answer(std::uint32_t action) { add(BPF_RET | BPF_K, action); }

  std::vector<sock_filter> code_;
};

Result<void> limit(int what, rlim_t soft, rlim_t hard) {
  const rlimit wanted{soft, hard};
  // RLIMIT_… are an enumeration of their own in C++.
  if (::setrlimit(static_cast<__rlimit_resource_t>(what), &wanted) == 0) return {};
  // A lower limit than ours cannot be raised, and need not be.
  rlimit now{};
  if (errno == EPERM && ::getrlimit(static_cast<__rlimit_resource_t>(what), &now) == 0 && now.rlim_max <= hard) return {};
  return Error(ErrorCode::unsupported, std::string("cannot limit this process: ") + std::strerror(errno));
}

}  // namespace

Result<void> enter_sandbox(const SandboxLimits& limits) {
  if (this_machine == 0) return Error(ErrorCode::unsupported, "renders cannot be isolated on this kind of machine");
  // Dies with who asked for it: nobody would read what it says.
  (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
  GITOPSCTL_CHECK(limit(RLIMIT_CORE, 0, 0));
  GITOPSCTL_CHECK(limit(RLIMIT_FSIZE, 0, 0));
  if (limits.cpu_time.count() > 0) {
    const auto seconds = static_cast<rlim_t>(limits.cpu_time.count());
    GITOPSCTL_CHECK(limit(RLIMIT_CPU, seconds, seconds + 1));
  }
  if (sanitized) return {};
  GITOPSCTL_CHECK(limit(RLIMIT_NOFILE, 0, 0));
  GITOPSCTL_CHECK(limit(RLIMIT_NPROC, 0, 0));
  if (limits.address_space > 0) GITOPSCTL_CHECK(limit(RLIMIT_AS, limits.address_space, limits.address_space));
  if (::prctl(PR_SET_DUMPABLE, 0) != 0 || ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return Error(ErrorCode::unsupported, std::string("cannot give up privileges: ") + std::strerror(errno));
  }
  return Filter().install();
}

}  // namespace gitopsctl
