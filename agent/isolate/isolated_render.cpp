// The side of an isolated render that runs the chart.
#include <unistd.h>

#include <exception>
#include <string>

#include "agent/isolate/frames.hpp"
#include "agent/isolate/isolate.hpp"
#include "base/budget/budget.hpp"
#include "base/crypto/digest.hpp"
#include "base/process/sandbox.hpp"
#include "base/result/no_throw.hpp"
#include "render/release/render_release.hpp"
#include "render/template/engine.hpp"
#include "render/wire/messages.hpp"
#include "render/wire/questions.hpp"

namespace gitopsctl::agent {

namespace {

namespace wire = render::wire;

constexpr std::uint64_t any_size = UINT32_MAX;

/// Beyond what the render's own bounds let it hold: the program, stacks, what malloc sets aside.
constexpr std::uint64_t own_address_space = 768ULL << 20U;

/// What libraries read from files when they are used first must have been read before files are out of reach.
void wake_libraries() {
  (void)random_bytes(1);
  (void)hmac_sha256("key", "text");
}

std::string render_order(wire::Order& order) {
  auto& inputs = order.inputs;
  if (order.task == wire::Task::chart) {
    auto reached = render::helm::Stage::inputs;
    const auto output = no_throw("rendering", [&] { return render::helm::render_chart(inputs, &reached); });
    return wire::write_output(output, reached);
  }
  return wire::write_set(no_throw("rendering", [&] { return render::render_release(inputs); }));
}

int run() {
  FrameLine line(STDIN_FILENO, {});
  const auto frame = line.receive(any_size);
  if (!frame.ok() || frame->kind != FrameKind::order) return 2;
  auto order = wire::read_order(frame->payload);
  if (!order.ok()) return 2;
  auto& inputs = order->inputs;

  const wire::Ask ask = [&line](std::string_view question) -> Result<std::string> {
    // A question that stops half way would make the next answer one to another question.
    const BudgetDeferral to_the_end;
    GITOPSCTL_CHECK(line.send(FrameKind::question, question));
    GITOPSCTL_TRY(auto answer, line.receive(any_size));
    if (answer.kind != FrameKind::answer) return wire::not_ours();
    return std::move(answer.payload);
  };
  inputs.tree = wire::remote_tree(ask);
  if (order->has_key) inputs.random = wire::remote_random(ask);
  if (order->has_lookup) inputs.lookup = wire::remote_lookup(ask);
  wire::use_remote_zones(ask);
  wake_libraries();

  bool sent = false;
  // The stack is a thread, and no thread can be made later.
  render::run_with_large_stack([&] {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(inputs.limits.cpu_time);
    const auto locked = enter_sandbox({.address_space = inputs.limits.memory_bytes * 2 + own_address_space,
                                       .cpu_time = seconds + std::chrono::seconds(3)});
    std::string result;
    if (locked.ok()) {
      result = render_order(*order);
    } else if (order->task == wire::Task::release) {
      result = wire::write_set(locked.error());
    } else {
      result = wire::write_output(locked.error(), render::helm::Stage::inputs);
    }
    sent = line.send(FrameKind::result, result).ok();
    // Nothing is put in order here: the process is over, and its memory with it.
    ::_exit(sent ? 0 : 3);
  });
  return 3;
}

}  // namespace

int run_isolated_render() noexcept {
  try {
    return run();
  } catch (const std::exception&) {
    return 3;
  }
}

}  // namespace gitopsctl::agent
