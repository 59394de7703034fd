#include <string>

#include "invoke-compat/listing/completion.hpp"

namespace gitopsctl::invoke {
namespace {

/// What differs between the scripts of one shell for two programs.
struct Names {
  std::string command;     ///< the program with the words that make it a task runner
  std::string program;     ///< its first word
  std::string function;    ///< of the script, a word that every shell takes
  std::string completed;   ///< all programs, blanks between
  bool has_words = false;  ///< the command is of several words
};

Names names_of(std::span<const std::string> names) {
  Names out;
  out.command = names.empty() ? "inv" : names.front();
  out.has_words = out.command.find(' ') != std::string::npos;
  out.program = out.command.substr(0, out.command.find(' '));
  out.function = "_complete_tasks_of_";
  for (const char c : out.command) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    out.function += plain ? c : '_';
  }
  for (const auto& name : names) out.completed.append(out.completed.empty() ? "" : " ").append(name, 0, name.find(' '));
  if (names.empty()) out.completed = out.program;
  return out;
}

std::string bash_script(const Names& names) {
  std::string out = names.function + "() {\n  local word current=\"${COMP_WORDS[COMP_CWORD]}\"\n  COMPREPLY=()\n";
  if (names.has_words) {
    // Other words of the program have a completion of their own.
    out += "  case \"${COMP_WORDS[*]} \" in\n    '" + names.command + " '*) ;;\n    *)\n      if declare -F _" +
           names.program + " >/dev/null; then _" + names.program + " \"$@\"; fi\n      return ;;\n  esac\n";
  }
  // `compgen -W` would expand what stands in a name.
  return out +
         "  while IFS= read -r word; do\n    case $word in \"$current\"*) COMPREPLY+=(\"$word\") ;; esac\n  done < <(" +
         names.command + " --complete -- \"${COMP_WORDS[@]}\" 2>/dev/null)\n}\ncomplete -F " + names.function +
         " -o default " + names.completed + "\n";
}

std::string zsh_script(const Names& names) {
  std::string out = names.function + "() {\n  local -a typed\n  read -cA typed\n  reply=()\n";
  if (names.has_words) out += "  [[ \"$typed \" == '" + names.command + " '* ]] || return 0\n";
  return out + "  reply=(${(f)\"$(" + names.command + " --complete -- $typed 2>/dev/null)\"})\n}\ncompctl -K " +
         names.function + " + -f " + names.completed + "\n";
}

std::string fish_script(const Names& names) {
  std::string out = "function " + names.function + "\n  " + names.command +
                    " --complete -- (commandline -opc) (commandline -ct) 2>/dev/null\nend\n";
  std::string condition;
  if (names.has_words) {
    const auto word = names.command.substr(names.program.size() + 1);
    condition = " --condition '__fish_seen_subcommand_from " + word + "'";
  }
  std::string rest = names.completed;
  while (!rest.empty()) {
    const auto blank = rest.find(' ');
    out +=
        "complete --command " + rest.substr(0, blank) + condition + " --no-files --arguments '(" + names.function + ")'\n";
    rest = blank == std::string::npos ? std::string() : rest.substr(blank + 1);
  }
  return out;
}

}  // namespace

Result<std::string> completion_script(std::string_view shell, std::span<const std::string> names) {
  const auto words = names_of(names);
  const std::string title = "# Completes tasks of " + words.command + "; to be sourced by " + std::string(shell) + ".\n";
  if (shell == "bash") return title + bash_script(words);
  if (shell == "zsh") return title + zsh_script(words);
  if (shell == "fish") return title + fish_script(words);
  return Error(ErrorCode::invalid_input,
               "Completion for shell \"" + std::string(shell) + "\" not supported (options are: bash, fish, zsh).");
}

}  // namespace gitopsctl::invoke
