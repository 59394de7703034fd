#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "render/template/syntax.hpp"

namespace gitopsctl::render::detail {

/// Lets maps with string keys be asked with a view.
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
};

/// A template with the file that keeps it alive.
struct NamedTemplate {
  ParsedFilePtr file;
  const TemplateBody* body = nullptr;
};

/// Template names and what they mean; later definitions win unless they are empty.
struct NameSpace {
  std::unordered_map<std::string, NamedTemplate, TextHash, std::equal_to<>> templates;

  [[nodiscard]] const TemplateBody* find(std::string_view name) const noexcept {
    const auto found = templates.find(name);
    return found == templates.end() ? nullptr : found->second.body;
  }
};

}  // namespace gitopsctl::render::detail
