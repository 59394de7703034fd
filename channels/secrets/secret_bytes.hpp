#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace gitopsctl::channels::secrets {

/// Overwrites `bytes` in a way that the compiler does not leave out, and empties it.
void wipe(std::string& bytes) noexcept;

/// Bytes that are overwritten when they are given up. Moves only: copies are made where somebody says so. What libraries and
/// the kernel copied on the way stays theirs.
class SecretBytes {
 public:
  SecretBytes() = default;
  explicit SecretBytes(std::string bytes) noexcept : bytes_(std::move(bytes)) {}
  ~SecretBytes() { wipe(bytes_); }
  SecretBytes(SecretBytes&& other) noexcept : bytes_(std::move(other.bytes_)) { wipe(other.bytes_); }
  SecretBytes& operator=(SecretBytes&& other) noexcept {
    if (this == &other) return *this;
    wipe(bytes_);
    bytes_ = std::move(other.bytes_);
    wipe(other.bytes_);
    return *this;
  }
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;

  [[nodiscard]] std::string_view view() const noexcept { return bytes_; }
  [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }
  [[nodiscard]] bool empty() const noexcept { return bytes_.empty(); }
  [[nodiscard]] SecretBytes copy() const { return SecretBytes(bytes_); }
  /// Appends; what was held before a move to a larger place is overwritten.
  void append(std::string_view more);

 private:
  std::string bytes_;
};

}  // namespace gitopsctl::channels::secrets
