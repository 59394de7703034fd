#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "base/text/escape.hpp"
#include "channels/model/channel.hpp"
#include "channels/model/reading.hpp"

namespace gitopsctl::channels {

namespace {

constexpr std::array<std::string_view, 2> channel_directories = {".gitopsctl/channels", "ci/channels"};
// The oldest form: one file per release.
constexpr std::string_view env_directory = "ci/vars/releases";

bool is_directory(const FileTree& tree, const TreePath& path) {
  const auto info = tree.stat(path);
  return info.ok() && info->type == FileType::directory;
}

/// What is wrong with a path that a file names, as far as a look at the tree shows it.
std::optional<Error> missing(const FileTree& tree, const detail::PathUse& use) {
  const std::string name = use.path.is_root() ? "." : use.path.str();
  auto info = tree.stat(use.path);
  if (!info.ok()) {
    if (info.error().code() != ErrorCode::not_found) return info.error().at(use.where);
    return Error(ErrorCode::not_found, "'" + terminal_safe(name) + "' is not in the repository").at(use.where);
  }
  const bool directory = info->type == FileType::directory;
  const auto fail = [&](const char* message) {
    return Error(ErrorCode::invalid_input, "'" + terminal_safe(name) + "' " + message).at(use.where);
  };
  switch (use.kind) {
    case detail::PathUse::Kind::chart:
      if (directory ? !tree.exists(use.path.child("Chart.yaml")) : !use.path.name().ends_with(".tgz")) {
        return fail("is no chart").with_hint("a chart is a directory with a Chart.yaml, or a .tgz file");
      }
      break;
    case detail::PathUse::Kind::file:
      if (directory) return fail("is a directory, not a file");
      break;
    case detail::PathUse::Kind::directory:
    case detail::PathUse::Kind::candidate: break;
  }
  return std::nullopt;
}

}  // namespace

const Release* Channel::find(std::string_view release) const noexcept {
  const auto found = std::find_if(releases.begin(), releases.end(), [&](const Release& r) { return r.name == release; });
  return found == releases.end() ? nullptr : &*found;
}

Result<Channel> parse_channel(std::string_view text, const TreePath& file, std::string_view expected_name) {
  detail::ChannelReading reading = detail::read_channel(text, file, expected_name);
  if (!reading.mistakes.empty()) return combine(std::move(reading.mistakes));
  return std::move(reading.channel);
}

Result<TreePath> find_channel_file(const FileTree& tree, std::string_view channel, std::string_view override_path) {
  std::vector<std::string> tried;
  if (!override_path.empty()) {
    GITOPSCTL_TRY(auto path, TreePath::parse(override_path));
    if (tree.exists(path)) return path;
    tried.push_back(path.str());
  } else {
    if (!valid_channel_name(channel)) {
      return Error(ErrorCode::invalid_input, "'" + terminal_safe(truncate_utf8(channel, 80)) + "' is no channel name");
    }
    for (const auto directory : channel_directories) {
      GITOPSCTL_TRY(auto path, TreePath::parse(std::string(directory) + "/" + std::string(channel) + ".yaml"));
      if (tree.exists(path)) return path;
      tried.push_back(path.str());
    }
    GITOPSCTL_TRY(auto set, TreePath::parse(env_directory));
    const auto info = tree.stat(set);
    // What cannot be looked at is not the same as what is not there.
    if (!info.ok() && info.error().code() != ErrorCode::not_found) return info.error();
    if (info.ok() && info->type == FileType::directory) {
      GITOPSCTL_TRY(const auto files, detail::list_env_files(tree, set, channel, false));
      if (!files.empty()) return set;
    }
  }
  std::string places;
  for (const auto& path : tried) places += (places.empty() ? "" : " or ") + path;
  const auto known = list_channels(tree);
  Error error(ErrorCode::not_found, "no file for channel '" + std::string(channel) + "': " + places + " is not there");
  return known.empty() ? error : error.with_hint(suggest(channel, known, "channels"));
}

Result<Channel> load_channel(const FileTree& tree, std::string_view channel, std::string_view override_path) {
  GITOPSCTL_TRY(const auto path, find_channel_file(tree, channel, override_path));
  if (is_directory(tree, path)) {
    GITOPSCTL_TRY(const auto files, detail::list_env_files(tree, path, channel, true));
    if (files.empty()) {
      return Error(ErrorCode::not_found, "no file for channel '" + std::string(channel) + "' in " + path.str())
          .with_hint("the files there are named CHANNEL-RELEASE.env");
    }
    detail::ChannelReading reading = detail::read_channel_set(files, path, channel);
    if (!reading.mistakes.empty()) return combine(std::move(reading.mistakes));
    return std::move(reading.channel);
  }
  GITOPSCTL_TRY(const auto text, tree.read(path));
  return parse_channel(text, path, channel);
}

std::vector<std::string> list_channels(const FileTree& tree) {
  constexpr std::string_view suffix = ".yaml";
  std::set<std::string> names;
  for (const auto directory : channel_directories) {
    auto path = TreePath::parse(directory);
    if (!path.ok()) continue;
    auto entries = tree.list(*path);
    if (!entries.ok()) continue;
    for (const auto& entry : *entries) {
      if (entry.type == FileType::directory || !entry.name.ends_with(suffix)) continue;
      std::string name = entry.name.substr(0, entry.name.size() - suffix.size());
      if (valid_channel_name(name)) names.insert(std::move(name));
    }
  }
  return {names.begin(), names.end()};
}

std::vector<Error> check_channel(const FileTree& tree, std::string_view text, const TreePath& file,
                                 std::string_view expected_name) {
  detail::ChannelReading reading = detail::read_channel(text, file, expected_name);
  std::vector<Error> out = std::move(reading.mistakes);
  for (const auto& release : reading.channel.releases) {
    for (const auto& problem : release.problems) out.push_back(problem.in("release " + terminal_safe(release.name)));
  }
  for (const auto& use : reading.paths) {
    if (auto error = missing(tree, use)) {
      out.push_back(use.release.empty() ? *error : error->in("release " + terminal_safe(use.release)));
    }
  }
  sort_by_place(out);
  return out;
}

}  // namespace gitopsctl::channels
