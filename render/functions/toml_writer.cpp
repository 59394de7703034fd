#include "render/functions/toml_writer.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <vector>

#include "base/text/go_format.hpp"
#include "render/functions/arguments.hpp"
#include "render/functions/go_time.hpp"

namespace gitopsctl::render {
namespace {

/// Nil as reflection sees it: null, and nil lists and maps.
bool is_nil(const Value& value) noexcept { return value.is_nothing() || value.is_nil_container(); }

/// Objects that marshal to text count as scalars, structs (certificates, capabilities) as the map of their fields.
Value plain(const Value& value) {
  if (!value.is_object() || as_time(value) != nullptr || as_duration(value) != nullptr) return value;
  return value.as_object()->to_plain();
}

bool is_table(const Value& value) { return plain(value).is_map() && !is_nil(value); }

bool is_table_array(const Value& value) {
  if (!value.is_list() || value.size() == 0) return false;
  for (const auto& item : value.as_list()) {
    if (!is_table(item)) return false;
  }
  return true;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    constexpr std::string_view specials = "\b\t\n\f\r\"\\";
    constexpr std::string_view letters = "btnfr\"\\";
    constexpr std::string_view hex = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    if (const auto special = specials.find(c); special != std::string_view::npos) {
      out += '\\';
      out += letters[special];
    } else if (byte < 0x20 || byte == 0x7F) {
      out += "\\u00";
      out += hex[byte >> 4U];
      out += hex[byte & 15U];
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string key_text(std::string_view key) {
  constexpr std::string_view bare = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const bool plain_key = !key.empty() && key.find_first_not_of(bare) == std::string_view::npos;
  return plain_key ? std::string(key) : quoted(key);
}

class TomlWriter {
 public:
  explicit TomlWriter(TomlFloats floats) : floats_(floats) {}

  Result<std::string> run(const Value& value) {
    const Value top = plain(value);
    if (is_nil(top) && !top.is_map() && !top.is_list()) return failure("reflect: call of reflect.Value.Type on zero Value");
    check(top);
    if (problem_.empty()) {
      if (top.is_map()) {
        if (!is_nil(top)) members(top);
      } else if (is_table_array(top)) {
        problem_ = "toml: top-level values must be Go maps or structs";
      } else {
        element(top);
      }
    }
    if (!problem_.empty()) return failure(problem_);
    return std::move(out_);
  }

 private:
  /// Nil has no place in an array, however deep.
  void check(const Value& value) {
    const Value seen = plain(value);
    if (seen.is_list()) {
      for (const auto& item : seen.as_list()) {
        if (is_nil(item)) problem_ = "toml: cannot encode array with nil element";
        check(item);
      }
    } else if (seen.is_map()) {
      for (const auto& member : seen.as_map()) check(member.value);
    }
  }

  [[nodiscard]] std::string indentation() const { return std::string((path_.size() - 1) * 2, ' '); }
  [[nodiscard]] std::string header() const {
    std::string out;
    for (const auto& part : path_) out += (out.empty() ? "" : ".") + key_text(part);
    return out;
  }
  /// Not at the start of the text.
  void blank_line() {
    if (!out_.empty()) out_ += '\n';
  }

  /// The members of a table: what fits on one line first.
  void members(const Value& table) {
    for (const bool tables : {false, true}) {
      for (const auto& member : table.as_map()) {
        const Value value = plain(member.value);
        if (is_nil(value) || (is_table(value) || is_table_array(value)) != tables) continue;
        path_.emplace_back(member.key.view());
        if (!tables) {
          out_ += indentation() + key_text(path_.back()) + " = ";
          element(value);
          out_ += '\n';
        } else if (value.is_map()) {
          sub_table(value);
        } else {
          table_array(value);
        }
        path_.pop_back();
      }
    }
  }

  void sub_table(const Value& table) {
    if (path_.size() == 1) blank_line();
    out_ += indentation() + "[" + header() + "]\n";
    members(table);
  }

  void table_array(const Value& tables) {
    for (const auto& table : tables.as_list()) {
      blank_line();
      out_ += indentation() + "[[" + header() + "]]\n";
      members(plain(table));
    }
  }

  void element(const Value& value) {
    if (const auto* time = as_time(value); time != nullptr) {
      out_ += format_rfc3339(*time);
      return;
    }
    if (const auto* duration = as_duration(value); duration != nullptr) {
      out_ += quoted(format_go_duration(*duration));
      return;
    }
    switch (value.kind()) {
      case Kind::boolean: out_ += value.as_bool() ? "true" : "false"; break;
      case Kind::integer:
      case Kind::int64:
      case Kind::uint8: out_ += std::to_string(value.as_int()); break;
      case Kind::float64: number(value.as_double()); break;
      case Kind::string: out_ += quoted(value.as_string()); break;
      case Kind::list: array(value); break;
      case Kind::map: inline_table(value); break;
      case Kind::object: element(value.as_object()->to_plain()); break;
      case Kind::absent:
      case Kind::null: break;
    }
  }

  static std::string plain_float(double value) {
    std::array<char, 400> digits;  // the largest double has 309 in front of its point, the smallest 1,074 behind it
    const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value, std::chars_format::fixed);
    return error == std::errc{} ? std::string(digits.data(), end) : go_format_float(value);
  }

  void number(double value) {
    if (std::isnan(value)) {
      out_ += std::signbit(value) ? "-nan" : "nan";
    } else if (std::isinf(value)) {
      out_ += value < 0 ? "-inf" : "inf";
    } else {
      std::string text = floats_ == TomlFloats::shortest ? go_format_float(value) : plain_float(value);
      if (text.find_first_of("e.") == std::string::npos) text += ".0";
      out_ += text;
    }
  }

  void array(const Value& list) {
    out_ += '[';
    bool first = true;
    for (const auto& item : list.as_list()) {
      if (!first) out_ += ", ";
      first = false;
      element(item);
    }
    out_ += ']';
  }

  /// Upstream leaves a comma behind when the last members are nil.
  void inline_table(const Value& table) {
    std::vector<const Value::Member*> order;
    std::size_t direct = 0;
    for (const bool tables : {false, true}) {
      for (const auto& member : table.as_map()) {
        if ((is_table(member.value) || is_table_array(member.value)) == tables) order.push_back(&member);
      }
      if (!tables) direct = order.size();
    }
    out_ += '{';
    for (std::size_t i = 0; i < order.size(); ++i) {
      if (is_nil(order[i]->value)) continue;
      out_ += key_text(order[i]->key.view()) + " = ";
      element(plain(order[i]->value));
      const bool last_of_group = i + 1 == direct || i + 1 == order.size();
      if (!last_of_group || (i < direct && direct < order.size())) out_ += ", ";
    }
    out_ += '}';
  }

  std::string out_;
  std::string problem_;
  std::vector<std::string> path_;
  TomlFloats floats_;
};

}  // namespace

Result<std::string> to_toml(const Value& value, TomlFloats floats) { return TomlWriter(floats).run(value); }

}  // namespace gitopsctl::render
