// Chart archives come from anywhere. Most inputs are tar archives that are packed here, because gzip's checksum would let
// nothing else through; those that begin with gzip's own mark are taken as they are. Whatever the archive, its tree stays
// inside of itself and its limits.

#include <zlib.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/files/file_tree.hpp"

using namespace gitopsctl;

namespace {

constexpr std::uint64_t max_bytes = 1UL << 20U;

/// The checksums of headers, which nothing finds by chance, made right.
std::string with_checksums(std::string tar) {
  constexpr std::size_t block = 512;
  for (std::size_t at = 0; at + block <= tar.size(); at += block) {
    if (tar.compare(at + 257, 5, "ustar") != 0) continue;
    unsigned sum = 0;
    for (std::size_t i = 0; i < block; ++i) {
      sum += i >= 148 && i < 156 ? ' ' : static_cast<unsigned>(static_cast<unsigned char>(tar[at + i]));
    }
    for (int digit = 5; digit >= 0; --digit, sum /= 8)
      tar[at + 148 + static_cast<std::size_t>(digit)] = static_cast<char>('0' + sum % 8);
    tar[at + 154] = '\0';
    tar[at + 155] = ' ';
  }
  return tar;
}

std::string gzip(const std::string& text) {
  z_stream stream{};
  if (deflateInit2(&stream, 1, Z_DEFLATED, 9 + 16, 1, Z_DEFAULT_STRATEGY) != Z_OK) std::abort();
  std::string out(deflateBound(&stream, text.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  if (deflate(&stream, Z_FINISH) != Z_STREAM_END) std::abort();
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return out;
}

void walk(const FileTree& tree, const TreePath& at, int depth, std::uint64_t& seen) {
  const auto names = tree.list(at);
  if (!names.ok()) std::abort();
  for (const auto& info : *names) {
    if (++seen > 4'000) return;
    const auto path = at.child(info.name);
    const auto found = tree.stat(path);
    if (!found.ok()) continue;  // a link to nothing
    const auto real = tree.real_path(path);
    if (!real.ok()) std::abort();
    if (found->type == FileType::directory) {
      if (depth < 12) walk(tree, path, depth + 1, seen);
    } else {
      const auto content = tree.read(path, max_bytes);
      if (content.ok() && content->size() > max_bytes) std::abort();
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 64 << 10) return 0;
  std::string bytes(reinterpret_cast<const char*>(data), size);
  if (!bytes.starts_with("\x1f\x8b")) bytes = gzip(with_checksums(std::move(bytes)));
  const auto tree =
      open_tgz(bytes, "fuzz.tgz", {.max_total_bytes = max_bytes, .max_entries = 200, .max_nodes = 400, .max_depth = 20});
  if (!tree.ok()) {
    if (tree.error().message().empty()) std::abort();
    return 0;
  }
  std::uint64_t seen = 0;
  walk(**tree, TreePath(), 0, seen);
  return 0;
}
