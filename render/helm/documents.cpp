#include "render/helm/documents.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <optional>
#include <utility>

#include "base/text/ascii.hpp"
#include "base/text/go_format.hpp"
#include "base/yaml/yaml.hpp"
#include "render/helm/go_struct.hpp"
#include "render/helm/helm_log.hpp"
#include "render/helm/whitespace.hpp"
#include "render/manifest/object.hpp"

namespace gitopsctl::render::helm {

namespace {

constexpr std::array<std::string_view, 9> hook_events = {
    "pre-install",  "post-install", "pre-delete",    "post-delete", "pre-upgrade",
    "post-upgrade", "pre-rollback", "post-rollback", "test",
};

// A document with what decides its place.
struct Sorted {
  Document document;
  std::string kind;
};

// The few fields that Helm reads of every document.
struct Head {
  FirstYamlDocument content;  ///< all of it
  std::string kind;
  Value annotations = Value::nil_map(MapType::string);
};

int newlines(std::string_view text) { return static_cast<int>(std::count(text.begin(), text.end(), '\n')); }

/// Whether a field that Helm reads as text holds a number. Names are compared as GoStruct does.
bool has_number(const Value& document) {
  const auto named = [](const Value::Member& one, std::string_view name) { return ascii_equal_fold(one.key.view(), name); };
  for (const auto& top : document.as_map()) {
    if (top.value.is_number() && (named(top, "apiVersion") || named(top, "kind"))) return true;
    if (!top.value.is_map() || !named(top, "metadata")) continue;
    for (const auto& inner : top.value.as_map()) {
      if (inner.value.is_number() && named(inner, "name")) return true;
      if (!named(inner, "annotations")) continue;
      for (const auto& annotation : inner.value.as_map()) {
        if (annotation.value.is_number()) return true;
      }
    }
  }
  return false;
}

Result<Head> read_head(std::string_view text, const HelmProfile& profile, bool quote_content) {
  auto document = parse_first_yaml(text, {.numbers = YamlNumbers::integers, .quote_content = quote_content});
  if (!document.ok()) {
    const auto& error = document.error();
    return Error(error.code(), "error converting YAML to JSON: " + error.message())
        .at({.file = {}, .line = error.where().line});
  }
  Head head;
  std::string api_version;
  std::string name;
  head.content = *std::move(document);
  Value body = head.content.document.value;
  if (has_number(body)) {
    // As text it is what was written, which the tree of an object does not tell.
    auto written = parse_yaml(text, {.numbers = YamlNumbers::written, .quote_content = quote_content});
    if (written.ok()) body = *std::move(written);
  }
  GoStruct fields(body, profile.major == 3 ? "releaseutil.SimpleHead" : "util.SimpleHead", profile.go);
  fields.read("apiVersion", api_version);
  fields.read("kind", head.kind);
  if (const auto* metadata = fields.member("metadata")) {
    GoStruct inner(fields, *metadata,
                   R"(struct { Name string "json:\"name\""; Annotations map[string]string "json:\"annotations\"" })",
                   "metadata");
    inner.read("name", name);
    inner.read_string_map("annotations", head.annotations);
    fields.adopt(inner);
  }
  if (!fields.mistake().empty()) {
    return Error(ErrorCode::invalid_input, "error unmarshaling JSON: while decoding JSON: " + fields.mistake());
  }
  return head;
}

// The events of a hook annotation; nullopt when one of them is unknown.
std::optional<std::vector<std::string>> read_events(std::string_view text) {
  std::vector<std::string> events;
  while (true) {
    const auto comma = text.find(',');
    std::string name(trim_space(text.substr(0, comma)));
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    if (name == "test-success") name = "test";  // Helm 2's name
    if (std::find(hook_events.begin(), hook_events.end(), name) == hook_events.end()) return std::nullopt;
    events.push_back(std::move(name));
    if (comma == std::string_view::npos) return events;
    text.remove_prefix(comma + 1);
  }
}

int read_weight(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  int weight = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), weight);
  return error == std::errc{} && end == text.data() + text.size() ? weight : 0;
}

int rank(std::string_view kind, const HelmProfile& profile) {
  static const int unlisted = install_order({});
  if (!profile.webhooks_have_a_place && kind.ends_with("WebhookConfiguration")) return unlisted;
  return install_order(kind);
}

void sort_by_kind(std::vector<Sorted>& documents, const HelmProfile& profile) {
  static const int unlisted = install_order({});
  std::stable_sort(documents.begin(), documents.end(), [&](const Sorted& a, const Sorted& b) {
    const int first = rank(a.kind, profile);
    const int second = rank(b.kind, profile);
    if (first == unlisted && second == unlisted) return a.kind < b.kind;
    return first < second;
  });
}

std::vector<Document> documents_of(std::vector<Sorted> sorted, const HelmProfile& profile) {
  sort_by_kind(sorted, profile);
  std::vector<Document> out;
  out.reserve(sorted.size());
  for (auto& one : sorted) out.push_back(std::move(one.document));
  return out;
}

struct Classifier {
  Output& out;
  const HelmProfile& profile;
  bool quote_content;
  bool keep_content;
  HelmLog* log;
  std::vector<Sorted> manifests;
  std::vector<Sorted> hooks;

  Result<void> add(const RenderedFile& file, const Part& part) {
    auto head = read_head(part.text, profile, quote_content);
    if (!head.ok()) {
      const auto& error = head.error();
      const int line = part.line + std::max(error.where().line, 1) - 1;
      return Error(error.code(), "YAML parse error on " + file.path + ": " + error.message())
          .at({.file = file.origin})
          .with_hint("the template renders to a text that is no manifest near its line " + std::to_string(line) +
                     "; look at the indentation and quotes of what it inserts");
    }
    Sorted sorted;
    sorted.kind = std::move(head->kind);
    sorted.document.path = file.path;
    sorted.document.origin = file.origin;
    sorted.document.text = std::string(part.text);
    sorted.document.line = part.line;
    if (keep_content && head->content.alone) sorted.document.content = std::move(head->content.document);
    const auto* annotation = head->annotations.find("helm.sh/hook");
    if (annotation == nullptr) {
      manifests.push_back(std::move(sorted));
      return {};
    }
    auto events = read_events(annotation->as_string());
    if (!events) {
      out.warnings.push_back(file.path + ": the hook " +
                             (quote_content ? "'" + std::string(annotation->as_string()) + "' " : std::string()) +
                             "is unknown to Helm, so the document is left out");
      if (log != nullptr) {
        const std::string types(annotation->as_string());
        log->write("manifest_sorter.go:199", "info: skipping unknown hook: " + go_quote(types), "INFO",
                   "skipping unknown hooks", {{"hookTypes", types}});
      }
      return {};
    }
    auto& document = sorted.document;
    document.is_hook = true;
    document.hook_events = std::move(*events);
    document.hook_weight = read_weight(head->annotations.string_at({"helm.sh/hook-weight"}));
    hooks.push_back(std::move(sorted));
    return {};
  }
};

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }

// The separator of Helm 3: `---` at the very beginning, or behind white space that ends in a newline, with all white space
// around it. So a newline that one separator has taken is no beginning for the next.
std::vector<Part> split_classic(std::string_view text, bool trims_end) {
  std::vector<Part> parts;
  std::string_view rest = trim_left_space(text);
  if (trims_end) rest = trim_space(rest);
  std::size_t counted = 0;
  int line = 1;
  const auto add = [&](std::size_t from, std::size_t to) {
    const auto part = trims_end ? trim_space(rest.substr(from, to - from)) : trim_left_space(rest.substr(from, to - from));
    if (trim_space(part).empty()) return;
    const auto at = static_cast<std::size_t>(part.data() - text.data());
    line += newlines(text.substr(counted, at - counted));
    counted = at;
    parts.push_back({part, line});
  };
  std::size_t start = 0;  // of the part, behind the separator before it
  for (auto at = rest.find("---"); at != std::string_view::npos; at = rest.find("---", at)) {
    const bool behind_newline = at > start && rest[at - 1] == '\n';
    if (at != 0 && !behind_newline) {
      ++at;
      continue;
    }
    auto end = at;
    while (end > start && is_blank(rest[end - 1])) --end;
    add(start, end);
    at += 3;
    while (at < rest.size() && is_blank(rest[at])) ++at;
    start = at;
  }
  add(start, rest.size());
  return parts;
}

}  // namespace

std::vector<Part> split_documents(std::string_view text, DocumentCut cut) {
  if (cut != DocumentCut::lines) return split_classic(text, cut == DocumentCut::trimmed);
  std::vector<Part> parts;
  std::string_view rest = trim_left_space(text);
  int line = 1 + newlines(text.substr(0, text.size() - rest.size()));
  const auto add = [&](std::string_view part, int first_line) {
    const auto trimmed = trim_left_space(part);
    if (trimmed.empty()) return;
    parts.push_back({trimmed, first_line + newlines(part.substr(0, part.size() - trimmed.size()))});
  };
  std::size_t start = 0;
  int start_line = line;
  for (std::size_t at = 0; at < rest.size();) {
    if (rest.substr(at).starts_with("---")) {
      add(rest.substr(start, at - start), start_line);
      start = rest.find_first_not_of(" \t", at + 3);
      if (start == std::string_view::npos) start = rest.size();
      start_line = line;
    }
    const auto newline = rest.find('\n', at);
    if (newline == std::string_view::npos) break;
    at = newline + 1;
    ++line;
  }
  add(rest.substr(start), start_line);
  return parts;
}

Result<void> sort_documents(std::vector<RenderedFile> files, Output& out, const HelmProfile& profile, bool quote_content,
                            bool keep_content, HelmLog* log) {
  std::sort(files.begin(), files.end(), [](const RenderedFile& a, const RenderedFile& b) { return a.path < b.path; });
  Classifier classifier{.out = out,
                        .profile = profile,
                        .quote_content = quote_content,
                        .keep_content = keep_content,
                        .log = log,
                        .manifests = {},
                        .hooks = {}};
  for (auto& file : files) {
    const auto base = std::string_view(file.path).substr(file.path.rfind('/') + 1);
    if (base.starts_with('_')) continue;
    for (const auto& part : split_documents(file.text, profile.cut)) GITOPSCTL_CHECK(classifier.add(file, part));
    file.text = {};  // its documents have copies
  }
  out.cut = profile.cut;
  out.manifests = documents_of(std::move(classifier.manifests), profile);
  out.hooks = documents_of(std::move(classifier.hooks), profile);
  return {};
}

}  // namespace gitopsctl::render::helm
