// Templates with all functions that charts have, on a chart of one file: whatever they do, it ends within small limits and
// with a text or an error. Randomness is fixed, so that a finding is found again.

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "base/files/file_tree.hpp"
#include "render/helm/helm.hpp"

using namespace gitopsctl;

namespace {

/// Bytes of every value: draws that are refused must not be refused for ever.
std::string fixed_bytes(std::size_t count) {
  std::string out(count, '\0');
  for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<char>(i * 167 + 13);
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  // Two files: what stands before a NUL, and behind it.
  const auto end = text.find('\0');
  const auto tree = std::make_shared<MemoryTree>();
  const auto add = [&](const char* path, std::string_view content) {
    tree->add(*TreePath::parse(path), std::string(content));
  };
  add("c/Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n");
  add("c/values.yaml", "s: str\ni: 5\nf: 1.5\nm: {a: 1, b: {c: d}, z: null}\nl: [1, b, null, {k: 1}]\nt: true\ne: ''\n");
  add("c/files/a.txt", "one\ntwo\n");
  add("c/templates/_lib.tpl", "{{ define \"lib\" }}[{{ . }}]{{ end }}");
  add("c/templates/a.yaml", text.substr(0, end));
  if (end != std::string_view::npos) add("c/templates/b.yaml", text.substr(end + 1));
  render::RenderInputs inputs;
  inputs.tree = tree;
  inputs.helm.chart = *TreePath::parse("c");
  inputs.helm.release_name = "r";
  inputs.random = [](std::string_view, std::uint64_t, std::size_t count) { return fixed_bytes(count); };
  // Keys cost more than all else together; their own tests have them.
  if (text.find("gen") != std::string_view::npos || text.find("crypt") != std::string_view::npos ||
      text.find("derive") != std::string_view::npos || text.find("htpasswd") != std::string_view::npos) {
    return 0;
  }
  inputs.limits.steps = 20'000;
  inputs.limits.output_bytes = 1U << 18U;
  inputs.limits.memory_bytes = 32U << 20U;
  inputs.limits.include_depth = 20;
  const auto out = render::helm::render_chart(inputs);
  if (!out.ok() && out.error().message().empty()) std::abort();
  return 0;
}
