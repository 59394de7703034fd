#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>

#include "render/manifest/object.hpp"

using namespace gitopsctl;
using namespace gitopsctl::render;

namespace {

std::vector<Object> read(std::string_view text) {
  auto objects = read_objects(text, "a.yaml", "web");
  REQUIRE_MESSAGE(objects.ok(), (objects.ok() ? "" : objects.error().to_string()));
  return std::move(objects).value();
}

std::vector<std::string> mistakes(std::string_view text) {
  const auto objects = read_objects(text, "a.yaml", "web");
  REQUIRE(!objects.ok());
  std::vector<std::string> out;
  for (const auto& error : objects.error().flatten()) out.push_back(error.to_string());
  return out;
}

}  // namespace

TEST_SUITE("read_objects") {
  TEST_CASE("several documents, with identity, source and line") {
    const auto objects = read(
        "# a comment\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: nginx\n---\n---\n"
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: other}\n");
    REQUIRE(objects.size() == 2);
    CHECK(objects[0].id == ObjectId{"apps", "Deployment", "web", "nginx"});
    CHECK(objects[0].id.to_string() == "apps/Deployment web/nginx");
    CHECK(objects[0].api_version == "apps/v1");
    CHECK(objects[0].source == "a.yaml");
    CHECK(objects[0].line == 3);
    CHECK(objects[0].body.string_at({"metadata", "namespace"}) == "web");
    CHECK(objects[1].id == ObjectId{"", "ConfigMap", "other", "c"});
    CHECK(objects[1].line == 9);
  }

  TEST_CASE("objects outside namespaces have none, whatever they say") {
    const auto objects = read(
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: web}\n---\n"
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: r, namespace: odd}\n");
    CHECK(objects[0].id.to_string() == "Namespace web");
    CHECK(objects[1].id.namespace_.empty());
    CHECK(objects[1].body.find_path({"metadata", "namespace"}) == nullptr);
  }

  TEST_CASE("definitions of the same set say what is outside namespaces, also from another file") {
    const std::string crd =
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: things.example.com}\n"
        "spec:\n  group: example.com\n  scope: Cluster\n  names: {kind: Thing}\n";
    const std::string thing = "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: t}\n";
    const auto objects = read_object_set({{thing, "t.yaml"}, {crd, "crd.yaml"}}, "web");
    REQUIRE(objects.ok());
    CHECK((*objects)[0].id.to_string() == "example.com/Thing t");
    CHECK((*objects)[0].source == "t.yaml");
    CHECK(read(thing)[0].id.namespace_ == "web");
  }

  TEST_CASE("Lists are opened, typed ones give their items the kind") {
    const auto objects = read(
        "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: a}\n"
        "- apiVersion: v1\n  kind: SecretList\n  items:\n  - metadata: {name: s}\n---\n"
        "apiVersion: v1\nkind: List\nitems: []\n---\napiVersion: v1\nkind: List\nitems:\n");
    REQUIRE(objects.size() == 2);
    CHECK(objects[0].id.kind == "ConfigMap");
    CHECK(objects[1].is_secret());
    CHECK(objects[1].api_version == "v1");
  }

  TEST_CASE("all mistakes at once, each with its place") {
    const auto found = mistakes(
        "just text\n---\nkind: ConfigMap\nmetadata: {name: a}\n---\napiVersion: v1\nmetadata: {name: a}\n---\n"
        "apiVersion: v1\nkind: ConfigMap\n---\napiVersion: v1\nkind: Job\nmetadata: {generateName: x-}\n---\n"
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: 7}\n---\napiVersion: a/b/c\nkind: 'No Kind'\nmetadata: []\n---\n"
        "apiVersion: v1\nkind: List\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: ../../x}\n");
    const std::vector<std::string> expected = {
        "a.yaml:1: the document is a text, not an object",
        "a.yaml:3: the object has no apiVersion",
        "a.yaml:6: the object has no kind",
        "a.yaml:9: the object has no metadata.name",
        "a.yaml:12: the object has a metadata.generateName but no metadata.name",
        "a.yaml:16: the object's metadata.name is a number, not a text",
        "a.yaml:20: the object's kind is not the name of a kind (letters and digits, 63 at most)",
        "a.yaml:20: the object's apiVersion is neither `version` nor `group/version`",
        "a.yaml:20: the object's metadata is a list, not a map",
        "a.yaml:24: the List has no items",
        ("a.yaml:27: the object's metadata.name cannot be a name (253 printable ASCII characters at most, no blank, `/` or "
         "`%`)"),
    };
    CHECK(found == expected);
  }

  TEST_CASE("an object twice names both places, whatever its version") {
    const auto error =
        read_object_set({{"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\n", "a.yaml"},
                         {"\napiVersion: apps/v1beta1\nkind: Deployment\nmetadata: {name: d, namespace: web}\n", "b.yaml"}},
                        "web");
    REQUIRE(!error.ok());
    CHECK(error.error().to_string() == "b.yaml:2: apps/Deployment web/d is there twice; the other one is at a.yaml:1");
  }

  TEST_CASE("a broken document is one located error") {
    const auto found = mistakes("apiVersion: v1\nkind: [\n");
    REQUIRE(found.size() == 1);
    CHECK(found[0].starts_with("a.yaml:"));
  }

  TEST_CASE("a flood of mistakes is cut short and counted") {
    std::string text;
    for (int i = 0; i < 500; ++i) text += "---\nkind: ConfigMap\nmetadata: {name: n" + std::to_string(i) + "}\n";
    const auto found = mistakes(text);
    REQUIRE(found.size() == 101);
    CHECK(found.back() == "and 400 more mistakes");
  }

  TEST_CASE("nested Lists end somewhere") {
    std::string text = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}";
    for (int i = 0; i < 12; ++i) text = "{apiVersion: v1, kind: List, items: [" + text + "]}";
    CHECK(mistakes(text)[0] == "a.yaml:1: Lists are nested more than 8 deep");
  }

  TEST_CASE("reading one text twice shares nothing that placing in a namespace changes") {
    const auto objects = read("x: &m {name: a}\napiVersion: v1\nkind: ConfigMap\nmetadata: *m\n");
    CHECK(objects[0].body.string_at({"metadata", "namespace"}) == "web");
    CHECK(objects[0].body.find_path({"x", "namespace"}) == nullptr);
  }
}

TEST_SUITE("apply order") {
  TEST_CASE("kinds in Helm's order, equal kinds and unlisted ones as given") {
    auto objects = read(
        "{apiVersion: example.com/v1, kind: Zed, metadata: {name: z}}\n---\n{apiVersion: apps/v1, kind: Deployment, "
        "metadata: "
        "{name: b}}\n---\n{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}}\n---\n{apiVersion: v1, kind: "
        "Namespace, "
        "metadata: {name: m}}\n---\n{apiVersion: example.com/v1, kind: Alpha, metadata: {name: w}}\n");
    sort_for_apply(objects);
    std::vector<std::string> names;
    names.reserve(objects.size());
    for (const auto& object : objects) names.push_back(object.id.name);
    CHECK(names == std::vector<std::string>{"m", "b", "a", "z", "w"});
  }
}

TEST_SUITE("digests") {
  TEST_CASE("canonical bytes leave out nulls, status and what servers set") {
    const auto objects = read(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  uid: x\n  resourceVersion: '1'\n  generation: 3\n"
        "  creationTimestamp: null\n  managedFields: []\n  annotations:\n"
        "    kubectl.kubernetes.io/last-applied-configuration: '{}'\n"
        "data: {b: '2', a: '1', n: null}\nlist: [null, {k: null}]\nstatus: {x: 1}\n");
    CHECK(canonical_bytes(objects[0].body) ==
          R"({"apiVersion":"v1","data":{"a":"1","b":"2"},"kind":"ConfigMap","list":[null,{}],)"
          R"("metadata":{"name":"a","namespace":"web"}})");
    CHECK(objects[0].body.find_path({"metadata", "uid"}) != nullptr);
  }

  TEST_CASE("order does not matter, content does") {
    std::string text;
    for (int i = 0; i < 20; ++i) {
      text += "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: n" + std::to_string(i) + "}\ndata: {v: '" +
              std::to_string(i % 3) + "'}\n";
    }
    auto objects = read(text);
    const auto render = render_digest(objects, {});
    const auto seal = seal_digest(objects, "key");
    CHECK(render.size() == 7 + 64);
    CHECK(render.starts_with("sha256:"));
    CHECK(seal.starts_with("hmac:"));
    std::mt19937 random(3);
    for (int i = 0; i < 20; ++i) {
      std::shuffle(objects.begin(), objects.end(), random);
      CHECK(render_digest(objects, {}) == render);
      CHECK(seal_digest(objects, "key") == seal);
    }
    CHECK(seal_digest(objects, "other") != seal);
    CHECK(seal_digest(objects, "").empty());
    objects.pop_back();
    CHECK(render_digest(objects, {}) != render);
  }

  TEST_CASE("a secret value changes the seal only, a secret key both") {
    const auto set = [](const std::string& data) {
      return read("apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: " + data + "\n");
    };
    const auto a = set("{password: one}");
    const auto b = set("{password: two-longer}");
    const auto c = set("{password: one, user: x}");
    CHECK(render_digest(a, {}) == render_digest(b, {}));
    CHECK(render_digest(a, {}) != render_digest(c, {}));
    CHECK(seal_digest(a, "key") != seal_digest(b, "key"));
  }

  TEST_CASE("sensitive paths are left out of the public digest") {
    const auto set = [](const std::string& value) {
      return read("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {token: " + value + "}\n");
    };
    const std::vector<SensitivePath> sensitive = {{"ConfigMap", "c", {"data", "token"}}};
    CHECK(render_digest(set("one"), sensitive) == render_digest(set("two"), sensitive));
    CHECK(render_digest(set("one"), {}) != render_digest(set("two"), {}));
  }
}
