#pragma once

#include <span>
#include <string_view>

namespace gitopsctl::render::schema {

/// A draft of JSON Schema and the address of the schema of its schemas.
struct MetaschemaDraft {
  int draft;
  std::string_view url;
};

[[nodiscard]] std::span<const MetaschemaDraft> metaschema_drafts() noexcept;
/// The metaschema, or the part of one, at an address of json-schema.org; "" for others. By http and https.
[[nodiscard]] std::string_view metaschema_text(std::string_view url) noexcept;

}  // namespace gitopsctl::render::schema
