#include <utility>

#include "channels/model/channel.hpp"
#include "channels/report/report.hpp"
#include "channels/report/summary.hpp"
#include "render/diff/diff.hpp"

namespace gitopsctl::channels {

namespace {

Value text(std::string_view value) { return Value::string(value); }
Value number(std::size_t value) { return Value::int64(static_cast<std::int64_t>(value)); }

Value texts(const std::vector<std::string>& values) {
  Value::List out;
  for (const auto& value : values) out.push_back(text(value));
  return Value::list(std::move(out));
}

Value counts_value(const Counts& counts) {
  return make_map({{"created", number(counts.created)},
                   {"updated", number(counts.updated)},
                   {"removed", number(counts.removed)},
                   {"kept", number(counts.kept)},
                   {"adopted", number(counts.adopted)},
                   {"recreated", number(counts.recreated)},
                   {"unchanged", number(counts.unchanged)}});
}

Value error_value(const Error& error) {
  Value out = make_map({{"code", text(code_name(error.code()))}, {"message", text(error.message())}});
  if (!error.where().empty()) {
    Value where = make_map({{"file", text(error.where().file)}});
    if (error.where().line > 0) where.set("line", Value::int64(error.where().line));
    if (error.where().column > 0) where.set("column", Value::int64(error.where().column));
    out.set("where", std::move(where));
  }
  if (!error.trail().empty()) out.set("trail", texts(error.trail()));
  if (!error.hint().empty()) out.set("hint", text(error.hint()));
  return out;
}

Value errors_value(const std::vector<Error>& errors) {
  Value::List out;
  for (const auto& error : errors) {
    for (const auto& one : error.flatten()) out.push_back(error_value(one));
  }
  return Value::list(std::move(out));
}

Value cause_value(const FieldCause& cause) {
  Value out =
      make_map({{"path", text(cause.path)}, {"origin", text(origin_name(cause.origin))}, {"text", text(cause.text())}});
  if (!cause.manager.empty()) out.set("manager", text(cause.manager));
  if (!cause.operation.empty()) out.set("operation", text(cause.operation));
  if (!cause.subresource.empty()) out.set("subresource", text(cause.subresource));
  if (!cause.time.empty()) out.set("time", text(cause.time));
  if (!cause.candidates.empty()) out.set("candidates", texts(cause.candidates));
  return out;
}

Value fields_value(const Change& change) {
  Value::List out;
  for (const auto& field : render::diff_values(change.before, change.after)) {
    Value entry = make_map({{"action", text(render::field_action_name(field.action))}, {"path", text(field.path)}});
    if (field.action != render::FieldAction::added) entry.set("before", field.before);
    if (field.action != render::FieldAction::removed) entry.set("after", field.after);
    if (!change.causes.empty()) {
      Value::List causes;
      for (const auto* cause : causes_at(change.causes, field.path)) causes.push_back(cause_value(*cause));
      entry.set("causes", Value::list(std::move(causes)));
    }
    out.push_back(std::move(entry));
  }
  return Value::list(std::move(out));
}

Value change_value(const Change& change) {
  Value out = make_map({{"action", text(action_name(change.action))},
                        {"object", make_map({{"group", text(change.id.group)},
                                             {"kind", text(change.id.kind)},
                                             {"namespace", text(change.id.namespace_)},
                                             {"name", text(change.id.name)}})},
                        {"cause", text(cause_name(change.cause))}});
  if (!change.why.empty()) out.set("why", text(change.why));
  if (!change.source.empty()) out.set("source", text(change.source));
  switch (change.action) {
    case Action::create: out.set("after", change.after); break;
    case Action::remove: out.set("before", change.before); break;
    case Action::update:
    case Action::recreate:
    case Action::adopt: out.set("fields", fields_value(change)); break;
    case Action::keep:
    case Action::unchanged: break;
  }
  return out;
}

Value release_value(const ReleaseChanges& release) {
  Value::List changes;
  for (const auto& change : release.changes) changes.push_back(change_value(change));
  Value::List images;
  for (const auto& image : image_changes(release)) {
    images.push_back(make_map({{"before", text(image.before)}, {"after", text(image.after)}}));
  }
  return make_map({{"name", text(release.release)},
                   {"namespace", text(release.namespace_)},
                   {"driver", text(release.driver)},
                   {"listed", Value::boolean(!release.no_longer_listed)},
                   {"fromDigest", text(release.from_digest)},
                   {"toDigest", text(release.to_digest)},
                   {"counts", counts_value(counts_of(release))},
                   {"images", Value::list(std::move(images))},
                   {"changes", Value::list(std::move(changes))},
                   {"errors", errors_value(release.errors)},
                   {"warnings", texts(release.warnings)}});
}

Value policy_changes_value(const std::vector<PolicyChange>& changes) {
  Value::List out;
  for (const auto& change : changes) {
    out.push_back(make_map({{"what", text(change.what)}, {"before", text(change.before)}, {"after", text(change.after)}}));
  }
  return Value::list(std::move(out));
}

Value verdicts_value(const std::vector<Verdict>& verdicts) {
  Value::List out;
  for (const auto& verdict : verdicts) {
    Value entry = make_map({{"guard", text(verdict.guard)}, {"decision", text(decision_name(verdict.decision))}});
    if (!verdict.message.empty()) entry.set("message", text(verdict.message));
    if (!verdict.command.empty()) entry.set("command", text(verdict.command));
    if (verdict.until) entry.set("until", text(format_time(*verdict.until)));
    out.push_back(std::move(entry));
  }
  return Value::list(std::move(out));
}

}  // namespace

Value report_value(const ChangeSet& changes, const std::vector<Verdict>& verdicts) {
  Value::List releases;
  for (const auto& release : changes.releases) releases.push_back(release_value(release));
  const auto counts = changes.counts();
  Value all = counts_value(counts);
  all.set("failedReleases", number(counts.failed_releases));
  Value out = make_map({{"apiVersion", text(api_version)},
                        {"kind", text("ChangeSet")},
                        {"channel", text(changes.channel)},
                        {"from", text(changes.from)},
                        {"to", text(changes.to)},
                        {"mode", text(changes.live ? "live" : "rendered")},
                        {"verdict", text(verdict_text(changes))},
                        {"counts", std::move(all)},
                        {"renderDigest", text(changes.render_digest)},
                        {"approvalDigest", text(changes.approval_digest)},
                        {"planDigest", text(changes.plan_digest)},
                        {"deleteDigest", text(changes.delete_digest())},
                        {"policyChanges", policy_changes_value(changes.policy_changes)},
                        {"releases", Value::list(std::move(releases))},
                        {"warnings", texts(changes.warnings)}});
  if (!verdicts.empty()) out.set("guards", verdicts_value(verdicts));
  return out;
}

}  // namespace gitopsctl::channels
