#include "render/wire/messages.hpp"

#include <utility>
#include <vector>

#include "render/wire/codec.hpp"

// Every structure is taken apart by a structured binding, so that a field that is added to one does not compile until it
// crosses as well.
namespace gitopsctl::render::wire {

namespace {

void write(Writer& out, const std::vector<std::string>& texts) {
  out.number(texts.size());
  for (const auto& text : texts) out.text(text);
}

std::vector<std::string> read_texts(Reader& in) {
  std::vector<std::string> out;
  for (auto left = in.count(); left > 0 && in.ok(); --left) out.emplace_back(in.text());
  return out;
}

// Paths come from our own inputs and listings: they are taken as they are, component by component.
TreePath read_path(Reader& in) {
  TreePath out;
  auto rest = in.text();
  while (!rest.empty()) {
    const auto slash = rest.find('/');
    const auto name = rest.substr(0, slash);
    if (name.empty() || name == "." || name == ".." || name.find('\0') != std::string_view::npos) {
      in.fail();
      return {};
    }
    out = out.child(name);
    rest = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash + 1);
  }
  return out;
}

int read_int(Reader& in) {
  const auto value = in.integer();
  if (value >= INT32_MIN && value <= INT32_MAX) return static_cast<int>(value);
  in.fail();
  return 0;
}

void write(Writer& out, const HelmInputs& inputs) {
  const auto& [chart, release_name, value_files, given, values, set_values, set_files, profile, capabilities, is_upgrade,
               include_crds, skip_tests, skip_schema, keep_content] = inputs;
  out.text(chart.str());
  out.text(release_name);
  out.number(value_files.size());
  for (const auto& file : value_files) out.text(file.str());
  out.number(given.size());
  for (const auto& [source, text, target_path] : given) {
    out.text(source);
    out.text(text);
    write(out, target_path);
  }
  write(out, values);
  out.number(set_values.size());
  for (const auto& [kind, text] : set_values) {
    out.byte(static_cast<std::uint8_t>(kind));
    out.text(text);
  }
  out.number(set_files.size());
  for (const auto& [name, content] : set_files) {
    out.text(name);
    out.text(content);
  }
  out.text(profile);
  const auto& [kube_version, api_versions] = capabilities;
  out.text(kube_version);
  write(out, api_versions);
  for (const bool flag : {is_upgrade, include_crds, skip_tests, skip_schema, keep_content}) out.boolean(flag);
}

void read(Reader& in, HelmInputs& inputs) {
  inputs.chart = read_path(in);
  inputs.release_name = in.text();
  for (auto left = in.count(); left > 0 && in.ok(); --left) inputs.value_files.push_back(read_path(in));
  for (auto left = in.count(3); left > 0 && in.ok(); --left) {
    auto& given = inputs.given.emplace_back();
    given.source = in.text();
    given.text = in.text();
    given.target_path = read_texts(in);
  }
  inputs.values = read_value(in);
  for (auto left = in.count(2); left > 0 && in.ok(); --left) {
    const auto kind = static_cast<SetValue::Kind>(in.number_up_to(static_cast<std::uint64_t>(SetValue::Kind::literal)));
    inputs.set_values.push_back({kind, std::string(in.text())});
  }
  for (auto left = in.count(2); left > 0 && in.ok(); --left) {
    std::string name(in.text());
    inputs.set_files[std::move(name)] = in.text();
  }
  inputs.profile = in.text();
  inputs.capabilities.kube_version = in.text();
  inputs.capabilities.api_versions = read_texts(in);
  for (bool* flag :
       {&inputs.is_upgrade, &inputs.include_crds, &inputs.skip_tests, &inputs.skip_schema, &inputs.keep_content}) {
    *flag = in.boolean();
  }
}

void write(Writer& out, const RenderLimits& limits) {
  const auto& [memory_bytes, cpu_time, steps, output_bytes, include_depth] = limits;
  out.number(memory_bytes);
  out.integer(cpu_time.count());
  out.number(steps);
  out.number(output_bytes);
  out.number(include_depth);
}

void read(Reader& in, RenderLimits& limits) {
  limits.memory_bytes = in.number();
  limits.cpu_time = std::chrono::milliseconds(in.integer());
  limits.steps = in.number();
  limits.output_bytes = in.number();
  limits.include_depth = static_cast<std::uint32_t>(in.number_up_to(UINT32_MAX));
}

void write(Writer& out, const std::vector<Object>& objects) {
  out.number(objects.size());
  for (const auto& [id, api_version, body, source, line] : objects) {
    const auto& [group, kind, namespace_, name] = id;
    for (const auto* text : {&group, &kind, &namespace_, &name, &api_version, &source}) out.text(*text);
    out.integer(line);
    write(out, body);
  }
}

std::vector<Object> read_objects_of(Reader& in) {
  std::vector<Object> out;
  for (auto left = in.count(8); left > 0 && in.ok(); --left) {
    auto& object = out.emplace_back();
    for (auto* text :
         {&object.id.group, &object.id.kind, &object.id.namespace_, &object.id.name, &object.api_version, &object.source}) {
      *text = in.text();
    }
    object.line = read_int(in);
    object.body = read_value(in);
  }
  return out;
}

void write(Writer& out, const std::vector<helm::Document>& documents) {
  out.number(documents.size());
  for (const auto& [path, origin, text, line, content, is_hook, hook_events, hook_weight] : documents) {
    static_cast<void>(content);  // to be read again from the text, which costs no more than to send it
    out.text(path);
    out.text(origin);
    out.text(text);
    out.integer(line);
    out.boolean(is_hook);
    write(out, hook_events);
    out.integer(hook_weight);
  }
}

std::vector<helm::Document> read_documents(Reader& in) {
  std::vector<helm::Document> out;
  for (auto left = in.count(7); left > 0 && in.ok(); --left) {
    auto& document = out.emplace_back();
    document.path = in.text();
    document.origin = in.text();
    document.text = in.text();
    document.line = read_int(in);
    document.is_hook = in.boolean();
    document.hook_events = read_texts(in);
    document.hook_weight = read_int(in);
  }
  return out;
}

Error read_last_error(Reader& in) {
  Error error = read_error(in);
  return in.done() ? error : not_ours();
}

}  // namespace

std::string write_order(Task task, const RenderInputs& inputs) {
  const auto& [tree, driver, namespace_, helm, path, sensitive, key, identity, now, limits, quote_content, random, lookup] =
      inputs;
  Writer out;
  out.byte(static_cast<std::uint8_t>(task));
  out.boolean(!key.empty());
  out.boolean(lookup != nullptr);
  out.byte(static_cast<std::uint8_t>(driver));
  out.text(namespace_);
  write(out, helm);
  out.text(path.str());
  out.number(sensitive.size());
  for (const auto& [kind, name, keys] : sensitive) {
    out.text(kind);
    out.text(name);
    write(out, keys);
  }
  out.text(identity);
  out.integer(now.time_since_epoch().count());
  write(out, limits);
  out.boolean(quote_content);
  return out.take();
}

Result<Order> read_order(std::string_view bytes) {
  Reader in(bytes);
  Order order;
  order.task = static_cast<Task>(in.number_up_to(static_cast<std::uint64_t>(Task::chart)));
  order.has_key = in.boolean();
  order.has_lookup = in.boolean();
  auto& inputs = order.inputs;
  inputs.driver = static_cast<DriverKind>(in.number_up_to(static_cast<std::uint64_t>(DriverKind::manifests)));
  inputs.namespace_ = in.text();
  read(in, inputs.helm);
  inputs.path = read_path(in);
  for (auto left = in.count(3); left > 0 && in.ok(); --left) {
    auto& path = inputs.sensitive.emplace_back();
    path.kind = in.text();
    path.name = in.text();
    path.keys = read_texts(in);
  }
  inputs.identity = in.text();
  inputs.now = TimePoint(Millis(in.integer()));
  read(in, inputs.limits);
  inputs.quote_content = in.boolean();
  if (!in.done()) return not_ours();
  return order;
}

std::string write_set(const Result<RenderedSet>& set) {
  Writer out;
  out.boolean(set.ok());
  if (!set.ok()) {
    write(out, set.error());
    return out.take();
  }
  const auto& [objects, hooks, text, render_digest, seal_digest, warnings] = *set;
  write(out, objects);
  write(out, hooks);
  out.text(text);
  write(out, warnings);
  return out.take();
}

Result<RenderedSet> read_set(std::string_view bytes) {
  Reader in(bytes);
  if (!in.boolean()) return read_last_error(in);
  RenderedSet set;
  set.objects = read_objects_of(in);
  set.hooks = read_objects_of(in);
  set.text = in.text();
  set.warnings = read_texts(in);
  if (!in.done()) return not_ours();
  return set;
}

std::string write_output(const Result<helm::Output>& output, helm::Stage reached) {
  Writer out;
  out.byte(static_cast<std::uint8_t>(reached));
  out.boolean(output.ok());
  if (!output.ok()) {
    write(out, output.error());
    return out.take();
  }
  const auto& [crds, manifests, hooks, notes, warnings, cut] = *output;
  for (const auto* documents : {&crds, &manifests, &hooks}) write(out, *documents);
  out.text(notes);
  write(out, warnings);
  out.byte(static_cast<std::uint8_t>(cut));
  return out.take();
}

Result<helm::Output> read_output(std::string_view bytes, helm::Stage& reached) {
  Reader in(bytes);
  reached = static_cast<helm::Stage>(in.number_up_to(static_cast<std::uint64_t>(helm::Stage::values)));
  if (!in.boolean()) return read_last_error(in);
  helm::Output output;
  for (auto* documents : {&output.crds, &output.manifests, &output.hooks}) *documents = read_documents(in);
  output.notes = in.text();
  output.warnings = read_texts(in);
  output.cut = static_cast<helm::DocumentCut>(in.number_up_to(static_cast<std::uint64_t>(helm::DocumentCut::lines)));
  if (!in.done()) return not_ours();
  return output;
}

}  // namespace gitopsctl::render::wire
