#include "agent/config/credential_file.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace gitopsctl::agent::detail {

namespace {

constexpr std::size_t max_credential_bytes = 64 << 10;
constexpr std::size_t piece_bytes = 8 << 10;

}  // namespace

Result<std::string> read_small_file(const std::string& path, std::size_t max_bytes) {
  const auto failed = [&](const std::string& reason) {
    return Error(errno == ENOENT ? ErrorCode::not_found : ErrorCode::unavailable, "cannot read '" + path + "': " + reason);
  };
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"), std::fclose);
  if (!file) return failed(std::strerror(errno));
  std::string out;
  errno = 0;
  // Piece by piece: the bound is far above what such files have.
  for (std::size_t got = piece_bytes; got == piece_bytes && out.size() <= max_bytes;) {
    const std::size_t before = out.size();
    out.resize(before + piece_bytes);
    got = std::fread(out.data() + before, 1, piece_bytes, file.get());
    out.resize(before + got);
  }
  if (std::ferror(file.get()) != 0) return failed(std::strerror(errno));
  if (out.size() > max_bytes) {
    return Error(ErrorCode::too_large, "'" + path + "' has more than " + std::to_string(max_bytes) + " bytes");
  }
  return out;
}

Result<std::string> read_credential(const std::string& path) {
  GITOPSCTL_TRY(auto text, read_small_file(path, max_credential_bytes));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  if (text.empty()) return Error(ErrorCode::invalid_input, "'" + path + "' is empty");
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      return Error(ErrorCode::invalid_input, "'" + path + "' holds more than one line")
          .with_hint("it must hold the password or token and nothing else");
    }
  }
  return text;
}

}  // namespace gitopsctl::agent::detail
