#include "channels/registry/index.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/json/json.hpp"
#include "base/text/escape.hpp"
#include "base/text/semver.hpp"
#include "base/yaml/yaml.hpp"

namespace gitopsctl::channels {

namespace {

constexpr std::uint64_t max_nodes = 4'000'000;  // of 64 MiB; the largest public index has some 600,000
constexpr std::size_t max_urls = 16;            // only the first is used
constexpr std::size_t versions_in_hint = 8;

std::string shown(std::string_view text) { return "'" + terminal_safe(truncate_utf8(text, 120)) + "'"; }

/// Orders versions with the newest first.
bool newer(const std::optional<SemVer>& a, std::string_view a_text, const std::optional<SemVer>& b,
           std::string_view b_text) {
  if (a.has_value() != b.has_value()) return a.has_value();
  if (a) {
    if (const int order = compare(*a, *b); order != 0) return order > 0;
  }
  return a_text > b_text;
}

std::optional<SemVer> version_of(std::string_view text) {
  auto parsed = parse_semver(text);
  return parsed.ok() ? std::optional(*std::move(parsed)) : std::nullopt;
}

template <class Item, class Text>
void sort_by_version(std::vector<Item>& items, const Text& text_of) {
  std::vector<std::pair<std::optional<SemVer>, Item>> keyed;
  keyed.reserve(items.size());
  for (auto& item : items) keyed.emplace_back(version_of(text_of(item)), std::move(item));
  std::stable_sort(keyed.begin(), keyed.end(), [&](const auto& a, const auto& b) {
    return newer(a.first, text_of(a.second), b.first, text_of(b.second));
  });
  for (std::size_t i = 0; i < items.size(); ++i) items[i] = std::move(keyed[i].second);
}

/// A digest as indexes write it: with or without `sha256:`. Of another form it is one that nothing has.
std::string digest_of(const Value& entry) {
  const Value* digest = entry.find("digest");
  if (digest == nullptr || !digest->is_string() || digest->as_string().empty()) return {};
  std::string text(digest->as_string());
  return text.find(':') == std::string::npos ? "sha256:" + text : text;
}

std::optional<IndexEntry> read_entry(const Value& entry) {
  if (!entry.is_map() || entry.string_at({"name"}).empty()) return std::nullopt;
  IndexEntry out;
  out.version = entry.string_at({"version"});
  if (!parse_semver(out.version).ok()) return std::nullopt;
  out.digest = digest_of(entry);
  if (const Value* urls = entry.find("urls"); urls != nullptr) {
    for (const auto& url : urls->as_list()) {
      if (url.is_string() && out.urls.size() < max_urls) out.urls.emplace_back(url.as_string());
    }
  }
  return out;
}

}  // namespace

void sort_newest_first(std::vector<std::string>& versions) {
  sort_by_version(versions, [](const std::string& text) { return std::string_view(text); });
}

Result<int> choose_version(const std::vector<std::string>& versions, std::string_view wanted) {
  const auto exact = std::find(versions.begin(), versions.end(), wanted);
  if (!wanted.empty() && exact != versions.end()) return static_cast<int>(exact - versions.begin());
  auto range = SemVerConstraint::parse(wanted.empty() ? "*" : wanted);
  if (!range.ok()) {
    return Error(ErrorCode::invalid_input, range.error().message())
        .with_hint("write a version such as 1.2.3, or a range such as ~1.2 or >=1.0.0 <2.0.0");
  }
  for (std::size_t i = 0; i < versions.size(); ++i) {
    const auto version = version_of(versions[i]);
    if (version && range->matches(*version)) return static_cast<int>(i);
  }
  return -1;
}

Result<ChartIndex> ChartIndex::parse(std::string_view text, const std::string& file) {
  if (text.empty()) return Error(ErrorCode::invalid_input, "empty index.yaml file").at({.file = file});
  YamlOptions options;
  options.max_bytes = max_bytes;
  options.max_nodes = max_nodes;
  options.max_depth = 100;
  options.quote_content = false;
  const auto start = text.find_first_not_of(" \t\r\n");
  const bool json = start != std::string_view::npos && text[start] == '{';
  auto document = json ? parse_json(text, file, true, max_bytes) : parse_yaml(text, options, file);
  // Some JSON of helm's kind of YAML is none of JSON's.
  if (json && !document.ok() && document.error().code() != ErrorCode::too_large) document = parse_yaml(text, options, file);
  if (!document.ok()) return document.error().in("the index of the chart repository");
  const Value* entries = document->find("entries");
  if (!document->is_map() || (entries != nullptr && !entries->is_nothing() && !entries->is_map())) {
    return Error(ErrorCode::invalid_input, "this is no index of a chart repository").at({.file = file});
  }
  if (document->string_at({"apiVersion"}).empty()) {
    return Error(ErrorCode::invalid_input, "no API version specified")
        .at({.file = file})
        .with_hint("is this the address of a chart repository? it must serve index.yaml");
  }
  ChartIndex out;
  if (entries == nullptr) return out;
  for (const auto& member : entries->as_map()) {
    auto& versions = out.entries_[member.key.str()];
    for (const auto& item : member.value.as_list()) {
      if (auto entry = read_entry(item)) versions.push_back(*std::move(entry));
    }
    sort_by_version(versions, [](const IndexEntry& entry) { return std::string_view(entry.version); });
  }
  return out;
}

const std::vector<IndexEntry>& ChartIndex::versions(std::string_view name) const {
  static const std::vector<IndexEntry> none;
  const auto found = entries_.find(name);
  return found == entries_.end() ? none : found->second;
}

Result<const IndexEntry*> ChartIndex::find(std::string_view name, std::string_view wanted) const {
  const auto& known = versions(name);
  const std::string what = "chart " + shown(name) + (wanted.empty() ? "" : " version " + shown(wanted));
  if (known.empty()) {
    std::vector<std::string_view> names;
    for (const auto& [chart, list] : entries_) {
      if (names.size() < 1000) names.push_back(chart);
    }
    const auto near = did_you_mean(name, names.data(), names.size());
    return Error(ErrorCode::not_found, what + " is not in the repository")
        .with_hint(near.empty() ? "it lists " + std::to_string(entries_.size()) + " other charts"
                                : "did you mean '" + terminal_safe(near) + "'?");
  }
  std::vector<std::string> texts;
  texts.reserve(known.size());
  for (const auto& entry : known) texts.push_back(entry.version);
  auto chosen = choose_version(texts, wanted);
  if (!chosen.ok()) return chosen.error().in(what);
  if (*chosen >= 0) return &known[static_cast<std::size_t>(*chosen)];
  std::string some;
  for (std::size_t i = 0; i < std::min(texts.size(), versions_in_hint); ++i) some += (i == 0 ? "" : ", ") + texts[i];
  return Error(ErrorCode::not_found, what + " is not in the repository")
      .with_hint("the newest there are " + terminal_safe(some) +
                 (wanted.empty() ? "; a prerelease is taken only when the version names one" : ""));
}

}  // namespace gitopsctl::channels
