#include <algorithm>
#include <chrono>

#include "agent/control/control.hpp"
#include "base/crypto/digest.hpp"

namespace gitopsctl::agent {

namespace {

constexpr std::size_t max_events = 200;
// An event is a line for people, not a log file.
constexpr std::size_t max_message = 1024;

Result<std::vector<LiveObject>> event_objects(Environment& environment, const ChannelKey& key) {
  GITOPSCTL_TRY(auto objects, environment.list({"", "Event", "", channel_label(key)}));
  // Names are ULIDs: they sort by time.
  std::sort(objects.begin(), objects.end(), [](const auto& a, const auto& b) { return a.id.name < b.id.name; });
  return objects;
}

/// The release that an event is about, from its identity: the object may have a longer name.
std::string release_of(const LiveObject& event, const ChannelKey& key) {
  const std::string prefix = key.installation + '/' + key.to_string() + '/';
  const std::string_view identity = event.annotation("gitopsctl.dev/identity");
  return identity.starts_with(prefix) ? std::string(identity.substr(prefix.size())) : std::string();
}

}  // namespace

Result<void> record_event(Environment& environment, const ChannelKey& key, const Event& event) {
  std::string name = make_ulid(event.at.time_since_epoch().count());
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  render::ObjectId about = event.about;
  if (about.name.empty()) {
    about = {std::string(channels::api_group), event.release.empty() ? "Channel" : "Release", std::string(home_namespace),
             event.release.empty() ? key.channel : event.release};
  }
  const render::ObjectId id{"", "Event", about.namespace_, name};
  // API servers keep whole seconds of an event; what they keep must be what was sent, or nobody knows it again after an
  // answer that got lost.
  const TimePoint at = environment.forgets_events() ? std::chrono::floor<std::chrono::seconds>(event.at) : event.at;
  Value body =
      make_map({{"apiVersion", Value::string("v1")},
                {"kind", Value::string("Event")},
                {"metadata", make_map({{"name", Value::string(id.name)}, {"namespace", Value::string(id.namespace_)}})},
                {"type", Value::string(event.type)},
                {"reason", Value::string(event.reason)},
                {"message", Value::string(std::string_view(event.message).substr(0, max_message))},
                {"firstTimestamp", Value::string(format_time(at))},
                {"lastTimestamp", Value::string(format_time(at))},
                {"reportingComponent", Value::string("gitopsctl")}});
  describe_owner(body, key, event.release);
  body.erase("spec");
  Value involved = make_map({{"apiVersion", Value::string(channels::api_version)},
                             {"kind", Value::string(about.kind)},
                             {"name", Value::string(about.name)},
                             {"namespace", Value::string(about.namespace_)}});
  if (!event.about_uid.empty()) involved.set("uid", Value::string(event.about_uid));
  body.set("involvedObject", involved);
  GITOPSCTL_CHECK(environment.put({id, "v1", body, "", 0}, "", {}));
  return {};
}

Result<void> trim_events(Environment& environment, const ChannelKey& key) {
  if (environment.forgets_events()) return {};
  GITOPSCTL_TRY(const auto objects, event_objects(environment, key));
  for (std::size_t i = 0; i + max_events < objects.size(); ++i) {
    GITOPSCTL_CHECK(environment.remove(objects[i].id, {objects[i].uid, ""}, {}));
  }
  return {};
}

Result<std::vector<Event>> list_events(Environment& environment, const ChannelKey& key) {
  GITOPSCTL_TRY(const auto objects, event_objects(environment, key));
  std::vector<Event> out;
  for (std::size_t i = objects.size() - std::min(objects.size(), max_events); i < objects.size(); ++i) {
    const LiveObject& object = objects[i];
    Event event;
    if (const auto at = parse_time(object.body.string_at({"lastTimestamp"})); at.ok()) event.at = *at;
    event.type = object.body.string_at({"type"});
    event.reason = object.body.string_at({"reason"});
    event.message = object.body.string_at({"message"});
    event.release = release_of(object, key);
    out.push_back(std::move(event));
  }
  return out;
}

}  // namespace gitopsctl::agent
