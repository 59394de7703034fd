#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "agent/control/control.hpp"
#include "agent/install/install_files.hpp"
#include "agent/reconcile/status_writer.hpp"
#include "base/yaml/yaml.hpp"
#include "tests/support/scratch.hpp"

// charts/gitopsctl/crds against what the agent and the command line really write: an API server drops, or refuses, what the
// definitions do not allow.

using namespace gitopsctl;
using namespace gitopsctl::agent;

namespace {

/// The schema of a definition.
Value schema_of(std::string_view file) {
  for (const auto& embedded : install::install_files()) {
    if (embedded.path != "crds/" + std::string(file)) continue;
    const auto definition = parse_yaml(embedded.content, {}, std::string(file));
    REQUIRE(definition.ok());
    const Value* versions = definition->find_path({"spec", "versions"});
    REQUIRE(versions != nullptr);
    const Value* schema = versions->as_list().front().find_path({"schema", "openAPIV3Schema"});
    REQUIRE(schema != nullptr);
    return *schema;
  }
  FAIL("there is no such definition: " << file);
  return {};
}

bool says(const Value& schema, std::string_view key) {
  const Value* value = schema.find(key);
  return value != nullptr && value->as_bool();
}

bool fits(std::string_view type, const Value& value) {
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_bool();
  if (type == "integer") return value.is_int();
  if (type == "array") return value.kind() == Kind::list;
  return value.kind() == Kind::map;
}

/// What a server would drop (fields that are not declared, `open` or not) and what it would refuse.
void judge(const Value& schema, const Value& value, const std::string& path, std::vector<std::string>& mistakes) {
  if (value.is_null()) {
    if (!says(schema, "nullable")) mistakes.push_back(path + " may not be null");
    return;
  }
  if (!fits(schema.string_at({"type"}), value)) {
    mistakes.push_back(path + " is no " + std::string(schema.string_at({"type"})));
    return;
  }
  if (value.kind() == Kind::list) {
    for (const auto& item : value.as_list()) judge(*schema.find("items"), item, path + "[]", mistakes);
  }
  if (value.kind() != Kind::map) return;
  if (const Value* required = schema.find("required"); required != nullptr) {
    for (const auto& key : required->as_list()) {
      if (value.find(key.as_string()) == nullptr) mistakes.push_back(path + " lacks " + std::string(key.as_string()));
    }
  }
  const Value* properties = schema.find("properties");
  for (const auto& member : value.as_map()) {
    const std::string below = path + "." + std::string(member.key.view());
    const Value* known = properties == nullptr ? nullptr : properties->find(member.key.view());
    // The server takes any metadata; counts are documented in words alone.
    if (path == ".metadata" || path == ".status.pending") continue;
    if (known == nullptr) {
      mistakes.push_back(below + " is not declared");
    } else {
      judge(*known, member.value, below, mistakes);
    }
  }
}

std::vector<std::string> mistakes_of(std::string_view file, const Value& body) {
  std::vector<std::string> out;
  judge(schema_of(file), body, "", out);
  return out;
}

struct Fixture {
  support::ScratchDir directory;
  ManualClock clock{*parse_time("2026-11-21T12:00:00.250Z")};
  std::unique_ptr<Environment> environment = *open_embedded_environment(directory / "env.db", clock);
  ChannelKey key{"home", "shop", "prod"};
  StatusWriter writer{*environment, key, clock};

  [[nodiscard]] Value channel() const { return (*environment->get(*channel_object_id(*environment, key)))->body; }
};

ChannelStatus full_status() {
  ChannelStatus status;
  status.environment = "cluster";
  status.tip = status.deployed = "0123456789abcdef0123456789abcdef01234567";
  status.deployed_known = status.counts_known = true;
  status.render_digest = status.deployed_digest = status.delete_digest = "sha256:1";
  status.approval_digest = "sha256:2";
  status.approval_seal = "hmac:3";
  status.state = "Held";
  status.errors = {Error(ErrorCode::invalid_input, "wrong").at({"channels/prod.yaml", 3, 1}).with_hint("mend it")};
  status.warnings = {"careful"};
  status.verdicts = {{"freeze", channels::Decision::wait, "frozen", "gitopsctl approve prod", {}},
                     {"approvals", channels::Decision::deny, "nobody said yes", "gitopsctl approve prod", {}}};
  status.verdicts.front().until = *parse_time("2026-11-22T00:00:00Z");
  status.pending = channels::Counts{};
  status.handled_request = "token";
  return status;
}

HistoryLine history_line() {
  HistoryLine line;
  line.commit = "0123";
  line.render_digest = "sha256:1";
  line.trigger = "commit";
  line.outcome = "succeeded";
  line.message = "ok";
  return line;
}

}  // namespace

TEST_SUITE("agent/control/definitions") {
  TEST_CASE_FIXTURE(Fixture, "everything that is written of a channel is declared") {
    REQUIRE(writer.write_channel(full_status(), history_line()).ok());
    REQUIRE(writer.write_source(false, "FetchFailed", "no answer", "look at the network").ok());
    CHECK(mistakes_of("channels.yaml", channel()) == std::vector<std::string>{});
    ChannelStatus plain = full_status();
    plain.pending.reset();
    plain.verdicts.clear();
    REQUIRE(writer.write_channel(plain, {}).ok());
    CHECK(mistakes_of("channels.yaml", channel()) == std::vector<std::string>{});
  }

  TEST_CASE_FIXTURE(Fixture, "what people switch on a channel is declared") {
    const auto id = *channel_object_id(*environment, key);
    REQUIRE(update_object(*environment, id, [&](Value& body) {
              describe_owner(body, key);
              Value& spec = body.child_map("spec");
              spec.set("suspend", Value::boolean(true));
              spec.set("suspendedBy", Value::string("somebody"));
              spec.set("suspendReason", Value::string("move"));
              spec.set("rollback", make_map({{"revision", Value::string("0123")},
                                             {"heldDigest", Value::string("sha256:1")},
                                             {"heldRevision", Value::string("4567")},
                                             {"reason", Value::string("bad")},
                                             {"by", Value::string("somebody")},
                                             {"at", Value::string("2026-11-21T12:00:00Z")}}));
            }).ok());
    CHECK(mistakes_of("channels.yaml", channel()) == std::vector<std::string>{});
    Value mistyped = channel().deep_copy();
    mistyped.child_map("spec").set("suspend", Value::string("yes"));
    mistyped.child_map("spec").set("suspended", Value::boolean(true));
    CHECK(mistakes_of("channels.yaml", mistyped) ==
          std::vector<std::string>{".spec.suspend is no boolean", ".spec.suspended is not declared"});
  }

  TEST_CASE_FIXTURE(Fixture, "everything that is written of a release is declared") {
    ReleaseStatus status;
    status.name = "web";
    status.namespace_ = "web";
    status.driver = "helm";
    status.state = "Failed";
    status.revision = "0123456789abcdef";
    status.render_digest = "sha256:1";
    status.objects = 3;
    status.errors = {Error(ErrorCode::conflict, "taken").with_hint("ask")};
    status.warnings = {"careful"};
    status.waits_for = "people";
    status.command = "gitopsctl why";
    status.created = 1;
    status.drifted = true;
    REQUIRE(writer.write_release(status).ok());
    const auto id = *release_object_id(*environment, key, "web", "web");
    REQUIRE(update_object(*environment, id, [&](Value& body) {
              Value& spec = body.child_map("spec");
              spec.set("suspend", Value::null());
              spec.set("suspendedBy", Value::string("somebody"));
              spec.set("suspendReason", Value::string(""));
            }).ok());
    CHECK(mistakes_of("releases.yaml", (*environment->get(id))->body) == std::vector<std::string>{});
  }

  TEST_CASE_FIXTURE(Fixture, "an approval is declared, and one that approves nothing is refused") {
    Approval approval;
    approval.digest = "sha256:1";
    approval.by = "somebody";
    approval.seal = "hmac:1";
    REQUIRE(write_approval(*environment, key, approval).ok());
    const auto all = *environment->list({"gitopsctl.dev", "Approval", "", ""});
    REQUIRE(all.size() == 1);
    CHECK(mistakes_of("approvals.yaml", all.front().body) == std::vector<std::string>{});
    Value nobody = all.front().body.deep_copy();
    nobody.child_map("spec").erase("by");
    CHECK(mistakes_of("approvals.yaml", nobody) == std::vector<std::string>{".spec lacks by"});
  }
}
