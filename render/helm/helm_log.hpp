#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "render/helm/profile.hpp"

namespace gitopsctl::render::helm {

/// The lines that a version of helm writes to standard error on its way through a chart, for who stands in for it. They
/// quote values, which our own warnings never do; so nothing is collected where nobody gave a log. Not thread-safe.
class HelmLog {
 public:
  using Attributes = std::initializer_list<std::pair<std::string_view, std::string>>;

  explicit HelmLog(const HelmProfile& profile) : three_(profile.major == 3) {}

  /// A line of Go's log package: Helm 3 puts `place`, `coalesce.go:237`, in front of it, Helm 4 logs it as information.
  void print(std::string_view place, const std::string& text);
  /// A line that the two write differently: as print() in Helm 3, with a level and attributes in Helm 4.
  void write(std::string_view place, const std::string& text, std::string_view level, std::string_view message,
             Attributes attributes);
  /// As it is.
  void plain(std::string text) { lines_.push_back(std::move(text)); }

  [[nodiscard]] bool is_three() const noexcept { return three_; }
  [[nodiscard]] const std::vector<std::string>& lines() const noexcept { return lines_; }

 private:
  bool three_;
  std::vector<std::string> lines_;
};

/// A line of Go's slog with its quotes: `level=WARN msg="a b" path=c`.
[[nodiscard]] std::string slog_line(std::string_view level, std::string_view message, HelmLog::Attributes attributes);

}  // namespace gitopsctl::render::helm
