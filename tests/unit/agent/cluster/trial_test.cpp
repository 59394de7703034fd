#include "agent/cluster/trial.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace gitopsctl;
using namespace gitopsctl::agent;
using namespace gitopsctl::agent::detail;
using Class = KubeErrorClass;
using render::ObjectId;

namespace {

render::Object object(const std::string& group, const std::string& kind, const std::string& name = "x") {
  return {{group, kind, "web", name}, "v1", Value::map(), "a.yaml", 1};
}

Refusal judged(Class which, const render::Object& of, const std::set<ObjectId>& coming = {},
               const std::string& text = "no") {
  return judge_refusal(KubeError(which, Error(ErrorCode::invalid_input, text)), of, coming);
}

}  // namespace

TEST_SUITE("trials of new objects") {
  TEST_CASE("what the same run may cure is deferred, what nobody answered is an outage, all else is final") {
    const auto pod = object("", "Pod");
    const auto map = object("", "ConfigMap");
    const auto role = object("rbac.authorization.k8s.io", "Role");
    const auto thing = object("x.dev", "Thing");
    CHECK(judged(Class::invalid, map) == Refusal::permanent);
    CHECK(judged(Class::denied, map) == Refusal::permanent);
    CHECK(judged(Class::schema, map) == Refusal::permanent);
    CHECK(judged(Class::namespace_missing, map) == Refusal::deferred);
    CHECK(judged(Class::webhook, map) == Refusal::deferred);
    CHECK(judged(Class::terminating, map) == Refusal::deferred);
    for (const auto which : {Class::no_answer, Class::unavailable, Class::throttled, Class::unauthorized, Class::local}) {
      CHECK(judged(which, map) == Refusal::outage);
    }
    const ObjectId account{"", "ServiceAccount", "web", "x"};
    CHECK(judged(Class::forbidden, pod) == Refusal::permanent);
    CHECK(judged(Class::forbidden, pod, {account}) == Refusal::deferred);
    CHECK(judged(Class::forbidden, map, {account}) == Refusal::permanent);
    CHECK(judged(Class::forbidden, role) == Refusal::permanent);
    CHECK(judged(Class::forbidden, role, {{"rbac.authorization.k8s.io", "ClusterRoleBinding", "", "x"}}) ==
          Refusal::deferred);
    const ObjectId definition{"apiextensions.k8s.io", "CustomResourceDefinition", "", "things.x.dev"};
    const ObjectId other{"apiextensions.k8s.io", "CustomResourceDefinition", "", "things.y.x.dev"};
    CHECK(judged(Class::no_match, thing) == Refusal::permanent);
    CHECK(judged(Class::no_match, thing, {other}) == Refusal::permanent);
    CHECK(judged(Class::no_match, thing, {definition}) == Refusal::deferred);
    CHECK(judged(Class::no_match, thing, {{"apiregistration.k8s.io", "APIService", "", "v1.x.dev"}}) == Refusal::deferred);
    CHECK(judged(Class::quota, map) == Refusal::permanent);
    CHECK(judged(Class::quota, map, {{"", "ResourceQuota", "web", "q"}}) == Refusal::deferred);
    CHECK(judged(Class::bad_request, map) == Refusal::permanent);
    CHECK(judged(Class::bad_request, map, {}, "admission webhook \"w\" does not support dry run") == Refusal::deferred);
  }

  TEST_CASE("all are asked about, but of many ConfigMaps and Secrets of one namespace a few") {
    std::vector<render::Object> objects;
    for (int i = 0; i < 20; ++i) {
      for (const char* kind : {"ConfigMap", "Secret", "Service"}) objects.push_back(object("", kind, std::to_string(i)));
    }
    objects.push_back(object("other.dev", "ConfigMap"));
    std::vector<const render::Object*> all;
    for (const auto& one : objects) all.push_back(&one);
    std::map<std::string, int> count;
    for (const auto i : objects_to_try(all)) ++count[objects[i].id.group + '/' + objects[i].id.kind];
    CHECK(count ==
          std::map<std::string, int>{{"/ConfigMap", 8}, {"/Secret", 8}, {"/Service", 20}, {"other.dev/ConfigMap", 1}});
  }
}
