#include "agent/cluster/field_owners.hpp"

#include <doctest/doctest.h>

#include <string>

#include "agent/cluster/conflict_policy.hpp"
#include "agent/cluster/immutable.hpp"
#include "agent/environment/scaling.hpp"
#include "base/json/json.hpp"
#include "base/yaml/yaml.hpp"

using namespace gitopsctl;
using namespace gitopsctl::agent;

namespace {

Value yaml(const std::string& text) {
  auto read = parse_yaml(text, {});
  REQUIRE_MESSAGE(read.ok(), (read.ok() ? "" : read.error().to_string()));
  return *read;
}

std::string entry(const std::string& manager, const std::string& operation, const std::string& fields,
                  const std::string& more = "") {
  return "{manager: " + manager + ", operation: " + operation + ", apiVersion: v1" + more + ", fieldsV1: " + fields + "}";
}

Value with(const std::vector<std::string>& entries, const std::string& content = "") {
  std::string text = "metadata:\n  resourceVersion: '7'\n  managedFields:\n";
  for (const auto& one : entries) text += "    - " + one + "\n";
  return yaml(text + content);
}

std::string settled(const Value& live, const FieldSet& give_up = {}) {
  const auto change = agent::detail::settle_owners(live, "gitopsctl", give_up);
  REQUIRE(change.ok());
  if (!*change) return "nothing";
  std::string out;
  for (const auto& one : (*change)->entries.as_list()) {
    const Value* fields = one.find("fieldsV1");
    out += std::string(one.string_at({"manager"})) + "/" + std::string(one.string_at({"operation"})) + " " +
           (fields == nullptr ? "" : canonical_json(*fields)) + "\n";
  }
  return out;
}

FieldSet replicas() {
  FieldSet out;
  out.insert({"f:spec", "f:replicas"});
  return out;
}

}  // namespace

TEST_SUITE("agent/cluster field owners") {
  TEST_CASE("kubectl in all its ways is legacy; what it adds, subresources, controllers and other tools are not") {
    const auto legacy = [](const std::string& text) { return agent::detail::is_legacy(yaml(text)); };
    for (const char* name : {"kubectl-client-side-apply", "kubectl-create", "kubectl-edit", "kubectl-replace",
                             "kubectl-patch", "before-first-apply"}) {
      CHECK_MESSAGE(legacy(entry(name, "Update", "{}")), name);
      CHECK_FALSE(legacy(entry(name, "Update", "{}", ", subresource: scale")));
    }
    CHECK(legacy(entry("kubectl", "Apply", "{}")));
    CHECK_FALSE(legacy(entry("kubectl", "Update", "{}")));
    for (const char* name : {"kubectl-annotate", "kubectl-label", "helm", "argocd-controller", "kustomize-controller",
                             "kube-controller-manager", "gitopsctl", "terraform"}) {
      CHECK_FALSE_MESSAGE(legacy(entry(name, "Update", "{}")), name);
      CHECK_FALSE_MESSAGE(legacy(entry(name, "Apply", "{}")), name);
    }
  }

  TEST_CASE("legacy entries become ours, whole, and nothing else is touched") {
    const std::string theirs = entry("kube-controller-manager", "Update", "{f:status: {f:x: {}}}", ", subresource: status");
    CHECK(settled(with({entry("gitopsctl", "Apply", "{f:data: {f:a: {}}}"), theirs})) == "nothing");
    CHECK(settled(with({entry("kubectl-edit", "Update", "{f:data: {f:b: {}}, f:status: {f:y: {}}}"), theirs,
                        entry("gitopsctl", "Apply", "{f:data: {f:a: {}}}"),
                        entry("kubectl", "Apply", "{f:data: {f:c: {}}}")})) ==
          "gitopsctl/Apply {\"f:data\":{\"f:a\":{},\"f:b\":{},\"f:c\":{}}}\n"
          "kube-controller-manager/Update {\"f:status\":{\"f:x\":{}}}\n");
    // Without an entry of ours the first of theirs becomes it.
    CHECK(settled(with({entry("kubectl-create", "Update", "{f:data: {f:b: {}}}")})) ==
          "gitopsctl/Apply {\"f:data\":{\"f:b\":{}}}\n");
    // Of another version of the API: cannot be put together.
    const auto change = agent::detail::settle_owners(
        with({entry("gitopsctl", "Apply", "{f:data: {f:a: {}}}"), entry("kubectl-edit", "Update", "{f:data: {f:b: {}}}"),
              "{manager: kubectl-patch, operation: Update, apiVersion: v2, fieldsV1: {f:data: {f:c: {}}}}"}),
        "gitopsctl", {});
    REQUIRE(change.ok());
    CHECK((*change)->from == std::vector<std::string>{"kubectl-edit"});
    CHECK((*change)->other_versions == std::vector<std::string>{"kubectl-patch"});
    CHECK((*change)->entries.size() == 2);
    CHECK(settled(yaml("metadata: {name: a}")) == "nothing");
    CHECK_FALSE(agent::detail::settle_owners(with({entry("kubectl", "Apply", "{x: {}}")}), "gitopsctl", {}).ok());
  }

  TEST_CASE("a field is given up only where we alone own it") {
    const std::string ours = entry("gitopsctl", "Apply", "{f:spec: {f:replicas: {}, f:paused: {}}}");
    CHECK(settled(with({ours}), replicas()) == "gitopsctl/Apply {\"f:spec\":{\"f:paused\":{}}}\n");
    CHECK(settled(with({ours, entry("hpa", "Update", "{f:spec: {f:replicas: {}}}", ", subresource: scale")}), replicas()) ==
          "nothing");
    CHECK(settled(with({entry("gitopsctl", "Apply", "{f:spec: {f:paused: {}}}")}), replicas()) == "nothing");
    // The only field of the only entry: a list with one empty entry, since an empty list changes nothing.
    CHECK(settled(with({entry("gitopsctl", "Apply", "{f:spec: {f:replicas: {}}}")}), replicas()) == "/ \n");
    // Together with what kubectl left.
    CHECK(settled(with({entry("kubectl-create", "Update", "{f:spec: {f:replicas: {}, f:x: {}}}")}), replicas()) ==
          "gitopsctl/Apply {\"f:spec\":{\"f:x\":{}}}\n");
  }

  TEST_CASE("what a dry run does not show is foreseen: stale fields go, or get their defaults") {
    Value answer = with(
        {entry("gitopsctl", "Apply", "{f:data: {f:a: {}}, f:list: {'k:{\"name\":\"x\"}': {.: {}, f:name: {}}}}"),
         entry("kubectl-create", "Update",
               "{f:metadata: {f:annotations: {.: {}, f:note: {}}, f:uid: {}}, f:data: {.: {}, f:a: {}, f:b: {}, f:c: {}}, "
               "f:list: {'k:{\"name\":\"other\"}': {.: {}, f:name: {}, f:z: {}}}, f:clusterIP: {}, f:count: {}}"),
         entry("other", "Update", "{f:data: {f:c: {}}}")},
        "data: {a: 1, b: 2, c: 3}\nlist: [{name: x}, {name: other, z: 1}]\nclusterIP: 1.2.3.4\ncount: 5\n");
    answer.child_map("metadata").set("annotations", make_map({{"note", Value::string("n")}}));
    answer.child_map("metadata").set("uid", Value::string("u"));
    const auto stale = agent::detail::stale_fields(answer, "gitopsctl");
    REQUIRE(stale.ok());
    const auto gone =
        agent::detail::foresee(answer, *stale, yaml("data: {a: 1}\nlist: [{name: x}]\ncount: 1\nclusterIP: 10.0.0.0"));
    CHECK(gone.size() == 4);
    Value rest = answer.shallow_copy();
    rest.erase("metadata");
    CHECK(canonical_json(rest) == R"({"clusterIP":"1.2.3.4","count":1,"data":{"a":1,"c":3},"list":[{"name":"x"}]})");
    CHECK(answer.find_path({"metadata", "annotations"}) == nullptr);
    CHECK(answer.string_at({"metadata", "uid"}) == "u");
  }

  TEST_CASE("a forced path is the field and what is below it, of the objects that it names") {
    const render::ObjectId id{"apps", "Deployment", "web", "a"};
    const FieldPath image{"f:spec", "f:containers", R"(k:{"name":"web","port":1})", "f:image"};
    const auto forced = [&](const std::string& kind, const std::string& name, std::vector<std::string> steps) {
      return agent::detail::is_forced({{kind, name, std::move(steps)}}, id, image);
    };
    CHECK(forced("", "", {"f:spec"}));
    CHECK(forced("Deployment", "a", {"f:spec", "f:containers", R"(k:{"name":"web"})", "f:image"}));
    CHECK_FALSE(forced("", "", {"f:spec", "f:containers", R"(k:{"name":"other"})"}));
    CHECK_FALSE(forced("", "", {"f:spec", "f:containers", R"(k:{"name":"web","x":1})"}));
    CHECK_FALSE(forced("StatefulSet", "", {"f:spec"}));
    CHECK_FALSE(forced("", "b", {"f:spec"}));
    CHECK_FALSE(forced("", "", {"f:sp"}));
    CHECK_FALSE(forced("", "", {}));
    CHECK_FALSE(forced("", "", {"f:spec", "f:containers", R"(k:{"name":"web"})", "f:image", "f:x"}));
    CHECK_FALSE(agent::detail::is_forced({}, id, image));
  }

  TEST_CASE("what autoscalers scale") {
    ScaledWorkloads out;
    const auto add = [&](const std::string& text) { add_scaled(yaml(text), out); };
    add("apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: h, namespace: web}\nspec: "
        "{scaleTargetRef: "
        "{apiVersion: apps/v1, kind: StatefulSet, name: s}}");
    add("apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {name: k, namespace: web}\nspec: {scaleTargetRef: "
        "{name: "
        "d}}");
    add("apiVersion: x.org/v1\nkind: HorizontalPodAutoscaler\nmetadata: {name: h, namespace: web}\nspec: {scaleTargetRef: "
        "{kind: "
        "Deployment, name: z}}");
    add("apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: h, namespace: web}\nspec: "
        "{scaleTargetRef: "
        "{apiVersion: x.org/v1, kind: Widget, name: w}}");
    REQUIRE(out.size() == 2);
    CHECK(out.at({"apps", "StatefulSet", "web", "s"}) == "HorizontalPodAutoscaler h");
    CHECK(out.at({"apps", "Deployment", "web", "d"}) == "ScaledObject k");
  }

  TEST_CASE("which refusals mean that a field cannot be changed in place") {
    const auto fields = [](const std::string& kind, const std::vector<StatusCause>& causes, bool invalid = true) {
      KubeStatus status;
      status.causes = causes;
      return agent::detail::immutable_fields({"", kind, "n", "a"},
                                             KubeError(invalid ? KubeErrorClass::invalid : KubeErrorClass::denied,
                                                       Error(ErrorCode::invalid_input, "refused"), status));
    };
    CHECK(fields("Deployment", {{"FieldValueInvalid", "field is immutable", "spec.selector"}}) == "spec.selector");
    CHECK(fields("StatefulSet", {{"FieldValueForbidden", "updates to statefulset spec for fields other than 'replicas'",
                                  "spec"}}) == "spec");
    CHECK(fields("Service", {{"FieldValueInvalid", "may not change once set", "spec.clusterIPs[0]"}}) ==
          "spec.clusterIPs[0]");
    CHECK(fields("Secret", {{"FieldValueForbidden", "", "data"}}) == "data");
    CHECK(fields("Secret", {{"FieldValueInvalid", "", "metadata.name"}}).empty());
    CHECK(fields("Deployment", {{"FieldValueInvalid", "may not change once set", "spec"}}).empty());
    CHECK(fields("Deployment", {{"FieldValueInvalid", "field is immutable", "spec.selector"},
                                {"FieldValueRequired", "must be there", "spec.x"}})
              .empty());
    CHECK(fields("Deployment", {{"FieldValueInvalid", "field is immutable", "spec.selector"}}, false).empty());
    CHECK(fields("Deployment", {}).empty());
  }
}
