// `gitopsctl chart pull`, `chart deps` and `chart lock`.
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "agent/cli/chart_options.hpp"
#include "agent/cli/runs.hpp"
#include "base/process/signals.hpp"
#include "base/text/escape.hpp"
#include "channels/registry/dependency_update.hpp"

namespace gitopsctl::agent::cli {

namespace {

namespace fs = std::filesystem;

constexpr int max_unpack_depth = 100;

Interrupt interrupt_of(const Invocation& invocation) {
  Deadline deadline;
  if (const auto span = invocation.duration("timeout")) deadline = Deadline(system_clock(), *span);
  return {stop_on_signals(), deadline};
}

Result<void> write_file(const fs::path& path, std::string_view content) {
  const auto failed = [&] { return Error(ErrorCode::unavailable, "cannot write " + path.string()); };
  std::error_code problem;
  const fs::path fresh = path.string() + ".new";
  fs::remove(fresh, problem);
  std::ofstream file(fresh, std::ios::binary | std::ios::trunc);
  file.write(content.data(), static_cast<std::streamsize>(content.size()));
  file.close();
  if (file) fs::rename(fresh, path, problem);
  if (file && !problem) return {};
  std::error_code ignored;
  fs::remove(fresh, ignored);
  return failed();
}

/// Writes the files of an archive below `root`, which is new. Links inside the archive become copies of what they name.
class Unpacker {
 public:
  explicit Unpacker(const FileTree& tree) : tree_(tree) {}

  Result<void> unpack(const TreePath& from, const fs::path& to, int depth = 0) {
    if (depth > max_unpack_depth) return Error(ErrorCode::too_large, "the archive is nested too deeply");
    std::error_code failed;
    fs::create_directory(to, failed);
    if (failed) return Error(ErrorCode::unavailable, "cannot make " + to.string() + ": " + failed.message());
    GITOPSCTL_TRY(const auto names, tree_.list(from));
    for (const auto& entry : names) {
      const auto child = from.child(entry.name);
      if (entry.type == FileType::directory) {
        GITOPSCTL_CHECK(unpack(child, to / entry.name, depth + 1));
        continue;
      }
      GITOPSCTL_TRY(const auto info, tree_.stat(child));
      if (info.type != FileType::file) {
        return Error(ErrorCode::unsupported, "the archive has a link to a directory: " + terminal_safe(child.str()))
            .with_hint("keep the archive as it is, without --untar");
      }
      GITOPSCTL_TRY(const auto content, tree_.read(child));
      written_ += content.size();
      if (written_ > FileTree::default_max_bytes) {
        return Error(ErrorCode::too_large, "the archive unpacks to more than 100 MiB");
      }
      GITOPSCTL_CHECK(write_file(to / entry.name, content));
    }
    return {};
  }

 private:
  const FileTree& tree_;
  std::uint64_t written_ = 0;
};

Result<std::string> unpack_chart(const channels::FetchedChart& fetched, const fs::path& into) {
  GITOPSCTL_TRY(const auto tree, open_tgz(*fetched.bytes, fetched.file_name));
  GITOPSCTL_TRY(const auto top, tree->list({}));
  if (top.size() != 1 || top.front().type != FileType::directory) {
    return Error(ErrorCode::invalid_input, "the archive is no chart: it must hold one directory and nothing beside it");
  }
  std::error_code failed;
  fs::create_directories(into, failed);
  const fs::path target = into / top.front().name;
  struct stat info{};
  if (::lstat(target.c_str(), &info) == 0) {
    return Error(ErrorCode::conflict,
                 "failed to untar: a file or directory with the name " + target.string() + " already exists")
        .with_hint("remove it, or choose another --destination");
  }
  const auto done = Unpacker(*tree).unpack(TreePath().child(top.front().name), target);
  if (!done.ok()) {
    fs::remove_all(target, failed);  // it was not there before
    return done.error();
  }
  return target.string();
}

Result<void> with_work(const Invocation& invocation, const std::string& directory, bool quiet,
                       const std::function<Result<void>(const channels::DependencyWork&)>& run) {
  GITOPSCTL_TRY(auto options, chart_options(invocation, {}));
  channels::ChartSource source(std::move(options), system_clock());
  const Interrupt interrupt = interrupt_of(invocation);
  Terminal& terminal = invocation.terminal();
  const channels::DependencyWork work{.directory = directory,
                                      .source = source,
                                      .now = system_clock().now(),
                                      .interrupt = interrupt,
                                      .say =
                                          [&](const std::string& line) {
                                            if (!quiet) terminal.out(terminal_safe(line) + '\n');
                                          },
                                      .fetched =
                                          [&](const channels::FetchedChart& chart) {
                                            if (!quiet && chart.asked.in_registry()) terminal.out(pulled_text(chart, true));
                                          }};
  return run(work);
}

}  // namespace

Result<int> run_chart_pull(const Invocation& invocation) {
  Terminal& terminal = invocation.terminal();
  if (invocation.is_set("verify")) {
    return Error(ErrorCode::unsupported, "signatures of charts are not verified by this version")
        .with_hint("fetch the provenance file with --prov and verify it with helm verify, or pin the digest");
  }
  const std::string word(invocation.argument(0));
  GITOPSCTL_TRY(const auto chart, named_chart(invocation, word));
  GITOPSCTL_TRY(auto options, chart_options(invocation, chart.location));
  channels::ChartSource source(std::move(options), system_clock());
  const Interrupt interrupt = interrupt_of(invocation);
  GITOPSCTL_TRY(const auto fetched, source.fetch(chart, interrupt));
  const fs::path destination = invocation.text("destination", ".");
  std::error_code failed;
  if (!fs::is_directory(destination, failed)) {
    return Error(ErrorCode::not_found, "there is no directory " + destination.string()).with_hint("make it first");
  }
  if (invocation.is_set("prov")) {
    GITOPSCTL_TRY(const auto provenance, source.provenance(fetched, interrupt));
    GITOPSCTL_CHECK(write_file(destination / (fetched.file_name + ".prov"), provenance));
  }
  std::string saved;
  if (invocation.is_set("untar")) {
    const fs::path below = invocation.text("untardir", ".");
    GITOPSCTL_TRY(saved, unpack_chart(fetched, below.is_absolute() ? below : destination / below));
  } else {
    const fs::path file = destination / fetched.file_name;
    GITOPSCTL_CHECK(write_file(file, *fetched.bytes));
    saved = file.string();
  }
  terminal.out(pulled_text(fetched, false));
  terminal.err("saved as " + terminal_safe(fs::path(saved).lexically_normal().string()) + '\n');
  return 0;
}

Result<int> run_chart_deps(const Invocation& invocation) {
  const std::string directory(invocation.argument(0));
  const bool update = invocation.is_set("update");
  const bool build = invocation.is_set("build");
  if (update && build) return Error(ErrorCode::invalid_input, "--update and --build do different things: give one of them");
  if (!update && !build) {
    GITOPSCTL_TRY(const auto list, channels::list_dependencies(directory));
    invocation.terminal().out(list);
    return 0;
  }
  GITOPSCTL_CHECK(with_work(invocation, directory, false, [&](const channels::DependencyWork& work) {
    return update ? channels::update_dependencies(work) : channels::build_dependencies(work);
  }));
  return 0;
}

Result<int> run_chart_lock(const Invocation& invocation) {
  const std::string directory(invocation.argument(0));
  bool changed = false;
  GITOPSCTL_CHECK(with_work(invocation, directory, true, [&](const channels::DependencyWork& work) -> Result<void> {
    GITOPSCTL_TRY(changed, channels::lock_dependencies(work));
    return {};
  }));
  invocation.terminal().err(changed ? "the lock file was written\n" : "the lock file is up to date\n");
  return 0;
}

}  // namespace gitopsctl::agent::cli
