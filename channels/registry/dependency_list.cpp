// What `helm dependency list` prints.
#include <algorithm>
#include <array>
#include <filesystem>
#include <vector>

#include "base/text/go_format.hpp"
#include "base/text/semver.hpp"
#include "base/text/utf8.hpp"
#include "channels/registry/dependency_update.hpp"
#include "render/helm/load_chart.hpp"

namespace gitopsctl::channels {

namespace fs = std::filesystem;
using render::helm::Chart;
using render::helm::ChartDependency;
using render::helm::ChartSet;

namespace {

constexpr std::size_t max_column = 80;  // helm's default of --max-col-width
constexpr std::size_t columns = 4;
using Row = std::array<std::string, columns>;

Result<std::unique_ptr<ChartSet>> load(const fs::path& path) {
  std::error_code failed;
  if (fs::is_directory(path, failed)) {
    GITOPSCTL_TRY(auto tree, open_disk_tree(path.string()));
    return render::helm::load_chart(tree, TreePath());
  }
  GITOPSCTL_TRY(auto tree, open_disk_tree(path.parent_path().empty() ? "." : path.parent_path().string()));
  GITOPSCTL_TRY(const auto name, TreePath::parse(path.filename().string()));
  return render::helm::load_chart(tree, name);
}

/// Empty: it fits.
std::string misfit(const std::string& version, const ChartDependency& entry) {
  if (version == entry.version) return {};
  const auto range = SemVerConstraint::parse(entry.version);
  const auto parsed = parse_semver(version);
  if (!range.ok() || !parsed.ok()) return "invalid version";
  return range->matches(*parsed) ? "" : "wrong version";
}

std::string archive_status(const fs::path& archive, const ChartDependency& entry) {
  const auto chart = load(archive);
  if (!chart.ok()) return "corrupt";
  if ((*chart)->root->name() != entry.name) return "misnamed";
  const auto wrong = misfit((*chart)->root->metadata->version, entry);
  return wrong.empty() ? "ok" : wrong;
}

std::string status_of(const fs::path& directory, const ChartDependency& entry, const Chart& parent) {
  std::vector<fs::path> archives;
  std::error_code failed;
  for (const auto& file : fs::directory_iterator(directory / "charts", failed)) {
    const auto name = file.path().filename().string();
    if (name.starts_with(entry.name + '-') && name.ends_with(".tgz")) archives.push_back(file.path());
  }
  if (archives.size() > 1) {
    // `web-1.0.0.tgz` is of `web`, `web-api-1.0.0.tgz` is not.
    std::erase_if(archives, [&](const fs::path& file) {
      const auto stem = file.stem().string();
      const auto version = std::string_view(stem).substr(entry.name.size() + 1);
      return !parse_semver(version).ok() || std::count(version.begin(), version.end(), '.') < 2 || version.front() == 'v';
    });
    if (archives.size() > 1) return "too many matches";
  }
  if (archives.size() == 1) return archive_status(archives.front(), entry);
  const Chart* found = nullptr;
  for (const Chart* child : parent.dependencies) {
    if (child->name() == entry.name) found = child;
  }
  if (found == nullptr) return "missing";
  const auto wrong = misfit(found->metadata->version, entry);
  return wrong.empty() ? "unpacked" : wrong;
}

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string table_of(const std::vector<Row>& rows) {
  std::array<std::size_t, columns> widths{};
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < columns; ++i)
      widths.at(i) = std::max(widths.at(i), std::min(width_of(row.at(i)), max_column));
  }
  std::string out;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < columns; ++i) {
      const std::size_t width = widths.at(i);
      std::string cell = row.at(i);
      if (width_of(cell) > width) cell = cell.substr(0, width - 3) + "...";
      cell.append(width - std::min(width, width_of(cell)), ' ');
      out += (i == 0 ? "" : "\t") + cell;
    }
    out += '\n';
  }
  return out;
}

std::string warnings_of(const fs::path& directory, const std::vector<ChartDependency>& entries) {
  std::vector<fs::path> files;
  std::error_code failed;
  for (const auto& file : fs::directory_iterator(directory / "charts", failed)) files.push_back(file.path());
  std::sort(files.begin(), files.end());
  std::string out;
  for (const auto& file : files) {
    if (!fs::is_directory(file, failed) && file.extension() != ".tgz") continue;
    const auto chart = load(file);
    if (!chart.ok()) {
      out += "WARNING: " + go_quote(file.string()) + " is not a chart.\n";
    } else if (std::none_of(entries.begin(), entries.end(),
                            [&](const auto& entry) { return entry.name == (*chart)->root->name(); })) {
      out += "WARNING: " + go_quote(file.string()) + " is not in Chart.yaml.\n";
    }
  }
  return out;
}

}  // namespace

Result<std::string> list_dependencies(const std::string& directory) {
  const auto path = fs::path(directory).lexically_normal();
  GITOPSCTL_TRY(const auto chart, load(path));
  const auto& metadata = *chart->root->metadata;
  if (!metadata.has_dependencies) return "WARNING: no dependencies at " + (path / "charts").string() + '\n';
  std::vector<Row> rows{{"NAME", "VERSION", "REPOSITORY", "STATUS"}};
  const auto entries = metadata.own_dependencies();
  for (const auto& entry : entries) {
    rows.push_back({entry.name, entry.version, entry.repository, status_of(path, entry, *chart->root)});
  }
  return table_of(rows) + '\n' + warnings_of(path, entries);
}

}  // namespace gitopsctl::channels
