#include "agent/inventory/inventory.hpp"

#include <doctest/doctest.h>

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <set>

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
  out.attempt = std::string(40, 'd');
  out.render_digest = "sha256:" + std::string(64, 'a');
  out.seal_digest = "hmac:" + std::string(64, 'b');
  out.render_key = "key";
  out.profile = "helm-4.3";
  out.sources = {{"Secret web/db values.yaml", "hmac:" + std::string(64, 'd')}, {"lookup v1 Service web/db", "absent"}};
  out.charts = {{"oci://registry.example.org/charts/web", "1.2.3", "sha256:" + std::string(64, 'e')},
                {"https://charts.example.org#db", "", "sha256:" + std::string(64, 'f')}};
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
    CHECK(after->charts == before.charts);
    CHECK(after->sources == before.sources);
    REQUIRE(after->sensitive.size() == 2);
    CHECK(after->sensitive[0].name == "settings");
    CHECK(after->sensitive[1].kind.empty());
    CHECK(after->sensitive[1].keys == std::vector<std::string>{"spec", "a.b"});
    // Left out when there is none, as before there were any.
    Inventory open = before;
    open.sensitive.clear();
    open.charts.clear();
    open.sources.clear();
    CHECK(encode_inventory(open).find("sensitive") == std::string::npos);
    CHECK(encode_inventory(open).find("charts") == std::string::npos);
    CHECK(encode_inventory(open).find("sources") == std::string::npos);
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

  TEST_CASE("what is written is in canonical form, whatever the texts hold") {
    Inventory inventory = sample();
    for (const std::string name : {"plain", "a \"quote\"", "back\\slash", "tab\there", "ümlaut", "<&>", "\x7f"}) {
      auto& entry = inventory.add({"example.org", "Thing", "web", name});
      entry.uid = name;
      entry.hash = name;
    }
    for (int i = 0; i < 2; ++i) {
      const std::string text = encode_inventory(inventory);
      const auto read = parse_json(text);
      REQUIRE(read.ok());
      CHECK(canonical_json(*read) == text);
      CHECK(decode_inventory(text).ok());
      inventory.entries.clear();
    }
  }

  TEST_CASE("adding many is adding each") {
    Inventory one = sample();
    Inventory many = one;
    std::vector<InventoryEntry> fresh;
    for (const auto* name : {"z", "a", "m", "a", "0"}) {
      InventoryEntry entry;
      entry.id = {"", "ConfigMap", "web", name};
      entry.uid = std::to_string(fresh.size());
      if (auto& added = one.add(entry.id); added.uid.empty()) added = entry;
      fresh.push_back(entry);
    }
    many.add_all(fresh);
    CHECK(encode_inventory(many) == encode_inventory(one));
    CHECK(many.find({"", "ConfigMap", "web", "a"})->uid == "1");
    many.add_all({});
    CHECK(encode_inventory(many) == encode_inventory(one));
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
    const auto small = gzip(text, Packing::small);
    REQUIRE(small.ok());
    CHECK(small->size() < packed->size());
    CHECK(*gunzip(*small, text.size()) == text);
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
    CHECK(all->unreadable.empty());
    REQUIRE(all->readable.size() == 2);
    CHECK(all->readable[0].identity.release == "api");
    CHECK(all->readable[0].namespace_ == "api");
    CHECK_FALSE(all->readable[0].resource_version.empty());
    CHECK(list_inventories(*environment, "default", "shop", "staging")->readable.empty());
    CHECK(list_inventories(*environment, "other", "shop", "prod")->readable.empty());
  }

  TEST_CASE_FIXTURE(Fixture, "an unreadable inventory is one of its release, and the others are read") {
    Inventory good = sample("api");
    Inventory bad = sample("web");
    REQUIRE(write_inventory(*environment, good, {}).ok());
    REQUIRE(write_inventory(*environment, bad, {}).ok());
    ErrorCode expected = ErrorCode::invalid_input;
    std::size_t owners = 1;
    const auto annotate = [&](const std::string& identity) {
      edit(*environment, bad, [&](Value& body) {
        body.child_map("metadata").child_map("annotations").set("gitopsctl.dev/identity", Value::string(identity));
      });
    };
    SUBCASE("edited") {
      edit(*environment, bad, [](Value& body) { body.child_map("data").set("inventory", Value::string("{}")); });
    }
    SUBCASE("emptied") {
      edit(*environment, bad, [](Value& body) { body.erase("data"); });
    }
    SUBCASE("of a newer version") {
      expected = ErrorCode::newer_schema;
      edit(*environment, bad, [](Value& body) { body.child_map("data").set("inventory", Value::string("{\"schema\":2}")); });
    }
    SUBCASE("content of another") {
      expected = ErrorCode::conflict;
      edit(*environment, bad,
           [&](Value& body) { body.child_map("data").set("inventory", Value::string(encode_inventory(sample("api")))); });
    }
    SUBCASE("annotation of another channel: name and label tell whose it is") {
      expected = ErrorCode::conflict;
      annotate("a/b/c/d");
    }
    SUBCASE("without annotations") {
      expected = ErrorCode::conflict;
      edit(*environment, bad, [](Value& body) { body.child_map("metadata").erase("annotations"); });
    }
    SUBCASE("two of them") {
      expected = ErrorCode::conflict;
      owners = 2;
      Inventory copy = bad;
      copy.namespace_ = "elsewhere";
      copy.resource_version.clear();
      REQUIRE(write_inventory(*environment, copy, {}).ok());
    }
    SUBCASE("a damaged one and a whole one") {
      owners = 2;
      Inventory copy = bad;
      copy.namespace_ = "elsewhere";
      copy.resource_version.clear();
      REQUIRE(write_inventory(*environment, copy, {}).ok());
      edit(*environment, bad, [](Value& body) { body.erase("data"); });
    }
    const auto all = list_inventories(*environment, "default", "shop", "prod");
    REQUIRE(all.ok());
    REQUIRE(all->readable.size() == 1);
    CHECK(all->readable[0].identity.release == "api");
    REQUIRE(all->unreadable.size() == 1);
    const auto& unreadable = all->unreadable[0];
    CHECK(unreadable.release == "web");
    REQUIRE(unreadable.errors.size() == 1);
    CHECK(unreadable.errors[0].code() == expected);
    CHECK_FALSE(unreadable.errors[0].hint().empty());
    // Whatever may carry the label of its owner is known.
    const std::set<std::string> ids(unreadable.owners.begin(), unreadable.owners.end());
    CHECK(ids.size() == owners);
    CHECK(ids.contains(bad.identity.apply_set_id("web")));
    if (owners == 2) CHECK(ids.contains(bad.identity.apply_set_id("elsewhere")));
  }

  TEST_CASE_FIXTURE(Fixture, "an object with the channel's label that belongs to nobody makes the whole list an error") {
    Inventory good = sample("api");
    REQUIRE(write_inventory(*environment, good, {}).ok());
    edit(*environment, good, [](Value& body) {
      Value& metadata = body.child_map("metadata");
      metadata.erase("annotations");
      metadata.child_map("labels").erase("gitopsctl.dev/release");
    });
    const auto all = list_inventories(*environment, "default", "shop", "prod");
    REQUIRE_FALSE(all.ok());
    CHECK(all.error().code() == ErrorCode::conflict);
  }

  TEST_CASE_FIXTURE(Fixture, "an inventory without its label is found where it stands, and told what it lacks") {
    Inventory inventory = sample();
    REQUIRE(write_inventory(*environment, inventory, {}).ok());
    const std::vector<InventoryPlace> places{{sample("api").identity, "web"}, {inventory.identity, "web"}};
    edit(*environment, inventory, [](Value& body) { body.child_map("metadata").erase("labels"); });
    const auto listed = list_inventories(*environment, "default", "shop", "prod");
    REQUIRE(listed.ok());
    CHECK(listed->readable.size() + listed->unreadable.size() == 0);
    const auto found = find_unlisted(*environment, places);
    REQUIRE(found.ok());
    REQUIRE(found->size() == 1);
    CHECK((*found)[0].release == inventory.identity.release);
    CHECK((*found)[0].owners == std::vector<std::string>{inventory.identity.apply_set_id("web")});
    const Error& error = (*found)[0].errors.front();
    CHECK(error.message().find("has lost the label gitopsctl.dev/channel-key") != std::string::npos);
    // What is to be put back stands there; put back, it is found again.
    const auto at = error.hint().find("gitopsctl.dev/channel-key=");
    REQUIRE(at != std::string::npos);
    const std::string key = error.hint().substr(at + 26, 32);
    edit(*environment, inventory, [&](Value& body) {
      body.child_map("metadata").child_map("labels").set("gitopsctl.dev/channel-key", Value::string(key));
    });
    CHECK(list_inventories(*environment, "default", "shop", "prod")->readable.size() == 1);
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
