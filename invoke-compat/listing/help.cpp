#include "invoke-compat/listing/help.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/text/ascii.hpp"
#include "base/text/unicode.hpp"
#include "invoke-compat/collection/names.hpp"
#include "invoke-compat/listing/docstring.hpp"
#include "invoke-compat/python_text/python_text.hpp"

namespace gitopsctl::invoke {
namespace {

bool short_spelling(std::string_view name) { return !flag_spelling(name).starts_with("--"); }

/// The name that a flag is sorted by: the shorter one.
const std::string& sort_name(const Flag& flag) { return flag.short_name.empty() ? flag.main_name : flag.short_name; }

/// Upper case as lower and the other way round, so that lower case is smaller.
std::string swapped_case(std::string_view text) {
  std::u32string out;
  for (const char32_t rune : to_runes(text)) out += is_upper(rune) ? to_lower(rune) : to_upper(rune);
  return from_runes(out);
}

/// The word that stands for a value; empty for a kind that shows none.
std::string_view value_word(ArgumentKind kind) {
  switch (kind) {
    case ArgumentKind::str: return "STRING";
    case ArgumentKind::integer:
    case ArgumentKind::count: return "INT";
    case ArgumentKind::boolean:
    case ArgumentKind::floating:
    case ArgumentKind::list: break;
  }
  return {};
}

std::string with_word(const std::string& spelling, const Flag& flag) {
  const bool is_short = !spelling.starts_with("--");
  const auto word = value_word(flag.kind);
  if (word.empty()) return spelling;
  if (!flag.value_optional) return spelling + (is_short ? " " : "=") + std::string(word);
  return spelling + (is_short ? " [" : "[=") + std::string(word) + "]";
}

std::string row_label(const Flag& flag, const HelpOptions& options) {
  std::string main = with_word(flag.main_flag(), flag);
  if (flag.has_inverse()) {
    // Two dashes are taken for granted in the reference.
    const bool one_letter = short_spelling(flag.main_name);
    main = "--[no-]" + (one_letter && options.reference_spelling ? std::string() : flag.main_name);
    if (one_letter && !options.reference_spelling) main = flag.main_flag() + ", " + main;
  }
  return flag.short_name.empty() ? main : with_word(flag.short_flag(), flag) + ", " + main;
}

}  // namespace

std::vector<std::size_t> help_order(const Flags& flags) {
  std::vector<std::size_t> out(flags.all.size());
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = i;
  const auto key = [&](std::size_t i) {
    const auto& name = sort_name(flags.all[i]);
    return std::tuple(short_spelling(name), to_lower(name), swapped_case(name));
  };
  std::stable_sort(out.begin(), out.end(), [&](std::size_t a, std::size_t b) { return key(a) < key(b); });
  return out;
}

std::vector<Row> flag_rows(const Flags& flags, const HelpOptions& options) {
  std::vector<Row> out;
  for (const auto i : help_order(flags)) {
    const auto& flag = flags.all[i];
    if (!flag.hidden) out.push_back({row_label(flag, options), flag.help});
  }
  return out;
}

std::string core_help(const Flags& core, const HelpOptions& options) {
  return "Usage: " + options.usage_word +
         " [--core-opts] task1 [--task1-opts] ... taskN [--taskN-opts]\n\nCore options:\n\n" +
         print_columns(flag_rows(core, options), options.width);
}

Result<std::string> task_help(const TaskContexts& tasks, const std::string& name, const HelpOptions& options) {
  const auto* shape = tasks.find(name);
  if (shape == nullptr) return Error(ErrorCode::not_found, "No idea what '" + name + "' is!");
  const auto rows = flag_rows(shape->flags, options);
  std::string out = "Usage: " + options.usage_word + " [--core-opts] " + name + ' ' + (rows.empty() ? "" : "[--options] ") +
                    "[other tasks here ...]\n\nDocstring:\n";
  const auto lines = clean_lines(shape->found.task->docstring);
  if (lines.empty()) out += "  none\n";
  for (const auto& line : lines) out += python_strip(line).empty() ? "\n" : "  " + line + '\n';
  out += "\nOptions:\n";
  return out + (rows.empty() ? "  none\n\n" : print_columns(rows, options.width));
}

}  // namespace gitopsctl::invoke
