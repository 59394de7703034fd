#include <map>

#include "base/crypto/digest.hpp"
#include "base/files/file_tree.hpp"

namespace gitopsctl {

struct MemoryTree::Node {
  FileType type = FileType::directory;
  std::string content;  ///< of a file, or the target of a link
  bool executable = false;
  std::string id;  ///< of a file
  std::map<std::string, Node, std::less<>> children;

  [[nodiscard]] const Node* find(const TreePath& path) const {
    const Node* at = this;
    std::string_view rest(path.str());
    while (!rest.empty()) {
      const auto slash = rest.find('/');
      const auto it = at->children.find(rest.substr(0, slash));
      if (it == at->children.end()) return nullptr;
      at = &it->second;
      rest = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash + 1);
    }
    return at;
  }

  /// The node at `path`, made with the directories above it where it is not there; `made` counts those.
  Node& make(const TreePath& path, std::uint64_t& made) {
    Node* at = this;
    std::string_view rest(path.str());
    while (!rest.empty()) {
      const auto slash = rest.find('/');
      if (at->type != FileType::directory) *at = Node{};
      const auto [it, fresh] = at->children.try_emplace(std::string(rest.substr(0, slash)));
      if (fresh) ++made;
      at = &it->second;
      rest = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash + 1);
    }
    return *at;
  }

  [[nodiscard]] FileInfo info(std::string_view name) const {
    return {std::string(name), type, type == FileType::file ? content.size() : 0, executable, id};
  }
};

MemoryTree::MemoryTree() : root_(std::make_unique<Node>()) {}
MemoryTree::~MemoryTree() = default;

void MemoryTree::add(const TreePath& path, std::string content, bool executable) {
  Node& node = root_->make(path, made_);
  node.type = FileType::file;
  node.id = (executable ? "exec:" : "file:") + sha256_hex(content);
  node.content = std::move(content);
  node.executable = executable;
  node.children.clear();
}

void MemoryTree::add_link(const TreePath& path, std::string target) {
  Node& node = root_->make(path, made_);
  node = Node{};
  node.type = FileType::symlink;
  node.content = std::move(target);
}

Result<FileInfo> MemoryTree::do_stat(const TreePath& path) const {
  const Node* node = root_->find(path);
  if (node == nullptr) return Error(ErrorCode::not_found, "'" + display(path) + "' does not exist");
  return node->info(path.name());
}

Result<std::string> MemoryTree::do_read(const TreePath& path, std::uint64_t max_bytes) const {
  const Node* node = root_->find(path);
  if (node == nullptr || node->type != FileType::file) {
    return Error(ErrorCode::not_found, "'" + display(path) + "' does not exist");
  }
  if (node->content.size() > max_bytes) {
    return Error(ErrorCode::too_large, "'" + display(path) + "' is larger than " + std::to_string(max_bytes) + " bytes");
  }
  return node->content;
}

Result<std::vector<FileInfo>> MemoryTree::do_list(const TreePath& path) const {
  const Node* node = root_->find(path);
  if (node == nullptr) return Error(ErrorCode::not_found, "'" + display(path) + "' does not exist");
  std::vector<FileInfo> out;
  out.reserve(node->children.size());
  for (const auto& [name, child] : node->children) out.push_back(child.info(name));
  return out;
}

Result<std::string> MemoryTree::do_read_link(const TreePath& path) const {
  const Node* node = root_->find(path);
  if (node == nullptr || node->type != FileType::symlink) {
    return Error(ErrorCode::not_found, "'" + display(path) + "' is not a link");
  }
  return node->content;
}

}  // namespace gitopsctl
