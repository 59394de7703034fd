#include "agent/reconcile/status_writer.hpp"

#include <algorithm>
#include <utility>

#include "agent/reconcile/crew.hpp"
#include "base/crypto/digest.hpp"
#include "base/json/json.hpp"
#include "base/log/log.hpp"
#include "base/result/no_throw.hpp"

namespace gitopsctl::agent {

namespace {

constexpr std::size_t max_history = 20;
constexpr std::size_t max_errors = 20;
constexpr std::size_t max_text = 2000;
// Trimming reads every event, and a first deployment records one for each of a thousand releases.
constexpr std::size_t trim_every = 50;
// From so many statuses on, one list of all Releases costs less than reading each.
constexpr std::size_t worth_a_list = 8;

Value text(std::string_view value) { return Value::string(value.substr(0, max_text)); }
Value number(std::size_t value) { return Value::int64(static_cast<std::int64_t>(value)); }

Value error_list(const std::vector<Error>& errors) {
  Value::List list;
  for (const auto& error : errors) {
    if (list.size() == max_errors) break;
    list.push_back(error_value(error));
  }
  return Value::list(std::move(list));
}

Value text_list(const std::vector<std::string>& texts) {
  Value::List list;
  for (const auto& item : texts) {
    if (list.size() == max_errors) break;
    list.push_back(text(item));
  }
  return Value::list(std::move(list));
}

std::string first_message(const std::vector<Error>& errors) {
  if (errors.empty()) return {};
  std::string out = errors.front().to_string();
  if (errors.size() > 1) out += " (and " + std::to_string(errors.size() - 1) + " more)";
  return out;
}

/// Ready, Reconciling, Stalled and Healthy from a state, as kstatus reads them.
std::vector<Condition> conditions_for(const std::string& state, const std::string& message) {
  if (state == "Deployed") {
    return {{"Ready", "True", "Deployed", message}, {"Healthy", "True", "Deployed", message}};
  }
  if (state == "Failed") {
    return {{"Ready", "False", "Failed", message}, {"Stalled", "True", "Failed", message}};
  }
  if (state == "NoLongerListed") return {{"Ready", "False", "NoLongerListed", message}};
  return {{"Ready", "False", state, message}, {"Reconciling", "True", state, message}};
}

/// Keeps the SourceReady condition, which another call owns.
std::vector<Condition> with_source(const Value& body, std::vector<Condition> conditions) {
  if (const Value* source = find_condition(body, "SourceReady"); source != nullptr) {
    conditions.push_back({"SourceReady", std::string(source->string_at({"status"})),
                          std::string(source->string_at({"reason"})), std::string(source->string_at({"message"}))});
  }
  return conditions;
}

Value counts_value(const channels::Counts& counts) {
  return make_map({{"created", number(counts.created)},
                   {"updated", number(counts.updated)},
                   {"removed", number(counts.removed)},
                   {"adopted", number(counts.adopted)},
                   {"kept", number(counts.kept)},
                   {"unchanged", number(counts.unchanged)}});
}

Value verdict_list(const std::vector<channels::Verdict>& verdicts) {
  Value::List list;
  for (const auto& verdict : verdicts) {
    if (verdict.decision == channels::Decision::pass) continue;
    list.push_back(make_map({{"guard", text(verdict.guard)},
                             {"decision", text(verdict.decision == channels::Decision::deny ? "deny" : "wait")},
                             {"message", text(verdict.message)},
                             {"command", text(verdict.command)},
                             {"until", verdict.until ? text(format_time(*verdict.until)) : Value::null()}}));
  }
  return Value::list(std::move(list));
}

std::string channel_message(const ChannelStatus& status, const std::string& channel) {
  if (!status.errors.empty()) return first_message(status.errors);
  for (const auto& verdict : status.verdicts) {
    if (verdict.decision != channels::Decision::pass) return verdict.message;
  }
  if (status.state == "Deployed" && !status.rolled_back_from.empty()) {
    std::string out = "rolled back from " + status.rolled_back_from.substr(0, 12);
    if (!status.rollback_note.empty()) out += " (" + status.rollback_note + ")";
    return out + "; gitopsctl resume " + channel;
  }
  if (status.state == "Deployed") {
    return std::to_string(status.ready_releases) + (status.ready_releases == 1 ? " release at " : " releases at ") +
           status.deployed.substr(0, 12);
  }
  if (status.state == "Failed") {
    return std::to_string(status.releases - status.ready_releases) + " of " + std::to_string(status.releases) +
           " releases are not deployed";
  }
  return status.state;
}

/// State and message as they were written last, which is what people were told last; also by an agent before this one.
std::string told(const Value& body) {
  const Value* ready = find_condition(body, "Ready");
  if (ready == nullptr) return {};
  return std::string(body.string_at({"status", "state"})) + '\n' + std::string(ready->string_at({"message"}));
}

/// What an event tells of stands in the object already, and is told once: a run that could not tell it is no failed run.
void note_untold(const Result<void>& told) {
  if (!told.ok()) log::warning("an event could not be written", {{"why", told.error().to_string()}});
}

}  // namespace

Value error_value(const Error& error) {
  std::string message;
  for (const auto& step : error.trail()) message += step + ": ";
  message += error.message();
  return make_map({{"code", Value::string(code_name(error.code()))},
                   {"message", text(message)},
                   {"where", text(error.where().to_string())},
                   {"hint", text(error.hint())}});
}

StatusWriter::StatusWriter(Environment& environment, ChannelKey key, Clock& clock)
    : environment_(environment), key_(std::move(key)), clock_(clock) {}

Result<void> StatusWriter::write_channel(const ChannelStatus& status, const std::optional<HistoryLine>& history,
                                         const SeenObjects* seen) {
  const std::string message = channel_message(status, key_.channel);
  std::string before;
  const auto change = [&](Value& body) {
    before = told(body);
    set_conditions(body, with_source(body, conditions_for(status.state, message)), clock_.now());
    Value& out = body.child_map("status");
    out.set("environment", text(status.environment));
    out.set("state", text(status.state));
    out.set("tip", text(status.tip));
    out.set("tipDigest", text(status.render_digest));
    if (!status.approval_digest.empty()) {
      out.set("approvalDigest", text(status.approval_digest));
      out.set("approvalSeal", text(status.approval_seal));
    }
    if (status.deployed_known) {
      out.set("revision", text(status.deployed));
      out.set("renderDigest", text(status.deployed_digest));
    }
    out.set("errors", error_list(status.errors));
    out.set("warnings", text_list(status.warnings));
    out.set("guards", verdict_list(status.verdicts));
    out.set("pending", status.pending ? counts_value(*status.pending) : Value::null());
    out.set("deleteDigest", text(status.delete_digest));
    if (status.counts_known) {
      out.set("releases", number(status.releases));
      out.set("readyReleases", number(status.ready_releases));
      out.set("objects", number(status.objects));
    }
    if (!status.handled_request.empty()) out.set("lastHandledRequestedAt", text(status.handled_request));
    // Not one that somebody began meanwhile.
    if (!status.ended_rollback.empty() && body.string_at({"spec", "rollback", "heldDigest"}) == status.ended_rollback) {
      body.child_map("spec").erase("rollback");
    }
    if (history) {
      Value::List lines{make_map({{"commit", text(history->commit)},
                                  {"renderDigest", text(history->render_digest)},
                                  {"trigger", text(history->trigger)},
                                  {"outcome", text(history->outcome)},
                                  {"message", text(history->message)},
                                  {"started", text(format_time(history->started))},
                                  {"ended", text(format_time(history->ended))},
                                  {"created", number(history->created)},
                                  {"updated", number(history->updated)},
                                  {"removed", number(history->removed)},
                                  {"failed", number(history->failed)}})};
      if (const Value* earlier = out.find("history"); earlier != nullptr) {
        for (const auto& line : earlier->as_list()) {
          if (lines.size() == max_history) break;
          lines.push_back(line);
        }
      }
      out.set("history", Value::list(std::move(lines)));
    }
  };
  GITOPSCTL_TRY(const auto object, update_channel(environment_, key_, change, seen));
  if (before == status.state + '\n' + message) return {};
  untold_.push_back(
      {clock_.now(), status.state == "Failed" ? "Warning" : "Normal", status.state, message, {}, object.id, object.uid});
  return {};
}

StatusWriter::Draft StatusWriter::draft(const ReleaseStatus& status) {
  Draft out;
  out.status = &status;
  out.message = first_message(status.errors);
  if (out.message.empty()) out.message = status.waits_for;
  if (out.message.empty()) {
    out.message = std::to_string(status.objects) + " objects at " + status.revision.substr(0, 12);
  }
  out.data = make_map({{"driver", text(status.driver)},
                       {"state", text(status.state)},
                       {"errors", error_list(status.errors)},
                       {"warnings", text_list(status.warnings)},
                       {"waitsFor", text(status.waits_for)},
                       {"command", text(status.command)},
                       {"drifted", Value::boolean(status.drifted)}});
  if (status.deployed_known) {
    out.data.set("revision", text(status.revision));
    out.data.set("renderDigest", text(status.render_digest));
    out.data.set("objects", number(status.objects));
  }
  // The revision moves with every commit; a release that the commit does not touch is not written for that alone.
  Value identity = out.data.shallow_copy();
  identity.erase("revision");
  out.hash = sha256_hex(canonical_json(identity));
  out.wrote = status.created + status.updated + status.removed > 0;
  return out;
}

bool StatusWriter::is_news(const Draft& draft) const {
  const auto known = written_.find(draft.status->name);
  return draft.wrote || known == written_.end() || known->second != draft.hash;
}

Result<void> StatusWriter::put_release(const Draft& draft, const SeenObjects* seen, std::optional<Event>& event) const {
  const ReleaseStatus& status = *draft.status;
  std::string before;
  const auto change = [&](Value& body) {
    before = told(body);
    set_conditions(body, conditions_for(status.state, draft.message), clock_.now());
    Value& out = body.child_map("status");
    for (const auto& member : draft.data.as_map()) out.set(member.key, member.value);
    if (draft.wrote) {
      out.set("lastChange", make_map({{"at", text(format_time(clock_.now()))},
                                      {"created", number(status.created)},
                                      {"updated", number(status.updated)},
                                      {"removed", number(status.removed)}}));
    }
  };
  GITOPSCTL_TRY(const auto object, update_release(environment_, key_, status.name, status.namespace_, change, seen));
  // While it waits its message may change every few seconds; that it waits is told once.
  const bool by_state = status.state == "Deployed" || status.state == "Pending";
  const bool same = by_state ? before.starts_with(status.state + '\n') : before == status.state + '\n' + draft.message;
  if (!same) {
    event = Event{
        clock_.now(), status.state == "Failed" ? "Warning" : "Normal", status.state, draft.message, status.name, object.id,
        object.uid};
  }
  return {};
}

Result<void> StatusWriter::write_release(const ReleaseStatus& status) {
  const Draft news = draft(status);
  if (!is_news(news)) return {};
  std::optional<Event> event;
  GITOPSCTL_CHECK(put_release(news, nullptr, event));
  written_[status.name] = news.hash;
  if (event) note_untold(record(*event));
  return {};
}

void StatusWriter::write_releases(const std::vector<ReleaseStatus>& all,
                                  const std::function<void(const ReleaseStatus& status, const Error& error)>& failed) {
  std::vector<Draft> drafts;
  for (const auto& status : all) {
    if (Draft news = draft(status); is_news(news)) drafts.push_back(std::move(news));
  }
  if (environment_.writers() == 1 || drafts.size() < worth_a_list) {
    for (const auto& news : drafts) {
      std::optional<Event> event;
      if (const auto put = put_release(news, nullptr, event); !put.ok()) {
        failed(*news.status, put.error());
        continue;
      }
      written_[news.status->name] = news.hash;
      if (event) untold_.push_back(*std::move(event));
    }
    return;
  }
  // One list instead of three reads for each; without it they are read after all.
  std::optional<SeenObjects> seen;
  if (auto listed = environment_.list({std::string(channels::api_group), "Release", "", ""}); listed.ok()) {
    seen.emplace();
    for (auto& object : *listed) seen->emplace(object.id, std::move(object));
  }
  std::vector<Result<void>> results(drafts.size());
  do_in_order(std::vector<std::vector<std::size_t>>(drafts.size()), environment_.writers(), [&](std::size_t i) {
    results[i] = no_throw("a status", [&]() -> Result<void> {
      std::optional<Event> event;
      GITOPSCTL_CHECK(put_release(drafts[i], seen ? &*seen : nullptr, event));
      if (event) note_untold(record_event(environment_, key_, *event));
      return {};
    });
    return true;
  });
  for (std::size_t i = 0; i < drafts.size(); ++i) {
    if (results[i].ok()) {
      written_[drafts[i].status->name] = drafts[i].hash;
    } else {
      failed(*drafts[i].status, results[i].error());
    }
  }
}

Result<void> StatusWriter::remove_release(const std::string& release, const std::string& namespace_) {
  written_.erase(release);
  GITOPSCTL_TRY(const auto id, release_object_id(environment_, key_, release, namespace_));
  GITOPSCTL_TRY(const auto live, environment_.get(id));
  if (!live) return {};
  return environment_.remove(id, {live->uid, ""}, {});
}

Result<void> StatusWriter::keep_releases(const std::set<std::pair<std::string, std::string>>& places) {
  GITOPSCTL_TRY(const auto objects,
                environment_.list({std::string(channels::api_group), "Release", "", channel_label(key_)}));
  for (const auto& object : objects) {
    const std::string release(object.body.string_at({"spec", "release"}));
    if (places.contains({release, object.id.namespace_})) continue;
    if (object.id.namespace_ == home_namespace && places.contains({release, ""})) continue;
    GITOPSCTL_CHECK(environment_.remove(object.id, {object.uid, ""}, {}));
  }
  return {};
}

Result<void> StatusWriter::write_source(bool ready, const std::string& reason, const std::string& message,
                                        const std::string& hint) {
  bool was_ready = true;
  const auto change = [&](Value& body) {
    std::vector<Condition> conditions;
    if (const Value* present = body.find_path({"status", "conditions"}); present != nullptr) {
      for (const auto& condition : present->as_list()) {
        const std::string type(condition.string_at({"type"}));
        if (type == "SourceReady") {
          was_ready = condition.string_at({"status"}) == "True";
          continue;
        }
        conditions.push_back({type, std::string(condition.string_at({"status"})),
                              std::string(condition.string_at({"reason"})), std::string(condition.string_at({"message"}))});
      }
    }
    if (conditions.empty()) conditions.push_back({"Ready", "False", "Waiting", "nothing was deployed yet"});
    const std::string said = hint.empty() ? message : message + "; " + hint;
    conditions.push_back({"SourceReady", ready ? "True" : "False", reason, said.substr(0, max_text)});
    set_conditions(body, conditions, clock_.now());
    body.child_map("status").set("source",
                                 make_map({{"reason", text(reason)}, {"message", text(message)}, {"hint", text(hint)}}));
  };
  GITOPSCTL_TRY(const auto object, update_channel(environment_, key_, change));
  if (ready != was_ready) {
    note_untold(record({clock_.now(), ready ? "Normal" : "Warning", reason, message, {}, object.id, object.uid}));
  }
  return {};
}

Result<void> StatusWriter::event(const std::string& type, const std::string& reason, const std::string& message,
                                 const std::string& release, const std::string& namespace_) {
  GITOPSCTL_TRY(const auto id, release_object_id(environment_, key_, release, namespace_));
  GITOPSCTL_TRY(const auto live, environment_.get(id));
  return record({clock_.now(), type, reason, message, release, id, live ? live->uid : std::string()});
}

void StatusWriter::tell() {
  const auto events = std::exchange(untold_, {});
  do_in_order(std::vector<std::vector<std::size_t>>(events.size()), environment_.writers(), [&](std::size_t i) {
    note_untold(no_throw("an event", [&] { return record_event(environment_, key_, events[i]); }));
    return true;
  });
  if (!events.empty()) note_untold(trim(events.size()));
}

Result<void> StatusWriter::record(const Event& event) {
  GITOPSCTL_CHECK(record_event(environment_, key_, event));
  return trim(1);
}

Result<void> StatusWriter::trim(std::size_t fresh) {
  untrimmed_events_ += fresh;
  if (untrimmed_events_ < trim_every) return {};
  untrimmed_events_ = 0;
  return trim_events(environment_, key_);
}

}  // namespace gitopsctl::agent
