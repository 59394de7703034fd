// Channel files are written by anybody who can push a branch. No text may crash the reader, take long, lose a release's
// problem, or name a path outside of the tree.

#include <cstdint>
#include <cstdlib>
#include <set>
#include <string_view>

#include "channels/model/channel.hpp"

using namespace gitopsctl;

namespace {

void must(bool condition) {
  if (!condition) std::abort();
}

void stays_inside(const std::string& path) {
  if (path.empty()) return;
  const auto parsed = TreePath::parse(path);
  must(parsed.ok() && (parsed->str() == path || path == "."));
}

void check(const Result<channels::Channel>& channel) {
  if (!channel.ok()) {
    for (const auto& error : channel.error().flatten()) must(!error.message().empty());
    return;
  }
  std::set<std::string> names;
  must(channels::valid_channel_name(channel->name));
  for (const auto& release : channel->releases) {
    must(!release.name.empty() && names.insert(release.name).second);
    must(release.where.line > 0);
    const bool remote = release.chart.find("://") != std::string::npos;
    must(!remote || !release.problems.empty());
    if (!remote) stays_inside(release.chart);
    stays_inside(release.path);
    for (const auto& file : release.value_files) stays_inside(file);
    must(release.driver != channels::Driver::unsupported || !release.problems.empty());
    must(release.secret_values.empty() || !release.problems.empty());
    const channels::ReleaseIdentity identity{"default", "r", channel->name, release.name};
    must(identity.object_name().size() <= 253);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 64 << 10) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static const TreePath yaml = *TreePath::parse("ci/channels/prod.yaml");
  static const TreePath env = *TreePath::parse("ci/vars/releases/prod-web.env");
  static const MemoryTree tree;
  check(channels::parse_channel(text, yaml, ""));
  check(channels::parse_channel(text, env, "prod"));
  static_cast<void>(channels::check_channel(tree, text, yaml, "prod"));
  return 0;
}
