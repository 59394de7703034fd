#pragma once

#include <set>
#include <string>
#include <vector>

#include "agent/environment/environment.hpp"
#include "agent/kube/client.hpp"
#include "base/result/result.hpp"
#include "render/manifest/object.hpp"

namespace gitopsctl::agent::detail {

/// What becomes of the refusal of a new object's dry run.
enum class Refusal : std::uint8_t { permanent, deferred, outage };
/// `coming`: what is made in the same run; an error that one of these may cure is deferred.
/// Pure.
[[nodiscard]] Refusal judge_refusal(const KubeError& error, const render::Object& object,
                                    const std::set<render::ObjectId>& coming);

/// Which of `objects` are asked about: all, but of ConfigMaps and Secrets of one namespace only the first few. What is in
/// them nobody checks but an admission policy, which those few meet as well, and they are the bulk of large sets. Pure.
[[nodiscard]] std::vector<std::size_t> objects_to_try(const std::vector<const render::Object*>& objects);

/// Dry runs of objects that are not there, as `actor`: where there are more than `max_parallel`, of those in a namespace
/// that is not there only the first of each namespace is sent. Only for this room.
[[nodiscard]] Result<std::vector<Trial>> try_new_objects(const KubeClient& actor, const std::string& manager,
                                                         std::size_t max_parallel,
                                                         const std::vector<const render::Object*>& objects,
                                                         const ApplyOptions& options,
                                                         const std::set<render::ObjectId>& coming);

}  // namespace gitopsctl::agent::detail
