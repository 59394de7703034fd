// A render in a process of its own may be taken over by the chart that it renders: what it asks and answers is believed by
// nobody. The first byte chooses: a question, a set of objects, an output, an order, the head of a frame.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "agent/isolate/frames.hpp"
#include "base/files/file_tree.hpp"
#include "render/wire/messages.hpp"
#include "render/wire/questions.hpp"

using namespace gitopsctl;
namespace wire = render::wire;

namespace {

void must(bool condition) {
  if (!condition) std::abort();
}

render::RenderInputs inputs() {
  const auto tree = std::make_shared<MemoryTree>();
  tree->add(*TreePath::parse("chart/Chart.yaml"), "name: x\n");
  tree->add_link(*TreePath::parse("chart/link"), "../../../etc/passwd");
  render::RenderInputs out;
  out.tree = tree;
  out.installation_key = "the key that stays here";
  out.identity = "a/b/c/d";
  return out;
}

/// What was read and is written again reads the same: the second text is the first one in its plain form.
template <class Read, class Write>
void round_trip(std::string_view bytes, const Read& read, const Write& write) {
  const auto first = read(bytes);
  if (!first.ok()) return;
  const std::string plain = write(first);
  const auto second = read(plain);
  must(second.ok() && write(second) == plain);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 64 << 10) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 5) {
    case 0: {
      static const render::RenderInputs mine = inputs();
      // More random bytes at once than are needed for a fuzzer to be slow.
      const auto answer = wire::Answers(mine).to(bytes);
      // An answer may repeat what was asked for.
      constexpr std::string_view key = "the key that stays here";
      must(answer.find(key) == std::string::npos || bytes.find(key) != std::string_view::npos);
      break;
    }
    case 1: round_trip(bytes, wire::read_set, [](const auto& set) { return wire::write_set(set); }); break;
    case 2: {
      render::helm::Stage stage{};
      round_trip(
          bytes, [&](std::string_view text) { return wire::read_output(text, stage); },
          [&](const auto& output) { return wire::write_output(output, stage); });
      break;
    }
    case 3: {
      const auto order = wire::read_order(bytes);
      if (order.ok()) must(wire::read_order(wire::write_order(order->task, order->inputs)).ok());
      break;
    }
    default: {
      agent::FrameKind kind{};
      (void)agent::read_frame_head(bytes, 1U << 20U, kind);
      break;
    }
  }
  return 0;
}
