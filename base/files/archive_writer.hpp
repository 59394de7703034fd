#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result/result.hpp"

namespace gitopsctl {

/// One file of an archive that is made.
struct ArchiveEntry {
  std::string path;  ///< relative, plain
  std::string_view content;
};

/// A gzip-compressed tar archive (POSIX ustar, names over 100 bytes in pax headers) of these files, in this order, without
/// owners and with the time 0: equal files give equal bytes, with one version of zlib. `internal` when zlib fails.
[[nodiscard]] Result<std::string> pack_tgz(const std::vector<ArchiveEntry>& entries);

}  // namespace gitopsctl
