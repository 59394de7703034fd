#include "channels/model/reading.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "base/text/escape.hpp"

namespace gitopsctl::channels::detail {

namespace {

// A channel of 10,000 releases with long paths is about 3 MiB of some 200,000 nodes. Whoever may push a branch writes such a
// file, and the nodes are what it costs: 500,000 with their places take some 120 MB.
constexpr std::uint64_t max_file_bytes = 4ULL << 20U;
constexpr std::uint64_t max_nodes = 500'000;
constexpr std::uint32_t max_depth = 100;
constexpr std::uint64_t max_alias_nodes = 100'000;
constexpr std::size_t max_releases = 10'000;

YamlOptions yaml_options(bool unique_keys) {
  YamlOptions options;
  options.max_bytes = max_file_bytes;
  options.max_depth = max_depth;
  options.max_alias_nodes = max_alias_nodes;
  options.max_nodes = max_nodes;
  options.unique_keys = unique_keys;
  return options;
}

std::string quoted(std::string_view text) { return "'" + terminal_safe(truncate_utf8(text, 120)) + "'"; }

bool is_lower_alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

/// Helm's own rule: labels of a DNS name, at most 53 characters in all (room for suffixes that charts add).
bool valid_helm_name(std::string_view name) {
  if (name.empty() || name.size() > 53) return false;
  char previous = '.';
  for (const char c : name) {
    if (c == '.' ? !is_lower_alphanumeric(previous) : !is_lower_alphanumeric(c) && (c != '-' || previous == '.'))
      return false;
    previous = c;
  }
  return is_lower_alphanumeric(previous);
}

/// The releases that wait for themselves: those in a strongly connected part of more than one release, or with an edge to
/// themselves. Tarjan's algorithm without recursion, because the file decides how deep it goes.
class CycleSearch {
 public:
  explicit CycleSearch(std::vector<std::vector<std::size_t>> edges)
      : edges_(std::move(edges)),
        order_(edges_.size(), 0),
        low_(edges_.size(), 0),
        on_stack_(edges_.size(), false),
        cyclic_(edges_.size(), false) {}

  std::vector<bool> run() {
    for (std::size_t i = 0; i < edges_.size(); ++i) {
      if (order_[i] == 0) search(i);
    }
    return cyclic_;
  }

 private:
  struct Step {
    std::size_t node;
    std::size_t next_edge;
  };

  void enter(std::size_t node) {
    order_[node] = low_[node] = ++counter_;
    stack_.push_back(node);
    on_stack_[node] = true;
    way_.push_back({node, 0});
  }

  void search(std::size_t root) {
    enter(root);
    while (!way_.empty()) {
      Step& step = way_.back();
      if (step.next_edge == edges_[step.node].size()) {
        leave(step.node);
        continue;
      }
      const std::size_t node = step.node;
      const std::size_t target = edges_[node][step.next_edge++];
      if (target == node) cyclic_[node] = true;
      if (order_[target] == 0) {
        enter(target);
      } else if (on_stack_[target]) {
        low_[node] = std::min(low_[node], order_[target]);
      }
    }
  }

  void leave(std::size_t node) {
    way_.pop_back();
    if (!way_.empty()) low_[way_.back().node] = std::min(low_[way_.back().node], low_[node]);
    if (low_[node] != order_[node]) return;
    const bool alone = stack_.back() == node;
    while (true) {
      const std::size_t member = stack_.back();
      stack_.pop_back();
      on_stack_[member] = false;
      if (!alone) cyclic_[member] = true;
      if (member == node) return;
    }
  }

  std::vector<std::vector<std::size_t>> edges_;
  std::vector<std::size_t> order_;
  std::vector<std::size_t> low_;
  std::vector<bool> on_stack_;
  std::vector<bool> cyclic_;
  std::vector<std::size_t> stack_;
  std::vector<Step> way_;
  std::size_t counter_ = 0;
};

void move_all(std::vector<Error>&& from, std::vector<Error>& to) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

}  // namespace

std::string read_path(const ConfigNode& node, PathUse::Kind kind, const ReadingContext& context) {
  if (!node.value().is_string()) return {};
  auto path = TreePath::parse(node.value().as_string());
  if (!path.ok()) {
    node.fail(path.error());
    return {};
  }
  context.reading.paths.push_back({kind, *path, node.where(), {}});
  return path->is_root() ? "." : path->str();
}

std::string read_chart(const ConfigNode& node, const ReadingContext& context) {
  const auto text = node.value().as_string();
  if (!is_remote_chart(text)) return read_path(node, PathUse::Kind::chart, context);
  node.fail(
      Error(ErrorCode::needs_source, "chart " + quoted(text) +
                                         " is not in the repository, and files of this form cannot name "
                                         "charts elsewhere")
          .with_hint("put the chart into the repository (gitopsctl chart pull --untar) and name its path, or write the "
                     "file in our own form"));
  return std::string(text);
}

namespace {

/// A commit says which chart is deployed, so that it is the same today, in a review and in a rollback: one version or
/// digest.
void check_version(const ConfigNode& node, const ConfigNode& version, const RemoteChart& chart) {
  if (chart.version.empty()) {
    if (!chart.digest.empty() && chart.in_registry()) return;
    node.fail(Error(ErrorCode::invalid_input, "the version of the chart is missing")
                  .with_hint("write one version: a newer one is deployed by a commit that names it"));
    return;
  }
  if (is_exact_version(chart.version)) return;
  const ConfigNode& where = version.present() ? version : node;
  where.fail(Error(ErrorCode::invalid_input, quoted(chart.version) + " is not one version")
                 .with_hint("write all of it, such as 1.2.3: which chart is deployed is said by a commit, not by what is "
                            "newest when somebody looks"));
}

}  // namespace

void read_chart_source(const ConfigNode& section, Release& release, const ReadingContext& context) {
  const ConfigNode node = section.at("chart");
  const bool listed = node.value().is_map();
  const auto text = node.value().as_string();
  if (!listed && !text.starts_with("oci://")) {
    for (const std::string_view key : {"version", "digest"}) {
      if (!section.has(key)) continue;
      section.at(key).fail_key(
          Error(ErrorCode::invalid_input, "'" + std::string(key) + "' belongs to charts that are not in the repository")
              .with_hint(listed ? "write it into 'chart'" : "leave it out: the commit says which chart it is"));
    }
    if (is_remote_chart(text)) {
      node.fail(Error(ErrorCode::invalid_input, "a chart repository needs the name of the chart, too")
                    .with_hint("write chart: {repository: https://…, name: …, version: …}"));
      return;
    }
    release.chart = read_path(node, PathUse::Kind::chart, context);
    return;
  }
  RemoteChart chart;
  const ConfigNode& with_version = listed ? node : section;
  if (listed) {
    for (const std::string_view key : {"version", "digest"}) {
      if (!section.has(key)) continue;
      section.at(key).fail_key(Error(ErrorCode::invalid_input, "'" + std::string(key) + "' belongs into 'chart'")
                                   .with_hint("write chart: {repository: https://…, name: …, version: …}"));
    }
    chart.location = node.text("repository");
    chart.name = node.text("name");
    // check_config has said so
    if (chart.location.empty() || chart.name.empty() || node.text("version").empty()) return;
    if (chart.location.starts_with("oci://")) {
      node.at("repository")
          .fail(Error(ErrorCode::invalid_input, "a registry is no chart repository")
                    .with_hint("write chart: oci://HOST/PATH/NAME, with version beside it"));
      return;
    }
  } else {
    auto parsed = parse_oci_chart(text);
    if (!parsed.ok()) return node.fail(parsed.error());
    chart = *std::move(parsed);
  }
  const auto take = [&](std::string_view key, std::string& into) {
    const std::string given = with_version.text(key);
    if (given.empty()) return;
    if (!into.empty() && into != given) {
      with_version.at(key).fail(Error(ErrorCode::invalid_input, "'" + std::string(key) + "' differs from what 'chart' says")
                                    .with_hint("say it in one of the two places"));
    }
    into = given;
  };
  take("version", chart.version);
  take("digest", chart.digest);
  if (const auto good = check_remote_chart(chart); !good.ok()) {
    return (chart.digest.empty() || !with_version.has("digest") ? node : with_version.at("digest")).fail(good.error());
  }
  check_version(node, with_version.at("version"), chart);
  release.remote = std::move(chart);
}

void claim_paths(ChannelReading& reading, std::size_t first, const std::string& release) {
  for (std::size_t i = first; i < reading.paths.size(); ++i) reading.paths[i].release = release;
}

void check_helm_name(const ConfigNode& node, std::string_view name) {
  if (name.empty() || valid_helm_name(name)) return;
  node.fail(Error(ErrorCode::invalid_input, quoted(name) + " cannot be the name of a helm release")
                .with_hint("helm allows at most 53 lower-case letters, digits, dashes and dots"));
}

void check_namespace(const ConfigNode& node, std::string_view name) {
  if (name.empty() || valid_channel_name(name)) return;
  node.fail(Error(ErrorCode::invalid_input, quoted(name) + " cannot be a namespace")
                .with_hint("use at most 63 lower-case letters, digits and dashes"));
}

void note_unsupported_driver(const ConfigNode& node, Driver driver) {
  if (driver != Driver::kustomize) return;
  node.fail(Error(ErrorCode::unsupported, "driver kustomize is not supported by this version")
                .with_hint("the release is left as it is; use driver helm or manifests to have it deployed"));
}

void note_secrets(const ConfigNode& secret_values, Release& release) {
  if (!release.secrets.empty()) {
    std::string names;
    for (const auto& name : release.secrets) names += (names.empty() ? "" : ", ") + terminal_safe(name);
    release.warnings.push_back("secrets " + names + " are not applied by this version: no secret provider is configured");
  }
  for (const auto& item : secret_values.items()) {
    if (!item.value().is_string()) continue;
    item.fail(Error(ErrorCode::unsupported, "the values in secret " + quoted(item.value().as_string()) +
                                                " are needed, and no secret provider is configured")
                  .with_hint("this version has no secret providers; keep the values in the repository, or the release is "
                             "left as it is"));
  }
}

void check_relations(const ConfigNode& releases, const ReadingContext& context) {
  const auto& all = context.reading.channel.releases;
  std::map<std::string, std::size_t> index;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < all.size(); ++i) {
    index.emplace(all[i].name, i);
    names.push_back(all[i].name);
  }
  std::vector<std::vector<std::size_t>> edges(all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (const auto& name : all[i].depends_on) {
      if (const auto found = index.find(name); found != index.end()) edges[i].push_back(found->second);
    }
  }
  const std::vector<bool> cyclic = CycleSearch(std::move(edges)).run();
  for (std::size_t i = 0; i < all.size(); ++i) {
    const ConfigNode node = releases.item(i);
    for (const auto& item : node.at("dependsOn").items()) {
      if (!item.value().is_string() || index.contains(std::string(item.value().as_string()))) continue;
      item.fail(Error(ErrorCode::invalid_input, "no release " + quoted(item.value().as_string()) + " in this file")
                    .with_hint(suggest(item.value().as_string(), names, "releases")));
    }
    if (cyclic[i]) {
      node.at("dependsOn")
          .fail(Error(ErrorCode::invalid_input, "release " + quoted(all[i].name) + " waits for itself through dependsOn")
                    .with_hint("remove one of the releases of the circle from a dependsOn list"));
    }
    const auto& former = all[i].renamed_from;
    if (!former.empty() && index.contains(former)) {
      node.at("renamedFrom")
          .fail(Error(ErrorCode::invalid_input, "release " + quoted(former) + " is still in this file")
                    .with_hint("renamedFrom names a release that is gone"));
    }
  }
}

namespace {

/// The document in `text`, and whether it is of the historic form.
Result<LocatedYaml> parse_document(std::string_view text, const TreePath& file, std::string_view expected_name,
                                   bool& calitp) {
  calitp = true;
  if (is_env_file(file)) return env_document({{file, std::string(text)}}, expected_name);
  {
    // The historic form was read by a YAML library for which the last of equal keys wins. Which form it is shows only once
    // it is read; this first reading goes without places, and away before the second.
    GITOPSCTL_TRY(const auto first, parse_yaml(text, yaml_options(false), file.str()));
    calitp = first.find("calitp") != nullptr && first.find("apiVersion") == nullptr;
  }
  return parse_located_yaml(text, file.str(), yaml_options(!calitp));
}

void read_document(const LocatedYaml& document, bool calitp, std::string_view expected_name, ChannelReading& reading) {
  ConfigMistakes mistakes;
  const ConfigNode root(document, mistakes);
  const auto refuse = [&](const char* message, ErrorCode code) {
    root.fail(
        Error(code, message).with_hint("a channel file begins with 'apiVersion: gitopsctl.dev/v1' and 'kind: Channel'"));
  };
  const Value* list = calitp ? document.value.find_path({"calitp", "releases"}) : document.value.find("releases");
  if (!root.value().is_map()) {
    refuse(root.present() ? "a channel file must be a map" : "the channel file is empty", ErrorCode::invalid_input);
  } else if (!calitp && !root.has("apiVersion") && !root.has("kind")) {
    refuse("this is no channel file: neither 'apiVersion' nor 'calitp' is there", ErrorCode::invalid_input);
  } else if (list != nullptr && list->size() > max_releases) {
    refuse("the channel file has more than 10000 releases", ErrorCode::too_large);
  } else {
    const ReadingContext context{reading, mistakes, expected_name};
    if (calitp) {
      read_calitp_form(root, context);
    } else {
      read_own_form(root, context);
    }
  }
  move_all(mistakes.take_all(), reading.mistakes);
  sort_by_place(reading.mistakes);
}

}  // namespace

ChannelReading read_channel(std::string_view text, const TreePath& file, std::string_view expected_name) {
  ChannelReading reading;
  reading.channel.file = file;
  bool calitp = false;
  auto document = parse_document(text, file, expected_name, calitp);
  if (document.ok()) {
    read_document(*document, calitp, expected_name, reading);
  } else {
    reading.mistakes = document.error().flatten();
  }
  return reading;
}

ChannelReading read_channel_set(const std::vector<EnvFile>& files, const TreePath& directory, std::string_view channel) {
  ChannelReading reading;
  reading.channel.file = directory;
  auto document = env_document(files, channel);
  if (document.ok()) {
    read_document(*document, true, channel, reading);
  } else {
    reading.mistakes = document.error().flatten();
  }
  return reading;
}

}  // namespace gitopsctl::channels::detail
