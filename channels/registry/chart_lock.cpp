#include "channels/registry/chart_lock.hpp"

#include "base/crypto/digest.hpp"
#include "base/json/json.hpp"
#include "base/yaml/yaml.hpp"

namespace gitopsctl::channels {

using render::helm::ChartDependency;

namespace {

std::string json_of(const Value& value) { return to_json(value).value_or("null"); }

/// A dependency in the order of the fields of helm's struct (chart/v2, dependency.go), empty ones left out as its tags say.
std::string dependency_json(const ChartDependency& entry) {
  std::string out = "{\"name\":" + json_of(Value::string(entry.name));
  const auto text = [&out](std::string_view key, const std::string& value) {
    if (!value.empty()) out += ",\"" + std::string(key) + "\":" + json_of(Value::string(value));
  };
  text("version", entry.version);
  out += ",\"repository\":" + json_of(Value::string(entry.repository));
  text("condition", entry.condition);
  if (!entry.tags.empty()) {
    Value tags = Value::list();
    for (const auto& tag : entry.tags) tags.push_back(Value::string(tag));
    out += ",\"tags\":" + json_of(tags);
  }
  if (entry.enabled) out += ",\"enabled\":true";
  if (entry.import_values.size() > 0) out += ",\"import-values\":" + json_of(entry.import_values);
  text("alias", entry.alias);
  return out + '}';
}

std::string list_json(const std::vector<ChartDependency>& list) {
  std::string out = "[";
  for (const auto& entry : list) out += (out.size() > 1 ? "," : "") + dependency_json(entry);
  return out + ']';
}

}  // namespace

std::string lock_file_name(const render::helm::Metadata& metadata) {
  return metadata.api_version == "v1" ? "requirements.lock" : "Chart.lock";
}

std::string lock_digest(const std::vector<ChartDependency>& requested, const std::vector<ChartDependency>& locked) {
  return "sha256:" + sha256_hex('[' + list_json(requested) + ',' + list_json(locked) + ']');
}

Result<ChartLock> parse_chart_lock(std::string_view text, const std::string& file) {
  GITOPSCTL_TRY(const auto document, parse_yaml(text, {}, file));
  ChartLock out;
  out.digest = document.string_at({"digest"});
  // The list has the form that Chart.yaml has.
  render::helm::Metadata metadata;
  if (const Value* list = document.find("dependencies"); list != nullptr) {
    GITOPSCTL_TRY(const auto alone, to_yaml(make_map({{"dependencies", *list}})));
    GITOPSCTL_CHECK(render::helm::read_metadata(alone, file, metadata));
  }
  out.dependencies = metadata.own_dependencies();
  return out;
}

Result<void> check_lock(const render::helm::Metadata& metadata, const ChartLock& lock) {
  const auto requested = metadata.own_dependencies();
  if (lock_digest(requested, lock.dependencies) == lock.digest) return {};
  if (metadata.api_version != "v1") {
    return Error(ErrorCode::invalid_input,
                 "the lock file (Chart.lock) is out of sync with the dependencies file (Chart.yaml). Please update the "
                 "dependencies with 'helm dependency update'");
  }
  // Helm 2 took the requested ones alone.
  if ("sha256:" + sha256_hex("{\"dependencies\":" + list_json(requested) + '}') == lock.digest) return {};
  return Error(ErrorCode::invalid_input,
               "the lock file (requirements.lock) is out of sync with the dependencies file (requirements.yaml). Please "
               "update the dependencies");
}

std::string chart_lock_text(const ChartLock& lock, TimePoint generated) {
  Value list = Value::list();
  for (const auto& entry : lock.dependencies) {
    Value one = make_map({{"name", Value::string(entry.name)}, {"repository", Value::string(entry.repository)}});
    if (!entry.version.empty()) one.set("version", Value::string(entry.version));
    list.push_back(std::move(one));
  }
  return to_yaml(make_map({{"dependencies", std::move(list)},
                           {"digest", Value::string(lock.digest)},
                           {"generated", Value::string(format_time(generated))}}))
      .value_or("");
}

}  // namespace gitopsctl::channels
