#include "agent/cli/rendering.hpp"

#include "agent/cli/exit_code.hpp"
#include "agent/cli/lookup_snapshot.hpp"
#include "agent/cli/print_value.hpp"
#include "agent/cli/render_flags.hpp"
#include "agent/cli/table.hpp"
#include "base/text/escape.hpp"

namespace gitopsctl::agent::cli {

std::vector<channels::RenderedRelease> RenderedChannel::releases(const std::string& only) const {
  std::vector<channels::RenderedRelease> out;
  for (std::size_t i = 0; i < states.size(); ++i) {
    if (only.empty() || channel.releases[i].name == only)
      out.push_back(to_rendered(channel, channel.releases[i], states[i]));
  }
  return out;
}

Result<RenderedChannel> render_channel(const FileTreePtr& tree, const std::string& channel, const std::string& channel_file,
                                       const std::string& installation_key, const std::string& identity_prefix,
                                       const ChartAccess& charts, const SourceAccess& sources) {
  RenderedChannel out;
  GITOPSCTL_TRY(out.channel, channels::load_channel(*tree, channel, channel_file));
  for (const auto& release : out.channel.releases) {
    out.states.push_back(
        render_with_notes(release, tree, installation_key, identity_prefix + release.name, false, charts, {}, sources));
  }
  return out;
}

Result<void> require_release(const channels::Channel& channel, const std::string& release) {
  if (release.empty() || channel.find(release) != nullptr) return {};
  std::vector<std::string_view> names;
  std::string known;
  for (const auto& one : channel.releases) {
    names.push_back(one.name);
    known += (known.empty() ? "" : ", ") + one.name;
  }
  const std::string meant = did_you_mean(release, names.data(), names.size());
  return Error(ErrorCode::not_found, "channel '" + channel.name + "' has no release '" + release + "'")
      .with_hint(meant.empty() ? "its releases are: " + known : "did you mean '" + meant + "'?");
}

Result<int> print_rendering(const Invocation& invocation, const FileTreePtr& tree, const std::string& channel_file,
                            const ChartAccess& charts) {
  Terminal& terminal = invocation.terminal();
  GITOPSCTL_TRY(const Target target, invocation.target());
  GITOPSCTL_TRY(const auto rules, render_rules(invocation));
  GITOPSCTL_TRY(const auto sources, snapshot_sources(invocation));
  GITOPSCTL_TRY(const auto channel, channels::load_channel(*tree, target.channel, channel_file));
  GITOPSCTL_CHECK(require_release(channel, target.release));
  std::vector<Error> errors;
  Value::List data;
  Table digests({"RELEASE", "DIGEST", "OBJECTS"});
  for (const auto& release : channel.releases) {
    if (!target.release.empty() && release.name != target.release) continue;
    const RenderState state =
        render_with_notes(release, tree, {}, target.channel + '/' + release.name, true, charts, rules, sources);
    for (const auto& warning : state.warnings) {
      terminal.err("warning: " + terminal_safe(release.name) + ": " + terminal_safe(warning) + '\n');
    }
    for (const auto& error : state.errors) errors.push_back(error.in("release '" + release.name + "'"));
    if (!state.set) continue;
    if (invocation.is_set("digest")) {
      digests.add({release.name, state.render_digest, std::to_string(state.set->objects.size())});
    } else if (invocation.output() == OutputFormat::json) {
      for (const auto& object : state.set->objects) data.push_back(object.body);
    } else {
      terminal.out(state.set->text);
    }
  }
  if (invocation.is_set("digest")) {
    terminal.out(digests.text(false));
  } else if (invocation.output() == OutputFormat::json) {
    GITOPSCTL_CHECK(print_value(
        terminal,
        make_map(
            {{"apiVersion", Value::string("v1")}, {"kind", Value::string("List")}, {"items", Value::list(std::move(data))}}),
        OutputFormat::json));
  }
  // What renders is printed all the same; what does not is said afterwards, and decides the exit code.
  if (!errors.empty()) return combine(std::move(errors));
  return 0;
}

}  // namespace gitopsctl::agent::cli
