#include "agent/reconcile/release_charts.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "base/text/escape.hpp"
#include "channels/registry/chart_lock.hpp"
#include "render/helm/load_chart.hpp"

namespace gitopsctl::agent {

namespace {

constexpr std::uint64_t max_lock_bytes = 1U << 20U;
/// Where a fetched chart stands in the tree that is rendered: a directory that hides one of the repository of that name.
constexpr std::string_view fetched_directory = ".gitopsctl-fetched";

std::string shown(std::string_view text) { return "'" + terminal_safe(truncate_utf8(text, 120)) + "'"; }

Result<channels::FetchedChart> fetch(const channels::RemoteChart& chart, const ChartAccess& access) {
  if (!access.fetch) {
    return Error(ErrorCode::needs_source, "chart " + chart.shown() + " is not in the repository, and is not fetched here")
        .with_hint("allow it with --fetch");
  }
  return access.fetch(chart, access.ask, access.interrupt);
}

channels::ChartRecord record_of(const channels::FetchedChart& fetched) {
  channels::ChartRecord out;
  out.source = fetched.asked.location + (fetched.asked.name.empty() ? "" : '#' + fetched.asked.name);
  out.version = fetched.version;
  out.digest = fetched.digest;
  return out;
}

/// One dependency that the lock names: from where it comes, into `charts/`.
class LockedDependencies {
 public:
  LockedDependencies(FileTreePtr tree, TreePath chart, const ChartAccess& access)
      : tree_(std::move(tree)), chart_(std::move(chart)), access_(access) {}

  Result<void> add(const render::helm::ChartDependency& entry) {
    const std::string what = "dependency " + shown(entry.name) + " of chart " + tree_->display(chart_);
    if (entry.repository.starts_with("file://")) {
      if (const auto added = add_local(entry); !added.ok()) return added.error().in(what);
      return {};
    }
    if (!channels::is_remote_chart(entry.repository)) {
      return Error(ErrorCode::unsupported, what + " is in repository " + shown(entry.repository) +
                                               ", a name that only somebody's own configuration of helm knows")
          .with_hint("write the address of the repository, and lock again (gitopsctl chart lock)");
    }
    if (!channels::is_exact_version(entry.version)) {
      return Error(ErrorCode::invalid_input,
                   what + ": the lock names " + shown(entry.version) + ", which is not one version")
          .with_hint("lock again (gitopsctl chart lock)");
    }
    channels::RemoteChart remote;
    remote.version = entry.version;
    remote.location = entry.repository;
    if (remote.in_registry()) {
      remote.location += (remote.location.ends_with('/') ? "" : "/") + entry.name;
    } else {
      remote.name = entry.name;
    }
    auto fetched = fetch(remote, access_);
    if (!fetched.ok()) return fetched.error().in(what);
    GITOPSCTL_TRY(const auto from, TreePath::parse(fetched->file_name));
    out.grafts.push_back({chart_.child("charts").child(fetched->file_name), fetched->tree(), from});
    out.records.push_back(record_of(*fetched));
    return {};
  }

  ReleaseCharts out;

 private:
  Result<void> add_local(const render::helm::ChartDependency& entry) {
    const std::string path = entry.repository.substr(std::string_view("file://").size());
    if (path.starts_with('/')) {
      return Error(ErrorCode::unsupported, "its repository is an absolute path, which no other machine has")
          .with_hint("write it relative to the chart: file://../" + entry.name);
    }
    GITOPSCTL_TRY(const auto named, chart_.resolve(path));
    GITOPSCTL_TRY(const auto real, tree_->real_path(named));
    if (real.is_root()) {
      return Error(ErrorCode::invalid_input, "its directory is the whole repository, with this chart in it");
    }
    GITOPSCTL_TRY(const auto charts, render::helm::load_chart(tree_, real));
    const auto& version = charts->root->metadata->version;
    if (version != entry.version) {
      return Error(ErrorCode::invalid_input,
                   tree_->display(real) + " has version " + shown(version) + ", and the lock says " + shown(entry.version))
          .with_hint("lock again (gitopsctl chart lock)");
    }
    out.grafts.push_back({chart_.child("charts").child(real.name()), tree_, real});
    return {};
  }

  FileTreePtr tree_;
  TreePath chart_;
  const ChartAccess& access_;
};

}  // namespace

Result<ReleaseCharts> fetch_release_chart(const channels::Release& release, const ChartAccess& access) {
  ReleaseCharts out;
  if (!release.remote) return out;
  auto fetched = fetch(*release.remote, access);
  if (!fetched.ok()) {
    // Where the channel file names it: a place in what a server sent helps nobody to find it.
    const Error& error = fetched.error();
    return Error(error.code(), error.to_string()).at(release.where).with_hint(error.hint());
  }
  GITOPSCTL_TRY(const auto from, TreePath::parse(fetched->file_name));
  GITOPSCTL_TRY(out.chart, TreePath::parse(std::string(fetched_directory) + '/' + fetched->file_name));
  out.grafts.push_back({out.chart, fetched->tree(), from});
  out.records.push_back(record_of(*fetched));
  return out;
}

Result<ReleaseCharts> fetch_locked_dependencies(const FileTreePtr& tree, const TreePath& chart, const Error& missing,
                                                const ChartAccess& access) {
  GITOPSCTL_TRY(const auto real, tree->real_path(chart));
  GITOPSCTL_TRY(const auto charts, render::helm::load_chart(tree, real, false));
  const render::helm::Metadata& metadata = *charts->root->metadata;
  const auto lock_path = real.child(channels::lock_file_name(metadata));
  if (!tree->exists(lock_path)) {
    return missing.with_hint("commit their archives in charts/ (gitopsctl chart deps --update), or a " +
                             channels::lock_file_name(metadata) +
                             " that says which versions to fetch (gitopsctl chart lock): without one nothing is fetched");
  }
  GITOPSCTL_TRY(const auto text, tree->read(lock_path, max_lock_bytes));
  const auto place = tree->display(lock_path);
  GITOPSCTL_TRY(const auto lock, channels::parse_chart_lock(text, place));
  if (const auto same = channels::check_lock(metadata, lock); !same.ok()) {
    return same.error().at({.file = place}).with_hint("lock again (gitopsctl chart lock), and commit the lock");
  }
  std::set<std::string, std::less<>> present;
  for (const auto* child : charts->root->dependencies) present.insert(child->name());
  LockedDependencies dependencies(tree, real, access);
  for (const auto& entry : lock.dependencies) {
    if (entry.repository.empty() || !present.insert(entry.name).second) continue;
    if (auto added = dependencies.add(entry); !added.ok()) return added.error();
  }
  if (dependencies.out.grafts.empty()) return missing;
  return std::move(dependencies.out);
}

}  // namespace gitopsctl::agent
