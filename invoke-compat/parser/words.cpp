#include "invoke-compat/parser/words.hpp"

#include "base/text/utf8.hpp"

namespace gitopsctl::invoke {
namespace {

/// The first character; bytes that are no UTF-8 count as one each.
std::string_view first_character(std::string_view text) { return text.substr(0, decode_utf8(text).length); }

}  // namespace

SplitWord split_word(std::string_view text, const std::function<bool(std::string_view)>& takes_value) {
  if (const auto sign = text.find('='); sign != std::string_view::npos) {
    return {std::string(text.substr(0, sign)), {{std::string(text.substr(sign + 1)), true}}};
  }
  if (text.starts_with("--") || text.size() < 2) return {std::string(text)};
  SplitWord out{"-" + std::string(first_character(text.substr(1)))};
  auto rest = text.substr(out.first.size());
  if (rest.empty()) return out;
  if (takes_value(out.first)) {
    out.pieces.push_back({std::string(rest), true});
    return out;
  }
  while (!rest.empty()) {
    const auto letter = first_character(rest);
    out.pieces.push_back({"-" + std::string(letter), false});
    rest.remove_prefix(letter.size());
  }
  return out;
}

}  // namespace gitopsctl::invoke
