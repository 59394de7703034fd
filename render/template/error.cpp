#include "render/template/error.hpp"

#include <algorithm>
#include <optional>
#include <set>
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

constexpr std::string_view redacted = "(redacted)";
// Shorter texts stand in every message by chance.
constexpr std::size_t min_hidden = 4;

/// All texts in `values`, keys included.
std::vector<std::string_view> texts_in(std::span<const Value> values) {
  std::vector<std::string_view> out;
  std::vector<const Value*> left;
  for (const auto& value : values) left.push_back(&value);
  std::set<const void*> seen;  // templates can make containers that hold themselves, or others many times
  const auto add = [&out](std::string_view text) {
    if (text.size() >= min_hidden) out.push_back(text);
  };
  while (!left.empty()) {
    const Value& value = *left.back();
    left.pop_back();
    if (value.is_string()) add(value.as_string());
    if ((value.is_map() || value.is_list()) && !seen.insert(value.identity()).second) continue;
    for (const auto& item : value.as_list()) left.push_back(&item);
    for (const auto& member : value.as_map()) {
      add(member.key.view());
      left.push_back(&member.value);
    }
  }
  return out;
}

bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

/// Every piece in quotes replaced. An apostrophe inside a word (`can't`) opens none; a quote that is not closed hides the
/// rest.
std::string without_quotes(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    const bool opens = c == '"' || c == '`' || (c == '\'' && (at == 0 || !is_word(text[at - 1])));
    if (!opens) {
      out += c;
      ++at;
      continue;
    }
    std::size_t end = at + 1;
    while (end < text.size() && text[end] != c) end += text[end] == '\\' && c != '`' ? 2 : 1;
    out += redacted;
    at = end + 1;
  }
  return out;
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
  if (style == HelmErrorStyle::line) return failure.text;
  std::vector<Block> blocks;
  for (const auto size : failure.sizes) {
    auto block = read_block(std::string_view(failure.text).substr(failure.text.size() - size));
    if (!block) return failure.text;
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

std::string without_content(std::string_view message, std::span<const Value> arguments) {
  auto texts = texts_in(arguments);
  // Longest first: one text may hold another.
  std::sort(texts.begin(), texts.end(),
            [](std::string_view a, std::string_view b) { return a.size() != b.size() ? a.size() > b.size() : a < b; });
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
  std::string out = without_quotes(message);
  for (const auto text : texts) {
    for (auto at = out.find(text); at != std::string::npos; at = out.find(text, at + redacted.size())) {
      out.replace(at, text.size(), redacted);
    }
  }
  return out;
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
