#include "tests/unit/agent/reconcile/runner_fixture.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "base/crypto/digest.hpp"

namespace gitopsctl::tests {

using namespace agent;

namespace {

template <class T>
T need(Result<T> result) {
  if (!result.ok()) FAIL(result.error().to_string());
  return std::move(result).value();
}

render::ObjectId config_map_id(const std::string& name, const std::string& namespace_) {
  return {"", "ConfigMap", namespace_, name};
}

Value status_field(Environment& environment, const render::ObjectId& id, std::string_view field) {
  const auto live = need(environment.get(id));
  if (!live) return {};
  const Value* found = live->body.find_path({"status", field});
  return found == nullptr ? Value() : *found;
}

}  // namespace

std::string config_map(const std::string& name, const std::string& value, const std::string& namespace_) {
  return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name + ", namespace: " + namespace_ + "}\ndata: {value: \"" +
         value + "\"}\n---\n";
}

std::string release(const std::string& name, const std::string& more) {
  return "  - name: " + name + "\n    driver: manifests\n    namespace: shop\n    manifests: {path: " + name + "}\n" +
         (more.empty() ? "" : "    " + more + "\n");
}

std::string channel_file(const std::vector<std::string>& releases, const std::string& more) {
  std::string out = "apiVersion: gitopsctl.dev/v1\nkind: Channel\nname: test\n" + more + "\nreleases:";
  if (releases.empty()) return out + " []\n";
  out += '\n';
  for (const auto& text : releases) out += text;
  return out;
}

RunnerFixture::RunnerFixture()
    : clock(*parse_time("2026-11-21T12:00:00Z")),
      environment(need(open_embedded_environment(directory / "env.db", clock))),
      other(need(open_embedded_environment(directory / "env.db", clock))),
      store(need(channels::Store::open(directory / "store.db", clock))),
      spy(*environment) {
  setup.key = key;
  setup.environment_name = "local";
  setup.installation_key = std::string(32, 'k');
  setup.holder = "agent-1";
  restart();
}

channels::CommitId RunnerFixture::commit(const Files& files) {
  auto tree = std::make_shared<MemoryTree>();
  for (const auto& [path, content] : files) tree->add(*TreePath::parse(path), content);
  const channels::CommitId id = sha256_hex(std::to_string(trees.size())).substr(0, 40);
  trees[id] = tree;
  return id;
}

channels::CommitId RunnerFixture::commit(const std::vector<std::string>& releases, Files files, const std::string& more) {
  files[".gitopsctl/channels/test.yaml"] = channel_file(releases, more);
  return commit(files);
}

RunResult RunnerFixture::run(const channels::CommitId& commit, const std::string& trigger, std::stop_token stop) {
  return runner->run({commit, trees.at(commit), trigger}, {std::move(stop), {}});
}

void RunnerFixture::restart() {
  runner = std::make_unique<ChannelRunner>(setup, spy, store.get(), clock,
                                           [this](const channels::CommitId& id) -> Result<FileTreePtr> {
                                             const auto found = trees.find(id);
                                             if (found != trees.end()) return found->second;
                                             return Error(ErrorCode::not_found, "no commit " + id);
                                           });
}

std::map<std::string, std::string> RunnerFixture::objects() {
  std::map<std::string, std::string> out;
  for (const char* kind : {"ConfigMap", "Secret", "Namespace", "PersistentVolumeClaim"}) {
    for (const auto& object : need(other->list({"", kind, "", ""}))) {
      // Inventories stand in the releases' own namespaces.
      if (object.id.namespace_ == home_namespace || !object.annotation("gitopsctl.dev/identity").empty()) continue;
      out[support::short_name(object.id)] = object.body.string_at({"data", "value"});
    }
  }
  return out;
}

std::optional<LiveObject> RunnerFixture::live(const std::string& name, const std::string& namespace_) {
  return need(other->get(config_map_id(name, namespace_)));
}

void RunnerFixture::write_by_hand(const std::string& name, const std::string& value, const std::string& owner) {
  render::Object object;
  object.id = config_map_id(name, "shop");
  object.api_version = "v1";
  object.body = make_map({{"apiVersion", Value::string("v1")},
                          {"kind", Value::string("ConfigMap")},
                          {"metadata", make_map({{"name", Value::string(name)}, {"namespace", Value::string("shop")}})},
                          {"data", make_map({{"value", Value::string(value)}})}});
  const auto there = need(other->get(object.id));
  // A person keeps the labels that are there.
  std::string label = owner;
  if (label.empty() && there) label = there->label("applyset.kubernetes.io/part-of");
  ApplyOptions options;
  options.owner = label;
  need(other->put(object, there ? there->resource_version : "", options));
}

void RunnerFixture::delete_by_hand(const std::string& name) {
  REQUIRE(other->remove(config_map_id(name, "shop"), {}, {}).ok());
}

void RunnerFixture::edit_by_hand(const render::ObjectId& id, const std::function<void(Value&)>& change) {
  need(update_object(*other, id, change));
}

render::ObjectId RunnerFixture::inventory_id(const std::string& release, const std::string& namespace_) const {
  return {"", "ConfigMap", namespace_, key.release(release).object_name()};
}

std::string RunnerFixture::record_name() const {
  return "gitopsctl-test-" + sha256_hex(key.installation + '/' + key.to_string()).substr(0, 8);
}

std::optional<Inventory> RunnerFixture::inventory(const std::string& release) {
  return need(read_inventory(*other, key.release(release), "shop"));
}

std::vector<std::string> RunnerFixture::owned(const std::string& release) {
  std::vector<std::string> out;
  if (const auto found = inventory(release)) {
    for (const auto& entry : found->entries) out.push_back(entry.id.name);
  }
  return out;
}

Value RunnerFixture::channel_status(std::string_view field) {
  return status_field(*other, need(channel_object_id(*other, key)), field);
}

Value RunnerFixture::release_status(const std::string& release, std::string_view field) {
  return status_field(*other, need(release_object_id(*other, key, release, "shop")), field);
}

std::string RunnerFixture::condition(std::string_view type) {
  const auto live = need(other->get(need(channel_object_id(*other, key))));
  if (!live) return {};
  const Value* found = find_condition(live->body, type);
  return found == nullptr ? "" : std::string(found->string_at({"status"})) + ' ' + std::string(found->string_at({"reason"}));
}

std::vector<Event> RunnerFixture::events() { return need(list_events(*other, key)); }

std::vector<channels::DeploymentRecord> RunnerFixture::deployments() {
  return need(store->deployments("shop", "test", 100));
}

void RunnerFixture::set_switch(const std::function<void(Value&)>& change) {
  need(update_object(*other, need(channel_object_id(*other, key)), [&](Value& body) {
    describe_owner(body, key);
    change(body.child_map("spec"));
  }));
}

void RunnerFixture::approve(const std::string& digest, bool deletes, const std::string& by) {
  REQUIRE(write_approval(*other, key, {digest, deletes, by, clock.now()}).ok());
}

std::string first_error(RunnerFixture& fixture, const std::string& release) {
  const Value errors = fixture.release_status(release, "errors");
  if (errors.size() == 0) return {};
  const Value& first = errors.as_list().front();
  return std::string(first.string_at({"where"})) + ": " + std::string(first.string_at({"message"}));
}

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

}  // namespace gitopsctl::tests
