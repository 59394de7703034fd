#include "agent/inventory/compression.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>

namespace gitopsctl::agent {

namespace {

// zlib: 15 is the largest window, 16 asks for the gzip format.
constexpr int gzip_window = 15 + 16;
constexpr std::size_t chunk_bytes = 64 << 10;

void give_input(z_stream& stream, std::string_view bytes) {
  // zlib does not write to its input; its declaration is older than const.
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
}

}  // namespace

Result<std::string> gzip(std::string_view bytes, Packing packing) {
  z_stream stream{};
  if (deflateInit2(&stream, packing == Packing::quick ? Z_BEST_SPEED : Z_BEST_COMPRESSION, Z_DEFLATED, gzip_window, 8,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    return Error(ErrorCode::internal, "cannot compress");
  }
  give_input(stream, bytes);
  std::string out(deflateBound(&stream, stream.avail_in), '\0');
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int code = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (code != Z_STREAM_END) return Error(ErrorCode::internal, "cannot compress");
  return out;
}

Result<std::string> gunzip(std::string_view bytes, std::size_t max_bytes) {
  z_stream stream{};
  if (inflateInit2(&stream, gzip_window) != Z_OK) return Error(ErrorCode::internal, "cannot decompress");
  give_input(stream, bytes);
  std::string out;
  std::array<char, chunk_bytes> chunk;
  int code = Z_OK;
  while (code == Z_OK && out.size() <= max_bytes) {
    stream.next_out = reinterpret_cast<Bytef*>(chunk.data());
    stream.avail_out = static_cast<uInt>(chunk.size());
    code = inflate(&stream, Z_NO_FLUSH);
    out.append(chunk.data(), chunk.size() - stream.avail_out);
  }
  const bool rest = stream.avail_in > 0;
  inflateEnd(&stream);
  if (out.size() > max_bytes) {
    return Error(ErrorCode::too_large, "it unfolds to more than " + std::to_string(max_bytes) + " bytes");
  }
  if (code != Z_STREAM_END || rest) return Error(ErrorCode::invalid_input, "its compressed data is damaged");
  return out;
}

}  // namespace gitopsctl::agent
