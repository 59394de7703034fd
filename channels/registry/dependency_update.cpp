#include "channels/registry/dependency_update.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "base/files/archive_writer.hpp"
#include "base/text/go_format.hpp"
#include "base/text/semver.hpp"
#include "render/helm/chart_files.hpp"
#include "render/helm/load_chart.hpp"

namespace gitopsctl::channels {

namespace fs = std::filesystem;
using render::helm::ChartDependency;
using render::helm::ChartSet;

namespace {

Result<std::unique_ptr<ChartSet>> load_directory(const std::string& directory) {
  GITOPSCTL_TRY(auto tree, open_disk_tree(directory));
  return render::helm::load_chart(tree, TreePath());
}

Result<std::unique_ptr<ChartSet>> load_file(const fs::path& file) {
  GITOPSCTL_TRY(auto tree, open_disk_tree(file.parent_path().string()));
  GITOPSCTL_TRY(const auto path, TreePath::parse(file.filename().string()));
  return render::helm::load_chart(tree, path);
}

Result<std::unique_ptr<ChartSet>> load_unpacked(const std::string& directory) {
  std::error_code failed;
  if (!fs::exists(directory, failed)) {
    return Error(ErrorCode::not_found,
                 "could not find " + directory + ": stat " + directory + ": no such file or directory");
  }
  if (!fs::is_directory(directory, failed)) return Error(ErrorCode::invalid_input, "only unpacked charts can be updated");
  return load_directory(directory);
}

/// The directory that `file://…`, or a path, means seen from the chart.
Result<std::string> local_path(const std::string& repository, const std::string& chart) {
  const std::string_view prefix = "file://";
  const std::string text = repository.starts_with(prefix) ? repository.substr(prefix.size()) : repository;
  const fs::path path = (text.starts_with('/') ? fs::path(text) : fs::path(chart) / text).lexically_normal();
  std::error_code failed;
  if (!fs::exists(path, failed)) return Error(ErrorCode::not_found, "directory " + path.string() + " not found");
  return path.string();
}

Result<SemVerConstraint> range_of(const ChartDependency& entry) {
  auto range = SemVerConstraint::parse(entry.version);
  if (range.ok()) return range;
  return Error(ErrorCode::invalid_input, "dependency " + go_quote(entry.name) +
                                             " has an invalid version/constraint format: " + range.error().message());
}

bool in_range(const SemVerConstraint& range, const std::string& version) {
  const auto parsed = parse_semver(version);
  return parsed.ok() && range.matches(*parsed);
}

std::string quoted_entry(const ChartDependency& entry) {
  return go_quote(entry.name) + " (repository " + go_quote(entry.repository) + ", version " + go_quote(entry.version) + ')';
}

RemoteChart remote_of(const ChartDependency& entry) {
  RemoteChart out;
  out.version = entry.version;
  if (entry.repository.starts_with("oci://")) {
    out.location = entry.repository + (entry.repository.ends_with('/') ? "" : "/") + entry.name;
  } else {
    out.location = entry.repository;
    out.name = entry.name;
  }
  return out;
}

Result<void> check_repositories(const std::vector<ChartDependency>& entries, const std::string& directory) {
  std::string missing;
  for (const auto& entry : entries) {
    const auto& repository = entry.repository;
    if (repository.empty() || is_remote_chart(repository)) continue;
    if (repository.starts_with("file://")) {
      GITOPSCTL_CHECK(local_path(repository, directory));
      continue;
    }
    missing += (missing.empty() ? "" : ", ") + repository;
  }
  if (missing.empty()) return {};
  return Error(ErrorCode::invalid_input, "no repository definition for " + missing + ". Please add them via 'helm repo add'")
      .with_hint("write the address of the repository itself: there are no configured names here");
}

Result<std::optional<std::string>> version_of(const DependencyWork& work, const ChartDependency& entry) {
  GITOPSCTL_TRY(const auto range, range_of(entry));
  if (entry.repository.empty()) {
    GITOPSCTL_CHECK(local_path("charts/" + entry.name, work.directory));
    return std::optional(entry.version);
  }
  if (entry.repository.starts_with("file://")) {
    GITOPSCTL_TRY(const auto path, local_path(entry.repository, work.directory));
    GITOPSCTL_TRY(const auto chart, load_directory(path));
    const auto& version = chart->root->metadata->version;
    return in_range(range, version) ? std::optional(version) : std::nullopt;
  }
  auto found = work.source.resolve(remote_of(entry), work.interrupt);
  if (found.ok()) return std::optional(*std::move(found));
  const Error& error = found.error();
  if (error.code() != ErrorCode::not_found) return error;
  return std::optional<std::string>();
}

Result<ChartLock> resolve(const DependencyWork& work, const std::vector<ChartDependency>& requested) {
  ChartLock lock;
  std::string missing;
  std::size_t count = 0;
  for (const auto& entry : requested) {
    GITOPSCTL_TRY(const auto version, version_of(work, entry));
    ChartDependency locked;
    locked.name = entry.name;
    locked.repository = entry.repository;
    if (version) {
      locked.version = *version;
    } else {
      missing += (count++ == 0 ? "" : ", ") + quoted_entry(entry);
    }
    lock.dependencies.push_back(std::move(locked));
  }
  if (count > 0) {
    return Error(
        ErrorCode::not_found,
        "can't get a valid version for " + std::to_string(count) + " subchart(s): " + missing +
            ". Make sure a matching chart version exists in the repo, or change the version constraint in Chart.yaml");
  }
  lock.digest = lock_digest(requested, lock.dependencies);
  return lock;
}

/// Writes a file whole, or not at all; an own link in its place is not followed.
Result<void> write_whole(const fs::path& path, std::string_view content) {
  struct stat info{};
  if (::lstat(path.c_str(), &info) == 0 && S_ISLNK(info.st_mode)) {
    std::error_code failed;
    return Error(ErrorCode::invalid_input, "the " + path.filename().string() + " file is a symlink to " +
                                               go_quote(fs::read_symlink(path, failed).string()));
  }
  const std::string fresh = path.string() + ".new";
  static_cast<void>(::unlink(fresh.c_str()));
  std::ofstream file(fresh, std::ios::binary | std::ios::trunc);
  file.write(content.data(), static_cast<std::streamsize>(content.size()));
  file.close();
  std::error_code failed;
  if (file) fs::rename(fresh, path, failed);
  if (file && !failed) return {};
  static_cast<void>(::unlink(fresh.c_str()));
  return Error(ErrorCode::unavailable, "cannot write " + path.string());
}

/// A directory beside `charts/` that goes when the work is over.
class Staging {
 public:
  static Result<Staging> make(const std::string& chart) {
    std::string path = chart + "/tmpcharts-XXXXXX";
    if (::mkdtemp(path.data()) == nullptr) {
      return Error(ErrorCode::unavailable,
                   "cannot make a directory in " + chart + ": " + std::generic_category().message(errno));
    }
    return Staging(std::move(path));
  }
  Staging(Staging&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  Staging& operator=(Staging&&) = delete;
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;
  ~Staging() {
    std::error_code failed;
    if (!path_.empty()) fs::remove_all(path_, failed);
  }
  [[nodiscard]] const fs::path& path() const noexcept { return path_; }

 private:
  explicit Staging(fs::path path) : path_(std::move(path)) {}
  fs::path path_;
};

Result<std::string> pack_directory(const std::string& directory, const std::string& name, const std::string& version,
                                   const fs::path& into) {
  GITOPSCTL_TRY(auto tree, open_disk_tree(directory));
  GITOPSCTL_TRY(const auto chart, render::helm::load_chart(tree, TreePath()));
  const auto& metadata = *chart->root->metadata;
  ChartDependency entry;
  entry.name = name;
  entry.version = version;
  GITOPSCTL_TRY(const auto range, range_of(entry));
  if (!in_range(range, metadata.version)) {
    return Error(ErrorCode::not_found, "can't get a valid version for dependency " + name);
  }
  render::helm::ChartFileReader reader;
  GITOPSCTL_TRY(const auto files, reader.read_directory(*tree, TreePath()));
  std::vector<ArchiveEntry> entries;
  entries.reserve(files.size());
  for (const auto& file : files) entries.push_back({metadata.name + '/' + file.name, file.data.view()});
  // As helm has it, which some readers count on.
  std::stable_partition(entries.begin(), entries.end(),
                        [&](const ArchiveEntry& one) { return one.path == metadata.name + "/Chart.yaml"; });
  GITOPSCTL_TRY(const auto packed, pack_tgz(entries));
  GITOPSCTL_CHECK(write_whole(into / (metadata.name + '-' + metadata.version + ".tgz"), packed));
  return metadata.version;
}

Result<void> check_present(const ChartDependency& entry, const fs::path& charts) {
  const auto path = (charts / entry.name).string();
  const auto chart = load_directory(path);
  if (!chart.ok()) {
    return Error(chart.error().code(), "unable to load chart '" + path + "': " + chart.error().message());
  }
  GITOPSCTL_TRY(const auto range, range_of(entry));
  const auto& version = (*chart)->root->metadata->version;
  if (in_range(range, version)) return {};
  return Error(ErrorCode::invalid_input,
               "dependency " + entry.name + " at version " + version + " does not satisfy the constraint " + entry.version);
}

/// Fetches what the lock names into `staging`, checking each archive; file:// entries get their version.
Result<void> fetch_all(const DependencyWork& work, std::vector<ChartDependency>& entries, const fs::path& charts,
                       const fs::path& staging) {
  std::set<std::string> done;
  for (auto& entry : entries) {
    if (entry.repository.empty()) {
      work.say("Dependency " + entry.name + " did not declare a repository. Assuming it exists in the charts directory");
      GITOPSCTL_CHECK(check_present(entry, charts));
      continue;
    }
    if (entry.repository.starts_with("file://")) {
      GITOPSCTL_TRY(const auto path, local_path(entry.repository, work.directory));
      GITOPSCTL_TRY(entry.version, pack_directory(path, entry.name, entry.version, staging));
      continue;
    }
    const auto remote = remote_of(entry);
    if (!done.insert(remote.shown()).second) {
      work.say("Already downloaded " + entry.name + " from repo " + entry.repository);
      continue;
    }
    work.say("Downloading " + entry.name + " from repo " + entry.repository);
    GITOPSCTL_TRY(const auto fetched, work.source.fetch(remote, work.interrupt));
    if (work.fetched) work.fetched(fetched);
    const auto file = staging / fetched.file_name;
    GITOPSCTL_CHECK(write_whole(file, *fetched.bytes));
    GITOPSCTL_TRY(const auto chart, load_file(file));
    if (chart->root->name() != entry.name) {
      return Error(ErrorCode::conflict, "the archive of " + remote.shown() + " holds chart " + go_quote(chart->root->name()))
          .with_hint("nothing of it is used; is the repository's index right?");
    }
  }
  return {};
}

Result<void> replace_charts(const DependencyWork& work, const std::vector<ChartDependency>& entries, const fs::path& charts,
                            const fs::path& staging) {
  std::set<std::string> fresh;
  std::set<std::string> local;
  std::error_code failed;
  for (const auto& entry : entries) {
    if (entry.repository.empty()) local.insert(entry.name);
  }
  std::vector<fs::path> before;
  for (const auto& file : fs::directory_iterator(charts, failed)) before.push_back(file.path());
  std::sort(before.begin(), before.end());
  for (const auto& file : fs::directory_iterator(staging, failed)) {
    fresh.insert(file.path().filename().string());
    std::error_code moved;
    fs::rename(file.path(), charts / file.path().filename(), moved);
    if (moved) return Error(ErrorCode::unavailable, "cannot write " + charts.string() + ": " + moved.message());
  }
  work.say("Deleting outdated charts");
  for (const auto& file : before) {
    std::error_code ignored;
    if (fs::is_directory(file, ignored) || fresh.contains(file.filename().string())) continue;
    const auto chart = load_file(file);
    if (!chart.ok()) {
      work.say("Could not verify " + file.string() + " for deletion: " + chart.error().message() + " (Skipping)");
    } else if (!local.contains((*chart)->root->name())) {
      fs::remove(file, ignored);
    }
  }
  return {};
}

Result<void> download_all(const DependencyWork& work, std::vector<ChartDependency>& entries) {
  const fs::path charts = fs::path(work.directory) / "charts";
  std::error_code failed;
  if (fs::exists(charts, failed) && !fs::is_directory(charts, failed)) {
    return Error(ErrorCode::invalid_input, go_quote(charts.string()) + " is not a directory");
  }
  fs::create_directories(charts, failed);
  if (failed) return Error(ErrorCode::unavailable, "cannot make " + charts.string() + ": " + failed.message());
  GITOPSCTL_TRY(const auto staging, Staging::make(work.directory));
  work.say("Saving " + std::to_string(entries.size()) + " charts");
  if (const auto saved = fetch_all(work, entries, charts, staging.path()); !saved.ok()) {
    work.say("Save error occurred:  " + saved.error().message());
    return saved;
  }
  return replace_charts(work, entries, charts, staging.path());
}

Result<std::optional<ChartLock>> read_lock(const std::string& directory, const render::helm::Metadata& metadata) {
  const fs::path path = fs::path(directory) / lock_file_name(metadata);
  std::error_code failed;
  if (!fs::exists(path, failed)) return std::optional<ChartLock>();
  GITOPSCTL_TRY(const auto tree, open_disk_tree(directory));
  GITOPSCTL_TRY(const auto name, TreePath::parse(lock_file_name(metadata)));
  GITOPSCTL_TRY(const auto text, tree->read(name, 1U << 20U));
  GITOPSCTL_TRY(auto lock, parse_chart_lock(text, path.string()));
  return std::optional(std::move(lock));
}

Result<bool> write_lock(const DependencyWork& work, const render::helm::Metadata& metadata, const ChartLock& lock) {
  GITOPSCTL_TRY(const auto before, read_lock(work.directory, metadata));
  if (before && before->digest == lock.digest) return false;
  GITOPSCTL_CHECK(write_whole(fs::path(work.directory) / lock_file_name(metadata), chart_lock_text(lock, work.now)));
  return true;
}

/// Says which indexes are read, as helm does for repositories that are not in its own configuration.
void say_repositories(const DependencyWork& work, const std::vector<ChartDependency>& entries) {
  std::set<std::string> repositories;
  for (const auto& entry : entries) {
    if (!entry.repository.starts_with("http")) continue;
    auto url = entry.repository;
    if (url.ends_with('/')) url.pop_back();
    repositories.insert(entry.repository);
  }
  if (repositories.empty()) return;
  work.say("Getting updates for unmanaged Helm repositories...");
  for (const auto& repository : repositories) {
    work.say("...Successfully got an update from the " + go_quote(repository) + " chart repository");
  }
}

}  // namespace

Result<ChartLock> resolve_dependencies(const DependencyWork& work) {
  GITOPSCTL_TRY(const auto chart, load_unpacked(work.directory));
  const auto requested = chart->root->metadata->own_dependencies();
  GITOPSCTL_CHECK(check_repositories(requested, work.directory));
  return resolve(work, requested);
}

Result<void> update_dependencies(const DependencyWork& work) {
  GITOPSCTL_TRY(const auto chart, load_unpacked(work.directory));
  const auto& metadata = *chart->root->metadata;
  const auto requested = metadata.own_dependencies();
  if (!metadata.has_dependencies) return {};
  GITOPSCTL_CHECK(check_repositories(requested, work.directory));
  GITOPSCTL_TRY(auto lock, resolve(work, requested));
  say_repositories(work, requested);
  GITOPSCTL_CHECK(download_all(work, lock.dependencies));
  lock.digest = lock_digest(requested, lock.dependencies);
  GITOPSCTL_CHECK(write_lock(work, metadata, lock));
  return {};
}

Result<void> build_dependencies(const DependencyWork& work) {
  GITOPSCTL_TRY(const auto chart, load_unpacked(work.directory));
  const auto& metadata = *chart->root->metadata;
  GITOPSCTL_TRY(auto lock, read_lock(work.directory, metadata));
  if (!lock) return update_dependencies(work);
  GITOPSCTL_CHECK(check_repositories(metadata.own_dependencies(), work.directory));
  GITOPSCTL_CHECK(check_lock(metadata, *lock));
  return download_all(work, lock->dependencies);
}

Result<bool> lock_dependencies(const DependencyWork& work) {
  GITOPSCTL_TRY(const auto chart, load_unpacked(work.directory));
  const auto& metadata = *chart->root->metadata;
  if (!metadata.has_dependencies) return false;
  GITOPSCTL_CHECK(check_repositories(metadata.own_dependencies(), work.directory));
  GITOPSCTL_TRY(const auto lock, resolve(work, metadata.own_dependencies()));
  return write_lock(work, metadata, lock);
}

}  // namespace gitopsctl::channels
