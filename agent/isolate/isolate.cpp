#include "agent/isolate/isolate.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <functional>
#include <utility>

#include "agent/isolate/frames.hpp"
#include "base/process/child.hpp"
#include "render/manifest/object.hpp"
#include "render/template/bounded.hpp"
#include "render/wire/messages.hpp"
#include "render/wire/questions.hpp"

namespace gitopsctl::agent {

namespace {

namespace wire = render::wire;

// Questions are paths, names and numbers.
constexpr std::uint64_t max_question_bytes = 256UL << 10U;
// More than a chart can have files (base/files), three times over.
constexpr std::uint64_t max_questions = 1'000'000;
// Beyond the time that the render may compute: for the start, the files, and a busy machine.
constexpr Millis patience{60'000};

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(); }
  [[nodiscard]] int get() const noexcept { return fd_; }
  void close() noexcept {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_;
};

/// How the other side ended without a result.
Error ending(const ExitStatus& status, const render::RenderLimits& limits) {
  switch (status.signal) {
    case 0: break;
    case SIGXCPU:
      return {ErrorCode::too_large,
              "the isolated render took more than the " + std::to_string(limits.cpu_time.count()) + " ms of computing"};
    case SIGSYS: return {ErrorCode::forbidden, "the isolated render asked the system for what no render may, and was ended"};
    case SIGKILL: return {ErrorCode::unavailable, "the isolated render was killed; the machine may lack memory"};
    default: return {ErrorCode::internal, std::string("the isolated render crashed (") + ::strsignal(status.signal) + ")"};
  }
  return {ErrorCode::internal,
          "the isolated render ended without a result (exit code " + std::to_string(status.exit_code) + ")"};
}

/// Runs one order on the other side and answers its questions; the payload of its result.
Result<std::string> run_order(const std::string& program, wire::Task task, const render::RenderInputs& inputs) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return Error(ErrorCode::unavailable, std::string("cannot make a socket for a render: ") + std::strerror(errno));
  }
  const Descriptor ours(ends[0]);
  Descriptor theirs(ends[1]);
  (void)::fcntl(ours.get(), F_SETFL, O_NONBLOCK);
  Command command;
  command.program = program;
  command.arguments = {isolated_word};
  command.environment.emplace();  // a render knows of no environment
  command.directory = "/";
  GITOPSCTL_TRY(ChildProcess child, ChildProcess::start(command, {.in = theirs.get()}));
  theirs.close();

  const Deadline deadline(system_clock(), inputs.limits.cpu_time + patience);
  FrameLine line(ours.get(), deadline);
  wire::Answers answers(inputs);
  const auto talk = [&]() -> Result<std::string> {
    GITOPSCTL_CHECK(line.send(FrameKind::order, wire::write_order(task, inputs)));
    for (std::uint64_t asked = 0; asked < max_questions; ++asked) {
      GITOPSCTL_TRY(auto frame, line.receive(std::max(inputs.limits.memory_bytes, max_question_bytes)));
      if (frame.kind == FrameKind::result) return std::move(frame.payload);
      if (frame.kind != FrameKind::question || frame.payload.size() > max_question_bytes) return wire::not_ours();
      GITOPSCTL_CHECK(line.send(FrameKind::answer, answers.to(frame.payload)));
    }
    return Error(ErrorCode::too_large,
                 "the isolated render asked more than " + std::to_string(max_questions) + " questions");
  };
  auto result = talk();
  if (result.ok() || result.error().code() != ErrorCode::unavailable) {
    // It has nothing more to say; what it still does is of no interest.
    child.send(SIGKILL);
    (void)child.wait({});
    return result;
  }
  GITOPSCTL_TRY(const auto status, child.wait({.stop = {}, .deadline = Deadline(system_clock(), Millis(5'000))}));
  return ending(status, inputs.limits);
}

}  // namespace

Result<render::RenderedSet> IsolatedRenderer::release(const render::RenderInputs& inputs) const {
  GITOPSCTL_TRY(const auto bytes, run_order(program_, wire::Task::release, inputs));
  // What came from there may be made to be large in memory.
  return render::run_bounded({inputs.limits.memory_bytes, inputs.limits.cpu_time}, [&]() -> Result<render::RenderedSet> {
    GITOPSCTL_TRY(auto set, wire::read_set(bytes));
    // Digests are not believed, and the key for the seal is here.
    set.render_digest = render::render_digest(set.objects, inputs.sensitive);
    if (!inputs.installation_key.empty()) set.seal_digest = render::seal_digest(set.objects, inputs.installation_key);
    return set;
  });
}

Result<render::helm::Output> IsolatedRenderer::chart(const render::RenderInputs& inputs,
                                                     render::helm::Stage* reached) const {
  GITOPSCTL_TRY(const auto bytes, run_order(program_, wire::Task::chart, inputs));
  render::helm::Stage ignored{};
  return render::run_bounded({inputs.limits.memory_bytes, inputs.limits.cpu_time},
                             [&] { return wire::read_output(bytes, reached == nullptr ? ignored : *reached); });
}

}  // namespace gitopsctl::agent
