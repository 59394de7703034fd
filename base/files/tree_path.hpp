#pragma once

#include <string>
#include <string_view>

#include "base/result/result.hpp"

namespace gitopsctl {

/// A path inside a FileTree: relative, `/`-separated, normalised, without `.`, `..`, empty components or NUL.
/// The empty path is the root. A value of this type cannot point outside its tree: that is decided once, here.
class TreePath {
 public:
  /// The root.
  TreePath() = default;

  /// Normalises `text`. `a/../b` is `b`; a leading `./` and a trailing `/` go. Errors: `forbidden` for an absolute path,
  /// a `..` that would leave the root, or a control character; `too_large` over 4096 bytes.
  static Result<TreePath> parse(std::string_view text);

  [[nodiscard]] const std::string& str() const noexcept { return text_; }
  [[nodiscard]] bool is_root() const noexcept { return text_.empty(); }
  /// The last component; empty for the root.
  [[nodiscard]] std::string_view name() const noexcept;
  /// Everything but the last component; the root's parent is the root.
  [[nodiscard]] TreePath parent() const;
  /// Everything behind the first component; the root for a path of one.
  [[nodiscard]] TreePath behind_first() const;
  /// One component further down. `component` must be a plain name (it comes from a directory listing).
  [[nodiscard]] TreePath child(std::string_view component) const;
  /// `text` seen from this directory, by the rules of parse(); may climb with `..`, but not above the root.
  [[nodiscard]] Result<TreePath> resolve(std::string_view text) const;
  /// True when `other` is this path or below it.
  [[nodiscard]] bool contains(const TreePath& other) const noexcept;
  /// `other` relative to this directory; `other` must be contained.
  [[nodiscard]] std::string_view relative(const TreePath& other) const noexcept;

  friend bool operator==(const TreePath&, const TreePath&) = default;
  friend auto operator<=>(const TreePath&, const TreePath&) = default;

 private:
  explicit TreePath(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

}  // namespace gitopsctl
