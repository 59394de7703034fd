#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result/result.hpp"
#include "base/time/clock.hpp"
#include "channels/git/file_lock.hpp"
#include "channels/git/library.hpp"
#include "channels/git/object_reader.hpp"
#include "channels/git/ref_file.hpp"

namespace gitopsctl::channels::git {

/// The directory of one mirror: made, checked, mended and tidied. Beside it lies `DIRECTORY.lock`, held shared by whoever
/// has the mirror open and exclusively by whoever replaces or tidies it.
///
/// A directory that cannot be opened, whose refs cannot be read or whose refs lead nowhere is renamed to
/// `DIRECTORY.broken-TIME` (only the latest one is kept) and made anew; the next fetch fills it.
class MirrorStore {
 public:
  enum class Access : std::uint8_t {
    keep,  ///< may make, mend and tidy the directory
    read,  ///< only reads what whoever keeps it has there
  };
  /// `name` is how errors call the repository.
  static Result<std::unique_ptr<MirrorStore>> open(std::string directory, std::string name, Access access);

  [[nodiscard]] const std::string& directory() const noexcept { return directory_; }
  [[nodiscard]] std::string pack_directory() const { return directory_ + "/objects/pack"; }
  /// Opened when first needed, closed by trim().
  [[nodiscard]] Result<git_repository*> repository();
  [[nodiscard]] const std::shared_ptr<ObjectReader>& reader() const noexcept { return reader_; }
  /// What happened to the directory that a person should know.
  [[nodiscard]] const std::vector<std::string>& notes() const noexcept { return notes_; }

  /// Excludes other fetches into this mirror, of this process or another.
  [[nodiscard]] Result<FileLock> lock_for_fetch(const Interrupt& interrupt) const;
  /// Something in the mirror could not be read, by us or by somebody else who has it open: the next fetch fetches
  /// everything anew. Unless that happened, the next open sets the directory aside.
  [[nodiscard]] bool suspect() const;
  void clear_suspect() const;
  /// Closes what can be opened again, and tidies the packs when nobody else has the mirror open.
  void trim();

 private:
  MirrorStore(std::string directory, std::string name) : directory_(std::move(directory)), name_(std::move(name)) {}
  Result<void> prepare();
  Result<void> prepare_to_read();
  Result<void> create();
  Result<void> set_aside(const std::string& reason);
  Result<void> check();
  void sweep() const;

  std::string directory_;
  std::string name_;
  FileLock lock_;
  RepositoryHandle repository_;
  std::shared_ptr<ObjectReader> reader_;
  std::vector<std::string> notes_;
};

}  // namespace gitopsctl::channels::git
