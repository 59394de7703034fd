#include "tests/parity/sops_generator.hpp"

#include <algorithm>
#include <array>

#include "base/json/json.hpp"

namespace gitopsctl::tests {
namespace {

std::string quoted(const std::string& text) {
  const auto json = to_json(Value::string(text), {.escape_html = false});
  return json.ok() ? *json : "\"\"";
}

/// Texts that are something else without quotes, or that writers stumble over.
constexpr std::array<const char*, 26> hazards{
    "yes",
    "null",
    "~",
    "1",
    "1.0",
    "0x1F",
    "- a",
    "a: b",
    " leading",
    "trailing ",
    "tab\there",
    "two\nlines",
    "three\nlines\n",
    "\n",
    "ENC[AES256_GCM,data:x]",
    "#no comment",
    "2001-12-14",
    "1e3",
    "äöü ☃ 𝄞",
    "true",
    "'quoted'",
    "\"quoted\"",
    "back\\slash",
    "a\\nb",
    "{flow}",
    "=",
};
constexpr std::array<const char*, 12> names{
    "password", "user", "token_unencrypted", "key_enc", "data", "a b", "ümlaut", "x.y/z", "list", "secret", "n", "Q",
};
constexpr std::array<const char*, 20> numbers{
    "0",
    "-1",
    "42",
    "9223372036854775807",
    "-9223372036854775808",
    "1.5",
    "-0.25",
    "0.1",
    "1e21",
    "1.0",
    "100",
    "1e-7",
    "3.14",
    "123456789.125",
    "5e-324",
    "2.5e100",
    "1e100",
    "1.7976931348623157e308",
    "7",
    "12345678901234567890.5",
};
constexpr std::array<const char*, 6> dates{
    "2001-12-14", "2001-12-14T21:59:43Z",      "2001-12-14t21:59:43.10-05:00", "2001-12-14 21:59:43.250",
    "2020-2-3",   "1999-01-02T03:04:05+00:00",
};

}  // namespace

std::string SopsGenerator::key(std::vector<std::string>& used) {
  std::string out = names[below(names.size())];
  // Neither the key nor the type of a value that stays as it is is covered by the sum.
  if (covered_ && out.ends_with("_unencrypted")) out = "token";
  while (std::ranges::find(used, out) != used.end()) out += std::to_string(below(10));
  used.push_back(out);
  return out;
}

std::string SopsGenerator::text() {
  if (chance(2)) return hazards[below(hazards.size())];
  std::string out;
  const std::size_t size = covered_ ? 1 + below(30) : below(40);
  for (std::size_t i = 0; i < size; ++i) out += static_cast<char>(' ' + below(95));
  return out;
}

std::string SopsGenerator::scalar() {
  switch (below(covered_ ? 6 : 8)) {
    case 0: return numbers[below(numbers.size())];
    case 1: return chance(2) ? "true" : "false";
    case 6: return "null";
    case 7: return "\"\"";
    case 2:
      if (yaml_) return dates[below(dates.size())];
      [[fallthrough]];
    default: return quoted(text());
  }
}

std::string SopsGenerator::json_map(int depth) {
  std::vector<std::string> used;
  std::string out = "{";
  for (std::size_t i = 1 + below(6); i > 0; --i) {
    if (!used.empty()) out += ", ";
    out += quoted(key(used)) + ": ";
    out += json_value(depth);
  }
  return out + "}";
}

std::string SopsGenerator::json_value(int depth) {
  if (depth >= 4 || !chance(3)) return scalar();
  if (chance(2)) return json_map(depth + 1);
  std::string out = "[";
  for (std::size_t i = below(5); i > 0; --i) out += json_value(depth + 1) + (i > 1 ? "," : "");
  return out + "]";
}

void SopsGenerator::comment(const std::string& indent, std::string& out) {
  if (!covered_ && chance(5)) out += indent + "# remark " + std::to_string(below(100)) + "\n";
}

void SopsGenerator::yaml_value(int depth, const std::string& indent, std::string& out) {
  if (depth < 4 && chance(3)) {
    out += "\n";
    if (chance(2)) return yaml_map(depth + 1, indent + "  ", out);
    return yaml_list(depth + 1, indent + "  ", out);
  }
  if (chance(8)) {
    out += " |\n" + indent + "  block one\n" + indent + "    two\n" + indent + "  three\n";
    return;
  }
  if (chance(8)) {
    out += chance(2) ? " plain words here\n" : " 'it''s single'\n";
    return;
  }
  out += " " + scalar();
  if (!covered_ && chance(8)) out += " # inline";
  out += "\n";
}

void SopsGenerator::yaml_map(int depth, const std::string& indent, std::string& out) {
  std::vector<std::string> used;
  for (std::size_t i = 1 + below(6); i > 0; --i) {
    comment(indent, out);
    out += indent + quoted(key(used)) + ":";
    yaml_value(depth, indent, out);
  }
}

void SopsGenerator::yaml_list(int depth, const std::string& indent, std::string& out) {
  for (std::size_t i = 1 + below(4); i > 0; --i) {
    comment(indent, out);
    out += indent + "-";
    yaml_value(depth, indent, out);
  }
}

std::string SopsGenerator::yaml() {
  yaml_ = true;
  std::string out;
  for (std::size_t documents = chance(4) ? 2 + below(2) : 1; documents > 0; --documents) {
    if (!out.empty()) out += "---\n";
    yaml_map(0, "", out);
  }
  return out;
}

std::string SopsGenerator::covered_yaml() {
  covered_ = true;
  return yaml();
}

std::string SopsGenerator::json() {
  yaml_ = false;
  return json_map(0);
}

std::string SopsGenerator::dotenv() {
  std::string out;
  for (std::size_t i = 1 + below(8); i > 0; --i) {
    if (chance(5)) out += "# remark\n";
    out += "NAME_" + std::to_string(i) + (chance(5) ? "_unencrypted" : "") + "=";
    std::string value = text();
    std::erase(value, '\n');
    out += value + (chance(4) ? "\\nnext line" : "") + "\n";
  }
  return out;
}

std::string SopsGenerator::binary() {
  std::string out;
  const std::size_t size = chance(4) ? 70'000 + below(200'000) : 1 + below(5000);
  for (std::size_t i = 0; i < size; ++i) out += static_cast<char>(below(256));
  return out;
}

}  // namespace gitopsctl::tests
