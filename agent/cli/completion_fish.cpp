#include <string>
#include <string_view>

#include "agent/cli/completion.hpp"
#include "agent/cli/verb.hpp"
#include "agent/cli/words.hpp"

namespace gitopsctl::agent::cli {
namespace {

/// A single-quoted word of fish.
std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

std::string offers(ValueKind kind, std::string_view choices) {
  if (!choices.empty()) {
    std::string words;
    for (const auto word : split_choices(choices)) words += (words.empty() ? "" : " ") + std::string(word);
    return " -a " + quoted(words);
  }
  switch (kind) {
    case ValueKind::file: return " -F";
    case ValueKind::directory: return " -a '(__fish_complete_directories)'";
    case ValueKind::channel: return " -a '(__gitopsctl_channels)'";
    case ValueKind::verb: return " -a '(__gitopsctl_verbs)'";
    case ValueKind::any: break;
  }
  return {};
}

std::string flag_line(const std::string& condition, const Flag& flag, std::string_view outputs) {
  std::string out = "complete -c gitopsctl" + condition + " -l " + std::string(flag.name);
  if (flag.short_name != '\0') out += std::string(" -s ") + flag.short_name;
  if (takes_next_word(flag)) {
    out +=
        (flag.kind == ValueKind::file ? " -r" : " -x") + offers(flag.kind, flag.name == "output" ? outputs : flag.choices);
  }
  return out + " -d " + quoted(flag.help) + "\n";
}

constexpr std::string_view opening = R"(# gitopsctl completion for fish

function __gitopsctl_channels
    for file in .gitopsctl/channels/*.yaml ci/channels/*.yaml
        string replace -r '\.yaml$' '' (string replace -r '.*/' '' $file)
    end
end

# True when the words before the cursor, without flags, start with the given ones.
function __gitopsctl_at
    set -l words (commandline -opc | string match -v -r -- '^-')
    set -e words[1]
    for i in (seq (count $argv))
        test "$words[$i]" = "$argv[$i]"; or return 1
    end
end

# True when there is no word without a dash yet.
function __gitopsctl_first
    test (count (commandline -opc | string match -v -r -- '^-')) -eq 1
end

complete -c gitopsctl -f
)";

}  // namespace

std::string fish_completion() {
  std::string out(opening);
  std::string names;
  for (const Verb& verb : verb_table()) {
    if (verb.reserved) continue;
    const std::size_t blank = verb.name.find(' ');
    const std::string first(verb.name.substr(0, blank));
    if ((" " + names + " ").find(" " + first + " ") == std::string::npos) names += (names.empty() ? "" : " ") + first;
    if (blank == std::string_view::npos) {
      out += "complete -c gitopsctl -n __gitopsctl_first -a " + first + " -d " + quoted(verb.summary) + "\n";
    } else {
      const std::string second(verb.name.substr(blank + 1));
      out += "complete -c gitopsctl -n __gitopsctl_first -a " + first + " -d " + quoted("commands for a " + first) + "\n";
      out += "complete -c gitopsctl -n '__gitopsctl_at " + first + "; and not __gitopsctl_at " + std::string(verb.name) +
             "' -a " + second + " -d " + quoted(verb.summary) + "\n";
    }
  }
  out += "\nfunction __gitopsctl_verbs\n    string split ' ' -- " + quoted(names) + "\nend\n\n";
  for (const Flag& flag : global_flags()) {
    if (flag.name != "output") out += flag_line({}, flag, {});
  }
  for (const Verb& verb : verb_table()) {
    if (verb.reserved) continue;
    const std::string condition = " -n '__gitopsctl_at " + std::string(verb.name) + "'";
    for (const Flag& flag : verb.flags) {
      if (!flag.hidden) out += flag_line(condition, flag, {});
    }
    if (!verb.outputs.empty()) {
      for (const Flag& flag : global_flags()) {
        if (flag.name == "output") out += flag_line(condition, flag, verb.outputs);
      }
    }
    for (const Argument& argument : verb.arguments) {
      const std::string words = offers(argument.kind, argument.choices);
      if (!words.empty()) out += "complete -c gitopsctl" + condition + words + " -d " + quoted(argument.help) + "\n";
    }
  }
  return out;
}

}  // namespace gitopsctl::agent::cli
