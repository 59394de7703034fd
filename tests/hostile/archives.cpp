#include "tests/hostile/archives.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <stdexcept>

namespace gitopsctl::tests {

namespace {

constexpr std::size_t block_size = 512;

class Gzip {
 public:
  Gzip() {
    // 16: with a gzip header.
    if (deflateInit2(&stream_, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) throw std::runtime_error("zlib");
  }
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;
  ~Gzip() { deflateEnd(&stream_); }

  void add(std::string_view text, int flush = Z_NO_FLUSH) {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream_.avail_in = static_cast<uInt>(text.size());
    std::array<char, 65536> part;
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(part.data());
      stream_.avail_out = static_cast<uInt>(part.size());
      deflate(&stream_, flush);
      out_.append(part.data(), part.size() - stream_.avail_out);
    } while (stream_.avail_out == 0);
  }
  std::string take() {
    add({}, Z_FINISH);
    return std::move(out_);
  }

 private:
  z_stream stream_{};
  std::string out_;
};

}  // namespace

std::string tar_entry(std::string name, std::string_view content, char type, std::string_view link, long long claimed) {
  std::string block(block_size, '\0');
  name.resize(std::min<std::size_t>(name.size(), 100));
  block.replace(0, name.size(), name);
  block.replace(100, 7, "0000644");
  std::array<char, 24> number{};
  std::snprintf(number.data(), number.size(), "%011llo", claimed < 0 ? static_cast<long long>(content.size()) : claimed);
  block.replace(124, 11, number.data(), 11);
  block[156] = type;
  block.replace(157, link.size(), link);
  block.replace(257, 6, std::string("ustar\0", 6));
  block.replace(148, 8, "        ");
  unsigned sum = 0;
  for (const char c : block) sum += static_cast<unsigned char>(c);
  std::snprintf(number.data(), number.size(), "%06o", sum);
  block.replace(148, 7, std::string(number.data(), 7));
  std::string out = block + std::string(content);
  out.resize((out.size() + block_size - 1) / block_size * block_size, '\0');
  return out;
}

std::string gzip(std::string_view text) {
  Gzip out;
  out.add(text);
  return out.take();
}

std::string gzip_repeated(std::string_view head, std::string_view part, std::size_t repeat) {
  Gzip out;
  out.add(head);
  for (std::size_t i = 0; i < repeat; ++i) out.add(part);
  return out.take();
}

}  // namespace gitopsctl::tests
