#include "tests/unit/agent/apply/apply_fixture.hpp"

#include <doctest/doctest.h>

namespace gitopsctl::tests {

using namespace agent;

namespace {

const std::string key(32, 'k');

template <class T>
T need(Result<T> result) {
  if (!result.ok()) FAIL(result.error().to_string());
  return std::move(result).value();
}

std::string state_name(EntryState state) {
  switch (state) {
    case EntryState::intended: return "intended";
    case EntryState::applied: return "applied";
    case EntryState::pruning: return "pruning";
    case EntryState::recreating: return "recreating";
    case EntryState::kept: return "kept";
  }
  return "?";
}

render::Object object_of(const std::string& item) {
  const auto slash = item.find('/');
  const auto equals = item.find('=');
  render::Object out;
  out.id.kind = item.substr(0, slash);
  out.id.name = item.substr(slash + 1, equals - slash - 1);
  if (!render::is_cluster_scoped("", out.id.kind)) out.id.namespace_ = "shop";
  out.api_version = "v1";
  Value metadata = make_map({{"name", Value::string(out.id.name)}});
  if (!out.id.namespace_.empty()) metadata.set("namespace", Value::string(out.id.namespace_));
  out.body = make_map({{"apiVersion", Value::string("v1")}, {"kind", Value::string(out.id.kind)}, {"metadata", metadata}});
  const std::string value = equals == std::string::npos ? "" : item.substr(equals + 1);
  out.body.set(out.is_secret() ? "stringData" : "data", make_map({{"value", Value::string(value)}}));
  out.source = "all.yaml";
  return out;
}

}  // namespace

ApplyFixture::ApplyFixture()
    : clock(*parse_time("2026-11-21T12:00:00Z")),
      environment(need(open_embedded_environment(directory / "env.db", clock))),
      other(need(open_embedded_environment(directory / "env.db", clock))),
      spy(*environment) {
  inventory.identity = {"home", "shop", "test", "web"};
  inventory.namespace_ = "shop";
  inventory.release_namespace = "shop";
}

render::RenderedSet ApplyFixture::set_of(const std::vector<std::string>& items) const {
  render::RenderedSet set;
  for (const auto& item : items) {
    set.objects.push_back(object_of(item));
    // Without the values, as real digests are.
    set.render_digest += std::to_string(std::hash<std::string>{}(item)) + ' ';
  }
  render::sort_for_apply(set.objects);
  return set;
}

channels::LiveReleaseInput ApplyFixture::rules(const render::RenderedSet& set) const {
  channels::LiveReleaseInput input;
  input.release = "web";
  input.namespace_ = "shop";
  input.owner = owner_id(inventory);
  input.settings.allow_delete = allow_delete;
  input.settings.allow_empty = true;
  for (const auto& object : set.objects) {
    input.desired.push_back({object.id, environment->as_stored(object), applied_hash(object, key), object.source});
  }
  for (const auto& entry : inventory.entries) {
    input.entries.push_back({entry.id, entry.uid, entry.hash, channels::RecordedState::applied});
  }
  return input;
}

channels::ReleaseChanges ApplyFixture::plan(const render::RenderedSet& set) {
  const auto input = rules(set);
  channels::LiveState state;
  std::vector<render::ObjectId> ids;
  for (const auto& object : input.desired) ids.push_back(object.id);
  for (const auto& entry : input.entries) ids.push_back(entry.id);
  const auto objects = need(environment->get_many(ids));
  for (std::size_t i = 0; i < ids.size(); ++i) {
    state[ids[i]] = objects[i] ? std::optional(to_live_item(*objects[i])) : std::nullopt;
  }
  auto changes = channels::plan_release_live(input, state);
  for (const auto& error : changes.errors) FAIL(error.to_string());
  return changes;
}

ReleaseGoal ApplyFixture::goal(const render::RenderedSet& set) const {
  ReleaseGoal out;
  out.set = &set;
  out.commit = std::string(40, 'c');
  out.render_key = set.render_digest;
  out.sensitive = sensitive;
  out.timeout = Millis(10'000);
  return out;
}

WriteContext ApplyFixture::context() {
  return {spy,
          clock,
          fence == 0 ? "" : "lease",
          fence,
          key,
          "run",
          [this]() -> Result<void> {
            if (stopped) return Error(ErrorCode::cancelled, "a newer commit");
            return {};
          },
          {}};
}

WriteReport ApplyFixture::apply(const render::RenderedSet& set) {
  return apply_release(context(), inventory, goal(set), plan(set));
}

WriteReport ApplyFixture::prune(const render::RenderedSet& set) {
  const auto changes = plan(set);
  return prune_release(context(), inventory, rules(set), changes);
}

void ApplyFixture::deploy(const render::RenderedSet& set) {
  REQUIRE(apply(set).errors.empty());
  REQUIRE(prune(set).errors.empty());
  REQUIRE(settle_release(context(), inventory, goal(set)).ok());
  spy.take_writes();
}

std::string ApplyFixture::value_of(const std::string& name) {
  const auto found = live("ConfigMap", name);
  return found ? std::string(found->body.string_at({"data", "value"})) : "";
}

std::optional<LiveObject> ApplyFixture::live(const std::string& kind, const std::string& name) {
  return need(other->get({"", kind, render::is_cluster_scoped("", kind) ? "" : "shop", name}));
}

std::optional<Inventory> ApplyFixture::stored() { return need(read_inventory(*other, inventory.identity, "shop")); }

std::vector<std::string> ApplyFixture::states() {
  std::vector<std::string> out;
  if (const auto found = stored()) {
    for (const auto& entry : found->entries) out.push_back(entry.id.name + ':' + state_name(entry.state));
  }
  return out;
}

}  // namespace gitopsctl::tests
