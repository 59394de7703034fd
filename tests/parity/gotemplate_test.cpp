#include <doctest/doctest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/text/go_format.hpp"
#include "tests/parity/gotemplate_hazards.hpp"
#include "tests/support/template_fixture.hpp"

// Our template engine against Go's: the same templates over the same data must give the same bytes and the same errors.
// The peer is tests/peers/gotemplate, built to build/peers/bin/gotemplate or $GITOPSCTL_PEERS/gotemplate.
namespace gitopsctl::render::testing {
namespace {

struct Case {
  std::string mode = "helm";
  std::vector<File> files;
  Value data;
};

EvaluatorOptions options_for(const std::string& mode) {
  EvaluatorOptions options;
  options.missing_key = mode == "helm" ? MissingKey::zero : mode == "strict" ? MissingKey::error : MissingKey::invalid;
  options.keep_no_value = mode != "helm";
  return options;
}

void write_json(std::string& out, const Value& value) {
  switch (value.kind()) {
    case Kind::boolean: out += value.as_bool() ? "true" : "false"; break;
    case Kind::integer:
    case Kind::int64:
    case Kind::uint8: out += std::to_string(value.as_int()); break;
    case Kind::float64: {
      std::string number = json_format_float(value.as_double());
      // A point tells the peer that this is a float64.
      if (number.find_first_of(".e") == std::string::npos) number += ".0";
      out += number;
      break;
    }
    case Kind::string:
      out += '"';
      for (const char c : value.as_string()) {
        if (static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\') {
          std::array<char, 8> escape{};
          std::snprintf(escape.data(), escape.size(), "\\u%04x", static_cast<unsigned>(c));
          out += escape.data();
        } else {
          out += c;
        }
      }
      out += '"';
      break;
    case Kind::list: {
      out += '[';
      bool first = true;
      for (const auto& item : value.as_list()) {
        if (!first) out += ',';
        first = false;
        write_json(out, item);
      }
      out += ']';
      break;
    }
    case Kind::map: {
      out += '{';
      bool first = true;
      for (const auto& member : value.as_map()) {
        if (!first) out += ',';
        first = false;
        write_json(out, Value::string(member.key));
        out += ':';
        write_json(out, member.value);
      }
      out += '}';
      break;
    }
    default: out += "null"; break;
  }
}

std::string peer_path() {
  const char* peers = std::getenv("GITOPSCTL_PEERS");
  const std::string folder = peers != nullptr ? peers : std::string(GITOPSCTL_SOURCE_DIR) + "/build/peers/bin";
  const std::string path = folder + "/gotemplate";
  return std::filesystem::exists(path) ? path : "";
}

struct Answer {
  bool ok = false;
  std::string text;
};

std::vector<Answer> ask_peer(const std::string& peer, const std::vector<Case>& cases) {
  const auto folder = std::filesystem::temp_directory_path() / ("gotemplate." + std::to_string(std::random_device{}()));
  std::filesystem::create_directory(folder);
  {
    std::ofstream out(folder / "in", std::ios::binary);
    for (const auto& one : cases) {
      std::string json;
      write_json(json, one.data);
      out << one.mode << ' ' << one.files.size() << ' ' << json.size() << '\n';
      for (const auto& file : one.files) {
        out << file.name.size() << ' ' << file.text.size() << '\n' << file.name << file.text;
      }
      out << json;
    }
  }
  const std::string command = "'" + peer + "' < '" + (folder / "in").string() + "' > '" + (folder / "out").string() + "'";
  const int status = std::system(command.c_str());  // NOLINT(cert-env33-c): the shell redirects
  CHECK(status == 0);
  std::vector<Answer> answers;
  std::ifstream in(folder / "out", std::ios::binary);
  std::string word;
  std::size_t size = 0;
  while (in >> word >> size) {
    in.get();
    Answer answer{word == "ok", std::string(size, '\0')};
    in.read(answer.text.data(), static_cast<std::streamsize>(size));
    answers.push_back(std::move(answer));
  }
  std::filesystem::remove_all(folder);
  return answers;
}

/// Compares all cases; reports the first few differences and counts the rest.
void compare(const std::vector<Case>& cases) {
  const std::string peer = peer_path();
  if (peer.empty()) {
    const char* ci = std::getenv("CI");
    if (ci != nullptr && std::string_view(ci) == "true") FAIL("the peer gotemplate is missing (./dev setup --peers)");
    MESSAGE("NOT RUN: comparison with Go's templates, because the peer gotemplate is missing (./dev setup --peers)");
    return;
  }
  const auto answers = ask_peer(peer, cases);
  REQUIRE(answers.size() == cases.size());
  std::size_t different = 0;
  std::size_t failing = 0;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const Outcome ours = run_files(cases[i].files, cases[i].data, options_for(cases[i].mode));
    const std::string& text = ours.ok ? ours.text : ours.error;
    if (!ours.ok) ++failing;
    if (ours.ok == answers[i].ok && text == answers[i].text) continue;
    if (++different <= 12) {
      std::string shown;
      for (const auto& file : cases[i].files) shown += file.name + ": " + file.text + "\n";
      MESSAGE(cases[i].mode, " ", shown, "go:   ", answers[i].ok, " ", answers[i].text, "\nours: ", ours.ok, " ", text);
    }
  }
  CHECK(different == 0);
  MESSAGE(cases.size(), " templates compared with Go, ", failing, " of them errors, ", different, " different");
}

/// Random templates over the data below. Most of them are right or nearly right.
class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}

  std::string body(int depth) {
    std::string out;
    const std::size_t count = pick(3) + 1;
    for (std::size_t i = 0; i < count; ++i) out += piece(depth);
    return out;
  }

  /// A few random bytes changed.
  std::string mutated(std::string text) {
    constexpr std::string_view bytes = "{}-.$()|\"`'\\:=,*/% \n0123eEx_abdefinrt\xC3\xA9";
    for (std::size_t i = pick(3) + 1; i > 0 && !text.empty(); --i) {
      const std::size_t at = pick(text.size());
      switch (pick(3)) {
        case 0: text.erase(at, pick(4) + 1); break;
        case 1: text.insert(at, 1, bytes[pick(bytes.size())]); break;
        default: text[at] = bytes[pick(bytes.size())]; break;
      }
    }
    return text;
  }

  std::size_t pick(std::size_t count) { return random_() % count; }
  template <std::size_t size>
  std::string_view one_of(const std::string_view (&words)[size]) {
    return words[pick(size)];
  }

  std::string format_call() {
    static constexpr std::string_view flags[] = {"", "", "", "+", "-", "#", "0", " ", "+#", "-0", "# "};
    static constexpr std::string_view widths[] = {"", "", "", "5", "12", "*", "[1]", "[2]*", "[9]", "[x]"};
    static constexpr std::string_view precisions[] = {"", "", "", ".", ".0", ".2", ".10", ".*", ".[1]"};
    static constexpr std::string_view verbs[] = {"v", "d", "s", "q", "t", "x", "X", "o", "O", "b",  "c", "U",
                                                 "e", "E", "f", "F", "g", "G", "T", "w", "z", "%%", "!", "é"};
    std::string format = "{{printf \"";
    for (std::size_t i = pick(3) + 1; i > 0; --i) {
      format += "<%";
      format += one_of(flags);
      format += one_of(widths);
      format += one_of(precisions);
      format += one_of(verbs);
      format += '>';
    }
    if (pick(20) == 0) format += '%';
    format += '"';
    for (std::size_t i = pick(4); i > 0; --i) format += " " + operand(1);
    return format + "}}";
  }

 private:
  std::string piece(int depth) {
    const bool leaf = depth <= 0;
    switch (pick(leaf ? 5 : 15)) {
      case 0: return std::string(one_of({"text", " ", "\n", "a\n  b", "<no value>", "{", "}}", "é"}));
      case 1: return open() + pipeline(2) + close();
      case 2: return open() + pipeline(1) + close();
      case 3: return open() + std::string(one_of({"$x := ", "$y := ", "$x = ", "$y = ", "$z = "})) + pipeline(1) + close();
      case 4: return format_call();
      case 5:
      case 6: return open() + "if " + pipeline(1) + close() + body(depth - 1) + otherwise(depth, "if") + "{{end}}";
      case 7: return open() + "with " + pipeline(1) + close() + body(depth - 1) + otherwise(depth, "with") + "{{end}}";
      case 8:
      case 9:
        return open() + "range " + std::string(one_of({"", "", "$k, $v := ", "$v := ", "$x = ", "$x, $y = "})) +
               pipeline(1) + close() + body(depth - 1) + exit() + body(depth - 1) + otherwise(depth, "") + "{{end}}";
      case 10: return open() + "template " + name() + " " + (pick(3) == 0 ? "" : pipeline(1)) + close();
      case 11: return open() + "include " + name() + " " + operand(1) + close();
      case 12: return "{{tpl " + quoted(pick(2) == 0 ? "[{{.}}]" : "{{include \"one\" .}}{{.s}}") + " " + operand(0) + "}}";
      case 13: return "{{/* a comment\n */}}";
      default: return open() + "block \"blk\" " + pipeline(0) + close() + body(depth - 1) + "{{end}}";
    }
  }

  std::string exit() {
    if (pick(3) != 0) return "";
    return open() + "if " + pipeline(1) + close() + std::string(one_of({"{{break}}", "{{continue}}"})) + "{{end}}";
  }

  std::string otherwise(int depth, std::string_view word) {
    switch (pick(4)) {
      case 0: return "{{else}}" + body(depth - 1);
      case 1: return word.empty() ? "" : "{{else " + std::string(word) + " " + pipeline(1) + "}}" + body(depth - 1);
      default: return "";
    }
  }

  std::string open() { return std::string(one_of({"{{", "{{", "{{", "{{- ", "{{ "})); }
  std::string close() { return std::string(one_of({"}}", "}}", "}}", " -}}", " }}"})); }
  std::string name() { return std::string(one_of({"\"one\"", "\"two\"", "\"empty\"", "\"rec\"", "`one`", "\"none\""})); }
  static std::string quoted(std::string_view text) { return go_quote(text); }

  std::string pipeline(int depth) {
    std::string out = command(depth);
    while (pick(4) == 0) {
      out += " | ";
      out += one_of({"print",
                     "len",
                     "not",
                     "printf \"%v\"",
                     "index .m",
                     "eq 1",
                     "wantString",
                     "wantMap",
                     "wantAny",
                     "html",
                     "and 1",
                     "or 0",
                     "wantInt",
                     "list 1",
                     ".s",
                     "include \"one\"",
                     "printf \"%s-%d\" 5",
                     "js",
                     "lt 3",
                     "slice .l",
                     "dict \"k\"",
                     "call",
                     "$x"});
    }
    return out;
  }

  /// A call; three times out of four one that can succeed.
  std::string command(int depth) {
    if (depth <= 0 || pick(3) == 0) return operand(depth);
    if (pick(4) != 0) return filled(depth, fitting());
    std::string out(one_of({"print",
                            "println",
                            "printf \"%v %s\"",
                            "index",
                            "len",
                            "not",
                            "and",
                            "or",
                            "eq",
                            "ne",
                            "lt",
                            "le",
                            "gt",
                            "ge",
                            "html",
                            "js",
                            "urlquery",
                            "slice",
                            "list",
                            "dict",
                            "wantString",
                            "wantInt",
                            "wantInt64",
                            "wantFloat",
                            "wantBool",
                            "wantMap",
                            "wantList",
                            "wantAny",
                            "boom",
                            "set",
                            "strings",
                            "ints",
                            "bytes",
                            "textMap",
                            "call",
                            "nothing",
                            "nilValues",
                            "required",
                            "index .m",
                            "index .l",
                            "index .deep \"a\"",
                            "(index .l 3).k",
                            ".s",
                            "$x.a",
                            "nil"}));
    for (std::size_t i = pick(4); i > 0; --i) out += " " + operand(depth - 1);
    return out;
  }

  /// Calls with holes: A any operand, S a string, I an int, N a float, L a list, M a map, C anything with a length.
  std::string_view fitting() {
    return one_of({"print A A",
                   "println A",
                   "printf `%v %s` A A",
                   "index M S",
                   "index L I",
                   "len C",
                   "not A",
                   "and A A A",
                   "or A A A",
                   "eq S S",
                   "eq I I I",
                   "ne N N",
                   "lt S S",
                   "le I I",
                   "gt N N",
                   "ge S S",
                   "html A",
                   "js S",
                   "urlquery S",
                   "slice S 0 1",
                   "slice L 1",
                   "list A A",
                   "dict S A",
                   "wantString S",
                   "wantMap M",
                   "wantList L",
                   "wantFloat N",
                   "wantInt I",
                   "wantAny A",
                   "strings S S",
                   "ints I I",
                   "bytes S",
                   "textMap S S",
                   "include `one` A",
                   "include `two` M",
                   "(dict `k` A).k",
                   "(list A A)",
                   "required S S",
                   "tpl `<{{.}}>` A",
                   "set (dict S A) S A",
                   "index (strings S S) 1",
                   "eq A nil",
                   "(index L 0)",
                   "with_nothing"});
  }

  std::string filled(int depth, std::string_view call) {
    if (call == "with_nothing") return "nothing";
    std::string out;
    for (const char c : call) {
      switch (c) {
        case 'A': out += operand(depth - 1); break;
        case 'S': out += one_of({".s", "\"a\"", "\"str\"", "`k`", "$.s", ".uni", "(print 1)", "(printf `%v` .m)"}); break;
        case 'I': out += one_of({"0", "1", "2", "(len .s)", "$y", "'a'"}); break;
        case 'N': out += one_of({".f", "1.5", ".big", "1e3", "(wantFloat 2)"}); break;
        case 'L': out += one_of({".l", ".fl", "(list 1 `a` .m)", "$.l"}); break;
        case 'M': out += one_of({".m", "$x", ".m.b", "(dict `s` 1)", ".deep", "$.em"}); break;
        case 'C': out += one_of({".l", ".s", ".m", ".el", "(strings `a`)", "(dict)"}); break;
        default: out += c; break;
      }
    }
    return out;
  }

  std::string operand(int depth) {
    if (depth > 0 && pick(4) == 0) return "(" + pipeline(depth - 1) + ")" + (pick(4) == 0 ? std::string(field()) : "");
    switch (pick(4)) {
      case 0: return std::string(literal());
      case 1:
        return std::string(
            one_of({"$", "$x", "$y", "$k", "$v", "$x.a", "$.s", "$.m.b.c", "$.nul.x", "nothing", "nilValues"}));
      default: return std::string(field());
    }
  }

  std::string_view field() {
    return one_of({".",          ".s",     ".i",    ".f",          ".m",          ".m.a",   ".m.b", ".m.b.c",
                   ".m.z",       ".m.z.x", ".m.q",  ".l",          ".nul",        ".nul.x", ".t",   ".e",
                   ".em",        ".el",    ".deep", ".deep.a.b.c", ".deep.a.x.y", ".a",     ".k",   ".missing",
                   ".missing.x", ".big",   ".neg",  ".fl",         ".uni",        ".em.x",  ".s.x", ".l.x"});
  }

  // No large integers: a `range` over one would not end.
  std::string_view literal() {
    return one_of({"0",
                   "1",
                   "2",
                   "-1",
                   "3.5",
                   "1e3",
                   "1.0",
                   "017",
                   "0x1F",
                   "1_000",
                   "'a'",
                   "\"\"",
                   "\"a\"",
                   "\"str\"",
                   "\"b\"",
                   "`raw`",
                   "\"k\"",
                   "\"z\"",
                   "\"\\u00e9\\n\"",
                   "true",
                   "false",
                   "nil",
                   "-7",
                   "1e21",
                   "0.1",
                   "\"%d\"",
                   "\"<a&b='\\\">\"",
                   "1i",
                   "\"x y\""});
  }

  template <std::size_t size>
  std::string_view one_of(const char* const (&words)[size]) {
    return words[pick(size)];
  }

  std::mt19937_64 random_;
};

Value corpus_data() {
  Value data = appendix_data();
  data.set("deep", make_map({{"a", make_map({{"b", make_map({{"c", Value::float64(7)}})}, {"x", Value::null()}})}}));
  data.set("big", Value::float64(12345678));
  data.set("neg", Value::int64(-42));
  data.set("fl", Value::list({Value::float64(0.1), Value::float64(1e21), Value::float64(-3), Value::int64(65)}));
  data.set("uni", Value::string("h\xC3\xA9llo \xF0\x9F\x98\x80 \xC2\xA0<&>'\"\t\n"));
  return data;
}

const std::vector<File>& library() {
  static const std::vector<File> files = {
      {"lib/_one.tpl", "{{define \"one\"}}1[{{.}}]{{end}}{{define \"two\"}}{{template \"one\" .}}{{.s}}{{end}}"},
      {"lib/_two.tpl", "{{define \"empty\"}} \n{{end}}{{define \"one\"}}{{/* nothing */}}{{end}}"},
      {"lib/_rec.tpl", "{{define \"rec\"}}{{if .}}({{include \"rec\" (index . \"deep\")}}){{end}}{{end}}"}};
  return files;
}

Case make_case(std::string mode, std::string text, const Value& data) {
  Case one{std::move(mode), {{"c/templates/main.yaml", std::move(text)}}, data};
  one.files.insert(one.files.end(), library().begin(), library().end());
  return one;
}

constexpr std::string_view modes[] = {"helm", "plain", "strict"};

}  // namespace

TEST_SUITE("gotemplate parity") {
  TEST_CASE("hazards") {
    std::vector<Case> cases;
    for (const auto hazard : gotemplate_hazards) {
      for (const auto mode : modes) cases.push_back(make_case(std::string(mode), std::string(hazard), corpus_data()));
    }
    compare(cases);
  }

  TEST_CASE("generated templates") {
    const char* seed = std::getenv("GITOPSCTL_TEMPLATE_SEED");
    const char* count = std::getenv("GITOPSCTL_TEMPLATE_COUNT");
    Generator generator(seed != nullptr ? std::strtoull(seed, nullptr, 10) : 20260);
    const std::size_t wanted = count != nullptr ? std::strtoull(count, nullptr, 10) : 20'000;
    std::vector<Case> cases;
    for (std::size_t i = 0; i < wanted; ++i) {
      std::string text = "{{$x := .m}}{{$y := 1}}{{$k := .s}}{{$v := .f}}" + generator.body(static_cast<int>(i % 4));
      if (i % 4 == 3) text = generator.mutated(std::move(text));
      cases.push_back(make_case(std::string(modes[i % 3]), std::move(text), corpus_data()));
    }
    compare(cases);
  }

  TEST_CASE("generated formats") {
    Generator generator(4711);
    std::vector<Case> cases;
    for (std::size_t i = 0; i < 8'000; ++i) {
      std::string text = generator.format_call();
      if (i % 8 == 7) text = generator.mutated(std::move(text));
      cases.push_back(make_case("plain", std::move(text), corpus_data()));
    }
    compare(cases);
  }

  TEST_CASE("mutated hazards") {
    Generator generator(99);
    std::vector<Case> cases;
    for (std::size_t i = 0; i < 8'000; ++i) {
      const std::string_view hazard = gotemplate_hazards[i % std::size(gotemplate_hazards)];
      cases.push_back(make_case("helm", generator.mutated(std::string(hazard)), corpus_data()));
    }
    compare(cases);
  }
}

}  // namespace gitopsctl::render::testing
