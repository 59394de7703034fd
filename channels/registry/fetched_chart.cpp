#include "channels/registry/fetched_chart.hpp"

namespace gitopsctl::channels {

FileTreePtr FetchedChart::tree() const {
  RemoteChart shown = asked;
  if (!version.empty()) shown.version = version;
  shown.digest.clear();
  return one_file_tree(file_name, bytes, archive, shown.shown());
}

}  // namespace gitopsctl::channels
