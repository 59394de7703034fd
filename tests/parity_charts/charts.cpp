#include "tests/parity_charts/charts.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string_view>

#include "base/crypto/digest.hpp"
#include "base/json/json.hpp"
#include "base/text/semver.hpp"
#include "base/yaml/yaml.hpp"

namespace gitopsctl::tests {

namespace fs = std::filesystem;

std::string read_text(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + file.string());
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void write_text(const fs::path& file, const std::string& text) {
  fs::create_directories(file.parent_path());
  std::ofstream out(file, std::ios::binary);
  out << text;
  out.close();
  if (!out) throw std::runtime_error("cannot write " + file.string());
}

namespace {

/// Deeper than charts depend on each other; a circle ends here.
constexpr int max_depth = 8;

std::optional<Value> read_yaml(const fs::path& file) {
  if (!fs::is_regular_file(file)) return std::nullopt;
  auto parsed = parse_yaml(read_text(file), {.numbers = YamlNumbers::float64});
  if (!parsed.ok() || !parsed->is_map()) return std::nullopt;
  return *parsed;
}

std::string text_of(const Value& map, std::string_view key) { return std::string(map.string_at({key})); }

std::optional<FoundChart> chart_at(const fs::path& folder, const fs::path& root) {
  const auto metadata = read_yaml(folder / "Chart.yaml");
  if (!metadata || text_of(*metadata, "name").empty()) return std::nullopt;
  return FoundChart{.path = folder,
                    .root = root,
                    .name = text_of(*metadata, "name"),
                    .version = text_of(*metadata, "version"),
                    .type = text_of(*metadata, "type")};
}

void find_below(const fs::path& folder, const fs::path& root, bool in_chart, std::vector<FoundChart>& out) {
  const bool is_chart = fs::exists(folder / "Chart.yaml");
  if (is_chart) {
    if (auto chart = chart_at(folder, root)) out.push_back(std::move(*chart));
  }
  std::vector<fs::path> below;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const auto name = entry.path().filename().string();
    if (!entry.is_directory() || entry.is_symlink() || name == ".git") continue;
    if ((is_chart || in_chart) && (name == "charts" || name == "templates")) continue;
    below.push_back(entry.path());
  }
  std::sort(below.begin(), below.end());
  for (const auto& path : below) find_below(path, root, is_chart || in_chart, out);
}

/// One entry of `dependencies:`.
struct Requirement {
  std::string name;
  std::string repository;
  std::string version;
};

/// The file that names the dependencies of the chart in `folder`, and what it names.
std::pair<fs::path, std::vector<Requirement>> requirements_of(const fs::path& folder) {
  fs::path file = folder / "Chart.yaml";
  auto yaml = read_yaml(file);
  // The old form keeps them apart.
  if (fs::exists(folder / "requirements.yaml") && yaml && text_of(*yaml, "apiVersion") != "v2") {
    file = folder / "requirements.yaml";
    yaml = read_yaml(file);
  }
  std::vector<Requirement> out;
  const auto* list = yaml ? yaml->find("dependencies") : nullptr;
  if (list == nullptr) return {file, out};
  for (const auto& item : list->as_list())
    out.push_back({text_of(item, "name"), text_of(item, "repository"), text_of(item, "version")});
  return {file, out};
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

/// Whether the address of a chart repository holds the owner that `root`, a folder `OWNER+NAME`, is called after.
bool is_named_in(const fs::path& root, const std::string& repository) {
  const auto folder = lower(root.filename().string());
  const auto owner = folder.substr(0, folder.find('+'));
  return !owner.empty() && lower(repository).find(owner) != std::string::npos;
}

bool satisfies(const std::string& version, const std::string& wanted) {
  const auto parsed = parse_semver(version);
  const auto range = SemVerConstraint::parse(wanted);
  return parsed.ok() && range.ok() && range->matches(*parsed);
}

bool is_there(const fs::path& charts, const std::string& name) {
  if (!fs::is_directory(charts)) return false;
  for (const auto& entry : fs::directory_iterator(charts)) {
    const auto file = entry.path().filename().string();
    if (entry.is_directory()) {
      const auto chart = chart_at(entry.path(), {});
      if (chart && chart->name == name) return true;
    } else if (file.starts_with(name + "-") && file.ends_with(".tgz")) {
      return true;
    }
  }
  return false;
}

/// What a link leads to is copied, so that nothing in the copy leads out of it; links that lead nowhere are left out.
void copy_folder(const fs::path& from, const fs::path& to, const fs::path& without) {
  fs::create_directories(to);
  for (const auto& entry : fs::directory_iterator(from)) {
    const auto target = to / entry.path().filename();
    if (entry.path() == without || entry.path().filename() == ".git") continue;
    const auto status = fs::status(entry.path());
    if (fs::is_directory(status)) {
      copy_folder(entry.path(), target, without);
    } else if (fs::is_regular_file(status)) {
      fs::copy_file(entry.path(), target);
    }
  }
}

/// Charts for one preparation.
class Preparer {
 public:
  Preparer(const std::vector<FoundChart>& pool, PreparedChart& out) : pool_(pool), out_(out) {}

  void prepare(const FoundChart& chart, const fs::path& to, int depth) {
    // A chart may keep charts for its tests inside, which may depend on it again.
    copy_folder(chart.path, to, excluded_);
    complete(to, chart, depth);
  }

 private:
  const FoundChart* find(const FoundChart& chart, const Requirement& wanted, std::optional<FoundChart>& local) {
    constexpr std::string_view scheme = "file://";
    if (wanted.repository.starts_with(scheme)) {
      local = chart_at((chart.path / wanted.repository.substr(scheme.size())).lexically_normal(), chart.root);
      if (local) return &*local;
    }
    const FoundChart* found = nullptr;
    int best = -1;
    for (const auto& candidate : pool_) {
      if (candidate.name != wanted.name || candidate.path == chart.path) continue;
      const int score = (candidate.root == chart.root ? 4 : 0) + (is_named_in(candidate.root, wanted.repository) ? 2 : 0) +
                        (satisfies(candidate.version, wanted.version) ? 1 : 0);
      if (score > best) found = &candidate;
      best = std::max(best, score);
    }
    return found;
  }

  // Completes the chart that stands in `to`, and the charts inside of it.
  void complete(const fs::path& to, const FoundChart& chart, int depth) {
    if (depth > max_depth) throw std::runtime_error(chart.name + " depends on itself");
    const auto [file, wanted] = requirements_of(to);
    bool relaxed = false;
    for (const auto& one : wanted) {
      if (is_there(to / "charts", one.name)) continue;
      std::optional<FoundChart> local;
      const auto* found = find(chart, one, local);
      if (found == nullptr) {
        if (std::find(out_.missing.begin(), out_.missing.end(), one.name) == out_.missing.end())
          out_.missing.push_back(one.name);
        continue;
      }
      const auto copy = found->name + ' ' + found->version;
      if (std::find(out_.copied.begin(), out_.copied.end(), copy) == out_.copied.end()) out_.copied.push_back(copy);
      excluded_ = chart.path;
      prepare(*found, to / "charts" / one.name, depth + 1);
      relaxed = true;
    }
    if (relaxed) write_text(file, relax_requirements(read_text(file)));
    if (!fs::is_directory(to / "charts")) return;
    for (const auto& entry : fs::directory_iterator(to / "charts")) {
      if (!entry.is_directory() || !fs::exists(entry.path() / "Chart.yaml")) continue;
      const auto name = entry.path().filename();
      FoundChart child{
          .path = chart.path / "charts" / name, .root = chart.root, .name = name.string(), .version = {}, .type = {}};
      complete(entry.path(), child, depth + 1);
    }
  }

  const std::vector<FoundChart>& pool_;
  PreparedChart& out_;
  fs::path excluded_;
};

/// Whether a schema refers to something that is neither in its file nor known to every validator.
bool refers_elsewhere(const Value& schema) {
  if (schema.is_list()) return std::any_of(schema.as_list().begin(), schema.as_list().end(), refers_elsewhere);
  const auto reference = schema.string_at({"$ref"});
  if (reference.starts_with("file:")) return true;
  if (reference.starts_with("http") && reference.find("//json-schema.org/") == std::string_view::npos) return true;
  return std::any_of(schema.as_map().begin(), schema.as_map().end(),
                     [](const Value::Member& member) { return refers_elsewhere(member.value); });
}

bool has_foreign_schema(const fs::path& folder) {
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().filename() != "values.schema.json") continue;
    const auto schema = parse_json(read_text(entry.path()));
    if (schema.ok() && refers_elsewhere(*schema)) return true;
  }
  return false;
}

std::string digest_of(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  Sha256 sum;
  for (const auto& file : files) {
    sum.add_field(fs::relative(file, folder).string());
    sum.add_field(read_text(file));
  }
  return sum.hex();
}

}  // namespace

std::vector<FoundChart> find_charts(const std::vector<fs::path>& roots) {
  std::vector<FoundChart> out;
  for (const auto& root : roots) {
    if (!fs::is_directory(root)) throw std::runtime_error(root.string() + " is no folder");
    find_below(fs::absolute(root).lexically_normal(), root, false, out);
  }
  return out;
}

std::string relax_requirements(const std::string& chart_yaml) {
  std::istringstream lines(chart_yaml);
  std::string out;
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    const auto first = line.find_first_not_of(' ');
    const bool top = first == 0 && line[0] != '-' && line[0] != '#';
    if (top) inside = line.starts_with("dependencies:");
    if (inside && first != std::string::npos) {
      const auto word = line.find_first_not_of(" -");
      if (word != std::string::npos && line.compare(word, 8, "version:") == 0)
        line = line.substr(0, word) + "version: \">=0.0.0-0\"";
    }
    out += line + '\n';
  }
  return out;
}

PreparedChart prepare_chart(const FoundChart& chart, const std::vector<FoundChart>& pool, const fs::path& to) {
  PreparedChart out;
  Preparer(pool, out).prepare(chart, to, 0);
  out.foreign_schema = has_foreign_schema(to);
  out.digest = digest_of(to);
  return out;
}

}  // namespace gitopsctl::tests
