#include "invoke-compat/runner/command_line.hpp"

#include <algorithm>

#include "base/text/escape.hpp"
#include "invoke-compat/python_text/python_text.hpp"

namespace gitopsctl::invoke {
namespace {

bool is_alnum(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

bool is_variable(std::string_view name) noexcept {
  return !name.empty() && (name[0] < '0' || name[0] > '9') &&
         std::all_of(name.begin(), name.end(), [](char c) { return is_alnum(c) || c == '_'; });
}

/// The inside of single quotes.
std::string between_quotes(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\'') {
      out += R"('"'"')";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

std::string shell_quote(std::string_view word) {
  const bool plain = !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
    return is_alnum(c) || std::string_view("@%+=:,./-_").find(c) != std::string_view::npos;
  });
  if (plain) return std::string(word);
  return "'" + between_quotes(word) + "'";
}

std::string shell_join(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) {
    if (!out.empty()) out += ' ';
    out += shell_quote(word);
  }
  return out;
}

std::string joined_directories(const std::vector<std::string>& directories) {
  const auto rooted = [](const std::string& path) { return path.starts_with('/') || path.starts_with('~'); };
  const auto last_root = std::find_if(directories.rbegin(), directories.rend(), rooted);
  const std::size_t first =
      last_root == directories.rend() ? 0 : static_cast<std::size_t>(directories.rend() - last_root) - 1;
  std::string out;
  for (std::size_t i = first; i < directories.size(); ++i) {
    if (i > first && !out.ends_with('/') && !out.empty()) out += '/';
    for (const char c : directories[i]) {
      if (c == ' ') out += '\\';
      out += c;
    }
  }
  return out;
}

std::string prefixed_command(std::string_view command, const std::vector<std::string>& directories,
                             const std::vector<std::string>& prefixes) {
  std::string out;
  if (const std::string directory = joined_directories(directories); !directory.empty()) out += "cd " + directory + " && ";
  for (const std::string& prefix : prefixes) out += prefix + " && ";
  out += command;
  return out;
}

Result<std::string> sudo_command(const SudoLine& line, std::string_view command) {
  std::string out = "sudo -S -p '" + between_quotes(line.prompt) + "' ";
  std::string names;
  for (const std::string& name : line.preserve) {
    if (!is_variable(name)) {
      return Error(ErrorCode::invalid_input, "cannot preserve the environment variable " + python_repr(name) +
                                                 " for sudo: it is no name of a variable");
    }
    names += (names.empty() ? "" : ",") + name;
  }
  if (!names.empty()) out += "--preserve-env='" + names + "' ";
  if (line.user) out += "-H -u " + shell_quote(*line.user) + " ";
  out += command;
  return out;
}

Result<std::string> echo_text(std::string_view format, std::string_view command) {
  constexpr std::string_view field = "{command}";
  std::string out;
  while (!format.empty()) {
    if (format.starts_with("{{") || format.starts_with("}}")) {
      out += format.front();
      format.remove_prefix(2);
    } else if (format.starts_with(field)) {
      out += terminal_safe(command, true);
      format.remove_prefix(field.size());
    } else if (format.front() == '{' || format.front() == '}') {
      return Error(ErrorCode::invalid_input, "run.echo_format has a field that is not {command}")
          .with_hint("write {{ and }} for braces");
    } else {
      out += format.front();
      format.remove_prefix(1);
    }
  }
  return out;
}

}  // namespace gitopsctl::invoke
