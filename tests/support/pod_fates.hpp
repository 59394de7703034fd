#pragma once

#include <map>
#include <string>
#include <string_view>

namespace gitopsctl::support {

/// What becomes of a pod on the node of ControlPlane::run_pods(), by the value of its label `fate` (in a template:
/// `metadata: {labels: {fate: crash-loop}}`). A pod without it is ready at once, and Succeeded when a Job owns it.
namespace pod_fate {
inline constexpr std::string_view crash_loop = "crash-loop";    ///< its first container waits in CrashLoopBackOff
inline constexpr std::string_view image_pull = "image-pull";    ///< its first container waits in ImagePullBackOff
inline constexpr std::string_view never_ready = "never-ready";  ///< runs, and its readiness probe never succeeds
/// Pending until it gets the label `told`, then ready.
inline constexpr std::string_view ready_when_told = "ready-when-told";
inline constexpr std::string_view fails = "fails";                ///< its containers exit with 1 and the pod is Failed
inline constexpr std::string_view never_starts = "never-starts";  ///< nothing ever happens to it on its node
}  // namespace pod_fate

/// The stages of kwok that play these fates: name and YAML.
[[nodiscard]] const std::map<std::string, std::string>& pod_fate_stages();

}  // namespace gitopsctl::support
