#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/yaml/marks.hpp"
#include "base/yaml/tree_builder.hpp"
#include "base/yaml/yaml.hpp"
#include "base/yaml/yaml_python.hpp"

namespace gitopsctl {
namespace {

Result<void> check_size(std::string_view text, const YamlOptions& options, const std::string& file) {
  if (text.size() <= options.max_bytes) return {};
  return Error(ErrorCode::too_large, "YAML input has " + std::to_string(text.size()) + " bytes, more than the limit of " +
                                         std::to_string(options.max_bytes))
      .at({file, 0, 0});
}

}  // namespace

Result<Value> parse_yaml(std::string_view text, const YamlOptions& options, const std::string& file) {
  GITOPSCTL_CHECK(check_size(text, options, file));
  yaml_detail::TreeBuilder builder(text, options, file);
  GITOPSCTL_TRY(const bool found, builder.next_document());
  if (!found) return Value::null();
  return builder.document(nullptr);
}

Result<FirstYamlDocument> parse_first_yaml(std::string_view text, const YamlOptions& options, const std::string& file) {
  GITOPSCTL_CHECK(check_size(text, options, file));
  yaml_detail::TreeBuilder builder(text, options, file);
  FirstYamlDocument out;
  GITOPSCTL_TRY(const bool found, builder.next_document());
  if (!found) return out;
  GITOPSCTL_TRY(out.document.value, builder.document(nullptr));
  out.document.line = builder.document_mark().line + 1;
  const auto another = builder.next_document();
  out.alone = another.ok() && !*another;
  return out;
}

namespace {

Result<LocatedYaml> located(std::string_view text, const std::string& file, const YamlOptions& options,
                            yaml_detail::TreeBuilder::Scalars scalars) {
  GITOPSCTL_CHECK(check_size(text, options, file));
  yaml_detail::TreeBuilder builder(text, options, file, scalars);
  auto marks = std::make_shared<yaml_detail::MarkTable>(file);
  LocatedYaml out;
  GITOPSCTL_TRY(const bool found, builder.next_document());
  if (found) {
    GITOPSCTL_TRY(out.value, builder.document(marks.get()));
    GITOPSCTL_TRY(const bool second, builder.next_document());
    if (second) {
      return Error(ErrorCode::invalid_input, "a second YAML document begins here, expected only one")
          .at({file, builder.document_mark().line + 1, builder.document_mark().column + 1})
          .with_hint("move it to a file of its own, or remove the '---' line");
    }
  }
  marks->seal();
  out.marks = std::move(marks);
  return out;
}

}  // namespace

Result<LocatedYaml> parse_located_yaml(std::string_view text, const std::string& file, const YamlOptions& options) {
  return located(text, file, options, yaml_detail::TreeBuilder::Scalars::profile);
}

Result<LocatedYaml> parse_python_yaml(std::string_view text, const std::string& file, YamlOptions options) {
  // What merges do, that keys stay as they are written, and that floats stay floats is as in this profile.
  options.profile = YamlProfile::go_v3;
  return located(text, file, options, yaml_detail::TreeBuilder::Scalars::python);
}

Result<std::vector<YamlDocument>> parse_yaml_stream(std::string_view text, const YamlOptions& options,
                                                    const std::string& file) {
  GITOPSCTL_CHECK(check_size(text, options, file));
  yaml_detail::TreeBuilder builder(text, options, file);
  std::vector<YamlDocument> out;
  for (std::uint32_t seen = 0;; ++seen) {
    GITOPSCTL_TRY(const bool found, builder.next_document());
    if (!found) return out;
    if (seen >= options.max_documents) {
      return Error(ErrorCode::too_large, "YAML stream has more than " + std::to_string(options.max_documents) + " documents")
          .at({file, builder.document_mark().line + 1, 0});
    }
    GITOPSCTL_TRY(auto value, builder.document(nullptr));
    if (!value.is_null()) out.push_back({std::move(value), builder.document_mark().line + 1});
  }
}

}  // namespace gitopsctl
