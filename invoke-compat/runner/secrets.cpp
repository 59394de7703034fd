#include "invoke-compat/runner/secrets.hpp"

#include <algorithm>

#include "base/crypto/digest.hpp"

namespace gitopsctl::invoke {
namespace {

constexpr std::size_t shortest_value = 4;
constexpr std::size_t shortest_line = 6;
constexpr std::string_view mask = "[redacted]";

std::string replaced(std::string_view text, char what, std::string_view by) {
  std::string out;
  for (const char c : text) {
    if (c == what) {
      out += by;
    } else {
      out += c;
    }
  }
  return out;
}

/// The base64 form without what a longer text with the same start would change.
std::string encoded(std::string_view text) {
  std::string out = base64_encode(text);
  out.resize(text.size() / 3 * 4);
  return out;
}

/// How many bytes at the end of `text` are the start, but not the whole, of `form`.
std::size_t started(std::string_view text, std::string_view form) {
  for (std::size_t length = std::min(text.size(), form.size() - 1); length > 0; --length) {
    if (text.substr(text.size() - length) == form.substr(0, length)) return length;
  }
  return 0;
}

}  // namespace

Redactor::Redactor(const std::vector<std::string>& secrets) {
  for (const std::string& secret : secrets) {
    if (secret.size() < shortest_value) continue;
    forms_.push_back(secret);
    if (secret.find('\'') != std::string::npos) {
      forms_.push_back(replaced(secret, '\'', R"('"'"')"));
      forms_.push_back(replaced(secret, '\'', R"('\'')"));
    }
    if (std::string form = encoded(secret); form.size() >= shortest_line) forms_.push_back(std::move(form));
    for (std::string_view rest = secret; !rest.empty();) {
      const std::size_t end = rest.find('\n');
      std::string_view line = rest.substr(0, end);
      rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
      while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
      if (line.size() >= shortest_line) forms_.emplace_back(line);
    }
  }
  // Longer ones first, so that a secret that holds another goes as a whole.
  std::sort(forms_.begin(), forms_.end(),
            [](const std::string& a, const std::string& b) { return a.size() != b.size() ? a.size() > b.size() : a < b; });
  forms_.erase(std::unique(forms_.begin(), forms_.end()), forms_.end());
}

std::string Redactor::redact_start(std::string_view text, std::size_t& used) const {
  std::vector<std::size_t> next(forms_.size());
  for (std::size_t i = 0; i < forms_.size(); ++i) next[i] = text.find(forms_[i]);
  std::string out;
  std::size_t at = 0;
  for (;;) {
    std::size_t best = forms_.size();
    for (std::size_t i = 0; i < forms_.size(); ++i) {
      if (next[i] != std::string_view::npos && next[i] < at) next[i] = text.find(forms_[i], at);
      if (next[i] != std::string_view::npos && (best == forms_.size() || next[i] < next[best])) best = i;
    }
    if (best == forms_.size()) break;
    out += text.substr(at, next[best] - at);
    out += mask;
    at = next[best] + forms_[best].size();
  }
  std::size_t open = 0;
  for (const std::string& form : forms_) open = std::max(open, started(text.substr(at), form));
  used = text.size() - open;
  out += text.substr(at, used - at);
  return out;
}

std::string Redactor::redact(std::string_view text) const {
  std::size_t used = 0;
  std::string out = redact_start(text, used);
  out += text.substr(used);
  return out;
}

bool Redactor::finds(std::string_view text) const {
  return std::any_of(forms_.begin(), forms_.end(),
                     [text](const std::string& form) { return text.find(form) != std::string_view::npos; });
}

std::string RedactingStream::feed(std::string_view bytes) {
  if (redactor_.empty()) return std::string(bytes);
  held_ += bytes;
  std::size_t used = 0;
  std::string out = redactor_.redact_start(held_, used);
  held_.erase(0, used);
  return out;
}

std::string RedactingStream::finish() {
  std::string out = std::move(held_);
  held_.clear();
  return out;
}

}  // namespace gitopsctl::invoke
