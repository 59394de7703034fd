#include "agent/reconcile/render_stage.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <iterator>
#include <optional>
#include <thread>

#include "agent/isolate/isolate.hpp"
#include "base/crypto/digest.hpp"
#include "base/json/json.hpp"
#include "base/process/crash_point.hpp"
#include "base/result/no_throw.hpp"
#include "render/manifest/redact.hpp"
#include "render/release/render_release.hpp"
#include "render/template/engine.hpp"

namespace gitopsctl::agent {

namespace {

// Part of every render key: raised when the engine's output for the same inputs changes on purpose, so that a new program
// renders everything once.
constexpr std::string_view engine_generation = "1";

/// Of parsed templates between runs: most commits touch one chart, and parsing it anew takes a millisecond or two.
constexpr std::size_t kept_template_bytes = 256U << 10U;

std::string render_key(const std::string& settings, const std::vector<TreeDependency>& dependencies,
                       const std::vector<channels::ChartRecord>& charts, const std::vector<SourceRead>& reads) {
  Sha256 sum;
  sum.add_field(engine_generation);
  sum.add_field(settings);
  for (const auto& dependency : dependencies) {
    sum.add_field(dependency.path.str());
    sum.add_field(dependency.content_id);
  }
  for (const auto& chart : charts) {
    sum.add_field("chart");
    sum.add_field(chart.source);
    sum.add_field(chart.version);
    sum.add_field(chart.digest);
  }
  for (const auto& read : reads) {
    const auto& [api_version, kind, namespace_, name] = read.question;
    sum.add_field("source");
    for (const auto* field : {&api_version, &kind, &namespace_, &name, &read.key, &read.digest}) sum.add_field(*field);
  }
  return sum.hex();
}

}  // namespace

std::string settings_hash(const channels::Release& release) {
  Sha256 sum;
  sum.add_field(release.driver_name);
  sum.add_field(release.namespace_);
  sum.add_field(release.chart);
  if (release.remote) {
    sum.add_field("remote");
    for (const auto* field :
         {&release.remote->location, &release.remote->name, &release.remote->version, &release.remote->digest}) {
      sum.add_field(*field);
    }
  }
  sum.add_field(release.helm_name);
  for (const auto& file : release.value_files) sum.add_field(file);
  for (const auto& source : release.values_from) {
    sum.add_field("values from");
    sum.add_field(source.kind_name());
    sum.add_field(source.name);
    sum.add_field(source.key);
    sum.add_field(source.optional ? "optional" : "");
    for (const auto& key : source.target_path) sum.add_field(key);
  }
  if (release.lookup) sum.add_field("lookup");
  sum.add_field("values");
  sum.add_field(canonical_json(release.values));
  sum.add_field(release.profile);
  sum.add_field(release.skip_schema ? "skip schema" : "");
  sum.add_field(release.path);
  for (const auto& path : release.sensitive) {
    sum.add_field(path.kind);
    sum.add_field(path.name);
    for (const auto& key : path.keys) sum.add_field(key);
    sum.add_field("");
  }
  return sum.hex();
}

Result<render::RenderInputs> make_render_inputs(const channels::Release& release, FileTreePtr tree,
                                                const std::string& installation_key, const std::string& identity) {
  render::RenderInputs inputs;
  inputs.tree = std::move(tree);
  inputs.namespace_ = release.namespace_.empty() ? "default" : release.namespace_;
  inputs.sensitive = release.sensitive;
  inputs.installation_key = installation_key;
  inputs.identity = identity;
  // `now` is an input of the render. A fixed one, because the same commit must come out the same for the reviewer today and
  // for the agent tomorrow.
  inputs.now = TimePoint{};
  switch (release.driver) {
    case channels::Driver::helm: {
      inputs.driver = render::DriverKind::helm;
      GITOPSCTL_TRY(inputs.helm.chart, TreePath::parse(release.chart));
      inputs.helm.release_name = release.helm_name.empty() ? release.name : release.helm_name;
      for (const auto& file : release.value_files) {
        GITOPSCTL_TRY(auto path, TreePath::parse(file));
        inputs.helm.value_files.push_back(std::move(path));
      }
      inputs.helm.values = release.values;
      if (!release.profile.empty()) inputs.helm.profile = release.profile;
      inputs.helm.skip_schema = release.skip_schema;
      return inputs;
    }
    case channels::Driver::kustomize:
    case channels::Driver::manifests: {
      inputs.driver =
          release.driver == channels::Driver::kustomize ? render::DriverKind::kustomize : render::DriverKind::manifests;
      GITOPSCTL_TRY(inputs.path, TreePath::parse(release.path));
      return inputs;
    }
    case channels::Driver::unsupported: break;
  }
  return Error(ErrorCode::unsupported, "driver '" + release.driver_name + "' is not supported by this version")
      .at(release.where)
      .with_hint("use helm, kustomize or manifests");
}

namespace {

/// An error without a line (a chart that is not there, a directory) stands where the channel file asks for the release.
std::vector<Error> located(const std::vector<Error>& errors, const channels::Release& release) {
  std::vector<Error> out;
  for (const auto& error : errors) {
    if (error.where().line != 0 || release.where.line == 0) {
      out.push_back(error);
      continue;
    }
    std::string message;
    for (const auto& step : error.trail()) message += step + ": ";
    message += error.message();
    const std::string& file = error.where().file;
    if (!file.empty() && message.find(file) == std::string::npos) message = file + ": " + message;
    out.push_back(Error(error.code(), message).at(release.where).with_hint(error.hint()));
  }
  return out;
}

/// Moves the warnings of a rendering to `out`, without the values of its secrets.
void add_warnings(const channels::Release& release, render::RenderedSet& set, bool quote_content,
                  std::vector<std::string>& out) {
  render::SecretScrubber scrubber;
  if (!set.warnings.empty() && !quote_content) {
    for (const auto& object : set.objects) scrubber.learn(object.body, release.sensitive);
  }
  for (const auto& warning : set.warnings) out.push_back(scrubber.scrub(warning));
  set.warnings.clear();
}

/// What a render needs besides the release and its tree.
struct RenderSetting {
  const std::string& installation_key;
  const std::string& identity;
  bool quote_content;
  const ChartAccess& charts;
  const RenderRules& rules;
  ReleaseSources& sources;
};

Result<render::RenderedSet> render_in(const channels::Release& release, const FileTreePtr& tree, const ReleaseCharts& charts,
                                      const RenderSetting& setting) {
  GITOPSCTL_TRY(auto inputs,
                make_render_inputs(release, graft_trees(tree, charts.grafts), setting.installation_key, setting.identity));
  if (release.remote) inputs.helm.chart = charts.chart;
  inputs.quote_content = setting.quote_content;
  inputs.limits = setting.rules.limits;
  GITOPSCTL_TRY(inputs.helm.given, setting.sources.values());
  inputs.lookup = setting.sources.lookup();
  for (unsigned round = 0; round <= ReleaseSources::max_rounds; ++round) {
    setting.sources.begin_round();
    auto rendered = setting.rules.isolate ? IsolatedRenderer().release(inputs) : render::render_release(inputs);
    if (!setting.sources.lacks()) {
      auto refused = rendered.ok() ? std::nullopt : setting.sources.refused();
      return refused ? Result<render::RenderedSet>(*std::move(refused)) : std::move(rendered);
    }
    // What was made without the answers may be anything, and so may its error.
    GITOPSCTL_CHECK(setting.sources.find_missing());
  }
  return Error(ErrorCode::too_large, "after " + std::to_string(ReleaseSources::max_rounds) +
                                         " rounds of lookups the chart still looks up something new")
      .with_hint("each lookup depends on the answer of another one: look up a list instead");
}

/// Hides where values of Secrets went that the render was given. A render that shows one where nothing can be hidden is
/// none.
Result<void> hide_secrets(const render::SecretTrace& secrets, render::RenderedSet& set,
                          std::vector<render::SensitivePath>& sensitive) {
  if (secrets.empty()) return {};
  GITOPSCTL_TRY(auto found, secrets.find(set.objects));
  if (found.empty()) return {};
  sensitive.insert(sensitive.end(), std::make_move_iterator(found.begin()), std::make_move_iterator(found.end()));
  set.render_digest = render::render_digest(set.objects, sensitive);
  return {};
}

/// Renders with what the release wants from elsewhere, which is noted in `records`.
Result<render::RenderedSet> render_with_charts(const channels::Release& release, const FileTreePtr& tree,
                                               const RenderSetting& setting, std::vector<channels::ChartRecord>& records) {
  GITOPSCTL_TRY(auto charts, fetch_release_chart(release, setting.charts));
  records = charts.records;
  auto rendered = render_in(release, tree, charts, setting);
  const bool lacks = !rendered.ok() && rendered.error().code() == ErrorCode::needs_source;
  if (!lacks || release.remote || release.driver != channels::Driver::helm || !setting.charts.fetch) return rendered;
  GITOPSCTL_TRY(const auto chart, TreePath::parse(release.chart));
  GITOPSCTL_TRY(charts, fetch_locked_dependencies(tree, chart, rendered.error(), setting.charts));
  records = charts.records;
  return render_in(release, tree, charts, setting);
}

}  // namespace

RenderState render_with_notes(const channels::Release& release, const FileTreePtr& tree, const std::string& installation_key,
                              const std::string& identity, bool quote_content, const ChartAccess& charts,
                              const RenderRules& rules, const SourceAccess& access) {
  RenderState state;
  state.settings = settings_hash(release);
  state.warnings = release.warnings;
  state.sensitive = release.sensitive;
  if (!release.problems.empty()) {
    state.errors = release.problems;
  } else {
    const auto recorder = std::make_shared<RecordingTree>(tree);
    ReleaseSources sources(release, installation_key, access);
    auto rendered = render_with_charts(release, recorder,
                                       {installation_key, identity, quote_content, charts, rules, sources}, state.charts);
    state.reads = sources.reads();
    if (rendered.ok()) {
      if (auto hidden = hide_secrets(sources.secrets(), *rendered, state.sensitive); !hidden.ok()) rendered = hidden.error();
    }
    if (rendered.ok()) {
      state.render_digest = rendered->render_digest;
      state.seal_digest = rendered->seal_digest;
      add_warnings(release, *rendered, quote_content, state.warnings);
      for (const auto& object : rendered->objects) state.ids.push_back(object.id);
      state.set = std::make_shared<const render::RenderedSet>(*std::move(rendered));
    } else {
      state.errors = located(rendered.error().flatten(), release);
    }
    if (release.lookup && !access.ask) {
      state.warnings.emplace_back("no cluster is asked here, so lookup finds nothing");
    }
    if (!quote_content && !sources.secrets().empty()) {
      for (auto& error : state.errors) error = sources.secrets().scrub(error);
      for (auto& warning : state.warnings) warning = sources.secrets().scrub(warning);
    }
    state.dependencies = recorder->dependencies();
  }
  state.key = render_key(state.settings, state.dependencies, state.charts, state.reads);
  return state;
}

RenderState RenderStage::render_one(const channels::Release& release, const FileTreePtr& tree,
                                    const Interrupt& interrupt) const {
  auto rendered = no_throw("rendering release '" + release.name + "'", [&]() -> Result<RenderState> {
    return render_with_notes(release, tree, options_.installation_key, options_.identity_prefix + release.name, false,
                             {options_.charts, true, interrupt}, options_.rules,
                             {options_.sources.ask, options_.sources.namespaces, interrupt});
  });
  if (rendered.ok()) return std::move(rendered).value();
  // Without settings: rendered anew the next time.
  RenderState failed;
  failed.errors.push_back(rendered.error().at(release.where));
  return failed;
}

Result<void> RenderStage::update(const std::shared_ptr<const channels::Channel>& channel, const FileTreePtr& tree,
                                 const Interrupt& interrupt) {
  const bool same_channel = channel == channel_;
  channel_ = channel;
  const Error not_rendered(ErrorCode::unavailable, "the release was not rendered");
  std::vector<const channels::Release*> wanted;
  std::map<std::string, RenderState> next;
  std::map<std::string, RenderState> doubtful;  // unless the environment has something else by now
  for (const auto& release : channel->releases) {
    const auto known = states_.find(release.name);
    const bool reusable = known != states_.end() && release.problems.empty() && known->second.errors.empty() &&
                          (same_channel || known->second.settings == settings_hash(release)) &&
                          unchanged(*tree, known->second.dependencies);
    if (reusable && known->second.reads.empty()) {
      next.insert(next.end(), states_.extract(known));
    } else {
      if (reusable) doubtful.insert(states_.extract(known));
      // What is never reached has failed: a state without errors would stand for a release without objects.
      next[release.name].errors = {not_rendered};
      wanted.push_back(&release);
    }
  }
  states_ = std::move(next);

  std::atomic<std::size_t> at{0};
  std::atomic<std::size_t> kept{0};
  // Each thread has its own elements; the maps themselves do not change.
  const auto bring_up_to_date = [&](const channels::Release& release) {
    const auto known = doubtful.find(release.name);
    const SourceAccess access{options_.sources.ask, options_.sources.namespaces, interrupt};
    if (known != doubtful.end() && unchanged(known->second.reads, options_.installation_key, access)) {
      states_.at(release.name) = std::move(known->second);
      ++kept;
    } else {
      states_.at(release.name) = render_one(release, tree, interrupt);
    }
  };
  const auto render_all = [&] {
    for (;;) {
      const std::size_t i = at.fetch_add(1);
      if (i >= wanted.size() || !interrupt.check("rendering").ok()) return;
      crash_point(CrashPoint::render_before_release);
      try {
        bring_up_to_date(*wanted[i]);
      } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch)
        // Not even the memory for an error: the release stays one that was not rendered.
      }
      crash_point(CrashPoint::render_after_release);
    }
  };
  // One large stack for all that a thread renders, instead of one for each chart.
  const auto work = [&] { render::run_with_large_stack(render_all); };
  {
    std::vector<std::jthread> others;
    const std::size_t wish = std::min<std::size_t>(options_.threads, wanted.size());
    try {
      for (std::size_t i = 1; i < wish; ++i) others.emplace_back(work);
    } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch)
      // No more threads to be had: those that are there, and this one, do the work.
    }
    work();
  }
  if (const auto go_on = interrupt.check("rendering"); !go_on.ok()) {
    // What was not reached has no settings and is rendered next time.
    return go_on;
  }
  renders_ += wanted.size() - kept;
  return {};
}

Result<void> RenderStage::materialise(const channels::Release& release, const FileTreePtr& tree) {
  RenderState& state = states_.at(release.name);
  if (state.set || !state.errors.empty()) return {};
  RenderState again = render_one(release, tree);
  ++renders_;
  // A chart that was fetched may no longer be there to be fetched again, nor what was read of the environment.
  const bool from_elsewhere = !state.charts.empty() || !state.reads.empty();
  if (!again.errors.empty() && (again.settings.empty() || from_elsewhere)) return again.errors.front();
  const bool same = again.render_digest == state.render_digest && again.seal_digest == state.seal_digest;
  if (!same && !state.reads.empty()) {
    return Error(ErrorCode::unavailable, "what release '" + release.name + "' takes from the environment changed meanwhile")
        .with_hint("the next try renders it anew");
  }
  if (again.render_digest != state.render_digest) {
    return Error(ErrorCode::internal, "release '" + release.name + "' rendered differently for the same inputs");
  }
  state = std::move(again);
  return {};
}

void RenderStage::release_memory() {
  render::shrink_parse_cache(kept_template_bytes);
  for (auto& [name, state] : states_) state.set.reset();
}

void RenderStage::gather_memory() {
  auto states = states_;
  states_ = std::move(states);
}

channels::RenderedRelease to_rendered(const channels::Channel& channel, const channels::Release& release,
                                      const RenderState& state) {
  channels::RenderedRelease out;
  out.name = release.name;
  out.namespace_ = release.namespace_;
  out.driver = release.driver_name;
  if (state.set) out.set = *state.set;
  out.errors = state.errors;
  out.warnings = state.warnings;
  out.sensitive = state.sensitive;
  out.prune = channel.prunes(release);
  out.allow_empty = release.allow_empty;
  out.allow_delete = release.allow_delete;
  out.renamed_from = release.renamed_from;
  return out;
}

}  // namespace gitopsctl::agent
