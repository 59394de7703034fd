#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result/result.hpp"
#include "base/yaml/yaml.hpp"
#include "render/manifest/object.hpp"

namespace gitopsctl::render {

struct ReadObjectsOptions {
  bool quote_content = true;  ///< as YamlOptions::quote_content
};

/// read_objects() of object.hpp, with options.
[[nodiscard]] Result<std::vector<Object>> read_objects(std::string_view text, const std::string& source,
                                                       std::string_view default_namespace,
                                                       const ReadObjectsOptions& options);

/// The same of a document that was read already, with parse_yaml_stream() and numbers as integers.
[[nodiscard]] Result<std::vector<Object>> read_objects(const YamlDocument& document, const std::string& source,
                                                       std::string_view default_namespace);

}  // namespace gitopsctl::render
