// Chart.yaml and requirements.yaml of strangers: what is read must hold together, and every refusal must say something.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "render/helm/metadata.hpp"
#include "render/helm/values_text.hpp"

using namespace gitopsctl;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 16 << 10) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  render::helm::Metadata metadata;
  const auto read = render::helm::read_metadata(text, "Chart.yaml", metadata);
  if (!read.ok()) {
    if (read.error().message().empty()) std::abort();
  } else {
    const auto valid = render::helm::validate_metadata(metadata);
    if (!valid.ok() && valid.error().message().empty()) std::abort();
    if (!render::helm::metadata_as_map(metadata, size % 2 == 0).is_map()) std::abort();
  }
  const auto values = render::helm::read_values(text, "values.yaml", {}, size % 2 == 0);
  if (!values.ok() && values.error().message().empty()) std::abort();
  return 0;
}
