#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/files/file_tree.hpp"

namespace gitopsctl {

namespace {

constexpr std::size_t block_size = 512;  // POSIX ustar
constexpr std::size_t max_long_name = 64UL << 10U;

Error bad_archive(const std::string& name, const std::string& what) {
  return Error(ErrorCode::invalid_input, "archive '" + name + "': " + what);
}

/// Inflates a gzip stream (of one or more members) with a bound on the output.
Result<std::string> gunzip(std::string_view bytes, const std::string& name, std::uint64_t max_bytes) {
  z_stream stream{};
  // 16: gzip header expected (zlib manual, inflateInit2)
  if (inflateInit2(&stream, 15 + 16) != Z_OK) return Error(ErrorCode::internal, "zlib does not start");
  std::string out;
  std::string buffer(256UL << 10U, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  Result<void> problem;
  for (;;) {
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = static_cast<uInt>(buffer.size());
    const int state = inflate(&stream, Z_NO_FLUSH);
    const std::size_t made = buffer.size() - stream.avail_out;
    if (out.size() + made > max_bytes) {
      problem = Error(ErrorCode::too_large, "archive '" + name + "' exceeds the maximum decompressed size of " +
                                                std::to_string(max_bytes) + " bytes");
      break;
    }
    out.append(buffer.data(), made);
    if (state == Z_STREAM_END) {
      if (stream.avail_in == 0) break;
      if (inflateReset(&stream) != Z_OK) {
        problem = bad_archive(name, "damaged after its first part");
        break;
      }
      continue;
    }
    if (state != Z_OK || (made == 0 && stream.avail_in == 0)) {
      problem = bad_archive(name, "not a complete gzip file");
      break;
    }
  }
  inflateEnd(&stream);
  if (!problem.ok()) return problem.error();
  return out;
}

std::string_view field(std::string_view block, std::size_t at, std::size_t size) {
  const auto text = block.substr(at, size);
  return text.substr(0, std::min(text.find('\0'), text.size()));
}

/// An octal number, or GNU's base-256 form; nothing when it is neither.
std::optional<std::uint64_t> parse_number(std::string_view text) {
  if (!text.empty() && (static_cast<unsigned char>(text[0]) & 0x80U) != 0) {
    std::uint64_t out = static_cast<unsigned char>(text[0]) & 0x7FU;
    for (const char c : text.substr(1)) {
      if (out > (~0ULL >> 8U)) return std::nullopt;
      out = (out << 8U) | static_cast<unsigned char>(c);
    }
    return out;
  }
  std::uint64_t out = 0;
  bool digits = false;
  for (const char c : text) {
    if (c == ' ' || c == '\0') {
      if (digits) break;
      continue;
    }
    if (c < '0' || c > '7' || out > (~0ULL >> 3U)) return std::nullopt;
    out = (out << 3U) | static_cast<std::uint64_t>(c - '0');
    digits = true;
  }
  return out;
}

bool checksum_matches(std::string_view block) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < block_size; ++i) {
    sum += i >= 148 && i < 156 ? static_cast<unsigned char>(' ') : static_cast<unsigned char>(block[i]);
  }
  return parse_number(block.substr(148, 8)) == sum;
}

/// The records of a pax header that matter here: path, linkpath, size.
struct Pax {
  std::string path, link;
  std::optional<std::uint64_t> size;
};

bool read_pax(std::string_view text, Pax& out) {
  while (!text.empty()) {
    const auto blank = text.find(' ');
    if (blank > 8) return false;  // none at all is npos
    std::size_t length = 0;
    for (const char c : text.substr(0, blank)) {
      if (c < '0' || c > '9') return false;
      length = length * 10 + static_cast<std::size_t>(c - '0');
    }
    if (length <= blank + 1 || length > text.size() || text[length - 1] != '\n') return false;
    const auto record = text.substr(blank + 1, length - blank - 2);
    const auto equals = record.find('=');
    if (equals == std::string_view::npos) return false;
    const auto key = record.substr(0, equals), value = record.substr(equals + 1);
    if (key == "path") out.path = value;
    if (key == "linkpath") out.link = value;
    if (key == "size") {
      std::uint64_t size = 0;
      for (const char c : value) {
        if (c < '0' || c > '9' || size > (1ULL << 50U)) return false;
        size = size * 10 + static_cast<std::uint64_t>(c - '0');
      }
      out.size = size;
    }
    text.remove_prefix(length);
  }
  return true;
}

/// One entry's path as a TreePath; unlike in trees, `..` is refused wherever it stands.
Result<TreePath> entry_path(const std::string& archive, std::string_view text, std::uint32_t max_depth) {
  if (text.find('\0') != std::string_view::npos || text.find('\\') != std::string_view::npos) {
    return Error(ErrorCode::forbidden, "archive '" + archive + "' holds an impossible path");
  }
  if (text.size() >= 2 && text[1] == ':' && ((text[0] | 0x20) >= 'a' && (text[0] | 0x20) <= 'z')) {
    return Error(ErrorCode::forbidden, "archive '" + archive + "' contains an illegally named file with a drive letter");
  }
  std::string_view rest = text;
  while (!rest.empty()) {
    const auto slash = rest.find('/');
    if (rest.substr(0, slash) == "..") {
      return Error(ErrorCode::forbidden, "archive '" + archive + "' contains a path that climbs with '..'");
    }
    rest = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash + 1);
  }
  auto path = TreePath::parse(text);
  if (!path.ok()) return path.error().in("archive '" + archive + "'");
  if (std::ranges::count(path->str(), '/') >= max_depth) {
    return Error(ErrorCode::too_large,
                 "archive '" + archive + "' nests directories more than " + std::to_string(max_depth) + " deep");
  }
  return path;
}

class ArchiveReader {
 public:
  ArchiveReader(std::string_view tar, std::string name, const ArchiveLimits& limits)
      : tar_(tar), name_(std::move(name)), limits_(limits) {}

  Result<FileTreePtr> read() {
    auto tree = std::make_shared<MemoryTree>();
    while (tar_.size() >= block_size) {
      const auto block = tar_.substr(0, block_size);
      tar_.remove_prefix(block_size);
      if (block.find_first_not_of('\0') == std::string_view::npos) break;  // end of archive
      if (!checksum_matches(block)) return bad_archive(name_, "a header is damaged");
      if (++entries_ > limits_.max_entries) {
        return Error(ErrorCode::too_large,
                     "archive '" + name_ + "' has more than " + std::to_string(limits_.max_entries) + " entries");
      }
      GITOPSCTL_CHECK(read_entry(block, *tree));
      if (tree->made() > limits_.max_nodes) {
        return Error(ErrorCode::too_large, "archive '" + name_ + "' makes more than " + std::to_string(limits_.max_nodes) +
                                               " files and directories");
      }
    }
    return FileTreePtr(std::move(tree));
  }

 private:
  Result<void> read_entry(std::string_view block, MemoryTree& tree) {
    auto size = parse_number(block.substr(124, 12));
    const char type = block[156];
    const bool header_only = type == 'x' || type == 'g' || type == 'L' || type == 'K';
    if (pax_.size && !header_only) size = pax_.size;
    if (!size || *size > tar_.size()) return bad_archive(name_, "cut off");
    const auto content = tar_.substr(0, static_cast<std::size_t>(*size));
    const auto padded = (*size + block_size - 1) / block_size * block_size;
    tar_.remove_prefix(std::min<std::size_t>(tar_.size(), static_cast<std::size_t>(padded)));
    if (header_only) return read_header(type, content);

    std::string path = pax_.path.empty() ? std::string(field(block, 0, 100)) : pax_.path;
    if (pax_.path.empty() && block.substr(257, 5) == "ustar" && !field(block, 345, 155).empty()) {
      path = std::string(field(block, 345, 155)) + '/' + path;
    }
    std::string link = pax_.link.empty() ? std::string(field(block, 157, 100)) : pax_.link;
    pax_ = {};
    GITOPSCTL_TRY(const TreePath at, entry_path(name_, path, limits_.max_depth));
    const bool old_directory = (type == '\0' || type == '0' || type == '7') && path.ends_with('/');
    if (old_directory || type == '5') return {};  // directories come with their files
    if (at.is_root()) return bad_archive(name_, "holds a file or link without a name");
    switch (type) {
      case '\0':
      case '0':
      case '7': tree.add(at, std::string(content), (parse_number(block.substr(100, 8)).value_or(0) & 0100U) != 0); return {};
      case '2': tree.add_link(at, std::move(link)); return {};
      case '1': {  // a hard link: the bytes of an earlier entry
        GITOPSCTL_TRY(const TreePath target, entry_path(name_, link, limits_.max_depth));
        GITOPSCTL_TRY(std::string bytes, tree.read(target));
        copied_ += bytes.size();
        if (copied_ > limits_.max_total_bytes) {
          return Error(ErrorCode::too_large, "archive '" + name_ + "' unpacks to too many bytes through hard links");
        }
        tree.add(at, std::move(bytes));
        return {};
      }
      default: return bad_archive(name_, "'" + at.str() + "' is neither a file, a directory nor a link");
    }
  }

  Result<void> read_header(char type, std::string_view content) {
    if (content.size() > max_long_name) return bad_archive(name_, "a name is too long");
    if (type == 'x' && !read_pax(content, pax_)) return bad_archive(name_, "an extended header is damaged");
    const auto text = content.substr(0, std::min(content.find('\0'), content.size()));
    if (type == 'L') pax_.path = text;
    if (type == 'K') pax_.link = text;
    return {};  // 'g', a global header, carries nothing that we use
  }

  std::string_view tar_;
  std::string name_;
  ArchiveLimits limits_;
  Pax pax_;
  std::uint64_t entries_ = 0;
  std::uint64_t copied_ = 0;
};

}  // namespace

Result<FileTreePtr> open_tgz(std::string_view bytes, const std::string& name, ArchiveLimits limits) {
  if (bytes.size() > limits.max_total_bytes) {
    return Error(ErrorCode::too_large,
                 "archive '" + name + "' is larger than " + std::to_string(limits.max_total_bytes) + " bytes");
  }
  GITOPSCTL_TRY(const std::string tar, gunzip(bytes, name, limits.max_total_bytes));
  return ArchiveReader(tar, name, limits).read();
}

}  // namespace gitopsctl
