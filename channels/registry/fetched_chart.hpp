#pragma once

#include <memory>
#include <string>

#include "base/files/file_tree.hpp"
#include "channels/model/remote_chart.hpp"

namespace gitopsctl::channels {

/// A chart that was fetched, and what it turned out to be.
struct FetchedChart {
  RemoteChart asked;
  std::string version;                       ///< of the chart; empty where only a digest or an address was named
  std::string digest;                        ///< as RemoteChart::digest has it: what pins exactly this
  std::string archive;                       ///< `sha256:…` of the archive
  std::string file_name;                     ///< `web-1.2.3.tgz`, a plain name
  std::string url;                           ///< of the archive in a repository
  std::shared_ptr<const std::string> bytes;  ///< the archive

  /// The archive as the file `file_name` of a tree; errors in it name the chart by where it is from.
  [[nodiscard]] FileTreePtr tree() const;
};

}  // namespace gitopsctl::channels
