#include "invoke-compat/listing/completion.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "invoke-compat/listing/help.hpp"
#include "invoke-compat/parser/machine.hpp"

namespace gitopsctl::invoke {
namespace {

bool blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/// The words of a line by the rules of a POSIX shell's quotes. A quote that is still open ends with the line.
std::vector<std::string> shell_words(std::string_view line) {
  std::vector<std::string> out;
  std::string word;
  bool in_word = false;
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    const bool more = i + 1 < line.size();
    if (quote == 0 && blank(c)) {
      if (in_word) out.push_back(std::exchange(word, {}));
      in_word = false;
      continue;
    }
    in_word = true;
    if (quote != 0 && c == quote) {
      quote = 0;
    } else if (c == '\\' && more && (quote == 0 || (quote == '"' && (line[i + 1] == '"' || line[i + 1] == '\\')))) {
      word += line[++i];
    } else if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
    } else {
      word += c;
    }
  }
  if (in_word) out.push_back(std::move(word));
  return out;
}

std::string_view without_program(std::string_view line, std::span<const std::string> names) {
  for (const auto& name : names) {
    if (line.starts_with(name) && line.substr(name.size()).starts_with(' ')) return line.substr(name.size() + 1);
  }
  return line;
}

/// The namespaces of a dotted name, and the name in the last of them.
std::pair<std::vector<std::string_view>, std::string_view> parts_of(std::string_view name) {
  std::vector<std::string_view> namespaces;
  for (auto dot = name.find('.'); dot != std::string_view::npos; dot = name.find('.')) {
    namespaces.push_back(name.substr(0, dot));
    name.remove_prefix(dot + 1);
  }
  return {std::move(namespaces), name};
}

/// By namespace, those of the root first, then by name.
std::string task_names(const TaskContexts& tasks) {
  std::vector<const ContextShape*> sorted;
  for (const auto& shape : tasks.all()) sorted.push_back(&shape);
  std::sort(sorted.begin(), sorted.end(),
            [](const auto* a, const auto* b) { return parts_of(a->name) < parts_of(b->name); });
  std::string out;
  for (const auto* shape : sorted) {
    out += shape->name + '\n';
    for (const auto& alias : shape->aliases) out += alias + '\n';
  }
  return out;
}

std::string flag_names(const Flags& flags, bool only_long) {
  std::string out;
  const auto add = [&](const std::string& spelling) {
    if (!spelling.empty() && (!only_long || spelling.starts_with("--"))) out += spelling + '\n';
  };
  for (const auto i : help_order(flags)) {
    if (flags.all[i].hidden) continue;
    add(flags.all[i].main_flag());
    add(flags.all[i].short_flag());
  }
  for (const auto& flag : flags.all) add(flag.inverse_flag());
  return out;
}

}  // namespace

std::string complete(std::string_view remainder, std::span<const std::string> names, const ContextShape& core,
                     const TaskContexts& tasks, const Rules& rules) {
  const auto words = shell_words(without_program(remainder, names));
  if (words.empty() || !words.back().starts_with('-')) return task_names(tasks);
  const auto& last = words.back();
  const auto parsed = parse_words(words, core, &tasks, false, rules);
  const auto& flags = parsed.current.shape->flags;
  if (const auto known = flags.find(last)) return flags.all[*known].takes_value() ? std::string() : task_names(tasks);
  if (last.starts_with("--")) return flag_names(flags, true);
  return last == "-" ? flag_names(flags, false) : std::string();
}

}  // namespace gitopsctl::invoke
