#include "render/functions/word_case.hpp"

#include <algorithm>
#include <utility>

#include "base/text/unicode.hpp"
#include "base/text/utf8.hpp"

namespace gitopsctl::render {
namespace {

/// What strings.Title takes for the end of a word: ASCII but letters, digits and `_`; above ASCII only white space.
bool separates_title(char32_t rune) noexcept {
  if (rune < 0x80) return !is_letter(rune) && !is_digit(rune) && rune != '_';
  return !is_letter(rune) && !is_digit(rune) && is_space(rune);
}

bool is_connector(char32_t rune) noexcept { return rune == '-' || rune == '_' || is_space(rune); }
/// A letter that is no Chinese character (the blocks that upstream lists); those make words of their own.
bool is_alphabetic(char32_t rune) noexcept {
  const bool chinese =
      (rune >= 0x4E00 && rune <= 0x9FCC) || (rune >= 0x3400 && rune <= 0x4D85) || (rune >= 0x20000 && rune <= 0x2B81D);
  return !chinese && is_letter(rune);
}

enum class WordKind : std::uint8_t { none, number, upper, letters, connector, punctuation, other };

struct Word {
  WordKind kind = WordKind::none;
  std::u32string_view text;
};

template <class Predicate>
std::size_t run_length(std::u32string_view text, std::size_t start, Predicate belongs) {
  while (start < text.size() && belongs(text[start])) ++start;
  return start;
}

bool continues_letters(char32_t rune) noexcept { return is_alphabetic(rune) && !is_upper(rune); }

/// Cuts the first word off `rest`.
Word next_word(std::u32string_view& rest) {
  if (rest.empty()) return {};
  const char32_t first = rest[0];
  Word word;
  std::size_t length = 1;
  if (is_connector(first)) {
    word.kind = WordKind::connector;
    length = run_length(rest, 1, is_connector);
  } else if (is_punct(first)) {
    word.kind = WordKind::punctuation;
    length = run_length(rest, 1, [](char32_t rune) { return is_punct(rune); });
  } else if (is_upper(first)) {
    word.kind = WordKind::upper;
    if (rest.size() > 1 && is_upper(rest[1])) {
      length = run_length(rest, 2, [](char32_t rune) { return is_upper(rune); });
      // `HTTPServer`: the last capital begins the next word.
      if (length < rest.size() && is_alphabetic(rest[length])) --length;
    } else {
      length = run_length(rest, 1, continues_letters);
    }
  } else if (is_alphabetic(first)) {
    word.kind = WordKind::letters;
    length = run_length(rest, 1, continues_letters);
  } else if (is_number(first)) {
    word.kind = WordKind::number;
    length = run_length(rest, 1, [](char32_t rune) { return is_number(rune); });
  } else {
    word.kind = WordKind::other;
    length = run_length(rest, 1, [](char32_t rune) {
      return !is_connector(rune) && !is_alphabetic(rune) && !is_number(rune) && !is_punct(rune);
    });
  }
  word.text = rest.substr(0, length);
  rest.remove_prefix(length);
  return word;
}

/// Writes words in lower case with a connector between them.
class Joiner {
 public:
  Joiner(std::u32string_view text, char32_t connector) : rest_(text), connector_(connector) {}

  std::string run() {
    next();
    while (!rest_.empty()) {
      if (word_.kind != WordKind::connector) write(word_);
      const Word before = word_;
      next();
      switch (before.kind) {
        case WordKind::number:
          take_letters_and_numbers();
          if (word_.kind != WordKind::none) connect();
          break;
        case WordKind::connector: write(before); break;
        case WordKind::punctuation: break;
        default:
          if (word_.kind == WordKind::number) {
            after_word_comes_number();
          } else {
            connect();
          }
      }
    }
    write(word_);
    return from_runes(out_);
  }

 private:
  void next() { word_ = next_word(rest_); }

  void write(const Word& word) {
    const bool map = word.kind == WordKind::upper || word.kind == WordKind::connector;
    for (const char32_t rune : word.text) {
      out_ += !map ? rune : is_connector(rune) ? connector_ : is_upper(rune) ? to_lower(rune) : rune;
    }
  }

  /// A connector before the next word, unless that brings its own.
  void connect() {
    if (word_.kind != WordKind::connector && word_.kind != WordKind::punctuation) out_ += connector_;
  }

  void take_letters_and_numbers() {
    while (word_.kind == WordKind::letters || word_.kind == WordKind::number) {
      write(word_);
      next();
    }
  }

  /// `Bld4Floor` keeps the number with the word before, `http2xx` begins a new one with it.
  void after_word_comes_number() {
    if (rest_.empty()) return;
    const Word number = word_;
    next();
    if (word_.kind != WordKind::letters) {
      write(number);
      connect();
      return;
    }
    out_ += connector_;
    write(number);
    take_letters_and_numbers();
    if (word_.kind != WordKind::none) connect();
  }

  std::u32string_view rest_;
  std::u32string out_;
  Word word_;
  char32_t connector_;
};

/// Characters without the invalid bytes, which the word functions skip.
std::u32string valid_runes(std::string_view text) {
  std::u32string runes;
  while (!text.empty()) {
    const auto rune = decode_utf8(text);
    if (rune.valid && rune.value != 0xFFFD) runes += rune.value;
    text.remove_prefix(rune.length);
  }
  return runes;
}

}  // namespace

std::string title_case(std::string_view text) {
  std::string out;
  char32_t previous = ' ';
  while (!text.empty()) {
    const auto rune = decode_utf8(text);
    append_utf8(out, separates_title(previous) ? to_title(rune.value) : rune.value);
    previous = rune.value;
    text.remove_prefix(rune.length);
  }
  return out;
}

std::string untitle_case(std::string_view text) {
  auto runes = to_runes(text);
  bool at_start = true;
  for (auto& rune : runes) {
    if (is_space(rune)) {
      at_start = true;
    } else if (std::exchange(at_start, false)) {
      rune = to_lower(rune);
    }
  }
  return from_runes(runes);
}

std::string swap_case(std::string_view text) {
  auto runes = to_runes(text);
  bool after_space = true;
  for (auto& rune : runes) {
    if (is_upper(rune) || is_title(rune)) {
      rune = to_lower(rune);
      after_space = false;
    } else if (is_lower(rune)) {
      rune = std::exchange(after_space, false) ? to_title(rune) : to_upper(rune);
    } else {
      after_space = is_space(rune);
    }
  }
  return from_runes(runes);
}

std::string snake_case(std::string_view text) { return Joiner(valid_runes(text), U'_').run(); }
std::string kebab_case(std::string_view text) { return Joiner(valid_runes(text), U'-').run(); }

std::string pascal_case(std::string_view text) {
  const auto runes = to_runes(text);
  std::size_t at = 0;
  std::u32string out;
  while (at < runes.size() && is_connector(runes[at])) out += runes[at++];
  if (at == runes.size()) {
    // Upstream writes the last one twice when there is nothing else.
    if (!out.empty()) out += out.back();
    return from_runes(out);
  }

  bool in_capitals = is_upper(runes[at]);
  char32_t pending = to_upper(runes[at++]);
  for (; at < runes.size(); ++at) {
    char32_t rune = runes[at];
    if (is_connector(pending)) {
      if (is_connector(rune)) {
        // Only the last connector of a run vanishes.
        out += pending;
      } else {
        in_capitals = is_upper(rune);
        rune = to_upper(rune);
      }
    } else {
      if (in_capitals) {
        if (is_upper(rune)) {
          rune = to_lower(rune);
        } else {
          in_capitals = false;
        }
      }
      out += pending;
    }
    pending = rune;
  }
  out += pending;
  return from_runes(out);
}

namespace {
bool is_space_byte(char c) noexcept { return is_space(static_cast<unsigned char>(c)); }
}  // namespace

std::string without_space(std::string_view text) {
  if (std::none_of(text.begin(), text.end(), is_space_byte)) return std::string(text);
  std::string out;
  for (const char c : text) {
    if (!is_space_byte(c)) append_utf8(out, static_cast<unsigned char>(c));
  }
  return out;
}

std::string initials(std::string_view text) {
  std::string out;
  bool gap = true;
  for (const char c : text) {
    if (is_space_byte(c)) {
      gap = true;
    } else if (std::exchange(gap, false)) {
      append_utf8(out, static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string wrap_words(std::string_view text, std::int64_t width, std::string_view line_break, bool cut_words) {
  const auto limit = static_cast<std::size_t>(std::max<std::int64_t>(width, 1));
  std::string out;
  const auto break_after = [&](std::size_t count) {
    out += text.substr(0, count);
    out += line_break;
  };
  while (text.size() > limit) {
    if (text[0] == ' ') {
      text.remove_prefix(1);
      continue;
    }
    // A blank just behind the width still counts, the line then is exactly full.
    if (const auto blank = text.substr(0, limit + 1).rfind(' '); blank != std::string_view::npos) {
      break_after(blank);
      text.remove_prefix(blank + 1);
    } else if (cut_words) {
      break_after(limit);
      text.remove_prefix(limit);
    } else if (const auto next_blank = text.find(' ', limit); next_blank != std::string_view::npos) {
      break_after(next_blank);
      text.remove_prefix(next_blank + 1);
    } else {
      break;
    }
  }
  out += text;
  return out;
}

}  // namespace gitopsctl::render
