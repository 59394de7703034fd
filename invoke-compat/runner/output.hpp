#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <string_view>

namespace gitopsctl::invoke {

/// Asked from time to time by a write that has to wait; it is given up, and the bytes are lost, once this says false.
using KeepWaiting = std::function<bool()>;

/// Where output goes while a command runs. Implementations are thread-safe: commands at once may share one.
class OutputSink {
 public:
  virtual ~OutputSink() = default;
  /// Takes all bytes, in this order. What cannot be written (nobody reads it any more) is dropped without a word, since the
  /// command goes on.
  virtual void write(std::string_view bytes, const KeepWaiting& keep_waiting) = 0;
  /// For short texts of our own.
  void write(std::string_view bytes) {
    write(bytes, [] { return true; });
  }
};

/// Writes to a descriptor that somebody else owns and closes, and whose flags it leaves alone. A reader that went away costs
/// no signal, and one that is slow holds nobody up longer than `keep_waiting` allows.
class DescriptorSink final : public OutputSink {
 public:
  using OutputSink::write;
  explicit DescriptorSink(int descriptor) noexcept : descriptor_(descriptor) {}
  void write(std::string_view bytes, const KeepWaiting& keep_waiting) override;

 private:
  int descriptor_;
  std::timed_mutex mutex_;
  bool broken_ = false;
};

/// Keeps the first `limit` bytes in memory.
class MemorySink final : public OutputSink {
 public:
  using OutputSink::write;
  explicit MemorySink(std::size_t limit = std::size_t{64} << 20U) noexcept : limit_(limit) {}
  void write(std::string_view bytes, const KeepWaiting& keep_waiting) override;
  [[nodiscard]] std::string text() const;

 private:
  std::size_t limit_;
  mutable std::mutex mutex_;
  std::string text_;
};

/// Writes whole lines to another sink, each with a label before it, so that those of several commands do not mix. A line
/// longer than max_line is cut into several. What is left without a line end goes out with the object, or by finish().
class PrefixSink final : public OutputSink {
 public:
  using OutputSink::write;
  static constexpr std::size_t max_line = std::size_t{64} << 10U;
  /// `to` must outlive this.
  PrefixSink(OutputSink& to, std::string prefix) : to_(to), prefix_(std::move(prefix)) {}
  PrefixSink(const PrefixSink&) = delete;
  PrefixSink& operator=(const PrefixSink&) = delete;
  ~PrefixSink() override;
  void write(std::string_view bytes, const KeepWaiting& keep_waiting) override;
  /// Writes a line that has no end yet, with one.
  void finish();

 private:
  OutputSink& to_;
  std::string prefix_;
  std::mutex mutex_;
  std::string line_;
};

}  // namespace gitopsctl::invoke
