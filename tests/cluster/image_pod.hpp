#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/process/child.hpp"
#include "base/value/value.hpp"
#include "tests/support/control_plane.hpp"
#include "tests/support/scratch.hpp"

namespace gitopsctl::tests {

/// The image that tools/image.py makes of this build's programs, unpacked.
class UnpackedImage {
 public:
  /// Throws std::runtime_error when it cannot be made.
  UnpackedImage();
  [[nodiscard]] std::string root() const { return directory_ / "root"; }
  /// What a container of it runs when nobody says anything else.
  [[nodiscard]] const std::vector<std::string>& entrypoint() const noexcept { return entrypoint_; }
  /// Why nothing can be run in it here; empty: it can.
  [[nodiscard]] static std::string obstacle();

 private:
  support::ScratchDir directory_;
  std::vector<std::string> entrypoint_;
};

/// Plays the kubelet for one pod of a Deployment, as the API server has it: volumes from ConfigMaps, Secrets and empty
/// directories, the token of its ServiceAccount, the variables of the API server, arguments, user, and a root that cannot be
/// written to. What a Deployment asks for and this does not know is an error.
class ImagePod {
 public:
  /// Throws std::runtime_error.
  ImagePod(const support::ControlPlane& plane, const UnpackedImage& image, const std::string& name_space,
           const std::string& deployment);
  ~ImagePod();
  ImagePod(const ImagePod&) = delete;
  ImagePod& operator=(const ImagePod&) = delete;

  /// Status of the probe of that name (`readinessProbe`); 0 without an answer.
  [[nodiscard]] int probe(const std::string& which) const;
  /// Lines of /proc/PID/status by their names.
  [[nodiscard]] std::map<std::string, std::string> process_status() const;
  /// Whether anybody, root included, can make a file in that directory as the pod sees it.
  [[nodiscard]] bool can_be_written(const std::string& directory) const;
  /// SIGTERM; its exit code, or 128 and the signal that it needed.
  int stop();
  [[nodiscard]] std::string log() const;

 private:
  void add_volume(const support::ControlPlane& plane, const std::string& name_space, const Value& volume);

  support::ScratchDir directory_;
  Value container_;
  std::optional<ChildProcess> process_;
};

}  // namespace gitopsctl::tests
