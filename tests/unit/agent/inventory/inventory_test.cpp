#include "agent/inventory/inventory.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <functional>

#include "agent/inventory/compression.hpp"
#include "base/crypto/digest.hpp"
#include "base/json/json.hpp"

using namespace gitopsctl;
using namespace gitopsctl::agent;

namespace {

namespace fs = std::filesystem;

struct Fixture {
  Fixture() {
    std::string pattern = (fs::temp_directory_path() / "gitopsctl-inventory-XXXXXX").string();
    path = ::mkdtemp(pattern.data());
    auto opened = open_embedded_environment(path + "/env.db", clock);
    REQUIRE(opened.ok());
    environment = std::move(opened).value();
  }
  ~Fixture() { fs::remove_all(path); }
  Fixture(const Fixture&) = delete;
  Fixture& operator=(const Fixture&) = delete;

  ManualClock clock{*parse_time("2026-11-21T12:00:00Z")};
  std::string path;
  std::unique_ptr<Environment> environment;
};

Inventory sample(const std::string& release = "web") {
  Inventory out;
  out.identity = {"default", "shop", "prod", release};
  out.namespace_ = "web";
  out.release_namespace = "web";
  out.phase = "applied";
  out.commit = std::string(40, 'c');
  out.render_digest = "sha256:" + std::string(64, 'a');
  out.seal_digest = "hmac:" + std::string(64, 'b');
  out.render_key = "key";
  out.profile = "helm-4.3";
  out.rendered_at = *parse_time("2026-11-21T11:59:59.123Z");
  out.fence = 7;
  out.run_id = "01RUN";
  out.previous_digest = "sha256:before";
  out.prune = false;
  out.allow_delete = {"PersistentVolumeClaim"};
  out.sensitive = {{"ConfigMap", "settings", {"data", "password"}}, {"", "", {"spec", "a.b"}}};
  for (const auto* name : {"b", "a", "c"}) {
    InventoryEntry& entry = out.add({"apps", "Deployment", "web", name});
    entry.version = "v1";
    entry.uid = std::string("uid-") + name;
    entry.hash = "sha256:h";
    entry.live_hash = "sha256:o";
    entry.state = EntryState::applied;
  }
  out.add({"", "Namespace", "", "web"}).state = EntryState::intended;
  return out;
}

/// Rewrites the stored object as somebody with an editor would.
void edit(Environment& environment, const Inventory& inventory, const std::function<void(Value& body)>& change) {
  const render::ObjectId id{"", "ConfigMap", inventory.namespace_, inventory.identity.object_name()};
  const auto live = environment.get(id);
  REQUIRE(live.ok());
  REQUIRE(live->has_value());
  render::Object object;
  object.id = id;
  object.api_version = "v1";
  object.body = (*live)->body.deep_copy();
  change(object.body);
  const auto written = environment.put(object, (*live)->resource_version, {});
  if (!written.ok()) FAIL(written.error().to_string());
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_SUITE("agent/inventory encoding") {
  TEST_CASE("everything comes back") {
    const Inventory before = sample();
    const auto after = decode_inventory(encode_inventory(before));
    REQUIRE(after.ok());
    CHECK(encode_inventory(*after) == encode_inventory(before));
    CHECK(after->identity == before.identity);
    CHECK(after->fence == 7);
    CHECK(after->rendered_at == before.rendered_at);
    CHECK_FALSE(after->prune);
    CHECK(after->allow_delete == before.allow_delete);
    REQUIRE(after->sensitive.size() == 2);
    CHECK(after->sensitive[0].name == "settings");
    CHECK(after->sensitive[1].kind.empty());
    CHECK(after->sensitive[1].keys == std::vector<std::string>{"spec", "a.b"});
    // Left out when there is none, as before there were any.
    Inventory open = before;
    open.sensitive.clear();
    CHECK(encode_inventory(open).find("sensitive") == std::string::npos);
    CHECK(decode_inventory(encode_inventory(open))->sensitive.empty());
    REQUIRE(after->entries.size() == 4);
    CHECK(after->entries[0].id.kind == "Namespace");
    CHECK(after->entries[1].id.name == "a");
    CHECK(after->find({"apps", "Deployment", "web", "b"})->uid == "uid-b");
    CHECK(after->find({"apps", "Deployment", "web", "zzz"}) == nullptr);
    CHECK(after->entries[0].state == EntryState::intended);
  }

  TEST_CASE("add finds what is there and keeps the order") {
    Inventory inventory = sample();
    inventory.add({"apps", "Deployment", "web", "b"}).hash = "again";
    CHECK(inventory.entries.size() == 4);
    CHECK(std::is_sorted(inventory.entries.begin(), inventory.entries.end(),
                         [](const auto& a, const auto& b) { return a.id < b.id; }));
  }

  TEST_CASE("what is edited by hand is refused") {
    const std::string good = encode_inventory(sample());
    const auto refused = [&](std::string_view from, std::string_view to) {
      const auto decoded = decode_inventory(replaced(good, from, to));
      REQUIRE_FALSE(decoded.ok());
      return decoded.error().code() == ErrorCode::invalid_input;
    };
    CHECK(refused("\"st\":\"applied\"", "\"st\":\"gone\""));
    CHECK(refused("\"n\":\"a\"", "\"n\":\"\""));
    CHECK(refused("\"n\":\"a\"", "\"n\":1"));
    CHECK(refused("\"n\":\"a\"", "\"m\":\"a\""));
    CHECK(refused("\"n\":\"a\"", "\"n\":\"b\""));  // the same object twice
    CHECK(refused("\"fence\":7", "\"fence\":\"7\""));
    CHECK(refused("\"phase\":", "\"phrase\":"));
    CHECK(refused("\"prune\":false", "\"prune\":\"no\""));
    CHECK(refused("2026-11-21T11:59:59.123Z", "yesterday"));
    CHECK(refused("\"schema\":1", "\"schema\":0"));
    CHECK(refused("{", ""));
    CHECK_FALSE(decode_inventory("").ok());
    CHECK_FALSE(decode_inventory("[]").ok());
    CHECK_FALSE(decode_inventory("{\"schema\":1}").ok());
    CHECK_FALSE(decode_inventory(good.substr(0, good.size() / 2)).ok());
  }

  TEST_CASE("a newer schema is told from damage, whatever else it holds") {
    CHECK(decode_inventory(R"({"schema":2,"other":true})").error().code() == ErrorCode::newer_schema);
  }

  TEST_CASE("compression") {
    const std::string text(100'000, 'x');
    const auto packed = gzip(text);
    REQUIRE(packed.ok());
    CHECK(packed->size() < 1000);
    CHECK(*gunzip(*packed, text.size()) == text);
    CHECK(gunzip(*packed, 1000).error().code() == ErrorCode::too_large);
    CHECK(gunzip(packed->substr(0, packed->size() - 1), text.size()).error().code() == ErrorCode::invalid_input);
    CHECK(gunzip(*packed + "rest", text.size()).error().code() == ErrorCode::invalid_input);
    CHECK(gunzip("nonsense", 100).error().code() == ErrorCode::invalid_input);
    CHECK(gunzip("", 100).error().code() == ErrorCode::invalid_input);
    CHECK(*gunzip(*gzip(""), 100) == "");
    CHECK(*gzip(text) == *packed);
  }
}

TEST_SUITE("agent/inventory") {
  TEST_CASE_FIXTURE(Fixture, "write, read, write again, delete") {
    Inventory inventory = sample();
    CHECK_FALSE(read_inventory(*environment, inventory.identity, "web")->has_value());
    REQUIRE(write_inventory(*environment, inventory, {}).ok());
    CHECK_FALSE(inventory.resource_version.empty());
    auto read = read_inventory(*environment, inventory.identity, "web");
    REQUIRE(read.ok());
    REQUIRE(read->has_value());
    CHECK((*read)->uid == inventory.uid);
    CHECK((*read)->resource_version == inventory.resource_version);
    CHECK((*read)->stored_digest == sha256_hex(encode_inventory(inventory)));
    CHECK((*read)->stored_digest == inventory.stored_digest);
    CHECK((*read)->namespace_ == "web");

    const auto stored = environment->get({"", "ConfigMap", "web", inventory.identity.object_name()});
    CHECK((*stored)->label("applyset.kubernetes.io/id") == inventory.identity.apply_set_id("web"));
    CHECK((*stored)->label("applyset.kubernetes.io/part-of").empty());
    CHECK((*stored)->label("app.kubernetes.io/managed-by") == "gitopsctl");
    CHECK((*stored)->annotation("applyset.kubernetes.io/contains-group-kinds") == "Deployment.apps,Namespace");
    CHECK((*stored)->annotation("applyset.kubernetes.io/tooling") == "gitopsctl/v1");
    CHECK((*stored)->annotation("gitopsctl.dev/identity") == "default/shop/prod/web");

    Inventory old = **read;
    inventory.phase = "applying";
    REQUIRE(write_inventory(*environment, inventory, {}).ok());
    CHECK(write_inventory(*environment, old, {}).error().code() == ErrorCode::conflict);

    CHECK(delete_inventory(*environment, inventory, {}).error().code() == ErrorCode::internal);
    inventory.entries.clear();
    REQUIRE(write_inventory(*environment, inventory, {}).ok());
    REQUIRE(delete_inventory(*environment, inventory, {}).ok());
    CHECK_FALSE(read_inventory(*environment, inventory.identity, "web")->has_value());
  }

  TEST_CASE_FIXTURE(Fixture, "a large inventory is compressed, one that is too large is refused") {
    Inventory inventory = sample();
    for (int i = 0; i < 5000; ++i) {
      auto& entry = inventory.add({"", "ConfigMap", "web", "object-" + std::to_string(100'000 + i)});
      entry.uid = sha256_hex(std::to_string(i)).substr(0, 36);
      entry.hash = "sha256:" + sha256_hex(std::to_string(i));
      entry.live_hash = entry.hash;
    }
    REQUIRE(write_inventory(*environment, inventory, {}).ok());
    const auto stored = environment->get({"", "ConfigMap", "web", inventory.identity.object_name()});
    CHECK((*stored)->body.find("data") == nullptr);
    CHECK((*stored)->body.find_path({"binaryData", "inventory.gz"}) != nullptr);
    const auto read = read_inventory(*environment, inventory.identity, "web");
    REQUIRE(read.ok());
    CHECK((*read)->entries.size() == 5004);
    CHECK((*read)->stored_digest == inventory.stored_digest);

    for (int i = 0; i < 30'000; ++i) {
      auto& entry = inventory.entries.emplace_back();
      entry.id = {"", "ConfigMap", "web", "more-" + std::to_string(100'000 + i)};
      entry.hash = sha256_hex(std::to_string(i)) + sha256_hex("x" + std::to_string(i));
    }
    CHECK(write_inventory(*environment, inventory, {}).error().code() == ErrorCode::too_large);
  }

  TEST_CASE_FIXTURE(Fixture, "lists the inventories of a channel, and only those") {
    for (const auto* release : {"web", "api"}) {
      Inventory inventory = sample(release);
      inventory.namespace_ = release;
      REQUIRE(write_inventory(*environment, inventory, {}).ok());
    }
    Inventory other = sample();
    other.identity.channel = "test";
    REQUIRE(write_inventory(*environment, other, {}).ok());
    const auto all = list_inventories(*environment, "default", "shop", "prod");
    REQUIRE(all.ok());
    REQUIRE(all->size() == 2);
    CHECK((*all)[0].identity.release == "api");
    CHECK((*all)[0].namespace_ == "api");
    CHECK_FALSE((*all)[0].resource_version.empty());
    CHECK(list_inventories(*environment, "default", "shop", "staging")->empty());
    CHECK(list_inventories(*environment, "other", "shop", "prod")->empty());
  }

  TEST_CASE_FIXTURE(Fixture, "one unreadable inventory makes the whole list an error") {
    Inventory good = sample("api");
    Inventory bad = sample("web");
    REQUIRE(write_inventory(*environment, good, {}).ok());
    REQUIRE(write_inventory(*environment, bad, {}).ok());
    SUBCASE("edited") {
      edit(*environment, bad, [](Value& body) { body.child_map("data").set("inventory", Value::string("{}")); });
      CHECK(list_inventories(*environment, "default", "shop", "prod").error().code() == ErrorCode::invalid_input);
      CHECK(read_inventory(*environment, bad.identity, "web").error().code() == ErrorCode::invalid_input);
    }
    SUBCASE("emptied") {
      edit(*environment, bad, [](Value& body) { body.erase("data"); });
      CHECK(list_inventories(*environment, "default", "shop", "prod").error().code() == ErrorCode::invalid_input);
    }
    SUBCASE("of a newer version") {
      edit(*environment, bad, [](Value& body) { body.child_map("data").set("inventory", Value::string("{\"schema\":2}")); });
      CHECK(list_inventories(*environment, "default", "shop", "prod").error().code() == ErrorCode::newer_schema);
      CHECK(read_inventory(*environment, bad.identity, "web").error().code() == ErrorCode::newer_schema);
    }
    SUBCASE("content of another") {
      edit(*environment, bad,
           [&](Value& body) { body.child_map("data").set("inventory", Value::string(encode_inventory(sample("api")))); });
      CHECK(list_inventories(*environment, "default", "shop", "prod").error().code() == ErrorCode::conflict);
      CHECK(read_inventory(*environment, bad.identity, "web").error().code() == ErrorCode::conflict);
    }
    SUBCASE("annotation of another") {
      edit(*environment, bad, [](Value& body) {
        body.child_map("metadata").child_map("annotations").set("gitopsctl.dev/identity", Value::string("a/b/c/d"));
      });
      CHECK(read_inventory(*environment, bad.identity, "web").error().code() == ErrorCode::conflict);
      CHECK_FALSE(list_inventories(*environment, "default", "shop", "prod").ok());
    }
    CHECK(read_inventory(*environment, good.identity, "web").ok());
  }

  TEST_CASE_FIXTURE(Fixture, "an object of that name that is not ours is a conflict") {
    const Inventory inventory = sample();
    render::Object object;
    object.id = {"", "ConfigMap", "web", inventory.identity.object_name()};
    object.api_version = "v1";
    object.body = make_map({{"metadata", make_map({})}, {"data", make_map({})}});
    REQUIRE(environment->put(object, "", {}).ok());
    CHECK(read_inventory(*environment, inventory.identity, "web").error().code() == ErrorCode::conflict);
  }
}
