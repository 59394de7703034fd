#include "tests/parity/template_generator.hpp"

#include <array>

namespace gitopsctl::tests {

namespace {

// Kinds of expressions, one letter each:
//   s string  i int  I int64  f float64  b bool  m map  l list  a anything  n any number  t time  v semver object
// and strings of a form, which are written as literals more often than not:
//   r regular expression  V version  C constraint  y time layout  z zone  d duration  D date text  j JSON  Y YAML  T TOML
//   u URL  p path  c characters  x template  e encoded text
struct Signature {
  std::string_view name;
  std::string_view arguments;  ///< `*` behind a kind: none or more of it
  char result;
};

// Left out: what is random (random functions, keys and certificates, bcrypt, the clock, the order of keys and values), and
// what takes seconds (derivePassword).
constexpr Signature signatures[] = {
    // text
    {"quote", "a*", 's'},
    {"squote", "a*", 's'},
    {"cat", "a*", 's'},
    {"trim", "s", 's'},
    {"trimAll", "cs", 's'},
    {"trimPrefix", "ss", 's'},
    {"trimSuffix", "ss", 's'},
    {"upper", "s", 's'},
    {"lower", "s", 's'},
    {"title", "s", 's'},
    {"untitle", "s", 's'},
    {"swapcase", "s", 's'},
    {"snakecase", "s", 's'},
    {"kebabcase", "s", 's'},
    {"camelcase", "s", 's'},
    {"contains", "ss", 'b'},
    {"hasPrefix", "ss", 'b'},
    {"hasSuffix", "ss", 'b'},
    {"replace", "sss", 's'},
    {"trunc", "is", 's'},
    {"substr", "iis", 's'},
    {"indent", "is", 's'},
    {"nindent", "is", 's'},
    {"repeat", "is", 's'},
    {"nospace", "s", 's'},
    {"initials", "s", 's'},
    {"plural", "ssi", 's'},
    {"wrap", "is", 's'},
    {"wrapWith", "iss", 's'},
    {"abbrev", "is", 's'},
    {"abbrevboth", "iis", 's'},
    {"join", "sa", 's'},
    {"splitList", "ss", 'l'},
    {"split", "ss", 'm'},
    {"splitn", "sis", 'm'},
    {"sortAlpha", "a", 'l'},
    {"toString", "a", 's'},
    {"toStrings", "a", 'l'},
    {"b64enc", "s", 's'},
    {"b64dec", "e", 's'},
    {"b32enc", "s", 's'},
    {"b32dec", "e", 's'},
    {"sha1sum", "s", 's'},
    {"sha256sum", "s", 's'},
    {"sha512sum", "s", 's'},
    {"adler32sum", "s", 's'},
    {"regexMatch", "rs", 'b'},
    {"mustRegexMatch", "rs", 'b'},
    {"regexFind", "rs", 's'},
    {"mustRegexFind", "rs", 's'},
    {"regexFindAll", "rsi", 'l'},
    {"mustRegexFindAll", "rsi", 'l'},
    {"regexReplaceAll", "rss", 's'},
    {"mustRegexReplaceAll", "rss", 's'},
    {"regexReplaceAllLiteral", "rss", 's'},
    {"mustRegexReplaceAllLiteral", "rss", 's'},
    {"regexSplit", "rsi", 'l'},
    {"mustRegexSplit", "rsi", 'l'},
    {"regexQuoteMeta", "s", 's'},
    {"urlParse", "u", 'm'},
    {"urlJoin", "m", 's'},
    {"base", "p", 's'},
    {"dir", "p", 's'},
    {"clean", "p", 's'},
    {"ext", "p", 's'},
    {"isAbs", "p", 'b'},
    {"osBase", "p", 's'},
    {"osDir", "p", 's'},
    {"osClean", "p", 's'},
    {"osExt", "p", 's'},
    {"osIsAbs", "p", 'b'},
    {"html", "a", 's'},
    {"js", "a", 's'},
    {"urlquery", "a", 's'},
    {"print", "a*", 's'},
    {"println", "a*", 's'},
    {"hello", "", 's'},
    // defaults and types
    {"default", "aa", 'a'},
    {"empty", "a", 'b'},
    {"coalesce", "a*", 'a'},
    {"all", "a*", 'b'},
    {"any", "a*", 'b'},
    {"ternary", "aab", 'a'},
    {"typeOf", "a", 's'},
    {"typeIs", "sa", 'b'},
    {"typeIsLike", "sa", 'b'},
    {"kindOf", "a", 's'},
    {"kindIs", "sa", 'b'},
    {"deepEqual", "aa", 'b'},
    {"deepCopy", "a", 'a'},
    {"mustDeepCopy", "a", 'a'},
    {"required", "sa", 'a'},
    {"and", "aa", 'a'},
    {"or", "aa", 'a'},
    {"not", "a", 'b'},
    {"eq", "aa", 'b'},
    {"ne", "aa", 'b'},
    {"eq", "ss", 'b'},
    {"lt", "nn", 'b'},
    {"le", "ss", 'b'},
    {"gt", "nn", 'b'},
    {"ge", "ii", 'b'},
    {"len", "a", 'i'},
    {"index", "ms", 'a'},
    {"index", "li", 'a'},
    // numbers
    {"int", "a", 'i'},
    {"int64", "a", 'I'},
    {"float64", "a", 'f'},
    {"atoi", "s", 'i'},
    {"toDecimal", "a", 'I'},
    {"add", "nn*", 'I'},
    {"add1", "n", 'I'},
    {"sub", "nn", 'I'},
    {"mul", "nn*", 'I'},
    {"div", "nn", 'I'},
    {"mod", "nn", 'I'},
    {"max", "nn*", 'I'},
    {"biggest", "nn*", 'I'},
    {"min", "nn*", 'I'},
    {"addf", "nn*", 'f'},
    {"add1f", "n", 'f'},
    {"subf", "nn*", 'f'},
    {"mulf", "nn*", 'f'},
    {"divf", "nn*", 'f'},
    {"maxf", "nn*", 'f'},
    {"minf", "nn*", 'f'},
    {"floor", "n", 'f'},
    {"ceil", "n", 'f'},
    {"round", "ni", 'f'},
    {"until", "i", 'l'},
    {"untilStep", "iii", 'l'},
    {"seq", "ii", 's'},
    // maps
    {"dict", "sasa", 'm'},
    {"dict", "sa", 'm'},
    {"get", "ms", 'a'},
    {"hasKey", "ms", 'b'},
    {"set", "mss", 'm'},
    {"unset", "ms", 'm'},
    {"pluck", "smm", 'l'},
    {"pick", "ms*", 'm'},
    {"omit", "ms*", 'm'},
    {"dig", "sam", 'a'},
    {"merge", "mm", 'm'},
    {"mergeOverwrite", "mm", 'm'},
    {"mustMerge", "mm*", 'm'},
    {"mustMergeOverwrite", "mm", 'm'},
    // lists
    {"list", "a*", 'l'},
    {"tuple", "aa", 'l'},
    {"first", "l", 'a'},
    {"last", "l", 'a'},
    {"rest", "l", 'l'},
    {"initial", "l", 'l'},
    {"append", "la", 'l'},
    {"prepend", "la", 'l'},
    {"push", "la", 'l'},
    {"mustAppend", "la", 'l'},
    {"concat", "l*", 'l'},
    {"reverse", "l", 'l'},
    {"compact", "l", 'l'},
    {"uniq", "l", 'l'},
    {"without", "la*", 'l'},
    {"has", "al", 'b'},
    {"slice", "lii", 'l'},
    {"slice", "li", 'l'},
    {"chunk", "il", 'l'},
    {"mustFirst", "l", 'a'},
    {"mustLast", "l", 'a'},
    {"mustRest", "l", 'l'},
    {"mustInitial", "l", 'l'},
    {"mustReverse", "l", 'l'},
    {"mustUniq", "l", 'l'},
    {"mustCompact", "l", 'l'},
    {"mustWithout", "la", 'l'},
    {"mustHas", "al", 'b'},
    {"mustSlice", "lii", 'l'},
    {"mustChunk", "il", 'l'},
    {"mustPrepend", "la", 'l'},
    {"mustPush", "la", 'l'},
    // versions and times
    {"semver", "V", 'v'},
    {"semverCompare", "CV", 'b'},
    {"date", "yt", 's'},
    {"dateInZone", "ytz", 's'},
    {"date_in_zone", "ytz", 's'},
    {"htmlDate", "t", 's'},
    {"htmlDateInZone", "tz", 's'},
    {"dateModify", "dt", 't'},
    {"mustDateModify", "dt", 't'},
    {"toDate", "yD", 't'},
    {"mustToDate", "yD", 't'},
    {"unixEpoch", "t", 's'},
    {"duration", "a", 's'},
    {"durationRound", "d", 's'},
    {"mustToDuration", "d", 'a'},
    {"durationSeconds", "d", 'f'},
    {"durationMinutes", "d", 'f'},
    {"durationHours", "d", 'f'},
    {"durationMilliseconds", "d", 'I'},
    {"durationRoundTo", "dd", 'a'},
    {"durationTruncateTo", "dd", 'a'},
    // encodings
    {"toYaml", "a", 's'},
    {"mustToYaml", "a", 's'},
    {"toYamlPretty", "a", 's'},
    {"toJson", "a", 's'},
    {"mustToJson", "a", 's'},
    {"toPrettyJson", "a", 's'},
    {"toRawJson", "a", 's'},
    {"toToml", "m", 's'},
    {"fromYaml", "Y", 'm'},
    {"fromYamlArray", "Y", 'l'},
    {"fromJson", "j", 'm'},
    {"mustFromJson", "j", 'a'},
    {"fromJsonArray", "j", 'l'},
    {"fromToml", "T", 'm'},
    {"tpl", "xm", 's'},
    {"fail", "s", 's'},
    {"decryptAES", "ss", 's'},
    {"lookup", "ssss", 'm'},
    {"getHostByName", "s", 's'},
};

// Literals as they stand in templates.
constexpr std::array<std::string_view, 34> strings = {
    R"("")",
    R"("a")",
    R"("k")",
    R"("word")",
    R"("two words")",
    R"("a,b,,c")",
    R"("Hello World")",
    R"("fooBar_baz-qux")",
    R"("HTTPServer2xx")",
    R"("  padded  ")",
    R"("line\nother\n")",
    R"("h\u00e9llo w\u00f6rld")",
    R"("\u0130\u01c5\ufb01\u00df")",
    R"("\U0001F600 x")",
    R"("tab\there")",
    R"("true")",
    R"("null")",
    R"("~")",
    R"("0x1f")",
    R"("1_000")",
    R"("1.50")",
    R"("-7")",
    R"("1e3")",
    R"("2024-01-31")",
    R"("a: b")",
    R"("- x")",
    R"("<a href='x'>&\"</a>")",
    R"("$1${1}x$name")",
    R"("map[string]interface {}")",
    R"("YWJj")",
    R"("not/base64==!")",
    R"("v1.2.3")",
    R"(`raw \n "text"`)",
    R"("a long text that goes on and on until it is clearly wider than the eighty columns at which lines are folded by the writer")",
};
constexpr std::array<std::string_view, 26> patterns = {
    R"(`[a-z]+`)",      R"(`^a`)",        R"(`\d+`)",     R"(`(a)(b)?`)",  R"(`\s*`)",
    R"(`[[:upper:]]`)", R"(`(?i)HELLO`)", R"(`\bw`)",     R"(`x*`)",       R"(`(?P<name>o.)`)",
    R"(`[^a-z]`)",      R"(`.`)",         R"(`(?s).+`)",  R"(`(?m)^.*$`)", R"(`\p{L}+`)",
    R"(`(`)",           R"(`[b-a]`)",     R"(`a{2,1}`)",  R"(`(?<n>l+)`)", R"(`\pN`)",
    R"(`a|ab`)",        R"(`$`)",         R"(`(?U)o.*`)", R"(`\Q.\E`)",    R"(`[\d\-x]{1,3}`)",
    R"(`(\w+) (\w+)`)",
};
constexpr std::array<std::string_view, 17> versions = {
    R"("1.2.3")",
    R"("v1.2")",
    R"("1")",
    R"("1.29.3-gke.100")",
    R"("1.2.3-alpha.1+build.5")",
    R"("01.2.3")",
    R"("1.2.3.4")",
    R"("")",
    R"("x")",
    R"("0.0.0-0")",
    R"("v1.37.0")",
    R"("2.0.0-rc1")",
    R"("1.2.3-01")",
    R"("99999999999.0.0")",
    R"("1.2-beta")",
    R"(" 1.2.3")",
    R"("1.2.3+a_b")",
};
constexpr std::array<std::string_view, 22> constraints = {
    R"(">=1.2")",
    R"("^1.2.3")",
    R"("~1.2")",
    R"("1.2.x")",
    R"("*")",
    R"(">=1.19-0")",
    R"("1.2 - 2.0")",
    R"("<2 || >3")",
    R"(">1, <2")",
    R"(">1 <2")",
    R"("!=1.2.3")",
    R"("=1.2")",
    R"("^0.2")",
    R"("~> 1.2")",
    R"("=>1.2.3-0")",
    R"("x")",
    R"("")",
    R"(">= 1.2.x")",
    R"("^0.0.3")",
    R"("1.2.3-alpha")",
    R"(">=1.2.3-alpha.1 <1.3")",
    R"("~1")",
};
constexpr std::array<std::string_view, 16> layouts = {
    R"("2006-01-02")",
    R"("2006-01-02T15:04:05Z07:00")",
    R"("Mon Jan _2 15:04:05 MST 2006")",
    R"("3:04PM")",
    R"("02/01/06 .000")",
    R"("Monday, January 2")",
    R"("15h04m05.999999s -0700")",
    R"("")",
    R"("002 __2")",
    R"("20060102")",
    R"("Jan 2006 pm")",
    R"("2006-01-02 15:04:05,000")",
    R"("x 1/2/6 x")",
    R"("Z0700 Z07:00:00")",
    R"("January 02")",
    R"("04:05.00")",
};
constexpr std::array<std::string_view, 8> zones = {
    R"("UTC")", R"("Europe/Berlin")", R"("America/New_York")", R"("Local")", R"("Asia/Kolkata")", R"("")", R"("Nowhere/X")",
    R"("EST")"};
constexpr std::array<std::string_view, 16> durations = {
    R"("1h")", R"("90m")", R"("-1.5h")", R"("1h2m3.004s")", R"("100ms")", R"("1us")",  R"("2540400h")", R"("x")",
    R"("")",   R"("10")",  R"("2.5")",   R"("1e3")",        R"("36h")",   R"("720h")", R"("0")",        R"("9000000000s")",
};
constexpr std::array<std::string_view, 9> dates = {
    R"("2024-01-31")",  R"("2024-02-30")", R"("2024-01-31T10:20:30Z")",      R"("20240131")",
    R"("x")",           R"("")",           R"("2024-01-31T10:20:30+02:00")", R"("1969-12-31")",
    R"("Jan 2024 PM")",
};
constexpr std::array<std::string_view, 24> json_texts = {
    R"(`{"a": 1, "b": [1, 2.5, null], "c": {"d": "e"}}`)",
    R"(`[1, "a", null, true]`)",
    R"(`{"a":`)",
    R"(`{"a":1,}`)",
    R"(`"text"`)",
    R"(`12345678901234567890`)",
    R"(`1e400`)",
    R"(`{"a": tru}`)",
    R"(`nul`)",
    R"(`{"a" 1}`)",
    R"(`[1 2]`)",
    R"(`{"\u00e9": "\ud83d\ude00", "x": "\ud800"}`)",
    R"(`{"a": "\q"}`)",
    R"(`  {}  x`)",
    R"(``)",
    R"(`-`)",
    R"(`01`)",
    R"(`1.`)",
    R"(`1.e5`)",
    R"(`{"a":1,"a":2}`)",
    R"(`[1e3, 1E-2, -0, 0.1]`)",
    R"(`{"é":é}`)",
    R"(`{a: 1}`)",
    R"("{\"a\": \"line\nbreak\"}")",
};
constexpr std::array<std::string_view, 22> yaml_texts = {
    R"("a: 1\nb: [1, {c: d}]\n")",
    R"("- a\n- b: c\n")",
    R"("a: b: c\n")",
    R"("a:\n\t- b\n")",
    R"("")",
    R"("text")",
    R"("a: &x {b: 1}\nc: *x\n")",
    R"("a: *x\n")",
    R"("<<: {a: 1}\nb: 2\n")",
    R"("on: yes\n1: 2\n2.5: x\n")",
    R"("a: |\n  x\n   y\nb: >-\n  folded\n  text\n")",
    R"("a: 0o17\nb: 017\nc: 1_000\nd: 0x1F\ne: 1e3\nf: .5\ng: 12:30\n")",
    R"("a: 'it''s'\nb: \"\\u00e9\\x41\"\n")",
    R"("{a: 1, b: [x, y], c: }")",
    R"("a: 1\n---\nb: 2\n")",
    R"("? a\n: b\n")",
    R"("a: !!str 5\nb: !!int \"7\"\nc: !!binary YWJj\n")",
    R"("[a, b")",
    R"("a: 2024-01-31\nb: ~\nc: null\nd: ''\n")",
    R"("# only a comment\n")",
    R"("a: \"unclosed\n")",
    R"("[x]: 1\n")",
};
// Only what is TOML 1.0: the words for mistakes are those of another library than helm's.
constexpr std::array<std::string_view, 8> toml_texts = {
    R"(`a = 1`)",
    R"(`[a.b]
c = [1, 2]
d = "x"`)",
    R"(`a = 2024-01-31T10:20:30Z`)",
    R"(`a = 0x1F
b = 1_000
c = inf`)",
    R"(`a = { b = 1, c = "d" }`)",
    R"(``)",
    R"(`a.b.c = 1`)",
    R"(`"quoted key" = '''raw
text'''`)",
};
constexpr std::array<std::string_view, 14> urls = {
    R"("https://user:pw@example.com:8080/a/b?x=1&y=2#frag")",
    R"("mailto:a@b.c")",
    R"("/only/path")",
    R"("//host/path")",
    R"("http://[::1]:80/")",
    R"("http://a b/")",
    R"("%zz")",
    R"("")",
    R"(":x")",
    R"("http://h/%2f%20x?q=%20#%41")",
    R"("HTTP://UPPER.example/ä")",
    R"("http://h:port/")",
    R"("a?b#c")",
    R"("http://user@h")",
};
constexpr std::array<std::string_view, 10> paths = {R"("/a/b.txt")", R"("a/../b/./c")", R"("")",           R"("/")",
                                                    R"("..")",       R"("a//b/")",      R"("./x.tar.gz")", R"(".rc")",
                                                    R"("../../a")",  R"("a.b/c")"};
constexpr std::array<std::string_view, 7> cut_sets = {R"("a")",       R"(" ")",  R"("abc")",  R"("")",
                                                      R"("\u00e9x")", R"("-_")", R"("\n\t ")"};
constexpr std::array<std::string_view, 16> inner_templates = {
    R"(`{{ .a }}`)",
    R"(`plain`)",
    R"(`{{ .m.x }}`)",
    R"(`{{ if .a }}yes{{ else }}no{{ end }}`)",
    R"(`{{ range $k, $v := . }}{{ $k }}={{ $v }};{{ end }}`)",
    R"(`{{ toYaml . }}`)",
    R"(`{{ .a | quote }} {{- "x" }}`)",
    R"(`{{ define "in" }}<{{ . }}>{{ end }}{{ include "in" .a }}`)",
    R"(`{{ nope }}`)",
    R"(`{{ .a.b.c }}`)",
    R"(`{{ if }}`)",
    R"(`{{ tpl "{{ .a }}" . }}`)",
    R"(`{{ include "shared" . }}`)",
    R"(`{{ with .a }}{{ . }}{{ end }}{{/* c */}}`)",
    R"(`{{ $x := 1 }}{{ $x = 2 }}{{ $x }}`)",
    R"(`a{{ "b" -}}  c`)",
};
// Never bytes that are no text: what functions make of those is not the same everywhere (docs/parity.md).
constexpr std::array<std::string_view, 8> encoded = {
    R"("YWJj")", R"("YQ==")", R"("dHdvIGxpbmVz\nCg==")", R"("MFRGG===")", R"("not base")", R"("aGk")", R"("")", R"("w6k=")"};
constexpr std::array<std::string_view, 18> ints = {"0", "1", "2",  "3",   "5",   "7",    "10",  "-1",  "-2",
                                                   "4", "8", "12", "100", "'a'", "0x1F", "017", "1_0", "-0"};
constexpr std::array<std::string_view, 16> floats = {"0.0",  "1.5",        "-2.5",      "0.1",    "1e3", "1e21",
                                                     "1e-7", "123456.789", "1000000.0", "0.5",    "2.0", "-0.0",
                                                     "1e-5", "999999.5",   "0x1p4",     "3.14159"};
constexpr std::array<std::string_view, 16> scalar_paths = {
    ".Values.s",         ".Values.multi", ".Values.num",   ".Values.big",      ".Values.float", ".Values.t",
    ".Values.no",        ".Values.nul",   ".Values.empty", ".Values.missing",  ".Values.m.a",   ".Values.m.deep.x",
    ".Values.m.nothing", ".Values.uni",   ".Values.neg",   ".Values.m.missing"};
constexpr std::array<std::string_view, 8> map_paths = {".Values.m",    ".Values.em", ".Values.m.deep", ".Values.odd",
                                                       ".Values.strs", "$.Values.m", ".Values.nested", "(fromYaml \"\")"};
constexpr std::array<std::string_view, 9> list_paths = {".Values.l",     ".Values.el",    ".Values.nums",
                                                        ".Values.mixed", ".Values.maps",  "$.Values.l",
                                                        ".Values.dupes", ".Values.lists", ".Values.words"};
constexpr std::array<std::string_view, 36> formats = {
    "%v",  "%s",    "%d",    "%q",  "%t",  "%x",  "%X",      "%5d",  "%-5s|", "%05d",  "%+v", "%#o",
    "%T",  "%.2f",  "%8.3f", "%e",  "%g",  "%G",  "%c",      "%U",   "%o",    "%b",    "%%",  "%!",
    "%*d", "%[2]v", "%z",    "% x", "%#x", "%+d", "%6.2f%%", "%.3s", "%10q",  "%-8v|", "%+q", "%#q"};

}  // namespace

std::string TemplateGenerator::literal(char kind) {
  const auto text = [](std::string_view view) { return std::string(view); };
  switch (kind) {
    case 's': return text(pick(strings));
    case 'r': return text(pick(patterns));
    case 'V': return text(pick(versions));
    case 'C': return text(pick(constraints));
    case 'y': return text(pick(layouts));
    case 'z': return text(pick(zones));
    case 'd': return text(pick(durations));
    case 'D': return text(pick(dates));
    case 'j': return text(pick(json_texts));
    case 'Y': return text(pick(yaml_texts));
    case 'T': return text(pick(toml_texts));
    case 'u': return text(pick(urls));
    case 'p': return text(pick(paths));
    case 'c': return text(pick(cut_sets));
    case 'x': return text(pick(inner_templates));
    case 'e': return text(pick(encoded));
    case 'i': return text(pick(ints));
    case 'I': return "(int64 " + text(pick(ints)) + ")";
    case 'f': return text(pick(floats));
    case 'n': return chance(60) ? text(pick(ints)) : text(pick(floats));
    case 'b': return chance(50) ? "true" : "false";
    case 't':
      return "(toDate \"2006-01-02\" \"" + std::to_string(1960 + below(100)) + "-0" + std::to_string(1 + below(9)) + "-" +
             std::to_string(10 + below(19)) + "\")";
    case 'v': return "(semver " + text(pick(versions)) + ")";
    case 'm':
    case 'l': return path(kind);
    default: return literal(pick(std::string_view("sifnb")));
  }
}

std::string TemplateGenerator::path(char kind) {
  if (kind == 'm') return std::string(pick(map_paths));
  if (kind == 'l') return std::string(pick(list_paths));
  if (kind == 'a' && chance(30)) return chance(50) ? std::string(pick(map_paths)) : std::string(pick(list_paths));
  if (kind == 's') return chance(50) ? ".Values.s" : ".Values.uni";
  if (kind == 'n')
    return std::string(pick(std::array<std::string_view, 4>{".Values.num", ".Values.big", ".Values.float", ".Values.neg"}));
  if (kind == 'b') return chance(50) ? ".Values.t" : ".Values.no";
  return std::string(pick(scalar_paths));
}

std::string TemplateGenerator::argument(char kind, int depth) {
  // Now and then something else, as people do. What is no time would be the time of the render.
  if (kind != 't' && kind != 'T' && kind != 'e' && chance(4)) return expression('a', depth - 1);
  return expression(kind, depth - 1);
}

std::string TemplateGenerator::call_of(std::string_view name, std::string_view arguments, int depth) {
  std::string out(name);
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == '*') continue;
    const bool many = i + 1 < arguments.size() && arguments[i + 1] == '*';
    const auto count = many ? below(4) : 1;
    for (std::uint64_t n = 0; n < count; ++n) out += ' ' + argument(arguments[i], depth);
  }
  return out;
}

std::string TemplateGenerator::format_call(int depth) {
  std::string format;
  std::string arguments;
  const auto count = 1 + below(3);
  for (std::uint64_t i = 0; i < count; ++i) {
    format += (i == 0 ? "" : " ") + std::string(pick(formats));
    // No times and versions: what wrong verbs make of their fields nobody writes.
    if (!chance(10)) arguments += ' ' + expression(pick(std::string_view("sifbmln")), depth - 1);
  }
  return "printf \"" + format + '"' + arguments;
}

std::string TemplateGenerator::call(char kind, int depth) {
  constexpr int tries = 200;
  for (int i = 0; i < tries; ++i) {
    if (kind == 's' && chance(1)) return format_call(depth);
    const auto& one = pick(signatures);
    const bool number = one.result == 'i' || one.result == 'I' || one.result == 'f';
    if (one.result == kind || kind == 'a' || (kind == 'n' && number)) return call_of(one.name, one.arguments, depth);
  }
  return kind == 's' || kind == 'a' ? format_call(depth) : "coalesce " + literal(kind);
}

std::string TemplateGenerator::expression(char kind, int depth) {
  constexpr std::string_view called = "siIfbmlantv";
  if ((kind == 't' || kind == 'v') && chance(50)) return literal(kind);
  const bool is_form = called.find(kind) == std::string_view::npos;
  if (is_form) return depth <= 0 || kind == 'T' || kind == 'e' || chance(85) ? literal(kind) : expression('s', depth);
  if (depth <= 0 || chance(35)) {
    const bool has_path = std::string_view("smlanb").find(kind) != std::string_view::npos;
    return has_path && chance(60) ? path(kind) : literal(kind);
  }
  if (depth > 1 && chance(12)) {
    // A pipe: the last argument comes first.
    const auto& one = pick(signatures);
    if (!one.arguments.empty() && one.arguments.back() != '*' && (one.result == kind || kind == 'a')) {
      const auto piped = argument(one.arguments.back(), depth);
      return '(' + piped + " | " + call_of(one.name, one.arguments.substr(0, one.arguments.size() - 1), depth) + ')';
    }
  }
  std::string text = '(' + call(kind, depth) + ')';
  if (kind == 'a' && chance(8)) text += pick(std::array<std::string_view, 4>{".a", ".x", ".Major", ".deep.x"});
  return text;
}

std::string TemplateGenerator::block(int depth) {
  const auto inner = [&] { return depth > 0 && chance(30) ? block(depth - 1) : "{{ " + expression('a', 2) + " }}"; };
  switch (below(9)) {
    case 0: return "{{ if " + expression('a', 2) + " }}" + inner() + "{{ else }}" + inner() + "{{ end }}";
    case 1: return "{{ range $i, $e := " + expression('l', 2) + " }}{{ $i }}={{ $e }};{{ end }}";
    case 2: return "{{ range $k, $e := " + expression('m', 2) + " }}{{ $k }}:{{ toJson $e }};{{ else }}none{{ end }}";
    case 3: return "{{ with " + expression('a', 2) + " }}{{ . }}{{ else }}" + inner() + "{{ end }}";
    case 4: return "{{ $x := " + expression('a', 2) + " }}{{ $x }}{{ $x = " + expression('a', 2) + " }}{{ toJson $x }}";
    case 5: return "{{ range " + expression('a', 2) + " }}<{{ . }}>{{ end }}";
    case 6: return "{{ include \"shared\" " + expression('a', 2) + " }}";
    case 7: return "{{ " + expression('a', 2) + " | toYaml }}";
    default: return "{{ " + format_call(2) + " }}";
  }
}

std::string TemplateGenerator::statement() {
  if (chance(30)) return block(2);
  return "{{ " + expression('a', 3) + " }}";
}

std::string template_values() {
  return R"(s: text
multi: "first\nsecond: x\n\n"
uni: "Grüße, \u4e16\u754c \U0001F600"
num: 8080
big: 1234567890
float: 1.25
neg: -17
t: true
no: false
nul: null
empty: ""
m: {a: 1, b: two, x: [1, 2], deep: {x: y, n: null, e: ""}, z: null, name: n}
em: {}
odd: {"1": one, "true": t, "a b": c, "é": e, "": nothing, a.b/c: d}
strs: {a: x, b: y, k: v, word: w}
nested: {a: {b: {c: {d: 1}}}, m: {x: 1}, list: [{a: 1}, {b: [1, [2, {c: 3}]]}]}
l: [b, a, 1, null, {k: v}, [x]]
el: []
nums: [3, 1, 2, 1000000, 0.5]
mixed: [true, "", 0, null, [], {}]
maps: [{a: 1, name: x}, {a: 2}, {}]
dupes: [a, b, a, 1, 1, "1", {a: 1}, {a: 1}]
lists: [[1, 2], [3], []]
words: [one, two, three, "four five"]
)";
}

}  // namespace gitopsctl::tests
