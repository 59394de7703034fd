#include "invoke-compat/runner/stream.hpp"

#include "base/text/escape.hpp"

namespace gitopsctl::invoke {

std::string OutputStream::feed(std::string_view bytes, const KeepWaiting& keep_waiting) {
  bytes_ += bytes.size();
  if (show_ != nullptr) {
    if (const std::string shown = redacted_.feed(bytes); !shown.empty()) show_->write(shown, keep_waiting);
  }
  std::string text = decoder_.feed(bytes);
  keep(text);
  return text;
}

std::string OutputStream::finish(const KeepWaiting& keep_waiting) {
  if (show_ != nullptr) {
    if (const std::string shown = redacted_.finish(); !shown.empty()) show_->write(shown, keep_waiting);
  }
  std::string text = decoder_.finish();
  keep(text);
  return text;
}

void OutputStream::keep(std::string_view text) {
  if (!cut_) {
    const std::string_view fits = truncate_utf8(text, max_kept_ - text_.size());
    text_ += fits;
    if (fits.size() == text.size()) return;
    cut_ = true;
    end_ = text_.substr(text_.size() - std::min(text_.size(), max_end));
    text.remove_prefix(fits.size());
  }
  end_ += text;
  // Now and then, so that many small pieces do not move it each time.
  if (end_.size() > 2 * max_end) end_.erase(0, end_.size() - max_end);
}

std::string OutputStream::take_end() {
  std::string end = std::move(end_);
  std::size_t from = end.size() > max_end ? end.size() - max_end : 0;
  while (from < end.size() && (static_cast<unsigned char>(end[from]) & 0xC0U) == 0x80U) ++from;
  return end.substr(from);
}

}  // namespace gitopsctl::invoke
