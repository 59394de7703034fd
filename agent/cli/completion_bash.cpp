#include <string>
#include <string_view>

#include "agent/cli/completion.hpp"
#include "agent/cli/verb.hpp"
#include "agent/cli/words.hpp"

namespace gitopsctl::agent::cli {
namespace {

std::string blanks(std::string_view choices) {
  std::string out(choices);
  for (char& c : out) {
    if (c == '|') c = ' ';
  }
  return out;
}

/// `--name|-n` of a flag.
std::string pattern(const Flag& flag) {
  std::string out = "--" + std::string(flag.name);
  if (flag.short_name != '\0') out += std::string("|-") + flag.short_name;
  return out;
}

/// How a value is completed; empty when nothing can be offered.
std::string value_words(ValueKind kind, std::string_view choices) {
  if (!choices.empty()) return "COMPREPLY=($(compgen -W '" + blanks(choices) + "' -- \"$cur\"))";
  switch (kind) {
    case ValueKind::file: return "compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")";
    case ValueKind::directory: return "compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- \"$cur\")";
    case ValueKind::channel: return "COMPREPLY=($(compgen -W \"$(_gitopsctl_channels)\" -- \"$cur\"))";
    case ValueKind::verb: return "COMPREPLY=($(compgen -W \"$verbs\" -- \"$cur\"))";
    case ValueKind::any: break;
  }
  return {};
}

std::string first_words() {
  std::string out;
  std::string_view last_group;
  for (const Verb& verb : verb_table()) {
    if (verb.reserved) continue;
    const std::string_view word = verb.name.substr(0, verb.name.find(' '));
    if (word == last_group) continue;
    if (word.size() != verb.name.size()) last_group = word;
    out += (out.empty() ? "" : " ") + std::string(word);
  }
  return out;
}

/// The second words of each group, and the pattern of all complete two-word names.
std::string group_cases(std::string& pairs) {
  std::string out;
  for (const Verb& verb : verb_table()) {
    const std::size_t blank = verb.name.find(' ');
    if (blank == std::string_view::npos) continue;
    pairs += (pairs.empty() ? "'" : "|'") + std::string(verb.name) + "'";
    const std::string group(verb.name.substr(0, blank));
    const std::string opened = "    " + group + ") seconds='";
    if (const std::size_t at = out.find(opened); at != std::string::npos) {
      out.insert(out.find('\'', at + opened.size()), " " + std::string(verb.name.substr(blank + 1)));
    } else {
      out += opened + std::string(verb.name.substr(blank + 1)) + "' ;;\n";
    }
  }
  return out;
}

/// `verb:--flag` of every flag that is followed by a value: what the walk over the words has to step over. The same letter
/// may be a switch of another verb.
std::string value_flag_pattern() {
  std::string out;
  const auto add = [&out](const std::string& verb, std::span<const Flag> flags) {
    for (const Flag& flag : flags) {
      if (!takes_next_word(flag)) continue;
      out += (out.empty() ? "" : "|") + verb + ":--" + std::string(flag.name);
      if (flag.short_name != '\0') out += "|" + verb + ":-" + flag.short_name;
    }
  };
  add("*", global_flags());
  for (const Verb& verb : verb_table()) add("'" + std::string(verb.name) + "'", verb.flags);
  return out;
}

std::string verb_case(const Verb& verb) {
  std::string flags;
  std::string values;
  const auto add = [&](std::span<const Flag> list) {
    for (const Flag& flag : list) {
      if (flag.hidden || (flag.name == "output" && verb.outputs.empty())) continue;
      flags += (flags.empty() ? "--" : " --") + std::string(flag.name);
      const std::string words = value_words(flag.kind, flag.name == "output" ? verb.outputs : flag.choices);
      if (takes_next_word(flag))
        values += "        " + pattern(flag) + ") " + words + (words.empty() ? "" : "; ") + "return ;;\n";
    }
  };
  add(verb.flags);
  add(global_flags());
  std::string out =
      "    '" + std::string(verb.name) + "')\n      case $prev in\n" + values + "      esac\n      flags='" + flags + "'\n";
  for (std::size_t i = 0; i < verb.arguments.size(); ++i) {
    const Argument& argument = verb.arguments[i];
    const std::string words = value_words(argument.kind, argument.choices);
    if (words.empty()) continue;
    out += "      if [[ $cur != -* && $count " + std::string(argument.repeated ? "-ge " : "-eq ") + std::to_string(i) +
           " ]]; then " + words + "; fi\n";
  }
  return out + "      ;;\n";
}

constexpr std::string_view opening = R"(# gitopsctl completion for bash
# shellcheck shell=bash disable=SC2207

_gitopsctl_channels() {
  local file
  for file in .gitopsctl/channels/*.yaml ci/channels/*.yaml; do
    [[ -f $file ]] || continue
    file=${file##*/}
    echo "${file%.yaml}"
  done
}

_gitopsctl() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} verb='' seconds='' flags='' count=0 i word
)";

}  // namespace

std::string bash_completion() {
  std::string pairs;
  const std::string groups = group_cases(pairs);
  std::string out(opening);
  out += "  local verbs='" + first_words() + "'\n  COMPREPLY=()\n";
  out += "  for ((i = 1; i < COMP_CWORD; i++)); do\n    word=${COMP_WORDS[i]}\n    case \"$verb:$word\" in\n      " +
         value_flag_pattern() +
         ") ((i++)); continue ;;\n      *:-*) continue ;;\n    esac\n"
         "    if [[ -z $verb ]]; then verb=$word; continue; fi\n";
  if (!pairs.empty())
    out += "    case \"$verb $word\" in\n      " + pairs + ") verb=\"$verb $word\"; continue ;;\n    esac\n";
  out += "    ((count++))\n  done\n";
  out += "  if [[ -z $verb && $cur != -* ]]; then\n    COMPREPLY=($(compgen -W \"$verbs\" -- \"$cur\"))\n    return\n  fi\n";
  out += "  case $verb in\n" + groups;
  out += "  esac\n  if [[ -n $seconds ]]; then\n    COMPREPLY=($(compgen -W \"$seconds\" -- \"$cur\"))\n    return\n  fi\n";
  out += "  case $verb in\n";
  std::string global;
  for (const Flag& flag : global_flags()) {
    if (flag.name != "output") global += (global.empty() ? "--" : " --") + std::string(flag.name);
  }
  out += "    '') flags='" + global + " --version' ;;\n";
  for (const Verb& verb : verb_table()) {
    if (!verb.reserved) out += verb_case(verb);
  }
  out +=
      "  esac\n  if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W \"$flags\" -- \"$cur\")); fi\n}\n\ncomplete -F "
      "_gitopsctl gitopsctl\n";
  return out;
}

}  // namespace gitopsctl::agent::cli
