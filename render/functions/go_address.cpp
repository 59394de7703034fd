#include "render/functions/go_address.hpp"

#include "base/text/ascii.hpp"
#include "base/text/go_format.hpp"

namespace gitopsctl::render {
namespace {

class AddressReader {
 public:
  explicit AddressReader(std::string_view text) : text_(text) {}

  Result<GoAddress> read() {
    for (const char c : text_) {
      if (c == '.') {
        GITOPSCTL_CHECK(read_v4(text_));
        return GoAddress{};
      }
      if (c == ':') return read_v6();
      if (c == '%') return failure("missing IPv6 address");
    }
    return failure("unable to parse IP");
  }

 private:
  [[nodiscard]] Error failure(const std::string& what, std::string_view at = {}) const {
    return {ErrorCode::invalid_input,
            "ParseAddr(" + go_quote(text_) + "): " + what + (at.empty() ? "" : " (at " + go_quote(at) + ")")};
  }

  /// Four decimal numbers. `part` stands in the text.
  [[nodiscard]] Result<void> read_v4(std::string_view part) const {
    int dots = 0;
    int digits = 0;
    int octet = 0;
    for (std::size_t i = 0; i < part.size(); ++i) {
      const char c = part[i];
      if (c == '.') {
        if (digits == 0 || i + 1 == part.size()) return failure("IPv4 field must have at least one digit", part.substr(i));
        if (++dots == 4) return failure("IPv4 address too long");
        digits = octet = 0;
        continue;
      }
      if (c < '0' || c > '9') return failure("unexpected character", part.substr(i));
      if (digits == 1 && octet == 0) return failure("IPv4 field has octet with leading zero");
      octet = octet * 10 + (c - '0');
      ++digits;
      if (octet > 255) return failure("IPv4 field has value >255");
    }
    if (dots < 3) return failure("IPv4 address too short");
    return {};
  }

  [[nodiscard]] Result<GoAddress> read_v6() const {
    GoAddress out{.is_v6 = true, .zone = {}};
    std::string_view rest = text_;
    if (const auto percent = rest.find('%'); percent != std::string_view::npos) {
      out.zone = rest.substr(percent + 1);
      rest = rest.substr(0, percent);
      if (out.zone.empty()) return failure("zone must be a non-empty string");
    }
    bool gap = rest.starts_with("::");
    if (gap) rest.remove_prefix(2);
    if (gap && rest.empty()) return out;
    int groups = 0;
    while (groups < 8) {
      GITOPSCTL_TRY(const std::size_t length, group_length(rest));
      if (length < rest.size() && rest[length] == '.') {
        if (!gap && groups != 6)
          return failure("embedded IPv4 address must replace the final 2 fields of the address", rest);
        if (groups > 6) return failure("too many hex fields to fit an embedded IPv4 at the end of the address", rest);
        GITOPSCTL_CHECK(read_v4(rest));
        groups += 2;
        rest = {};
        break;
      }
      ++groups;
      rest.remove_prefix(length);
      if (rest.empty()) break;
      if (rest[0] != ':') return failure("unexpected character, want colon", rest);
      if (rest.size() == 1) return failure("colon must be followed by more characters", rest);
      rest.remove_prefix(1);
      if (rest[0] != ':') continue;
      if (gap) return failure("multiple :: in address", rest);
      gap = true;
      rest.remove_prefix(1);
      if (rest.empty()) break;
    }
    if (!rest.empty()) return failure("trailing garbage after address", rest);
    if (groups < 8 && !gap) return failure("address string too short");
    if (groups == 8 && gap) return failure("the :: must expand to at least one field of zeros");
    return out;
  }

  /// How many hexadecimal digits `rest` begins with.
  [[nodiscard]] Result<std::size_t> group_length(std::string_view rest) const {
    std::size_t length = 0;
    while (length < rest.size() && hex_digit(rest[length]) >= 0) {
      if (length > 3) return failure("each group must have 4 or less digits", rest);
      ++length;
    }
    if (length == 0) return failure("each colon-separated field must have at least one digit", rest);
    return length;
  }

  std::string_view text_;
};

}  // namespace

Result<GoAddress> parse_go_address(std::string_view text) { return AddressReader(text).read(); }

}  // namespace gitopsctl::render
