#include "render/helm/load_chart.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>

#include "base/yaml/yaml.hpp"
#include "render/helm/chart_files.hpp"
#include "render/helm/go_struct.hpp"
#include "render/helm/helm_log.hpp"
#include "render/helm/values_text.hpp"

namespace gitopsctl::render::helm {

namespace {

// Helm has no bound; real charts nest three or four deep.
constexpr int max_chart_depth = 50;

class Loader {
 public:
  explicit Loader(ChartSet& set) : set_(set), reader_(set.profile) {}

  Result<Chart*> load(const FileTreePtr& tree, const TreePath& path) {
    const auto origin = tree->display(path);
    const auto info = tree->stat(path);
    if (!info.ok()) {
      if (info.error().code() != ErrorCode::not_found) return info.error().at({.file = origin});
      return Error(ErrorCode::not_found, "chart " + origin + " does not exist")
          .at({.file = origin})
          .with_hint("correct the path in the channel file, or add the chart to the same commit");
    }
    if (info->type == FileType::directory) {
      GITOPSCTL_TRY(auto files, reader_.read_directory(*tree, path));
      return build(std::move(files), origin, 0);
    }
    GITOPSCTL_TRY(const auto bytes, tree->read(path));
    GITOPSCTL_TRY(auto files, reader_.read_archive(bytes, origin));
    return build(std::move(files), origin, 0);
  }

 private:
  Result<Chart*> build(std::vector<ChartFile> files, const std::string& origin, int depth) {
    if (depth > max_chart_depth) {
      return Error(ErrorCode::too_large, "charts are nested more than " + std::to_string(max_chart_depth) + " deep")
          .at({.file = origin});
    }
    Chart& chart = set_.add();
    chart.origin = origin;
    std::map<std::string, std::vector<ChartFile>, std::less<>> subcharts;
    const auto read = read_chart_yaml(chart, files);
    if (depth == 0 && set_.profile.major == 4) GITOPSCTL_CHECK(check_base(chart, read));
    if (!read.ok()) return read.error();
    for (auto& file : files) GITOPSCTL_CHECK(place(chart, subcharts, std::move(file)));
    if (chart.metadata == nullptr) {
      return Error(ErrorCode::invalid_input, "Chart.yaml file is missing")
          .at({.file = origin})
          .with_hint("a chart is a directory with a Chart.yaml");
    }
    const std::string chart_yaml = origin.empty() ? "Chart.yaml" : origin + "/Chart.yaml";
    if (const auto valid = validate_metadata(*chart.metadata, set_.profile); !valid.ok()) {
      return valid.error().at({.file = chart_yaml});
    }
    GITOPSCTL_CHECK(add_subcharts(chart, subcharts, depth));
    return &chart;
  }

  Result<void> read_chart_yaml(Chart& chart, const std::vector<ChartFile>& files) {
    for (const auto& file : files) {
      if (file.name != "Chart.yaml") continue;
      if (chart.metadata == nullptr) chart.metadata = std::make_shared<Metadata>();
      GITOPSCTL_CHECK(read_into(*chart.metadata, file));
      // Charts of Helm 2 named no version.
      if (chart.metadata->api_version.empty()) chart.metadata->api_version = "v1";
    }
    return {};
  }

  // Helm 4 first reads which version of chart this is, as a struct of its own.
  static Result<void> check_base(const Chart& chart, const Result<void>& read) {
    if (!read.ok()) {
      constexpr std::string_view metadata = "Go value of type v2.Metadata";
      std::string text = read.error().message();
      if (!text.ends_with(metadata)) return {};
      text.replace(text.size() - metadata.size(), metadata.size(), "Go value of type loader.chartBase");
      return Error(read.error().code(), text).at(read.error().where());
    }
    if (chart.metadata == nullptr) return {};
    const auto& version = chart.metadata->api_version;
    if (version == "v1" || version == "v2" || version == "v3") return {};
    return Error(ErrorCode::invalid_input, "unsupported chart version").at({.file = chart.origin + "/Chart.yaml"});
  }

  Result<void> read_into(Metadata& metadata, const ChartFile& file) {
    const auto read = read_metadata(file.data.view(), file.origin, metadata, set_.profile);
    if (read.ok()) return {};
    const auto& error = read.error();
    return Error(error.code(), "cannot load " + file.name + ": " + error.message()).at(error.where());
  }

  using Subcharts = std::map<std::string, std::vector<ChartFile>, std::less<>>;

  Result<void> place(Chart& chart, Subcharts& subcharts, ChartFile file) {
    const std::string_view name = file.name;
    if (name == "Chart.yaml") return {};
    if (name == "Chart.lock") return check_lock(file);
    if (name == "values.yaml") {
      auto values = read_default_values(file.data.view(), file.origin, set_.profile, set_.quote_content);
      if (!values.ok()) {
        const auto& error = values.error();
        return Error(error.code(), "cannot load values.yaml: " + error.message()).at(error.where());
      }
      chart.values = *values;
    } else if (name == "values.schema.json") {
      chart.schema = file.data;
    } else if (name == "requirements.yaml" || name == "requirements.lock") {
      return place_requirements(chart, std::move(file));
    } else if (name.starts_with("templates/")) {
      chart.templates.push_back(std::move(file));
    } else if (name.starts_with("charts/") && !name.ends_with(".prov")) {
      file.name = file.name.substr(std::string_view("charts/").size());
      subcharts[file.name.substr(0, file.name.find('/'))].push_back(std::move(file));
    } else {
      chart.files.push_back(std::move(file));
    }
    return {};
  }

  // What a lock says is not needed here, but Helm refuses a chart whose lock cannot be read.
  [[nodiscard]] Result<void> check_lock(const ChartFile& file) const {
    const auto read = parse_yaml(file.data.view(), {.numbers = YamlNumbers::integers}, file.origin);
    if (read.ok()) {
      const std::string package = set_.profile.major == 3 ? "chart." : "v2.";
      GoStruct lock(*read, package + "Lock", set_.profile.go);
      (void)lock.read_structs("dependencies", package + "Dependency");
      if (lock.mistake().empty()) return {};
      return Error(ErrorCode::invalid_input,
                   "cannot load " + file.name + ": error unmarshaling JSON: while decoding JSON: " + lock.mistake())
          .at({.file = file.origin});
    }
    const auto& error = read.error();
    return Error(error.code(), "cannot load " + file.name + ": error converting YAML to JSON: " + error.message())
        .at(error.where());
  }

  void log_requirements(bool lock) {
    if (lock) {
      set_.log->print("load.go:138", R"(Warning: Dependency locking is handled in Chart.lock since apiVersion "v2". )"
                                     "We recommend migrating to Chart.lock.");
    } else {
      set_.log->print("load.go:120", R"(Warning: Dependencies are handled in Chart.yaml since apiVersion "v2". )"
                                     "We recommend migrating dependencies to Chart.yaml.");
    }
  }

  Result<void> place_requirements(Chart& chart, ChartFile file) {
    if (chart.metadata == nullptr) chart.metadata = std::make_shared<Metadata>();
    if (chart.metadata->api_version != "v1") {
      set_.warnings.push_back(file.origin +
                              ": since apiVersion v2 dependencies belong in Chart.yaml and their lock in Chart.lock");
      if (set_.log != nullptr) log_requirements(file.name == "requirements.lock");
    }
    GITOPSCTL_CHECK(file.name == "requirements.yaml" ? read_into(*chart.metadata, file) : check_lock(file));
    if (chart.metadata->api_version == "v1") chart.files.push_back(std::move(file));
    return {};
  }

  Result<void> add_subcharts(Chart& chart, Subcharts& subcharts, int depth) {
    for (auto& [name, files] : subcharts) {
      if (name.starts_with('_') || name.starts_with('.')) continue;
      const std::string origin = chart.origin.empty() ? "charts/" + name : chart.origin + "/charts/" + name;
      auto child =
          name.ends_with(".tgz") ? load_packed(chart, name, files, origin, depth) : load_unpacked(files, origin, depth);
      if (!child.ok()) {
        const auto& error = child.error();
        Error wrapped(error.code(), "error unpacking subchart " + name + " in " + chart.name() + ": " + error.message());
        return wrapped.at(error.where()).with_hint(error.hint());
      }
      (*child)->parent = &chart;
      chart.dependencies.push_back(*child);
    }
    return {};
  }

  // Our own words stay as advice.
  static Error as_helm_says(const Error& error, bool is_empty) {
    std::string text;
    if (error.message().find("not a complete gzip file") != std::string::npos) text = is_empty ? "EOF" : "unexpected EOF";
    if (error.message().find("a path that climbs with") != std::string::npos)
      text = "chart illegally references parent directory";
    if (text.empty()) return error;
    return Error(error.code(), text).at(error.where()).with_hint(error.message());
  }

  Result<Chart*> load_packed(const Chart& chart, const std::string& name, const std::vector<ChartFile>& files,
                             const std::string& origin, int depth) {
    if (files.front().name != name) {
      return Error(ErrorCode::invalid_input,
                   "error unpacking subchart tar in " + chart.name() + ": expected " + name + ", got " + files.front().name)
          .at({.file = origin});
    }
    const auto bytes = files.front().data.view();
    auto unpacked = reader_.read_archive(bytes, origin);
    if (!unpacked.ok()) return as_helm_says(unpacked.error(), bytes.empty());
    return build(std::move(unpacked).value(), origin, depth + 1);
  }

  Result<Chart*> load_unpacked(std::vector<ChartFile>& files, const std::string& origin, int depth) {
    std::vector<ChartFile> own;
    for (auto& file : files) {
      const auto slash = file.name.find('/');
      if (slash == std::string::npos) continue;  // a loose file in charts/
      file.name = file.name.substr(slash + 1);
      own.push_back(std::move(file));
    }
    return build(std::move(own), origin, depth + 1);
  }

  ChartSet& set_;
  ChartFileReader reader_;
};

}  // namespace

Result<std::unique_ptr<ChartSet>> load_chart(const FileTreePtr& tree, const TreePath& path, bool quote_content,
                                             const HelmProfile& profile, HelmLog* log) {
  auto set = std::make_unique<ChartSet>();
  set->quote_content = quote_content;
  set->profile = profile;
  set->log = log;
  Loader loader(*set);
  GITOPSCTL_TRY(set->root, loader.load(tree, path));
  return set;
}

}  // namespace gitopsctl::render::helm
