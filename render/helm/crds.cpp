#include "render/helm/crds.hpp"

#include <algorithm>
#include <string>
#include <string_view>

namespace gitopsctl::render::helm {
namespace {

bool is_manifest_name(std::string_view name) {
  const auto dot = name.rfind('.');
  if (dot == std::string_view::npos) return false;
  std::string extension(name.substr(dot));
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return extension == ".yaml" || extension == ".yml" || extension == ".json";
}

}  // namespace

void collect_crds(const Chart& chart, std::vector<Document>& out) {
  for (const auto& file : chart.files) {
    if (!file.name.starts_with("crds/") || !is_manifest_name(file.name)) continue;
    auto& document = out.emplace_back();
    document.path = chart.full_path() + '/' + file.name;
    document.origin = file.origin;
    document.text = file.data.str();
  }
  for (const auto* child : chart.dependencies) collect_crds(*child, out);
}

}  // namespace gitopsctl::render::helm
