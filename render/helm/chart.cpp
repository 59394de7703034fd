#include "render/helm/chart.hpp"

#include <utility>

namespace gitopsctl::render::helm {

std::string Chart::full_path() const { return parent == nullptr ? name() : parent->full_path() + "/charts/" + name(); }

bool Chart::is_library() const {
  constexpr std::string_view library = "library";
  const auto& type = metadata->type;
  if (type.size() != library.size()) return false;
  for (std::size_t i = 0; i < type.size(); ++i) {
    if ((type[i] | 0x20) != library[i]) return false;
  }
  return true;
}

void Chart::set_dependencies(std::vector<Chart*> charts) {
  dependencies = std::move(charts);
  for (auto* child : dependencies) child->parent = this;
}

Chart& ChartSet::add(Chart chart) { return charts.emplace_back(std::move(chart)); }

}  // namespace gitopsctl::render::helm
