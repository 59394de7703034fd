#include "channels/git/mirror_store.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>

#include "base/text/escape.hpp"
#include "channels/git/pack_tidy.hpp"

namespace gitopsctl::channels::git {
namespace {

namespace fs = std::filesystem;

/// How many of the refs' commits are looked at when a mirror is opened.
constexpr std::size_t max_checked_tips = 256;
/// How long opening waits for somebody who tidies the mirror.
constexpr Millis tidy_wait{60'000};
/// Tells our mirrors from whatever else a directory may hold, which is never renamed or written to.
constexpr std::string_view marker_file = "/gitopsctl-mirror";
constexpr std::string_view broken_suffix = ".broken-";
constexpr std::string_view new_suffix = ".new-";

/// The entries beside `directory` whose names are its name and `suffix` and more.
std::vector<fs::path> beside(const std::string& directory, std::string_view suffix) {
  std::vector<fs::path> out;
  const fs::path path(directory);
  const std::string start = path.filename().string() + std::string(suffix);
  std::error_code failed;
  for (fs::directory_iterator it(path.parent_path(), failed), end; !failed && it != end; it.increment(failed)) {
    if (it->path().filename().string().starts_with(start)) out.push_back(it->path());
  }
  std::ranges::sort(out);
  return out;
}

}  // namespace

Result<std::unique_ptr<MirrorStore>> MirrorStore::open(std::string directory, std::string name, Access access) {
  start_library();
  while (directory.size() > 1 && directory.ends_with('/')) directory.pop_back();
  std::error_code failed;
  const auto absolute = fs::absolute(directory, failed);
  if (failed || directory.empty()) return Error(ErrorCode::invalid_input, "the mirror's directory is not usable");
  std::unique_ptr<MirrorStore> store(new MirrorStore(absolute.string(), std::move(name)));
  GITOPSCTL_CHECK(access == Access::keep ? store->prepare() : store->prepare_to_read());
  return store;
}

Result<void> MirrorStore::prepare() {
  std::error_code failed;
  fs::create_directories(fs::path(directory_).parent_path(), failed);
  if (failed) {
    return Error(failed == std::errc::permission_denied ? ErrorCode::forbidden : ErrorCode::unavailable,
                 "make the directory of mirror " + terminal_safe(directory_) + ": " + failed.message());
  }
  GITOPSCTL_TRY(lock_, FileLock::open(directory_ + ".lock"));
  const bool alone = lock_.try_lock(FileLock::Mode::exclusive);
  if (!alone) {
    const Interrupt wait{{}, Deadline(system_clock(), tidy_wait)};
    GITOPSCTL_CHECK(lock_.lock(FileLock::Mode::shared, wait, "mirror " + terminal_safe(directory_)));
  }
  if (alone) sweep();
  if (!fs::exists(directory_, failed) || fs::is_empty(directory_, failed)) {
    GITOPSCTL_CHECK(create());
  } else if (!fs::exists(directory_ + std::string(marker_file), failed)) {
    return Error(ErrorCode::invalid_input, terminal_safe(directory_) + " exists and is no mirror of gitopsctl")
        .with_hint("give the mirrors a directory of their own");
  }
  auto good = check();
  // It would hit a fresh mirror as well.
  if (!good && is_of_the_machine(good.error())) return good;
  if (!good && alone) {
    GITOPSCTL_CHECK(set_aside(good.error().message()));
    GITOPSCTL_CHECK(create());
    good = check();
  }
  if (!good) return good;
  if (alone) {
    GITOPSCTL_TRY(git_repository * handle, repository());
    // Tidying is a favour: what it fails at is met again by who needs it.
    (void)tidy_packs(handle, directory_ + "/objects").ok();
    repository_.reset();
    reader_->trim();
    const Interrupt wait{{}, Deadline(system_clock(), tidy_wait)};
    GITOPSCTL_CHECK(lock_.lock(FileLock::Mode::shared, wait, "mirror " + terminal_safe(directory_)));
  }
  return {};
}

Result<void> MirrorStore::prepare_to_read() {
  GITOPSCTL_TRY(lock_, FileLock::open(directory_ + ".lock"));
  const Interrupt wait{{}, Deadline(system_clock(), tidy_wait)};
  GITOPSCTL_CHECK(lock_.lock(FileLock::Mode::shared, wait, "mirror " + terminal_safe(directory_)));
  std::error_code failed;
  if (!fs::exists(directory_ + std::string(marker_file), failed)) {
    return Error(ErrorCode::unavailable, "there is no mirror " + terminal_safe(directory_) + " yet")
        .with_hint("it is made with the first look at the repository");
  }
  GITOPSCTL_TRY(reader_, ObjectReader::open(directory_, name_));
  return {};
}

void MirrorStore::sweep() const {
  std::error_code ignored;
  for (const auto& path : beside(directory_, new_suffix)) fs::remove_all(path, ignored);
  // What a killed fetch left: libgit2 names them pack_git2_XXXXXX.
  for (fs::directory_iterator it(pack_directory(), ignored), end; !ignored && it != end; it.increment(ignored)) {
    if (it->path().filename().string().find("_git2_") != std::string::npos) {
      std::error_code stays;
      fs::remove(it->path(), stays);
    }
  }
}

Result<void> MirrorStore::create() {
  const std::string fresh = directory_ + std::string(new_suffix) + std::to_string(getpid());
  std::error_code failed;
  fs::remove_all(fresh, failed);
  git_repository_init_options options;
  git_repository_init_options_init(&options, GIT_REPOSITORY_INIT_OPTIONS_VERSION);
  options.flags = GIT_REPOSITORY_INIT_BARE | GIT_REPOSITORY_INIT_MKDIR | GIT_REPOSITORY_INIT_NO_REINIT;
  options.initial_head = "gitopsctl-nothing";
  git_repository* made = nullptr;
  const int code = git_repository_init_ext(&made, fresh.c_str(), &options);
  if (code != 0) return library_error(code, "make the mirror " + terminal_safe(directory_));
  git_repository_free(made);
  GITOPSCTL_CHECK(FileLock::open(fresh + std::string(marker_file)));
  ::chmod(fresh.c_str(), 0700);  // what is in a private repository is not for everybody on the machine
  fs::rename(fresh, directory_, failed);
  if (failed) {
    return Error(ErrorCode::unavailable, "make the mirror " + terminal_safe(directory_) + ": " + failed.message());
  }
  return {};
}

Result<void> MirrorStore::set_aside(const std::string& reason) {
  repository_.reset();
  reader_.reset();
  std::error_code failed;
  const auto older = beside(directory_, broken_suffix);
  const std::string target =
      directory_ + std::string(broken_suffix) + std::to_string(system_clock().now().time_since_epoch().count());
  fs::rename(directory_, target, failed);
  if (failed) {
    return Error(ErrorCode::unavailable,
                 "mirror " + terminal_safe(directory_) + " is damaged and cannot be set aside: " + failed.message());
  }
  for (const auto& path : older) {
    if (path.string() != target) fs::remove_all(path, failed);
  }
  notes_.push_back("mirror " + terminal_safe(directory_) + " was damaged (" + reason + "); it is kept as " +
                   terminal_safe(target) + " and fetched anew");
  return {};
}

Result<void> MirrorStore::check() {
  std::error_code failed;
  if (fs::exists(directory_ + std::string(suspect_file), failed)) {
    return Error(ErrorCode::invalid_input, "objects that should be there could not be read");
  }
  repository_.reset();
  GITOPSCTL_CHECK(repository());
  GITOPSCTL_TRY(reader_, ObjectReader::open(directory_, name_));
  GITOPSCTL_TRY(const RefMap refs, read_refs(directory_));
  std::set<std::string> tips;
  for (const auto& [name, id] : refs) {
    if (tips.size() < max_checked_tips) tips.insert(id);
  }
  for (const auto& id : tips) {
    GITOPSCTL_TRY(const auto commit, reader_->commit(id));
    GITOPSCTL_CHECK(reader_->tree(commit.tree));
  }
  return {};
}

Result<git_repository*> MirrorStore::repository() {
  if (repository_ == nullptr) {
    GITOPSCTL_TRY(repository_, open_repository(directory_));
    if (git_repository_is_bare(repository_.get()) != 1) {
      return Error(ErrorCode::invalid_input,
                   terminal_safe(directory_) + " is a repository with a working tree, not a mirror")
          .with_hint("give the mirrors a directory of their own");
    }
  }
  return repository_.get();
}

Result<FileLock> MirrorStore::lock_for_fetch(const Interrupt& interrupt) const {
  GITOPSCTL_TRY(FileLock lock, FileLock::open(directory_ + "/gitopsctl-fetch.lock"));
  GITOPSCTL_CHECK(lock.lock(FileLock::Mode::exclusive, interrupt, "another fetch into " + terminal_safe(directory_)));
  return lock;
}

bool MirrorStore::suspect() const {
  std::error_code unknown;
  return reader_->suspect() || fs::exists(directory_ + std::string(suspect_file), unknown);
}

void MirrorStore::clear_suspect() const {
  reader_->clear_suspicion();
  std::error_code ignored;
  fs::remove(directory_ + std::string(suspect_file), ignored);
}

void MirrorStore::trim() {
  repository_.reset();
  reader_->trim();
  // Trees that were handed out read through the same reader, so only another holder of the mirror can be in the way.
  if (lock_.try_lock(FileLock::Mode::exclusive)) {
    if (const auto handle = repository(); handle.ok()) (void)tidy_packs(*handle, directory_ + "/objects").ok();
    repository_.reset();
    reader_->trim();
  }
  const Interrupt wait{{}, Deadline(system_clock(), tidy_wait)};
  (void)lock_.lock(FileLock::Mode::shared, wait, "mirror").ok();
}

}  // namespace gitopsctl::channels::git
