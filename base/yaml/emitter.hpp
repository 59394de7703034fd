#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/value/value.hpp"
#include "base/yaml/yaml.hpp"

namespace gitopsctl::yaml_detail {

/// Lays out plain data in the block style of the emitter of YAML v2 or v3, byte for byte. Strings must be valid UTF-8; the
/// depth of the value must be bounded by the caller.
class Emitter {
 public:
  explicit Emitter(YamlProfile profile = YamlProfile::go_v2_json) : profile_(profile) {}
  [[nodiscard]] std::string document(const Value& value);

 private:
  enum class Context : std::uint8_t { root, list_item, simple_key, complex_key, map_value };
  enum class Style : std::uint8_t { plain, single_quoted, double_quoted, literal };
  /// What the characters of a text allow.
  struct Analysis {
    bool multi_line = false;
    bool plain_allowed = true;
    bool single_quoted_allowed = true;
    bool literal_allowed = true;
  };

  void node(const Value& value, Context context);
  void list(const Value::List& items, Context context);
  void map(const Value::Members& members);
  void word(std::string_view text);
  void string(std::string_view text, const Analysis& analysis, Context context);
  void plain(std::string_view text, bool may_fold);
  void single_quoted(std::string_view text, bool may_fold);
  void double_quoted(std::string_view text, bool may_fold);
  void literal(std::string_view text);
  void escape(char32_t rune);

  [[nodiscard]] bool is_v3() const noexcept { return profile_ == YamlProfile::go_v3; }
  [[nodiscard]] Analysis analyze(std::string_view text) const;

  [[nodiscard]] int push_indent(bool for_scalar, bool indentless);
  void write_indent();
  void indicator(std::string_view text, bool need_blank, bool is_blank, bool is_indention);
  void put(char c);
  void put_rune(std::string_view text, std::size_t& at);
  void put_break();

  YamlProfile profile_;
  std::string out_;
  int column_ = 0;
  int indent_ = -1;
  bool after_blank_ = true;  ///< the last thing written was a blank or an indicator that needs none behind it
  bool indention_ = true;    ///< only indentation and indicators stand on this line so far
};

}  // namespace gitopsctl::yaml_detail
