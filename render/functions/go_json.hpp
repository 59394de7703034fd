#pragma once

#include <string>
#include <string_view>

#include "base/result/result.hpp"
#include "base/text/go_release.hpp"
#include "base/value/value.hpp"

namespace gitopsctl::render {

/// json.Unmarshal into interface{} as `release` does it: every number a float64, the last of equal keys wins, invalid UTF-8
/// and lone surrogates as U+FFFD. The errors are Go's texts (`invalid character 'x' looking for beginning of value`),
/// because templates put them into their output. Levels are bounded by max_tree_depth. Where the only mistakes are numbers
/// that do not fit, `read` gets what Go has read nevertheless, with 0 in their places.
[[nodiscard]] Result<Value> parse_go_json(std::string_view text, GoRelease release = GoRelease::go_1_27,
                                          Value* read = nullptr);

/// A number as its text, which Go calls a json.Number: `1.0` stays `1.0`, and no digit is lost.
class JsonNumber final : public ValueObject {
 public:
  explicit JsonNumber(std::string_view text) : text_(text) {}
  [[nodiscard]] std::string_view text() const noexcept { return text_; }

  [[nodiscard]] std::string_view go_type() const override { return "json.Number"; }
  [[nodiscard]] std::string_view go_kind() const override { return "string"; }
  [[nodiscard]] std::string print() const override { return text_; }
  [[nodiscard]] bool field(std::string_view name, Value& out) const override;
  [[nodiscard]] Value to_plain() const override;

 private:
  std::string text_;
};

/// json.Decoder over one document with UseNumber: like parse_go_json(), but numbers are JsonNumber objects, and a text that
/// ends too early is `unexpected EOF`, an empty one `EOF`.
[[nodiscard]] Result<Value> parse_go_json_numbers(std::string_view text, GoRelease release = GoRelease::go_1_27);

}  // namespace gitopsctl::render
