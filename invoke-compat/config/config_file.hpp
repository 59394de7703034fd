#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result/result.hpp"
#include "base/value/value.hpp"
#include "base/yaml/yaml.hpp"
#include "invoke-compat/config/host_files.hpp"

namespace gitopsctl::invoke {

/// Largest configuration file in bytes, and how deep its maps and lists may nest: some hundred times what real ones have.
inline constexpr std::uint64_t max_config_bytes = 1ULL << 20U;
inline constexpr std::uint32_t max_config_depth = 64;

/// Reads a `.py` configuration file: a map of its module-level names. That needs Python, so somebody else does it.
using PythonConfig = std::function<Result<Value>(const std::string& path)>;

/// One configuration file that was read.
struct ConfigFile {
  std::string path;
  Value data;  ///< a map; empty for a file without content
  /// Where its parts stand; nullptr for `.py`.
  std::shared_ptr<const YamlMarks> marks;
};

/// Reads the configuration file at `path` by its extension: yaml, yml (as PyYAML's safe loader understands it), json
/// (strictly), py (by `python`; without one that is the error `unsupported`).
/// Errors have a place: the file, with line and column where the content is wrong. Two have none: `not_found` when there is
/// no such file, and `unsupported` for another extension.
[[nodiscard]] Result<ConfigFile> read_config_file(const HostFiles& files, const std::string& path,
                                                  const PythonConfig& python);

/// The first that exists of `prefix`.yaml, .yml, .json and .py; nothing when none does.
[[nodiscard]] Result<std::optional<ConfigFile>> find_config_file(const HostFiles& files, const std::string& prefix,
                                                                 const PythonConfig& python);

}  // namespace gitopsctl::invoke
