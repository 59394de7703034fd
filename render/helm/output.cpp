#include <string>

#include "render/helm/documents.hpp"
#include "render/helm/helm.hpp"
#include "render/helm/path_match.hpp"
#include "render/helm/whitespace.hpp"

namespace gitopsctl::render::helm {

namespace {

void print(std::string& out, const Document& document) {
  out += "---\n# Source: ";
  out += document.path;
  out += '\n';
  out += document.text;
  out += '\n';
}

}  // namespace

std::string Output::body() const {
  std::string out;
  for (const auto& document : crds) print(out, document);
  for (const auto& document : manifests) print(out, document);
  return out;
}

std::string Output::text(bool with_hooks, const std::optional<std::string>& rewritten) const {
  std::string out(trim_space(rewritten ? *rewritten : body()));
  out += '\n';
  if (with_hooks) {
    for (const auto& document : hooks) print(out, document);
  }
  return out;
}

Result<std::string> Output::show_only(const std::vector<std::string>& patterns, bool with_hooks,
                                      const std::optional<std::string>& rewritten) const {
  constexpr std::string_view mark = "# Source: ";
  const std::string all = text(with_hooks, rewritten);
  const auto documents = split_documents(all, cut);
  std::string out;
  for (const auto& pattern : patterns) {
    bool found = false;
    for (const auto& document : documents) {
      // `# Source: CHART/PATH`, wherever it stands.
      const auto at = document.text.find(mark);
      if (at == std::string_view::npos) continue;
      auto path = document.text.substr(at + mark.size());
      path = path.substr(0, path.find('\n'));
      const auto slash = path.find('/');
      if (slash == std::string_view::npos || !path_match(pattern, path.substr(slash + 1))) continue;
      found = true;
      out += "---\n" + std::string(document.text) + '\n';
    }
    if (!found) return Error(ErrorCode::not_found, "could not find template " + pattern + " in chart");
  }
  return out;
}

}  // namespace gitopsctl::render::helm
