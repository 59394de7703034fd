#include "agent/cli/exit_code.hpp"
#include "agent/cli/mistakes.hpp"
#include "agent/cli/print_value.hpp"
#include "agent/cli/runs.hpp"
#include "agent/cli/working_tree.hpp"
#include "base/text/escape.hpp"
#include "channels/model/channel.hpp"

namespace gitopsctl::agent::cli {

namespace {

/// The file that an argument means: a path, or the file of a channel of that name. `expected` gets the channel's name.
Result<TreePath> find_file(const FileTree& tree, const std::string& argument, std::string& expected) {
  const auto path = path_in_working_tree(argument);
  if (path.ok() && tree.exists(*path)) return *path;
  if (!channels::valid_channel_name(argument)) {
    return Error(ErrorCode::not_found, "'" + terminal_safe(argument) + "' does not exist");
  }
  expected = argument;
  return channels::find_channel_file(tree, argument);
}

}  // namespace

Result<int> run_channel_check(const Invocation& invocation) {
  Terminal& terminal = invocation.terminal();
  GITOPSCTL_TRY(const auto tree, open_working_tree());
  Value::List list;
  std::size_t mistakes = 0;
  for (const auto& argument : invocation.arguments()) {
    std::string expected;
    GITOPSCTL_TRY(const TreePath file, find_file(*tree, argument, expected));
    GITOPSCTL_TRY(const std::string text, tree->read(file));
    const auto errors = channels::check_channel(*tree, text, file, expected);
    mistakes += errors.size();
    if (invocation.output() == OutputFormat::json) {
      for (const auto& error : errors) list.push_back(mistake_value(error));
      continue;
    }
    for (const auto& error : errors) terminal.err(describe_error(error, terminal.colour_err()));
    if (errors.empty()) terminal.out(terminal_safe(file.str()) + ": no mistakes\n");
  }
  if (invocation.output() == OutputFormat::json) {
    GITOPSCTL_CHECK(print_value(terminal, make_map({{"mistakes", Value::list(std::move(list))}}), OutputFormat::json));
  }
  return mistakes == 0 ? 0 : 2;
}

}  // namespace gitopsctl::agent::cli
