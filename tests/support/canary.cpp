#include "tests/support/canary.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "base/crypto/digest.hpp"
#include "base/json/json.hpp"

namespace gitopsctl::support {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t head = 12;

std::string hex_of(char c, bool upper) {
  std::string out = hex_encode(std::string(1, c));
  if (upper) std::ranges::transform(out, out.begin(), [](unsigned char digit) { return std::toupper(digit); });
  return out;
}

std::string percent(const std::string& value, bool upper, bool plus) {
  std::string out;
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '-' || c == '_' || c == '.' || c == '~') {
      out += c;
    } else if (c == ' ' && plus) {
      out += '+';
    } else {
      out += '%' + hex_of(c, upper);
    }
  }
  return out;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
}

std::string replaced(std::string text, std::initializer_list<std::pair<std::string_view, std::string_view>> pairs) {
  for (const auto& [from, to] : pairs) replace_all(text, from, to);
  return text;
}

/// All but printable ASCII as \xNN: how log lines make bytes visible.
std::string visible(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    out += byte >= 0x20 && byte < 0x7F ? std::string(1, c) : "\\x" + hex_of(c, false);
  }
  return out;
}

/// The two bytes of what UTF-8 writes as two, as \uNNNN. Canaries have no longer ones.
std::string with_code_points(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0xC0 && byte < 0xE0 && i + 1 < text.size()) {
      const unsigned point = (byte & 0x1FU) << 6U | (static_cast<unsigned char>(text[++i]) & 0x3FU);
      out += "\\u00" + hex_of(static_cast<char>(point & 0xFFU), false);
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace

std::string escaped(std::string_view text) {
  const std::string json = canonical_json(Value::string(text));
  return json.substr(1, json.size() - 2);
}

void Canaries::add(std::string name, const std::string& value) {
  if (value.size() < 16) throw std::runtime_error("the canary " + name + " is too short to be told apart");
  const auto spelled = [&](const std::string& how, std::string text) {
    const bool known =
        std::ranges::any_of(spellings_, [&](const Spelling& one) { return one.name == name && one.text == text; });
    if (!known) spellings_.push_back({name, how, std::move(text)});
  };
  spelled("it is", value);
  spelled("its beginning", value.substr(0, head));
  for (std::size_t shift = 0; shift < 3; ++shift) {
    // The first group depends on what stands before; with what the last one is filled up is not looked for.
    std::string coded = base64_encode(std::string(shift, 'x') + value).substr(shift == 0 ? 0 : 4);
    coded.resize(std::min(coded.size() - 4, std::size_t{24}));
    spelled("base64", coded);
    spelled("base64 of URLs", replaced(coded, {{"+", "-"}, {"/", "_"}}));
  }
  spelled("hex", hex_encode(value));
  for (const bool upper : {true, false}) {
    for (const bool plus : {true, false}) spelled("percent-encoded", percent(value, upper, plus));
  }
  const std::string json = escaped(value);
  for (const auto& text :
       {json, replaced(json, {{"/", "\\/"}}), replaced(json, {{"<", "\\u003c"}, {">", "\\u003e"}, {"&", "\\u0026"}}),
        with_code_points(json), visible(value), visible(json)}) {
    spelled("escaped", text);
    // A text inside of a text: annotations of kubectl, events of logs.
    spelled("escaped twice", escaped(text));
  }
  spelled("single-quoted", replaced(value, {{"'", "''"}}));
}

std::vector<std::string> Canaries::found_in(std::string_view text) const {
  std::vector<std::string> out;
  std::string last;
  for (const auto& spelling : spellings_) {
    if (spelling.name == last || text.find(spelling.text) == std::string_view::npos) continue;
    last = spelling.name;
    out.push_back(spelling.name + " as " + spelling.how);
  }
  return out;
}

std::vector<std::string> Canaries::found_in_files(const std::string& directory, const std::vector<std::string>& skipped,
                                                  std::size_t* files) const {
  std::vector<std::string> out;
  for (auto it = fs::recursive_directory_iterator(directory); it != fs::recursive_directory_iterator(); ++it) {
    const std::string name = it->path().filename().string();
    if (it->is_directory() && std::ranges::find(skipped, name) != skipped.end()) it.disable_recursion_pending();
    if (!it->is_regular_file()) continue;
    std::ifstream in(it->path(), std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    for (const auto& found : found_in(text)) out.push_back(it->path().string() + ": " + found);
    if (files != nullptr) ++*files;
  }
  return out;
}

}  // namespace gitopsctl::support
