#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "invoke-compat/runner/decoding.hpp"
#include "invoke-compat/runner/output.hpp"
#include "invoke-compat/runner/secrets.hpp"

namespace gitopsctl::invoke {

/// One stream of a command on its way: shown as the bytes that they are, but for secrets, and kept as text. Not thread-safe.
class OutputStream {
 public:
  /// Bytes of the end of a stream that was cut, for failure texts.
  static constexpr std::size_t max_end = std::size_t{64} << 10U;

  /// `show` may be nullptr: hidden. Both must outlive this.
  OutputStream(OutputSink* show, const Redactor& redactor, std::size_t max_kept)
      : show_(show), redacted_(redactor), max_kept_(max_kept) {}

  /// Takes the next bytes; returns the text that they complete.
  std::string feed(std::string_view bytes, const KeepWaiting& keep_waiting);
  /// After the last bytes.
  std::string finish(const KeepWaiting& keep_waiting);

  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
  [[nodiscard]] bool cut() const noexcept { return cut_; }
  [[nodiscard]] std::string take_text() { return std::move(text_); }
  /// Its last characters, when it was cut.
  [[nodiscard]] std::string take_end();

 private:
  void keep(std::string_view text);
  OutputSink* show_;
  RedactingStream redacted_;
  std::size_t max_kept_;
  ReplacingDecoder decoder_;
  std::uint64_t bytes_ = 0;
  std::string text_;
  std::string end_;
  bool cut_ = false;
};

}  // namespace gitopsctl::invoke
