#pragma once

#include <cstdint>
#include <string>
#include <string_view>

// The alphabet of everything that crosses the border between a render and who asked for it: numbers as LEB128, texts with
// their length in front. Both ends are the same program, so there are no versions.
namespace gitopsctl::render::wire {

/// Appends to a text of bytes. Not thread-safe.
class Writer {
 public:
  void byte(std::uint8_t value) { out_ += static_cast<char>(value); }
  void boolean(bool value) { byte(value ? 1 : 0); }
  void number(std::uint64_t value);
  /// Small negative numbers stay short.
  void integer(std::int64_t value);
  void real(double value);
  void text(std::string_view value);
  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

/// Takes apart what a Writer made. What it reads may come from a process that runs a stranger's chart: nothing of it is
/// believed. The first mistake makes ok() false for good, and everything read afterwards empty. Texts point into the input.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  std::uint8_t byte();
  /// Anything but 0 and 1 is a mistake.
  bool boolean();
  std::uint64_t number();
  /// A number that is at most `largest`.
  std::uint64_t number_up_to(std::uint64_t largest);
  std::int64_t integer();
  double real();
  std::string_view text();
  /// How many items follow, each of at least `item_bytes`: no more than there are bytes for.
  std::size_t count(std::size_t item_bytes = 1);

  void fail() noexcept { failed_ = true; }
  [[nodiscard]] bool ok() const noexcept { return !failed_; }
  /// True when nothing went wrong and nothing is left.
  [[nodiscard]] bool done() const noexcept { return !failed_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace gitopsctl::render::wire
