#include "invoke-compat/declarative/task_file.hpp"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "base/config/reader.hpp"
#include "base/text/escape.hpp"
#include "base/yaml/yaml.hpp"
#include "invoke-compat/declarative/checks.hpp"
#include "invoke-compat/declarative/reader.hpp"

namespace gitopsctl::invoke::declarative {

namespace {

using detail::FileContent;
using detail::Include;

YamlOptions yaml_options() {
  YamlOptions options;
  options.profile = YamlProfile::go_v3;  // YAML 1.2: `on` and `no` are texts
  options.unique_keys = true;
  options.max_bytes = max_file_bytes;
  options.max_depth = max_yaml_depth;
  options.max_nodes = 200'000;
  return options;
}

class Loader {
 public:
  explicit Loader(const FileTree& tree) : tree_(tree) {}

  Result<TaskFile> load(const TreePath& path) {
    TaskFile out;
    out.file = tree_.display(path);
    GITOPSCTL_TRY(FileContent content, read(path));
    out.root = std::move(content.root);
    out.settings = std::move(content.settings);
    follow(path, content.includes, out.root);
    if (!broken_) {
      for (const auto& mistake : detail::check_task_file(out)) note(mistake);
    }
    out.files = files_;
    auto mistakes = sorted();
    if (!mistakes.empty()) return combine(std::move(mistakes));
    return out;
  }

 private:
  void note(const Error& mistake) { mistakes_[mistake.where().file].push_back(mistake); }
  void note(const Location& where, const std::string& message, const std::string& hint = {}) {
    const Error error = Error(ErrorCode::invalid_input, message).at(where);
    note(hint.empty() ? error : error.with_hint(hint));
  }

  /// All mistakes, in the order in which files were read, and by their places.
  std::vector<Error> sorted() {
    std::vector<Error> out;
    for (const auto& file : files_) {
      auto& mistakes = mistakes_[file];
      sort_by_place(mistakes);
      out.insert(out.end(), mistakes.begin(), mistakes.end());
    }
    return out;
  }

  /// One file by itself. Its mistakes are noted; the error is that there is nothing to go on with.
  Result<FileContent> read(const TreePath& path) {
    const std::string name = tree_.display(path);
    if (std::find(files_.begin(), files_.end(), name) == files_.end()) files_.push_back(name);
    auto text = tree_.read(path, max_file_bytes);
    if (!text.ok()) return text.error().at({name, 0, 0});
    GITOPSCTL_TRY(const LocatedYaml document, parse_located_yaml(*text, name, yaml_options()));
    ConfigMistakes mistakes;
    const ConfigNode root(document, mistakes);
    FileContent out = detail::read_file(root);
    for (const auto& mistake : mistakes.take_all()) {
      // A file that is included twice has its mistakes once.
      if (!read_before(name)) note(mistake);
    }
    read_.push_back(name);
    return out;
  }
  bool read_before(const std::string& name) const { return std::find(read_.begin(), read_.end(), name) != read_.end(); }

  /// Reads what the file at `from` includes, as namespaces of `space`.
  void follow(const TreePath& from, const std::vector<Include>& includes, Namespace& space) {
    stack_.push_back(real(from));
    for (const auto& include : includes) {
      if (auto inner = include_one(from, include)) {
        space.namespaces.push_back(*std::move(inner));
      } else {
        // Names of what could not be read would all be unknown.
        broken_ = true;
      }
    }
    stack_.pop_back();
  }

  TreePath real(const TreePath& path) const { return tree_.real_path(path).value_or(path); }

  std::optional<Namespace> include_one(const TreePath& from, const Include& include) {
    const auto path = from.parent().resolve(include.file);
    if (!path.ok()) {
      note(include.file_where, "'" + terminal_safe(truncate_utf8(include.file, 80)) + "' leaves the folder of the task file",
           "include files of that folder, by a relative path");
      return std::nullopt;
    }
    if (std::find(stack_.begin(), stack_.end(), real(*path)) != stack_.end()) {
      note(include.file_where, "'" + terminal_safe(path->str()) + "' includes itself");
      return std::nullopt;
    }
    if (stack_.size() > max_include_depth || ++count_ > max_includes) {
      note(include.file_where, stack_.size() > max_include_depth
                                   ? "includes follow each other more than " + std::to_string(max_include_depth) + " times"
                                   : "there are more than " + std::to_string(max_includes) + " includes");
      return std::nullopt;
    }
    auto content = read(*path);
    if (!content.ok()) {
      for (const auto& mistake : content.error().flatten()) {
        if (mistake.where().line > 0) {
          note(mistake);
        } else {
          note(include.file_where, "'" + terminal_safe(path->str()) + "' cannot be included: " + mistake.message());
        }
      }
      return std::nullopt;
    }
    if (content->has_settings) note(content->settings_where, "'settings' can only stand in the first file");
    content->root.name = include.as;
    content->root.where = include.as_where;
    follow(*path, content->includes, content->root);
    return std::move(content->root);
  }

  const FileTree& tree_;
  std::vector<std::string> files_;
  std::vector<std::string> read_;
  std::vector<TreePath> stack_;
  std::size_t count_ = 0;
  bool broken_ = false;
  std::map<std::string, std::vector<Error>> mistakes_;
};

}  // namespace

Result<TaskFile> load_task_file(const FileTree& folder, const TreePath& file) { return Loader(folder).load(file); }

}  // namespace gitopsctl::invoke::declarative
