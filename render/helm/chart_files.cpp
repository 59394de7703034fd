#include "render/helm/chart_files.hpp"

#include <utility>

#include "base/text/go_format.hpp"
#include "render/helm/ignore_rules.hpp"

namespace gitopsctl::render::helm {

namespace {

// Deeper than any path of 4,096 bytes that people write; a link to a parent directory ends here.
constexpr int max_directory_depth = 100;

Error over_budget(const std::string& name, const std::string& origin) {
  return Error(ErrorCode::too_large, "error reading " + name + ": chart exceeds maximum decompressed size of " +
                                         std::to_string(FileTree::default_max_bytes) + " bytes")
      .at({.file = origin})
      .with_hint("list large files that templates do not need in .helmignore");
}

// Bounds of older versions, for one file.
constexpr std::uint64_t max_file_bytes = 5U << 20U;

/// `c:/x`, which some systems take for a path from a root.
bool has_drive_letter(std::string_view path) {
  const auto letter = path.empty() ? '\0' : static_cast<char>(path[0] | 0x20);
  return letter >= 'a' && letter <= 'z' && path.substr(1).starts_with(":/");
}

std::string_view without_bom(std::string_view text) {
  constexpr std::string_view bom = "\xEF\xBB\xBF";
  if (text.starts_with(bom)) text.remove_prefix(bom.size());
  return text;
}

}  // namespace

struct ChartFileReader::Walk {
  const FileTree& tree;
  TreePath root;
  const IgnoreRules* rules = nullptr;
  std::string origin;  ///< of the archive, in front of paths; empty for a directory
  std::vector<ChartFile> files;

  [[nodiscard]] std::string name(const TreePath& at) const { return std::string(root.relative(at)); }
  [[nodiscard]] std::string display(const TreePath& at) const {
    return origin.empty() ? tree.display(at) : origin + '/' + name(at);
  }
};

Result<void> ChartFileReader::take(Walk& walk, const TreePath& at) {
  auto text = walk.tree.read(at, budget_);
  if (!text.ok()) {
    if (text.error().code() == ErrorCode::too_large) return over_budget(walk.name(at), walk.display(at));
    return text.error().at({.file = walk.display(at)});
  }
  if (bounds_each_file_ && text->size() > max_file_bytes) {
    // A directory's file is named by its last part.
    const std::string name = walk.origin.empty() ? std::string(at.name()) : at.str();
    return Error(ErrorCode::too_large, (walk.origin.empty() ? "chart file " : "decompressed chart file ") + go_quote(name) +
                                           " is larger than the maximum file size " + std::to_string(max_file_bytes))
        .at({.file = walk.display(at)})
        .with_hint("list it in .helmignore, or use the profile helm-4.3, which bounds the sum of all files");
  }
  if (text->size() > budget_) return over_budget(walk.name(at), walk.display(at));
  budget_ -= text->size();
  walk.files.push_back({walk.name(at), SharedString(without_bom(*text)), walk.display(at)});
  return {};
}

Result<void> ChartFileReader::descend(Walk& walk, const TreePath& at, int depth) {
  if (depth > max_directory_depth) {
    return Error(ErrorCode::too_large, "directories are nested more than " + std::to_string(max_directory_depth) + " deep")
        .at({.file = walk.display(at)})
        .with_hint("a link that points to a directory above itself never ends");
  }
  GITOPSCTL_TRY(const auto names, walk.tree.list(at));
  for (const auto& entry : names) {
    if (entries_-- == 0) {
      return Error(ErrorCode::too_large, "chart has more than 100000 files").at({.file = walk.display(walk.root)});
    }
    const auto child = at.child(entry.name);
    auto type = entry.type;
    if (type == FileType::symlink) {
      const auto target = walk.tree.stat(child);
      if (!target.ok()) return target.error().at({.file = walk.display(child)});
      type = target->type;
    }
    const bool directory = type == FileType::directory;
    if (walk.rules != nullptr && walk.rules->ignores(walk.root.relative(child), directory)) continue;
    if (directory) {
      GITOPSCTL_CHECK(descend(walk, child, depth + 1));
    } else if (type == FileType::file) {
      GITOPSCTL_CHECK(take(walk, child));
    } else {
      return Error(ErrorCode::invalid_input,
                   "cannot load irregular file " + walk.display(child) + " as it has file mode type bits set")
          .at({.file = walk.display(child)});
    }
  }
  return {};
}

Result<std::vector<ChartFile>> ChartFileReader::read_directory(const FileTree& tree, const TreePath& path) {
  IgnoreRules rules;
  const auto ignore_file = path.child(".helmignore");
  if (tree.exists(ignore_file)) {
    GITOPSCTL_TRY(const auto text, tree.read(ignore_file));
    GITOPSCTL_TRY(rules, IgnoreRules::parse(text, tree.display(ignore_file)));
  }
  Walk walk{.tree = tree, .root = path, .rules = &rules, .origin = {}, .files = {}};
  GITOPSCTL_CHECK(descend(walk, path, 0));
  return std::move(walk.files);
}

Result<std::vector<ChartFile>> ChartFileReader::read_archive(std::string_view bytes, const std::string& origin) {
  auto tree = open_tgz(bytes, origin, {.max_total_bytes = budget_, .max_entries = entries_});
  if (!tree.ok()) return tree.error().at({.file = origin});
  GITOPSCTL_TRY(const auto top, (*tree)->list({}));
  std::vector<ChartFile> files;
  for (const auto& entry : top) {
    const auto root = TreePath().child(entry.name);
    if (entry.type != FileType::directory) {
      return Error(ErrorCode::invalid_input,
                   "chart illegally contains content outside the base directory: \"" + entry.name + '"')
          .at({.file = origin});
    }
    Walk walk{.tree = **tree, .root = root, .rules = nullptr, .origin = origin, .files = {}};
    GITOPSCTL_CHECK(descend(walk, root, 0));
    for (auto& file : walk.files) {
      if (has_drive_letter(file.name)) {
        return Error(ErrorCode::forbidden, "chart contains illegally named files").at({.file = file.origin});
      }
      files.push_back(std::move(file));
    }
  }
  if (files.empty()) return Error(ErrorCode::invalid_input, "no files in chart archive").at({.file = origin});
  return files;
}

}  // namespace gitopsctl::render::helm
