#include "render/release/manifests.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace gitopsctl::render {

namespace {

// Ours: far above what one release holds, and small enough to stay in memory.
constexpr std::size_t max_files = 10'000;
constexpr std::uint64_t max_total_bytes = 100ULL << 20U;
constexpr int max_depth = 100;
// Of all directories together. Files that are no manifests cost time, too, and directories that share their content can be
// more than there are bytes.
constexpr std::size_t max_entries = 100'000;

bool is_manifest_name(std::string_view name) {
  return name.ends_with(".yaml") || name.ends_with(".yml") || name.ends_with(".json");
}

class Reader {
 public:
  explicit Reader(const FileTree& tree) : tree_(tree) {}

  Result<void> read_directory(const TreePath& at, int depth) {
    if (depth > max_depth) {
      return Error(ErrorCode::too_large, "directories are nested more than " + std::to_string(max_depth) + " deep")
          .at({.file = tree_.display(at)})
          .with_hint("a link that points to a directory above itself never ends");
    }
    GITOPSCTL_TRY(const auto entries, tree_.list(at));
    for (const auto& entry : entries) {
      if (++entries_ > max_entries) {
        return Error(ErrorCode::too_large, "more than " + std::to_string(max_entries) + " files and directories")
            .at({.file = tree_.display(at)});
      }
      if (entry.name.starts_with('.')) continue;
      const auto child = at.child(entry.name);
      GITOPSCTL_TRY(const auto type, type_of(entry, child));
      if (type == FileType::directory) {
        GITOPSCTL_CHECK(read_directory(child, depth + 1));
      } else if (type == FileType::file && is_manifest_name(entry.name)) {
        GITOPSCTL_CHECK(read_file(child));
      }
    }
    return {};
  }

  Result<void> read_file(const TreePath& at) {
    const auto name = tree_.display(at);
    if (files_.size() == max_files) {
      return Error(ErrorCode::too_large, "more than " + std::to_string(max_files) + " manifest files").at({.file = name});
    }
    auto text = tree_.read(at, budget_);
    if (!text.ok()) return text.error().at({.file = name});
    budget_ -= text->size();
    files_.push_back({name, std::move(*text)});
    return {};
  }

  std::vector<ManifestFile> take() {
    std::sort(files_.begin(), files_.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
    return std::move(files_);
  }

 private:
  Result<FileType> type_of(const FileInfo& entry, const TreePath& at) const {
    if (entry.type != FileType::symlink) return entry.type;
    const auto target = tree_.stat(at);
    if (!target.ok()) return target.error().at({.file = tree_.display(at)});
    return target->type;
  }

  const FileTree& tree_;
  std::vector<ManifestFile> files_;
  std::uint64_t budget_ = max_total_bytes;
  std::size_t entries_ = 0;
};

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const auto start = text.find_first_not_of(blanks);
  if (start == std::string_view::npos) return {};
  // The first line keeps its indentation, which belongs to the YAML.
  const auto line = text.rfind('\n', start);
  text.remove_prefix(line == std::string_view::npos ? 0 : line + 1);
  return text.substr(0, text.find_last_not_of(blanks) + 1);
}

// True for a separator line: `---` alone or followed by a blank.
bool is_separator(std::string_view line) {
  return line.starts_with("---") && (line.size() == 3 || line[3] == ' ' || line[3] == '\t' || line[3] == '\r');
}

}  // namespace

Result<std::vector<ManifestFile>> read_manifests(const FileTree& tree, const TreePath& path) {
  const auto name = tree.display(path);
  auto info = tree.stat(path);
  if (!info.ok()) {
    return info.error().at({.file = name}).with_hint("correct the path in the channel file, or add it to the same commit");
  }
  Reader reader(tree);
  if (info->type == FileType::directory) {
    GITOPSCTL_CHECK(reader.read_directory(path, 0));
  } else {
    GITOPSCTL_CHECK(reader.read_file(path));
  }
  auto files = reader.take();
  if (files.empty()) {
    return Error(ErrorCode::invalid_input,
                 "no manifests: " + (name.empty() ? std::string("the root") : name) + " has no .yaml, .yml or .json file")
        .at({.file = name})
        .with_hint("an empty directory is not taken for the wish to remove everything");
  }
  return files;
}

std::vector<std::string_view> manifest_documents(std::string_view text) {
  std::vector<std::string_view> documents;
  constexpr std::string_view bom = "\xEF\xBB\xBF";
  if (text.starts_with(bom)) text.remove_prefix(bom.size());
  const auto add = [&](std::string_view part) {
    if (const auto document = trimmed(part); !document.empty()) documents.push_back(document);
  };
  std::size_t start = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto newline = std::min(text.find('\n', at), text.size());
    const auto line = text.substr(at, newline - at);
    if (is_separator(line)) {
      add(text.substr(start, at - start));
      // What follows on the separator's own line belongs to the document.
      start = std::min(at + 3, text.size());
    }
    at = newline + 1;
  }
  add(text.substr(start));
  return documents;
}

}  // namespace gitopsctl::render
