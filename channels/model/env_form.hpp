#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/files/file_tree.hpp"
#include "base/result/result.hpp"
#include "base/yaml/yaml.hpp"

namespace gitopsctl::channels::detail {

/// The oldest historic form: one file of `RELEASE_DRIVER=helm` lines per release, named `<channel>-<release>.env` (at first
/// `<release>-<channel>.env`).
struct EnvFile {
  TreePath path;
  std::string text;
};

/// Whether `path` is a file of that form.
[[nodiscard]] bool is_env_file(const TreePath& path) noexcept;

/// The files of `channel` in `directory`, in order of name; none when the directory has none.
[[nodiscard]] Result<std::vector<EnvFile>> list_env_files(const FileTree& tree, const TreePath& directory,
                                                          std::string_view channel, bool read);

/// The files as one document of the `calitp:` form, with the places in the files. An empty `channel` is taken from the name
/// of the first file.
[[nodiscard]] Result<LocatedYaml> env_document(const std::vector<EnvFile>& files, std::string_view channel);

}  // namespace gitopsctl::channels::detail
