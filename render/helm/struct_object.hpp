#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/value/value.hpp"

namespace gitopsctl::render::helm {

/// A Go struct, or a pointer to one, as templates see it: fields by their names, `{a b}` when printed. Immutable.
class StructObject : public ValueObject {
 public:
  struct Field {
    std::string_view name;       ///< empty: templates do not see it, but it is printed
    std::string_view json_name;  ///< empty: not encoded
    Value value;
    bool omit_empty = false;
  };
  /// `type` is the name of the Go type, with a `*` in front for a pointer. The texts must outlive the object.
  StructObject(std::string_view type, std::vector<Field> fields);

  [[nodiscard]] std::string_view go_type() const override { return type_; }
  [[nodiscard]] std::string_view go_kind() const override { return type_.starts_with('*') ? "ptr" : "struct"; }
  [[nodiscard]] std::string print() const override;
  [[nodiscard]] std::string format() const override;
  bool field(std::string_view name, Value& out) const override;
  [[nodiscard]] Value to_plain() const override;

 private:
  std::string_view type_;
  std::vector<Field> fields_;
};

}  // namespace gitopsctl::render::helm
