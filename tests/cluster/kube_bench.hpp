#pragma once

#include <doctest/doctest.h>

#include <fstream>
#include <string>
#include <utility>

#include "agent/kube/client.hpp"
#include "base/json/json.hpp"
#include "tests/support/kube_proxy.hpp"
#include "tests/support/scratch.hpp"

// What the cases about the Kubernetes client share.

namespace gitopsctl::tests {

inline agent::KubeTarget target_of(const std::string& kubeconfig_text) {
  const support::ScratchDir directory;
  std::ofstream(directory / "config") << kubeconfig_text;
  agent::KubeTargetOptions options;
  options.kubeconfig = directory / "config";
  auto target = agent::load_kube_target(options);
  REQUIRE_MESSAGE(target.ok(), target.error().to_string());
  return *target;
}

inline agent::KubeClient admin(const support::ControlPlane& plane, const agent::KubeClientOptions& options = {}) {
  return agent::KubeClient(target_of(plane.kubeconfig()), options);
}

inline Value config_map(const std::string& space, const std::string& name, const std::string& data = R"({"a":"1"})") {
  return *parse_json(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":")" + name + R"(","namespace":")" + space +
                     R"("},"data":)" + data + "}");
}

inline render::ObjectId map_id(const std::string& space, const std::string& name) { return {"", "ConfigMap", space, name}; }

inline std::string version_of(const Value& object) { return std::string(object.string_at({"metadata", "resourceVersion"})); }
inline std::string uid_of(const Value& object) { return std::string(object.string_at({"metadata", "uid"})); }

template <class T>
std::string shown(const agent::KubeResult<T>& result) {
  return result.ok() ? "good"
                     : std::string(class_name(result.error().error_class())) + ": " + result.error().to_string() + " (" +
                           result.error().status().message + ")";
}

inline agent::KubeApplyOptions by(const std::string& manager, bool force = false) {
  agent::KubeApplyOptions out;
  out.field_manager = manager;
  out.force = force;
  return out;
}

/// Ends by itself, whatever happens.
inline agent::KubeCall within(Millis span) { return {{{}, Deadline(system_clock(), span)}, false, {}}; }

/// As whom the server sees the client.
inline std::string whoami(const agent::KubeClient& client) {
  const auto answer =
      client.ask(*parse_json(R"({"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview","metadata":{}})"),
                 within(Millis(60'000)));
  return answer.ok() ? std::string(answer->string_at({"status", "userInfo", "username"})) : shown(answer);
}

}  // namespace gitopsctl::tests
