#include <algorithm>
#include <array>
#include <initializer_list>
#include <utility>

#include "agent/inventory/inventory.hpp"
#include "base/json/json.hpp"
#include "base/text/escape.hpp"

namespace gitopsctl::agent {

namespace {

constexpr std::array<std::pair<EntryState, std::string_view>, 5> states = {{
    {EntryState::intended, "intended"},
    {EntryState::applied, "applied"},
    {EntryState::pruning, "pruning"},
    {EntryState::recreating, "recreating"},
    {EntryState::kept, "kept"},
}};

std::string_view state_name(EntryState state) {
  for (const auto& [value, name] : states) {
    if (value == state) return name;
  }
  return "intended";
}

Value text(std::string_view value) { return Value::string(value); }

/// `text` as canonical_json() writes it.
void append_text(std::string& out, std::string_view text) {
  const bool plain = std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; });
  if (plain) {
    out += '"';
    out += text;
    out += '"';
  } else {
    out += canonical_json(Value::string(text));
  }
}

/// Short keys, in their order: there are as many of these as there are objects. Empty texts are left out.
void append_entry(std::string& out, const InventoryEntry& entry) {
  char separator = '{';
  const auto add = [&](std::string_view key, std::string_view value) {
    if (value.empty()) return;
    out += std::exchange(separator, ',');
    out += '"';
    out += key;
    out += "\":";
    append_text(out, value);
  };
  add("g", entry.id.group);
  add("h", entry.hash);
  add("k", entry.id.kind);
  add("n", entry.id.name);
  add("ns", entry.id.namespace_);
  add("o", entry.live_hash);
  add("st", state_name(entry.state));
  add("uid", entry.uid);
  add("v", entry.version);
  out += '}';
}

/// `{kind, name, path}`; empty texts are left out.
Value encode_sensitive(const std::vector<render::SensitivePath>& paths) {
  Value list = Value::list();
  for (const auto& path : paths) {
    Value keys = Value::list();
    for (const auto& key : path.keys) keys.push_back(text(key));
    Value item = make_map({{"path", std::move(keys)}});
    if (!path.kind.empty()) item.set("kind", text(path.kind));
    if (!path.name.empty()) item.set("name", text(path.name));
    list.push_back(std::move(item));
  }
  return list;
}

/// Reads the fields of one map strictly: a wrong type or an unknown key ends the reading, because what was edited by hand
/// must not decide a delete.
class Fields {
 public:
  Fields(const Value& map, std::string what) : map_(map), what_(std::move(what)) {
    if (!map.is_map()) fail("must be a map");
  }

  void text(std::string_view key, std::string& out, bool required = false) {
    const Value* value = take(key);
    if (value == nullptr) {
      if (required) fail("lacks '" + std::string(key) + "'");
    } else if (!value->is_string() || (required && value->as_string().empty())) {
      fail("has no text in '" + std::string(key) + "'");
    } else {
      out = value->as_string();
    }
  }
  void number(std::string_view key, std::int64_t& out) {
    const Value* value = take(key);
    if (value == nullptr || !value->is_int() || value->as_int() < 0)
      return fail("has no number in '" + std::string(key) + "'");
    out = value->as_int();
  }
  /// The value of `key`, or null after a failure.
  const Value& part(std::string_view key) {
    static const Value nothing = Value::null();
    const Value* value = take(key);
    if (value == nullptr) fail("lacks '" + std::string(key) + "'");
    return value == nullptr ? nothing : *value;
  }
  /// The value of `key`, or nullptr when it is left out.
  const Value* optional(std::string_view key) { return take(key); }
  void fail(const std::string& message) {
    if (!error_) error_ = Error(ErrorCode::invalid_input, what_ + " " + message);
  }
  [[nodiscard]] Result<void> done() {
    if (!error_ && taken_ != map_.size()) fail("has keys that are not known");
    if (error_) return *error_;
    return {};
  }

 private:
  const Value* take(std::string_view key) {
    const Value* value = map_.find(key);
    if (value != nullptr) ++taken_;
    return value;
  }

  const Value& map_;
  std::string what_;
  std::size_t taken_ = 0;
  std::optional<Error> error_;
};

Result<InventoryEntry> decode_entry(const Value& value) {
  InventoryEntry entry;
  std::string state;
  Fields fields(value, "an entry");
  fields.text("g", entry.id.group);
  fields.text("h", entry.hash);
  fields.text("k", entry.id.kind, true);
  fields.text("n", entry.id.name, true);
  fields.text("ns", entry.id.namespace_);
  fields.text("o", entry.live_hash);
  fields.text("st", state, true);
  fields.text("uid", entry.uid);
  fields.text("v", entry.version);
  const auto known = std::find_if(states.begin(), states.end(), [&](const auto& pair) { return pair.second == state; });
  if (known == states.end()) {
    fields.fail("has the state '" + terminal_safe(truncate_utf8(state, 40)) + "', which is not known");
  } else {
    entry.state = known->first;
  }
  GITOPSCTL_CHECK(fields.done());
  return entry;
}

Result<void> decode_entries(const Value& list, Inventory& inventory) {
  if (!list.is_list()) return Error(ErrorCode::invalid_input, "'entries' must be a list");
  inventory.entries.reserve(list.size());
  for (const auto& item : list.as_list()) {
    GITOPSCTL_TRY(auto entry, decode_entry(item));
    inventory.entries.push_back(std::move(entry));
  }
  auto& entries = inventory.entries;
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  const auto twice =
      std::adjacent_find(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.id == b.id; });
  if (twice != entries.end()) {
    return Error(ErrorCode::invalid_input, "it has " + terminal_safe(twice->id.to_string()) + " twice");
  }
  return {};
}

Result<void> decode_identity(const Value& value, channels::ReleaseIdentity& identity) {
  Fields fields(value, "'identity'");
  fields.text("channel", identity.channel, true);
  fields.text("installation", identity.installation, true);
  fields.text("release", identity.release, true);
  fields.text("repository", identity.repository, true);
  return fields.done();
}

Result<void> decode_sensitive(const Value& list, std::vector<render::SensitivePath>& out) {
  if (!list.is_list()) return Error(ErrorCode::invalid_input, "'policy' has no list in 'sensitive'");
  for (const auto& item : list.as_list()) {
    render::SensitivePath path;
    Fields fields(item, "a sensitive path");
    fields.text("kind", path.kind);
    fields.text("name", path.name);
    const Value& keys = fields.part("path");
    if (!keys.is_list() || keys.size() == 0) fields.fail("has no keys");
    for (const auto& key : keys.as_list()) {
      if (!key.is_string()) fields.fail("has a key that is no text");
      path.keys.emplace_back(key.as_string());
    }
    GITOPSCTL_CHECK(fields.done());
    out.push_back(std::move(path));
  }
  return {};
}

Result<void> decode_policy(const Value& value, Inventory& inventory) {
  Fields fields(value, "'policy'");
  const Value& prune = fields.part("prune");
  const Value& kinds = fields.part("allowDelete");
  if (!prune.is_bool()) fields.fail("has no true or false in 'prune'");
  if (!kinds.is_list()) fields.fail("has no list in 'allowDelete'");
  inventory.prune = prune.as_bool();
  for (const auto& kind : kinds.as_list()) {
    if (!kind.is_string()) fields.fail("has a kind that is no text");
    inventory.allow_delete.emplace_back(kind.as_string());
  }
  if (const Value* sensitive = fields.optional("sensitive")) {
    GITOPSCTL_CHECK(decode_sensitive(*sensitive, inventory.sensitive));
  }
  return fields.done();
}

Value encode_charts(const std::vector<channels::ChartRecord>& charts) {
  Value out = Value::list();
  for (const auto& chart : charts) {
    Value one = make_map({{"digest", text(chart.digest)}, {"source", text(chart.source)}});
    if (!chart.version.empty()) one.set("version", text(chart.version));
    out.push_back(std::move(one));
  }
  return out;
}

Result<void> decode_charts(const Value& list, std::vector<channels::ChartRecord>& out) {
  if (!list.is_list()) return Error(ErrorCode::invalid_input, "'revision' has no list in 'charts'");
  for (const auto& item : list.as_list()) {
    channels::ChartRecord chart;
    Fields fields(item, "a chart");
    fields.text("digest", chart.digest, true);
    fields.text("source", chart.source, true);
    fields.text("version", chart.version);
    GITOPSCTL_CHECK(fields.done());
    out.push_back(std::move(chart));
  }
  return {};
}

Value encode_sources(const std::vector<channels::SourceRecord>& sources) {
  Value out = Value::list();
  for (const auto& one : sources) out.push_back(make_map({{"digest", text(one.digest)}, {"source", text(one.source)}}));
  return out;
}

Result<void> decode_sources(const Value& list, std::vector<channels::SourceRecord>& out) {
  if (!list.is_list()) return Error(ErrorCode::invalid_input, "'revision' has no list in 'sources'");
  for (const auto& item : list.as_list()) {
    channels::SourceRecord source;
    Fields fields(item, "a source");
    fields.text("digest", source.digest, true);
    fields.text("source", source.source, true);
    GITOPSCTL_CHECK(fields.done());
    out.push_back(std::move(source));
  }
  return {};
}

Result<void> decode_revision(const Value& value, Inventory& inventory) {
  std::string rendered_at;
  Fields fields(value, "'revision'");
  fields.text("attempt", inventory.attempt);
  fields.text("commit", inventory.commit);
  fields.text("digest", inventory.render_digest);
  fields.text("inputs", inventory.render_key);
  fields.text("profile", inventory.profile);
  fields.text("renderedAt", rendered_at);
  fields.text("seal", inventory.seal_digest);
  if (const Value* charts = fields.optional("charts")) GITOPSCTL_CHECK(decode_charts(*charts, inventory.charts));
  if (const Value* sources = fields.optional("sources")) GITOPSCTL_CHECK(decode_sources(*sources, inventory.sources));
  GITOPSCTL_CHECK(fields.done());
  if (rendered_at.empty()) return {};
  auto at = parse_time(rendered_at);
  if (!at.ok()) return Error(ErrorCode::invalid_input, "'renderedAt' is no time");
  inventory.rendered_at = *at;
  return {};
}

}  // namespace

std::string encode_inventory(const Inventory& inventory) {
  Value kinds = Value::list();
  for (const auto& kind : inventory.allow_delete) kinds.push_back(text(kind));
  const auto& identity = inventory.identity;
  const bool rendered = inventory.rendered_at != TimePoint{};
  Value policy = make_map({{"allowDelete", std::move(kinds)}, {"prune", Value::boolean(inventory.prune)}});
  if (!inventory.sensitive.empty()) policy.set("sensitive", encode_sensitive(inventory.sensitive));
  Value revision = make_map({{"commit", text(inventory.commit)},
                             {"digest", text(inventory.render_digest)},
                             {"inputs", text(inventory.render_key)},
                             {"profile", text(inventory.profile)},
                             {"renderedAt", text(rendered ? format_time(inventory.rendered_at) : "")},
                             {"seal", text(inventory.seal_digest)}});
  if (!inventory.attempt.empty()) revision.set("attempt", text(inventory.attempt));
  if (!inventory.charts.empty()) revision.set("charts", encode_charts(inventory.charts));
  if (!inventory.sources.empty()) revision.set("sources", encode_sources(inventory.sources));
  // A tree of thousands of entries would only be built to be written: they are the first member, and written as they are.
  std::string out = R"({"entries":[)";
  const auto first = out.size();
  for (const auto& entry : inventory.entries) {
    if (out.size() > first) out += ',';
    append_entry(out, entry);
  }
  const std::string rest = canonical_json(make_map({
      {"fence", Value::int64(inventory.fence)},
      {"identity", make_map({{"channel", text(identity.channel)},
                             {"installation", text(identity.installation)},
                             {"release", text(identity.release)},
                             {"repository", text(identity.repository)}})},
      {"namespace", text(inventory.release_namespace)},
      {"phase", text(inventory.phase)},
      {"policy", std::move(policy)},
      {"previous", make_map({{"digest", text(inventory.previous_digest)}})},
      {"revision", std::move(revision)},
      {"runId", text(inventory.run_id)},
      {"schema", Value::int64(Inventory::schema)},
  }));
  out += "],";
  out += std::string_view(rest).substr(1);  // without its brace
  return out;
}

Result<Inventory> decode_inventory(std::string_view json) {
  GITOPSCTL_TRY(const auto value, parse_json(json));
  if (!value.is_map()) return Error(ErrorCode::invalid_input, "it is not a JSON object");
  const Value* schema = value.find("schema");
  if (schema == nullptr || !schema->is_int() || schema->as_int() < 1) {
    return Error(ErrorCode::invalid_input, "its 'schema' is no number");
  }
  // Before anything else is looked at: a newer version may mean something else by all of it.
  if (schema->as_int() > Inventory::schema) {
    return Error(ErrorCode::newer_schema, "it was written by a newer version (schema " + std::to_string(schema->as_int()) +
                                              ", this version knows " + std::to_string(Inventory::schema) + ")");
  }
  Inventory inventory;
  std::int64_t version = 0;
  Fields fields(value, "it");
  fields.number("schema", version);
  fields.number("fence", inventory.fence);
  fields.text("namespace", inventory.release_namespace);
  fields.text("phase", inventory.phase);
  fields.text("runId", inventory.run_id);
  const Value& entries = fields.part("entries");
  const Value& identity = fields.part("identity");
  const Value& revision = fields.part("revision");
  const Value& policy = fields.part("policy");
  const Value& previous = fields.part("previous");
  GITOPSCTL_CHECK(fields.done());
  GITOPSCTL_CHECK(decode_identity(identity, inventory.identity));
  GITOPSCTL_CHECK(decode_policy(policy, inventory));
  GITOPSCTL_CHECK(decode_revision(revision, inventory));
  Fields last(previous, "'previous'");
  last.text("digest", inventory.previous_digest);
  GITOPSCTL_CHECK(last.done());
  GITOPSCTL_CHECK(decode_entries(entries, inventory));
  return inventory;
}

}  // namespace gitopsctl::agent
