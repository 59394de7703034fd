#include "base/text/regex.hpp"

#include <re2/re2.h>

#include <map>
#include <unordered_map>

#include "base/budget/budget.hpp"
#include "base/text/unicode.hpp"
#include "base/text/utf8.hpp"

namespace gitopsctl {
namespace {

/// Instructions of the pattern times bytes of the text in one search: some seconds in the worst case, and a thousand times
/// what charts ask for. Counts only where a budget holds.
constexpr std::uint64_t max_search_steps = 2'000'000'000;
/// Compiled patterns kept per thread; charts use a handful.
constexpr std::size_t max_cached = 256;

std::string_view error_text(RE2::ErrorCode code) noexcept {
  switch (code) {
    case RE2::ErrorBadEscape: return "invalid escape sequence";
    case RE2::ErrorBadCharClass: return "invalid character class";
    case RE2::ErrorBadCharRange: return "invalid character class range";
    case RE2::ErrorMissingBracket: return "missing closing ]";
    case RE2::ErrorMissingParen: return "missing closing )";
    case RE2::ErrorUnexpectedParen: return "unexpected )";
    case RE2::ErrorTrailingBackslash: return "trailing backslash at end of expression";
    case RE2::ErrorRepeatArgument: return "missing argument to repetition operator";
    case RE2::ErrorRepeatSize: return "invalid repeat count";
    case RE2::ErrorRepeatOp: return "invalid nested repetition operator";
    case RE2::ErrorBadPerlOp: return "invalid or unsupported Perl syntax";
    case RE2::ErrorBadUTF8: return "invalid UTF-8";
    case RE2::ErrorBadNamedCapture: return "invalid named capture";
    case RE2::ErrorPatternTooLarge: return "expression too large";
    default: return "regexp/syntax: internal error";
  }
}

Error parse_error(std::string_view what, std::string_view where) {
  return {ErrorCode::invalid_input, "error parsing regexp: " + std::string(what) + ": `" + std::string(where) + "`"};
}

/// `(?<name>` as `(?P<name>`, which this RE2 does not know yet, and `\C` refused, which Go does not have.
Result<std::string> to_re2_syntax(std::string_view pattern) {
  std::string out;
  out.reserve(pattern.size() + 8);
  bool in_class = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '\\' && i + 1 < pattern.size()) {
      if (pattern[i + 1] == 'C' && !in_class) return parse_error("invalid escape sequence", "\\C");
      if (pattern[i + 1] == 'Q') {
        const auto end = std::min(pattern.find("\\E", i + 2), pattern.size());
        out += pattern.substr(i, end - i);
        i = end - 1;
        continue;
      }
      out += pattern.substr(i, 2);
      ++i;
      continue;
    }
    if (in_class) {
      if (c == '[' && pattern.substr(i, 2) == "[:") {
        if (const auto end = pattern.find(":]", i + 2); end != std::string_view::npos) {
          out += pattern.substr(i, end + 2 - i);
          i = end + 1;
          continue;
        }
      }
      if (c == ']') in_class = false;
    } else if (c == '[') {
      in_class = true;
      // A bracket right after the opening one is a member.
      std::size_t first = i + 1;
      if (first < pattern.size() && pattern[first] == '^') ++first;
      if (first < pattern.size() && pattern[first] == ']') {
        out += pattern.substr(i, first + 1 - i);
        i = first;
        continue;
      }
    } else if (c == '(' && pattern.substr(i, 3) == "(?<") {
      out += "(?P<";
      i += 2;
      continue;
    }
    out += c;
  }
  return out;
}

}  // namespace

struct Regex::Program {
  explicit Program(const std::string& pattern, const RE2::Options& options) : re(pattern, options) {}
  RE2 re;
  std::map<std::string, int> names;

  /// The leftmost match at or after `start`, with its groups.
  bool match(std::string_view text, std::size_t start, std::vector<re2::StringPiece>& groups) const {
    // A search that cannot use the automaton's cache takes a step for each instruction and byte.
    const auto bytes = text.size() - start;
    if (bytes > 0 && static_cast<std::uint64_t>(re.ProgramSize()) > max_search_steps / bytes) {
      exceed_budget(BudgetExcess::cpu_time);
    }
    budget_work(bytes);
    const BudgetDeferral no_throw;
    return re.Match({text.data(), text.size()}, start, text.size(), RE2::UNANCHORED, groups.data(),
                    static_cast<int>(groups.size()));
  }
};

namespace {

std::size_t offset_of(std::string_view text, const re2::StringPiece& piece) noexcept {
  return static_cast<std::size_t>(piece.data() - text.data());
}

std::size_t rune_width(std::string_view text, std::size_t at) noexcept {
  return at < text.size() ? decode_utf8(text.substr(at)).length : 1;
}

/// A piece of a replacement: literal text, or a group.
struct ReplacementPart {
  std::string_view literal;
  int group = -1;
};

/// Reads the name after a `$` at the start of `text`; 0 when there is none, else its length with the `$` and braces.
std::size_t read_group_name(std::string_view text, std::string_view& name) {
  std::size_t at = 1;
  const bool braced = at < text.size() && text[at] == '{';
  if (braced) ++at;
  const auto start = at;
  while (at < text.size()) {
    const auto rune = decode_utf8(text.substr(at));
    if (!is_letter(rune.value) && !is_digit(rune.value) && rune.value != '_') break;
    at += rune.length;
  }
  name = text.substr(start, at - start);
  if (name.empty()) return 0;
  if (!braced) return at;
  return at < text.size() && text[at] == '}' ? at + 1 : 0;
}

/// The group that `name` means: digits are a number (without leading zeros, below 10^8), all else a name; -1 for none.
int group_of(std::string_view name, const std::map<std::string, int>& names) {
  int number = 0;
  bool numeric = name.size() <= 1 || name[0] != '0';
  for (const char c : name) {
    if (c < '0' || c > '9' || number >= 100'000'000) numeric = false;
    if (!numeric) break;
    number = number * 10 + (c - '0');
  }
  if (numeric) return number;
  const auto found = names.find(std::string(name));
  return found == names.end() ? -1 : found->second;
}

std::vector<ReplacementPart> parse_replacement(std::string_view text, const std::map<std::string, int>& names, int groups) {
  std::vector<ReplacementPart> parts;
  while (!text.empty()) {
    const auto dollar = text.find('$');
    if (dollar != 0) parts.push_back({text.substr(0, dollar), -1});
    if (dollar == std::string_view::npos) break;
    text.remove_prefix(dollar);
    std::string_view name;
    if (text.size() > 1 && text[1] == '$') {
      parts.push_back({text.substr(0, 1), -1});
      text.remove_prefix(2);
    } else if (const auto length = read_group_name(text, name); length > 0) {
      const int group = group_of(name, names);
      if (group >= 0 && group <= groups) parts.push_back({{}, group});
      text.remove_prefix(length);
    } else {
      parts.push_back({text.substr(0, 1), -1});
      text.remove_prefix(1);
    }
  }
  return parts;
}

Error too_large(std::size_t max_bytes) {
  return {ErrorCode::too_large, "regexp replacement is larger than " + std::to_string(max_bytes) + " bytes"};
}

}  // namespace

Regex::Regex(std::unique_ptr<Program> program) : program_(std::move(program)) {}
Regex::~Regex() {
  const BudgetDeferral no_throw;  // RE2 allocates to take itself apart
  program_.reset();
}

namespace {

auto& pattern_cache() {
  thread_local std::unordered_map<std::string, std::shared_ptr<const Regex>> cache;
  return cache;
}

}  // namespace

void Regex::forget_patterns() noexcept { pattern_cache().clear(); }

Result<std::shared_ptr<const Regex>> Regex::compile(std::string_view pattern) {
  if (pattern.size() > max_pattern_bytes) {
    return Error(ErrorCode::too_large, "regular expression of " + std::to_string(pattern.size()) +
                                           " bytes is longer than the limit of " + std::to_string(max_pattern_bytes));
  }
  auto& cache = pattern_cache();
  const std::string key(pattern);
  if (const auto found = cache.find(key); found != cache.end()) return found->second;

  GITOPSCTL_TRY(const auto translated, to_re2_syntax(pattern));
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(static_cast<std::int64_t>(max_program_bytes));
  auto program = [&] {
    const BudgetDeferral no_throw;
    auto made = std::make_unique<Program>(translated, options);
    if (made->re.ok()) made->names = made->re.NamedCapturingGroups();
    return made;
  }();
  if (!program->re.ok()) {
    const auto code = program->re.error_code();
    std::string_view where(program->re.error_arg());
    // Both name the whole pattern.
    if (code == RE2::ErrorMissingParen || code == RE2::ErrorUnexpectedParen) where = pattern;
    if (code == RE2::ErrorTrailingBackslash) where = {};
    return parse_error(error_text(code), where);
  }
  std::shared_ptr<const Regex> made(new Regex(std::move(program)));
  if (cache.size() >= max_cached) cache.clear();
  cache.emplace(key, made);
  return made;
}

bool Regex::matches(std::string_view text) const {
  std::vector<re2::StringPiece> none;
  return program_->match(text, 0, none);
}

std::optional<Regex::Span> Regex::find(std::string_view text) const {
  std::vector<re2::StringPiece> groups(1);
  if (!program_->match(text, 0, groups)) return std::nullopt;
  const auto begin = offset_of(text, groups[0]);
  return Span{begin, begin + groups[0].size()};
}

std::vector<Regex::Span> Regex::find_all(std::string_view text, std::int64_t limit) const {
  std::vector<Span> found;
  std::vector<re2::StringPiece> groups(1);
  std::size_t position = 0;
  auto last_end = std::string_view::npos;
  while (position <= text.size() && (limit < 0 || found.size() < static_cast<std::size_t>(limit)) &&
         program_->match(text, position, groups)) {
    const Span span{offset_of(text, groups[0]), offset_of(text, groups[0]) + groups[0].size()};
    bool accept = true;
    if (span.end == position) {
      accept = span.begin != last_end;
      position += rune_width(text, position);
    } else {
      position = span.end;
    }
    last_end = span.end;
    if (accept) found.push_back(span);
  }
  return found;
}

Result<std::string> Regex::replace_all_literal(std::string_view text, std::string_view replacement,
                                               std::size_t max_bytes) const {
  std::string doubled;
  for (const char c : replacement) doubled.append(c == '$' ? 2 : 1, c);
  return replace_all(text, doubled, max_bytes);
}

Result<std::string> Regex::replace_all(std::string_view text, std::string_view replacement, std::size_t max_bytes) const {
  const auto parts = parse_replacement(replacement, program_->names, program_->re.NumberOfCapturingGroups());
  std::vector<re2::StringPiece> groups(static_cast<std::size_t>(program_->re.NumberOfCapturingGroups()) + 1);
  std::string out;
  std::size_t copied = 0;
  std::size_t position = 0;
  while (position <= text.size() && program_->match(text, position, groups)) {
    const auto begin = offset_of(text, groups[0]);
    const auto end = begin + groups[0].size();
    out += text.substr(copied, begin - copied);
    // An empty match right behind another match is not replaced.
    if (end > copied || begin == 0) {
      for (const auto& part : parts) {
        if (part.group < 0) {
          out += part.literal;
        } else if (const auto& group = groups[static_cast<std::size_t>(part.group)]; group.data() != nullptr) {
          out.append(group.data(), group.size());
        }
      }
      if (out.size() > max_bytes) return too_large(max_bytes);
    }
    copied = end;
    const auto width = rune_width(text, position);
    position = position + width > end ? position + width : end;
  }
  out += text.substr(std::min(copied, text.size()));
  if (out.size() > max_bytes) return too_large(max_bytes);
  return out;
}

std::vector<std::string_view> Regex::split(std::string_view text, std::int64_t limit) const {
  std::vector<std::string_view> pieces;
  if (limit == 0) return pieces;
  if (text.empty() && !program_->re.pattern().empty()) return {text};
  std::size_t begin = 0;
  std::size_t end = 0;
  for (const auto& span : find_all(text, limit)) {
    if (limit > 0 && pieces.size() == static_cast<std::size_t>(limit) - 1) break;
    end = span.begin;
    if (span.end != 0) pieces.push_back(text.substr(begin, end - begin));
    begin = span.end;
  }
  if (end != text.size()) pieces.push_back(text.substr(begin));
  return pieces;
}

std::string regex_quote_meta(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view("\\.+*?()|[]{}^$").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

}  // namespace gitopsctl
