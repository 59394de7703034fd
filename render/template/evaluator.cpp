#include "render/template/evaluator.hpp"

#include <utility>

#include "base/budget/budget.hpp"
#include "base/text/go_format.hpp"
#include "render/template/cycles.hpp"
#include "render/template/machine.hpp"

namespace gitopsctl::render {

Result<Value> RenderContext::lookup(std::string_view /*api_version*/, std::string_view /*kind*/,
                                    std::string_view /*namespace_*/, std::string_view /*name*/) {
  return Value::map();
}

std::string RenderContext::host_by_name(std::string_view /*name*/) { return {}; }

std::optional<Result<Value>> RenderContext::map_method(const Value& /*receiver*/, std::string_view /*name*/,
                                                       std::span<const Value> /*arguments*/) {
  return std::nullopt;
}

bool RenderContext::has_map_method(MapType /*type*/, std::string_view /*name*/) const { return false; }

void RenderContext::warn(std::string_view /*message*/) {}

struct Evaluator::State {
  State(Evaluator& evaluator, const detail::NameSpace& names, const FunctionTable& functions, RenderContext& context,
        const EvaluatorOptions& options)
      : machine(evaluator, names, functions, context, options) {}

  detail::Machine machine;
  detail::MutatedContainers mutated;
};

Evaluator::Evaluator(const TemplateSet& templates, RenderContext& context, EvaluatorOptions options)
    : state_(std::make_unique<State>(*this, *templates.names_, templates.functions(), context, options)) {}

Evaluator::~Evaluator() { release_cycles(); }

Result<std::string> Evaluator::execute(std::string_view name, const Value& data) {
  detail::Machine& machine = state_->machine;
  machine.failure = {};
  machine.assertion.reset();
  const detail::TemplateBody* body = machine.find(name);
  if (body == nullptr) {
    Error error(ErrorCode::not_found, "template: no template " + go_quote(name) + " associated with template \"gotpl\"");
    machine.failure.text = error.message();
    machine.failure.sizes = {error.message().size()};
    machine.failure.message = error.message();
    machine.failure.code = error.code();
    return error;
  }
  std::string out;
  // Large texts are mostly printed as they are.
  constexpr std::size_t large = std::size_t{64} << 10U;
  if (const auto size = body->file->text.view().size(); size >= large && size < machine.options().limits.max_output_bytes) {
    out.reserve(size);
  }
  bool ok = false;
  const std::string outer = std::exchange(machine.current_file, std::string(name));
  run_with_large_stack([&] { ok = machine.run(*body, data, out); });
  machine.current_file = outer;
  if (!ok) return machine.error();
  if (!machine.options().keep_no_value) detail::remove_no_value(out);
  return out;
}

Result<Value> Evaluator::include(std::string_view name, const Value& data) { return state_->machine.include(name, data); }

Result<Value> Evaluator::tpl(std::string_view text, const Value& data) { return state_->machine.tpl(text, data); }

const TemplateFailure& Evaluator::last_failure() const noexcept { return state_->machine.failure; }

RenderContext& Evaluator::context() noexcept { return state_->machine.context(); }

const EvaluatorOptions& Evaluator::options() const noexcept { return state_->machine.options(); }

std::string_view Evaluator::current_file() const noexcept { return state_->machine.current_file; }

Result<void> Evaluator::spend(std::uint64_t count) { return state_->machine.spend(count); }

Error Evaluator::assertion(std::string_view message) {
  state_->machine.assertion = std::string(message);
  return Error(ErrorCode::invalid_input, std::string(message));
}

void Evaluator::note_mutation(const Value& container) { state_->mutated.add(container); }

void Evaluator::release_cycles() {
  // Also called by the destructor.
  const BudgetDeferral no_throw;
  state_->mutated.release_cycles();
}

}  // namespace gitopsctl::render
