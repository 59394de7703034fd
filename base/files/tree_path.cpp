#include "base/files/tree_path.hpp"

#include <utility>
#include <vector>

namespace gitopsctl {

namespace {

// PATH_MAX of Linux; longer names cannot be checked out anywhere.
constexpr std::size_t max_path_bytes = 4096;

Result<std::string> normalise(std::string_view base, std::string_view text) {
  if (text.size() > max_path_bytes) {
    return Error(ErrorCode::too_large, "path is longer than " + std::to_string(max_path_bytes) + " bytes");
  }
  if (!text.empty() && text.front() == '/') {
    return Error(ErrorCode::forbidden, "path '" + std::string(text) + "' is absolute")
        .with_hint("write it relative to the root of the repository");
  }
  std::vector<std::string_view> parts;
  const auto push = [&](std::string_view path, bool& escapes) {
    while (!path.empty()) {
      const auto slash = path.find('/');
      const auto part = path.substr(0, slash);
      path = slash == std::string_view::npos ? std::string_view{} : path.substr(slash + 1);
      if (part.empty() || part == ".") continue;
      if (part == "..") {
        if (parts.empty()) {
          escapes = true;
          return;
        }
        parts.pop_back();
      } else {
        parts.push_back(part);
      }
    }
  };
  bool escapes = false;
  push(base, escapes);
  push(text, escapes);
  if (escapes) {
    return Error(ErrorCode::forbidden, "path '" + std::string(text) + "' leaves the tree")
        .with_hint("only files of the same commit can be used");
  }
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      return Error(ErrorCode::forbidden, "path holds a control character");
    }
  }
  std::string out;
  for (const auto part : parts) {
    if (!out.empty()) out += '/';
    out += part;
  }
  return out;
}

}  // namespace

Result<TreePath> TreePath::parse(std::string_view text) {
  GITOPSCTL_TRY(auto path, normalise({}, text));
  return TreePath(std::move(path));
}

std::string_view TreePath::name() const noexcept {
  const auto slash = text_.rfind('/');
  return slash == std::string::npos ? std::string_view(text_) : std::string_view(text_).substr(slash + 1);
}

TreePath TreePath::parent() const {
  const auto slash = text_.rfind('/');
  return slash == std::string::npos ? TreePath() : TreePath(text_.substr(0, slash));
}

TreePath TreePath::behind_first() const {
  const auto slash = text_.find('/');
  return slash == std::string::npos ? TreePath() : TreePath(text_.substr(slash + 1));
}

TreePath TreePath::child(std::string_view component) const {
  if (text_.empty()) return TreePath(std::string(component));
  std::string out;
  out.reserve(text_.size() + 1 + component.size());
  out.append(text_).append(1, '/').append(component);
  return TreePath(std::move(out));
}

Result<TreePath> TreePath::resolve(std::string_view text) const {
  GITOPSCTL_TRY(auto path, normalise(text_, text));
  return TreePath(std::move(path));
}

bool TreePath::contains(const TreePath& other) const noexcept {
  if (text_.empty()) return true;
  if (!other.text_.starts_with(text_)) return false;
  return other.text_.size() == text_.size() || other.text_[text_.size()] == '/';
}

std::string_view TreePath::relative(const TreePath& other) const noexcept {
  std::string_view rest(other.text_);
  if (text_.empty()) return rest;
  rest.remove_prefix(text_.size());
  if (!rest.empty()) rest.remove_prefix(1);
  return rest;
}

}  // namespace gitopsctl
