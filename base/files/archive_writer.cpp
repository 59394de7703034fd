#include "base/files/archive_writer.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdio>

namespace gitopsctl {

namespace {

constexpr std::size_t block_size = 512;  // POSIX ustar

void set_octal(std::string& block, std::size_t at, int digits, std::uint64_t value) {
  std::array<char, 24> text{};
  std::snprintf(text.data(), text.size(), "%0*llo", digits, static_cast<unsigned long long>(value));
  block.replace(at, static_cast<std::size_t>(digits), text.data(), static_cast<std::size_t>(digits));
}

std::string header(std::string_view name, std::uint64_t size, char type) {
  std::string block(block_size, '\0');
  block.replace(0, name.size(), name);
  set_octal(block, 100, 7, 0644);
  set_octal(block, 108, 7, 0);
  set_octal(block, 116, 7, 0);
  set_octal(block, 124, 11, size);
  set_octal(block, 136, 11, 0);
  block.replace(148, 8, "        ");
  block[156] = type;
  block.replace(257, 8, std::string_view("ustar\00000", 8));
  std::uint64_t sum = 0;
  for (const char c : block) sum += static_cast<unsigned char>(c);
  set_octal(block, 148, 6, sum);
  block[154] = '\0';
  return block;
}

void append_padded(std::string& tar, std::string_view content) {
  tar += content;
  tar.append((block_size - content.size() % block_size) % block_size, '\0');
}

/// One record of a pax header: its length, which counts its own digits, a blank, `path=…` and a newline.
std::string pax_path(const std::string& path) {
  const std::string rest = " path=" + path + "\n";
  std::size_t length = rest.size() + 1;
  while (std::to_string(length).size() + rest.size() != length) length = std::to_string(length).size() + rest.size();
  return std::to_string(length) + rest;
}

}  // namespace

Result<std::string> pack_tgz(const std::vector<ArchiveEntry>& entries) {
  std::string tar;
  for (const auto& entry : entries) {
    if (entry.path.size() > 100) {
      const auto record = pax_path(entry.path);
      tar += header("pax", record.size(), 'x');
      append_padded(tar, record);
    }
    tar += header(std::string_view(entry.path).substr(0, 100), entry.content.size(), '0');
    append_padded(tar, entry.content);
  }
  tar.append(2 * block_size, '\0');

  z_stream stream{};
  // 16: with a gzip header (zlib manual, deflateInit2)
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    return Error(ErrorCode::internal, "zlib does not start");
  }
  std::string out(deflateBound(&stream, tar.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(tar.data());
  stream.avail_in = static_cast<uInt>(tar.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int state = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (state != Z_STREAM_END) return Error(ErrorCode::internal, "zlib does not finish");
  return out;
}

}  // namespace gitopsctl
