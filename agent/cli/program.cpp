#include "agent/cli/program.hpp"

#include <exception>
#include <new>

#include "agent/cli/exit_code.hpp"
#include "agent/cli/handover.hpp"
#include "agent/cli/helm_repositories.hpp"
#include "agent/cli/helm_words.hpp"
#include "agent/cli/help.hpp"
#include "agent/cli/invocation.hpp"
#include "agent/cli/version_text.hpp"

namespace gitopsctl::agent::cli {
namespace {

Error not_yet(const Verb& verb) {
  Error error(ErrorCode::unsupported, "'" + std::string(verb.name) + "' is not in this version");
  const std::string hint =
      verb.meanwhile.empty() ? "see gitopsctl --help for what is" : "until then: " + std::string(verb.meanwhile);
  return error.with_hint(hint);
}

/// `said`: what helm says of the words, by the program that runs the verb.
Result<int> run_verb(const Program& program, const Invocation& invocation, const std::string& said) {
  const Verb& verb = invocation.verb();
  if (verb.reserved) return not_yet(verb);
  const bool needs_network =
      invocation.needs_network() || (verb.network == Network::by_flag && verb.like_helm && names_repository(invocation));
  if (needs_network && program.hand_over_argv != nullptr) {
    return hand_over_to_network_program(program.hand_over_argv);
  }
  invocation.terminal().err(said);
  for (const auto& entries : program.runs) {
    for (const RunEntry& entry : entries) {
      if (entry.verb == verb.name) return entry.run(invocation);
    }
  }
  return not_yet(verb);
}

Result<int> run_line(const Program& program, const std::vector<std::string>& words, Terminal& terminal) {
  // Decided before parsing, so that a mistake in the words is shown without colours too.
  for (const auto& word : words) {
    if (word == "--") break;
    if (word == "--no-color") terminal.no_colour();
  }
  HelmWords as_helm{.words = words, .said = {}};
  if (asks_for_helm(words)) as_helm = read_as_helm(words);
  if (as_helm.refused) {
    terminal.err(as_helm.said);
    return 1;
  }
  GITOPSCTL_TRY(const ParsedLine line, parse_line(as_helm.words, terminal));
  switch (line.kind) {
    case ParsedLine::Kind::run: return run_verb(program, *line.invocation, as_helm.said);
    case ParsedLine::Kind::version: terminal.out(version_text()); return 0;
    case ParsedLine::Kind::group_help: terminal.out(group_help(line.group)); return 0;
    case ParsedLine::Kind::help: break;
  }
  const std::string text = line.verb == nullptr ? overview_help() : verb_help(*line.verb);
  if (!words.empty()) {
    terminal.out(text);
    return 0;
  }
  // Nothing was asked for: help is an answer to a mistake then.
  terminal.err(text);
  return 2;
}

}  // namespace

int run_program(const Program& program, const std::vector<std::string>& words, Terminal& terminal) noexcept {
  try {
    auto result = run_line(program, words, terminal);
    int code = result.ok() ? *result : exit_code(result.error().code());
    if (!result.ok()) terminal.err(describe_error(result.error(), terminal.colour_err()));
    if (auto flushed = terminal.flush(); !flushed.ok()) {
      terminal.err(describe_error(flushed.error(), terminal.colour_err()));
      if (code < 2) code = exit_code(flushed.error().code());
    }
    return code;
  } catch (const std::bad_alloc&) {
    terminal.err("error: out of memory\n");
  } catch (const std::exception& exception) {
    terminal.err(std::string("error: a bug in gitopsctl: unexpected exception: ") + exception.what() + "\n");
  } catch (...) {
    terminal.err("error: a bug in gitopsctl: unexpected exception\n");
  }
  return exit_code(ErrorCode::internal);
}

}  // namespace gitopsctl::agent::cli
