#include "agent/cli/help.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "agent/cli/invocation.hpp"
#include "agent/cli/runs.hpp"
#include "agent/cli/words.hpp"

namespace gitopsctl::agent::cli {
namespace {

constexpr std::array<std::pair<Group, std::string_view>, 5> group_titles{{{Group::start, "First steps"},
                                                                          {Group::look, "Look, and change nothing"},
                                                                          {Group::act, "Act on an environment"},
                                                                          {Group::more, "More"},
                                                                          {Group::reserved, "Not in this version"}}};

using Rows = std::vector<std::pair<std::string, std::string>>;

/// Two columns, the second one starting where the longest of the first ends.
std::string columns(const Rows& rows) {
  std::size_t width = 0;
  for (const auto& [left, right] : rows) width = std::max(width, left.size());
  std::string out;
  for (const auto& [left, right] : rows) {
    out += "  " + left;
    if (!right.empty()) out += std::string(width - left.size() + 2, ' ') + right;
    out += '\n';
  }
  return out;
}

std::string with_commas(std::string_view choices) {
  std::string out;
  for (const auto word : split_choices(choices)) out += (out.empty() ? "" : ", ") + std::string(word);
  return out;
}

std::pair<std::string, std::string> flag_row(const Flag& flag) {
  std::string left = flag.short_name == '\0' ? "    " : std::string{'-', flag.short_name, ',', ' '};
  left += "--" + std::string(flag.name);
  if (!flag.alone.empty()) {
    left += "[=" + std::string(flag.placeholder) + ']';
  } else if (flag.type != FlagType::boolean) {
    left += ' ' + std::string(flag.placeholder);
  }
  std::string right(flag.help);
  if (!flag.choices.empty()) right += " (" + with_commas(flag.choices) + ")";
  if (flag.type == FlagType::list) right += "; may be given several times";
  return {std::move(left), std::move(right)};
}

std::string global_flag_lines(const Verb* verb) {
  Rows rows;
  for (const Flag& flag : global_flags()) {
    auto row = flag_row(flag);
    if (flag.name == "output" && verb != nullptr) {
      if (verb->outputs.empty()) continue;
      row.second += " (" + with_commas(verb->outputs) + ")";
    }
    rows.push_back(std::move(row));
  }
  return columns(rows);
}

std::string indented(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    out += "  " + std::string(text.substr(0, end)) + '\n';
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  }
  return out;
}

}  // namespace

std::string usage_line(const Verb& verb) {
  std::string out = "gitopsctl " + std::string(verb.name);
  for (const Argument& argument : verb.arguments) {
    std::string shown = argument.choices.empty() ? std::string(argument.name) : std::string(argument.choices);
    if (argument.repeated) shown += "...";
    out += argument.required ? " " + shown : " [" + shown + "]";
  }
  if (!verb.reserved) out += " [flags]";
  return out;
}

std::string overview_help() {
  std::string out =
      "gitopsctl keeps environments equal to the releases/<channel> branches of a repository.\n"
      "\nUsage:\n  gitopsctl COMMAND [arguments] [flags]\n";
  for (const auto& [group, title] : group_titles) {
    Rows rows;
    for (const Verb& verb : verb_table()) {
      if (verb.group == group) rows.emplace_back(std::string(verb.name), std::string(verb.summary));
    }
    if (!rows.empty()) out += "\n" + std::string(title) + ":\n" + columns(rows);
  }
  out += "\nFlags of every command:\n" + global_flag_lines(nullptr);
  out +=
      "\nExit codes: 0 ok, 1 a negative answer (differs, not ready, held), 2 a wrong command line or file, more: an "
      "error.\n";
  out += "gitopsctl COMMAND --help says more about one command.\n";
  return out;
}

std::string verb_help(const Verb& verb) {
  std::string out =
      "gitopsctl " + std::string(verb.name) + " – " + std::string(verb.summary) + "\n\nUsage:\n  " + usage_line(verb) + "\n";
  if (verb.reserved) {
    out += "\nThis version cannot do it yet; the name is kept for it.\n";
    if (!verb.meanwhile.empty()) out += "Until then: " + std::string(verb.meanwhile) + "\n";
    return out;
  }
  if (!verb.description.empty()) out += "\n" + indented(verb.description);
  if (!verb.arguments.empty()) {
    Rows rows;
    for (const Argument& argument : verb.arguments) {
      std::string right(argument.help);
      if (!argument.choices.empty()) right += " (" + with_commas(argument.choices) + ")";
      rows.emplace_back(std::string(argument.name), std::move(right));
    }
    out += "\nArguments:\n" + columns(rows);
  }
  if (!verb.flags.empty()) {
    Rows rows;
    for (const Flag& flag : verb.flags) {
      if (!flag.hidden) rows.push_back(flag_row(flag));
    }
    out += "\nFlags:\n" + columns(rows);
  }
  out += "\nFlags of every command:\n" + global_flag_lines(&verb);
  if (!verb.exit_codes.empty()) out += "\nExit codes:\n" + indented(verb.exit_codes);
  if (!verb.examples.empty()) {
    out += "\nExamples:\n";
    for (const Example& example : verb.examples) {
      out += "  # " + std::string(example.says) + "\n  " + std::string(example.command) + "\n";
    }
  }
  return out;
}

std::string group_help(std::string_view group) {
  Rows rows;
  for (const Verb& verb : verb_table()) {
    if (verb.name.size() > group.size() && verb.name.substr(0, group.size()) == group && verb.name[group.size()] == ' ') {
      rows.emplace_back("gitopsctl " + std::string(verb.name), std::string(verb.summary));
    }
  }
  return "gitopsctl " + std::string(group) + " – commands:\n" + columns(rows);
}

Result<int> run_help(const Invocation& invocation) {
  std::string name;
  for (const auto& word : invocation.arguments()) name += (name.empty() ? "" : " ") + word;
  if (name.empty()) {
    invocation.terminal().out(overview_help());
    return 0;
  }
  if (const Verb* verb = find_verb(name)) {
    invocation.terminal().out(verb_help(*verb));
    return 0;
  }
  if (is_verb_group(name)) {
    invocation.terminal().out(group_help(name));
    return 0;
  }
  // The parser words the error: it knows the nearest command.
  auto parsed = parse_line(invocation.arguments(), invocation.terminal());
  if (!parsed.ok()) return parsed.error();
  return Error(ErrorCode::invalid_input, "there is no command '" + name + "'").with_hint("see gitopsctl --help");
}

}  // namespace gitopsctl::agent::cli
