#include <string>

#include "render/helm/helm.hpp"
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

std::string Output::text(bool with_hooks) const {
  std::string body;
  for (const auto& document : crds) print(body, document);
  for (const auto& document : manifests) print(body, document);
  std::string out(trim_space(body));
  out += '\n';
  if (with_hooks) {
    for (const auto& document : hooks) print(out, document);
  }
  return out;
}

}  // namespace gitopsctl::render::helm
