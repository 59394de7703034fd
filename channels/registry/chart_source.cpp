#include "channels/registry/chart_source.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/crypto/digest.hpp"
#include "base/text/escape.hpp"
#include "base/text/percent.hpp"
#include "base/text/semver.hpp"
#include "channels/http/client.hpp"
#include "channels/http/url.hpp"
#include "channels/registry/answer_error.hpp"
#include "channels/registry/oci_client.hpp"
#include "channels/registry/oci_manifest.hpp"
#include "render/helm/metadata.hpp"

namespace gitopsctl::channels {

namespace {

/// Of one run of a channel, or one update of dependencies: within it nobody publishes anything new.
constexpr Millis index_kept{60'000};
constexpr std::size_t max_indexes = 4;
constexpr std::size_t max_failures = 1'000;
constexpr std::size_t max_listed_manifests = 8;
constexpr std::uint64_t max_provenance_bytes = 1U << 20U;
constexpr std::uint64_t max_chart_yaml = 4U << 20U;
constexpr std::string_view scheme = "oci://";

std::string pin_key(const RemoteChart& chart) { return chart.location + '\n' + chart.name + '\n' + chart.version; }

/// `oci://host/path` as host and path.
std::pair<std::string, std::string> split_location(const std::string& location) {
  const auto rest = location.substr(scheme.size());
  const auto slash = rest.find('/');
  return {rest.substr(0, slash), rest.substr(slash + 1)};
}

std::string last_part(const std::string& location) { return location.substr(location.rfind('/') + 1); }

bool is_plain_name(std::string_view name) {
  return !name.empty() && name.size() <= 200 && name != "." && name != ".." && name.front() != '-' &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7F && c != '/' && c != '\\'; });
}

/// What an archive that is fetched from `url` is called; helm takes the last part of the address. A server does not choose
/// any other kind of name: it may be written into somebody's directory.
std::string file_name_of(const std::string& url, const std::string& name, const std::string& version) {
  const auto path = url.substr(0, url.find_first_of("?#"));
  if (const auto file = percent_decode(last_part(path));
      is_plain_name(file) && file.front() != '.' && file.ends_with(".tgz"))
    return file;
  const auto made = (name.empty() ? "chart" : name) + (version.empty() ? "" : "-" + version) + ".tgz";
  return is_plain_name(made) ? made : "chart.tgz";
}

/// An address without its query, which may be a permission to read.
std::string shown_url(const std::string& url) { return redact_url(url.substr(0, url.find('?'))); }

/// The version that the chart in an archive says it has.
Result<std::string> packed_version(const FileTree& archive) {
  GITOPSCTL_TRY(const auto top, archive.list({}));
  for (const auto& entry : top) {
    const auto file = TreePath().child(entry.name).child("Chart.yaml");
    const auto text = archive.read(file, max_chart_yaml);
    if (!text.ok()) continue;
    render::helm::Metadata metadata;
    GITOPSCTL_CHECK(render::helm::read_metadata(*text, "Chart.yaml", metadata));
    return metadata.version;
  }
  return Error(ErrorCode::invalid_input, "the archive has no Chart.yaml");
}

bool same_version(const std::string& a, const std::string& b) {
  const auto left = parse_semver(a);
  const auto right = parse_semver(b);
  return left.ok() && right.ok() && left->to_string() == right->to_string();
}

Error other_digest(const std::string& what, const std::string& wanted, const std::string& got) {
  return Error(ErrorCode::conflict, what + " has digest " + got + " and not " + wanted)
      .with_hint("nothing of it is used; if the change is meant, write digest: " + got);
}

bool is_no_answer(const Error& error) {
  return error.code() == ErrorCode::unavailable || error.code() == ErrorCode::timeout;
}

std::string advice_for(const Error& error, const RemoteChart& chart) {
  if (!is_no_answer(error)) return "nothing of it is used; is it the right address, and the right chart?";
  if (!chart.in_registry()) return "it is tried again by itself; is the server well?";
  return "is it the right registry? one that speaks http alone needs --plain-http, or plainHTTP in the agent's file";
}

std::string tag_of(std::string version) {
  std::replace(version.begin(), version.end(), '+', '_');
  return version;
}

}  // namespace

ChartSource::ChartSource(Options options, Clock& clock)
    : options_(std::move(options)), clock_(clock), cache_(options_.cache_directory, options_.cache_bytes) {}

ChartSource::~ChartSource() = default;

Result<HostAccess> ChartSource::access_of(const std::string& url) const {
  if (!options_.access) return HostAccess();
  if (url.starts_with(scheme)) return options_.access(split_location(url).first);
  GITOPSCTL_TRY(const auto parsed, HttpUrl::parse(url));
  return options_.access(host_key(parsed));
}

std::shared_ptr<std::mutex> ChartSource::turn_of(const std::string& location) {
  const std::lock_guard lock(mutex_);
  std::erase_if(turns_, [](const auto& turn) { return turn.second.expired(); });
  auto& known = turns_[location];
  auto turn = known.lock();
  if (turn == nullptr) {
    turn = std::make_shared<std::mutex>();
    known = turn;
  }
  return turn;
}

Result<FetchedChart> ChartSource::from_cache(const RemoteChart& chart) {
  const auto lacking = [&] {
    return Error(ErrorCode::needs_source, chart.shown() + " is not in the cache of charts")
        .with_hint("it is fetched when the network may be asked");
  };
  FetchedChart out;
  out.asked = chart;
  out.version = chart.version;
  if (const auto pin = is_exact_version(chart.version) ? cache_.pin(pin_key(chart)) : std::nullopt;
      pin && (chart.digest.empty() || chart.digest == pin->digest)) {
    out.version = pin->version;
    out.digest = pin->digest;
    out.archive = pin->archive;
  } else if (!chart.digest.empty() && chart.in_registry()) {
    const auto manifest = cache_.get(chart.digest);
    if (!manifest) return lacking();
    GITOPSCTL_TRY(const auto parsed, parse_oci_manifest(*manifest));
    if (parsed.chart() == nullptr) return lacking();
    out.digest = chart.digest;
    out.archive = parsed.chart()->digest;
  } else if (!chart.digest.empty()) {
    out.digest = out.archive = chart.digest;
  } else {
    return lacking();
  }
  auto bytes = cache_.get(out.archive);
  if (!bytes) return lacking();
  const auto& name = chart.in_registry() ? last_part(chart.location) : chart.name;
  out.file_name = file_name_of("", name, out.version);
  out.bytes = std::make_shared<const std::string>(*std::move(bytes));
  return out;
}

Result<FetchedChart> ChartSource::cached(const RemoteChart& chart) {
  GITOPSCTL_CHECK(check_remote_chart(chart));
  return from_cache(chart);
}

/// Puts what was fetched into the cache, unless the version was something else before.
Result<void> ChartSource::keep(const RemoteChart& chart, FetchedChart& fetched) {
  const bool exact = is_exact_version(chart.version);
  if (exact && options_.pins == PinUse::trust) {
    const auto before = cache_.pin(pin_key(chart));
    if (before && chart.digest.empty() && before->digest != fetched.digest) {
      return Error(ErrorCode::conflict, "the server has another chart under this version than before: digest " +
                                            fetched.digest + " and not " + before->digest)
          .with_hint("nothing of it is used; if the change is meant, write digest: " + fetched.digest);
    }
  }
  // The rest of the program reads it as an archive: what is none, or unfolds beyond all measure, is not worth keeping.
  GITOPSCTL_TRY(const auto opened, open_tgz(*fetched.bytes, chart.shown()));
  if (exact && options_.pins == PinUse::trust) {
    GITOPSCTL_TRY(const auto version, packed_version(*opened));
    if (!same_version(version, chart.version)) {
      return Error(ErrorCode::conflict,
                   "the chart says that it is version '" + terminal_safe(truncate_utf8(version, 80)) + "'")
          .with_hint("nothing of it is used; which of version and digest is meant?");
    }
  }
  fetched.archive = cache_.put(*fetched.bytes);
  if (exact) {
    cache_.set_pin(pin_key(chart),
                   {fetched.version.empty() ? chart.version : fetched.version, fetched.digest, fetched.archive});
  }
  return {};
}

Result<std::string> ChartSource::download(const std::string& url, std::uint64_t max_bytes, const std::string& what,
                                          const Interrupt& interrupt) {
  GITOPSCTL_TRY(const auto access, access_of(url));
  HttpOrigin origin;
  origin.url = url;
  // A commit chooses the scheme: without encryption credentials go out only where that was allowed beside them.
  if (url.starts_with("https://") || access.plain_http) {
    origin.username = access.username;
    origin.password = access.password;
    origin.bearer = access.bearer;
  }
  origin.ca_pem = access.ca_pem;
  origin.proxy = access.proxy;
  origin.insecure_skip_tls_verify = access.insecure_skip_tls_verify;
  HttpClient client(std::move(origin));
  HttpRequest request;
  request.url = url;
  request.max_response_bytes = max_bytes;
  request.compressed = false;
  GITOPSCTL_TRY(auto response, client.send(request, interrupt));
  if (response.status != 200) return answer_error(response, what);
  return std::move(response.body);
}

/// The version in the index of a repository. One that was read a moment ago may not have what was published since.
Result<IndexEntry> ChartSource::entry_of(const RemoteChart& chart, const Interrupt& interrupt) {
  std::shared_ptr<const ChartIndex> kept;
  {
    const std::lock_guard lock(mutex_);
    const auto known = indexes_.find(chart.location);
    if (known != indexes_.end() && clock_.monotonic() - known->second.at < index_kept) kept = known->second.index;
  }
  if (kept != nullptr) {
    if (const auto entry = kept->find(chart.name, chart.version); entry.ok()) return **entry;
  }
  GITOPSCTL_TRY(const auto index, read_index(chart.location, interrupt));
  GITOPSCTL_TRY(const IndexEntry* entry, index->find(chart.name, chart.version));
  return *entry;
}

Result<std::shared_ptr<const ChartIndex>> ChartSource::read_index(const std::string& repository,
                                                                  const Interrupt& interrupt) {
  const std::string url = repository + (repository.ends_with('/') ? "" : "/") + "index.yaml";
  GITOPSCTL_TRY(const auto text, download(url, ChartIndex::max_bytes, url, interrupt));
  GITOPSCTL_TRY(auto parsed, ChartIndex::parse(text, url));
  auto index = std::make_shared<const ChartIndex>(std::move(parsed));
  const std::lock_guard lock(mutex_);
  if (indexes_.size() >= max_indexes) indexes_.clear();
  indexes_.insert_or_assign(repository, Index{index, clock_.monotonic()});
  return index;
}

Result<FetchedChart> ChartSource::ask_repository(const RemoteChart& chart, const Interrupt& interrupt) {
  FetchedChart out;
  out.asked = chart;
  std::string listed;  // the digest that the index has
  if (chart.name.empty()) {
    out.url = chart.location;
  } else {
    GITOPSCTL_TRY(const auto entry, entry_of(chart, interrupt));
    out.version = entry.version;
    listed = entry.digest;
    if (entry.urls.empty()) {
      return Error(ErrorCode::not_found,
                   "the index of " + chart.location + " has no address for " + chart.name + ' ' + entry.version);
    }
    GITOPSCTL_TRY(const auto base, HttpUrl::parse(chart.location + (chart.location.ends_with('/') ? "" : "/")));
    GITOPSCTL_TRY(const auto url, base.resolve(entry.urls.front()));
    if (base.scheme == "https" && url.scheme != "https") {
      return Error(ErrorCode::forbidden,
                   "the index of " + chart.location + " sends to " + url.origin() + ", without encryption")
          .with_hint("not followed: what comes from there could have been changed on the way");
    }
    out.url = url.plain;
    if (!chart.digest.empty() && !listed.empty() && listed != chart.digest) {
      return other_digest(chart.name + ' ' + entry.version + " of " + chart.location, chart.digest, terminal_safe(listed));
    }
  }
  const std::string wanted = chart.digest.empty() ? listed : chart.digest;
  auto bytes = wanted.empty() ? std::nullopt : cache_.get(wanted);
  if (!bytes) {
    GITOPSCTL_TRY(bytes, download(out.url, FileTree::default_max_bytes, shown_url(out.url), interrupt));
  }
  out.archive = out.digest = "sha256:" + sha256_hex(*bytes);
  if (!wanted.empty() && out.digest != wanted) return other_digest(shown_url(out.url), terminal_safe(wanted), out.digest);
  out.file_name = file_name_of(out.url, chart.name, out.version);
  out.bytes = std::make_shared<const std::string>(*std::move(bytes));
  return out;
}

namespace {

/// The tag of the chart: of an exact version itself, of a range the newest that is in it.
Result<std::string> choose_tag(OciClient& client, const RemoteChart& chart, const Interrupt& interrupt) {
  if (parse_semver(chart.version).ok()) return chart.version;
  GITOPSCTL_TRY(const auto tags, client.tags(interrupt));
  std::vector<std::string> versions;
  for (auto tag : tags) {
    std::replace(tag.begin(), tag.end(), '_', '+');
    if (is_exact_version(tag)) versions.push_back(std::move(tag));
  }
  if (versions.empty()) {
    return Error(ErrorCode::not_found, chart.location + " has no tag that is a version")
        .with_hint("is this the whole path of the chart? its last part is the chart's name");
  }
  sort_newest_first(versions);
  GITOPSCTL_TRY(const int chosen, choose_version(versions, chart.version));
  if (chosen >= 0) return versions[static_cast<std::size_t>(chosen)];
  return Error(ErrorCode::not_found, "no version of " + chart.location + " matches '" + terminal_safe(chart.version) + "'")
      .with_hint("the newest there is " + versions.front() +
                 (chart.version.empty() ? "; a prerelease is taken only when the version names one" : ""));
}

}  // namespace

Result<FetchedChart> ChartSource::ask_registry(const RemoteChart& chart, const Interrupt& interrupt) {
  const auto [host, repository] = split_location(chart.location);
  GITOPSCTL_TRY(auto access, access_of(chart.location));
  OciClient client(host, repository, std::move(access));
  FetchedChart out;
  out.asked = chart;
  std::string reference = chart.digest;
  if (reference.empty()) {
    GITOPSCTL_TRY(out.version, choose_tag(client, chart, interrupt));
    reference = tag_of(out.version);
  } else {
    out.version = is_exact_version(chart.version) ? chart.version : std::string();
  }
  GITOPSCTL_TRY(auto manifest, client.manifest(reference, interrupt));
  out.digest = manifest.digest;
  GITOPSCTL_TRY(auto parsed, parse_oci_manifest(manifest.bytes));
  // A list: the first of its manifests that has a chart.
  const auto listed = parsed.manifests;
  for (std::size_t i = 0; i < std::min(listed.size(), max_listed_manifests) && parsed.chart() == nullptr; ++i) {
    GITOPSCTL_TRY(const auto one, client.manifest(listed[i].digest, interrupt));
    GITOPSCTL_TRY(parsed, parse_oci_manifest(one.bytes));
    if (parsed.chart() != nullptr) manifest.bytes = one.bytes;
  }
  const OciDescriptor* layer = parsed.chart();
  if (layer == nullptr) {
    return Error(ErrorCode::invalid_input, chart.location + " is there, but is no chart")
        .with_hint("the artifact has no layer of helm's media type; was it pushed with helm push?");
  }
  auto bytes = cache_.get(layer->digest);
  if (!bytes) {
    GITOPSCTL_TRY(bytes, client.blob(*layer, FileTree::default_max_bytes, interrupt));
  }
  cache_.put(manifest.bytes);
  out.archive = layer->digest;
  out.file_name = file_name_of("", last_part(repository), out.version);
  out.bytes = std::make_shared<const std::string>(*std::move(bytes));
  return out;
}

Result<FetchedChart> ChartSource::ask(const RemoteChart& chart, const Interrupt& interrupt) {
  GITOPSCTL_TRY(auto fetched, chart.in_registry() ? ask_registry(chart, interrupt) : ask_repository(chart, interrupt));
  GITOPSCTL_CHECK(keep(chart, fetched));
  return fetched;
}

Result<FetchedChart> ChartSource::fetch(const RemoteChart& chart, const Interrupt& interrupt) {
  GITOPSCTL_CHECK(check_remote_chart(chart));
  if (options_.pins == PinUse::trust || !chart.digest.empty()) {
    if (auto known = from_cache(chart); known.ok()) return known;
  }
  const auto turn = turn_of(chart.location);
  const std::lock_guard one_at_a_time(*turn);
  {
    const std::lock_guard lock(mutex_);
    const auto failed = failures_.find(chart.location);
    if (failed != failures_.end() && clock_.monotonic() < failed->second.until) return failed->second.error;
  }
  Interrupt bounded = interrupt;
  bounded.deadline = interrupt.deadline.at_most(clock_, options_.timeout);
  auto fetched = ask(chart, bounded);
  if (fetched.ok()) return fetched;
  Error error = fetched.error().in("chart " + chart.shown());
  if (error.hint().empty()) error = error.with_hint(advice_for(error, chart));
  if (error.code() == ErrorCode::timeout) {
    error = Error(error.code(), "its server did not answer within " + format_duration(options_.timeout))
                .in("chart " + chart.shown())
                .with_hint("it is tried again by itself; is the server well, and the network to it?");
  }
  if (is_no_answer(error) && options_.pause > Millis(0)) {
    const std::lock_guard lock(mutex_);
    if (failures_.size() >= max_failures) failures_.clear();
    failures_.insert_or_assign(chart.location, Failure{error, clock_.monotonic() + options_.pause});
  }
  return error;
}

Result<std::string> ChartSource::resolve(const RemoteChart& chart, const Interrupt& interrupt) {
  GITOPSCTL_CHECK(check_remote_chart(chart));
  Interrupt bounded = interrupt;
  bounded.deadline = interrupt.deadline.at_most(clock_, options_.timeout);
  if (chart.in_registry()) {
    const auto [host, repository] = split_location(chart.location);
    GITOPSCTL_TRY(auto access, access_of(chart.location));
    OciClient client(host, repository, std::move(access));
    return choose_tag(client, chart, bounded);
  }
  GITOPSCTL_TRY(const auto entry, entry_of(chart, bounded));
  return entry.version;
}

Result<std::string> ChartSource::provenance(const FetchedChart& chart, const Interrupt& interrupt) {
  Interrupt bounded = interrupt;
  bounded.deadline = interrupt.deadline.at_most(clock_, options_.timeout);
  const auto none = [&] {
    return Error(ErrorCode::not_found, chart.asked.shown() + " has no provenance file")
        .with_hint("its author has not signed it");
  };
  if (!chart.asked.in_registry()) {
    auto text = download(chart.url + ".prov", max_provenance_bytes, shown_url(chart.url) + ".prov", bounded);
    if (!text.ok() && text.error().code() == ErrorCode::not_found) return none();
    return text;
  }
  const auto [host, repository] = split_location(chart.asked.location);
  GITOPSCTL_TRY(auto access, access_of(chart.asked.location));
  OciClient client(host, repository, std::move(access));
  GITOPSCTL_TRY(const auto manifest, client.manifest(chart.digest, bounded));
  GITOPSCTL_TRY(const auto parsed, parse_oci_manifest(manifest.bytes));
  if (parsed.provenance() == nullptr) return none();
  return client.blob(*parsed.provenance(), max_provenance_bytes, bounded);
}

}  // namespace gitopsctl::channels
