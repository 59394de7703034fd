#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/text/escape.hpp"
#include "base/text/go_format.hpp"
#include "channels/model/reading.hpp"

namespace gitopsctl::channels::detail {

namespace {

// The keys of a release in all states of the historic form; the first state wrote `release_` before most of them.
const std::vector<std::string>& known_keys() {
  static const std::vector<std::string> keys = {"name",          "driver",      "namespace", "helm_name",
                                                "helm_chart",    "helm_values", "secrets",   "secret_helm_values",
                                                "kustomize_dir", "timeout"};
  return keys;
}

std::string shown(std::string_view text) { return "'" + terminal_safe(truncate_utf8(text, 80)) + "'"; }

/// Scalars become texts, as the original's model does with them.
std::optional<std::string> loose_text(const Value& value) {
  if (value.is_string()) return std::string(value.as_string());
  if (value.is_int()) return std::to_string(value.as_int());
  if (value.is_float()) return go_format_float(value.as_double());
  if (value.is_bool()) return std::string(value.as_bool() ? "True" : "False");
  return std::nullopt;
}

/// The node of `key` or of its first spelling.
ConfigNode find_key(const ConfigNode& node, std::string_view key) {
  if (node.has(key)) return node.at(key);
  const std::string first = "release_" + std::string(key);
  return node.has(first) ? node.at(first) : node.at(key);
}

/// The text at `node`; a list or map there is a mistake.
std::string read_text(const ConfigNode& node) {
  if (!node.present()) return {};
  if (auto text = loose_text(node.value())) return *std::move(text);
  node.fail(Error(ErrorCode::invalid_input, node.name() + " must be a text, not " + std::string(type_words(node.value()))));
  return {};
}

/// The texts of a list, each with its place.
std::vector<std::string> read_texts(const ConfigNode& node) {
  std::vector<std::string> out;
  if (!node.present()) return out;
  if (!node.value().is_list()) {
    node.fail(Error(ErrorCode::invalid_input, node.name() + " must be a list, not " + std::string(type_words(node.value())))
                  .with_hint("write it as a list: [value]"));
  }
  for (const auto& item : node.items()) out.push_back(read_text(item));
  return out;
}

std::string read_loose_path(const ConfigNode& node, std::string_view text, PathUse::Kind kind,
                            const ReadingContext& context) {
  auto path = TreePath::parse(text);
  if (!path.ok()) {
    node.fail(path.error());
    return {};
  }
  context.reading.paths.push_back({kind, *path, node.where(), {}});
  return path->is_root() ? "." : path->str();
}

/// A list; in the first states one text with colons between the paths.
void read_value_files(const ConfigNode& node, Release& release, const ReadingContext& context) {
  const auto add = [&](const ConfigNode& at, std::string_view text) {
    release.value_files.push_back(read_loose_path(at, text, PathUse::Kind::file, context));
  };
  if (node.value().is_string()) {
    std::string_view rest = node.value().as_string();
    while (!rest.empty()) {
      const auto colon = rest.find(':');
      if (const auto part = rest.substr(0, colon); !part.empty()) add(node, part);
      rest = colon == std::string_view::npos ? std::string_view{} : rest.substr(colon + 1);
    }
    return;
  }
  if (node.present() && !node.value().is_list()) {
    node.fail(Error(ErrorCode::invalid_input,
                    node.name() + " must be a list of paths, not " + std::string(type_words(node.value()))));
  }
  for (const auto& item : node.items()) {
    if (auto text = loose_text(item.value())) {
      add(item, *text);
    } else {
      item.fail(
          Error(ErrorCode::invalid_input, item.name() + " must be a path, not " + std::string(type_words(item.value()))));
    }
  }
}

void require(const ConfigNode& node, const ConfigNode& key, std::string_view name, std::string_view driver) {
  if (key.present() && !(key.value().is_string() && key.value().as_string().empty())) return;
  node.fail(Error(ErrorCode::invalid_input, "missing key '" + std::string(name) + "'")
                .with_hint("driver " + std::string(driver) + " needs it"));
}

void read_helm(const ConfigNode& node, Release& release, const ReadingContext& context) {
  const ConfigNode chart = find_key(node, "helm_chart");
  const ConfigNode name = find_key(node, "helm_name");
  require(node, chart, "helm_chart", "helm");
  require(node, name, "helm_name", "helm");
  require(node, find_key(node, "namespace"), "namespace", "helm");
  if (chart.value().is_string()) {
    release.chart = read_chart(chart, context);
  } else if (chart.present()) {
    release.chart = read_loose_path(chart, read_text(chart), PathUse::Kind::chart, context);
  }
  release.helm_name = read_text(name);
  check_helm_name(name, release.helm_name);
  read_value_files(find_key(node, "helm_values"), release, context);
}

void read_driver(const ConfigNode& node, Release& release, const ReadingContext& context) {
  const ConfigNode driver = find_key(node, "driver");
  release.driver_name = read_text(driver);
  if (release.driver_name == "helm") {
    release.driver = Driver::helm;
    read_helm(node, release, context);
  } else if (release.driver_name == "kustomize") {
    release.driver = Driver::kustomize;
    const ConfigNode path = find_key(node, "kustomize_dir");
    require(node, path, "kustomize_dir", "kustomize");
    if (path.present()) release.path = read_loose_path(path, read_text(path), PathUse::Kind::directory, context);
    note_unsupported_driver(driver, release.driver);
  } else {
    release.driver = Driver::unsupported;
    if (!driver.present()) {
      node.fail(
          Error(ErrorCode::invalid_input, "missing key 'driver'").with_hint("write driver: helm or driver: kustomize"));
    } else if (driver.value().is_string()) {
      driver.fail(Error(ErrorCode::unsupported, "'driver' cannot be " + shown(release.driver_name))
                      .with_hint(suggest(release.driver_name, {"helm", "kustomize"}, "values")));
    }
  }
}

/// Unknown keys always were ignored; one that looks like a typing mistake deserves a word.
void warn_unknown_keys(const ConfigNode& node, Release& release) {
  for (const auto& member : node.value().as_map()) {
    std::string_view key = member.key.view();
    const auto known = [&](std::string_view name) {
      return std::find(known_keys().begin(), known_keys().end(), name) != known_keys().end();
    };
    if (release.warnings.size() >= 20) return;
    if (known(key) || (key.starts_with("release_") && known(key.substr(8)))) continue;
    std::string warning = "key " + shown(key) + " is ignored";
    const std::string hint = suggest(key, known_keys(), "keys");
    if (hint.starts_with("did you mean")) warning += ": " + hint;
    release.warnings.push_back(std::move(warning));
  }
}

Release read_release(const ConfigNode& node, const ReadingContext& context) {
  const std::size_t first_path = context.reading.paths.size();
  Release release;
  release.where = node.where();
  release.name = read_text(find_key(node, "name"));
  const ConfigNode namespace_node = find_key(node, "namespace");
  release.namespace_ = read_text(namespace_node);
  check_namespace(namespace_node, release.namespace_);
  read_driver(node, release, context);
  release.secrets = read_texts(find_key(node, "secrets"));
  release.secret_values = read_texts(find_key(node, "secret_helm_values"));
  note_secrets(find_key(node, "secret_helm_values"), release);
  const ConfigNode timeout = find_key(node, "timeout");
  if (const std::string text = read_text(timeout); !text.empty()) {
    if (auto span = parse_duration(text); span.ok()) {
      release.timeout = *span;
    } else {
      timeout.fail(Error(ErrorCode::invalid_input, "'timeout': " + span.error().message())
                       .with_hint("write a unit, for example 600s or 10m0s"));
    }
  }
  warn_unknown_keys(node, release);
  claim_paths(context.reading, first_path, release.name);
  return release;
}

/// Names may repeat in this form; the order makes them distinct, so that each has an identity of its own.
void make_names_distinct(std::vector<Release>& releases) {
  std::set<std::string> written;
  for (const auto& release : releases) written.insert(release.name);
  std::set<std::string> used;
  std::map<std::string, int> next;
  for (auto& release : releases) {
    if (used.insert(release.name).second) continue;
    const std::string base = release.name;
    int& n = next.try_emplace(base, 2).first->second;
    do {
      release.name = base + "-" + std::to_string(n++);
    } while (written.contains(release.name) || !used.insert(release.name).second);
    release.warnings.push_back("another release is named " + shown(base) + "; this one is called " + shown(release.name));
  }
}

/// A name ends in labels, object names and `CHANNEL/RELEASE` on a command line.
bool usable_name(std::string_view name) {
  return name.size() <= 200 && valid_utf8(name) && name.find('/') == std::string_view::npos &&
         std::none_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

void read_head(const ConfigNode& head, const ReadingContext& context) {
  Channel& channel = context.reading.channel;
  // The first state said `name`.
  const ConfigNode name = head.has("channel") ? head.at("channel") : head.has("name") ? head.at("name") : head.at("channel");
  if (!name.present()) {
    head.fail(Error(ErrorCode::invalid_input, "missing key 'channel'").with_hint("the channel that this file is for"));
    return;
  }
  channel.name = read_text(name);
  if (channel.name.empty()) return;
  if (!valid_channel_name(channel.name)) {
    name.fail(Error(ErrorCode::invalid_input, shown(channel.name) + " cannot name a channel")
                  .with_hint("use at most 63 lower-case letters, digits and dashes"));
  } else if (!context.expected_name.empty() && channel.name != context.expected_name) {
    name.fail(Error(ErrorCode::invalid_input,
                    "this file is of channel '" + channel.name + "', not '" + std::string(context.expected_name) + "'")
                  .with_hint("the name in the file, the file's name and the branch must agree"));
  }
  const ConfigNode root = head.at("git_repo");
  // Whatever directory it means, the root is that of the repository around it; it only must not mean another one.
  if (const std::string text = read_text(root); !text.empty()) {
    if (auto path = channel.file.parent().resolve(text); !path.ok()) root.fail(path.error());
  }
}

}  // namespace

void read_calitp_form(const ConfigNode& root, const ReadingContext& context) {
  Channel& channel = context.reading.channel;
  channel.form = FileForm::calitp;
  channel.policy.prune = false;
  const ConfigNode head = root.at("calitp");
  if (!head.value().is_map()) {
    head.fail(Error(ErrorCode::invalid_input, "'calitp' must be a map, not " + std::string(type_words(head.value()))));
    return;
  }
  read_head(head, context);
  const ConfigNode releases = head.at("releases");
  if (!releases.value().is_list()) {
    const char* what = releases.present() ? "'releases' must be a list" : "missing key 'releases'";
    (releases.present() ? releases : head).fail(Error(ErrorCode::invalid_input, what));
    return;
  }
  for (const auto& node : releases.items()) {
    const ConfigNode name = find_key(node, "name");
    auto* problems = &context.reading.mistakes;
    if (!node.value().is_map()) {
      node.fail(Error(ErrorCode::invalid_input, "a release must be a map, not " + std::string(type_words(node.value()))));
    } else if (Release release = read_release(node, context); release.name.empty()) {
      (name.present() ? name : node).fail(Error(ErrorCode::invalid_input, "a release has no name").with_hint("add 'name:'"));
    } else {
      if (!usable_name(release.name)) {
        name.fail(Error(ErrorCode::invalid_input, shown(release.name) + " cannot name a release")
                      .with_hint("use at most 200 characters, without '/' and control characters"));
      }
      channel.releases.push_back(std::move(release));
      problems = &channel.releases.back().problems;
    }
    auto found = context.mistakes.take_below(node.pointer());
    problems->insert(problems->end(), found.begin(), found.end());
  }
  make_names_distinct(channel.releases);
}

}  // namespace gitopsctl::channels::detail
