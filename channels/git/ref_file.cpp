#include "channels/git/ref_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <system_error>
#include <vector>

#include "base/process/crash_point.hpp"
#include "base/text/escape.hpp"
#include "channels/git/protocol.hpp"
#include "channels/git/ref_name.hpp"

namespace gitopsctl::channels::git {
namespace {

// gitrepository-layout / git-pack-refs: `ID SP NAME` sorted by name; `^ID` after a tag is what it leads to. "fully-peeled"
// promises that a ref without such a line is no tag object; all of ours are commits.
constexpr std::string_view header = "# pack-refs with: peeled fully-peeled sorted \n";

struct Line {
  std::string id;
  std::string name;
  std::string peeled;
};

std::string path_of(const std::string& directory) { return directory + "/packed-refs"; }

Error damaged(const std::string& directory) {
  return {ErrorCode::invalid_input, "the file " + terminal_safe(path_of(directory)) + " is damaged"};
}

Error system_error(int error, const std::string& what) {
  Error out(error == EACCES || error == EROFS ? ErrorCode::forbidden : ErrorCode::unavailable,
            what + ": " + std::generic_category().message(error));
  return error == ENOSPC || error == EDQUOT ? out.with_hint("free space on the disk of the mirrors") : out;
}

/// A million refs with long names.
constexpr std::size_t max_file_bytes = std::size_t{256} << 20U;

/// The bytes of the file; none when it is not there, and only then: refs that cannot be read must not look deleted.
Result<std::string> read_all(const std::string& directory) {
  const std::string what = "read the mirror's refs in " + terminal_safe(path_of(directory));
  const int file = ::open(path_of(directory).c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0 && errno == ENOENT) return std::string();
  if (file < 0) return system_error(errno, what);
  std::string text;
  Result<void> done;
  std::array<char, 65536> buffer{};
  for (;;) {
    const auto count = ::read(file, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) done = system_error(errno, what);
    if (count <= 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(count));
    if (text.size() > max_file_bytes) {
      done = damaged(directory);
      break;
    }
  }
  ::close(file);
  if (!done) return done.error();
  return text;
}

Result<std::vector<Line>> read_lines(const std::string& directory) {
  std::vector<Line> out;
  GITOPSCTL_TRY(const std::string text, read_all(directory));
  if (!text.empty() && text.back() != '\n') return damaged(directory);
  std::string_view rest = text;
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    const auto line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    if (line.starts_with('#') || line.empty()) continue;
    if (line.starts_with('^')) {
      if (out.empty() || !is_object_id(line.substr(1))) return damaged(directory);
      out.back().peeled = line.substr(1);
      continue;
    }
    if (line.size() < 42 || line[40] != ' ' || !is_object_id(line.substr(0, 40))) return damaged(directory);
    out.push_back({std::string(line.substr(0, 40)), std::string(line.substr(41)), {}});
  }
  return out;
}

Result<void> write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto wrote = ::write(file, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return system_error(errno, "write the mirror's refs");
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return {};
}

/// Writes `bytes` to `path` and makes sure that they are on the disk.
Result<void> write_synced(const std::string& path, std::string_view bytes) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return system_error(errno, "write the mirror's refs");
  auto done = write_all(file, bytes.substr(0, bytes.size() / 2));
  crash_point(CrashPoint::fetch_ref_file_half);
  if (done.ok()) done = write_all(file, bytes.substr(bytes.size() / 2));
  if (done.ok() && fsync(file) != 0) done = system_error(errno, "write the mirror's refs");
  if (close(file) != 0 && done.ok()) done = system_error(errno, "write the mirror's refs");
  return done;
}

}  // namespace

Result<RefMap> read_refs(const std::string& directory) {
  GITOPSCTL_TRY(const auto lines, read_lines(directory));
  RefMap out;
  for (const auto& line : lines) {
    if (!line.name.starts_with(mirror_prefix)) continue;
    const std::string name = "refs/" + line.name.substr(mirror_prefix.size());
    if (!is_safe_ref_name(name)) return damaged(directory);
    out.emplace(name, line.id);
  }
  return out;
}

Result<void> write_refs(const std::string& directory, const RefMap& refs) {
  GITOPSCTL_TRY(const auto old, read_lines(directory));
  std::map<std::string, Line> lines;
  for (const auto& line : old) {
    if (!line.name.starts_with(mirror_prefix)) lines.emplace(line.name, line);
  }
  for (const auto& [name, id] : refs) {
    std::string kept = std::string(mirror_prefix) + name.substr(std::string_view("refs/").size());
    lines.emplace(kept, Line{id, kept, {}});
  }
  std::string text(header);
  for (const auto& [name, line] : lines) {
    text += line.id + ' ' + name + '\n';
    if (!line.peeled.empty()) text += '^' + line.peeled + '\n';
  }
  const std::string beside = path_of(directory) + ".gitopsctl";
  if (auto wrote = write_synced(beside, text); !wrote) {
    ::unlink(beside.c_str());
    return wrote;
  }
  if (std::rename(beside.c_str(), path_of(directory).c_str()) != 0) {
    return system_error(errno, "write the mirror's refs");
  }
  if (const int folder = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); folder >= 0) {
    fsync(folder);
    close(folder);
  }
  return {};
}

}  // namespace gitopsctl::channels::git
