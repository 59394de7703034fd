#include <string>
#include <string_view>

#include "agent/cli/completion.hpp"
#include "agent/cli/verb.hpp"
#include "agent/cli/words.hpp"

namespace gitopsctl::agent::cli {
namespace {

/// Inside single quotes of a zsh _arguments spec: quotes, brackets and colons mean something there.
std::string spec_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
      continue;
    }
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string action(ValueKind kind, std::string_view choices) {
  if (!choices.empty()) {
    std::string out;
    for (const auto word : split_choices(choices)) out += (out.empty() ? "(" : " ") + std::string(word);
    return out + ")";
  }
  switch (kind) {
    case ValueKind::file: return "_files";
    case ValueKind::directory: return "_files -/";
    case ValueKind::channel: return "_gitopsctl_channels";
    case ValueKind::verb: return "_gitopsctl_verbs";
    case ValueKind::any: break;
  }
  return {};
}

std::string flag_specs(const Flag& flag, std::string_view outputs) {
  const std::string value = !takes_next_word(flag) ? std::string{}
                                                   : ":" + spec_text(flag.placeholder) + ":" +
                                                         action(flag.kind, flag.name == "output" ? outputs : flag.choices);
  const std::string many = flag.type == FlagType::list ? "*" : "";
  const std::string rest = "[" + spec_text(flag.help) + "]" + value + "'";
  std::string out = " \\\n        '" + many + "--" + std::string(flag.name) + (value.empty() ? "" : "=") + rest;
  if (flag.short_name != '\0') out += " \\\n        '" + many + "-" + flag.short_name + (value.empty() ? "" : "+") + rest;
  return out;
}

std::string verb_function(const Verb& verb) {
  std::string out = "    '" + std::string(verb.name) + "')\n      _arguments";
  for (const Flag& flag : verb.flags) {
    if (!flag.hidden) out += flag_specs(flag, verb.outputs);
  }
  for (const Flag& flag : global_flags()) {
    if (flag.name != "output" || !verb.outputs.empty()) out += flag_specs(flag, verb.outputs);
  }
  for (std::size_t i = 0; i < verb.arguments.size(); ++i) {
    const Argument& argument = verb.arguments[i];
    const std::string place = argument.repeated ? "*" : std::to_string(i + 1);
    out += " \\\n        '" + place + (argument.required || argument.repeated ? ":" : "::") + spec_text(argument.name) +
           ":" + action(argument.kind, argument.choices) + "'";
  }
  return out + "\n      ;;\n";
}

/// `'name:summary'` for every verb below `group` (of all first words when empty).
std::string described(std::string_view group) {
  std::string out;
  std::string_view last_group;
  for (const Verb& verb : verb_table()) {
    if (verb.reserved) continue;
    const std::size_t blank = verb.name.find(' ');
    const std::string_view first = verb.name.substr(0, blank);
    std::string_view name = first;
    std::string summary(verb.summary);
    if (!group.empty()) {
      if (first != group || blank == std::string_view::npos) continue;
      name = verb.name.substr(blank + 1);
    } else if (blank != std::string_view::npos) {
      if (first == last_group) continue;
      last_group = first;
      summary = "commands for a " + std::string(first);
    }
    out += " '" + std::string(name) + ":" + spec_text(summary) + "'";
  }
  return out;
}

constexpr std::string_view opening = R"(#compdef gitopsctl
# gitopsctl completion for zsh

_gitopsctl_channels() {
  local -a channels
  channels=(.gitopsctl/channels/*.yaml(N:t:r) ci/channels/*.yaml(N:t:r))
  compadd -a channels
}

)";

}  // namespace

std::string zsh_completion() {
  std::string out(opening);
  out += "_gitopsctl_verbs() {\n  local -a verbs\n  verbs=(" + described({}) +
         " )\n  _describe -t commands command verbs\n}\n\n";
  std::string groups;
  for (const Verb& verb : verb_table()) {
    const std::size_t blank = verb.name.find(' ');
    const std::string group(verb.name.substr(0, blank));
    if (blank == std::string_view::npos || groups.find("    " + group + ")") != std::string::npos) continue;
    groups += "    " + group + ")\n      if (( CURRENT == 2 )); then\n        local -a seconds\n        seconds=(" +
              described(group) +
              " )\n        _describe -t commands command seconds\n        return\n      fi\n"
              "      name=\"$words[1] $words[2]\"\n      shift words\n      (( CURRENT-- ))\n      ;;\n";
  }
  out +=
      "_gitopsctl() {\n  if (( CURRENT == 2 )); then\n    _gitopsctl_verbs\n    return\n  fi\n"
      "  shift words\n  (( CURRENT-- ))\n  local name=$words[1]\n  case $name in\n" +
      groups + "  esac\n  case $name in\n";
  for (const Verb& verb : verb_table()) {
    if (!verb.reserved) out += verb_function(verb);
  }
  out +=
      "  esac\n}\n\nif [[ $funcstack[1] == _gitopsctl ]]; then\n  _gitopsctl \"$@\"\nelse\n  compdef _gitopsctl "
      "gitopsctl\nfi\n";
  return out;
}

}  // namespace gitopsctl::agent::cli
