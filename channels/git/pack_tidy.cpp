#include "channels/git/pack_tidy.hpp"

#include <git2/odb_backend.h>

#include <filesystem>
#include <vector>

#include "channels/git/library.hpp"

namespace gitopsctl::channels::git {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t many_packs = 32;
constexpr std::size_t many_loose = 2000;
/// Packs from here on are left alone: rewriting them again and again would cost more than one more file.
constexpr std::uintmax_t large_pack_bytes = 16U << 20U;

std::vector<fs::path> small_packs(const std::string& objects) {
  std::vector<fs::path> out;
  std::error_code failed;
  for (fs::directory_iterator it(objects + "/pack", failed), end; !failed && it != end; it.increment(failed)) {
    if (it->path().extension() != ".idx") continue;
    std::error_code unknown;
    const auto size = fs::file_size(fs::path(it->path()).replace_extension(".pack"), unknown);
    if (!unknown && size < large_pack_bytes) out.push_back(it->path());
  }
  return out;
}

bool is_fan_out(const std::string& name) {
  return name.size() == 2 && name.find_first_not_of("0123456789abcdef") == std::string::npos;
}

std::vector<fs::path> loose_objects(const std::string& objects) {
  std::vector<fs::path> out;
  std::error_code failed;
  for (fs::directory_iterator it(objects, failed), end; !failed && it != end; it.increment(failed)) {
    if (!is_fan_out(it->path().filename().string())) continue;
    std::error_code inner;
    for (fs::directory_iterator file(it->path(), inner), last; !inner && file != last; file.increment(inner)) {
      if (file->path().filename().string().size() == GIT_OID_HEXSZ - 2) out.push_back(file->path());
    }
  }
  return out;
}

int add_object(const git_oid* id, void* user) {
  return git_packbuilder_insert(static_cast<git_packbuilder*>(user), id, nullptr);
}

/// Adds every object of one pack.
Result<void> add_pack(git_packbuilder* builder, const fs::path& index) {
  git_odb* raw = nullptr;
  git_odb_backend* backend = nullptr;
  int code = git_odb_new(&raw);
  const OdbHandle odb(raw);
  if (code == 0) code = git_odb_backend_one_pack(&backend, index.c_str());
  if (code == 0) code = git_odb_add_backend(raw, backend, 1);
  if (code == 0) code = git_odb_foreach(raw, &add_object, builder);
  if (code != 0) return library_error(code, "tidy the packs");
  return {};
}

}  // namespace

Result<void> tidy_packs(git_repository* repository, const std::string& objects_directory) {
  const auto packs = small_packs(objects_directory);
  const auto loose = loose_objects(objects_directory);
  if (packs.size() < many_packs && loose.size() < many_loose) return {};

  git_packbuilder* raw = nullptr;
  int code = git_packbuilder_new(&raw, repository);
  const PackbuilderHandle builder(raw);
  if (code != 0) return library_error(code, "tidy the packs");
  for (const auto& index : packs) GITOPSCTL_CHECK(add_pack(raw, index));
  std::vector<fs::path> packed_loose;
  for (const auto& path : loose) {
    git_oid id;
    if (!to_oid(id, path.parent_path().filename().string() + path.filename().string())) continue;
    if (git_packbuilder_insert(raw, &id, nullptr) != 0) continue;  // a damaged one stays where it is
    packed_loose.push_back(path);
  }
  code = git_packbuilder_write(raw, (objects_directory + "/pack").c_str(), 0, nullptr, nullptr);
  if (code != 0) return library_error(code, "tidy the packs");

  const std::string kept = "pack-" + std::string(git_packbuilder_name(raw));
  std::error_code ignored;
  for (const auto& index : packs) {
    if (index.stem() == kept) continue;
    // The index first: a pack without one is garbage, an index without its pack is an error.
    fs::remove(index, ignored);
    fs::remove(fs::path(index).replace_extension(".pack"), ignored);
  }
  for (const auto& path : packed_loose) fs::remove(path, ignored);
  return {};
}

}  // namespace gitopsctl::channels::git
