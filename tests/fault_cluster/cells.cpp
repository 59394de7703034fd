#include "tests/fault_cluster/cells.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>

#include "base/json/json.hpp"

namespace gitopsctl::fault {

using agent::RunResult;
using agent::RunState;
using crash::Names;
using support::Fault;
using support::NamedFault;
using support::SeenRequest;
namespace kube_class = support::kube_class;

namespace {

bool holds(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

std::string_view path_of(const SeenRequest& request) {
  return std::string_view(request.target).substr(0, request.target.find('?'));
}

/// What the release `web` itself is made of: neither inventories nor what tells of it.
bool of_web(const Names& names, const SeenRequest& request) {
  const auto path = path_of(request);
  return holds(path, "/namespaces/" + names.space("web") + '/') && !holds(path, "/gitopsctl-") &&
         !holds(path, "/apis/gitopsctl.dev/") && !holds(path, "/events");
}

/// The channel itself, of this installation and not of the others with its name.
bool of_channel(const Names& names, std::string_view text) { return holds(text, '-' + names.channel() + '-'); }

bool is_discovery(const Names&, const SeenRequest& request, std::string_view) {
  return path_of(request) == "/api" || path_of(request) == "/apis";
}
bool is_get(const Names& names, const SeenRequest& request, std::string_view) {
  return request.request_class == kube_class::read && of_web(names, request) && !holds(request.target, "?");
}
bool is_get_of_leaving(const Names& names, const SeenRequest& request, std::string_view body) {
  // One of the two goes, whichever way the run goes.
  const bool leaving = request.target.ends_with("/secrets/gone") || request.target.ends_with("/secrets/fresh");
  return leaving && is_get(names, request, body);
}
bool is_list(const Names& names, const SeenRequest& request, std::string_view) {
  return request.request_class == kube_class::read && of_web(names, request) && holds(request.target, "limit=");
}
bool is_list_of_inventories(const Names&, const SeenRequest& request, std::string_view) {
  return request.request_class == kube_class::read && holds(request.target, "labelSelector=gitopsctl.dev%2Fchannel-key");
}
bool is_watch(const Names&, const SeenRequest& request, std::string_view) {
  return request.request_class == kube_class::watch;
}
bool is_dry_run(const Names& names, const SeenRequest& request, std::string_view) {
  return request.request_class == kube_class::dry_run && of_web(names, request);
}
bool is_apply(const Names& names, const SeenRequest& request, std::string_view) {
  return request.request_class == kube_class::mutating && request.method == "PATCH" && of_web(names, request);
}
bool is_delete(const Names& names, const SeenRequest& request, std::string_view) {
  return request.request_class == kube_class::mutating && request.method == "DELETE" && of_web(names, request);
}
bool is_lease(const Names& names, const SeenRequest& request, std::string_view body) {
  const auto path = path_of(request);
  if (!holds(path, "/leases")) return false;
  return of_channel(names, path) || (request.method == "POST" && of_channel(names, body));
}
bool is_inventory(const Names& names, const SeenRequest& request, std::string_view body) {
  if (request.request_class != kube_class::mutating) return false;
  const auto path = path_of(request);
  if (!holds(path, "/namespaces/" + names.space("web") + "/configmaps")) return false;
  return holds(path, "/gitopsctl-") || (request.method == "POST" && holds(body, "applyset.kubernetes.io/id"));
}
bool is_status(const Names& names, const SeenRequest& request, std::string_view body) {
  if (request.request_class != kube_class::mutating || !holds(path_of(request), "/apis/gitopsctl.dev/")) return false;
  return holds(request.target, names.prefix) || holds(body, names.prefix);
}
bool is_record(const Names& names, const SeenRequest& request, std::string_view body) {
  if (request.request_class != kube_class::mutating) return false;
  return holds(path_of(request), "/namespaces/gitopsctl-system/configmaps") &&
         (holds(request.target, names.prefix) || holds(body, names.prefix));
}
bool is_switch(const Names& names, const SeenRequest& request, std::string_view) {
  const auto path = path_of(request);
  return request.request_class == kube_class::read && holds(path, "/apis/gitopsctl.dev/v1/") && holds(path, "/channels/") &&
         holds(path, names.prefix);
}
bool is_event(const Names& names, const SeenRequest& request, std::string_view body) {
  return request.request_class == kube_class::mutating && holds(path_of(request), "/events") && holds(body, names.prefix);
}

/// A server that quotes what it refuses, secret or not. Only for what is secret: what a policy says of another object is not
/// for us to censor.
std::vector<NamedFault> quoting() {
  const std::string text = crash::canary_text();
  return {
      {"422 that quotes", support::status_answer(422, "Invalid", "Secret \"x\" is invalid: data: Invalid value: \"" + text)},
      {"schema error that quotes",
       support::status_answer(500, "", "failed to create typed patch object (x/y; v1, Kind=Secret): .data: got " + text)},
      {"webhook that quotes",
       support::status_answer(403, "Forbidden", "admission webhook \"w.example.org\" denied the request: " + text)},
  };
}

bool is_secret(const SeenRequest& request) {
  const auto path = path_of(request);
  return holds(path, "/secrets/") || holds(path, "/configmaps/settings") || holds(path, "/cronjobs/");
}

/// Answers of lists that are not what they say.
std::vector<NamedFault> broken_lists() {
  Fault partial{.kind = Fault::Kind::edit};
  partial.edit = [](std::string& body) {
    auto list = parse_json(body);
    if (!list.ok()) return;
    list->set("items", Value::list({}));
    list->child_map("metadata").set("remainingItemCount", Value::int64(7));
    body = canonical_json(*list);
  };
  Fault none{.kind = Fault::Kind::edit};
  none.edit = [](std::string& body) { body = R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Success"})"; };
  Fault other_kind{.kind = Fault::Kind::edit};
  other_kind.edit = [](std::string& body) {
    body = R"({"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"5"},"items":[]})";
  };
  Fault forgotten{.kind = Fault::Kind::edit};
  // The token is none of this server's: it calls it expired or bad, at each try.
  forgotten.edit = [](std::string& body) {
    auto list = parse_json(body);
    if (!list.ok() || list->find("items") == nullptr) return;
    list->child_map("metadata").set("continue", Value::string("Zm9yZ290dGVu"));
    body = canonical_json(*list);
  };
  return {{"partial list", partial},
          {"no list", none},
          {"list of another kind", other_kind},
          {"continue token that nobody knows", forgotten}};
}

/// Events of watches that are not what happened.
std::vector<NamedFault> broken_watches() {
  Fault expired{.kind = Fault::Kind::answer, .status = 200, .headers = {{"content-type", "application/json"}}};
  expired.body = R"({"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":)"
                 R"("too old resource version","reason":"Expired","code":410}})"
                 "\n";
  Fault deleted{.kind = Fault::Kind::edit};
  deleted.edit = [](std::string& line) {
    for (const char* type : {"\"ADDED\"", "\"MODIFIED\""}) {
      if (const auto at = line.find(type); at != std::string::npos)
        line.replace(at, std::string(type).size(), "\"DELETED\"");
    }
  };
  return {{"event left out", {.kind = Fault::Kind::skip_event}},
          {"event twice", {.kind = Fault::Kind::repeat_event}},
          {"events swapped", {.kind = Fault::Kind::swap_events}},
          {"too old a version", expired},
          {"everything said to be deleted", deleted}};
}

/// Lies that nobody can see through: the server itself says that something is not there, which is also the answer to a
/// delete.
bool is_lie(const RequestClass& where, const std::string& fault) {
  const bool asks = where.fits == is_get || where.fits == is_get_of_leaving || where.fits == is_switch ||
                    where.fits == is_delete || where.fits == is_status;
  return asks && fault == "404";
}

}  // namespace

const std::vector<RequestClass>& request_classes() {
  constexpr auto early = Phase::before_pruning;
  static const std::vector<RequestClass> all{
      {"discovery", Scope::run, early, is_discovery},
      {"get", Scope::release, early, is_get},
      {"get of what goes", Scope::release, early, is_get_of_leaving},
      {"list", Scope::release, early, is_list},
      {"list of inventories", Scope::channel, early, is_list_of_inventories},
      {"watch", Scope::nobody, early, is_watch},
      {"dry run", Scope::release, early, is_dry_run},
      {"apply", Scope::release, early, is_apply},
      {"delete", Scope::release, Phase::at_pruning, is_delete},
      {"lease", Scope::run, early, is_lease},
      {"inventory", Scope::release, early, is_inventory},
      {"status", Scope::run, early, is_status},
      {"record", Scope::channel, early, is_record},
      {"switches", Scope::run, early, is_switch},
      {"event", Scope::nobody, early, is_event},
  };
  return all;
}

const RequestClass& request_class(std::string_view name) {
  for (const auto& one : request_classes()) {
    if (one.name == name) return one;
  }
  throw std::runtime_error("no class of requests is called " + std::string(name));
}

std::vector<Cell> every_cell() {
  std::vector<Cell> out;
  for (const auto& where : request_classes()) {
    auto faults = support::kube_refusals();
    for (auto& fault : support::broken_connections()) faults.push_back(std::move(fault));
    if (where.fits == is_list || where.fits == is_list_of_inventories)
      std::ranges::move(broken_lists(), std::back_inserter(faults));
    if (where.fits == is_dry_run || where.fits == is_apply) std::ranges::move(quoting(), std::back_inserter(faults));
    if (where.fits == is_watch) std::ranges::move(broken_watches(), std::back_inserter(faults));
    for (const auto& fault : faults) {
      if (is_lie(where, fault.name)) continue;
      for (const bool once : {false, true}) out.push_back({&where, fault, once});
    }
  }
  return out;
}

Problems judge_failed_release(Stage& stage, const World& now, const RunResult& result, Commit goal, Phase phase) {
  Problems problems;
  for (const auto& name : stage.removed_by(goal)) {
    if (phase == Phase::before_pruning && !now.objects.contains(name)) problems.push_back(name + " was pruned all the same");
  }
  if (result.state != RunState::failed) problems.push_back("it is no failure: " + shown(result));
  if (!result.failures.contains("web") || result.failures.size() != 1) {
    problems.push_back("it should be release web that fails: " + shown(result));
  }
  const auto found = now.objects.find("Release/@-web/web");
  if (found == now.objects.end()) return {"there is no Release web"};
  const Value& body = found->second.body;
  const Value* ready = agent::find_condition(body, "Ready");
  const Value* errors = body.find_path({"status", "errors"});
  if (body.string_at({"status", "state"}) != "Failed" || ready == nullptr || ready->string_at({"status"}) != "False" ||
      ready->string_at({"message"}).empty() || errors == nullptr || !errors->is_list() || errors->size() == 0) {
    problems.push_back("Release web does not say that it failed: " + std::string(body.string_at({"status", "state"})));
  } else {
    for (const auto& error : errors->as_list()) {
      if (error.string_at({"message"}).empty()) problems.emplace_back("an error of Release web without a message");
      if (error.string_at({"hint"}).empty()) {
        problems.push_back("it is not said what to do about: " + std::string(error.string_at({"message"})));
      }
    }
  }
  for (const auto& [release, space] : crash::releases_at(stage.names(), goal)) {
    if (release == "web") continue;
    crash::add(problems, crash::judge_release(now, stage.measure(), goal, release));
    const auto calm = now.objects.find("Release/@-" + space + '/' + release);
    const std::string state(calm == now.objects.end() ? "" : calm->second.body.string_at({"status", "state"}));
    // What left it stays until everything is deployed.
    if (state != "Deployed" && state != "Pending") problems.push_back("Release " + release + " is '" + state + '\'');
  }
  return problems;
}

namespace {

/// The channel says why it does not move, where that can be written.
Problems judge_failed_channel(Stage& stage, const World& now, const RunResult& result, Scope scope) {
  Problems problems;
  // The log has the message and the hint of each error.
  const bool told = !result.message.empty() && (!result.errors.empty() || !result.failures.empty() || result.retry);
  if (!told) problems.push_back("it is not said why: " + shown(result));
  for (const auto& error : result.errors) {
    if (error.hint().empty()) problems.push_back("it is not said what to do about: " + error.to_string());
  }
  if (scope != Scope::channel) return problems;
  for (const auto& [name, object] : now.objects) {
    if (!name.starts_with("Channel/") || object.identity != stage.measure().identity()) continue;
    const Value* ready = agent::find_condition(object.body, "Ready");
    if (object.body.string_at({"status", "state"}) == "Failed" && ready != nullptr &&
        ready->string_at({"status"}) == "False" && !ready->string_at({"message"}).empty()) {
      return problems;
    }
  }
  problems.emplace_back("the Channel does not say that it failed");
  return problems;
}

/// Somebody's hand, while watches say nothing or what is not so: a look at everything finds it.
Problems heal_by_look(Stage& stage, Commit goal) {
  stage.kubectl("web", {"delete", "configmap", "same"});
  stage.kubectl("web", {"patch", "configmap", "more-1", "--type=merge", "--patch={\"data\":{\"value\":\"by hand\"}}"});
  const auto result = stage.run(goal, "drift");
  Problems problems;
  if (result.state != RunState::deployed || result.created != 1 || result.updated != 1) {
    problems.push_back("what a hand did was not healed: " + shown(result));
  }
  return problems;
}

}  // namespace

CellResult run_cell(Stage& stage, const Cell& cell) {
  const auto begin = std::chrono::steady_clock::now();
  CellResult out;
  const Commit goal = other(stage.at());
  const Names names = stage.names();
  stage.begin_measure();
  stage.renew();
  const auto hits = std::make_shared<std::atomic<int>>(0);
  Fault fault = cell.fault.fault;
  const bool secrets_only = cell.fault.name.ends_with("that quotes");
  fault.when = [names, hits, fits = cell.where->fits, secrets_only](const SeenRequest& request, std::string_view body) {
    if (!fits(names, request, body) || (secrets_only && !is_secret(request))) return false;
    hits->fetch_add(1);
    return true;
  };
  if (cell.once) fault.times = 1;
  stage.proxy().set({fault});
  const RunResult result = stage.run(goal);
  Expected expected;
  const bool watches = cell.where->scope == Scope::nobody && cell.where->name == "watch";
  if (watches) {
    crash::add(out.problems, heal_by_look(stage, goal));
    expected.anew.emplace_back("ConfigMap/@-web/same");
  }
  out.reached = hits->load() > 0;
  if (!out.reached) out.problems.emplace_back("it was not reached");
  out.absorbed = result.state == RunState::deployed && !result.retry;
  const World left = stage.look();
  crash::add(out.problems, stage.judge_remains(goal), "right after: ");
  crash::add(out.problems, stage.judge_secrets(left), "right after: ");
  if (cell.where->scope == Scope::nobody && !out.absorbed) out.problems.push_back("it should do no harm: " + shown(result));
  if (out.absorbed) {
    for (const auto& [release, space] : crash::releases_at(names, goal)) {
      crash::add(out.problems, crash::judge_release(left, stage.measure(), goal, release), "said to be deployed: ");
    }
  } else if (cell.where->scope == Scope::release) {
    crash::add(out.problems, judge_failed_release(stage, left, result, goal, cell.where->phase), "right after: ");
  } else if (cell.where->scope != Scope::nobody) {
    crash::add(out.problems, judge_failed_channel(stage, left, result, cell.where->scope), "right after: ");
  }
  stage.proxy().clear();
  crash::add(out.problems, crash::judge_secret_text("the diff", stage.diff(goal)));
  crash::add(out.problems, stage.converge(goal, expected));
  out.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return out;
}

}  // namespace gitopsctl::fault
