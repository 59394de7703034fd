#include "channels/registry/cache.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <tuple>
#include <utility>
#include <vector>

#include "base/crypto/digest.hpp"
#include "base/files/file_tree.hpp"
#include "base/files/private_directory.hpp"
#include "base/json/json.hpp"

namespace gitopsctl::channels {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view algorithm = "sha256:";
constexpr std::uint64_t max_pin_bytes = 16U << 10U;
/// What a process left that was killed while it wrote.
constexpr auto abandoned_after = std::chrono::hours(1);

std::optional<std::string> read_file(const std::string& path, std::uint64_t max_bytes) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (file < 0) return std::nullopt;
  struct stat info{};
  std::optional<std::string> out;
  if (::fstat(file, &info) == 0 && S_ISREG(info.st_mode) && static_cast<std::uint64_t>(info.st_size) <= max_bytes) {
    out.emplace(static_cast<std::size_t>(info.st_size), '\0');
    std::size_t got = 0;
    while (got < out->size()) {
      const ssize_t part = ::read(file, out->data() + got, out->size() - got);
      if (part < 0 && errno == EINTR) continue;
      if (part <= 0) break;
      got += static_cast<std::size_t>(part);
    }
    if (got != out->size()) out.reset();
  }
  ::close(file);
  return out;
}

/// Marks as used now: the time of the last change is what eviction goes by (that of the last access is often off).
void touch(const std::string& path) { static_cast<void>(::utimensat(AT_FDCWD, path.c_str(), nullptr, 0)); }

struct Entry {
  fs::file_time_type used;
  std::uint64_t size;
  std::string path;
};

std::vector<Entry> entries_below(const std::string& directory) {
  std::vector<Entry> out;
  std::error_code failed;
  for (fs::recursive_directory_iterator it(directory, failed), end; !failed && it != end; it.increment(failed)) {
    std::error_code gone;
    if (!it->is_regular_file(gone) || gone) continue;
    Entry entry{it->last_write_time(gone), it->file_size(gone), it->path().string()};
    if (!gone) out.push_back(std::move(entry));
  }
  std::sort(out.begin(), out.end(),
            [](const Entry& a, const Entry& b) { return std::tie(a.used, a.path) < std::tie(b.used, b.path); });
  return out;
}

void remove_file(const std::string& path) { static_cast<void>(::unlink(path.c_str())); }

}  // namespace

ChartCache::ChartCache(std::string directory, std::uint64_t max_bytes)
    : directory_(std::move(directory)), max_bytes_(max_bytes) {}

std::string ChartCache::blob_path(std::string_view digest) const {
  if (!digest.starts_with(algorithm)) return {};
  const auto hex = digest.substr(algorithm.size());
  if (hex.size() != 64 || hex.find_first_not_of("0123456789abcdef") != std::string_view::npos) return {};
  return directory_ + "/blobs/sha256/" + std::string(hex.substr(0, 2)) + '/' + std::string(hex);
}

std::optional<std::string> ChartCache::get(std::string_view digest) {
  const std::string path = directory_.empty() ? std::string() : blob_path(digest);
  if (path.empty()) return std::nullopt;
  auto content = read_file(path, FileTree::default_max_bytes);
  if (!content) return std::nullopt;
  if (sha256_hex(*content) != digest.substr(algorithm.size())) {
    remove_file(path);
    return std::nullopt;
  }
  touch(path);
  return content;
}

bool ChartCache::write(const std::string& path, std::string_view content) const {
  if (make_private_directory(directory_)) return false;
  std::error_code failed;
  fs::create_directories(fs::path(path).parent_path(), failed);
  if (failed) return false;
  const std::string fresh = directory_ + "/new-" + hex_encode(random_bytes(12));
  const int file = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return false;
  std::size_t done = 0;
  while (done < content.size()) {
    const ssize_t part = ::write(file, content.data() + done, content.size() - done);
    if (part < 0 && errno == EINTR) continue;
    if (part <= 0) break;
    done += static_cast<std::size_t>(part);
  }
  // Not synced: after a crash of the machine a file that is not whole is found out when it is read.
  const bool whole = ::close(file) == 0 && done == content.size();
  if (whole && std::rename(fresh.c_str(), path.c_str()) == 0) return true;
  remove_file(fresh);
  return false;
}

std::string ChartCache::put(std::string_view content) {
  std::string digest = std::string(algorithm) + sha256_hex(content);
  if (directory_.empty() || content.size() > max_bytes_) return digest;
  const std::lock_guard lock(mutex_);
  const std::string path = blob_path(digest);
  if (!write(path, content)) return digest;
  if (size_) *size_ += content.size();
  if (!size_ || *size_ > max_bytes_) shrink(path);
  return digest;
}

/// Removes what was used longest ago, some more than is needed, so that this is not done for every blob.
void ChartCache::shrink(const std::string& keep) {
  const auto entries = entries_below(directory_ + "/blobs");
  std::uint64_t sum = 0;
  for (const auto& entry : entries) sum += entry.size;
  if (sum > max_bytes_) {
    for (const auto& entry : entries) {
      if (sum <= max_bytes_ - max_bytes_ / 10) break;
      if (entry.path == keep) continue;
      remove_file(entry.path);
      sum -= entry.size;
    }
  }
  size_ = sum;
  std::error_code failed;
  const auto now = fs::file_time_type::clock::now();
  for (fs::directory_iterator it(directory_, failed), end; !failed && it != end; it.increment(failed)) {
    std::error_code gone;
    const bool left =
        it->path().filename().string().starts_with("new-") && now - it->last_write_time(gone) > abandoned_after;
    if (left && !gone) remove_file(it->path().string());
  }
}

std::optional<ChartPin> ChartCache::pin(std::string_view key) {
  if (directory_.empty()) return std::nullopt;
  const std::string path = directory_ + "/pins/" + sha256_hex(key);
  const auto text = read_file(path, max_pin_bytes);
  if (!text) return std::nullopt;
  const auto value = parse_json(*text);
  ChartPin out;
  if (value.ok() && value->string_at({"for"}) == key) {
    out.version = value->string_at({"version"});
    out.digest = value->string_at({"digest"});
    out.archive = value->string_at({"archive"});
  }
  if (out.version.empty() || blob_path(out.digest).empty() || blob_path(out.archive).empty()) {
    remove_file(path);
    return std::nullopt;
  }
  touch(path);
  return out;
}

void ChartCache::set_pin(std::string_view key, const ChartPin& pin) {
  if (directory_.empty()) return;
  const std::lock_guard lock(mutex_);
  const std::string text = canonical_json(make_map({{"archive", Value::string(pin.archive)},
                                                    {"digest", Value::string(pin.digest)},
                                                    {"for", Value::string(key)},
                                                    {"version", Value::string(pin.version)}}));
  if (text.size() > max_pin_bytes || !write(directory_ + "/pins/" + sha256_hex(key), text)) return;
  const auto entries = entries_below(directory_ + "/pins");
  for (std::size_t i = 0; i + max_pins < entries.size(); ++i) remove_file(entries[i].path);
}

}  // namespace gitopsctl::channels
