#include "base/text/semver.hpp"

#include <charconv>
#include <optional>

#include "base/text/go_format.hpp"

namespace gitopsctl {
namespace {

// Limits of Masterminds/semver 3.5, which double as our bounds.
constexpr std::size_t max_version_bytes = 256;
constexpr std::size_t max_constraint_bytes = 512;
constexpr std::size_t max_constraint_groups = 32;

Error invalid(std::string message) { return {ErrorCode::invalid_input, std::move(message)}; }

bool is_ascii_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_identifier(char c) noexcept {
  return is_ascii_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}
/// Go's \s.
bool is_blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r'; }

/// Reads forward over a text; every take_ call that fails leaves the position.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}
  [[nodiscard]] bool at_end() const noexcept { return position_ == text_.size(); }
  [[nodiscard]] std::size_t position() const noexcept { return position_; }
  void rewind(std::size_t position) noexcept { position_ = position; }
  [[nodiscard]] std::string_view since(std::size_t start) const noexcept { return text_.substr(start, position_ - start); }
  bool take(char wanted) noexcept {
    if (at_end() || text_[position_] != wanted) return false;
    ++position_;
    return true;
  }
  template <class Predicate>
  std::string_view take_while(Predicate accepts) noexcept {
    const auto start = position_;
    while (!at_end() && accepts(text_[position_])) ++position_;
    return since(start);
  }
  std::size_t skip_blanks() noexcept { return take_while(is_blank).size(); }

 private:
  std::string_view text_;
  std::size_t position_ = 0;
};

/// `lead` and identifiers joined by dots; the identifiers, or "" when they are not there.
std::string_view take_identifiers(Scanner& in, char lead) {
  const auto start = in.position();
  if (!in.take(lead)) return {};
  const auto content = in.position();
  if (in.take_while(is_identifier).empty()) {
    in.rewind(start);
    return {};
  }
  for (;;) {
    const auto before = in.position();
    if (!in.take('.')) break;
    if (in.take_while(is_identifier).empty()) {
      in.rewind(before);
      break;
    }
  }
  return in.since(content);
}

/// Three dotted segments of which the latter two may be missing, then prerelease and metadata.
struct Parts {
  std::string_view segments[3];
  std::string_view prerelease;
  std::string_view metadata;
};

template <class Predicate>
std::optional<Parts> take_version(Scanner& in, Predicate in_segment) {
  const auto start = in.position();
  Parts parts;
  in.take('v');
  parts.segments[0] = in.take_while(in_segment);
  if (parts.segments[0].empty()) {
    in.rewind(start);
    return std::nullopt;
  }
  for (int i = 1; i < 3; ++i) {
    const auto before = in.position();
    if (!in.take('.')) break;
    parts.segments[i] = in.take_while(in_segment);
    if (parts.segments[i].empty()) {
      in.rewind(before);
      break;
    }
  }
  parts.prerelease = take_identifiers(in, '-');
  parts.metadata = take_identifiers(in, '+');
  return parts;
}

bool all_digits(std::string_view text) noexcept {
  for (const char c : text) {
    if (!is_ascii_digit(c)) return false;
  }
  return !text.empty();
}

std::optional<std::uint64_t> to_number(std::string_view text) noexcept {
  std::uint64_t number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Result<std::uint64_t> segment_number(std::string_view text) {
  if (text.empty()) return std::uint64_t{0};
  if (const auto number = to_number(text)) return *number;
  return invalid("error parsing version segment: strconv.ParseUint: parsing " + go_quote(text) + ": value out of range");
}

std::string_view take_dotted(std::string_view& rest) noexcept {
  const auto dot = rest.find('.');
  const auto part = rest.substr(0, dot);
  rest = dot == std::string_view::npos ? std::string_view{} : rest.substr(dot + 1);
  return part;
}

Result<void> check_prerelease(std::string_view text) {
  while (!text.empty()) {
    const auto part = take_dotted(text);
    if (all_digits(part) && part.size() > 1 && part[0] == '0') return invalid("version segment starts with 0");
  }
  return {};
}

int compare_identifier(std::string_view a, std::string_view b) noexcept {
  if (a == b) return 0;
  if (a.empty()) return -1;
  if (b.empty()) return 1;
  const auto left = to_number(a);
  const auto right = to_number(b);
  if (left && right) return *left > *right ? 1 : -1;
  if (left) return -1;
  if (right) return 1;
  return a < b ? -1 : 1;
}

int compare_prerelease(std::string_view a, std::string_view b) noexcept {
  while (!a.empty() || !b.empty()) {
    const auto left = take_dotted(a);
    const auto right = take_dotted(b);
    if (const int order = compare_identifier(left, right); order != 0) return order;
  }
  return 0;
}

enum class Operator : std::uint8_t { equal, not_equal, greater, less, greater_equal, less_equal, tilde, caret };

struct Spelling {
  std::string_view text;
  Operator op;
};
// Longer spellings first.
constexpr Spelling spellings[] = {
    {"!=", Operator::not_equal},  {">=", Operator::greater_equal}, {"=>", Operator::greater_equal},
    {"<=", Operator::less_equal}, {"=<", Operator::less_equal},    {"~>", Operator::tilde},
    {"=", Operator::equal},       {">", Operator::greater},        {"<", Operator::less},
    {"~", Operator::tilde},       {"^", Operator::caret},
};

Operator take_operator(Scanner& in) noexcept {
  for (const auto& spelling : spellings) {
    const auto start = in.position();
    bool whole = true;
    for (const char c : spelling.text) whole = whole && in.take(c);
    if (whole) return spelling.op;
    in.rewind(start);
  }
  return Operator::equal;
}

/// What a constraint accepts in a segment; the bar belongs to the accepted set upstream, too, and then fails as a number.
bool in_constraint_segment(char c) noexcept { return is_ascii_digit(c) || c == 'x' || c == 'X' || c == '*' || c == '|'; }
bool is_wildcard(std::string_view segment) noexcept {
  return segment.empty() || segment == "x" || segment == "X" || segment == "*";
}

/// One comparison. `open_minor` and `open_patch` tell from where on the written version left the segments open.
struct Comparison {
  Operator op = Operator::equal;
  SemVer version;
  bool open = false;
  bool open_minor = false;
  bool open_patch = false;

  [[nodiscard]] bool check(const SemVer& candidate) const;

 private:
  [[nodiscard]] bool differs(const SemVer& candidate) const;
  [[nodiscard]] bool above(const SemVer& candidate) const;
  [[nodiscard]] bool at_most(const SemVer& candidate) const;
  [[nodiscard]] bool near_tilde(const SemVer& candidate) const;
  [[nodiscard]] bool near_caret(const SemVer& candidate) const;
};

bool Comparison::differs(const SemVer& candidate) const {
  if (!open) return compare(candidate, version) != 0;
  if (candidate.major != version.major) return true;
  if (open_minor) return false;
  if (candidate.minor != version.minor) return true;
  if (!open_patch) return candidate.patch != version.patch || compare(candidate, version) != 0;
  return compare_prerelease(candidate.prerelease, version.prerelease) != 0;
}

bool Comparison::above(const SemVer& candidate) const {
  if (!open) return compare(candidate, version) > 0;
  if (candidate.major != version.major) return candidate.major > version.major;
  // `>11` means 12 or later, `>11.1` means 11.2 or later.
  if (open_minor) return false;
  if (open_patch) return candidate.minor > version.minor;
  return compare(candidate, version) > 0;
}

bool Comparison::at_most(const SemVer& candidate) const {
  if (!open) return compare(candidate, version) <= 0;
  if (candidate.major != version.major) return candidate.major < version.major;
  return open_minor || candidate.minor <= version.minor;
}

bool Comparison::near_tilde(const SemVer& candidate) const {
  if (compare(candidate, version) < 0) return false;
  // `~0.0.0` and `*` accept everything from there on.
  if (version.major == 0 && version.minor == 0 && version.patch == 0 && !open_minor && !open_patch) return true;
  return candidate.major == version.major && (open_minor || candidate.minor == version.minor);
}

bool Comparison::near_caret(const SemVer& candidate) const {
  if (compare(candidate, version) < 0) return false;
  if (version.major > 0 || open_minor) return candidate.major == version.major;
  if (candidate.major > 0) return false;
  if (version.minor > 0 || open_patch) return candidate.minor == version.minor;
  return candidate.minor == 0 && candidate.patch == version.patch;
}

bool Comparison::check(const SemVer& candidate) const {
  switch (op) {
    case Operator::equal: return open ? near_tilde(candidate) : compare(candidate, version) == 0;
    case Operator::not_equal: return differs(candidate);
    case Operator::greater: return above(candidate);
    case Operator::less: return compare(candidate, version) < 0;
    case Operator::greater_equal: return compare(candidate, version) >= 0;
    case Operator::less_equal: return at_most(candidate);
    case Operator::tilde: return near_tilde(candidate);
    case Operator::caret: return near_caret(candidate);
  }
  return false;
}

Result<Comparison> make_comparison(Operator op, const Parts& parts) {
  Comparison made;
  made.op = op;
  std::string text;
  if (is_wildcard(parts.segments[0])) {
    made.open = true;
    text = "0.0.0";
  } else if (is_wildcard(parts.segments[1])) {
    made.open = made.open_minor = true;
    text = std::string(parts.segments[0]) + ".0.0";
  } else {
    text = std::string(parts.segments[0]) + "." + std::string(parts.segments[1]);
    if (is_wildcard(parts.segments[2])) {
      made.open = made.open_patch = true;
      text += ".0";
    } else {
      text += "." + std::string(parts.segments[2]);
    }
  }
  if (!parts.prerelease.empty()) text += "-" + std::string(parts.prerelease);
  auto version = parse_semver(text);
  if (!version.ok()) return invalid("constraint parser error");
  made.version = std::move(*version);
  return made;
}

/// `a - b` as `>= a, <= b `, wherever it stands.
std::string rewrite_ranges(std::string_view text) {
  std::string out;
  Scanner in(text);
  std::size_t copied = 0;
  for (std::size_t at = 0; at < text.size();) {
    in.rewind(at);
    in.skip_blanks();
    const auto low_start = in.position();
    const bool low = take_version(in, in_constraint_segment).has_value();
    const auto low_text = in.since(low_start);
    if (low && in.skip_blanks() > 0 && in.take('-') && in.skip_blanks() > 0) {
      const auto high_start = in.position();
      if (take_version(in, in_constraint_segment)) {
        const auto high_text = in.since(high_start);
        in.skip_blanks();
        out += text.substr(copied, at - copied);
        out += ">= " + std::string(low_text) + ", <= " + std::string(high_text) + " ";
        copied = at = in.position();
        continue;
      }
    }
    ++at;
  }
  out += text.substr(copied);
  return out;
}

/// Everything that must hold together, and whether it names a prerelease.
struct Group {
  std::vector<Comparison> comparisons;
  bool names_prerelease = false;
};

Result<Group> parse_group(std::string_view text, bool quotes) {
  const auto improper = [&] { return invalid("improper constraint: " + (quotes ? go_quote(text) : std::string(text))); };
  Group group;
  Scanner in(text);
  in.skip_blanks();
  for (;;) {
    const auto op = take_operator(in);
    in.skip_blanks();
    const auto parts = take_version(in, in_constraint_segment);
    if (!parts) return improper();
    auto comparison = make_comparison(op, *parts);
    if (!comparison.ok()) return comparison.error();
    group.names_prerelease = group.names_prerelease || !comparison->version.prerelease.empty();
    group.comparisons.push_back(std::move(*comparison));
    const bool separated = in.skip_blanks() > 0;
    if (in.at_end()) return group;
    if (in.take(',')) {
      in.skip_blanks();
    } else if (!separated) {
      return improper();
    }
  }
}

}  // namespace

std::string SemVer::to_string() const {
  std::string out = std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
  if (!prerelease.empty()) out += "-" + prerelease;
  if (!metadata.empty()) out += "+" + metadata;
  return out;
}

Result<SemVer> parse_semver(std::string_view text) {
  if (text.size() > max_version_bytes) return invalid("version string is too long (max 256 bytes)");
  Scanner in(text);
  const auto parts = take_version(in, is_ascii_digit);
  if (!parts || !in.at_end()) return invalid("invalid semantic version");
  SemVer version;
  GITOPSCTL_TRY(version.major, segment_number(parts->segments[0]));
  GITOPSCTL_TRY(version.minor, segment_number(parts->segments[1]));
  GITOPSCTL_TRY(version.patch, segment_number(parts->segments[2]));
  GITOPSCTL_CHECK(check_prerelease(parts->prerelease));
  version.prerelease = parts->prerelease;
  version.metadata = parts->metadata;
  version.original = text;
  return version;
}

int compare(const SemVer& a, const SemVer& b) noexcept {
  if (a.major != b.major) return a.major < b.major ? -1 : 1;
  if (a.minor != b.minor) return a.minor < b.minor ? -1 : 1;
  if (a.patch != b.patch) return a.patch < b.patch ? -1 : 1;
  if (a.prerelease.empty() || b.prerelease.empty()) {
    return static_cast<int>(a.prerelease.empty()) - static_cast<int>(b.prerelease.empty());
  }
  return compare_prerelease(a.prerelease, b.prerelease);
}

struct SemVerConstraint::Groups {
  std::vector<Group> any_of;
};

SemVerConstraint::SemVerConstraint(std::unique_ptr<Groups> groups) : groups_(std::move(groups)) {}
SemVerConstraint::~SemVerConstraint() = default;
SemVerConstraint::SemVerConstraint(SemVerConstraint&&) noexcept = default;
SemVerConstraint& SemVerConstraint::operator=(SemVerConstraint&&) noexcept = default;

Result<SemVerConstraint> SemVerConstraint::parse(std::string_view text, bool quotes) {
  if (text.size() > max_constraint_bytes) return invalid("constraint string is too long (max 512 bytes)");
  const auto rewritten = rewrite_ranges(text);
  auto groups = std::make_unique<Groups>();
  std::string_view rest = rewritten;
  for (;;) {
    const auto bar = rest.find("||");
    if (groups->any_of.size() == max_constraint_groups) return invalid("too many constraint groups (max 32)");
    auto group = parse_group(rest.substr(0, bar), quotes);
    if (!group.ok()) return group.error();
    groups->any_of.push_back(std::move(*group));
    if (bar == std::string_view::npos) break;
    rest = rest.substr(bar + 2);
  }
  return SemVerConstraint(std::move(groups));
}

bool SemVerConstraint::matches(const SemVer& version) const {
  for (const auto& group : groups_->any_of) {
    // A prerelease counts only where the group itself speaks of one.
    if (!version.prerelease.empty() && !group.names_prerelease) continue;
    bool all = true;
    for (const auto& comparison : group.comparisons) all = all && comparison.check(version);
    if (all) return true;
  }
  return false;
}

}  // namespace gitopsctl
