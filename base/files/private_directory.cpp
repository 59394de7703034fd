#include "base/files/private_directory.hpp"

#include <filesystem>

namespace gitopsctl {

std::error_code make_private_directory(const std::string& path) {
  std::error_code failed;
  if (std::filesystem::create_directories(path, failed)) {
    std::filesystem::permissions(path, std::filesystem::perms::owner_all, failed);
  }
  return failed;
}

}  // namespace gitopsctl
