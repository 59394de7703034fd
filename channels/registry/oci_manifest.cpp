#include "channels/registry/oci_manifest.hpp"

#include <algorithm>

#include "base/json/json.hpp"

namespace gitopsctl::channels {

namespace {

// Media types of helm's chart format in registries (HIP 6).
constexpr std::string_view chart_type = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
constexpr std::string_view old_chart_type = "application/tar+gzip";
constexpr std::string_view provenance_type = "application/vnd.cncf.helm.chart.provenance.v1.prov";
constexpr std::size_t max_descriptors = 100;
constexpr std::size_t max_page_tags = 100'000;
constexpr std::uint64_t max_document_bytes = 8U << 20U;

Error no_manifest(const std::string& what) {
  return {ErrorCode::invalid_input, "the registry's manifest cannot be used: " + what};
}

bool is_sha256(std::string_view digest) {
  return digest.starts_with("sha256:") && digest.size() == 71 &&
         digest.substr(7).find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Result<std::vector<OciDescriptor>> read_descriptors(const Value* list) {
  std::vector<OciDescriptor> out;
  if (list == nullptr) return out;
  if (list->size() > max_descriptors) return no_manifest("it has more than 100 parts");
  for (const auto& item : list->as_list()) {
    OciDescriptor descriptor;
    descriptor.media_type = item.string_at({"mediaType"});
    descriptor.digest = item.string_at({"digest"});
    const Value* size = item.find("size");
    if (!is_sha256(descriptor.digest)) return no_manifest("a digest in it is not SHA-256");
    if (size == nullptr || !size->is_int() || size->as_int() < 0) return no_manifest("a size is missing");
    descriptor.size = static_cast<std::uint64_t>(size->as_int());
    out.push_back(std::move(descriptor));
  }
  return out;
}

const OciDescriptor* of_type(const std::vector<OciDescriptor>& layers, std::string_view type) {
  const auto found = std::find_if(layers.begin(), layers.end(), [&](const auto& layer) { return layer.media_type == type; });
  return found == layers.end() ? nullptr : &*found;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

bool is_token(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

/// Walks through `Scheme key=value, key="value", Scheme …` (RFC 9110, section 11.6.1).
class ChallengeReader {
 public:
  explicit ChallengeReader(std::string_view text) : text_(text) {}

  std::optional<AuthChallenge> read() {
    std::optional<AuthChallenge> found;
    while (skip_blanks(), at_ < text_.size()) {
      const auto word = token();
      if (word.empty()) return found;
      skip_spaces();
      if (at_ < text_.size() && text_[at_] == '=') {
        ++at_;
        const auto value = parameter();
        if (found) keep(*found, lower(word), value);
        continue;
      }
      // A word without `=` begins a challenge; the first that is of use ends with the next.
      if (found) return found;
      if (const auto scheme = lower(word); scheme == "bearer" || scheme == "basic") found.emplace().scheme = scheme;
    }
    return found;
  }

 private:
  void skip_spaces() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
  }
  void skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == ',')) ++at_;
  }
  std::string_view token() {
    const auto start = at_;
    while (at_ < text_.size() && is_token(text_[at_])) ++at_;
    return text_.substr(start, at_ - start);
  }
  std::string parameter() {
    skip_spaces();
    if (at_ >= text_.size() || text_[at_] != '"') {
      // More than a token allows: a scope without quotes has colons and slashes in it.
      const auto start = at_;
      while (at_ < text_.size() && text_[at_] != ',' && text_[at_] != ' ' && text_[at_] != '\t') ++at_;
      return std::string(text_.substr(start, at_ - start));
    }
    std::string out;
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      out += text_[at_];
    }
    ++at_;
    return out;
  }
  static void keep(AuthChallenge& challenge, std::string_view key, const std::string& value) {
    if (key == "realm") challenge.realm = value;
    if (key == "service") challenge.service = value;
    if (key == "scope") challenge.scope = value;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

const OciDescriptor* OciManifest::chart() const noexcept {
  const auto* layer = of_type(layers, chart_type);
  return layer != nullptr ? layer : of_type(layers, old_chart_type);
}

const OciDescriptor* OciManifest::provenance() const noexcept { return of_type(layers, provenance_type); }

Result<OciManifest> parse_oci_manifest(std::string_view json) {
  const auto document = parse_json(json, "manifest", true, max_document_bytes);
  if (!document.ok() || !document->is_map()) return no_manifest("it is no JSON");
  const Value* version = document->find("schemaVersion");
  if (version == nullptr || !version->is_int() || version->as_int() != 2)
    return no_manifest("it is not of schema version 2");
  OciManifest out;
  out.config_media_type = document->string_at({"config", "mediaType"});
  GITOPSCTL_TRY(out.layers, read_descriptors(document->find("layers")));
  GITOPSCTL_TRY(out.manifests, read_descriptors(document->find("manifests")));
  return out;
}

Result<std::vector<std::string>> parse_oci_tags(std::string_view json) {
  const auto document = parse_json(json, "tags", true, max_document_bytes);
  if (!document.ok() || !document->is_map())
    return Error(ErrorCode::invalid_input, "the registry's list of tags is no JSON");
  std::vector<std::string> out;
  const Value* tags = document->find("tags");
  if (tags == nullptr) return out;
  if (tags->size() > max_page_tags) return Error(ErrorCode::too_large, "the registry lists more than 100000 tags at once");
  for (const auto& tag : tags->as_list()) {
    if (tag.is_string()) out.emplace_back(tag.as_string());
  }
  return out;
}

std::optional<AuthChallenge> parse_challenge(std::string_view header) { return ChallengeReader(header).read(); }

std::string next_link(std::string_view header) {
  // `<target>; rel="next"`, several of them with commas between (RFC 8288).
  for (std::size_t at = 0; (at = header.find('<', at)) != std::string_view::npos;) {
    const auto end = header.find('>', at);
    if (end == std::string_view::npos) return {};
    const auto target = header.substr(at + 1, end - at - 1);
    const auto parameters = header.substr(end + 1, header.find('<', end) - end - 1);
    if (parameters.find("rel=\"next\"") != std::string_view::npos || parameters.find("rel=next") != std::string_view::npos) {
      return std::string(target);
    }
    at = end;
  }
  return {};
}

}  // namespace gitopsctl::channels
