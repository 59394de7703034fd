#include <algorithm>
#include <utility>

#include "agent/kube/client_core.hpp"
#include "agent/kube/object_url.hpp"
#include "base/json/json.hpp"

namespace gitopsctl::agent {
namespace {

using Class = KubeErrorClass;

/// One event holds one object.
constexpr std::size_t max_event_bytes = detail::max_object_bytes + (1U << 20U);
/// The server closes a watch after so many seconds, and up to a quarter more by chance; the sum is below what proxies allow.
constexpr int least_seconds = 240;
constexpr int chance_seconds = 60;
/// Silence after the server should have closed it.
constexpr Millis close_margin{30'000};
/// A watch that was open so long was a good one: the next failure is a first one again. An earlier close is a failure too,
/// even behind events: a proxy may close every answer after its first piece.
constexpr Millis good_span{5'000};
/// Whatever Retry-After says: nothing is seen meanwhile.
constexpr Millis longest_wait{60'000};
/// Failures in a row, with nothing said between them, after which the version that is gone on from is no longer trusted.
constexpr unsigned failures_until_list = 4;

/// Takes a watch's answer apart into its lines, and tells their events.
class EventReader {
 public:
  EventReader(KubeWatchSink& sink, const ApiResource& resource, const KubeListOptions& options, const RequestFacts& facts,
              std::string& version)
      : sink_(sink), resource_(resource), options_(options), facts_(facts), version_(version) {}

  Result<void> take(std::string_view piece) {
    while (!piece.empty()) {
      const auto end = piece.find('\n');
      const auto part = piece.substr(0, end);
      if (line_.size() + part.size() > max_event_bytes)
        return stop(Error(ErrorCode::too_large, "an event is larger than 9 MiB"));
      line_ += part;
      if (end == std::string_view::npos) return {};
      piece.remove_prefix(end + 1);
      const std::string line = std::exchange(line_, {});
      if (line.find_first_not_of(" \r\t") != std::string::npos) GITOPSCTL_CHECK(event(line));
    }
    return {};
  }

  /// A bookmark came.
  [[nodiscard]] bool marked() const noexcept { return marked_; }
  /// Events and bookmarks that came.
  [[nodiscard]] std::uint64_t seen() const noexcept { return seen_; }
  /// Why reading ended before the answer did.
  [[nodiscard]] const std::optional<KubeError>& failure() const noexcept { return failure_; }
  /// The failure is the sink's own.
  [[nodiscard]] bool by_sink() const noexcept { return by_sink_; }

 private:
  Result<void> stop(KubeError error) {
    failure_ = error;
    return error;
  }

  Result<void> event(const std::string& line) {
    const auto read = parse_json(line, {}, true, max_event_bytes);
    const Value* object = read.ok() ? read->find("object") : nullptr;
    if (object == nullptr || !object->is_map()) return stop(detail::wrong_answer(facts_, "no event"));
    const auto type = read->string_at({"type"});
    if (type == "ERROR") return stop(read_status(*object, facts_));
    const std::string version(object->string_at({"metadata", "resourceVersion"}));
    if (version.empty()) return stop(detail::wrong_answer(facts_, "an event without a version"));
    ++seen_;
    if (type == "BOOKMARK") {
      marked_ = true;
      version_ = version;
      sink_.progress(version);
      return {};
    }
    using Event = KubeWatchSink::Event;
    if (type != "ADDED" && type != "MODIFIED" && type != "DELETED") {
      return stop(detail::wrong_answer(facts_, "an event of an unknown type"));
    }
    if (object->string_at({"metadata", "name"}).empty())
      return stop(detail::wrong_answer(facts_, "an event without a name"));
    if (const auto kind = object->string_at({"kind"}); kind != resource_.kind && kind != "PartialObjectMetadata") {
      return stop(detail::wrong_answer(facts_, "an event about another kind"));
    }
    Value whole = *object;
    if (options_.metadata_only) whole = make_map({{"metadata", *object->find("metadata")}});
    whole.set("apiVersion", Value::string(resource_.api_version()));
    whole.set("kind", Value::string(resource_.kind));
    const auto told = sink_.change(type == "ADDED"      ? Event::added
                                   : type == "MODIFIED" ? Event::modified
                                                        : Event::deleted,
                                   whole);
    if (!told) {
      by_sink_ = true;
      return stop(told.error());
    }
    version_ = version;
    return {};
  }

  KubeWatchSink& sink_;
  const ApiResource& resource_;
  const KubeListOptions& options_;
  const RequestFacts& facts_;
  std::string& version_;
  std::string line_;
  bool marked_ = false;
  std::uint64_t seen_ = 0;
  std::optional<KubeError> failure_;
  bool by_sink_ = false;
};

/// A failure that another attempt may not meet.
bool passes(const KubeError& error) {
  return error.transient() || error.is(Class::expired) || error.is(Class::foreign_answer);
}

}  // namespace

/// One watch: lists and streams, one after the other.
class KubeClient::Watch {
 public:
  Watch(const KubeClient& client, const ApiResource& resource, const KubeListOptions& options, KubeWatchSink& sink,
        const KubeCall& call, std::string path)
      : client_(client), resource_(resource), options_(options), sink_(sink), call_(call), path_(std::move(path)) {
    facts_ = detail::facts_of("watch of", resource, {resource.group, resource.kind, options.namespace_, ""}, call);
  }

  /// Returns only an error.
  KubeError run() {
    for (;;) {
      if (auto again = list(); !again) {
        if (by_sink_ || !passes(again.error())) return again.error();
        if (auto waited = wait(again.error()); !waited) return waited.error();
        continue;
      }
      if (auto ended = streams(); !ended) return ended.error();
    }
  }

 private:
  KubeResult<void> list() {
    GITOPSCTL_TRY(const auto all, client_.list({resource_.group, resource_.version, resource_.kind}, options_, call_));
    if (auto taken = sink_.replace(all); !taken) {
      by_sink_ = true;
      return taken.error();
    }
    version_ = all.resource_version;
    return {};
  }

  /// Streams from version_ on, until everything must be listed again (no error) or nothing can be done (an error).
  KubeResult<void> streams() {
    for (;;) {
      GITOPSCTL_CHECK(call_.interrupt.check(facts_.what));
      const Clock& clock = client_.core_->transport.clock();
      const Millis begin = clock.monotonic();
      const int seconds = least_seconds + static_cast<int>(client_.core_->transport.random() * chance_seconds);
      EventReader reader(sink_, resource_, options_, facts_, version_);
      const auto streamed = stream(seconds, reader);
      const Millis lasted = clock.monotonic() - begin;

      std::optional<KubeError> failure = reader.failure();
      if (!failure && !streamed) failure = streamed.error();
      if (reader.seen() > 0) barren_ = 0;
      if (reader.marked()) marks_ = Marks::come;
      if (lasted >= good_span && (reader.seen() > 0 || !failure)) failures_ = 0;
      if (failure && (reader.by_sink() || !passes(*failure))) return *failure;
      GITOPSCTL_CHECK(call_.interrupt.check(facts_.what));
      if (failure && failure->code() == ErrorCode::timeout && lasted >= silence() && !reader.failure()) {
        // Nobody is there behind a connection that looks well; or the server sends no bookmarks, and then only a list tells
        // what was missed.
        if (marks_ == Marks::come) continue;
        marks_ = Marks::missing;
        return {};
      }
      if (failure && (failure->is(Class::expired) || failure->is(Class::future_version))) {
        return failures_ > 0 ? wait(*failure) : note_failure();
      }
      if (!failure) {
        // Closed as it should be. A full span without a bookmark may have been one from a version that the server does not
        // know, which is silent for ever: then what is there is listed.
        if (reader.seen() == 0 && lasted >= Millis(least_seconds * 1000)) return {};
        if (lasted >= good_span) continue;
        failure = KubeError(Class::no_answer, Error(ErrorCode::unavailable, "the watch is closed at once").in(facts_.what));
      }
      GITOPSCTL_CHECK(wait(*failure));
      if (++barren_ % failures_until_list == 0) return {};
    }
  }

  KubeResult<void> stream(int seconds, EventReader& reader) {
    KubeRequest request;
    request.path = path_ + detail::query({{"watch", "1"},
                                          {"allowWatchBookmarks", "true"},
                                          {"resourceVersion", version_},
                                          {"timeoutSeconds", std::to_string(seconds)},
                                          {"labelSelector", options_.label_selector},
                                          {"fieldSelector", options_.field_selector}});
    // The singular form: each event holds one object.
    if (options_.metadata_only) request.accept = detail::accept_metadata;
    request.traffic = KubeTraffic::watch;
    request.facts = facts_;
    const Millis whole = Millis(seconds * 1000) + close_margin;
    const Millis limit = marks_ == Marks::missing ? whole : std::min(whole, silence());
    return client_.core_->transport.stream(request, client_.as_, call_, limit,
                                           [&](std::string_view piece) { return reader.take(piece); });
  }

  [[nodiscard]] Millis silence() const { return client_.core_->transport.options().watch_silence; }

  KubeResult<void> note_failure() {
    ++failures_;
    return {};
  }

  /// The pause after a failure.
  KubeResult<void> wait(const KubeError& why) {
    ++failures_;
    Millis pause = client_.core_->transport.pause(failures_);
    if (why.status().retry_after) pause = std::max(pause, std::min(longest_wait, *why.status().retry_after));
    if (call_.interrupt.deadline.left() <= pause) return why;
    if (call_.on_repeat) call_.on_repeat(why, pause);
    if (!client_.core_->transport.sleep(pause, call_.interrupt)) {
      GITOPSCTL_CHECK(call_.interrupt.check(facts_.what));
    }
    return {};
  }

  const KubeClient& client_;
  const ApiResource& resource_;
  const KubeListOptions& options_;
  KubeWatchSink& sink_;
  const KubeCall& call_;
  const std::string path_;
  RequestFacts facts_;
  std::string version_;
  enum class Marks : std::uint8_t { unknown, come, missing } marks_ = Marks::unknown;  ///< bookmarks of this server
  unsigned failures_ = 0;                                                              ///< in a row: how long pauses are
  unsigned barren_ = 0;                                                                ///< failures since the last event
  bool by_sink_ = false;
};

KubeResult<void> KubeClient::watch(const KubeKind& kind, const KubeListOptions& options, KubeWatchSink& sink,
                                   const KubeCall& call) const {
  return mapped(kind, call, [&](const ApiResource& resource) -> KubeResult<void> {
    GITOPSCTL_TRY(auto path, detail::collection_path(resource, options.namespace_));
    return Watch(*this, resource, options, sink, call, std::move(path)).run();
  });
}

}  // namespace gitopsctl::agent
