#include "agent/reconcile/channel_record.hpp"

#include "base/crypto/digest.hpp"
#include "base/json/json.hpp"
#include "channels/model/policy.hpp"

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

}  // namespace

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
  auto decoded = channels::parse_policy(*policy);
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
                                  {"policy", channels::policy_value(record.policy)}});
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
