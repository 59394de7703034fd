#pragma once

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/crypto/digest.hpp"
#include "base/yaml/yaml.hpp"
#include "channels/plan/change_set.hpp"
#include "channels/plan/live_plan.hpp"
#include "render/manifest/object.hpp"

namespace gitopsctl::channels::test {

/// The value of a YAML text.
inline Value yaml(std::string_view text) {
  auto value = parse_yaml(text);
  REQUIRE_MESSAGE(value.ok(), (value.ok() ? "" : value.error().to_string()));
  return std::move(value).value();
}

/// A release that rendered to the objects of a YAML text.
inline RenderedRelease rendered(std::string name, std::string_view text) {
  RenderedRelease release;
  release.name = name;
  release.namespace_ = "web";
  release.driver = "helm";
  auto objects = render::read_objects(text, "charts/" + name + "/templates/all.yaml", "web");
  REQUIRE_MESSAGE(objects.ok(), (objects.ok() ? "" : objects.error().to_string()));
  release.set.emplace();
  release.set->objects = std::move(objects).value();
  release.set->render_digest = render::render_digest(release.set->objects, {});
  return release;
}

/// A release that did not render.
inline RenderedRelease broken(std::string name, Error error) {
  RenderedRelease release;
  release.name = std::move(name);
  release.namespace_ = "web";
  release.driver = "helm";
  release.errors.push_back(std::move(error));
  return release;
}

/// A ConfigMap as YAML.
inline std::string config_map(const std::string& name, const std::string& value) {
  return "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name + "}\ndata: {value: '" + value + "'}\n";
}

inline std::string hash_of(const Value& body) { return sha256_hex(render::canonical_bytes(body)); }

/// The live side of one release under test.
struct World {
  LiveReleaseInput input;
  LiveState live;

  explicit World(std::string release, std::string_view desired = "") {
    input.release = std::move(release);
    input.owner = "set-" + input.release;
    input.namespace_ = "web";
    input.to_digest = "sha256:to";
    if (desired.empty()) return;
    auto objects = render::read_objects(desired, "all.yaml", "web");
    REQUIRE(objects.ok());
    for (auto& object : *objects) {
      input.desired.push_back({object.id, object.body, hash_of(object.body), object.source});
      live.try_emplace(object.id, std::nullopt);
    }
  }

  /// An object in the environment.
  LiveItem& put(std::string_view text, const std::string& owner) {
    auto objects = render::read_objects(text, "live", "web");
    REQUIRE(objects.ok());
    LiveItem item;
    item.uid = "uid-" + (*objects)[0].id.name;
    item.owner = owner;
    item.body = (*objects)[0].body;
    auto& slot = live[(*objects)[0].id];
    slot = std::move(item);
    return *slot;
  }
  /// An object in the environment that this release applied in the form of `text`.
  LiveItem& own(std::string_view text) {
    LiveItem& item = put(text, input.owner);
    record(text);
    return item;
  }
  /// An entry of the inventory only.
  RecordedEntry& record(std::string_view text) {
    auto objects = render::read_objects(text, "live", "web");
    REQUIRE(objects.ok());
    const auto& object = (*objects)[0];
    live.try_emplace(object.id, std::nullopt);
    input.entries.push_back({object.id, "uid-" + object.id.name, hash_of(object.body), RecordedState::applied});
    return input.entries.back();
  }

  [[nodiscard]] ReleaseChanges plan(const Handover& handover = {}) const { return plan_release_live(input, live, handover); }
};

/// `action id (why)` of every change.
inline std::vector<std::string> lines(const ReleaseChanges& release) {
  std::vector<std::string> out;
  for (const auto& change : release.changes) {
    std::string line = std::string(action_name(change.action)) + ' ' + change.id.to_string();
    if (change.cause == Cause::drift) line += " drift";
    if (!change.why.empty()) line += ": " + change.why;
    out.push_back(std::move(line));
  }
  return out;
}

using Lines = std::vector<std::string>;

}  // namespace gitopsctl::channels::test
