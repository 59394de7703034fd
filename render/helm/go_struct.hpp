#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result/result.hpp"
#include "base/text/go_release.hpp"
#include "base/value/value.hpp"

namespace gitopsctl::render::helm {

/// Reads a document into typed fields as sigs.k8s.io/yaml fills a Go struct: numbers and booleans become strings where a
/// string is wanted, field names match without regard to case, null leaves a field alone, unknown keys are ignored, and
/// a wrong type is an error that names the path. The first error in key order wins and is kept; reading goes on.
///
/// The document must have been read with YamlNumbers::written, or integers where no text field may hold a float.
class GoStruct {
 public:
  /// A document. `go_type` names the struct in errors (`v2.Metadata`), whose texts are those of `release`. One that is
  /// neither map nor null is an error.
  GoStruct(const Value& document, std::string_view go_type, GoRelease release);
  /// A struct at the field `field` of another one.
  GoStruct(const GoStruct& outer, const Value& document, std::string_view go_type, std::string_view field);
  /// The struct `index` of a list at the field `field` of another one.
  GoStruct(const GoStruct& outer, const Value& document, std::string_view go_type, std::string_view field,
           std::size_t index);

  /// The member for `field`, or nullptr when there is none or it is null.
  [[nodiscard]] const Value* member(std::string_view field) const;
  void read(std::string_view field, std::string& out);
  void read(std::string_view field, bool& out);
  void read(std::string_view field, std::vector<std::string>& out);
  /// A `map[string]string`; out becomes a map of that type.
  void read_string_map(std::string_view field, Value& out);
  /// A `[]interface {}`.
  void read_list(std::string_view field, Value& out);
  /// The items of a list of structs; nullptr when the field is missing or null.
  [[nodiscard]] const Value* read_structs(std::string_view field, std::string_view go_type);

  /// Notes an error of a nested struct.
  void adopt(const GoStruct& nested);
  /// The first mistake, `json: cannot unmarshal …`, or "".
  [[nodiscard]] const std::string& mistake() const noexcept { return mistake_; }
  [[nodiscard]] bool is_null() const noexcept { return null_; }

 private:
  void open(const Value& document, std::string_view go_type);
  /// Notes that `value`, at `field` and `below` that (`.3`, `.key`), is of a wrong type.
  void wrong(const Value& value, std::string_view field, const std::string& below, std::string_view wanted);
  void note(const Value& value, const std::string& path, const std::string& fields, std::string_view wanted);
  bool to_string(const Value& value, std::string_view field, const std::string& below, std::string& out);

  bool old_;  ///< before Go 1.27
  const Value* document_ = nullptr;
  bool null_ = false;
  std::string path_;       ///< `.maintainers.0`: Go 1.27 names indexes and keys, escaped as JSON pointers do
  std::string fields_;     ///< `.maintainers`: earlier ones do not
  std::string type_name_;  ///< of the innermost struct, without its package
  std::string mistake_;
  std::string mistake_path_;
};

/// What JSON calls the kind of a value: `string`, `number`, `bool`, `array`, `object`.
[[nodiscard]] std::string_view json_kind(const Value& value) noexcept;

}  // namespace gitopsctl::render::helm
