#include "render/template/error.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace gitopsctl::render {
namespace {

/// One block of Helm 4's trace.
struct Block {
  std::string place;
  std::string node;
  std::string message;
  friend bool operator==(const Block&, const Block&) = default;
};

constexpr std::string_view prefix = "template: ";

/// A level of the chain of wrapped errors as a block, when it is an error of a template. The text is what Helm reads, so it
/// is read here too: a file name or message with the same marks inside comes out the same way.
std::optional<Block> read_block(std::string_view level) {
  if (!level.starts_with(prefix)) return std::nullopt;
  std::string_view rest = level.substr(prefix.size());
  if (rest.starts_with("no template ")) return Block{"", "", std::string(level)};
  constexpr std::string_view executing = ": executing ";
  constexpr std::string_view after_node = ">: ";
  if (const auto split = rest.find(executing); split != std::string_view::npos) {
    const std::string_view tail = rest.substr(split + 2);
    const auto at = tail.find(" at <");
    const auto end = at == std::string_view::npos ? at : tail.find(after_node, at);
    if (end != std::string_view::npos) {
      std::string_view message = tail.substr(end + after_node.size());
      // What a nested level says stands in its own block.
      if (const auto nested = message.find(" template:"); nested != std::string_view::npos) {
        message = message.substr(0, nested);
      }
      return Block{std::string(rest.substr(0, split)), std::string(tail.substr(0, end + 1)) + ":", std::string(message)};
    }
  }
  const auto split = rest.rfind(": ");
  if (split == std::string_view::npos) return std::nullopt;
  return Block{std::string(rest.substr(0, split)), "", std::string(rest.substr(split + 2))};
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view white = " \t\r\n\v\f";
  const auto first = text.find_first_not_of(white);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(white) - first + 1);
}

}  // namespace

std::string helm_error_text(const TemplateFailure& failure, HelmErrorStyle style) {
  if (failure.empty()) return {};
  if (failure.is_assertion && !failure.frames.empty()) {
    const TemplateFrame& outer = failure.frames.front();
    return "execution error at (" + outer.file + ":" + std::to_string(outer.line) + ":" + std::to_string(outer.column) +
           "): " + failure.assertion;
  }
  if (style == HelmErrorStyle::line) return failure.levels.front();
  std::vector<Block> blocks;
  for (const auto& level : failure.levels) {
    auto block = read_block(level);
    if (!block) return failure.levels.front();
    if (blocks.empty() || !(blocks.back() == *block)) blocks.push_back(std::move(*block));
  }
  std::string out;
  for (const auto& block : blocks) {
    if (!block.place.empty()) out += block.place + "\n  ";
    if (!block.node.empty()) out += block.node + "\n    ";
    if (!block.message.empty()) out += block.message + "\n";
  }
  return std::string(trimmed(out));
}

std::string helm_parse_error_text(std::string_view go_message) {
  // `template: FILE:LINE: …: LAST`
  if (!go_message.starts_with(prefix)) return std::string(go_message);
  const std::string_view rest = go_message.substr(prefix.size());
  const auto first = rest.find(": ");
  const auto last = rest.rfind(": ");
  if (first == std::string_view::npos) return std::string(go_message);
  return "parse error at (" + std::string(rest.substr(0, first)) + "): " + std::string(rest.substr(last + 2));
}

}  // namespace gitopsctl::render
