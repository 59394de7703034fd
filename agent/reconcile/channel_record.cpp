#include "agent/reconcile/channel_record.hpp"

#include "base/crypto/digest.hpp"
#include "base/json/json.hpp"

namespace gitopsctl::agent {

namespace {

std::string identity(const ChannelKey& key) { return key.installation + '/' + key.repository + '/' + key.channel; }

render::ObjectId record_id(const ChannelKey& key) {
  return {"", "ConfigMap", std::string(home_namespace),
          "gitopsctl-" + key.channel + '-' + sha256_hex(identity(key)).substr(0, 8)};
}

Error unreadable(const render::ObjectId& id, const std::string& what) {
  return Error(ErrorCode::invalid_input, "the record of the channel, " + id.to_string() + ", is unreadable: " + what)
      .with_hint(
          "it was changed by hand: put it back, or delete it to have the next deployment judged by the policy it brings");
}

Value optional_time(const std::optional<TimePoint>& at) { return at ? Value::string(format_time(*at)) : Value::null(); }

}  // namespace

Value encode_policy(const channels::Policy& policy) {
  Value::List freeze;
  for (const auto& window : policy.freeze) {
    Value::List days;
    for (const int day : window.days) days.push_back(Value::int64(day));
    freeze.push_back(make_map({{"from", optional_time(window.from)},
                               {"to", optional_time(window.to)},
                               {"days", Value::list(std::move(days))},
                               {"fromMinute", Value::int64(window.from_minute)},
                               {"toMinute", Value::int64(window.to_minute)},
                               {"offsetMinutes", Value::int64(window.offset_minutes)},
                               {"reason", Value::string(window.reason)}}));
  }
  return make_map({{"deletePercent", Value::float64(policy.delete_percent)},
                   {"deleteAtLeast", Value::int64(policy.delete_at_least)},
                   {"approvals", Value::int64(policy.approvals)},
                   {"freeze", Value::list(std::move(freeze))}});
}

Result<channels::Policy> decode_policy(const Value& value) {
  const Error bad(ErrorCode::invalid_input, "the recorded policy is damaged");
  channels::Policy out;
  const Value* percent = value.find("deletePercent");
  const Value* at_least = value.find("deleteAtLeast");
  const Value* approvals = value.find("approvals");
  const Value* freeze = value.find("freeze");
  if (percent == nullptr || !percent->is_number() || at_least == nullptr || !at_least->is_int() || at_least->as_int() < 0 ||
      approvals == nullptr || !approvals->is_int() || approvals->as_int() < 0 || freeze == nullptr || !freeze->is_list()) {
    return bad;
  }
  out.delete_percent = percent->as_double();
  out.delete_at_least = static_cast<std::uint32_t>(at_least->as_int());
  out.approvals = static_cast<std::uint32_t>(approvals->as_int());
  for (const auto& item : freeze->as_list()) {
    channels::FreezeWindow window;
    const auto time = [&](std::string_view key, std::optional<TimePoint>& at) {
      const Value* text = item.find(key);
      if (text == nullptr || text->is_nothing()) return true;
      const auto parsed = parse_time(text->as_string());
      if (!parsed.ok()) return false;
      at = *parsed;
      return true;
    };
    if (!item.is_map() || !time("from", window.from) || !time("to", window.to)) return bad;
    if (const Value* days = item.find("days"); days != nullptr) {
      for (const auto& day : days->as_list()) window.days.push_back(static_cast<int>(day.as_int()));
    }
    const auto minute = [&](std::string_view key) {
      const Value* at = item.find(key);
      return at == nullptr ? 0 : static_cast<int>(at->as_int());
    };
    window.from_minute = minute("fromMinute");
    window.to_minute = minute("toMinute");
    window.offset_minutes = minute("offsetMinutes");
    window.reason = item.string_at({"reason"});
    out.freeze.push_back(std::move(window));
  }
  return out;
}

Result<ChannelRecord> read_channel_record(Environment& environment, const ChannelKey& key) {
  const auto id = record_id(key);
  GITOPSCTL_TRY(const auto live, environment.get(id));
  ChannelRecord out;
  if (!live) return out;
  out.resource_version = live->resource_version;
  if (live->annotation("gitopsctl.dev/identity") != identity(key)) {
    return Error(ErrorCode::conflict, id.to_string() + " belongs to '" +
                                          std::string(live->annotation("gitopsctl.dev/identity")) + "', not to '" +
                                          identity(key) + "'")
        .with_hint("two agents with one installation name? give each its own `installation`");
  }
  auto parsed = parse_json(live->body.string_at({"data", "record"}), id.to_string());
  if (!parsed.ok()) return unreadable(id, parsed.error().message());
  const Value* version = parsed->find("schema");
  if (version == nullptr || !version->is_int()) return unreadable(id, "it has no schema number");
  if (version->as_int() > ChannelRecord::schema) {
    return Error(ErrorCode::newer_schema, id.to_string() + " was written by a newer version of gitopsctl (schema " +
                                              std::to_string(version->as_int()) + ")")
        .with_hint("run that version again, or a newer one; this one writes nothing");
  }
  out.commit = parsed->string_at({"commit"});
  out.render_digest = parsed->string_at({"renderDigest"});
  const Value* policy = parsed->find("policy");
  if (policy == nullptr) return unreadable(id, "it has no policy");
  auto decoded = decode_policy(*policy);
  if (!decoded.ok()) return unreadable(id, decoded.error().message());
  out.policy = *std::move(decoded);
  out.known = true;
  return out;
}

Result<void> write_channel_record(Environment& environment, const ChannelKey& key, ChannelRecord& record,
                                  const ApplyOptions& options) {
  const auto id = record_id(key);
  const Value content = make_map({{"schema", Value::int64(ChannelRecord::schema)},
                                  {"commit", Value::string(record.commit)},
                                  {"renderDigest", Value::string(record.render_digest)},
                                  {"policy", encode_policy(record.policy)}});
  Value body =
      make_map({{"apiVersion", Value::string("v1")},
                {"kind", Value::string("ConfigMap")},
                {"metadata", make_map({{"name", Value::string(id.name)}, {"namespace", Value::string(id.namespace_)}})},
                {"data", make_map({{"record", Value::string(canonical_json(content))}})}});
  describe_owner(body, key);
  body.erase("spec");
  GITOPSCTL_TRY(const auto written, environment.put({id, "v1", body, "", 0}, record.resource_version, options));
  record.resource_version = written.resource_version;
  record.known = true;
  return {};
}

}  // namespace gitopsctl::agent
