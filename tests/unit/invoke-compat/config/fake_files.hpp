#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>

#include "invoke-compat/config/host_files.hpp"

namespace gitopsctl::tests {

/// Files of a machine that is not there. The directories above a file are there, too.
class FakeFiles final : public invoke::HostFiles {
 public:
  FakeFiles() = default;
  FakeFiles(std::initializer_list<std::pair<const std::string, std::string>> files) {
    for (const auto& [path, content] : files) add(path, content);
  }
  void add(const std::string& path, std::string content) {
    files_[path] = std::move(content);
    add_directory(path.substr(0, path.rfind('/')));
  }
  void add_directory(std::string path) {
    for (; !path.empty(); path.resize(path.rfind('/'))) directories_.insert(path);
  }
  void forbid(std::string path) { forbidden_.insert(std::move(path)); }

  Result<invoke::PathKind> look(const std::string& path) const override {
    if (forbidden_.contains(path)) return Error(ErrorCode::forbidden, "cannot be read").at({path, 0, 0});
    if (files_.contains(path)) return invoke::PathKind::file;
    return path == "/" || directories_.contains(path) ? invoke::PathKind::directory : invoke::PathKind::nothing;
  }
  Result<std::string> read(const std::string& path, std::uint64_t max_bytes) const override {
    if (directories_.contains(path)) return Error(ErrorCode::invalid_input, "is no regular file").at({path, 0, 0});
    const auto found = files_.find(path);
    if (found == files_.end()) return Error(ErrorCode::not_found, "is not there").at({path, 0, 0});
    if (found->second.size() > max_bytes) return Error(ErrorCode::too_large, "is too large").at({path, 0, 0});
    return found->second;
  }

 private:
  std::map<std::string, std::string> files_;
  std::set<std::string> directories_;
  std::set<std::string> forbidden_;
};

}  // namespace gitopsctl::tests
