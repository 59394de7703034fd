#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace gitopsctl::tests {

/// A chart in one of the folders that were given.
struct FoundChart {
  std::filesystem::path path;  ///< its folder
  std::filesystem::path root;  ///< the folder that was given
  std::string name;
  std::string version;
  std::string type;  ///< `library`, `application` or empty
};

/// All charts below `roots`, in the order of the roots and then of the paths: folders with a Chart.yaml that are not inside
/// of another chart's `charts/`. Those whose Chart.yaml cannot be read are left out. Throws std::runtime_error for a root
/// that is no folder.
[[nodiscard]] std::vector<FoundChart> find_charts(const std::vector<std::filesystem::path>& roots);

/// A chart with all that it depends on, as both engines get it.
struct PreparedChart {
  std::vector<std::string> copied;   ///< `name version` of the charts that came from elsewhere
  std::vector<std::string> missing;  ///< names of dependencies that nobody has; not empty: not to be compared
  bool foreign_schema = false;       ///< a values.schema.json refers to a file or a host
  std::string digest;                ///< of all names and contents
};

/// Copies `chart` to the folder `to`, links replaced by what they lead to, and into its `charts/` what its dependencies name
/// and it lacks: from a `file://` place, from the same root, or from any of `pool` (rather one whose root `OWNER+NAME` is
/// named in the repository's address, and one of a version that fits), in any version; the requirement is relaxed in the
/// copy then. Does the same to what it copied. Throws where files cannot be read or written.
[[nodiscard]] PreparedChart prepare_chart(const FoundChart& chart, const std::vector<FoundChart>& pool,
                                          const std::filesystem::path& to);

/// The text of a Chart.yaml (or requirements.yaml) with every version below `dependencies:` replaced by one that all match.
[[nodiscard]] std::string relax_requirements(const std::string& chart_yaml);

/// The bytes of a file. Throws std::runtime_error.
[[nodiscard]] std::string read_text(const std::filesystem::path& file);
/// Writes a file and the folders above it. Throws std::runtime_error.
void write_text(const std::filesystem::path& file, const std::string& text);

}  // namespace gitopsctl::tests
