#include <algorithm>
#include <set>
#include <utility>

#include "base/text/escape.hpp"
#include "channels/model/field_path.hpp"
#include "channels/model/reading.hpp"
#include "render/helm/profile.hpp"

namespace gitopsctl::channels::detail {

namespace {

Driver driver_of(std::string_view name) {
  if (name == "helm") return Driver::helm;
  if (name == "kustomize") return Driver::kustomize;
  if (name == "manifests") return Driver::manifests;
  return Driver::unsupported;
}

/// Helm reads every number of a values file as a float; inline values are one.
Value as_helm_values(const Value& value) {
  if (value.is_int()) return Value::float64(value.as_double());
  if (value.is_list()) {
    Value out = Value::list();
    for (const auto& item : value.as_list()) out.push_back(as_helm_values(item));
    return out;
  }
  if (value.is_map()) {
    Value::Members members;
    members.reserve(value.size());
    for (const auto& member : value.as_map()) members.push_back({member.key, as_helm_values(member.value)});
    return Value::map(std::move(members));
  }
  return value;
}

/// `data.tls\.crt` → data, tls.crt
std::vector<std::string> split_keys(std::string_view path) {
  std::vector<std::string> keys(1);
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '\\' && i + 1 < path.size()) {
      keys.back() += path[++i];
    } else if (path[i] == '.') {
      keys.emplace_back();
    } else {
      keys.back() += path[i];
    }
  }
  return keys;
}

void read_sensitive(const ConfigNode& list, Release& release) {
  for (const auto& node : list.items()) {
    render::SensitivePath path;
    path.kind = node.text("kind");
    path.name = node.text("name");
    path.keys = split_keys(node.text("path"));
    if (std::any_of(path.keys.begin(), path.keys.end(), [](const auto& key) { return key.empty(); })) {
      if (node.has("path")) {
        node.at("path").fail(Error(ErrorCode::invalid_input, "a key of the path is empty")
                                 .with_hint("write keys joined by single dots, for example data.password"));
      }
      continue;
    }
    release.sensitive.push_back(std::move(path));
  }
}

void read_force(const ConfigNode& list, Release& release) {
  for (const auto& node : list.items()) {
    if (!node.at("path").value().is_string()) continue;  // check_config has said so
    auto steps = parse_field_path(node.text("path"));
    if (!steps.ok()) {
      node.at("path").fail(steps.error());
      continue;
    }
    release.force.push_back({node.text("kind"), node.text("name"), *std::move(steps)});
  }
}

/// The section of the driver is needed, those of the others are mistakes.
void read_driver_sections(const ConfigNode& node, Release& release, const ReadingContext& context) {
  for (const std::string_view section : {"helm", "kustomize", "manifests"}) {
    if (section == release.driver_name) {
      if (!node.has(section)) {
        node.fail(Error(ErrorCode::invalid_input, "missing key '" + std::string(section) + "'")
                      .with_hint("driver " + std::string(section) + " reads its settings there"));
      }
    } else if (node.has(section) && release.driver != Driver::unsupported) {
      node.at(section).fail_key(Error(ErrorCode::invalid_input,
                                      "'" + std::string(section) + "' does not belong to driver " + release.driver_name));
    }
  }
  const ConfigNode section = node.at(release.driver_name);
  if (release.driver != Driver::helm) {
    if (section.has("path")) release.path = read_path(section.at("path"), PathUse::Kind::directory, context);
    return;
  }
  if (section.has("chart")) read_chart_source(section, release, context);
  release.helm_name = section.text("releaseName", release.name);
  check_helm_name(section.has("releaseName") ? section.at("releaseName") : node.at("name"), release.helm_name);
  for (const auto& file : section.at("valueFiles").items()) {
    if (file.value().is_string()) release.value_files.push_back(read_path(file, PathUse::Kind::file, context));
  }
  read_values_from(section.at("valuesFrom"), release);
  if (section.at("values").value().is_map()) release.values = as_helm_values(section.at("values").value());
  release.profile = section.text("profile");
  if (!release.profile.empty()) {
    // One that this version does not know yet stops its release only, where it is rendered.
    const auto profile = render::helm::find_profile(release.profile);
    if (!profile.ok() && profile.error().code() == ErrorCode::invalid_input) section.at("profile").fail(profile.error());
  }
  release.lookup = section.boolean("lookup", false);
  release.skip_schema = section.boolean("skipSchemaValidation", false);
}

Release read_release(const ConfigNode& node, const ReadingContext& context) {
  const std::size_t first_path = context.reading.paths.size();
  Release release;
  release.where = node.where();
  release.name = node.text("name");
  release.driver_name = node.text("driver");
  release.driver = driver_of(release.driver_name);
  release.namespace_ = node.text("namespace");
  if (node.at("namespace").value().is_string()) check_namespace(node.at("namespace"), release.namespace_);
  note_unsupported_driver(node.at("driver"), release.driver);
  read_driver_sections(node, release, context);
  release.secrets = node.texts("secrets");
  release.secret_values = node.texts("secretValues");
  note_secrets(node.at("secretValues"), release);
  release.prune = node.boolean("prune");
  release.allow_empty = node.boolean("allowEmpty", false);
  release.allow_delete = node.texts("allowDelete");
  release.renamed_from = node.text("renamedFrom");
  release.suspend = node.boolean("suspend", false);
  release.depends_on = node.texts("dependsOn");
  read_sensitive(node.at("sensitive"), release);
  read_force(node.at("force"), release);
  release.timeout = node.duration("timeout");
  claim_paths(context.reading, first_path, release.name);
  return release;
}

/// Whether the release at `node` has a name that tells it from all others. One that has none cannot be told from one that
/// left the file, so the file as a whole cannot be followed.
bool check_release_name(const ConfigNode& node, std::set<std::string, std::less<>>& seen, const ReadingContext& context) {
  const ConfigNode name = node.at("name");
  if (!name.value().is_string() || name.value().as_string().empty()) return false;  // check_config has said so
  const auto text = name.value().as_string();
  const auto fail = [&](std::string message, std::string hint) {
    context.reading.mistakes.push_back(
        Error(ErrorCode::invalid_input, std::move(message)).at(name.where()).with_hint(std::move(hint)));
  };
  if (!valid_channel_name(text)) {
    fail("'" + terminal_safe(truncate_utf8(text, 80)) + "' cannot name a release",
         "use at most 63 lower-case letters, digits and dashes");
  } else if (!seen.insert(std::string(text)).second) {
    fail("two releases are named '" + std::string(text) + "'", "names are unique in a channel file");
  }
  return true;
}

void read_policy(const ConfigNode& root, Policy& policy) {
  const ConfigNode deletes = root.at("guards").at("deletes");
  policy.delete_percent = deletes.number("percent", policy.delete_percent);
  policy.delete_at_least = static_cast<std::uint32_t>(deletes.integer("atLeast", policy.delete_at_least));
  policy.approvals = static_cast<std::uint32_t>(root.at("approvals").integer("required", 0));
  policy.freeze = read_freeze(root.at("freeze"));
  policy.prune = root.boolean("prune", true);
  policy.self_heal = root.boolean("selfHeal", true);
}

void read_candidate(const ConfigNode& node, const ReadingContext& context) {
  if (!node.value().is_map()) return;
  CandidateSpec candidate;
  for (const auto& item : node.at("paths").items()) {
    if (!item.value().is_string()) continue;
    std::string_view text = item.value().as_string();
    if (text.ends_with("/**")) text.remove_suffix(3);
    if (text == "**") text = ".";
    auto path = TreePath::parse(text);
    if (!path.ok()) {
      item.fail(path.error());
    } else if (text.find('*') != std::string_view::npos) {
      item.fail(Error(ErrorCode::unsupported, "patterns are not supported in candidate paths")
                    .with_hint("name files and directories; 'dir' and 'dir/**' are the same"));
    } else {
      candidate.paths.push_back(path->str());
      context.reading.paths.push_back({PathUse::Kind::candidate, *path, item.where(), {}});
    }
  }
  candidate.parent = node.text("parent");
  if (!candidate.parent.empty() && !valid_channel_name(candidate.parent)) {
    node.at("parent").fail(
        Error(ErrorCode::invalid_input, "'" + terminal_safe(truncate_utf8(candidate.parent, 80)) + "' is no channel name"));
  }
  context.reading.channel.candidate = std::move(candidate);
}

void check_head(const ConfigNode& root, const ReadingContext& context) {
  Channel& channel = context.reading.channel;
  const std::string version = root.text("apiVersion");
  if (version == "gitopsctl/v1") {
    channel.warnings.emplace_back("apiVersion gitopsctl/v1 is the draft spelling; write gitopsctl.dev/v1");
  } else if (!version.empty() && version != api_version) {
    const bool ours =
        version.starts_with(api_group) && version.size() > api_group.size() && version[api_group.size()] == '/';
    root.at("apiVersion")
        .fail(Error(ours ? ErrorCode::unsupported : ErrorCode::invalid_input,
                    "apiVersion '" + terminal_safe(truncate_utf8(version, 80)) + "' is not known")
                  .with_hint("this version reads gitopsctl.dev/v1"));
  }
  if (root.at("kind").value().is_string() && root.text("kind") != "Channel") {
    root.at("kind").fail(Error(ErrorCode::invalid_input, "this is no channel file: kind is '" +
                                                             terminal_safe(truncate_utf8(root.text("kind"), 80)) + "'")
                             .with_hint("write kind: Channel"));
  }
  channel.name = root.text("name");
  if (!channel.name.empty() && !valid_channel_name(channel.name)) {
    root.at("name").fail(
        Error(ErrorCode::invalid_input, "'" + terminal_safe(truncate_utf8(channel.name, 80)) + "' cannot name a channel")
            .with_hint("use at most 63 lower-case letters, digits and dashes"));
  } else if (!channel.name.empty() && !context.expected_name.empty() && channel.name != context.expected_name) {
    root.at("name").fail(Error(ErrorCode::invalid_input, "this file is of channel '" + channel.name + "', not '" +
                                                             std::string(context.expected_name) + "'")
                             .with_hint("the name in the file, the file's name and the branch must agree"));
  }
}

}  // namespace

void read_own_form(const ConfigNode& root, const ReadingContext& context) {
  Channel& channel = context.reading.channel;
  channel.form = FileForm::own;
  check_config(root, channel_shape());
  check_head(root, context);
  channel.suspend = root.boolean("suspend", false);
  read_policy(root, channel.policy);
  read_candidate(root.at("candidate"), context);

  const ConfigNode releases = root.at("releases");
  const auto nodes = releases.items();
  for (const auto& node : nodes) channel.releases.push_back(read_release(node, context));
  check_relations(releases, context);
  std::set<std::string, std::less<>> seen;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    auto problems = context.mistakes.take_below(nodes[i].pointer());
    const bool named = check_release_name(nodes[i], seen, context);
    auto& keep = named ? channel.releases[i].problems : context.reading.mistakes;
    keep.insert(keep.end(), problems.begin(), problems.end());
  }
}

}  // namespace gitopsctl::channels::detail
