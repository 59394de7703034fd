#include "invoke-compat/collection/names.hpp"

#include <algorithm>

#include "base/text/utf8.hpp"

namespace gitopsctl::invoke {
namespace {

std::string with_sign(std::string_view name, char from, char to) {
  std::string out(name);
  for (std::size_t i = 1; i + 1 < name.size(); ++i) {
    if (name[i] == from && name[i - 1] != '.' && name[i + 1] != '.') out[i] = to;
  }
  return out;
}

}  // namespace

std::string dashed_name(std::string_view name) { return with_sign(name, '_', '-'); }

std::string underscored_name(std::string_view name) { return with_sign(name, '-', '_'); }

std::string argument_name(std::string_view name) {
  const auto first = name.find_first_not_of('_');
  if (first == std::string_view::npos) return {};
  std::string out(name.substr(first, name.find_last_not_of('_') - first + 1));
  std::replace(out.begin(), out.end(), '_', '-');
  return out;
}

bool can_be_typed(std::string_view name) noexcept {
  const auto wrong = [](char c) { return (c >= 0 && c <= ' ') || c == '\x7f' || c == '=' || c == '.'; };
  return !name.empty() && name.front() != '-' && std::none_of(name.begin(), name.end(), wrong);
}

std::string flag_spelling(std::string_view name) {
  const bool one = !name.empty() && decode_utf8(name).length == name.size();
  return (one ? "-" : "--") + std::string(name);
}

}  // namespace gitopsctl::invoke
