#include "agent/install/record.hpp"

#include <algorithm>

#include "base/json/json.hpp"

namespace gitopsctl::agent::install::detail {

namespace {

constexpr std::string_view record_label = "gitopsctl.dev/install";
constexpr std::string_view data_key = "record";

Value text(std::string_view value) { return Value::string(value); }

Value to_value(const Record& record) {
  Value::List entries;
  for (const auto& entry : record.entries) {
    entries.push_back(make_map({{"group", text(entry.id.group)},
                                {"kind", text(entry.id.kind)},
                                {"namespace", text(entry.id.namespace_)},
                                {"name", text(entry.id.name)},
                                {"uid", text(entry.uid)}}));
  }
  return make_map({{"schema", Value::int64(Record::schema)},
                   {"release", text(record.release)},
                   {"installation", text(record.installation)},
                   {"entries", Value::list(std::move(entries))}});
}

Error unreadable(const LiveObject& object, const Error& cause) {
  return Error(ErrorCode::conflict, object.id.to_string() + " is no readable record of an installation: " + cause.message())
      .with_hint("restore it, or delete it to take its objects over anew; until then nothing is changed");
}

}  // namespace

render::ObjectId Record::id() const { return {"", "ConfigMap", namespace_, "gitopsctl-install-" + release}; }

RecordEntry* Record::find(const render::ObjectId& which) noexcept {
  const auto found = std::find_if(entries.begin(), entries.end(), [&](const auto& entry) { return entry.id == which; });
  return found == entries.end() ? nullptr : &*found;
}

RecordEntry& Record::add(const render::ObjectId& which) {
  if (RecordEntry* found = find(which); found != nullptr) return *found;
  return entries.emplace_back(RecordEntry{which, {}});
}

Result<Record> read_record(Environment& environment, const std::string& release, const std::string& namespace_) {
  Record out;
  out.release = release;
  out.namespace_ = namespace_;
  GITOPSCTL_TRY(const auto live, environment.get(out.id()));
  if (!live) return out;
  const auto stored = live->body.string_at({"data", data_key});
  const auto value = parse_json(stored, live->id.to_string());
  if (!value.ok()) return unreadable(*live, value.error());
  const Value* schema = value->find_path({"schema"});
  if (live->label(record_label) != release || schema == nullptr || !schema->is_int()) {
    return unreadable(*live, Error(ErrorCode::conflict, "it says something else"));
  }
  if (schema->as_int() > Record::schema) {
    return Error(ErrorCode::newer_schema, live->id.to_string() + " was written by a newer version of gitopsctl")
        .with_hint("use that version");
  }
  out.installation = value->string_at({"installation"});
  out.uid = live->uid;
  out.resource_version = live->resource_version;
  if (const Value* entries = value->find_path({"entries"}); entries != nullptr) {
    for (const auto& entry : entries->as_list()) {
      const auto at = [&entry](std::string_view key) { return std::string(entry.string_at({key})); };
      out.entries.push_back({{at("group"), at("kind"), at("namespace"), at("name")}, at("uid")});
    }
  }
  return out;
}

Result<void> write_record(Environment& environment, Record& record) {
  const Value body = make_map({
      {"apiVersion", text("v1")},
      {"kind", text("ConfigMap")},
      {"metadata", make_map({{"name", text(record.id().name)},
                             {"namespace", text(record.namespace_)},
                             {"labels", make_map({{"app.kubernetes.io/name", text("gitopsctl")},
                                                  {record_label, text(record.release)}})}})},
      {"data", make_map({{data_key, text(canonical_json(to_value(record)))}})},
  });
  GITOPSCTL_TRY(const auto written, environment.put({record.id(), "v1", body, "", 0}, record.resource_version, {}));
  record.uid = written.uid;
  record.resource_version = written.resource_version;
  return {};
}

Result<void> remove_entry(Environment& environment, const Record& record, const RecordEntry& entry,
                          const InstallProgress& progress) {
  GITOPSCTL_TRY(const auto live, environment.get(entry.id));
  if (!live) return {};
  const bool ours = entry.uid.empty() ? live->label("app.kubernetes.io/name") == "gitopsctl" &&
                                            live->label("app.kubernetes.io/instance") == record.release
                                      : live->uid == entry.uid;
  if (ours) GITOPSCTL_CHECK(environment.remove(entry.id, {live->uid, ""}, {}));
  progress({ours ? InstallStep::What::removed : InstallStep::What::kept, entry.id});
  return {};
}

Result<std::size_t> count_records(Environment& environment) {
  GITOPSCTL_TRY(const auto objects, environment.list({"", "ConfigMap", "", "app.kubernetes.io/name=gitopsctl"}));
  return static_cast<std::size_t>(
      std::count_if(objects.begin(), objects.end(), [](const auto& object) { return !object.label(record_label).empty(); }));
}

}  // namespace gitopsctl::agent::install::detail
